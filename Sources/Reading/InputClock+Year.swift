// SPDX-License-Identifier: Apache-2.0
// Which year a stamp belongs to that carries none, as before Redis 5.0.

package import Model

extension InputClock {
    /// The year of the first stamp without a year, and what it rests on.
    static func years(
        _ evidence: ClockEvidence, _ options: ClockOptions, _ spans: [OffsetSpan],
        _ basis: ClockSegment.Basis, _ hint: (value: Int, basis: ClockSegment.YearBasis)?
    ) -> (Int, ClockSegment.YearBasis) {
        let turns = evidence.yearTurns.count
        let (first, last) = (evidence.first, evidence.last)
        if first.form != .localWithoutYear, last.form != .localWithoutYear {
            return (first.year, .inRecord)
        }
        if let dated = evidence.dated, first.isOuter || last.isOuter {
            return (dated.year, .inRecord)
        }
        if let year = options.newestYear { return (year - turns, .explicit) }
        if let span = spans.first(where: { $0.year != 0 }) {
            let before = evidence.yearTurns.count { $0 <= span.line }
            return (span.year - before, basis == .journalTwin ? .journalTwin : .wrapper)
        }
        let anchors = evidence.anchors.filter { $0.local.form == .localWithoutYear }
        if let anchor = anchors.first {
            return (
                anchor.local.year(near: anchor.instant) - evidence.turns(before: anchor), .neighbour
            )
        }
        // A server that was upgraded to 5.0, or taken back, and went on writing to its file.
        if last.form != .localWithoutYear, last.form != .uptime {
            let isLater = first.inYear(last.year - turns) > last.nanoseconds + day
            return (last.year - turns - (isLater ? 1 : 0), .neighbour)
        }
        if first.form != .localWithoutYear, first.form != .uptime {
            let isEarlier = last.inYear(first.year + turns) < first.nanoseconds - day
            return (first.year + (isEarlier ? 1 : 0), .neighbour)
        }
        if let hint { return (hint.value - turns, hint.basis) }
        if let written = evidence.modifiedAt {
            return (newestYear(until: written, evidence) - turns, .fileTime)
        }
        return (options.now.map { newestYear(until: $0, evidence) - turns } ?? 1970, .assumed)
    }

    private static func newestYear(until latest: Timestamp, _ evidence: ClockEvidence) -> Int {
        let candidates = evidence.newestYears(until: latest)
        return candidates.first(where: evidence.hasLeapDays(newest:)) ?? candidates.first
            ?? min(max(latest.civilYear, Stamp.years.lowerBound), Stamp.years.upperBound)
    }

    /// Nanoseconds of a day.
    private static var day: Int64 { 86_400_000_000_000 }
}

extension ClockEvidence {
    /// The years, newest first, in which the last line does not lie after `latest`, give or take a
    /// day for the zone.
    package func newestYears(until latest: Timestamp) -> [Int] {
        // An instant in UTC may lie in the next year where the clock stands.
        let newest = min(
            max(latest.civilYear + 1, Stamp.years.lowerBound + 8), Stamp.years.upperBound)
        return (newest - 8...newest).reversed().filter {
            last.inYear($0) - 86_400_000_000_000 <= latest.nanoseconds
        }
    }

    /// The time of a record that names its year, as written: the first of the input, or the last.
    var dated: Timestamp? {
        for stamp in [first, last] where [.local, .zoned, .epoch].contains(stamp.form) {
            return Timestamp(nanoseconds: stamp.nanoseconds)
        }
        return nil
    }

    /// Whether each 29 February is a day where the newest stamp is of the year `newest`.
    package func hasLeapDays(newest: Int) -> Bool {
        leapDays.allSatisfy { line in
            CivilTime.isLeap(newest - yearTurns.count { $0 > line })
        }
    }

    /// The first stamp, and the last, where the newest stamp without a year is of the year `newest`.
    package func ends(newest: Int) -> (first: Int64, last: Int64) {
        (first.inYear(newest - yearTurns.count), last.inYear(newest))
    }

    /// How often the year had turned when the local stamp of `anchor` was written, which stands up
    /// to eight lines behind it. Where a turn lies between, a stamp of spring comes after the turn.
    fileprivate func turns(before anchor: ClockAnchor) -> Int {
        let month = CivilTime(timestamp: Timestamp(nanoseconds: anchor.local.nanoseconds)).month
        let line = month <= 6 ? anchor.line + 8 : anchor.line
        return yearTurns.count { $0 <= line }
    }
}

extension Timestamp {
    fileprivate var year: Int { civilYear }
    fileprivate var civilYear: Int { CivilTime(timestamp: self).year }
}

extension Stamp {
    fileprivate var year: Int { Timestamp(nanoseconds: nanoseconds).civilYear }

    var isLeapDay: Bool {
        let time = CivilTime(timestamp: Timestamp(nanoseconds: nanoseconds))
        return time.month == 2 && time.day == 29
    }

    /// Whether clocks are set back for the winter at about this time: in the night to a Sunday of
    /// spring or autumn, whichever hemisphere it is. Where the year is missing any night may be.
    var mayBeEndOfDaylightSaving: Bool {
        let time = CivilTime(timestamp: Timestamp(nanoseconds: nanoseconds))
        guard [3, 4, 9, 10, 11].contains(time.month) else { return false }
        let isLate = time.hour == 23
        guard time.hour < 4 || isLate else { return false }
        let day = CivilTime.days(year: time.year, month: time.month, day: time.day)
        // 1 January 1970 was a Thursday.
        let weekday = ((day + 4) % 7 + 7) % 7
        return form == .localWithoutYear || weekday == (isLate ? 6 : 0)
    }

    var isNewYearsEve: Bool {
        let time = CivilTime(timestamp: Timestamp(nanoseconds: nanoseconds))
        return time.month == 12 && time.day == 31
    }

    /// The nanoseconds of a stamp without a year, in one of `Stamp.years`.
    func inYear(_ year: Int) -> Int64 {
        let time = CivilTime(timestamp: Timestamp(nanoseconds: nanoseconds))
        let shift =
            CivilTime.days(year: year, month: time.month, day: time.day)
            - CivilTime.days(year: Self.placeholderYear, month: time.month, day: time.day)
        return nanoseconds + Int64(shift) * 86_400_000_000_000
    }

    /// The year in which a stamp without one lies nearest to `instant`: at New Year it need not be
    /// the year of that instant in UTC.
    func year(near instant: Timestamp) -> Int {
        let year = min(max(instant.civilYear, Self.years.lowerBound + 1), Self.years.upperBound - 1)
        return (year - 1...year + 1).min {
            abs(inYear($0) - instant.nanoseconds) < abs(inYear($1) - instant.nanoseconds)
        } ?? year
    }
}
