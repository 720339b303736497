// SPDX-License-Identifier: Apache-2.0

/// Reads the part of PCRE2's syntax that the catalogue allows: literals, escapes, classes, groups,
/// alternations, quantifiers, anchors. Anything else is an error, never a guess.
///
/// Source: pcre2pattern(3) of PCRE2 10.42, for byte subjects without options.
package struct RegexParser {
    private let bytes: [UInt8]
    private var at = 0
    private var depth = 0
    /// Groups may be nested this deep.
    private static let depthLimit = 24

    private init(_ bytes: [UInt8]) { self.bytes = bytes }

    package static func parse(_ regex: String) throws(RegexSyntaxError) -> RegexNode {
        var parser = RegexParser(Array(regex.utf8))
        if parser.bytes.starts(with: Array("(*".utf8)) { throw parser.failure("a leading (*VERB)") }
        let node = try parser.alternation()
        if parser.at < parser.bytes.count { throw parser.failure("a ')' that closes nothing") }
        return node
    }
}

// MARK: - Structure

extension RegexParser {
    private mutating func alternation() throws(RegexSyntaxError) -> RegexNode {
        let first = at
        var branches = [try sequence()]
        while take("|") { branches.append(try sequence()) }
        guard branches.count > 1 else { return branches[0] }
        return RegexNode(kind: .alternation(branches), range: first..<at)
    }

    private mutating func sequence() throws(RegexSyntaxError) -> RegexNode {
        let first = at
        var nodes: [RegexNode] = []
        while let byte = peek(), byte != UInt8(ascii: "|"), byte != UInt8(ascii: ")") {
            nodes.append(try quantified(try atom()))
        }
        return RegexNode(kind: .sequence(nodes), range: first..<at)
    }

    private mutating func atom() throws(RegexSyntaxError) -> RegexNode {
        let first = at
        guard let byte = peek() else { throw failure("the end where something was expected") }
        let kind: RegexNode.Kind
        switch byte {
        case UInt8(ascii: "("): kind = try group()
        case UInt8(ascii: "["): kind = .set(try characterClass())
        case UInt8(ascii: "\\"): kind = try escape()
        case UInt8(ascii: "*"), UInt8(ascii: "+"), UInt8(ascii: "?"):
            throw failure("a quantifier with nothing before it")
        case UInt8(ascii: "{") where looksLikeBounds(): throw failure("a '{' that reads as bounds")
        default:
            at += 1
            kind = Self.plain(byte)
        }
        return RegexNode(kind: kind, range: first..<at)
    }

    private static func plain(_ byte: UInt8) -> RegexNode.Kind {
        switch byte {
        case UInt8(ascii: "^"): .start
        case UInt8(ascii: "$"): .end
        case UInt8(ascii: "."): .set(ByteSet([UInt8(ascii: "\n")]).inverted)
        default: .byte(byte)
        }
    }

    /// `(?:…)`, `(?<name>…)` or `(?P<name>…)`
    private mutating func group() throws(RegexSyntaxError) -> RegexNode.Kind {
        let opening = at
        at += 1
        depth += 1
        defer { depth -= 1 }
        if depth > Self.depthLimit { throw failure("groups nested too deep") }
        let name = try groupName(opening)
        let inner = try alternation()
        guard take(")") else {
            throw RegexSyntaxError(offset: opening, message: "a '(' that is never closed")
        }
        return .group(name: name, inner)
    }

    private mutating func groupName(_ opening: Int) throws(RegexSyntaxError) -> String? {
        guard take("?") else {
            throw RegexSyntaxError(
                offset: opening, message: "a group without a name; write (?:…) or (?<name>…)")
        }
        if take(":") { return nil }
        _ = take("P")
        guard take("<"), let byte = peek(), byte.isLetter || byte == UInt8(ascii: "_") else {
            throw RegexSyntaxError(
                offset: opening, message: "a special group (look-around, option, atomic group …)")
        }
        let first = at
        while let byte = peek(), byte.isLetter || byte.isDigit || byte == UInt8(ascii: "_") {
            at += 1
        }
        let name = String(decoding: bytes[first..<at], as: UTF8.self)
        guard take(">") else { throw failure("a group's name without its '>'") }
        return name
    }
}

// MARK: - Quantifiers

extension RegexParser {
    private mutating func quantified(_ node: RegexNode) throws(RegexSyntaxError) -> RegexNode {
        guard let (min, max) = try bounds() else { return node }
        switch node.kind {
        case .start, .end, .boundary: throw failure("a quantifier after an anchor")
        default: break
        }
        // Lazy and possessive forms try the same texts in another order, or fewer of them.
        if !take("?") { _ = take("+") }
        if let byte = peek(),
            [UInt8(ascii: "*"), UInt8(ascii: "+"), UInt8(ascii: "?")].contains(byte)
        {
            throw failure("a quantifier after a quantifier")
        }
        let whole = node.range.lowerBound..<at
        return RegexNode(kind: .repeated(node, min: min, max: max), range: whole)
    }

    private mutating func bounds() throws(RegexSyntaxError) -> (Int, Int?)? {
        if take("*") { return (0, nil) }
        if take("+") { return (1, nil) }
        if take("?") { return (0, 1) }
        guard peek() == UInt8(ascii: "{"), looksLikeBounds() else { return nil }
        at += 1
        guard let min = number() else { throw failure("bounds without a first number") }
        var max: Int? = min
        if take(",") { max = number() }
        guard take("}"), min <= max ?? min else {
            throw failure("bounds that are not {n}, {n,} or {n,m}")
        }
        return (min, max)
    }

    /// Whether the `{` here could be read as bounds by some version of PCRE2; 10.43 allows
    /// `{,n}` and blanks, which earlier ones take as literal text.
    private func looksLikeBounds() -> Bool {
        var i = at + 1
        while i < bytes.count, bytes[i].isDigit || bytes[i] == UInt8(ascii: ",") || bytes[i] == 0x20
        {
            i += 1
        }
        return i > at + 1 && i < bytes.count && bytes[i] == UInt8(ascii: "}")
    }

    private mutating func number() -> Int? {
        var value: Int?
        while let byte = peek(), byte.isDigit, value ?? 0 < 100_000 {
            value = (value ?? 0) * 10 + Int(byte - UInt8(ascii: "0"))
            at += 1
        }
        return value.flatMap { $0 <= 65_535 ? $0 : nil }
    }
}

// MARK: - Escapes

extension RegexParser {
    private mutating func escape() throws(RegexSyntaxError) -> RegexNode.Kind {
        guard let letter = peek(1) else { throw failure("a backslash at the end") }
        switch letter {
        case UInt8(ascii: "A"): at += 2; return .start
        case UInt8(ascii: "z"), UInt8(ascii: "Z"): at += 2; return .end
        case UInt8(ascii: "b"), UInt8(ascii: "B"): at += 2; return .boundary
        default: break
        }
        if let set = Self.named(letter) {
            at += 2
            return .set(set)
        }
        return .byte(try escapedByte(letter))
    }

    /// Moves past the escape of a single byte.
    private mutating func escapedByte(_ letter: UInt8) throws(RegexSyntaxError) -> UInt8 {
        if letter == UInt8(ascii: "x"), let high = peek(2)?.hexValue, let low = peek(3)?.hexValue {
            at += 4
            return UInt8(high << 4 | low)
        }
        if let control = Self.controls[letter] {
            at += 2
            return control
        }
        if letter.isLetter || letter.isDigit || letter >= 0x80 {
            throw failure("an escape that the catalogue does not use")
        }
        at += 2
        return letter
    }

    private static let controls: [UInt8: UInt8] = [
        UInt8(ascii: "t"): 0x09, UInt8(ascii: "n"): 0x0A, UInt8(ascii: "f"): 0x0C,
        UInt8(ascii: "r"): 0x0D, UInt8(ascii: "e"): 0x1B, UInt8(ascii: "a"): 0x07,
    ]

    /// The sets of `\d`, `\w`, `\s` and `\h` in the C locale, and of their capitals.
    private static func named(_ letter: UInt8) -> ByteSet? {
        let set: ByteSet
        switch letter | 0x20 {
        case UInt8(ascii: "d"): set = ByteSet((0...255).filter(\.isDigit))
        case UInt8(ascii: "w"):
            set = ByteSet((0...255).filter { $0.isDigit || $0.isLetter || $0 == UInt8(ascii: "_") })
        case UInt8(ascii: "s"): set = ByteSet([0x09, 0x0A, 0x0B, 0x0C, 0x0D, 0x20])
        case UInt8(ascii: "h"): set = ByteSet([0x09, 0x20, 0xA0])
        default: return nil
        }
        return letter & 0x20 == 0 ? set.inverted : set
    }
}

// MARK: - Classes

extension RegexParser {
    private mutating func characterClass() throws(RegexSyntaxError) -> ByteSet {
        let opening = at
        at += 1
        let isInverted = take("^")
        var set = ByteSet()
        var isFirst = true
        while let byte = peek() {
            if byte == UInt8(ascii: "]"), !isFirst {
                at += 1
                return isInverted ? set.inverted : set
            }
            isFirst = false
            try classItem(byte, into: &set)
        }
        throw RegexSyntaxError(offset: opening, message: "a '[' that is never closed")
    }

    private mutating func classItem(
        _ byte: UInt8, into set: inout ByteSet
    ) throws(RegexSyntaxError) {
        if byte == UInt8(ascii: "["), let next = peek(1), [0x3A, 0x2E, 0x3D].contains(next) {
            throw failure("a POSIX class such as [:digit:]; write \\d or the range")
        }
        guard let low = try classByte(into: &set) else { return }
        guard peek() == UInt8(ascii: "-"), let after = peek(1), after != UInt8(ascii: "]") else {
            set.insert(low)
            return
        }
        at += 1
        var other = ByteSet()
        guard let high = try classByte(into: &other), low <= high else {
            throw failure("a range that is not one")
        }
        for value in low...high { set.insert(value) }
    }

    /// One byte of a class, or nil when an escape has put several into `set`.
    private mutating func classByte(into set: inout ByteSet) throws(RegexSyntaxError) -> UInt8? {
        guard let byte = peek() else { throw failure("a class that is never closed") }
        guard byte == UInt8(ascii: "\\") else {
            at += 1
            return byte
        }
        guard let letter = peek(1) else { throw failure("a backslash at the end") }
        if let named = Self.named(letter) {
            at += 2
            set.formUnion(named)
            return nil
        }
        return try escapedByte(letter)
    }
}

// MARK: - Bytes

extension RegexParser {
    private func peek(_ ahead: Int = 0) -> UInt8? {
        at + ahead < bytes.count ? bytes[at + ahead] : nil
    }

    private mutating func take(_ character: Unicode.Scalar) -> Bool {
        guard peek() == UInt8(ascii: character) else { return false }
        at += 1
        return true
    }

    private func failure(_ message: String) -> RegexSyntaxError {
        RegexSyntaxError(offset: at, message: message)
    }
}
