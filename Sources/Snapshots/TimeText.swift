// SPDX-License-Identifier: Apache-2.0
// Times as people and tools write them above a reading.

internal import Model

/// A time at the start of a text.
struct TimeText {
    var stamp: Stamp
    /// What follows it, without blanks around.
    var rest: Substring

    /// ISO 8601, the output of date(1) in several locales, or seconds since 1970.
    init?(_ text: Substring, allowsEpoch: Bool = false) {
        let text = text.trimmed
        if let found = Self.iso(text) ?? Self.date(text) {
            self = found
        } else if allowsEpoch, let found = Self.epoch(text) {
            self = found
        } else {
            return nil
        }
    }

    init(stamp: Stamp, rest: Substring) {
        self.init(stamp, rest)
    }

    private init(_ stamp: Stamp, _ rest: Substring) {
        self.stamp = stamp
        self.rest = rest.trimmed
    }

    // MARK: - ISO 8601

    /// `2026-11-22T11:42:21.123+00:00`, `2026-11-22 11:42:21 UTC`, with or without a zone.
    private static func iso(_ text: Substring) -> TimeText? {
        let bytes = Array(text.utf8.prefix(48))
        guard bytes.count >= 16, let year = digits(bytes, 0, 4), bytes[4] == 0x2D,
            let month = digits(bytes, 5, 2), bytes[7] == 0x2D, let day = digits(bytes, 8, 2),
            bytes[10] == 0x54 || bytes[10] == 0x20 || bytes[10] == 0x5F,
            let hour = digits(bytes, 11, 2), bytes[13] == 0x3A,
            let minute = digits(bytes, 14, 2)
        else { return nil }
        var i = 16
        var second = 0
        var nanosecond = 0
        var precision = Stamp.Precision.second
        if i < bytes.count, bytes[i] == 0x3A, let value = digits(bytes, i + 1, 2) {
            second = value
            i += 3
            if i < bytes.count, bytes[i] == 0x2E || bytes[i] == 0x2C {
                var scale = 100_000_000
                var j = i + 1
                while j < bytes.count, bytes[j] &- 0x30 < 10 {
                    nanosecond += Int(bytes[j] &- 0x30) * scale
                    scale /= 10
                    j += 1
                }
                if j > i + 1 {
                    precision = j - i > 4 ? .microsecond : .millisecond
                    i = j
                }
            }
        }
        guard
            let local = civil(
                year, month, day, hour, minute, second, nanosecond: nanosecond)
        else { return nil }
        let after = String(decoding: text.utf8.dropFirst(i), as: UTF8.self)
        return zoned(local, precision, after[...])
    }

    // MARK: - date(1)

    /// `Sun Nov 22 12:17:23 UTC 2026`, `So 22. Nov 12:17:23 CET 2026`,
    /// `Sun 22 Nov 2026 12:17:23 PM UTC`.
    private static func date(_ text: Substring) -> TimeText? {
        // Every form has the time of day, with colons.
        guard text.utf8.contains(0x3A) else { return nil }
        let words = text.prefixWords(8)
        guard words.count >= 4 else { return nil }
        var month: Int?
        var day: Int?
        var year: Int?
        var time: (hour: Int, minute: Int, second: Int)?
        var offset: Int?
        var isAfternoon: Bool?
        var used = 0
        for (i, word) in words.enumerated() {
            if i == 0, month == nil, MonthName.month(word) == nil {
                // The day of the week, in whatever language.
                guard word.utf8.count <= 12, Int(word) == nil else { return nil }
            } else if time == nil, let clock = clock(word) {
                time = clock
            } else if month == nil, let named = MonthName.month(word) {
                month = named
            } else if day == nil, let number = Int(word.filter { $0 != "." && $0 != "," }),
                (1...31).contains(number)
            {
                day = number
            } else if year == nil, word.utf8.count == 4, let number = Int(word),
                Stamp.years.contains(number)
            {
                year = number
            } else if time != nil, isAfternoon == nil, ["AM", "PM"].contains(word.uppercased()) {
                isAfternoon = word.uppercased() == "PM"
            } else if time != nil, offset == nil, let zone = ZoneName.offset(String(word)) {
                offset = zone
            } else {
                break
            }
            used = i + 1
            if month != nil, day != nil, year != nil, time != nil, offset != nil { break }
        }
        guard let month, let day, let year, var time else { return nil }
        if let isAfternoon { time.hour = time.hour % 12 + (isAfternoon ? 12 : 0) }
        guard let local = civil(year, month, day, time.hour, time.minute, time.second) else {
            return nil
        }
        let rest = used < words.count ? text[words[used].startIndex...] : ""
        guard let offset else {
            return TimeText(Stamp(form: .local, precision: .second, nanoseconds: local), rest)
        }
        return TimeText(
            Stamp(
                form: .zoned, precision: .second, offsetSeconds: Int32(offset),
                nanoseconds: local - Int64(offset) * 1_000_000_000), rest)
    }

    private static func clock(_ word: Substring) -> (hour: Int, minute: Int, second: Int)? {
        let parts = word.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 3, let hour = Int(parts[0]), let minute = Int(parts[1]),
            let second = Int(parts[2]), parts.allSatisfy({ $0.utf8.count <= 2 })
        else { return nil }
        return (hour, minute, second)
    }

    // MARK: - Seconds since 1970

    /// `1795348391`, `1795348391.032`: from 2001 to 2100.
    private static func epoch(_ text: Substring) -> TimeText? {
        let word = text.prefix { $0 != " " && $0 != "\t" }
        guard let stamp = epoch(word: word) else { return nil }
        return TimeText(stamp, text.dropFirst(word.count))
    }

    static func epoch(word: Substring) -> Stamp? {
        let parts = word.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count <= 2, var whole = Int64(parts[0]) else { return nil }
        var nanoseconds: Int64 = 0
        var precision = Stamp.Precision.second
        if parts[0].utf8.count == 13, parts.count == 1 {
            nanoseconds = whole % 1000 * 1_000_000
            whole /= 1000
            precision = .millisecond
        } else if parts.count == 2 {
            let fraction = parts[1].prefix(9)
            guard !fraction.isEmpty, let value = Int64(fraction) else { return nil }
            nanoseconds = value
            for _ in fraction.utf8.count..<9 { nanoseconds *= 10 }
            precision = fraction.utf8.count > 3 ? .microsecond : .millisecond
        }
        guard (1_000_000_000...4_102_444_800).contains(whole) else { return nil }
        return Stamp(
            form: .epoch, precision: precision,
            nanoseconds: whole * 1_000_000_000 + nanoseconds)
    }

    // MARK: - Parts

    /// Nanoseconds since 1970 of a civil time, read as if it were UTC.
    static func civil(
        _ year: Int, _ month: Int, _ day: Int, _ hour: Int, _ minute: Int, _ second: Int,
        nanosecond: Int = 0
    ) -> Int64? {
        guard Stamp.years.contains(year), (1...12).contains(month), (1...31).contains(day),
            (0...24).contains(hour), (0...59).contains(minute), (0...60).contains(second)
        else { return nil }
        let days = Int64(CivilTime.days(year: year, month: month, day: day))
        let seconds = days * 86_400 + Int64(hour * 3600 + minute * 60 + second)
        return seconds * 1_000_000_000 + Int64(nanosecond)
    }

    /// A civil time with the zone that follows it, if one does.
    private static func zoned(
        _ local: Int64, _ precision: Stamp.Precision, _ text: Substring
    ) -> TimeText {
        let after = text.trimmed
        let word = after.prefix { $0 != " " && $0 != "\t" }
        let isAttached = text.first.map { $0 != " " && $0 != "\t" } ?? false
        guard isAttached || !word.isEmpty, let offset = ZoneName.offset(String(word)) else {
            return TimeText(Stamp(form: .local, precision: precision, nanoseconds: local), after)
        }
        return TimeText(
            Stamp(
                form: .zoned, precision: precision, offsetSeconds: Int32(offset),
                nanoseconds: local - Int64(offset) * 1_000_000_000),
            after.dropFirst(word.count))
    }

    private static func digits(_ bytes: [UInt8], _ start: Int, _ count: Int) -> Int? {
        guard start + count <= bytes.count else { return nil }
        var value = 0
        for i in start..<start + count {
            guard bytes[i] &- 0x30 < 10 else { return nil }
            value = value * 10 + Int(bytes[i] &- 0x30)
        }
        return value
    }
}

/// Offsets of zones by name, for names that mean one thing.
///
/// `CST`, `IST` and `BST` mean several; those of North America are read as RFC 5322 (section 4.3)
/// reads them, `IST` and `BST` not at all.
enum ZoneName {
    static func offset(_ word: String) -> Int? {
        if let hours = hours[word] { return Int(hours * 3600) }
        let bytes = Array(word.utf8)
        guard bytes.count >= 3, bytes[0] == 0x2B || bytes[0] == 0x2D else { return nil }
        let digits = bytes.dropFirst().filter { $0 != 0x3A }
        guard digits.count == 2 || digits.count == 4, digits.allSatisfy({ $0 &- 0x30 < 10 })
        else { return nil }
        let numbers = digits.map { Int($0 &- 0x30) }
        let hour = numbers[0] * 10 + numbers[1]
        let minute = numbers.count == 4 ? numbers[2] * 10 + numbers[3] : 0
        guard hour <= 14, minute < 60 else { return nil }
        return (bytes[0] == 0x2D ? -1 : 1) * (hour * 3600 + minute * 60)
    }

    private static let hours: [String: Double] = [
        "UTC": 0, "GMT": 0, "Z": 0, "WET": 0, "WEST": 1, "CET": 1, "CEST": 2, "EET": 2,
        "EEST": 3, "MSK": 3, "SAST": 2, "PKT": 5, "HKT": 8, "SGT": 8, "AWST": 8, "JST": 9,
        "KST": 9, "AEST": 10, "AEDT": 11, "NZST": 12, "NZDT": 13, "EST": -5, "EDT": -4,
        "CST": -6, "CDT": -5, "MST": -7, "MDT": -6, "PST": -8, "PDT": -7, "HST": -10,
    ]
}

/// Names of months. Source: glibc 2.36, localedata/locales (abmon; mon where dates have that).
enum MonthName {
    static func month(_ word: some StringProtocol) -> Int? {
        let name = word.lowercased().filter { $0 != "." && $0 != "," }
        return byName[name]
    }

    private static let byName: [String: Int] = {
        let locales = [
            "jan feb mar apr may jun jul aug sep oct nov dec",
            "january february march april may june july august september october november december",
            "jan feb mär apr mai jun jul aug sep okt nov dez",
            "janv févr mars avril mai juin juil août sept oct nov déc",
            "ene feb mar abr may jun jul ago sep oct nov dic",
            "gen feb mar apr mag giu lug ago set ott nov dic",
            "jan fev mar abr mai jun jul ago set out nov dez",
            "jan feb mrt apr mei jun jul aug sep okt nov dec",
            "янв фев мар апр мая июн июл авг сен окт ноя дек",
            "1月 2月 3月 4月 5月 6月 7月 8月 9月 10月 11月 12月",
            "jan feb mars april mai juni juli aug sep okt nov des",
            "jan feb mar apr maí jún júl ágú sep okt nóv des",
            "jan fra mar apr mej ġun lul aww set ott nov diċ",
            "jan feb mac apr mei jun jul ogos sep okt nov dis",
            "ينا فبر مار أبر ماي يون يول أغس سبت أكت نوف ديس",
            "يناير فبراير مارس أبريل مايو يونيو يوليو أغسطس سبتمبر أكتوبر نوفمبر ديسمبر",
            "មករា កុម្ភៈ មីនា មេសា ឧសភា មិថុនា កក្កដា សីហា កញ្ញា តុលា វិច្ឆិកា ធ្នូ",
            "ဇန် ဖေ မတ် ဧပြီ မေ ဇွန် ဇူ ဩ စက် အောက် နို ဒီ",
        ]
        var out: [String: Int] = [:]
        for locale in locales {
            for (i, name) in locale.split(separator: " ").enumerated() {
                out[String(name)] = i + 1
            }
        }
        return out
    }()
}
