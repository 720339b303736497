// SPDX-License-Identifier: Apache-2.0

/// Reads TOML 1.0 without dates and times: tables, arrays of tables, dotted and quoted keys,
/// inline tables, arrays, all four kinds of string, integers, floats and booleans.
///
/// Source: TOML v1.0.0 (toml.io/en/v1.0.0). Input is not trusted: size and nesting are bounded.
package struct TOMLReader {
    /// Bytes of the largest document that is read.
    package static let sizeLimit = 1 << 20
    /// Tables and arrays may be nested this deep.
    package static let depthLimit = 24

    let bytes: [UInt8]
    var at = 0
    var line = 1
    var lineStart = 0
    var tree = TOMLTree()

    private init(_ bytes: [UInt8]) { self.bytes = bytes }

    /// The document's root table. Throws at the first place that cannot be read.
    package static func read(_ bytes: [UInt8]) throws(TOMLError) -> TOMLTable {
        guard bytes.count <= sizeLimit else {
            throw TOMLError(position: .start, message: "the file is larger than \(sizeLimit) bytes")
        }
        try validate(bytes)
        var reader = TOMLReader(bytes)
        try reader.document()
        return reader.tree.root
    }

    private static func validate(_ bytes: [UInt8]) throws(TOMLError) {
        do {
            _ = try UTF8Span(validating: bytes.span)
        } catch {
            let before = bytes[..<error.byteOffsets.lowerBound]
            let lines = before.count { $0 == UInt8(ascii: "\n") }
            let start = before.lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? 0
            throw TOMLError(
                position: FilePosition(line: lines + 1, column: before.count - start + 1),
                message: "this is not UTF-8")
        }
    }
}

// MARK: - Lines

extension TOMLReader {
    private mutating func document() throws(TOMLError) {
        while true {
            skipBlank()
            guard let byte = peek() else { return }
            switch byte {
            case UInt8(ascii: "\n"), UInt8(ascii: "\r"), UInt8(ascii: "#"): break
            case UInt8(ascii: "["): try header()
            default: try assignment()
            }
            try endOfLine()
        }
    }

    /// `[a.b]` or `[[a.b]]`
    private mutating func header() throws(TOMLError) {
        let start = position
        at += 1
        let isArray = take(UInt8(ascii: "["))
        skipBlank()
        let path = try keyPath()
        skipBlank()
        let closed = take(UInt8(ascii: "]")) && (!isArray || take(UInt8(ascii: "]")))
        guard closed else { throw failure("expected ']' after a table's name") }
        try tree.open(path, isArray: isArray, at: start)
    }

    /// `key = value`
    private mutating func assignment() throws(TOMLError) {
        let path = try keyPath()
        skipBlank()
        guard take(UInt8(ascii: "=")) else { throw failure("expected '=' after a key") }
        skipBlank()
        let value = try value(depth: 0)
        try tree.assign(value, to: path)
    }

    /// Blanks, a comment, and the line's end.
    private mutating func endOfLine() throws(TOMLError) {
        skipBlank()
        try skipComment()
        if peek() == nil || newline() { return }
        throw failure("expected the end of the line")
    }
}

// MARK: - Keys

extension TOMLReader {
    /// `a."b c".d`
    mutating func keyPath() throws(TOMLError) -> [TOMLKey] {
        var path: [TOMLKey] = []
        repeat {
            skipBlank()
            path.append(try key())
            if path.count > Self.depthLimit { throw failure("a key of too many parts") }
            skipBlank()
        } while take(UInt8(ascii: "."))
        return path
    }

    private mutating func key() throws(TOMLError) -> TOMLKey {
        let start = position
        switch peek() {
        case UInt8(ascii: "\""), UInt8(ascii: "'"):
            if startsTripleQuote() { throw failure("a key cannot be a multi-line string") }
            return TOMLKey(name: try string().text, position: start)
        default:
            let first = at
            while let byte = peek(), byte.isBareKey { at += 1 }
            guard at > first else { throw failure("expected a key") }
            return TOMLKey(name: text(first..<at), position: start)
        }
    }
}

/// One part of a dotted key.
struct TOMLKey: Hashable {
    var name: String
    var position: FilePosition
}

// MARK: - Values

extension TOMLReader {
    mutating func value(depth: Int) throws(TOMLError) -> TOMLValue {
        let start = position
        guard depth < Self.depthLimit else { throw failure("values nested too deep") }
        guard let byte = peek() else { throw failure("expected a value") }
        let content: TOMLValue.Content
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "'"): content = .string(try string())
        case UInt8(ascii: "["): content = .array(try array(depth: depth))
        case UInt8(ascii: "{"): content = .table(try inlineTable(depth: depth))
        default: content = try scalar()
        }
        return TOMLValue(position: start, content: content)
    }

    private mutating func array(depth: Int) throws(TOMLError) -> [TOMLValue] {
        at += 1
        var values: [TOMLValue] = []
        while true {
            try skipBlankLines()
            if take(UInt8(ascii: "]")) { return values }
            values.append(try value(depth: depth + 1))
            try skipBlankLines()
            if take(UInt8(ascii: ",")) { continue }
            guard take(UInt8(ascii: "]")) else { throw failure("expected ',' or ']' in an array") }
            return values
        }
    }

    private mutating func inlineTable(depth: Int) throws(TOMLError) -> TOMLTable {
        at += 1
        var inner = TOMLTree()
        skipBlank()
        if take(UInt8(ascii: "}")) { return inner.root }
        while true {
            let path = try keyPath()
            guard take(UInt8(ascii: "=")) else { throw failure("expected '=' after a key") }
            skipBlank()
            try inner.assign(try value(depth: depth + path.count), to: path)
            skipBlank()
            if take(UInt8(ascii: ",")) { continue }
            guard take(UInt8(ascii: "}")) else {
                throw failure("expected ',' or '}' in an inline table, which ends on its line")
            }
            return inner.root
        }
    }
}

// MARK: - Bytes

extension TOMLReader {
    var position: FilePosition { FilePosition(line: line, column: at - lineStart + 1) }

    func peek(_ ahead: Int = 0) -> UInt8? {
        at + ahead < bytes.count ? bytes[at + ahead] : nil
    }

    func text(_ range: Range<Int>) -> String {
        String(decoding: bytes[range], as: UTF8.self)
    }

    func failure(_ message: String) -> TOMLError {
        TOMLError(position: position, message: message)
    }

    mutating func take(_ byte: UInt8) -> Bool {
        guard peek() == byte else { return false }
        at += 1
        return true
    }

    /// Steps over LF or CR LF.
    mutating func newline() -> Bool {
        let length = peek() == UInt8(ascii: "\r") ? 2 : 1
        guard peek(length - 1) == UInt8(ascii: "\n") else { return false }
        at += length
        line += 1
        lineStart = at
        return true
    }

    mutating func skipBlank() {
        while let byte = peek(), byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") { at += 1 }
    }

    mutating func skipComment() throws(TOMLError) {
        guard peek() == UInt8(ascii: "#") else { return }
        while let byte = peek(), byte != UInt8(ascii: "\n") {
            if byte == UInt8(ascii: "\r"), peek(1) == UInt8(ascii: "\n") { return }
            if byte.isForbiddenControl { throw failure("a control character in a comment") }
            at += 1
        }
    }

    mutating func skipBlankLines() throws(TOMLError) {
        repeat {
            skipBlank()
            try skipComment()
        } while newline()
    }
}

extension UInt8 {
    var isDigit: Bool { self >= UInt8(ascii: "0") && self <= UInt8(ascii: "9") }
    var isLetter: Bool { (self | 0x20) >= UInt8(ascii: "a") && (self | 0x20) <= UInt8(ascii: "z") }
    var isBareKey: Bool {
        isDigit || isLetter || self == UInt8(ascii: "_") || self == UInt8(ascii: "-")
    }
    /// Control characters other than tab, which TOML allows nowhere.
    var isForbiddenControl: Bool { (self < 0x20 && self != 0x09) || self == 0x7F }
    var hexValue: UInt32? {
        if isDigit { return UInt32(self - UInt8(ascii: "0")) }
        let lower = self | 0x20
        guard lower >= UInt8(ascii: "a"), lower <= UInt8(ascii: "f") else { return nil }
        return UInt32(lower - UInt8(ascii: "a")) + 10
    }
}
