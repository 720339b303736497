// SPDX-License-Identifier: Apache-2.0
// Years of logs that write none, as before Redis 5.0, by the inputs beside them.

internal import Incidents
internal import Model
internal import Reading

extension Placement {
    /// The years of inputs whose stamps carry none and whose file is of another time than all inputs
    /// that do: where one year, and no other, puts them beside those. Copying makes files new.
    func neighbourYears() -> [Int: Int] {
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
}

// MARK: - Rotation

extension Placement {
    /// The years of inputs that rotation has made of one log, where the times of the files alone would
    /// put them into another order than their names, or on days that do not exist. Copying makes all of
    /// them as new as the copy.
    func rotationYears(
        _ extractions: [Extraction], _ options: ClockOptions
    ) -> [(input: Int, year: Int)] {
        guard options.newestYear == nil else { return [] }
        let parts = inputs.indices.filter { isOpen($0, extractions) }.map {
            LogPart(input: $0, extractions[$0].facts)
        }
        return Dictionary(grouping: parts, by: \.stem).values.flatMap { parts in
            parts.count > 1 ? years(of: parts.sorted { $0.rank < $1.rank }) : []
        }
    }

    /// Whether nothing but the file's time names the year of an input's stamps.
    private func isOpen(_ i: Int, _ extractions: [Extraction]) -> Bool {
        let clock = extractions[i].facts.clock
        return clock.first.form == .localWithoutYear && clock.last.form == .localWithoutYear
            && inputs[i].clock.contains { [.fileTime, .assumed].contains($0.yearBasis) }
    }

    /// Years for parts of one log, the newest first, where they differ from those of the files.
    private func years(of parts: [LogPart]) -> [(input: Int, year: Int)] {
        let known = parts.map { inputs[$0.input].lastAt.map { CivilTime(timestamp: $0).year } }
        guard let newest = known.first, let newest else { return [] }
        let start = parts.dropFirst().compactMap(\.rotatedIn).max().map { min(newest, $0 + 1) }
        // Rotation leaves no gaps, but a server may have been silent for long.
        for gap in [100 * LogPart.day, Int64.max / 2] {
            for year in ((start ?? newest) - 8...(start ?? newest)).reversed() {
                guard let chain = chain(parts, newest: year, gap: gap) else { continue }
                return parts.indices.filter { chain[$0] != known[$0] }.map {
                    (parts[$0].input, chain[$0])
                }
            }
        }
        return []
    }

    /// A year for each part so that none ends after the next newer one begins, give or take a day,
    /// or more than `gap` nanoseconds before it, and each 29 February is a day; `nil` where the
    /// newest cannot be of the year `newest`.
    private func chain(_ parts: [LogPart], newest: Int, gap: Int64) -> [Int]? {
        var out: [Int] = []
        var latest = parts[0].ends(in: newest).last
        for part in parts {
            let from = out.last ?? newest
            let year = (from - 8...from).reversed().first { year in
                part.clock.hasLeapDays(newest: year)
                    && part.ends(in: year).last <= latest + LogPart.day
            }
            guard let year, out.last.map({ $0 - year <= 1 }) ?? (year == newest),
                out.isEmpty || latest - part.ends(in: year).last <= gap
            else { return nil }
            if let rotated = part.rotatedIn, year > rotated { return nil }
            out.append(year)
            latest = part.ends(in: year).first
        }
        return out
    }
}

/// One of the files that rotation has made of a log without years.
private struct LogPart {
    let input: Int
    let clock: ClockEvidence
    let stem: String
    /// 0 for the file that is written to; more for older ones.
    let rank: Int
    /// The year that its name tells, where it was named for the day of its rotation.
    let rotatedIn: Int?

    /// Nanoseconds of a day.
    static let day: Int64 = 86_400_000_000_000

    init(input: Int, _ facts: InputFacts) {
        self.input = input
        clock = facts.clock
        let name = RotatedName(facts.path)
        (stem, rank, rotatedIn) = (name.log, name.age, name.year)
    }

    func ends(in newest: Int) -> (first: Int64, last: Int64) { clock.ends(newest: newest) }
}
