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
        for (i, seconds) in shifts(patterns) {
            (sources[i], inputs[i], clocks[i]) = resolved(
                extractions[i], twins, neighbours, shiftSeconds: seconds)
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
        _ extraction: Extraction, _ twins: TwinClocks, _ neighbours: Int?, shiftSeconds: Int = 0
    ) -> (SourceEvents, InputReport, InputClock) {
        let clocks = clocks(for: extraction)
        var clock = InputClock(extraction.facts, clocks, shiftSeconds: shiftSeconds)
        let usesUptime = extraction.facts.clock.last.form == .uptime
        if shiftSeconds == 0, clock.isAssumed || usesUptime {
            clock = InputClock(
                extraction.facts, clocks, twins: twins.offsets(of: extraction.log),
                boot: usesUptime ? twins.boot(of: extraction.log) : nil,
                neighbourOffset: neighbours)
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
