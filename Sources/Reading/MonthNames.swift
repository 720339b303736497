// SPDX-License-Identifier: Apache-2.0

/// Abbreviated month names as syslog and journalctl write them under other locales than C.
///
/// Servers never localise theirs; a syslog daemon, `date` or journalctl may. A full stop may stand
/// behind a name. Source: glibc 2.36, localedata/locales (abmon).
enum MonthNames {
    /// The month named at `start`, and the index behind its name.
    static func month(_ line: Span<UInt8>, at start: Int) -> (month: Int, end: Int)? {
        if isDigit(line.byte(start)) { return numbered(line, at: start) }
        var end = start
        var word: [UInt8] = []
        while end < line.count, end - start < 16, isLetter(line[end]) {
            word.append(line[end] < 0x80 ? line[end] | 0x20 : line[end])
            end += 1
        }
        guard word.count >= 3, let month = byName[String(decoding: word, as: UTF8.self)] else {
            return nil
        }
        if line.byte(end) == 0x2E { end += 1 }
        return (month, end)
    }

    /// `8月` (Chinese, Japanese) and `8월` (Korean).
    private static func numbered(_ line: Span<UInt8>, at start: Int) -> (month: Int, end: Int)? {
        guard let (month, end) = line.number(at: start, limit: 2), (1...12).contains(month),
            line.has("月", at: end) || line.has("월", at: end)
        else { return nil }
        return (month, end + 3)
    }

    private static func isLetter(_ byte: UInt8) -> Bool {
        byte >= 0x80 || (byte | 0x20) &- 0x61 < 26
    }

    /// Letters of ASCII are lower case here; the others stand in both cases.
    private static let byName: [String: Int] = {
        // Where two locales differ over a name, the first has it.
        let locales = [
            "jan feb mär apr mai jun jul aug sep okt nov dez",
            "jän feb mrz apr mai jun jul aug sep okt nov dez",
            "janv févr mars avril mai juin juil août sept oct nov déc",
            "jan fév mar avr mai jun jui aoû sep oct nov déc",
            "ene feb mar abr may jun jul ago sep oct nov dic",
            "gen feb mar apr mag giu lug ago set ott nov dic",
            "jan fev mar abr mai jun jul ago set out nov dez",
            "jan feb mrt apr mei jun jul aug sep okt nov dec",
            "jan feb mar apr maj jun jul aug sep okt nov dec",
            "jan feb mars april mai juni juli aug sep okt nov des",
            "tammi helmi maalis huhti touko kesä heinä elo syys loka marras joulu",
            "jaan veebr märts apr mai juuni juuli aug sept okt nov dets",
            "jan feb mar apr mai jūn jūl aug sep okt nov dec",
            "saus vas kov bal geg birž liep rugp rugs spal lapkr gruod",
            "sty lut mar kwi maj cze lip sie wrz paź lis gru",
            "led úno bře dub kvě čen čec srp zář říj lis pro",
            "jan feb mar apr máj jún júl aug sep okt nov dec",
            "jan febr márc ápr máj jún júl aug szept okt nov dec",
            "jan feb mar apr maj jun jul avg sep okt nov dec",
            "ian feb mar apr mai iun iul aug sep oct nov dec",
            "oca şub mar nis may haz tem ağu eyl eki kas ara",
            "urt ots mar api mai eka uzt abu ira urr aza abe",
            "jan feb mar apr mei jun jul agu sep okt nov des",
            "янв фев мар апр мая июн июл авг сен окт ноя дек",
            "січ лют бер кві тра чер лип сер вер жов лис гру",
            "яну фев мар апр май юни юли авг сеп окт ное дек",
            "јан феб мар апр мај јун јул авг сеп окт нов дец",
            "ιαν φεβ μαρ απρ μαΐ ιουν ιουλ αυγ σεπ οκτ νοε δεκ",
        ]
        var out: [String: Int] = [:]
        for locale in locales {
            for (i, name) in locale.split(separator: " ").enumerated() {
                for written in [String(name), name.prefix(1).uppercased() + name.dropFirst()] {
                    let key = String(
                        decoding: written.utf8.map { $0 < 0x80 ? $0 | 0x20 : $0 }, as: UTF8.self)
                    if out[key] == nil { out[key] = i + 1 }
                }
            }
        }
        return out
    }()
}
