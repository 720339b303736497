// SPDX-License-Identifier: Apache-2.0

/// Abbreviated month names as syslog writes them under other locales than C.
///
/// Servers never localise theirs; a syslog daemon or `date` may. Names are lower case, without
/// the full stop that some locales add. Source: glibc 2.36, localedata/locales (abmon).
enum MonthNames {
    /// The month named at `start`, and the index behind its name.
    static func month(_ line: Span<UInt8>, at start: Int) -> (month: Int, end: Int)? {
        var end = start
        var word: [UInt8] = []
        while end < line.count, end - start < 12, isLetter(line[end]) {
            word.append(line[end] < 0x80 ? line[end] | 0x20 : line[end])
            end += 1
        }
        guard word.count >= 3, let month = byName[String(decoding: word, as: UTF8.self)] else {
            return nil
        }
        if line.byte(end) == 0x2E { end += 1 }
        return (month, end)
    }

    private static func isLetter(_ byte: UInt8) -> Bool {
        byte >= 0x80 || (byte | 0x20) &- 0x61 < 26
    }

    private static let byName: [String: Int] = {
        let locales = [
            "jan feb mär apr mai jun jul aug sep okt nov dez",
            "jan feb mrz apr mai jun jul aug sep okt nov dez",
            "janv févr mars avril mai juin juil août sept oct nov déc",
            "jan fév mar avr mai jun jui aoû sep oct nov déc",
            "ene feb mar abr may jun jul ago sep oct nov dic",
            "gen feb mar apr mag giu lug ago set ott nov dic",
            "jan fev mar abr mai jun jul ago set out nov dez",
            "jan feb mrt apr mei jun jul aug sep okt nov dec",
            "jan feb mar apr maj jun jul aug sep okt nov dec",
            "sty lut mar kwi maj cze lip sie wrz paź lis gru",
            "янв фев мар апр мая июн июл авг сен окт ноя дек",
        ]
        var out: [String: Int] = [:]
        for locale in locales {
            for (i, name) in locale.split(separator: " ").enumerated()
            where out[String(name)] == nil {
                out[String(name)] = i + 1
            }
        }
        out["sept"] = 9
        return out
    }()
}
