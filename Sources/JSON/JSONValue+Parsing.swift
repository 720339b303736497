// SPDX-License-Identifier: Apache-2.0

/// Why a text is not JSON, and where.
package struct JSONError: Error, Hashable, CustomStringConvertible {
    package enum Code: String, Sendable {
        case unexpectedByte, unexpectedEnd, badNumber, badString, tooDeep, trailingBytes
    }

    package var code: Code
    /// Bytes from the start of the text.
    package var offset: Int

    package var description: String { "not JSON (\(code.rawValue)) at byte \(offset)" }
}

extension JSONValue {
    /// Reads one JSON value that takes up all of `text`.
    ///
    /// Throws `JSONError` at the first byte that cannot belong to it.
    package init(parsing text: String) throws(JSONError) {
        var parser = JSONParser(bytes: Array(text.utf8))
        self = try parser.wholeText()
    }
}

/// A recursive-descent reader of RFC 8259, bounded in depth since its input may be hostile.
private struct JSONParser {
    let bytes: [UInt8]
    var at = 0
    static let depthLimit = 128

    init(bytes: [UInt8]) { self.bytes = bytes }

    mutating func wholeText() throws(JSONError) -> JSONValue {
        let value = try self.value(depth: 0)
        skipSpace()
        guard at == bytes.count else { throw error(.trailingBytes) }
        return value
    }

    private func error(_ code: JSONError.Code) -> JSONError { JSONError(code: code, offset: at) }

    private mutating func skipSpace() {
        while at < bytes.count, [0x20, 0x09, 0x0A, 0x0D].contains(bytes[at]) { at += 1 }
    }

    private mutating func value(depth: Int) throws(JSONError) -> JSONValue {
        guard depth < Self.depthLimit else { throw error(.tooDeep) }
        skipSpace()
        guard at < bytes.count else { throw error(.unexpectedEnd) }
        switch bytes[at] {
        case UInt8(ascii: "{"): return .object(try members(depth: depth))
        case UInt8(ascii: "["): return .array(try items(depth: depth))
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "t"): return try word("true", .bool(true))
        case UInt8(ascii: "f"): return try word("false", .bool(false))
        case UInt8(ascii: "n"): return try word("null", .null)
        default: return try number()
        }
    }

    private mutating func word(_ text: String, _ value: JSONValue) throws(JSONError) -> JSONValue {
        for byte in text.utf8 { try expect(byte) }
        return value
    }

    private mutating func expect(_ byte: UInt8) throws(JSONError) {
        guard at < bytes.count else { throw error(.unexpectedEnd) }
        guard bytes[at] == byte else { throw error(.unexpectedByte) }
        at += 1
    }

    /// Steps over `byte`, if it comes next after any white space.
    private mutating func took(_ byte: UInt8) -> Bool {
        skipSpace()
        guard at < bytes.count, bytes[at] == byte else { return false }
        at += 1
        return true
    }

    private mutating func items(depth: Int) throws(JSONError) -> [JSONValue] {
        at += 1
        var items: [JSONValue] = []
        if took(UInt8(ascii: "]")) { return items }
        repeat {
            items.append(try value(depth: depth + 1))
        } while took(UInt8(ascii: ","))
        try expect(UInt8(ascii: "]"))
        return items
    }

    private mutating func members(depth: Int) throws(JSONError) -> [JSONMember] {
        at += 1
        var members: [JSONMember] = []
        if took(UInt8(ascii: "}")) { return members }
        repeat {
            skipSpace()
            let name = try string()
            skipSpace()
            try expect(UInt8(ascii: ":"))
            members.append(JSONMember(name, try value(depth: depth + 1)))
        } while took(UInt8(ascii: ","))
        try expect(UInt8(ascii: "}"))
        return members
    }

    private mutating func number() throws(JSONError) -> JSONValue {
        let start = at
        var isWhole = true
        while at < bytes.count {
            switch bytes[at] {
            case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"): break
            case UInt8(ascii: "."), UInt8(ascii: "e"), UInt8(ascii: "E"), UInt8(ascii: "+"):
                isWhole = false
            default: return try number(start..<at, isWhole: isWhole)
            }
            at += 1
        }
        return try number(start..<at, isWhole: isWhole)
    }

    private func number(_ range: Range<Int>, isWhole: Bool) throws(JSONError) -> JSONValue {
        guard let first = bytes[range].first else { throw error(.unexpectedByte) }
        guard first != UInt8(ascii: "+"), first != UInt8(ascii: ".") else {
            throw error(.badNumber)
        }
        let text = String(decoding: bytes[range], as: UTF8.self)
        if isWhole, let value = Int64(text) { return .int(value) }
        guard let value = Double(text), value.isFinite else { throw error(.badNumber) }
        return .double(value)
    }

    private mutating func string() throws(JSONError) -> String {
        try expect(UInt8(ascii: "\""))
        var units: [UInt8] = []
        while at < bytes.count {
            let byte = bytes[at]
            at += 1
            switch byte {
            case UInt8(ascii: "\""): return String(decoding: units, as: UTF8.self)
            case UInt8(ascii: "\\"): units += String(try escape()).utf8
            case 0..<0x20: throw error(.badString)
            default: units.append(byte)
            }
        }
        throw error(.unexpectedEnd)
    }

    private mutating func escape() throws(JSONError) -> Unicode.Scalar {
        guard at < bytes.count else { throw error(.unexpectedEnd) }
        let byte = bytes[at]
        at += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return Unicode.Scalar(byte)
        case UInt8(ascii: "b"): return "\u{8}"
        case UInt8(ascii: "f"): return "\u{c}"
        case UInt8(ascii: "n"): return "\n"
        case UInt8(ascii: "r"): return "\r"
        case UInt8(ascii: "t"): return "\t"
        case UInt8(ascii: "u"): return try unicodeEscape()
        default: throw error(.badString)
        }
    }

    /// A `\u` escape, or the pair of them that UTF-16 needs; half a pair becomes U+FFFD.
    private mutating func unicodeEscape() throws(JSONError) -> Unicode.Scalar {
        let high = try fourDigits()
        guard (0xD800..<0xDC00).contains(high) else { return Unicode.Scalar(high) ?? "\u{FFFD}" }
        guard at + 1 < bytes.count, bytes[at] == UInt8(ascii: "\\"),
            bytes[at + 1] == UInt8(ascii: "u")
        else { return "\u{FFFD}" }
        let before = at
        at += 2
        let low = try fourDigits()
        guard (0xDC00..<0xE000).contains(low) else {
            at = before
            return "\u{FFFD}"
        }
        return Unicode.Scalar(0x10000 + (high - 0xD800) << 10 + (low - 0xDC00)) ?? "\u{FFFD}"
    }

    private mutating func fourDigits() throws(JSONError) -> UInt32 {
        guard at + 4 <= bytes.count else { throw error(.unexpectedEnd) }
        let text = String(decoding: bytes[at..<at + 4], as: UTF8.self)
        guard let value = UInt32(text, radix: 16), !text.hasPrefix("+") else {
            throw error(.badString)
        }
        at += 4
        return value
    }
}
