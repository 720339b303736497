// SPDX-License-Identifier: Apache-2.0

package import Model

/// What the user says about clocks, and the one thing the outside world adds.
package struct ClockOptions: Sendable {
    /// A zone for the inputs whose path matches a glob, or for all. The last match wins.
    package var zones: [(glob: String?, rules: TimeZoneRules)] = []
    /// The year of the newest stamp that carries none.
    package var newestYear: Int?
    /// Passed in by the executable: the last resort for the year of an input without file time.
    package var now: Timestamp?
    /// The zone of this host, for logs that are read where they are written.
    package var hostZone: TimeZoneRules?

    package init() {}
}

/// Turns the stamps of one input into instants, and says what that rests on.
///
/// Stamps are resolved in file order: where clocks went back an hour, order decides which of two
/// instants is meant.
package struct InputClock: Sendable {
    let zone: TimeZoneRules
    /// Offsets by line, where something beside the stamps shows them.
    let spans: [OffsetSpan]
    private let boot: Timestamp?
    /// What tells when the host booted.
    let bootBasis: ClockSegment.Basis?
    let bootDoubt: Double
    /// Times since boot beside records with a time of their own.
    private let uptimes: [ClockAnchor]
    /// What local stamps are moved by, as another input's clock shows it.
    let shiftSeconds: Int
    /// What all stamps are moved by, in nanoseconds.
    let skew: Int64
    let basis: ClockSegment.Basis
    let yearBasis: ClockSegment.YearBasis
    private let firstYear: Int
    private let yearTurns: [Int]
    /// What the input says of its own clock.
    private let evidence: ClockEvidence
    /// The input beside this one that tells of its clock.
    let witness: String?
    /// Of that input itself nothing tells the zone.
    let isRelative: Bool
    private var latest: Timestamp?
    /// A local time was met that comes twice, and nothing shows which is meant.
    private(set) var isAmbiguous = false
    /// The first instant of each span.
    private(set) var starts: [Int: Timestamp] = [:]

    package init(_ facts: InputFacts, _ options: ClockOptions, _ hints: ClockHints = ClockHints()) {
        boot = hints.boot?.at
        bootBasis = hints.boot?.basis
        bootDoubt = hints.bootDoubt
        shiftSeconds = hints.shiftSeconds
        skew = hints.skew
        let evidence = facts.clock
        self.evidence = evidence
        witness = hints.witness
        isRelative = hints.isRelative
        uptimes = evidence.uptimes
        let known = evidence.anchorOffsets
        var (zone, spans, basis) = Self.zone(facts, options, known, hints)
        if spans.isEmpty, basis != .explicit, zone.fixedOffset != nil {
            spans = Self.changes(evidence, from: zone, basis)
        }
        if let first = spans.first { zone = TimeZoneRules(fixedOffsetSeconds: first.offsetSeconds) }
        self.spans = spans.count > 1 ? spans : []
        self.zone = zone
        self.basis = basis
        yearTurns = evidence.yearTurns
        (firstYear, yearBasis) = Self.years(
            evidence, options, spans.isEmpty ? hints.twins : spans, basis, hints.year)
    }

    /// The offsets from line to line of a clock that was set back, where one of them is known or
    /// assumed.
    private static func changes(
        _ evidence: ClockEvidence, from zone: TimeZoneRules, _ basis: ClockSegment.Basis
    ) -> [OffsetSpan] {
        guard !evidence.setbacks.isEmpty else { return [] }
        var offset = zone.offset(at: Timestamp(seconds: 0))
        let anchor = evidence.anchorOffsets.first?.anchor
        switch basis {
        // The offset is that of the place where it was read: an anchor's line, else the end.
        case .signalHandler, .infoClock, .fileTime:
            let line = basis == .fileTime ? .max : anchor?.line ?? .max
            offset += evidence.setbacks.filter { $0.line <= line }.reduce(0) { $0 + $1.seconds }
        default: break
        }
        var out = [OffsetSpan(line: 1, offsetSeconds: offset, year: 0)]
        for change in evidence.setbacks {
            offset -= change.seconds
            out.append(OffsetSpan(line: change.line, offsetSeconds: offset, year: 0))
        }
        return out
    }

    /// Whether the zone rests on nothing but an assumption.
    package var isAssumed: Bool { basis == .assumedUTC }

    /// Whether stamps count from a boot of which nothing tells when it was.
    package func isWithoutBoot(_ facts: InputFacts) -> Bool {
        facts.clock.last.form == .uptime && boot == nil && uptimes.isEmpty
    }

    /// Whether other inputs may tell more of the zone: nothing does, or the file's time alone.
    package var isInferable: Bool { basis == .assumedUTC || basis == .fileTime }

    /// The zone of local stamps at the input's end; `nil` where it is only assumed, or moved.
    package var localZone: TimeZoneRules? {
        guard basis != .assumedUTC, shiftSeconds == 0 else { return nil }
        return spans.last.map { TimeZoneRules(fixedOffsetSeconds: $0.offsetSeconds) } ?? zone
    }

    /// What the zone of local stamps rests on.
    package var zoneBasis: ClockSegment.Basis { basis }

    /// The instant of a stamp on `line`; `nil` where the line has none or it cannot be placed.
    package mutating func instant(of stamp: Stamp, line: Int) -> Timestamp? {
        shown(stamp, line: line).map { Timestamp(nanoseconds: $0.nanoseconds &+ skew) }
    }

    /// The instant of a stamp by the clock that wrote it.
    private mutating func shown(_ stamp: Stamp, line: Int) -> Timestamp? {
        switch stamp.form {
        case .none: return nil
        case .uptime:
            return (boot(of: line) ?? boot).map {
                note(Timestamp(nanoseconds: $0.nanoseconds &+ stamp.nanoseconds))
            }
        case .zoned, .epoch: return note(Timestamp(nanoseconds: stamp.nanoseconds))
        case .local:
            return note(placed(stamp.nanoseconds - evidence.outerAhead(of: stamp, line), line))
        case .localWithoutYear:
            guard let year = year(of: stamp, line) else { return nil }
            let ahead = evidence.outerAhead(of: stamp, line)
            return note(placed(stamp.inYear(year) - ahead, line))
        }
    }

    // MARK: - Placing

    /// The year of a stamp without one.
    private func year(of stamp: Stamp, _ line: Int) -> Int? {
        if stamp.isOuter, let dated = evidence.dated {
            // Syslog's stamps have no year, but those of records in it have: the nearest tells.
            return stamp.year(near: latest ?? dated)
        }
        let year = firstYear + yearTurns.count { $0 <= line } - (isStraggler(stamp, line) ? 1 : 0)
        return Stamp.years.contains(year) ? year : nil
    }

    private mutating func note(_ instant: Timestamp) -> Timestamp {
        if latest.map({ instant > $0 }) ?? true { latest = instant }
        return instant
    }

    /// When the host had booted that wrote `line`, by the records of this input.
    private mutating func boot(of line: Int) -> Timestamp? {
        guard let anchor = uptimes.last(where: { $0.line <= line }) ?? uptimes.first else {
            return nil
        }
        return shown(anchor.local, line: anchor.line).map {
            Timestamp(nanoseconds: $0.nanoseconds &- anchor.instant.nanoseconds)
        }
    }

    /// Whether a line of 31 December stands right behind one of the new year: parent and child
    /// share the file.
    private func isStraggler(_ stamp: Stamp, _ line: Int) -> Bool {
        stamp.isNewYearsEve && yearTurns.contains { $0 <= line && line <= $0 + 64 }
    }

    private mutating func placed(_ written: Int64, _ line: Int) -> Timestamp {
        let local = written &+ Int64(shiftSeconds) * 1_000_000_000
        if !spans.isEmpty {
            let i = spans.lastIndex { $0.line <= line } ?? 0
            let at = Timestamp(
                nanoseconds: local - Int64(spans[i].offsetSeconds) * 1_000_000_000)
            if starts[i].map({ at < $0 }) ?? true { starts[i] = at }
            return at
        }
        if let offset = zone.fixedOffset {
            return Timestamp(nanoseconds: local - Int64(offset) * 1_000_000_000)
        }
        let candidates = zone.instants(ofLocal: local)
        guard let first = candidates.first else {
            // In the gap when clocks go forward: a clock that did not follow.
            let before = zone.offset(at: Timestamp(nanoseconds: local - 86_400_000_000_000))
            return Timestamp(nanoseconds: local - Int64(before) * 1_000_000_000)
        }
        guard candidates.count > 1 else { return first }
        // Whether the first of two passes is meant shows only where the line above lies behind it.
        let isTold = latest.map { $0.nanoseconds - 60_000_000_000 > first.nanoseconds } ?? false
        if !isTold { isAmbiguous = true }
        guard let latest else { return first }
        return candidates.first { $0.nanoseconds >= latest.nanoseconds - 60_000_000_000 } ?? first
    }

    // MARK: - Zone

    /// What stamps without a zone are read by: a zone, or offsets from line to line, and what that
    /// rests on.
    private static func zone(
        _ facts: InputFacts, _ options: ClockOptions, _ known: [AnchorOffset], _ hints: ClockHints
    ) -> (TimeZoneRules, [OffsetSpan], ClockSegment.Basis) {
        for (glob, rules) in options.zones.reversed() {
            guard glob.map({ matches(facts.path, glob: $0) }) ?? true else { continue }
            return (recordZone(facts.clock, given: rules), [], .explicit)
        }
        if !facts.clock.offsets.isEmpty { return (.utc, facts.clock.offsets, .wrapper) }
        if let anchored = zone(facts, known) { return anchored }
        if !hints.twins.isEmpty { return (.utc, hints.twins, hints.twinBasis) }
        if let seconds = hints.infoOffset {
            return (TimeZoneRules(fixedOffsetSeconds: seconds), [], .infoClock)
        }
        switch (facts.clock.zoneOfFile, options.hostZone) {
        case (.utc, _): return (.utc, [], .fileTime)
        case (.host, let zone?): return (zone, [], .fileTime)
        default: break
        }
        if let seconds = facts.clock.fileOffset {
            return (TimeZoneRules(fixedOffsetSeconds: seconds), [], .fileTime)
        }
        if let zone = hints.zone {
            let records = hints.isHostZone ? recordZone(facts.clock, ofHost: zone) : zone
            return (records, [], .neighbour)
        }
        return (.utc, [], .assumedUTC)
    }

    /// The zone of the records where the user gives one: that zone, unless the wrappers' local time is
    /// ahead of the records' by just what it is ahead of UTC. Then it is the wrappers', a host's, and
    /// the records' is UTC, as in most containers.
    private static func recordZone(
        _ evidence: ClockEvidence, given zone: TimeZoneRules
    )
        -> TimeZoneRules
    {
        let offsets = Set(evidence.outerOffsets.map(\.offsetSeconds))
        guard !offsets.isEmpty, offsets != [0] else { return zone }
        let winter = zone.offset(at: Timestamp(seconds: evidence.first.nanoseconds / 1_000_000_000))
        let summer = zone.offset(at: Timestamp(seconds: evidence.last.nanoseconds / 1_000_000_000))
        return offsets.isSubset(of: [winter, summer]) ? .utc : zone
    }

    /// The zone of the records where wrappers stamp them in the zone of their host: so much behind it
    /// as the wrappers' time is ahead of the records'.
    private static func recordZone(
        _ evidence: ClockEvidence, ofHost zone: TimeZoneRules
    ) -> TimeZoneRules {
        guard let ahead = evidence.outerOffsets.first?.offsetSeconds, ahead != 0 else {
            return zone
        }
        let host = zone.offset(at: Timestamp(nanoseconds: evidence.first.nanoseconds))
        return TimeZoneRules(fixedOffsetSeconds: host - ahead)
    }

    /// The zone that instants beside local stamps show. Where they show several offsets, a rule of
    /// summer time, or the clock's setbacks, explain them, or restarts.
    private static func zone(
        _ facts: InputFacts, _ known: [AnchorOffset]
    ) -> (TimeZoneRules, [OffsetSpan], ClockSegment.Basis)? {
        guard let first = known.first else { return nil }
        let basis: ClockSegment.Basis = first.anchor.isFromInfo ? .infoClock : .signalHandler
        let fixed = TimeZoneRules(fixedOffsetSeconds: first.seconds)
        guard known.contains(where: { $0.seconds != first.seconds }) else {
            return (fixed, [], basis)
        }
        let spans = changes(facts.clock, from: fixed, basis)
        let isExplained = known.allSatisfy { anchor in
            let span = spans.last { $0.line <= anchor.anchor.line }
            return span?.offsetSeconds == anchor.seconds
        }
        if isExplained { return (fixed, [], basis) }
        if let rule = TimeZoneRules.daylightRule(of: known) { return (rule, [], basis) }
        return (fixed, facts.clock.spans(known, processes: facts.processes), basis)
    }
}

/// Whether `path` or its last component matches a shell glob of `*` and `?`.
package func matches(_ path: String, glob: String) -> Bool {
    let name = path.split(separator: "/").last.map(String.init) ?? path
    return globMatches(Array(path.utf8)[...], Array(glob.utf8)[...])
        || globMatches(Array(name.utf8)[...], Array(glob.utf8)[...])
}

private func globMatches(_ text: ArraySlice<UInt8>, _ glob: ArraySlice<UInt8>) -> Bool {
    var t = text.startIndex, g = glob.startIndex
    var star: (glob: Int, text: Int)?
    while t < text.endIndex {
        if g < glob.endIndex, glob[g] == 0x2A {
            star = (g, t)
            g += 1
        } else if g < glob.endIndex, glob[g] == 0x3F || glob[g] == text[t] {
            g += 1
            t += 1
        } else if let last = star {
            star = (last.glob, last.text + 1)
            g = last.glob + 1
            t = last.text + 1
        } else {
            return false
        }
    }
    while g < glob.endIndex, glob[g] == 0x2A { g += 1 }
    return g == glob.endIndex
}
