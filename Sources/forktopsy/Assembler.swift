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

    /// An instant, or a distance back from the newest record.
    enum TimeBound: Sendable {
        case instant(Timestamp)
        case beforeNewest(seconds: Double)

        func resolved(newest: Timestamp?) -> Timestamp? {
            switch self {
            case .instant(let at): at
            case .beforeNewest(let seconds): newest?.adding(seconds: -seconds)
            }
        }
    }

    func report(_ given: [Extraction], patterns: [PatternInfo]) -> Report {
        let extractions = Self.arranged(given, patterns)
        var report = Report(toolVersion: Forktopsy.version)
        var sources: [SourceEvents] = []
        var twins = TwinClocks()
        for extraction in extractions {
            twins.learn(
                extraction.log, extraction.facts,
                InputClock(extraction.facts, clocks(for: extraction)))
        }
        for extraction in extractions {
            let (source, input) = resolved(extraction, twins)
            sources.append(source)
            report.inputs.append(input)
        }
        for (i, seconds) in shifts(sources, report.inputs, patterns) {
            (sources[i], report.inputs[i]) = resolved(extractions[i], twins, shiftSeconds: seconds)
        }
        let newest = report.inputs.compactMap(\.lastAt).max()
        let window = Correlator.Window(
            since: since?.resolved(newest: newest), until: until?.resolved(newest: newest))
        let correlation = Correlator(sources, patterns: patterns).correlate(in: window)
        let names = report.inputs.map(\.facts.path)
        report.incidents = correlation.incidents.filter { isWanted($0.instance) }
            .map { Diagnosis.diagnose($0, sources: names) }
        report.outlook = correlation.instances.filter { isWanted($0.instance) }.map {
            outlook($0, report.incidents)
        }
        report.summary = summary(report.incidents)
        report.losses = losses(extractions, report.inputs, correlation, patterns)
        report.verdict = (filtered(sources, correlation, window) + [Diagnosis.summary(of: report)])
            .joined(separator: " ")
        return report
    }

    /// Puts inputs in an order that does not depend on how they came, each of them once.
    ///
    /// Inputs of several hosts may share a path; those are told apart by all that they hold.
    static func arranged(_ given: [Extraction], _ patterns: [PatternInfo]) -> [Extraction] {
        let byPath = Dictionary(grouping: given, by: \.facts.path)
        return byPath.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
            .flatMap { _, alike in
                if alike.count == 1 { return alike }
                let digests = alike.map { ($0.digest(patterns: patterns), $0) }
                return Dictionary(digests) { first, _ in first }
                    .sorted { $0.key < $1.key }.map(\.value)
            }
    }

    private func clocks(for extraction: Extraction) -> ClockOptions {
        var out = clocks
        out.now = extraction.readAt ?? clocks.now
        return out
    }

    /// By how much inputs must be moved whose zone nothing tells, so that what the kernel did and
    /// what a server saw of it stand together.
    private func shifts(
        _ sources: [SourceEvents], _ inputs: [InputReport], _ patterns: [PatternInfo]
    ) -> [(input: Int, seconds: Int)] {
        let isAssumed = inputs.map { $0.clock.contains { $0.basis == .assumedUTC } }
        guard sources.count > 1, isAssumed.contains(true) else { return [] }
        let moments = sources.map { NeighbourClocks($0.log, patterns: patterns) }
        var servers = NeighbourClocks()
        var kernels = NeighbourClocks()
        for (i, moments) in moments.enumerated() {
            if moments.isServerOnly { servers += moments }
            if moments.isKernelOnly, !isAssumed[i] { kernels += moments }
        }
        return sources.indices.compactMap { i in
            guard isAssumed[i], inputs[i].clock.count == 1 else { return nil }
            let others = moments[i].isKernelOnly ? servers : kernels
            guard moments[i].isKernelOnly || moments[i].isServerOnly else { return nil }
            return moments[i].shift(to: others).map { (i, $0) }
        }
    }

    /// Places the stamps of one input in time.
    private func resolved(
        _ extraction: Extraction, _ twins: TwinClocks, shiftSeconds: Int = 0
    ) -> (SourceEvents, InputReport) {
        let clocks = clocks(for: extraction)
        var clock = InputClock(extraction.facts, clocks, shiftSeconds: shiftSeconds)
        let usesUptime = extraction.facts.clock.last.form == .uptime
        if shiftSeconds == 0, clock.isAssumed || usesUptime {
            clock = InputClock(
                extraction.facts, clocks, twins: twins.offsets(of: extraction.log),
                boot: usesUptime ? twins.boot(of: extraction.log) : nil)
        }
        var input = InputReport(facts: extraction.facts)
        input.firstAt = clock.instant(of: extraction.facts.clock.first, line: 1)
        var log = extraction.log
        log.place { stamp, line in clock.instant(of: stamp, line: line) }
        input.lastAt = clock.instant(of: extraction.facts.clock.last, line: extraction.facts.lines)
        input.events = extraction.log.count
        input.clock = clock.segments(extraction.facts, from: input.firstAt, to: input.lastAt)
        return (SourceEvents(facts: extraction.facts, log: log), input)
    }

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
            out.linesUndated += extraction.facts.undated
            out.messagesCutByServer += extraction.facts.messagesCutByServer
            out.patternLimitsHit += extraction.limitsHit
            out.suppressedByJournald += suppressed(extraction.log, patterns)
        }
        out.zoneAssumed = inputs.count { $0.clock.contains { $0.basis == .assumedUTC } }
        out.duplicatesFolded = correlation.duplicatesFolded
        return out
    }

    /// Messages that journald threw away or missed, in its own words.
    private func suppressed(_ log: EventLog, _ patterns: [PatternInfo]) -> Int {
        var out = 0
        log.forEachHeader { i, pattern, _ in
            guard patterns[pattern].kind == .journal_suppressed else { return }
            out += log.event(at: i, input: 0, patterns: patterns).int("count") ?? 0
        }
        return out
    }

    private func outlook(_ summary: InstanceSummary, _ incidents: [Incident]) -> Outlook {
        let open = incidents.contains {
            $0.instance == summary.instance && $0.status == .ongoing_at_end
        }
        return Outlook(
            instance: summary.instance,
            statement: open
                ? "Forks were failing when the data ended. Whether the next one would succeed "
                    + "needs memory figures, which were not given."
                : "Whether the next fork would succeed needs memory figures, which were not given.",
            saves: summary.saves)
    }
}
