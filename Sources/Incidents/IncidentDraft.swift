// SPDX-License-Identifier: Apache-2.0

internal import Model

/// What must work again before an incident is over.
enum FailingPart: Hashable {
    case operation(Operation)
    /// Writes to the append-only file.
    case aofWrites
    /// The server process itself.
    case server
    /// Commands that were refused, as a client or a replica saw it.
    case clientWrites
}

extension FailingPart {
    /// As a sentence about what is outstanding names it.
    fileprivate var spoken: String {
        switch self {
        case .operation(.aof_rewrite): "an AOF rewrite"
        case .operation(.unknown): "a fork for a purpose that the log does not tell"
        case .operation(let operation): "a \(operation.spoken)"
        case .aofWrites: "a write to the append-only file"
        case .server: "a start of the server"
        case .clientWrites: "a command that was refused"
        }
    }
}

/// An incident while it is open: repeats are folded as they come.
struct IncidentDraft {
    private(set) var incident: Incident
    /// What fails at present, and what ever failed.
    private(set) var failing: Set<FailingPart> = []
    private(set) var failed: Set<FailingPart> = []
    /// True while everything in it is a replica's view of somebody else's failure.
    var isFollowUpOnly = false
    /// True while everything in it is a client's view.
    var isClientOnly = false
    /// What the data rested on when the incident opened.
    var stake: Stake
    /// What the ends of processes took with them.
    var loss = LossRecord()
    var refusal = WriteRefusal()
    /// When an operation that saves first worked again, while others still failed.
    var savedAgainAt: Timestamp?
    /// Refused charges and forks that the kernel tells of, also in lines that it suppressed.
    var kernelRefusals = 0
    /// The master that turned this replica away.
    var masterPort: Int?
    /// The id that the incident would have had if its evidence had begun with a later input.
    private(set) var anchors: [Int: String] = [:]

    private var folds: [FoldKey: Int] = [:]
    /// Where entries of a kind are counted once the timeline is full.
    private var overflow: [OverflowKey: Int] = [:]
    private var restartEntry: Int?
    private var crashEntry: Int?

    private struct FoldKey: Hashable {
        var kind: EventKind
        var operation: Operation?
        var detail: String
    }

    /// How many events of one kind and reason were seen, and where the last one is kept.
    private struct Seen {
        var count = 0
        var place = 0
    }

    private struct OverflowKey: Hashable {
        var kind: String
        var severity: TimelineEntry.Severity
    }

    /// What events of one kind and reason an incident keeps for the diagnosis: the first and the
    /// last few.
    private static let observationLimit = 6
    private static let anchorLimit = 16
    /// From here on restarts and recoveries no longer begin new lines.
    private static let timelineLimit = 400
    /// From here on an entry is counted with those of its kind, whatever else it says: a log may name
    /// a million processes, or errors.
    private static let timelineCap = 1_000
    /// Reasons that are told apart.
    private static let reasonLimit = 512
    private var observed: [FoldKey: Seen] = [:]

    init(kind: Incident.Kind, instance: Instance, anchor: Event, stake: Stake) {
        incident = Incident(kind: kind, instance: instance)
        incident.startedAt = anchor.at
        self.stake = stake
        noteAnchor(anchor)
        incident.id = anchor.anchorID
    }

    /// What still fails, by name, where something else that failed works again.
    var outstanding: [String] {
        failing == failed || failed.isEmpty ? [] : failing.map(\.spoken).sorted()
    }

    mutating func set(_ change: (inout Incident) -> Void) { change(&incident) }

    /// After an undated first failure, the first dated one tells the time.
    mutating func noteStart(_ at: Timestamp?) {
        if incident.startedAt == nil { incident.startedAt = at }
    }

    /// Notes the first anchor of each input.
    mutating func noteAnchor(_ event: Event) {
        guard anchors.count < Self.anchorLimit, anchors[event.source.input] == nil else { return }
        anchors[event.source.input] = event.anchorID
    }
}

// MARK: - Timeline

extension IncidentDraft {
    /// Adds an event, or counts it where the same was seen since the last turning point.
    mutating func add(
        _ event: Event, severity: TimelineEntry.Severity, text: @autoclosure () -> String,
        sources: [String], operation: Operation? = nil
    ) {
        let reason = event["error"] ?? event["signal"]
        observe(event, reason: reason ?? "")
        let key = FoldKey(
            kind: event.kind, operation: operation ?? event.operation,
            detail: reason ?? event["replica"] ?? event["agreed"] ?? "")
        if let index = folds[key] {
            incident.timeline[index].count += 1
            incident.timeline[index].lastAt = event.at ?? incident.timeline[index].lastAt
            return
        }
        if folds.count >= Self.reasonLimit { folds.removeAll() }
        folds[key] = addEntry(
            event.timelineEntry(severity: severity, text: text(), sources: sources))
    }

    /// Adds an entry without folding it, unless the timeline is full; gives its place.
    @discardableResult
    mutating func addEntry(_ entry: TimelineEntry) -> Int {
        let key = OverflowKey(kind: entry.kind, severity: entry.severity)
        if let index = overflow[key] {
            incident.timeline[index].count += entry.count
            incident.timeline[index].lastAt = entry.at ?? incident.timeline[index].lastAt
            return index
        }
        if incident.timeline.count >= Self.timelineCap { overflow[key] = incident.timeline.count }
        incident.timeline.append(entry)
        return incident.timeline.count - 1
    }

    /// After a restart or a recovery, repeats begin a new line.
    mutating func turn() {
        guard incident.timeline.count < Self.timelineLimit else { return }
        folds.removeAll()
    }

    /// A new process of the server; its banner may come later and then stands for it.
    mutating func addRestart(_ event: Event, text: String, sources: [String]) {
        turn()
        restartEntry = addEntry(
            event.timelineEntry(severity: .warning, text: text, sources: sources))
        crashEntry = nil
        turn()
    }

    mutating func showBanner(_ event: Event, sources: [String]) {
        guard let index = restartEntry, index < incident.timeline.count else { return }
        restartEntry = nil
        let entry = incident.timeline[index]
        guard entry.count == 1 else { return }
        incident.timeline[index] = event.timelineEntry(
            severity: entry.severity, text: entry.text, sources: sources)
    }

    /// All lines of one crash are one entry, described by the most telling of them.
    mutating func addCrash(_ event: Event, text: String?, sources: [String]) {
        observe(event)
        if let index = crashEntry {
            if let text { incident.timeline[index].text = text }
            return
        }
        crashEntry = addEntry(
            event.timelineEntry(
                severity: .failure, text: text ?? TimelineText.crashed, sources: sources))
    }

    /// Whether of events of a kind, without a reason, so many are kept that the next takes the place
    /// of the last.
    func isFull(_ kind: EventKind, _ operation: Operation) -> Bool {
        observed[FoldKey(kind: kind, operation: operation, detail: "")]?.count
            == Self.observationLimit
    }

    /// Keeps an event for the diagnosis without showing it.
    mutating func observe(_ event: Event) {
        observe(event, reason: event["error"] ?? event["signal"] ?? "")
    }

    private mutating func observe(_ event: Event, reason: String) {
        var key = FoldKey(kind: event.kind, operation: event.operation, detail: reason)
        if observed.count >= Self.reasonLimit, observed[key] == nil { key.detail = "" }
        var seen = observed[key, default: Seen()]
        if seen.count < Self.observationLimit {
            seen = Seen(count: seen.count + 1, place: incident.observations.count)
            observed[key] = seen
            incident.observations.append(event)
        } else {
            incident.observations[seen.place] = event
        }
    }
}

// MARK: - Counts

extension IncidentDraft {
    mutating func countRefusedFork(_ operation: Operation, _ errno: Errno, at: Timestamp?) {
        incident.failures.total = (incident.failures.total ?? 0) + 1
        incident.forkPassed = false
        incident.failures.byOperation[operation, default: 0] += 1
        incident.failures.byErrno[errno, default: 0] += 1
        fail(.operation(operation), at: at)
    }

    mutating func countSaveFailure() { incident.failures.saveFailures += 1 }

    mutating func fail(_ part: FailingPart, at: Timestamp?) {
        failing.insert(part)
        failed.insert(part)
        if let at { incident.lastFailureAt = max(incident.lastFailureAt ?? at, at) }
    }

    mutating func mend(_ part: FailingPart) { failing.remove(part) }

    mutating func consequence(_ name: String) {
        if !incident.consequences.contains(name) { incident.consequences.append(name) }
    }
}
