// SPDX-License-Identifier: Apache-2.0
// What a report says of an input's clock.

package import Model

extension InputClock {
    /// The segments of this input's clock, for the report.
    package func segments(_ facts: InputFacts, from: Timestamp?, to: Timestamp?) -> [ClockSegment] {
        guard facts.clock.localStamps + facts.clock.instantStamps > 0 else { return [] }
        let wrappers = facts.clock.wrappers
        if facts.clock.localStamps == 0 {
            if facts.clock.last.form == .uptime { return uptimeSegments(facts.clock, from, to) }
            return [
                ClockSegment(
                    from: from, to: to, utcOffsetSeconds: 0, basis: .inRecord, yearBasis: .inRecord,
                    wrapperLag: wrappers.spoken(offsetSeconds: nil))
            ]
        }
        if !spans.isEmpty { return changingSegments(from, to, wrappers) }
        if shiftSeconds != 0 {
            return [
                ClockSegment(
                    from: from, to: to, utcOffsetSeconds: 0, shiftSeconds: Double(shiftSeconds),
                    basis: .neighbour, yearBasis: yearBasis,
                    uncertaintySeconds: Self.neighbourDoubt,
                    wrapperLag: wrappers.spoken(offsetSeconds: -shiftSeconds))
            ]
        }
        let start = from.map { zone.offset(at: $0) }
        let end = to.map { zone.offset(at: $0) }
        let offset = start == end ? start : nil
        return [
            ClockSegment(
                from: from, to: to, utcOffsetSeconds: offset, basis: basis, yearBasis: yearBasis,
                uncertaintySeconds: doubt(facts.clock),
                wrapperLag: wrappers.spoken(offsetSeconds: basis == .wrapper ? nil : offset ?? 0))
        ]
    }

    private func changingSegments(
        _ from: Timestamp?, _ to: Timestamp?, _ wrappers: WrapperTimes
    ) -> [ClockSegment] {
        spans.indices.map { i in
            ClockSegment(
                from: i == 0 ? from : starts[i], to: i == spans.count - 1 ? to : starts[i + 1],
                utcOffsetSeconds: spans[i].offsetSeconds,
                basis: basis, yearBasis: yearBasis,
                uncertaintySeconds: basis == .assumedUTC ? Self.zoneDoubt : 0,
                wrapperLag: basis == .wrapper ? wrappers.spoken(offsetSeconds: nil) : nil)
        }
    }

    /// Stamps that count from the boot say neither day nor year: what tells when that was does.
    private func uptimeSegments(
        _ evidence: ClockEvidence, _ from: Timestamp?, _ to: Timestamp?
    ) -> [ClockSegment] {
        let isOwn = !evidence.uptimes.isEmpty
        guard let basis = isOwn ? .inRecord : bootBasis else { return [] }
        return [
            ClockSegment(
                from: from, to: to, utcOffsetSeconds: 0, basis: basis,
                yearBasis: isOwn ? .inRecord : basis == .journalTwin ? .journalTwin : .neighbour)
        ]
    }

    // MARK: - Doubt

    /// How far local time is from UTC at most: UTC+14 (Kiribati).
    private static var zoneDoubt: Double { 50_400 }

    /// A kernel's line and a server's about one moment stand up to 15 seconds apart.
    private static var neighbourDoubt: Double { 15 }

    /// How far all times may be off together. What shows one offset tells of one season; in the other
    /// the clock may be an hour ahead or behind.
    private func doubt(_ evidence: ClockEvidence) -> Double {
        switch basis {
        case .explicit, .inRecord, .wrapper, .journalTwin: 0
        case .assumedUTC: Self.zoneDoubt
        case .signalHandler, .infoClock, .fileTime, .neighbour:
            evidence.mayCrossSeasons && zone.fixedOffset != nil ? 3600 : 0
        }
    }
}

extension ClockEvidence {
    /// Whether the stamps go over more than a month, so that clocks may have changed for a season.
    fileprivate var mayCrossSeasons: Bool {
        !yearTurns.isEmpty || first.form != last.form
            || last.nanoseconds &- first.nanoseconds > 31 * 86_400_000_000_000
    }
}
