// SPDX-License-Identifier: Apache-2.0
// What a report says of an input's clock.

package import Model

extension InputClock {
    /// The segments of this input's clock, for the report.
    package func segments(_ facts: InputFacts, from: Timestamp?, to: Timestamp?) -> [ClockSegment] {
        let written = ownSegments(facts, from: from, to: to)
        guard skew != 0 else { return written }
        return written.map { segment in
            var moved = segment
            moved.shiftSeconds += Double(skew / 1_000_000) / 1000
            (moved.basis, moved.shownBy) = (.neighbour, witness)
            return moved
        }
    }

    private func ownSegments(
        _ facts: InputFacts, from: Timestamp?, to: Timestamp?
    ) -> [ClockSegment] {
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
                    uncertaintySeconds: isRelative ? Self.zoneDoubt : Self.neighbourDoubt,
                    wrapperLag: wrappers.spoken(offsetSeconds: -shiftSeconds), shownBy: witness)
            ]
        }
        let changes = from.flatMap { from in to.map { zone.changes(from: from, to: $0) } } ?? []
        let lag = changes.isEmpty ? from.map { zone.offset(at: $0) } ?? 0 : nil
        return ([from] + changes).enumerated().map { i, start in
            ClockSegment(
                from: start, to: i < changes.count ? changes[i] : to,
                utcOffsetSeconds: start.map { zone.offset(at: $0) } ?? zone.fixedOffset,
                basis: basis, yearBasis: yearBasis, uncertaintySeconds: doubt(facts.clock),
                wrapperLag: basis == .wrapper
                    ? wrappers.spoken(offsetSeconds: nil)
                    : lag.flatMap { wrappers.spoken(offsetSeconds: $0) },
                shownBy: shownBy)
        }
    }

    private func changingSegments(
        _ from: Timestamp?, _ to: Timestamp?, _ wrappers: WrapperTimes
    ) -> [ClockSegment] {
        spans.indices.map { i in
            ClockSegment(
                from: i == 0 ? from : start(of: i),
                to: i == spans.count - 1 ? to : start(of: i + 1),
                utcOffsetSeconds: spans[i].offsetSeconds,
                basis: basis, yearBasis: yearBasis,
                uncertaintySeconds: basis == .assumedUTC || isRelative ? Self.zoneDoubt : 0,
                wrapperLag: basis == .wrapper ? wrappers.spoken(offsetSeconds: nil) : nil,
                shownBy: shownBy)
        }
    }

    private func start(of span: Int) -> Timestamp? {
        starts[span].map { Timestamp(nanoseconds: $0.nanoseconds &+ skew) }
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
                yearBasis: isOwn ? .inRecord : basis == .journalTwin ? .journalTwin : .neighbour,
                uncertaintySeconds: isRelative ? Self.zoneDoubt : isOwn ? 0 : bootDoubt,
                shownBy: isOwn ? nil : witness)
        ]
    }

    /// The input that shows what the basis rests on, where it is another.
    private var shownBy: String? {
        switch basis {
        case .journalTwin, .infoClock, .neighbour: witness
        default: nil
        }
    }

    // MARK: - Doubt

    /// How far local time is from UTC at most: UTC+14 (Kiribati).
    private static var zoneDoubt: Double { 50_400 }

    /// A kernel's line and a server's about one moment stand up to 15 seconds apart.
    private static var neighbourDoubt: Double { 15 }

    /// How far all times may be off together. What shows one offset tells of one season; in the other
    /// the clock may be an hour ahead or behind.
    private func doubt(_ evidence: ClockEvidence) -> Double {
        if isRelative { return Self.zoneDoubt }
        return switch basis {
        case .explicit, .inRecord, .wrapper, .journalTwin: isAmbiguous ? 3600 : 0
        case .assumedUTC: Self.zoneDoubt
        case .signalHandler, .infoClock, .fileTime, .neighbour:
            isAmbiguous || evidence.mayCrossSeasons && zone.fixedOffset != nil ? 3600 : 0
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
