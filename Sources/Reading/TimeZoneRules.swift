// SPDX-License-Identifier: Apache-2.0

package import Model

/// The offsets from UTC of one time zone over time: an IANA zone's file, or a fixed offset.
///
/// Source of the format: RFC 8536 (TZif) and, for times after the last transition, the POSIX rule
/// in its footer.
package struct TimeZoneRules: Hashable, Sendable {
    package let name: String
    private var transitions: [Int64] = []
    private var offsets: [Int] = []
    private var firstOffset = 0
    private var rule: PosixRule?

    package init(fixedOffsetSeconds: Int) {
        name = spokenOffset(fixedOffsetSeconds)
        firstOffset = fixedOffsetSeconds
    }

    package static let utc = TimeZoneRules(fixedOffsetSeconds: 0)

    /// `+05:30`, `-0800`, `UTC`, `Z`: what needs no zone file.
    package init?(offset text: String) {
        if text == "UTC" || text == "Z" || text == "GMT" {
            self = .utc
            return
        }
        let bytes = Array(text.utf8)
        guard let (seconds, end) = StampParser.zone(bytes.span, at: 0), end == bytes.count,
            abs(seconds) <= 14 * 3600
        else { return nil }
        self.init(fixedOffsetSeconds: seconds)
    }

    /// A rule as POSIX writes it (`CET-1CEST,M3.5.0,M10.5.0/3`), for all years.
    package init?(posix text: String) {
        guard let rule = PosixRule(text) else { return nil }
        name = text
        self.rule = rule
    }

    /// Reads a TZif file's bytes; `nil` where they are not one.
    package init?(name: String, tzif bytes: [UInt8]) {
        self.name = name
        guard let (version, first) = Self.header(bytes, at: 0) else { return nil }
        var start = 44
        var counts = first
        var wide = false
        if version >= 0x32 {
            start += first.size(timeBytes: 4)
            guard let (_, second) = Self.header(bytes, at: start) else { return nil }
            counts = second
            start += 44
            wide = true
        }
        let size = counts.size(timeBytes: wide ? 8 : 4)
        guard start + size <= bytes.count, counts.types > 0 else { return nil }
        guard readBody(bytes, at: start, counts, wide: wide) else { return nil }
        if wide, let footer = Self.footer(bytes, at: start + size) { rule = PosixRule(footer) }
    }

    /// Seconds east of UTC at an instant.
    package func offset(at instant: Timestamp) -> Int {
        let seconds = instant.nanoseconds.flooredQuotient(by: 1_000_000_000).quotient
        guard let last = transitions.last else { return rule?.offset(at: seconds) ?? firstOffset }
        if seconds >= last, let rule { return rule.offset(at: seconds) }
        var low = 0
        var high = transitions.count
        while low < high {
            let middle = (low + high) / 2
            if transitions[middle] <= seconds { low = middle + 1 } else { high = middle }
        }
        return low == 0 ? firstOffset : offsets[low - 1]
    }

    /// The one offset of this zone in seconds, if it never changes.
    package var fixedOffset: Int? { transitions.isEmpty && rule == nil ? firstOffset : nil }

    /// The instants after `start` and up to `end` at which the offset changes, at most 64 of them.
    func changes(from start: Timestamp, to end: Timestamp) -> [Timestamp] {
        guard fixedOffset == nil, start < end else { return [] }
        // No zone changes its offset twice in a week.
        let week: Int64 = 604_800
        var out: [Timestamp] = []
        var (low, last) = (start.nanoseconds / 1_000_000_000, end.nanoseconds / 1_000_000_000)
        last = min(last, low + 64 * 53 * week)
        while low < last, out.count < 64 {
            let high = min(low + week, last)
            if let change = change(after: low, by: high) { out.append(Timestamp(seconds: change)) }
            low = high
        }
        return out
    }

    /// The second of a change of offset between two others.
    private func change(after start: Int64, by end: Int64) -> Int64? {
        let offset = offset(at: Timestamp(seconds: start))
        guard self.offset(at: Timestamp(seconds: end)) != offset else { return nil }
        var (low, high) = (start, end)
        while high - low > 1 {
            let middle = low + (high - low) / 2
            if self.offset(at: Timestamp(seconds: middle)) == offset {
                low = middle
            } else {
                high = middle
            }
        }
        return high
    }

    /// The instants at which clocks in this zone show `local` (a time read as if it were UTC):
    /// one as a rule, two when clocks go back, none in the gap when they go forward.
    package func instants(ofLocal local: Int64) -> [Timestamp] {
        let near = [
            offset(at: Timestamp(nanoseconds: local - 86_400_000_000_000)),
            offset(at: Timestamp(nanoseconds: local + 86_400_000_000_000)),
        ]
        var out: [Timestamp] = []
        for candidate in Set(near).sorted(by: >) {
            let instant = Timestamp(nanoseconds: local - Int64(candidate) * 1_000_000_000)
            if offset(at: instant) == candidate { out.append(instant) }
        }
        return out
    }

    // MARK: - TZif

    private struct Counts {
        var indicators: Int, standard: Int, leaps: Int, times: Int, types: Int, characters: Int

        func size(timeBytes: Int) -> Int {
            times * timeBytes + times + types * 6 + characters + leaps * (timeBytes + 4) + standard
                + indicators
        }
    }

    private static func header(_ bytes: [UInt8], at start: Int) -> (UInt8, Counts)? {
        guard start + 44 <= bytes.count, Array(bytes[start..<start + 4]) == Array("TZif".utf8)
        else { return nil }
        let numbers = (0..<6).map {
            Int(truncatingIfNeeded: big(bytes, at: start + 20 + $0 * 4, 4))
        }
        guard numbers.allSatisfy({ $0 >= 0 && $0 < 100_000 }) else { return nil }
        return (
            bytes[start + 4],
            Counts(
                indicators: numbers[0], standard: numbers[1], leaps: numbers[2], times: numbers[3],
                types: numbers[4], characters: numbers[5])
        )
    }

    /// False where an offset is none that RFC 8536 allows: more than -25 and less than 26 hours.
    private mutating func readBody(
        _ bytes: [UInt8], at start: Int, _ counts: Counts, wide: Bool
    ) -> Bool {
        let width = wide ? 8 : 4
        let indices = start + counts.times * width
        let types = indices + counts.times
        let offsetOfType = (0..<counts.types).map {
            Int(Self.big(bytes, at: types + $0 * 6, 4))
        }
        guard offsetOfType.allSatisfy({ $0 > -25 * 3600 && $0 < 26 * 3600 }) else { return false }
        firstOffset = offsetOfType[0]
        for i in 0..<counts.times {
            let type = Int(bytes[indices + i])
            guard type < offsetOfType.count else { continue }
            transitions.append(Self.big(bytes, at: start + i * width, width))
            offsets.append(offsetOfType[type])
        }
        return true
    }

    /// A signed big-endian number.
    private static func big(_ bytes: [UInt8], at start: Int, _ width: Int) -> Int64 {
        var value = Int64(Int8(bitPattern: bytes[start]))
        for i in 1..<width { value = value << 8 | Int64(bytes[start + i]) }
        return value
    }

    private static func footer(_ bytes: [UInt8], at start: Int) -> String? {
        guard start < bytes.count, bytes[start] == 0x0A else { return nil }
        let rest = bytes[(start + 1)...]
        guard let end = rest.firstIndex(of: 0x0A) else { return nil }
        return String(decoding: rest[..<end], as: UTF8.self)
    }
}

/// `CET-1CEST,M3.5.0,M10.5.0/3` (POSIX.1-2017, 8.3 "TZ"), with RFC 8536's wider hours.
private struct PosixRule: Hashable, Sendable {
    struct Change: Hashable, Sendable {
        enum Day: Hashable, Sendable {
            /// `M10.5.0`: the last Sunday of October.
            case weekday(month: Int, week: Int, weekday: Int)
            /// `J60`: 1 March, in leap years too.
            case withoutLeapDay(Int)
            /// `59`: days after 1 January.
            case ofYear(Int)
        }

        var day: Day
        var seconds: Int

        /// Seconds since 1970 of local midnight on the day, plus the time of day.
        func local(in year: Int) -> Int64 { Int64(days(in: year)) * 86_400 + Int64(seconds) }

        private func days(in year: Int) -> Int {
            let newYear = CivilTime.days(year: year, month: 1, day: 1)
            switch day {
            case .ofYear(let day): return newYear + day
            case .withoutLeapDay(let day):
                return newYear + day - (CivilTime.isLeap(year) && day >= 60 ? 0 : 1)
            case .weekday(let month, let week, let weekday):
                return Self.days(year, month, week: week, weekday)
            }
        }

        private static func days(_ year: Int, _ month: Int, week: Int, _ weekday: Int) -> Int {
            let first = CivilTime.days(year: year, month: month, day: 1)
            // 1970-01-01 was a Thursday.
            let firstWeekday = ((first + 4) % 7 + 7) % 7
            var day = first + (weekday - firstWeekday + 7) % 7 + (week - 1) * 7
            let next =
                month == 12
                ? CivilTime.days(year: year + 1, month: 1, day: 1)
                : CivilTime.days(year: year, month: month + 1, day: 1)
            while day >= next { day -= 7 }
            return day
        }
    }

    var standard = 0
    var daylight: Int?
    var start: Change?
    var end: Change?

    init?(_ text: String) {
        var scanner = Scanner(Array(text.utf8))
        guard scanner.skipName(), let west = scanner.time() else { return nil }
        standard = -west
        guard !scanner.isAtEnd else { return }
        guard scanner.skipName() else { return nil }
        daylight =
            scanner.peek == 0x2C ? standard + 3600 : scanner.time().map { -$0 } ?? standard + 3600
        guard scanner.take(0x2C), let start = scanner.change(), scanner.take(0x2C),
            let end = scanner.change()
        else { return nil }
        self.start = start
        self.end = end
    }

    func offset(at seconds: Int64) -> Int {
        guard let daylight, let start, let end else { return standard }
        let year = CivilTime(timestamp: Timestamp(seconds: seconds), offsetSeconds: standard).year
        let from = start.local(in: year) - Int64(standard)
        let to = end.local(in: year) - Int64(daylight)
        let isDaylight = from < to ? (from..<to).contains(seconds) : !(to..<from).contains(seconds)
        return isDaylight ? daylight : standard
    }

    private struct Scanner {
        private let bytes: [UInt8]
        private var i = 0

        init(_ bytes: [UInt8]) { self.bytes = bytes }

        var isAtEnd: Bool { i >= bytes.count }
        var peek: UInt8 { i < bytes.count ? bytes[i] : 0 }

        mutating func take(_ byte: UInt8) -> Bool {
            guard peek == byte else { return false }
            i += 1
            return true
        }

        mutating func skipName() -> Bool {
            let start = i
            if take(0x3C) {
                while !isAtEnd, !take(0x3E) { i += 1 }
            } else {
                while (peek | 0x20) &- 0x61 < 26 { i += 1 }
            }
            return i > start
        }

        mutating func number() -> Int? {
            let start = i
            var value = 0
            while isDigit(peek), i - start < 4 {
                value = value * 10 + Int(peek - 0x30)
                i += 1
            }
            return i > start ? value : nil
        }

        /// `[+-]hh[:mm[:ss]]`, in seconds.
        mutating func time() -> Int? {
            let negative = take(0x2D)
            if !negative { _ = take(0x2B) }
            guard var seconds = number().map({ $0 * 3600 }) else { return nil }
            if take(0x3A) { seconds += (number() ?? 0) * 60 }
            if take(0x3A) { seconds += number() ?? 0 }
            return negative ? -seconds : seconds
        }

        mutating func change() -> Change? {
            guard let day = day() else { return nil }
            return Change(day: day, seconds: take(0x2F) ? time() ?? 7200 : 7200)
        }

        private mutating func day() -> Change.Day? {
            if take(0x4A) {
                return number().flatMap { (1...365).contains($0) ? .withoutLeapDay($0) : nil }
            }
            if isDigit(peek) { return number().flatMap { $0 < 366 ? .ofYear($0) : nil } }
            guard take(0x4D), let month = number(), take(0x2E), let week = number(), take(0x2E),
                let weekday = number(), (1...12).contains(month), (1...5).contains(week),
                weekday < 7
            else { return nil }
            return .weekday(month: month, week: week, weekday: weekday)
        }
    }
}

/// `+01:00`
package func spokenOffset(_ seconds: Int) -> String {
    let minutes = abs(seconds) / 60
    return "\(seconds < 0 ? "-" : "+")\(padded(minutes / 60, 2)):\(padded(minutes % 60, 2))"
}
