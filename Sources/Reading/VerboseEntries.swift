// SPDX-License-Identifier: Apache-2.0

internal import Model

/// Puts the lines of `journalctl -o verbose` together into entries.
///
/// `Tue 2023-11-14 22:13:20.000000 UTC [s=…;i=…;b=…;m=…;t=60a24181e4000;x=…]`, then indented
/// `FIELD=value` lines. The cursor's `t` is the time in microseconds since 1970, in hexadecimal.
struct VerboseEntries {
    private(set) var bytes: [UInt8] = []
    private(set) var entry = JournalEntry()
    private(set) var line = 0
    private(set) var offset: Int64 = 0
    private(set) var isOpen = false
    private var isInMessage = false

    /// Whether a line begins an entry.
    static func isHeader(_ line: Span<UInt8>) -> Bool {
        line.byte(3) == 0x20 && line.byte(8) == 0x2D && line.find(" [s=") != nil
    }

    /// Takes a line that belongs to verbose output; false where it does not.
    mutating func take(_ line: Span<UInt8>) -> Bool {
        guard isOpen, line.has("    ", at: 0) else { return false }
        var start = 4
        while line.byte(start) == 0x20 { start += 1 }
        var equals = start
        while equals < line.count, equals - start < 65, Self.isName(line[equals]) { equals += 1 }
        let isField = start == 4 && equals > start && line.byte(equals) == 0x3D
        if !isField {
            // A message of several lines goes on, indented to its column.
            guard isInMessage, let message = entry.message else { return true }
            bytes.append(0x0A)
            append(line, from: start)
            entry.message = message.lowerBound..<bytes.count
            return true
        }
        entry.fields += 1
        let nameStart = bytes.count
        append(line, from: start)
        let name = nameStart..<nameStart + equals - start
        isInMessage = false
        if let field = JournalEntry.Field(bytes.span, name) {
            isInMessage = field == .message && entry.message == nil
            var changed = entry
            changed.set(field, name.upperBound + 1..<bytes.count, in: bytes.span)
            entry = changed
        }
        return true
    }

    /// Begins an entry; the one before must have been given out.
    mutating func begin(_ header: Span<UInt8>, line: Int, offset: Int64) {
        bytes.removeAll(keepingCapacity: true)
        entry = JournalEntry()
        entry.realtime = Self.cursorTime(header)
        if let start = header.find("[s="), let end = header.first(0x5D, from: start) {
            append(header.extracting(0..<end), from: start + 1)
            entry.cursor = 0..<bytes.count
        }
        self.line = line
        self.offset = offset
        isOpen = true
        isInMessage = false
    }

    /// Whether an entry waits to be given out; it is closed by this.
    mutating func close() -> Bool {
        defer { isOpen = false }
        return isOpen && entry.fields > 0
    }

    private mutating func append(_ line: Span<UInt8>, from start: Int) {
        guard bytes.count < LineReader.lineLimit * 2 else { return }
        for i in start..<max(start, line.count) { bytes.append(line[i]) }
    }

    private static func isName(_ byte: UInt8) -> Bool {
        byte &- 0x41 < 26 || byte == 0x5F || isDigit(byte)
    }

    private static func cursorTime(_ header: Span<UInt8>) -> Int64? {
        guard let at = header.find(";t=") else { return nil }
        var value: Int64 = 0
        var i = at + 3
        while i < header.count, i - at < 19 {
            let byte = header[i]
            switch byte {
            case 0x30...0x39: value = value &* 16 &+ Int64(byte - 0x30)
            case 0x61...0x66: value = value &* 16 &+ Int64(byte - 0x57)
            default: return i > at + 3 ? value : nil
            }
            i += 1
        }
        return value
    }
}
