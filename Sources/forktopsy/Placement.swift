// SPDX-License-Identifier: Apache-2.0

internal import Incidents
internal import Model
internal import Reading

/// All inputs with their stamps placed in time: each by what it says of its own clock, then by what
/// its neighbours show.
struct Placement {
    private(set) var sources: [SourceEvents] = []
    private(set) var inputs: [InputReport] = []
    private(set) var snapshots: [SnapshotSource] = []
    private let options: ClockOptions

    init(_ extractions: [Extraction], options: ClockOptions, patterns: [PatternInfo]) {
        self.options = options
        var twins = TwinClocks()
        for extraction in extractions {
            twins.learn(
                extraction.log, extraction.facts,
                InputClock(extraction.facts, clocks(for: extraction)))
        }
        let neighbours = Self.zone(of: extractions)
        var clocks: [InputClock] = []
        for extraction in extractions {
            let (source, input, clock) = resolved(extraction, twins, neighbours)
            sources.append(source)
            inputs.append(input)
            clocks.append(clock)
        }
        let years = neighbourYears()
        for (i, year) in years {
            (sources[i], inputs[i], clocks[i]) = resolved(
                extractions[i], twins, neighbours, neighbourYear: year)
        }
        for (i, seconds) in shifts(patterns) {
            (sources[i], inputs[i], clocks[i]) = resolved(
                extractions[i], twins, neighbours, shiftSeconds: seconds, neighbourYear: years[i])
        }
        for (extraction, clock) in zip(extractions, clocks) where extraction.snapshots.count > 0 {
            snapshots.append(
                SnapshotSource(
                    path: extraction.facts.path, log: extraction.snapshots,
                    modifiedAt: extraction.facts.clock.modifiedAt
                ) { stamp, line in
                    var clock = clock
                    return clock.instant(of: stamp, line: line)
                })
        }
    }

    private func clocks(for extraction: Extraction) -> ClockOptions {
        var out = options
        out.now = extraction.readAt ?? options.now
        return out
    }

    /// What local time is ahead of UTC where snapshots name a zone: date(1) does. `nil` where none
    /// does or they differ. UTC tells nothing: scripts write it on hosts of any zone.
    private static func zone(of extractions: [Extraction]) -> Int? {
        var offsets: Set<Int32> = []
        for extraction in extractions where [.snapshot, .facts].contains(extraction.facts.kind) {
            extraction.snapshots.forEach { snapshot in
                guard snapshot.stamp.form == .zoned, snapshot.stamp.offsetSeconds != 0 else {
                    return
                }
                offsets.insert(snapshot.stamp.offsetSeconds)
            }
        }
        return offsets.count == 1 ? offsets.first.map(Int.init) : nil
    }

    /// The years of inputs whose stamps carry none and whose file is of another time than all inputs
    /// that do: where one year, and no other, puts them beside those. Copying makes files new.
    private func neighbourYears() -> [Int: Int] {
        let known = inputs.filter { input in
            input.events > 0
                && input.clock.allSatisfy {
                    [.inRecord, .explicit, .wrapper, .journalTwin].contains($0.yearBasis)
                }
        }.compactMap { input in input.lastAt.flatMap { Stretch($0, input.firstAt) } }
        guard !known.isEmpty else { return [:] }
        var out: [Int: Int] = [:]
        for (i, input) in inputs.enumerated() {
            guard input.clock.contains(where: { [.fileTime, .assumed].contains($0.yearBasis) }),
                let last = input.lastAt, let span = Stretch(last, input.firstAt),
                span.days(to: known) > 180
            else { continue }
            let year = CivilTime(timestamp: last).year
            let fitting = Set(known.flatMap { [$0.firstYear, $0.lastYear] }).filter {
                $0 != year && span.moved(byYears: $0 - year).days(to: known) < 2
            }
            if fitting.count == 1 { out[i] = fitting.first }
        }
        return out
    }

    /// From when to when an input goes, in days.
    private struct Stretch {
        var first: Double
        var last: Double

        init?(_ last: Timestamp, _ first: Timestamp?) {
            guard let first, first <= last else { return nil }
            self.first = Double(first.nanoseconds) / 86_400e9
            self.last = Double(last.nanoseconds) / 86_400e9
        }

        var firstYear: Int { Self.year(first) }
        var lastYear: Int { Self.year(last) }

        private static func year(_ days: Double) -> Int {
            CivilTime(timestamp: Timestamp(seconds: Int64(days * 86_400))).year
        }

        /// Years of 365 or 366 days: to the day that is enough.
        func moved(byYears years: Int) -> Self {
            var out = self
            out.first += Double(years) * 365.2425
            out.last += Double(years) * 365.2425
            return out
        }

        func days(to others: [Self]) -> Double {
            others.map { max(0, first - $0.last, $0.first - last) }.min() ?? 0
        }
    }

    /// By how much inputs must be moved whose zone nothing tells, so that what the kernel did and
    /// what a server saw of it stand together.
    private func shifts(
        _ patterns: [PatternInfo]
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
        _ extraction: Extraction, _ twins: TwinClocks, _ neighbours: Int?, shiftSeconds: Int = 0,
        neighbourYear: Int? = nil
    ) -> (SourceEvents, InputReport, InputClock) {
        let clocks = clocks(for: extraction)
        var clock = InputClock(
            extraction.facts, clocks, shiftSeconds: shiftSeconds, neighbourYear: neighbourYear)
        let usesUptime = extraction.facts.clock.last.form == .uptime
        if shiftSeconds == 0, clock.isAssumed || usesUptime {
            clock = InputClock(
                extraction.facts, clocks, twins: twins.offsets(of: extraction.log),
                boot: usesUptime ? twins.boot(of: extraction.log) : nil,
                neighbourOffset: neighbours, neighbourYear: neighbourYear)
        }
        let fresh = clock
        var input = InputReport(facts: extraction.facts)
        input.snapshots = extraction.snapshots.count
        input.firstAt = clock.instant(of: extraction.facts.clock.first, line: 1)
        var log = extraction.log
        let info =
            log.count > 0 && extraction.snapshots.count > 0
            ? InfoStatus.all(in: extraction.snapshots) { clock.instant(of: $0, line: $1) } : [:]
        log.place { stamp, line in clock.instant(of: stamp, line: line) ?? info[line]?.at }
        input.lastAt = clock.instant(of: extraction.facts.clock.last, line: extraction.facts.lines)
        input.events = extraction.log.count
        input.clock = clock.segments(extraction.facts, from: input.firstAt, to: input.lastAt)
        return (SourceEvents(facts: extraction.facts, log: log, info: info), input, fresh)
    }
}
