// SPDX-License-Identifier: Apache-2.0

internal import Model

/// What must work again before an incident is over.
enum FailingPart: Hashable {
    case operation(Operation)
    /// Writes to the append-only file.
    case aofWrites
    /// The server process itself.
    case server
    /// Commands that add data, refused at maxmemory or after a failed save, as a client saw it.
    case clientWrites
}

/// An incident while it is open: repeats are folded as they come.
struct IncidentDraft {
    private(set) var incident: Incident
    var failing: [FailingPart: Timestamp?] = [:]
    /// True while everything in it is a replica's view of somebody else's failure.
    var isFollowUpOnly = false
    private var folds: [FoldKey: Int] = [:]
    private var order = 0
    private(set) var anchorLine: String
    private(set) var anchorHeader: RecordHeader

    private struct FoldKey: Hashable {
        var kind: EventKind
        var operation: Operation?
        var detail: String
    }

    /// What events of one kind an incident keeps for the diagnosis: the first and the last few.
    private static let observationLimit = 6
    private var observed: [EventKind: Int] = [:]

    init(kind: Incident.Kind, instance: Instance, anchor: Event) {
        incident = Incident(kind: kind, instance: instance)
        incident.startedAt = anchor.at
        anchorLine = anchor.messageText
        anchorHeader = anchor.header
    }

    // MARK: - Timeline

    /// Adds an event, or counts it where the same was seen since the last turning point.
    mutating func add(
        _ event: Event, severity: TimelineEntry.Severity, text: String, sources: [String],
        operation: Operation? = nil
    ) {
        observe(event)
        let key = FoldKey(
            kind: event.kind, operation: operation ?? event.operation,
            detail: event["error"] ?? event["signal"] ?? event["replica"] ?? "")
        if let index = folds[key] {
            incident.timeline[index].count += 1
            incident.timeline[index].lastAt = event.at ?? incident.timeline[index].lastAt
            return
        }
        folds[key] = incident.timeline.count
        incident.timeline.append(event.timelineEntry(severity: severity, text: text, sources: sources))
    }

    /// Puts an entry before all others of its time without folding it.
    mutating func addEntry(_ entry: TimelineEntry) { incident.timeline.append(entry) }

    /// After a restart or a recovery, repeats begin a new line.
    mutating func turn() { folds.removeAll() }

    /// Keeps an event for the diagnosis without showing it.
    mutating func observe(_ event: Event) {
        let seen = observed[event.kind, default: 0]
        observed[event.kind] = seen + 1
        if seen < Self.observationLimit {
            incident.observations.append(event)
        } else if let last = incident.observations.lastIndex(where: { $0.kind == event.kind }) {
            incident.observations[last] = event
        }
    }

    // MARK: - Counts

    mutating func countRefusedFork(_ operation: Operation, _ errno: Errno, at: Timestamp?) {
        incident.failures.total = (incident.failures.total ?? 0) + 1
        incident.failures.byOperation[operation, default: 0] += 1
        incident.failures.byErrno[errno, default: 0] += 1
        fail(.operation(operation), at: at)
    }

    mutating func countSaveFailure() { incident.failures.saveFailures += 1 }

    /// The last refused fork turns out to have been for something else.
    mutating func reassign(from old: Operation, to new: Operation) {
        guard let count = incident.failures.byOperation[old], count > 0 else { return }
        incident.failures.byOperation[old] = count == 1 ? nil : count - 1
        incident.failures.byOperation[new, default: 0] += 1
        let at = failing[.operation(old)] ?? nil
        if incident.failures.byOperation[old] == nil { failing[.operation(old)] = nil }
        failing[.operation(new)] = at
    }

    mutating func fail(_ part: FailingPart, at: Timestamp?) {
        failing[part] = at
        incident.lastFailureAt = at ?? incident.lastFailureAt
    }

    mutating func consequence(_ name: String) {
        if !incident.consequences.contains(name) { incident.consequences.append(name) }
    }

    mutating func set(_ change: (inout Incident) -> Void) { change(&incident) }
}

extension Event {
    /// The record without its header, as far as captures tell; else the whole line.
    var messageText: String { line }

    func timelineEntry(
        severity: TimelineEntry.Severity, text: String, sources: [String]
    ) -> TimelineEntry {
        TimelineEntry(
            at: at, local: header.stamp.asWritten, uncertaintySeconds: uncertainty,
            kind: kind.rawValue, severity: severity, text: text, quote: line,
            source: reference(sources))
    }

    func reference(_ sources: [String]) -> SourceReference? {
        guard source.input < sources.count else { return nil }
        return SourceReference(
            path: sources[source.input], line: source.line, offset: source.offset)
    }
}

extension Stamp {
    /// The time in the zone of the log, as the log writes it.
    var asWritten: String? {
        let time = CivilTime(
            timestamp: Timestamp(nanoseconds: nanoseconds), offsetSeconds: Int(offsetSeconds))
        let clock = precision == .second ? time.clockToSecond : time.clock
        switch form {
        case .none, .uptime, .epoch: return nil
        case .local: return "\(time.date) \(clock)"
        case .zoned: return "\(time.date) \(clock) \(spokenZone(Int(offsetSeconds)))"
        case .localWithoutYear:
            return "\(padded(time.day, 2)) \(Self.months[time.month - 1]) \(clock)"
        }
    }

    private static let months = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]

    private func spokenZone(_ seconds: Int) -> String {
        let minutes = abs(seconds) / 60
        return "\(seconds < 0 ? "-" : "+")\(padded(minutes / 60, 2)):\(padded(minutes % 60, 2))"
    }
}
