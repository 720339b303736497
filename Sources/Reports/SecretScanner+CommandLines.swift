// SPDX-License-Identifier: Apache-2.0

// What command lines, manifests, browsers and people write, beside the server's own forms.

extension SecretScanner {
    /// Programs whose `-a` is followed by a password. Sources: redis 8.6.3, src/redis-cli.c and
    /// src/redis-benchmark.c; memtier_benchmark 2.1.
    static let tools: [[UInt8]] = [
        "-cli", "redis-benchmark", "valkey-benchmark", "keydb-benchmark", "memtier", "redis-dump",
        "redis-load", "redis-shake", "redis-rdb", "redis-port", "iredis",
    ].map { Array($0.utf8) }

    /// `text` with escapes that are spelled out (`\r`, `\n`, `\t`) as white space.
    static func withoutEscapes(_ text: [UInt8]) -> [UInt8] {
        guard text.contains(UInt8(ascii: "\\")) else { return text }
        var out = text
        var at = 0
        while at + 1 < text.count {
            guard text[at] == UInt8(ascii: "\\") else {
                at += 1
                continue
            }
            let space: UInt8? =
                switch text[at + 1] {
                case UInt8(ascii: "r"): 0x0D
                case UInt8(ascii: "n"): 0x0A
                case UInt8(ascii: "t"): 0x09
                default: nil
                }
            if let space { (out[at], out[at + 1]) = (space, space) }
            at += 2
        }
        return out
    }

    /// Whether a word is unlike any of a sentence: figures among letters, capitals within, signs.
    static func looksRandom(_ text: String) -> Bool {
        let word = text.utf8.reversed().drop { ".,:;?!)'\"".utf8.contains($0) }
        guard word.count >= 4, word.allSatisfy({ $0 > 0x20 && $0 < 0x7F && $0 != 0x3D }) else {
            return false
        }
        let letters = word.count { $0.isLetter }
        let capitals = word.count { (0x41...0x5A).contains($0) }
        guard letters > 0 else { return false }
        if word.contains(where: { $0.isDigit || "!@#$%^&*+".utf8.contains($0) }) { return true }
        if letters == word.count, capitals == letters {
            return word.count >= 6 && !prose.contains(text.lowercased())
        }
        return word.dropLast().contains { (0x41...0x5A).contains($0) }
    }
}

// MARK: - Options of other programs

extension SecretScanner {
    /// `sshpass -p X`, `mysql -pX`, `curl -u user:X`, `--user user:X`.
    mutating func takeOption(_ word: String, at: Int, end: Int, in text: String) {
        guard word.hasPrefix("-") else { return }
        switch word {
        case "-u", "--user", "-U", "--proxy-user":
            guard let start = startOfValue(after: end), let value = value(at: start),
                let colon = bytes[value].firstIndex(of: UInt8(ascii: ":")),
                bytes[(colon + 1)..<value.upperBound].contains(where: { !$0.isDigit }),
                !bytes[(colon + 1)..<value.upperBound].starts(with: "//".utf8)
            else { return }
            found.append(colon + 1..<value.upperBound)
        case "-p" where text.contains("sshpass"): takeValues(1, after: end, isProse: false)
        default:
            let isJoined = word.hasPrefix("-p") && word.utf8.count > 2
            let programs = ["sshpass", "mysql", "mariadb"]
            if isJoined, programs.contains(where: { text.contains($0) }) {
                found.append(plainValue(at: at + 2))
            }
        }
    }

    /// `rename-command CONFIG secret`: the new name is what keeps others from the command.
    mutating func takeSecondValue(after end: Int) {
        guard let first = startOfValue(after: end), let name = value(at: first) else { return }
        takeValues(1, after: name.upperBound, isProse: false)
    }

    /// `Cookie: a=b; c=d`: everything up to the end of the line or the closing quote.
    mutating func takeCookies(after end: Int) {
        var at = skipQuotes(from: end)
        guard at < bytes.count, bytes[at] == UInt8(ascii: ":") else { return }
        at += 1
        while at < bytes.count, bytes[at].isSpace || bytes[at].isQuote { at += 1 }
        let stop = bytes[at...].firstIndex { $0 == 0x0A || $0 == 0x0D || $0.isQuote } ?? bytes.count
        found.append(at..<stop)
    }
}

// MARK: - Names and values apart

extension SecretScanner {
    /// After `password`: `is X`, `'X'`, or a word that is none of a sentence.
    mutating func takeSpoken(after end: Int) {
        guard end < bytes.count, bytes[end].isSpace, var start = startOfValue(after: end) else {
            return
        }
        let verb = String(decoding: bytes[start..<endOfWord(from: start)], as: UTF8.self)
        if ["is", "was"].contains(verb.lowercased()) {
            guard let next = startOfValue(after: start + verb.utf8.count) else { return }
            start = next
        }
        guard let value = value(at: start) else { return }
        let isQuoted = value.lowerBound != start
        let text = String(decoding: bytes[value], as: UTF8.self)
        if isQuoted || Self.looksRandom(text) { found.append(value) }
    }

    /// Where the sign stands after the `value` of `name: X value: …` and `"name":"X","value":…`.
    func endOfValueKey(from start: Int) -> Int? {
        var at = start
        while at < bytes.count,
            bytes[at].isSpace || bytes[at].isQuote || bytes[at] == UInt8(ascii: ",")
        {
            at += 1
        }
        guard at > start, at < bytes.count else { return nil }
        let end = endOfWord(from: at)
        guard bytes[at..<end].elementsEqual("value".utf8) else { return nil }
        let sign = skipQuotes(from: end)
        guard sign < bytes.count, [UInt8(ascii: ":"), UInt8(ascii: "=")].contains(bytes[sign])
        else { return nil }
        return sign
    }

    /// The end of `%3D` or `%3A`, as URLs write `=` and `:`.
    func endOfEncodedSign(at start: Int) -> Int? {
        guard start + 3 <= bytes.count else { return nil }
        let text = String(decoding: bytes[start..<start + 3], as: UTF8.self).lowercased()
        return text == "%3d" || text == "%3a" ? start + 3 : nil
    }

    /// `auth-X` and `requirepass-X` within a name of a file or directory, where X is no word.
    mutating func takePart(of word: String, at start: Int) {
        guard let dash = word.utf8.lastIndex(of: UInt8(ascii: "-")) else { return }
        let (head, tail) = (word[..<dash].lowercased(), String(word[word.index(after: dash)...]))
        let names = ["auth", "requirepass", "masterauth", "password", "passwd", "secret"]
        guard names.contains(where: { head == $0 || head.hasSuffix("-" + $0) }),
            tail.utf8.count >= 6, !tail.contains("."), tail.contains(where: \.isNumber),
            Self.looksRandom(tail)
        else { return }
        let offset = word.utf8.distance(from: word.startIndex, to: dash) + 1
        found.append(start + offset..<start + word.utf8.count)
    }

    /// `$2b$12$…`: a hash of a password in the form of crypt(3).
    mutating func takeCrypt(at: Int) {
        guard bytes[at] == UInt8(ascii: "$"),
            isStart(at) || bytes[at - 1] == UInt8(ascii: "=")
                || bytes[at - 1] == UInt8(ascii: ":")
        else { return }
        let range = plainValue(at: at)
        let parts = bytes[range].split(separator: UInt8(ascii: "$"))
        let methods: Set = [
            "1", "2a", "2b", "2x", "2y", "5", "6", "7", "y", "argon2i", "argon2d", "argon2id",
        ]
        guard range.count >= 20, parts.count >= 3,
            methods.contains(String(decoding: parts[0], as: UTF8.self))
        else { return }
        found.append(range)
    }
}
