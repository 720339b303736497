// SPDX-License-Identifier: Apache-2.0

internal import JSON

/// One line as a format looks at it.
struct SnapshotLine {
    /// From 1.
    let number: Int
    /// Of the line's first byte, in the (decompressed) input.
    let offset: Int64
    /// Without line end; invalid UTF-8 repaired.
    let text: String

    init(number: Int, offset: Int64, text: String) {
        self.number = number
        self.offset = offset
        self.text = text
    }

    init(_ bytes: Span<UInt8>, _ number: Int, _ offset: Int64) {
        var copy: [UInt8] = []
        copy.reserveCapacity(bytes.count)
        for i in bytes.indices { copy.append(bytes[i]) }
        self.init(number: number, offset: offset, text: String(decoding: copy, as: UTF8.self))
    }

    /// The lines of a value that JSON shows on one line after its name, `"State": {"Pid": 0, …},`;
    /// `nil` where the line is no such. Formatters write short objects so.
    var unfolded: [SnapshotLine]? {
        var body = text.trimmed
        if body.hasSuffix(",") { body = body.dropLast() }
        guard body.utf8.first == 0x22, body.hasSuffix("}") || body.hasSuffix("]"),
            body.contains("\": {\"") || body.contains("\":{\"") || body.contains("\": [{")
                || body.contains("\":[{"),
            let value = try? JSONValue(parsing: "{\(body)}")
        else { return nil }
        return Array(writtenOut(value).dropFirst().dropLast())
    }

    /// The lines of a JSON document that stands on this line alone, one value a line; `nil` where
    /// it is damaged.
    var document: [SnapshotLine]? {
        (try? JSONValue(parsing: String(text.trimmed))).map(writtenOut)
    }

    /// The same where the line is one element of an array that is written over several: `[{…},`, `{…}]`.
    var documentOfArray: [SnapshotLine]? {
        var body = text.trimmed
        if body.hasPrefix("[{") { body = body.dropFirst() }
        if body.hasSuffix(",") || body.hasSuffix("}]") { body = body.dropLast() }
        guard body.count < text.trimmed.count else { return nil }
        return (try? JSONValue(parsing: String(body))).map(writtenOut)
    }

    private func writtenOut(_ value: JSONValue) -> [SnapshotLine] {
        value.rendered(pretty: true).split(separator: "\n").map {
            SnapshotLine(number: number, offset: offset, text: String($0))
        }
    }

    /// The words between blanks and tabs.
    var words: [Substring] { text[...].words }

    var isBlank: Bool { text.utf8.allSatisfy { $0 == 0x20 || $0 == 0x09 } }

    /// What stands before the first `separator` and behind it, both without blanks around them.
    func split(at separator: Character) -> (name: Substring, value: Substring)? {
        guard let at = text.firstIndex(of: separator) else { return nil }
        return (text[..<at].trimmed, text[text.index(after: at)...].trimmed)
    }
}

extension Substring {
    /// What stands between blanks and tabs. By bytes, since it takes long to find where characters
    /// begin.
    var words: [Substring] {
        var out: [Substring] = []
        let bytes = utf8
        var start = bytes.startIndex
        var i = start
        while i < bytes.endIndex {
            let byte = bytes[i]
            let next = bytes.index(after: i)
            if byte == 0x20 || byte == 0x09 {
                if start < i { out.append(self[start..<i]) }
                start = next
            }
            i = next
        }
        if start < i { out.append(self[start..<i]) }
        return out
    }

    /// The first words between blanks, at most `limit`.
    func prefixWords(_ limit: Int) -> [Substring] {
        var out: [Substring] = []
        var rest = self
        while out.count < limit {
            rest = rest.trimmed
            guard !rest.isEmpty else { break }
            let end = rest.utf8.firstIndex(of: 0x20) ?? rest.endIndex
            out.append(rest[..<end])
            rest = rest[end...]
        }
        return out
    }
}

extension StringProtocol where SubSequence == Substring {
    /// Without blanks and tabs at either end.
    var trimmed: Substring {
        var out = self[...]
        while let first = out.utf8.first, first == 0x20 || first == 0x09 || first == 0x0D {
            out = out.dropFirst()
        }
        while let last = out.utf8.last, last == 0x20 || last == 0x09 || last == 0x0D {
            out = out.dropLast()
        }
        return out
    }
}
