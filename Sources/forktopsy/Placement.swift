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
    private var clocks: [InputClock] = []
    private let options: ClockOptions

    init(_ extractions: [Extraction], options: ClockOptions, patterns: [PatternInfo]) {
        self.options = options
        var twins = TwinClocks()
        var saves = SaveTimes()
        for extraction in extractions {
            twins.learn(
                extraction.log, extraction.facts,
                InputClock(extraction.facts, clocks(for: extraction)))
            saves.learn(extraction.snapshots)
        }
        var hints: [ClockHints] = []
        for extraction in extractions {
            let hint = hint(of: extraction, twins, saves, patterns)
            hints.append(hint)
            resolve(extraction, hint)
        }
        let zones = siblingZones(extractions, else: Self.zone(of: extractions))
        for (i, zone) in zones {
            hints[i].zone = zone
            resolve(extractions[i], hints[i], at: i)
        }
        for (i, year) in neighbourYears() {
            hints[i].year = (year, .neighbour)
            resolve(extractions[i], hints[i], at: i)
        }
        for (i, year) in rotationYears(extractions, options) {
            hints[i].year = (year, .rotation)
            resolve(extractions[i], hints[i], at: i)
        }
        for ofServers in [true, false] {
            for (i, seconds) in shifts(patterns, ofServers: ofServers) {
                hints[i].shiftSeconds = seconds
                resolve(extractions[i], hints[i], at: i)
            }
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

    /// What local time is ahead of UTC where timedatectl says so or snapshots name a zone: date(1) does. `nil` where none
    /// does or they differ. UTC tells nothing: scripts write it on hosts of any zone.
    private static func zone(of extractions: [Extraction]) -> Int? {
        let told = Set(extractions.compactMap(\.facts.clock.hostZone))
        if !told.isEmpty { return told.count == 1 ? told.first : nil }
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

    /// Zones for inputs that nothing tells one of: that of the nearest part of the same log, which
    /// rotation has split; else `common`, that of snapshots beside them.
    private func siblingZones(
        _ extractions: [Extraction], else common: Int?
    ) -> [(input: Int, zone: TimeZoneRules)] {
        let fallback = common.map { TimeZoneRules(fixedOffsetSeconds: $0) }
        let open = inputs.indices.filter { i in
            clocks[i].isAssumed && extractions[i].facts.clock.localStamps > 0
        }
        guard !open.isEmpty else { return [] }
        let siblings = Dictionary(grouping: inputs.indices) {
            rotationStem(extractions[$0].facts.path)
        }
        return open.compactMap { i in
            let known = (siblings[rotationStem(extractions[i].facts.path)] ?? []).filter {
                clocks[$0].localZone != nil
            }
            let nearest = known.min { distance(from: i, to: $0) < distance(from: i, to: $1) }
            return (nearest.flatMap { clocks[$0].localZone } ?? fallback).map { (i, $0) }
        }
    }

    /// How far two inputs lie apart in time, in nanoseconds.
    private func distance(from i: Int, to k: Int) -> Int64 {
        guard let first = inputs[i].firstAt, let last = inputs[i].lastAt,
            let otherFirst = inputs[k].firstAt, let otherLast = inputs[k].lastAt
        else { return .max }
        return max(
            0, otherFirst.nanoseconds &- last.nanoseconds,
            first.nanoseconds &- otherLast.nanoseconds)
    }

    /// By how much inputs must be moved whose zone nothing tells, so that what the kernel did and
    /// what a server saw of it stand together: servers to the kernels whose zone is known, or kernels
    /// to the servers.
    private func shifts(
        _ patterns: [PatternInfo], ofServers: Bool
    ) -> [(input: Int, seconds: Int)] {
        let isOpen = inputs.indices.map { i in
            inputs[i].clock.count == 1 && inputs[i].clock[0].basis == .assumedUTC
        }
        guard sources.count > 1, isOpen.contains(true) else { return [] }
        let moments = sources.map { NeighbourClocks($0.log, patterns: patterns) }
        var others = NeighbourClocks()
        for (i, moments) in moments.enumerated() {
            if !ofServers, moments.isServerOnly { others += moments }
            if ofServers, moments.isKernelOnly, !isOpen[i] { others += moments }
        }
        return sources.indices.compactMap { i in
            guard isOpen[i], ofServers ? moments[i].isServerOnly : moments[i].isKernelOnly else {
                return nil
            }
            return moments[i].shift(to: others).map { (i, $0) }
        }
    }

    /// What other inputs tell of an input's clock at first sight.
    private func hint(
        of extraction: Extraction, _ twins: TwinClocks, _ saves: SaveTimes,
        _ patterns: [PatternInfo]
    ) -> ClockHints {
        var out = ClockHints()
        let usesUptime = extraction.facts.clock.last.form == .uptime
        if usesUptime { out.boot = twins.boot(of: extraction.log) }
        guard InputClock(extraction.facts, clocks(for: extraction)).isInferable || usesUptime
        else { return out }
        out.twins = twins.offsets(of: extraction.log)
        if out.twins.isEmpty {
            out.infoOffset = saves.offset(of: extraction.log, patterns: patterns)
        }
        return out
    }

    /// Places the stamps of one input in time.
    private mutating func resolve(
        _ extraction: Extraction, _ hints: ClockHints, at place: Int? = nil
    ) {
        var clock = InputClock(extraction.facts, clocks(for: extraction), hints)
        let fresh = clock
        var input = InputReport(facts: extraction.facts)
        input.snapshots = extraction.snapshots.count
        input.firstAt = clock.instant(of: extraction.facts.clock.first, line: 1)
        var log = extraction.log
        let info =
            log.count > 0 && extraction.snapshots.count > 0
            ? InfoStatus.all(in: extraction.snapshots) { clock.instant(of: $0, line: $1) } : [:]
        log.place { stamp, line in
            if let at = clock.instant(of: stamp, line: line) { return at }
            guard let at = info[line]?.at else { return nil }
            // The INFO in which it stands says when.
            input.facts.undated -= 1
            return at
        }
        input.lastAt = clock.instant(of: extraction.facts.clock.last, line: extraction.facts.lines)
        input.events = extraction.log.count
        if clock.isWithoutBoot(extraction.facts) {
            log.forEachHeader { i, _, header in
                if header.stamp.form == .uptime, log.instant(at: i) == nil {
                    input.facts.undated += 1
                }
            }
        }
        input.clock = clock.segments(extraction.facts, from: input.firstAt, to: input.lastAt)
        let source = SourceEvents(facts: extraction.facts, log: log, info: info)
        guard let place else {
            sources.append(source)
            inputs.append(input)
            clocks.append(fresh)
            return
        }
        (sources[place], inputs[place], clocks[place]) = (source, input, fresh)
    }
}
