// SPDX-License-Identifier: Apache-2.0

/// Names and values of a flat reply, as redis-cli prints it: `1) "save"` and `2) "3600 1"`,
/// `1# "save" => "3600 1"`, `"save","3600 1"`, or name and value on bare lines in turn.
///
/// Source: redis 7.2.4, src/redis-cli.c (`cliFormatReplyTTY`, `cliFormatReplyRaw`,
/// `cliFormatReplyCSV`).
struct ReplyPairs {
    struct Pair {
        let name: String
        let value: String
    }

    private var name: String?
    /// The number that the value of `name` must have; nil for bare lines.
    private var expected: Int?
    private var isBare = false
    /// Whether lines were lost or have changed places: then the next value may be another's.
    private var isDoubtful = false

    /// Whether the line belongs to a reply, and the pair that it completes. `isName` tells names
    /// from values where lines may have been lost.
    mutating func take(
        _ line: SnapshotLine, isName: (String) -> Bool
    ) -> (isTaken: Bool, pair: Pair?) {
        let text = line.text.trimmed
        if let (number, mark, rest) = Self.numbered(text) {
            isBare = false
            if mark == "#" { return (true, Self.mapped(rest)) }
            return (true, numbered(number, Self.unquoted(rest)))
        }
        if text.hasPrefix("\""), let words = Self.separated(text), words.count >= 2 {
            return (true, Pair(name: words[0], value: words[1]))
        }
        return bare(text, isName)
    }

    private mutating func numbered(_ number: Int, _ text: String?) -> Pair? {
        defer {
            name = number % 2 == 1 ? text : nil
            expected = number + 1
        }
        guard number % 2 == 0, number == expected, let name, let text else { return nil }
        return Pair(name: name, value: text)
    }

    private mutating func bare(_ text: Substring, _ isName: (String) -> Bool) -> (Bool, Pair?) {
        let word = String(text)
        if let name, isBare {
            // A name where a value should stand: the value was lost.
            if isName(word) {
                self.name = word
                isDoubtful = true
                return (true, nil)
            }
            defer { (self.name, isDoubtful) = (nil, false) }
            return (true, isDoubtful ? nil : Pair(name: name, value: word))
        }
        guard isName(word) || (isBare && !word.isEmpty && !word.contains(" ")) else {
            return (false, nil)
        }
        isBare = true
        name = word
        return (true, nil)
    }

    /// `12) rest`, `1# rest`.
    private static func numbered(
        _ text: Substring
    ) -> (number: Int, mark: Character, rest: Substring)? {
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        let after = text.dropFirst(digits.count)
        guard let number = Int(digits), let mark = after.first, mark == ")" || mark == "#",
            after.dropFirst().first == " "
        else { return nil }
        return (number, mark, after.dropFirst(2).trimmed)
    }

    /// `"save" => "3600 1"`.
    private static func mapped(_ text: Substring) -> Pair? {
        guard let arrow = text.firstRange(of: " => "),
            let name = unquoted(text[..<arrow.lowerBound]),
            let value = unquoted(text[arrow.upperBound...])
        else { return nil }
        return Pair(name: name, value: value)
    }

    /// `"text"`, `(integer) 5`, `(double) 1.5`; nil where the end of a quotation is missing.
    private static func unquoted(_ text: Substring) -> String? {
        for type in ["(integer) ", "(double) "] where text.hasPrefix(type) {
            return String(text.dropFirst(type.count))
        }
        guard text.hasPrefix("\"") else { return nil }
        guard text.count >= 2, text.hasSuffix("\"") else { return nil }
        return String(text.dropFirst().dropLast())
    }

    /// `"save","3600 1"`.
    private static func separated(_ text: Substring) -> [String]? {
        guard text.hasSuffix("\""), text.count >= 2 else { return nil }
        let inner = String(text.dropFirst().dropLast())
        let words = inner.split(separator: "\",\"", omittingEmptySubsequences: false)
        return words.count % 2 == 0 ? words.map(String.init) : nil
    }
}
