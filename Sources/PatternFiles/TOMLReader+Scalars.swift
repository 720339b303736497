// SPDX-License-Identifier: Apache-2.0

// MARK: - Strings

extension TOMLReader {
    func startsTripleQuote() -> Bool {
        peek() == peek(1) && peek() == peek(2)
    }

    mutating func string() throws(TOMLError) -> TOMLString {
        let quote = bytes[at]
        let isMultiLine = startsTripleQuote()
        at += isMultiLine ? 3 : 1
        if isMultiLine { _ = newline() }
        let start = position
        let first = at
        let content =
            if quote == UInt8(ascii: "'") {
                try literal(isMultiLine: isMultiLine)
            } else {
                try basic(isMultiLine: isMultiLine)
            }
        let isVerbatim =
            line == start.line && content.count == at - first - (isMultiLine ? 3 : 1)
        return TOMLString(
            text: String(decoding: content, as: UTF8.self), start: start, isVerbatim: isVerbatim)
    }

    /// `'…'` and `'''…'''`: bytes as they stand.
    private mutating func literal(isMultiLine: Bool) throws(TOMLError) -> [UInt8] {
        var content: [UInt8] = []
        while !closes(UInt8(ascii: "'"), isMultiLine, &content) {
            try plainByte(isMultiLine, &content)
        }
        return content
    }

    /// `"…"` and `"""…"""`: with escapes.
    private mutating func basic(isMultiLine: Bool) throws(TOMLError) -> [UInt8] {
        var content: [UInt8] = []
        while !closes(UInt8(ascii: "\""), isMultiLine, &content) {
            if peek() == UInt8(ascii: "\\") {
                try escape(isMultiLine, &content)
            } else {
                try plainByte(isMultiLine, &content)
            }
        }
        return content
    }

    /// Steps over the closing quotes. A multi-line string may end with up to two quotes of its own.
    private mutating func closes(
        _ quote: UInt8, _ isMultiLine: Bool, _ content: inout [UInt8]
    ) -> Bool {
        guard peek() == quote else { return false }
        guard isMultiLine else {
            at += 1
            return true
        }
        var run = 1
        while run < 5, peek(run) == quote { run += 1 }
        guard run >= 3 else { return false }
        content.append(contentsOf: repeatElement(quote, count: run - 3))
        at += run
        return true
    }

    private mutating func plainByte(
        _ isMultiLine: Bool, _ content: inout [UInt8]
    ) throws(TOMLError) {
        guard let byte = peek() else { throw failure("a string without its closing quotes") }
        if isMultiLine, newline() {
            content.append(UInt8(ascii: "\n"))
            return
        }
        if byte == UInt8(ascii: "\n") { throw failure("a string without its closing quote") }
        if byte.isForbiddenControl { throw failure("a control character in a string") }
        content.append(byte)
        at += 1
    }
}

// MARK: - Escapes

extension TOMLReader {
    private mutating func escape(_ isMultiLine: Bool, _ content: inout [UInt8]) throws(TOMLError) {
        guard let letter = peek(1) else { throw failure("a string without its closing quotes") }
        if let byte = Self.escapes[letter] {
            content.append(byte)
            at += 2
        } else if letter == UInt8(ascii: "u") {
            content.append(contentsOf: try scalar(digits: 4))
        } else if letter == UInt8(ascii: "U") {
            content.append(contentsOf: try scalar(digits: 8))
        } else if isMultiLine {
            try continuation()
        } else {
            throw failure("an unknown escape; a backslash is written '\\\\', or use '…' quotes")
        }
    }

    private static let escapes: [UInt8: UInt8] = [
        UInt8(ascii: "b"): 0x08, UInt8(ascii: "t"): 0x09, UInt8(ascii: "n"): 0x0A,
        UInt8(ascii: "f"): 0x0C, UInt8(ascii: "r"): 0x0D, UInt8(ascii: "\""): 0x22,
        UInt8(ascii: "\\"): 0x5C,
    ]

    private mutating func scalar(digits: Int) throws(TOMLError) -> [UInt8] {
        var value: UInt32 = 0
        for i in 0..<digits {
            guard let digit = peek(2 + i)?.hexValue else {
                throw failure("\(digits) hexadecimal digits must follow")
            }
            value = value << 4 | digit
        }
        guard let scalar = Unicode.Scalar(value) else { throw failure("not a Unicode scalar") }
        at += 2 + digits
        return Array(String(Character(scalar)).utf8)
    }

    /// A backslash at a line's end: it, the newline and all white space after it vanish.
    private mutating func continuation() throws(TOMLError) {
        let backslash = position
        at += 1
        skipBlank()
        guard newline() else {
            throw TOMLError(position: backslash, message: "an unknown escape")
        }
        repeat { skipBlank() } while newline()
    }
}

// MARK: - Numbers and booleans

extension TOMLReader {
    mutating func scalar() throws(TOMLError) -> TOMLValue.Content {
        let start = position
        let first = at
        while let byte = peek(), byte.isScalar { at += 1 }
        let word = text(first..<at)
        guard let content = Self.content(of: word) else {
            throw TOMLError(position: start, message: Self.complaint(about: word))
        }
        return content
    }

    private static func content(of word: String) -> TOMLValue.Content? {
        switch word {
        case "true": return .boolean(true)
        case "false": return .boolean(false)
        case "inf", "+inf": return .float(.infinity)
        case "-inf": return .float(-.infinity)
        case "nan", "+nan", "-nan": return .float(.nan)
        default: break
        }
        guard let digits = withoutUnderscores(Array(word.utf8)) else { return nil }
        return integer(digits).map { .integer($0) } ?? float(digits).map { .float($0) }
    }

    /// Underscores may stand between digits only.
    private static func withoutUnderscores(_ word: [UInt8]) -> [UInt8]? {
        for (i, byte) in word.enumerated() where byte == UInt8(ascii: "_") {
            guard i > 0, i + 1 < word.count, word[i - 1].hexValue != nil,
                word[i + 1].hexValue != nil
            else { return nil }
        }
        return word.filter { $0 != UInt8(ascii: "_") }
    }

    private static func integer(_ word: [UInt8]) -> Int64? {
        if word.count > 2, word[0] == UInt8(ascii: "0"), let radix = radix(word[1]) {
            let digits = word.dropFirst(2)
            guard digits.allSatisfy({ $0.hexValue != nil }) else { return nil }
            return Int64(String(decoding: digits, as: UTF8.self), radix: radix)
        }
        let digits = unsigned(word)
        guard isDecimal(digits) else { return nil }
        return Int64(String(decoding: word, as: UTF8.self))
    }

    private static func radix(_ letter: UInt8) -> Int? {
        switch letter {
        case UInt8(ascii: "x"): 16
        case UInt8(ascii: "o"): 8
        case UInt8(ascii: "b"): 2
        default: nil
        }
    }

    /// `6.02e+23`: a decimal integer, then a fraction, an exponent, or both.
    private static func float(_ word: [UInt8]) -> Double? {
        let parts = unsigned(word).split(
            separator: UInt8(ascii: "e"), maxSplits: 1, omittingEmptySubsequences: false)
        let lowered = parts.count == 1 ? splitCapital(parts[0]) : parts
        let mantissa = lowered[0].split(
            separator: UInt8(ascii: "."), maxSplits: 1, omittingEmptySubsequences: false)
        guard lowered.count + mantissa.count > 2, isDecimal(mantissa[0]) else { return nil }
        if mantissa.count == 2, !isDigits(mantissa[1]) { return nil }
        if lowered.count == 2, !isDigits(unsigned(Array(lowered[1]))) { return nil }
        return Double(String(decoding: word, as: UTF8.self))
    }

    private static func splitCapital(_ word: ArraySlice<UInt8>) -> [ArraySlice<UInt8>] {
        word.split(separator: UInt8(ascii: "E"), maxSplits: 1, omittingEmptySubsequences: false)
    }

    private static func unsigned(_ word: [UInt8]) -> ArraySlice<UInt8> {
        let isSigned = word.first == UInt8(ascii: "+") || word.first == UInt8(ascii: "-")
        return isSigned ? word.dropFirst() : word[...]
    }

    private static func isDigits(_ word: ArraySlice<UInt8>) -> Bool {
        !word.isEmpty && word.allSatisfy(\.isDigit)
    }

    private static func isDecimal(_ word: ArraySlice<UInt8>) -> Bool {
        isDigits(word) && (word.count == 1 || word.first != UInt8(ascii: "0"))
    }

    private static func complaint(about word: String) -> String {
        if word.isEmpty { return "expected a value" }
        let bytes = Array(word.utf8)
        let marks = [UInt8(ascii: "-"), UInt8(ascii: ":")]
        let isDate = bytes[0].isDigit && bytes.contains { marks.contains($0) }
        if isDate { return "dates and times are not read here; put it in quotes" }
        return "'\(word)' is no value; put text in quotes"
    }
}

extension UInt8 {
    /// May stand in a number, a boolean, or what someone meant to be one.
    fileprivate var isScalar: Bool {
        isBareKey || self == UInt8(ascii: "+") || self == UInt8(ascii: ".")
            || self == UInt8(ascii: ":")
    }
}
