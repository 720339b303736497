// SPDX-License-Identifier: Apache-2.0

internal import Diagnosis
internal import Incidents
internal import Model
internal import Reading

/// Turns extractions into a report: clocks, correlation, diagnosis. The second half of an analysis.
struct Assembler {
    var clocks = ClockOptions()
    var since: TimeBound?
    var until: TimeBound?
    var instance: String?
    /// Where incidents wait to be diagnosed; `nil` where they stay in memory.
    var store: EventStore?
    /// What is to be added to the figures of incidents, since their events are no longer there.
    var carry = Carry()
    /// Events of servers whose saves work may go a shorter way, which leads to the same.
    var takesShortWay = true

    /// An instant, or a distance back from the newest record.
    enum TimeBound: Sendable {
        case instant(Timestamp)
        case beforeNewest(seconds: Double)

        /// The bound as an instant, where distances count back from `now`.
        func counted(from now: Timestamp) -> TimeBound {
            resolved(newest: now).map { .instant($0) } ?? self
        }

        func resolved(newest: Timestamp?) -> Timestamp? {
            switch self {
            case .instant(let at): at
            case .beforeNewest(let seconds): newest?.adding(seconds: -seconds)
            }
        }
    }

    func report(_ given: [Extraction], patterns: [PatternInfo]) -> Report {
        let assembly = assemble(given, patterns: patterns)
        var report = assembly.report
        report.incidents = []
        assembly.forEachIncident { report.incidents.append($0) }
        return report
    }

    /// All of a report but the diagnoses.
    func assemble(_ given: [Extraction], patterns: [PatternInfo]) -> Assembly {
        var extractions = Self.arranged(given, patterns)
        let repeated = Self.emptyCopies(&extractions, patterns)
        var report = Report(toolVersion: Forktopsy.version)
        let placed = Placement(extractions, options: clocks, patterns: patterns)
        let (sources, snapshots) = (placed.sources, placed.snapshots)
        report.inputs = placed.inputs
        let newest = report.inputs.compactMap(\.lastAt).max()
        let window = Correlator.Window(
            since: since?.resolved(newest: newest), until: until?.resolved(newest: newest))
        var correlation = Correlator(
            sources, patterns: patterns, folding: store, takesShortWay: takesShortWay
        ).correlate(in: window)
        if !carry.isEmpty {
            for i in correlation.incidents.indices { carry.add(to: &correlation.incidents[i]) }
            for i in correlation.instances.indices {
                let instance = correlation.instances[i].instance
                carry.add(to: &correlation.instances[i].saves, of: instance)
            }
        }
        let names = report.inputs.map(\.facts.path)
        let told = ServerNames(snapshots, instances: correlation.instances.map(\.instance))
        for i in correlation.instances.indices {
            correlation.instances[i].instance = told.completed(correlation.instances[i].instance)
        }
        for i in correlation.incidents.indices {
            correlation.incidents[i].instance = told.completed(correlation.incidents[i].instance)
        }
        let unlogged = MaxmemoryWatch(
            snapshots, instances: correlation.instances.map(\.instance)
        ).incidents(beside: correlation.incidents).filter { $0.lies(in: window) }
        report.incidents = correlation.incidents
        correlation.incidents = []
        report.incidents += unlogged
        report.incidents += ContainerKillWatch(
            snapshots, instances: correlation.instances.map(\.instance)
        ).incidents(beside: report.incidents).filter { $0.lies(in: window) }
        report.incidents.removeAll { !isWanted($0.instance) }
        report.incidents.sort {
            ($0.startedAt?.nanoseconds ?? .max, $0.id)
                < ($1.startedAt?.nanoseconds ?? .max, $1.id)
        }
        let linker = SnapshotLinker(
            snapshots, instances: correlation.instances.map(\.instance))
        report.outlook = outlook(correlation, report.incidents, snapshots, linker)
        report.summary = summary(report.incidents)
        report.losses = losses(extractions, report.inputs, correlation, patterns)
        report.losses.duplicatesFolded += repeated
        report.verdict =
            (filtered(sources, correlation, window) + [Diagnosis.summary(of: report)]
            + quoted(correlation)).joined(separator: " ")
        return Assembly(report: report, names: names, linker: linker)
    }

    /// Whether the next fork of each server would succeed; without a log, of each that was read.
    private func outlook(
        _ correlation: Correlation, _ incidents: [Incident], _ snapshots: [SnapshotSource],
        _ linker: SnapshotLinker
    ) -> [Outlook] {
        var summaries = correlation.instances
        var linker = linker
        if summaries.isEmpty {
            let read = ReadServers(snapshots).instances
            guard !read.isEmpty else { return [] }
            summaries = read.map { InstanceSummary(instance: $0, saves: SaveTally()) }
            linker = SnapshotLinker(snapshots, instances: read)
        }
        summaries = summaries.filter { isWanted($0.instance) }
        let latest = linker.readings(
            for: summaries.map { .init(instance: $0.instance, from: nil, to: nil) })
        let byInstance = Dictionary(grouping: incidents, by: \.instance)
        let outlooks = zip(summaries, latest).map { summary, readings in
            let own = byInstance[summary.instance] ?? []
            // What has not been tried again keeps an incident open, though forks pass.
            let open = own.filter { $0.status == .ongoing_at_end && !$0.forkPassed }
            return Diagnosis.outlook(
                summary, readings, isOpen: !open.isEmpty,
                refusedBy: Set(open.flatMap(\.failures.byErrno.keys)),
                lastRefusedAt: open.compactMap(\.lastFailureAt).max(),
                kill: own.last { $0.failures.oomKills > 0 }?.unfolded)
        }
        // Of a server without a log only what is known is worth a word.
        return correlation.instances.isEmpty
            ? outlooks.filter { $0.wouldFork != .unknown || !$0.evidence.isEmpty } : outlooks
    }

    /// Puts inputs in an order that does not depend on how they came, each of them once.
    ///
    /// Inputs of several hosts may share a path; those are told apart by all that they hold.
    static func arranged(_ given: [Extraction], _ patterns: [PatternInfo]) -> [Extraction] {
        let order = given.indices.sorted {
            given[$0].facts.path.utf8.lexicographicallyPrecedes(given[$1].facts.path.utf8)
        }
        var out: [Extraction] = []
        out.reserveCapacity(given.count)
        var rest = order[...]
        while let first = rest.first {
            let path = given[first].facts.path
            let alike = rest.prefix { given[$0].facts.path == path }
            rest = rest.dropFirst(alike.count)
            guard alike.count > 1 else {
                out.append(given[first])
                continue
            }
            // Those that differ in size need not be looked through.
            let bySize = Dictionary(grouping: alike) { given[$0].size }
            for (_, same) in bySize.sorted(by: { $0.key < $1.key }) {
                guard same.count > 1 else {
                    out += same.map { given[$0] }
                    continue
                }
                let digests = same.map { (given[$0].digest(patterns: patterns), given[$0]) }
                out += Dictionary(digests) { first, _ in first }.sorted { $0.key < $1.key }
                    .map(\.value)
            }
        }
        return out
    }

    /// Takes the events out of inputs that are copies of others under another name, and says how
    /// many they were.
    ///
    /// Records of servers are compared one by one later; here go those that no server wrote, an INFO
    /// or a wrapper's log, of which nothing else tells that they are the same.
    private static func emptyCopies(
        _ extractions: inout [Extraction], _ patterns: [PatternInfo]
    ) -> Int {
        let alike = Dictionary(
            grouping: extractions.indices.filter {
                extractions[$0].facts.processes.isEmpty
                    && (1...copyLimit).contains(extractions[$0].log.count)
            },
            by: { [Int(extractions[$0].facts.bytes), extractions[$0].log.count] }
        ).values.filter { $0.count > 1 }
        var repeated = 0
        for members in alike {
            var known: [UInt64: String] = [:]
            for i in members.sorted() {
                var nameless = extractions[i]
                nameless.facts.path = ""
                nameless.facts.clock.modifiedAt = nil
                let digest = nameless.digest(patterns: patterns)
                if let other = known[digest] {
                    repeated += extractions[i].log.count
                    extractions[i].log = EventLog()
                    extractions[i].facts.problems.append("the same as \(other); counted once")
                } else {
                    known[digest] = extractions[i].facts.path
                }
            }
        }
        return repeated
    }

    /// Events of an input that is held against others as a whole.
    private static let copyLimit = 10_000

    private func isWanted(_ candidate: Instance) -> Bool {
        guard let instance else { return true }
        if let number = Int(instance) {
            return candidate.port == number || candidate.pids.contains(Int32(clamping: number))
        }
        return [
            candidate.host, candidate.unit, candidate.container, candidate.log, candidate.product,
        ]
        .contains { $0?.contains(instance) ?? false }
    }

    /// What the time window and the choice of an instance left out, so that silence is not taken
    /// for health.
    private func filtered(
        _ sources: [SourceEvents], _ correlation: Correlation, _ window: Correlator.Window
    ) -> [String] {
        var out: [String] = []
        if window.since != nil || window.until != nil {
            var total = 0
            var outside = 0
            for source in sources {
                source.log.forEachInstant { at in
                    total += 1
                    let isEarly = window.since.map { at < $0 } ?? false
                    let isLate = window.until.map { at > $0 } ?? false
                    if isEarly || isLate { outside += 1 }
                }
            }
            out.append(
                "The time window left out \(grouped(outside)) of \(counted(total, "dated event")).")
        }
        if let instance, !correlation.instances.contains(where: { isWanted($0.instance) }) {
            let names = correlation.instances.map(\.instance.spoken).joined(separator: "; ")
            out.append(
                "No server matches --instance \(instance); the data holds: "
                    + "\(names.isEmpty ? "none" : names)."
            )
        }
        return out
    }

    /// What looks like an error reply and was not counted, so that nobody looks for it in vain.
    private func quoted(_ correlation: Correlation) -> [String] {
        guard correlation.quotations > 0 else { return [] }
        let lines = counted(correlation.quotations, "line quotes", "lines quote")
        return [
            "\(lines) a server's message or error reply in a text (without a time, and not as a "
                + "program prints it): not counted as failures."
        ]
    }

    private func summary(_ incidents: [Incident]) -> Summary {
        var out = Summary()
        out.incidents = incidents.count
        for incident in incidents {
            out.forkFailures += incident.failures.total ?? 0
            out.reportedFailures += incident.failures.reported
            out.saveFailures += incident.failures.saveFailures
            out.oomKills += incident.failures.oomKills
        }
        return out
    }

    private func losses(
        _ extractions: [Extraction], _ inputs: [InputReport], _ correlation: Correlation,
        _ patterns: [PatternInfo]
    ) -> Losses {
        var out = Losses()
        for extraction in extractions {
            out.damage += extraction.facts.damage
            out.messagesCutByServer += extraction.facts.messagesCutByServer
            out.patternLimitsHit += extraction.limitsHit
            out.suppressedByJournald += suppressed(extraction.log, patterns)
        }
        out.linesUndated = inputs.reduce(0) { $0 + $1.facts.undated }
        out.zoneAssumed = inputs.count { $0.clock.contains { $0.basis == .assumedUTC } }
        out.duplicatesFolded = correlation.duplicatesFolded
        return out
    }

    /// Messages that journald threw away or missed, in its own words.
    private func suppressed(_ log: EventLog, _ patterns: [PatternInfo]) -> Int {
        var out = 0
        guard log.patterns.contains(where: { patterns[$0].kind == .journal_suppressed }) else {
            return 0
        }
        log.forEachHeader { i, pattern, _ in
            guard patterns[pattern].kind == .journal_suppressed else { return }
            let count = log.event(at: i, input: 0, patterns: patterns).int("count") ?? 0
            out = Int(clamping: min(Int64(out) + Int64(count), SnapshotValue.credible.upperBound))
        }
        return out
    }
}

extension Extraction {
    /// What two inputs that are the same have in common, without a look at their events.
    fileprivate var size: Size {
        Size(bytes: facts.bytes, lines: facts.lines, events: log.count, first: facts.clock.first)
    }

    fileprivate struct Size: Hashable, Comparable {
        var bytes: Int64
        var lines: Int
        var events: Int
        var first: Stamp

        static func < (a: Size, b: Size) -> Bool {
            (a.bytes, a.lines, a.events, a.first.nanoseconds, a.first.form.rawValue)
                < (b.bytes, b.lines, b.events, b.first.nanoseconds, b.first.form.rawValue)
        }
    }
}

/// A report before its incidents are diagnosed, which may be done one by one.
struct Assembly {
    /// Its incidents have no evidence yet.
    let report: Report
    fileprivate let names: [String]
    fileprivate let linker: SnapshotLinker

    fileprivate init(report: Report, names: [String], linker: SnapshotLinker) {
        self.report = report
        self.names = names
        self.linker = linker
    }

    /// Lends each incident to `body` with its diagnosis, in order.
    func forEachIncident(_ body: (Incident) -> Void) {
        let requests = report.incidents.map {
            SnapshotLinker.Request(
                instance: $0.instance, from: $0.startedAt, to: $0.recoveredAt ?? $0.lastFailureAt)
        }
        let kernelLogs = kernelLogs
        linker.forEachReadings(for: requests) { i, readings in
            var incident = report.incidents[i].unfolded
            incident.readings = readings
            incident.zoneIsAssumed = zoneIsAssumed(incident)
            incident.readings = doubted(incident)
            incident.kernelLogs = kernelLogs.filter { log in
                log.host == nil || incident.instance.host == nil
                    || log.host == incident.instance.host
            }
            body(Diagnosis.diagnose(incident, sources: names))
        }
    }

    /// Logs of the kernel whose clock is known, each for as long as it is.
    private var kernelLogs: [KernelLog] {
        report.inputs.flatMap { input -> [KernelLog] in
            let hosts = Set(input.facts.streams.compactMap(\.host))
            guard input.facts.kind == .kernel, hosts.count < 2, input.facts.damage.isNone else {
                return []
            }
            return input.clock.compactMap { segment in
                guard segment.basis != .assumedUTC, let from = segment.from, let to = segment.to
                else { return nil }
                return KernelLog(path: input.facts.path, from: from, to: to, host: hosts.first)
            }
        }
    }

    /// Whether UTC was assumed for the log that tells of the first failure.
    private func zoneIsAssumed(_ incident: Incident) -> Bool {
        let first =
            incident.observations.first { $0.at != nil && $0.at == incident.startedAt }?.source
            .input ?? names.firstIndex(of: incident.instance.log)
        guard let first, first < report.inputs.count else { return false }
        return report.inputs[first].clock.contains { $0.basis == .assumedUTC }
    }
}

extension Incident {
    /// Whether it began within a window of time.
    fileprivate func lies(in window: Correlator.Window) -> Bool {
        guard let startedAt else { return true }
        return window.since.map { startedAt >= $0 } ?? true
            && window.until.map { startedAt <= $0 } ?? true
    }
}
