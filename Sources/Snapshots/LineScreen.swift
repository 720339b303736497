// SPDX-License-Identifier: Apache-2.0

/// Tells by the first bytes of a line whether it can matter, before any text is made of it.
struct LineScreen: Sendable {
    /// By first byte, the openers without it.
    private var byFirst: [[[UInt8]]] = Array(repeating: [], count: 256)
    private var isDecisive = [Bool](repeating: false, count: 256)
    /// By last byte, the closers whole.
    private var byLast: [[[UInt8]]] = Array(repeating: [], count: 256)

    init(openers: [String], closers: [String]) {
        for closer in Set(closers) {
            let bytes = Array(closer.utf8)
            guard let last = bytes.last else { continue }
            byLast[Int(last)].append(bytes)
        }
        for opener in Set(openers) {
            let bytes = Array(opener.utf8)
            guard let first = bytes.first else { continue }
            byFirst[Int(first)].append(Array(bytes.dropFirst()))
        }
        // Prompts and times: told apart by `ContextLine`.
        for byte in "$#[=".utf8 { isDecisive[Int(byte)] = true }
    }

    func mayMatter(_ line: Span<UInt8>, expectsDocument: Bool) -> Bool {
        var start = 0
        while start < line.count, line[start] == 0x20 || line[start] == 0x09 { start += 1 }
        guard start < line.count else { return false }
        let first = line[start]
        if expectsDocument, first == 0x7B || first == 0x5B { return true }
        if isDecisive[Int(first)], Self.mayBeContext(line, start) { return true }
        for rest in byFirst[Int(first)] where Self.has(line, rest, at: start + 1) { return true }
        for whole in byLast[Int(line[line.count - 1])]
        where Self.has(line, whole, at: line.count - whole.count) { return true }
        return Self.mayBeTime(line, start) || Self.mayBePrompt(line, start)
    }

    /// Whether a line holds nothing but blanks.
    func isBlank(_ line: Span<UInt8>) -> Bool {
        for i in line.indices where line[i] != 0x20 && line[i] != 0x09 && line[i] != 0x0D {
            return false
        }
        return true
    }

    private static func has(_ line: Span<UInt8>, _ bytes: [UInt8], at start: Int) -> Bool {
        guard start >= 0, start + bytes.count <= line.count else { return false }
        for i in bytes.indices where line[start + i] != bytes[i] { return false }
        return true
    }

    /// `$ `, `# `, `### `, `==> `, `[user@host dir]# `.
    private static func mayBeContext(_ line: Span<UInt8>, _ start: Int) -> Bool {
        guard start + 2 < line.count else { return false }
        switch line[start] {
        case 0x24: return line[start + 1] == 0x20
        case 0x23: return line[start + 1] == 0x20 || line[start + 1] == 0x23
        case 0x3D: return line[start + 1] == 0x3D
        default:
            for i in start..<min(line.count - 2, start + 80) where line[i] == 0x5D {
                return (line[i + 1] == 0x23 || line[i + 1] == 0x24) && line[i + 2] == 0x20
            }
            return false
        }
    }

    /// A date, a time of day or seconds since 1970 at the start, or a day of the week and a time of
    /// day; behind a date nothing, or what may be a command. Logs of other programs begin with a
    /// time, too.
    private static func mayBeTime(_ line: Span<UInt8>, _ start: Int) -> Bool {
        let count = line.count - start
        guard count >= 10 else { return false }
        if line[start] &- 0x30 < 10 {
            if line[start + 4] == 0x2D, line[start + 7] == 0x2D {
                return count <= 40 || isCommandBehindTime(line, start)
            }
            // A row of sar.
            if line[start + 2] == 0x3A, line[start + 5] == 0x3A { return true }
            for i in start..<start + 10 where line[i] &- 0x30 >= 10 { return false }
            return count <= 24 || isCommandBehindTime(line, start)
        }
        guard count <= 160, (line[start] | 0x20) &- 0x61 < 26 || line[start] >= 0x80 else {
            return false
        }
        // The day of the week: one short word.
        var end = start
        while end < line.count, line[end] != 0x20 {
            switch line[end] {
            case 0x3A, 0x2F, 0x5B, 0x3D: return false  // : / [ =
            default: end += 1
            }
        }
        guard end - start <= 14 else { return false }
        var colons = 0
        for i in start..<min(line.count, start + 40) where line[i] == 0x3A { colons += 1 }
        return colons == 2
    }

    /// Whether a word that may name a program, in lower case or with its folder, stands behind the
    /// date and the time of day.
    private static func isCommandBehindTime(_ line: Span<UInt8>, _ start: Int) -> Bool {
        var blanks = 0
        for i in start + 10..<min(line.count - 1, start + 44) where line[i] == 0x20 {
            blanks += 1
            let next = line[i + 1]
            if next &- 0x61 < 26 || next == 0x2F { return true }
            // The time of day and the name of a zone may stand between.
            if blanks == 3 { return false }
        }
        return false
    }

    /// `user@host`, `127.0.0.1:6379> `, and `host<tab>600<tab>` of sadf -p.
    private static func mayBePrompt(_ line: Span<UInt8>, _ start: Int) -> Bool {
        for i in start..<min(line.count, start + 40) {
            if line[i] == 0x20 { return false }
            if line[i] == 0x40 || line[i] == 0x3E { return true }
            if line[i] == 0x09 {
                return i + 1 < line.count && (line[i + 1] &- 0x30 < 10 || line[i + 1] == 0x2D)
            }
        }
        return false
    }
}
