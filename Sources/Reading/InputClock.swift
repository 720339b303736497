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
    private let zone: TimeZoneRules
    /// Offsets by line, where something beside the stamps shows them.
    private let spans: [OffsetSpan]
    private let boot: Timestamp?
    /// Times since boot beside records with a time of their own.
    private let uptimes: [ClockAnchor]
    /// What local stamps are moved by, as another input's clock shows it.
    private let shiftSeconds: Int
    private let basis: ClockSegment.Basis
    private let yearBasis: ClockSegment.YearBasis
    private let firstYear: Int
    private let yearTurns: [Int]
    private var latest: Timestamp?
    /// Spans but the first rest on the clock's setbacks alone.
    private var changedLater = false
    /// The first instant of each span.
    private var starts: [Int: Timestamp] = [:]

    /// `twins`: offsets of this input's lines as another input with the same records shows them.
    /// `boot`: when the host booted, where stamps count from there. `neighbourOffset`: what local
    /// time is ahead of UTC in inputs beside this one, the last thing to go by. `shiftSeconds`:
    /// what local stamps are to be moved by, where a neighbour's clock shows that. `neighbourYear`:
    /// the year of the newest stamp without one, where inputs beside this one show it.
    package init(
        _ facts: InputFacts, _ options: ClockOptions, twins: [OffsetSpan] = [],
        boot: Timestamp? = nil, neighbourOffset: Int? = nil, shiftSeconds: Int = 0,
        neighbourYear: Int? = nil
    ) {
        self.boot = boot
        self.shiftSeconds = shiftSeconds
        let evidence = facts.clock
        uptimes = evidence.uptimes
        var (zone, basis) = Self.zone(facts, options)
        var spans: [OffsetSpan] = []
        if basis != .explicit, !evidence.offsets.isEmpty {
            (spans, basis) = (evidence.offsets, .wrapper)
        } else if basis == .assumedUTC, !twins.isEmpty {
            (spans, basis) = (twins, .journalTwin)
        } else if basis == .assumedUTC, let neighbourOffset {
            (zone, basis) = (TimeZoneRules(fixedOffsetSeconds: neighbourOffset), .neighbour)
        }
        if spans.isEmpty, basis != .explicit {
            spans = Self.changes(evidence, from: zone, basis)
            changedLater = !spans.isEmpty
        }
        if let first = spans.first { zone = TimeZoneRules(fixedOffsetSeconds: first.offsetSeconds) }
        self.spans = spans.count > 1 ? spans : []
        self.zone = zone
        self.basis = basis
        yearTurns = evidence.yearTurns
        (firstYear, yearBasis) = Self.years(
            evidence, options, spans.isEmpty ? twins : spans, basis, neighbourYear)
    }

    /// The offsets from line to line of a clock that was set back, where one of them is known or
    /// assumed.
    private static func changes(
        _ evidence: ClockEvidence, from zone: TimeZoneRules, _ basis: ClockSegment.Basis
    ) -> [OffsetSpan] {
        guard !evidence.setbacks.isEmpty else { return [] }
        var offset = zone.offset(at: Timestamp(seconds: 0))
        if basis == .signalHandler, let anchor = evidence.anchors.first {
            offset += evidence.setbacks.filter { $0.line <= anchor.line }.reduce(0) {
                $0 + $1.seconds
            }
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

    /// What the zone of local stamps rests on.
    package var zoneBasis: ClockSegment.Basis { basis }

    /// The instant of a stamp on `line`; `nil` where the line has none or it cannot be placed.
    package mutating func instant(of stamp: Stamp, line: Int) -> Timestamp? {
        switch stamp.form {
        case .none: return nil
        case .uptime:
            return (boot(of: line) ?? boot).map {
                note(Timestamp(nanoseconds: $0.nanoseconds &+ stamp.nanoseconds))
            }
        case .zoned, .epoch: return note(Timestamp(nanoseconds: stamp.nanoseconds))
        case .local: return note(placed(stamp.nanoseconds, line))
        case .localWithoutYear:
            let year =
                firstYear + yearTurns.count { $0 <= line } - (isStraggler(stamp, line) ? 1 : 0)
            guard Stamp.years.contains(year) else { return nil }
            return note(placed(stamp.inYear(year), line))
        }
    }

    /// The segments of this input's clock, for the report.
    package func segments(_ facts: InputFacts, from: Timestamp?, to: Timestamp?) -> [ClockSegment] {
        guard facts.clock.localStamps + facts.clock.instantStamps > 0 else { return [] }
        if facts.clock.localStamps == 0 {
            return [
                ClockSegment(
                    from: from, to: to, utcOffsetSeconds: 0, basis: .inRecord, yearBasis: .inRecord)
            ]
        }
        if !spans.isEmpty { return changingSegments(from, to) }
        if shiftSeconds != 0 {
            return [
                ClockSegment(
                    from: from, to: to, utcOffsetSeconds: 0, shiftSeconds: Double(shiftSeconds),
                    basis: .neighbour, yearBasis: yearBasis)
            ]
        }
        let start = from.map { zone.offset(at: $0) }
        let end = to.map { zone.offset(at: $0) }
        return [
            ClockSegment(
                from: from, to: to, utcOffsetSeconds: start == end ? start : nil, basis: basis,
                yearBasis: yearBasis)
        ]
    }

    private func changingSegments(_ from: Timestamp?, _ to: Timestamp?) -> [ClockSegment] {
        spans.indices.map { i in
            ClockSegment(
                from: i == 0 ? from : starts[i], to: i == spans.count - 1 ? to : starts[i + 1],
                utcOffsetSeconds: spans[i].offsetSeconds,
                basis: i > 0 && changedLater ? .neighbour : basis, yearBasis: yearBasis)
        }
    }

    // MARK: - Placing

    private mutating func note(_ instant: Timestamp) -> Timestamp {
        if latest.map({ instant > $0 }) ?? true { latest = instant }
        return instant
    }

    /// When the host had booted that wrote `line`, by the records of this input.
    private mutating func boot(of line: Int) -> Timestamp? {
        guard let anchor = uptimes.last(where: { $0.line <= line }) ?? uptimes.first else {
            return nil
        }
        return instant(of: anchor.local, line: anchor.line).map {
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
        guard let latest, candidates.count > 1 else { return first }
        return candidates.first { $0.nanoseconds >= latest.nanoseconds - 60_000_000_000 } ?? first
    }

    // MARK: - Zone

    private static func zone(
        _ facts: InputFacts, _ options: ClockOptions
    ) -> (TimeZoneRules, ClockSegment.Basis) {
        for (glob, rules) in options.zones.reversed() {
            if glob.map({ matches(facts.path, glob: $0) }) ?? true { return (rules, .explicit) }
        }
        if let offset = signalHandlerOffset(facts.clock) {
            return (TimeZoneRules(fixedOffsetSeconds: offset), .signalHandler)
        }
        switch (facts.clock.zoneOfFile, options.hostZone) {
        case (.utc, _): return (.utc, .fileTime)
        case (.host, let zone?): return (zone, .fileTime)
        default: return (.utc, .assumedUTC)
        }
    }

    /// The offset that signal-handler lines show: their UTC epoch against the local line that
    /// follows. Zones lie on quarter hours; what is more than 20 s off one is no pair.
    private static func signalHandlerOffset(_ evidence: ClockEvidence) -> Int? {
        for anchor in evidence.anchors {
            var local = anchor.local
            if local.form == .localWithoutYear {
                local.nanoseconds = local.inYear(local.year(near: anchor.instant))
            }
            let difference = Double(local.nanoseconds - anchor.instant.nanoseconds) / 1e9
            let quarters = (difference / 900).rounded()
            let residue = difference - quarters * 900
            if residue > -2, residue < 20, abs(quarters) <= 56 { return Int(quarters) * 900 }
        }
        return nil
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
