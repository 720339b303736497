// SPDX-License-Identifier: Apache-2.0

/// What a line of a JSON document says, one thing after the other.
enum JSONEvent {
    /// `{` or `[`; `name` where it is a member of an object.
    case open(name: String?, isArray: Bool)
    case close
    case scalar(name: String?, JSONScalar)
}

/// A value that holds no other.
enum JSONScalar: Hashable, Sendable {
    case string(String)
    /// As written.
    case number(String)
    case bool(Bool)
    case null

    /// The text of a string, or a number as written.
    var text: String? {
        switch self {
        case .string(let text), .number(let text): text
        case .bool, .null: nil
        }
    }
}

/// Cuts a JSON document into events, line by line: strings and numbers never go over a line's end.
///
/// Unlike `JSONValue(parsing:)` it goes on where a document is damaged: commas may be missing, what
/// is closed wrongly is closed as far as it was open, a string that is cut is left out. So it
/// says the same of all that a lost line leaves whole.
struct JSONScanner {
    private(set) var isDamaged = false
    /// Whether the last closing bracket is read.
    private(set) var isComplete = false
    /// What is open, `true` for an array.
    private var stack: [Bool] = []
    /// How many of them were open when the line began.
    private var depthAbove = 0
    private var name: String?
    /// A string that may turn out to be a name.
    private var pending: String?

    static let depthLimit = 64

    var depth: Int { stack.count }

    /// Lends each event of the line to `body`. `false` where the line cannot be part of JSON; the
    /// document then ends before whatever stands there.
    mutating func scan(_ line: String, _ body: (JSONEvent) -> Void) -> Bool {
        let bytes = Array(line.utf8)
        var at = 0
        depthAbove = stack.count
        while at < bytes.count {
            let byte = bytes[at]
            depthAbove = min(depthAbove, stack.count)
            switch byte {
            case 0x20, 0x09, 0x0D: at += 1
            case _ where isComplete: return false
            case UInt8(ascii: "{"), UInt8(ascii: "["):
                guard stack.count < Self.depthLimit else { return false }
                open(isArray: byte == UInt8(ascii: "["), body)
                at += 1
            case UInt8(ascii: "}"), UInt8(ascii: "]"):
                guard !stack.isEmpty else { return false }
                close(isArray: byte == UInt8(ascii: "]"), body)
                at += 1
            case UInt8(ascii: ":"):
                if pending == nil { isDamaged = true }
                name = pending
                pending = nil
                at += 1
            case UInt8(ascii: ","):
                flush(body)
                at += 1
            case UInt8(ascii: "\""):
                if pending != nil { isDamaged = true }
                flush(body, keepsName: pending == nil)
                guard let (text, end) = Self.string(bytes, at + 1) else {
                    isDamaged = true
                    name = nil
                    return !stack.isEmpty
                }
                pending = text
                at = end
            default:
                guard !stack.isEmpty, let (scalar, end) = Self.word(bytes, at) else {
                    isDamaged = true
                    return false
                }
                if pending != nil { isDamaged = true }
                flush(body, keepsName: pending == nil)
                at = end
                // A number at the end of a line on which its object begins is cut.
                if end == bytes.count, case .number = scalar, stack.count > depthAbove {
                    isDamaged = true
                } else {
                    body(.scalar(name: name, scalar))
                }
                name = nil
            }
        }
        return true
    }

    /// Says that nothing follows; what is still open is closed.
    mutating func finish(_ body: (JSONEvent) -> Void) {
        if !stack.isEmpty { isDamaged = true }
        flush(body)
        while stack.popLast() != nil { body(.close) }
    }

    // MARK: - Structure

    private mutating func open(isArray: Bool, _ body: (JSONEvent) -> Void) {
        if pending != nil { isDamaged = true }
        flush(body, keepsName: pending == nil)
        body(.open(name: name, isArray: isArray))
        name = nil
        stack.append(isArray)
    }

    private mutating func close(isArray: Bool, _ body: (JSONEvent) -> Void) {
        flush(body)
        if stack.last != isArray {
            isDamaged = true
            guard let opened = stack.lastIndex(of: isArray) else { return }
            while stack.count > opened + 1 {
                stack.removeLast()
                body(.close)
            }
        }
        stack.removeLast()
        body(.close)
        isComplete = stack.isEmpty
    }

    /// Gives a string out that turned out to be no name.
    private mutating func flush(_ body: (JSONEvent) -> Void, keepsName: Bool = false) {
        if let pending { body(.scalar(name: name, .string(pending))) }
        pending = nil
        if !keepsName { name = nil }
    }

    // MARK: - Scalars

    /// The string that begins at `start`, and where what follows begins.
    private static func string(_ bytes: [UInt8], _ start: Int) -> (String, Int)? {
        var units: [UInt8] = []
        var at = start
        while at < bytes.count {
            switch bytes[at] {
            case UInt8(ascii: "\""): return (String(decoding: units, as: UTF8.self), at + 1)
            case UInt8(ascii: "\\"):
                guard let (scalar, end) = escape(bytes, at + 1) else { return nil }
                units += String(scalar).utf8
                at = end
            default:
                units.append(bytes[at])
                at += 1
            }
        }
        return nil
    }

    private static func escape(_ bytes: [UInt8], _ at: Int) -> (Unicode.Scalar, Int)? {
        guard at < bytes.count else { return nil }
        switch bytes[at] {
        case UInt8(ascii: "n"): return ("\n", at + 1)
        case UInt8(ascii: "t"): return ("\t", at + 1)
        case UInt8(ascii: "r"): return ("\r", at + 1)
        case UInt8(ascii: "b"): return ("\u{8}", at + 1)
        case UInt8(ascii: "f"): return ("\u{C}", at + 1)
        case UInt8(ascii: "u"):
            guard let high = code(bytes, at + 1) else { return nil }
            if (0xD800..<0xDC00).contains(high), at + 6 < bytes.count,
                bytes[at + 5] == UInt8(ascii: "\\"), bytes[at + 6] == UInt8(ascii: "u"),
                let low = code(bytes, at + 7), (0xDC00..<0xE000).contains(low)
            {
                let scalar = Unicode.Scalar(0x10000 + (high - 0xD800) << 10 + (low - 0xDC00))
                return (scalar ?? "\u{FFFD}", at + 11)
            }
            return (Unicode.Scalar(high) ?? "\u{FFFD}", at + 5)
        case let byte: return (Unicode.Scalar(byte), at + 1)
        }
    }

    private static func code(_ bytes: [UInt8], _ at: Int) -> UInt32? {
        guard at + 4 <= bytes.count else { return nil }
        return UInt32(String(decoding: bytes[at..<at + 4], as: UTF8.self), radix: 16)
    }

    /// The number, `true`, `false` or `null` that begins at `start`.
    private static func word(_ bytes: [UInt8], _ start: Int) -> (JSONScalar, Int)? {
        var at = start
        while at < bytes.count, isWord(bytes[at]) { at += 1 }
        let text = String(decoding: bytes[start..<at], as: UTF8.self)
        switch text {
        case "true": return (.bool(true), at)
        case "false": return (.bool(false), at)
        case "null": return (.null, at)
        case _ where (bytes[start] &- 0x30 < 10 || bytes[start] == 0x2D) && Double(text) != nil:
            return (.number(text), at)
        default: return nil
        }
    }

    private static func isWord(_ byte: UInt8) -> Bool {
        byte &- 0x30 < 10 || (byte | 0x20) &- 0x61 < 26 || byte == 0x2B || byte == 0x2D
            || byte == 0x2E
    }
}
