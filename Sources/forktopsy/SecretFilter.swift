// SPDX-License-Identifier: Apache-2.0

internal import Live
internal import Reports

/// Hides secrets in text that goes by in pieces, line by line.
///
/// Bytes that are no UTF-8 stay as they are where their line holds no secret. A private key is
/// hidden from its first line to its last. Values of a journal in export format that stand behind
/// their length keep a true length.
struct SecretFilter {
    private var redactor: Redactor
    private let isJournal: Bool
    private var line: [UInt8] = []
    private var keyLines = 0
    /// Bytes of a value that is announced with its length, its line feed with them; `nil` outside.
    private var valueLength: Int?
    private var awaitsLength = false

    /// A line with more bytes is looked at in parts.
    private static let lineLimit = 1 << 20
    /// Lines that a key may have.
    private static let keyLimit = 400

    init(mode: Redaction.Mode, isJournal: Bool = false) {
        redactor = Redactor(mode: mode)
        self.isJournal = isJournal
    }

    /// How many secrets were hidden so far.
    var secrets: Int { redactor.redaction.secretsReplaced + keys }
    private var keys = 0

    /// Takes the next bytes; gives what can be passed on.
    mutating func take(_ bytes: Span<UInt8>) -> [UInt8] {
        guard redactor.redaction.mode != .none else { return (0..<bytes.count).map { bytes[$0] } }
        var out: [UInt8] = []
        for i in 0..<bytes.count {
            line.append(bytes[i])
            if isComplete(bytes[i]) { flush(into: &out) }
        }
        return out
    }

    /// Says that nothing follows; gives the rest.
    mutating func finish() -> [UInt8] {
        var out: [UInt8] = []
        if !line.isEmpty { flush(into: &out) }
        return out
    }

    private func isComplete(_ last: UInt8) -> Bool {
        if awaitsLength { return line.count == 8 }
        if let valueLength { return line.count == valueLength }
        return last == 0x0A || line.count >= Self.lineLimit
    }

    private mutating func flush(into out: inout [UInt8]) {
        defer { line.removeAll(keepingCapacity: true) }
        if awaitsLength {
            awaitsLength = false
            let length = line.reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
            // The length is written with the value. A false one ends the looking at lengths.
            guard line.count == 8, length < UInt64(Self.lineLimit) else {
                out += line
                return
            }
            valueLength = Int(length) + 1
            return
        }
        if valueLength != nil {
            valueLength = nil
            let shown = hidden(line[...])
            var length = UInt64(max(0, shown.count - 1))
            for _ in 0..<8 {
                out.append(UInt8(truncatingIfNeeded: length))
                length >>= 8
            }
            out += shown
            return
        }
        if isJournal, Self.isFieldName(line) { awaitsLength = true }
        out += hidden(line[...])
    }

    /// A field whose value stands behind its length: the name, and nothing else
    /// (systemd, Journal Export Formats).
    private static func isFieldName(_ line: [UInt8]) -> Bool {
        line.count > 1 && line.last == 0x0A
            && line.dropLast().allSatisfy {
                $0 == UInt8(ascii: "_") || (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0)
                    || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0)
            }
    }

    /// Whether a line ends with a piece of a key, or is one of those that stand above it
    /// (RFC 7468, RFC 1421).
    private static func isOfKey(_ line: String) -> Bool {
        guard let last = line.split(whereSeparator: \.isWhitespace).last else { return true }
        return line.hasPrefix("Proc-Type:") || line.hasPrefix("DEK-Info:")
            || last.utf8.allSatisfy { byte in
                byte == UInt8(ascii: "+") || byte == UInt8(ascii: "/") || byte == UInt8(ascii: "=")
                    || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
                    || (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte)
                    || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
            } && (last.utf8.count >= 24 || line.utf8.count <= 65)
    }

    private mutating func hidden(_ bytes: ArraySlice<UInt8>) -> [UInt8] {
        let text = String(decoding: bytes, as: UTF8.self)
        if keyLines > 0 {
            let isEnd = text.contains("-----END ")
            keyLines = isEnd || !Self.isOfKey(text) ? 0 : keyLines - 1
            if isEnd || keyLines > 0 { return [] }
        }
        if text.contains("-----BEGIN "), text.contains("PRIVATE KEY"), !text.contains("-----END ") {
            keyLines = Self.keyLimit
            keys += 1
            return Array((Redaction.mark + "\n").utf8)
        }
        let shown = redactor.hidden(in: text)
        return shown == text ? Array(bytes) : Array(shown.utf8)
    }
}
