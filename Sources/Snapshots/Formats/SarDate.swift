// SPDX-License-Identifier: Apache-2.0

internal import Model

/// The date in the first line of sar's output: in the form of the viewer's locale.
///
/// `11/22/26` (C), `11/22/2026` (en_US), `22/11/2026` (fr_FR), `22/11/26` (en_GB), `22.11.2026`
/// (de_DE), `22-11-2026` (nl_NL), `2026-11-22` (S_TIME_FORMAT=ISO), `2026年11月22日` (ja_JP),
/// `22. 11. 2026` (cs_CZ). Between slashes, a day up to 12 can be taken for a month; then the
/// rows and the file's name decide.
struct SarDate {
    /// Days since 1970, one for each way to read the date, the day before the month first.
    private var candidates: [Int] = []
    private let hasShortYear: Bool
    private var isDecided: Bool { candidates.count < 2 }

    /// `path` is the input's: daily files are called `sar22` or `sar20261122`.
    init?(_ text: Substring, path: String) {
        let numbers = Self.numbers(text)
        guard let dates = Self.dates(numbers, text), !dates.isEmpty else { return nil }
        hasShortYear = numbers.allSatisfy { $0.digits < 4 }
        candidates = dates
        if !isDecided, let day = Self.dayOfFile(path) {
            let fitting = dates.filter { CivilTime.date(daysSinceEpoch: $0).day == day }
            if fitting.count == 1 { candidates = fitting }
        }
    }

    /// Days since 1970, once a row has been seen, and whether that is a guess.
    ///
    /// AM and PM without a zone are of en_US, which puts the month first. Halves of the day with a
    /// zone behind them, or in another language, a decimal comma, or a year in full without AM and
    /// PM, are of locales that put it second (glibc 2.36, localedata/locales: d_fmt, t_fmt). What
    /// is left is the C locale or en_GB.
    func days(_ clock: SarClock, hasComma: Bool) -> (days: Int, isGuess: Bool) {
        guard candidates.count == 2 else { return (candidates[0], false) }
        if clock.isAmerican { return (candidates[1], false) }
        if clock.isTwelveHour || hasComma || !hasShortYear { return (candidates[0], false) }
        return (candidates[1], true)
    }

    // MARK: - Forms

    private static func dates(
        _ numbers: [(value: Int, digits: Int)], _ text: Substring
    ) -> [Int]? {
        if numbers.count == 2 {
            let months = text.split(whereSeparator: { $0 == " " || $0 == "," })
                .compactMap { MonthName.month($0) }
            guard let month = months.first,
                let year = numbers.first(where: { $0.digits == 4 })?.value,
                let day = numbers.first(where: { $0.digits < 4 })?.value
            else { return nil }
            return [days(year, month, day)].compactMap { $0 }
        }
        guard numbers.count == 3 else { return nil }
        let (a, b, c) = (numbers[0].value, numbers[1].value, numbers[2].value)
        if numbers[0].digits == 4 || text.contains("年") || text.contains("년") {
            return [days(a, b, c)].compactMap { $0 }
        }
        guard numbers[2].digits == 4 || numbers[2].digits == 2 else { return nil }
        // fa_IR puts the year first and writes it in digits of its own (glibc, localedata/locales/fa_IR).
        if text.unicodeScalars.contains(where: { (0x6F0...0x6F9).contains($0.value) }) {
            return [days(a, b, c)].compactMap { $0 }
        }
        let dayFirst = days(c, b, a)
        guard text.contains("/") else { return [dayFirst].compactMap { $0 } }
        let monthFirst = days(c, a, b)
        return Array([dayFirst, monthFirst].compactMap { $0 }.prefix(a == b ? 1 : 2))
    }

    private static func days(_ year: Int, _ month: Int, _ day: Int) -> Int? {
        var year = year < 100 ? year + 2000 : year
        // th_TH counts from the Buddha's death, 543 years before.
        if (2500...2700).contains(year) { year -= 543 }
        guard (1995...2199).contains(year), (1...12).contains(month), day >= 1 else { return nil }
        let days = CivilTime.days(year: year, month: month, day: day)
        return CivilTime.date(daysSinceEpoch: days).day == day ? days : nil
    }

    private static func numbers(_ text: Substring) -> [(value: Int, digits: Int)] {
        var out: [(value: Int, digits: Int)] = []
        var isInside = false
        for character in text.prefix(64) {
            // `一` in the name of a weekday has a value, and is no digit.
            guard let digit = character.wholeNumberValue, digit < 10,
                character.unicodeScalars.first?.properties.numericType == .decimal
            else {
                isInside = false
                continue
            }
            if isInside, let last = out.indices.last, out[last].digits < 8 {
                out[last] = (out[last].value * 10 + digit, out[last].digits + 1)
            } else {
                out.append((digit, 1))
            }
            isInside = true
        }
        return out
    }

    private static func dayOfFile(_ path: String) -> Int? {
        let name = path.split(separator: "/").last ?? ""
        guard name.hasPrefix("sa") else { return nil }
        let rest = name.dropFirst(name.hasPrefix("sar") ? 3 : 2)
        let digits = rest.prefix { $0.isASCII && $0.isNumber }
        guard digits.count == 2 || digits.count == 8 else { return nil }
        return Int(digits.suffix(2))
    }
}

/// A time of day as sar prints it: `11:37:06`, `11:37:06 AM`, `11.37.06`, `下午11時37分06秒`.
struct SarClock {
    /// Seconds since midnight.
    var second: Int
    /// How many words of the line it takes.
    var words: Int
    var isTwelveHour: Bool
    /// Whether it is en_US's: `11:37:06 AM`, with nothing behind it.
    var isAmerican: Bool

    /// Around the clock may stand half of the day and zone: `03:35:29 AM UTC`, `UTC 03:34:59 ص`.
    init?(_ words: [Substring]) {
        var second: Int?
        var isAfternoon: Bool?
        var isEnglish = false
        var hasZone = false
        var used = 0
        while used < min(words.count, 6) {
            let word = words[used]
            if second == nil, let (found, count) = Self.clock(words[used...]) {
                second = found
                isAfternoon = isAfternoon ?? Self.isAfternoon(word)
                used += count
            } else if isAfternoon == nil, let half = Self.isAfternoon(word) {
                isAfternoon = half
                isEnglish = word == "AM" || word == "PM"
                used += 1
            } else if !hasZone, Self.isZone(word) {
                hasZone = true
                used += 1
            } else {
                break
            }
        }
        guard let second else { return nil }
        self.words = used
        isTwelveHour = isAfternoon != nil
        isAmerican = isEnglish && !hasZone
        self.second = isAfternoon.map { second % 43_200 + ($0 ? 43_200 : 0) } ?? second
    }

    /// A clock at the start of some words, and how many it takes: `03시 36분 36초` takes three.
    private static func clock(_ words: ArraySlice<Substring>) -> (second: Int, words: Int)? {
        guard let first = words.first else { return nil }
        if let second = clock(first) { return (second, 1) }
        let parts = words.prefix(3)
        guard first.hasSuffix("시"), parts.count == 3 else { return nil }
        return clock(parts.joined()[...]).map { ($0, 3) }
    }

    /// `UTC`, `CEST`, `+03`: no column of sar is called like that.
    private static func isZone(_ word: Substring) -> Bool {
        if word.hasPrefix("+") || word.hasPrefix("-") {
            return [3, 5].contains(word.utf8.count)
                && word.dropFirst().utf8.allSatisfy { $0 &- 0x30 < 10 }
        }
        return ["UTC", "MSK", "WIB"].contains(word)
            || (3...5).contains(word.utf8.count) && word.hasSuffix("T")
                && word.utf8.allSatisfy { $0 &- 0x41 < 26 }
    }

    private static func clock(_ word: Substring) -> Int? {
        guard word.utf8.count <= 40 else { return nil }
        var word = word
        for half in [".PD", ".MD"] where word.hasSuffix(half) { word = word.dropLast(3) }
        let parts = word.split(whereSeparator: { $0.wholeNumberValue == nil })
        let marks = word.filter { $0.wholeNumberValue == nil }
        guard parts.count == 3, parts.allSatisfy({ $0.count <= 2 }),
            marks.allSatisfy({
                $0 == ":" || $0 == "." || $0.unicodeScalars.allSatisfy { $0.value > 0x2000 }
            })
        else { return nil }
        let numbers = parts.map { $0.reduce(0) { $0 * 10 + ($1.wholeNumberValue ?? 0) } }
        guard numbers[0] < 24, numbers[1] < 60, numbers[2] <= 60, parts[1].count == 2,
            parts[2].count == 2
        else { return nil }
        return numbers[0] * 3600 + numbers[1] * 60 + numbers[2]
    }

    private static func isAfternoon(_ word: Substring) -> Bool? {
        let text = word.lowercased().filter { $0 != "." }
        // Albanian has it behind a dot.
        if mornings.contains(text) || word.hasSuffix(".PD") { return false }
        if afternoons.contains(text) || word.hasSuffix(".MD") { return true }
        if ["上午", "午前", "오전"].contains(where: { text.hasPrefix($0) }) { return false }
        if ["下午", "午後", "오후"].contains(where: { text.hasPrefix($0) }) { return true }
        return nil
    }

    /// Words for the halves of the day, in lower case and without dots, in the same order.
    /// Source: glibc 2.36, localedata/locales (am_pm), as far as they are one word.
    private static let mornings: Set<String> = [
        "am", "πμ", "ص", "காலை", "ጡዋት", "पूर्वाह्न", "পূর্বাহ্ণ", "পূৰ্ব্বাহ্ন", "સવારે",
        "ಪೂರ್ವಾಹ್ನ", "मपू", "രാവിലെ", "ਸਵੇਰੇ", "နံနက်", "asubuhi", "subaxnimo", "nu", "پن", "soodo",
    ]
    private static let afternoons: Set<String> = [
        "pm", "μμ", "م", "மாலை", "ከሰዓት", "अपराह्न", "অপরাহ্ণ", "অপৰাহ্ন", "સાંજે", "ಅಪರಾಹ್ನ",
        "मनं", "വൈകു", "ਸ਼ਾਮ", "ညနေ", "alasiri", "galabnimo", "nh", "دن", "hawwaro",
    ]
}
