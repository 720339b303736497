// SPDX-License-Identifier: Apache-2.0
// What the sieve reads of a record, byte by byte.

internal import Model

extension LineSieve {
    /// Whether a message is of one record, and stands as its server wrote it: printable ASCII, without
    /// what might be another header. What copying does to warnings is taken back elsewhere
    /// (`RecordReader.isWorthRepair`).
    static func isOneRecord(_ message: Span<UInt8>, isWarning: Bool) -> Bool {
        guard message.isPlain else { return false }
        var from = 0
        while let colon = message.first(0x3A, from: from) {
            if message.byte(colon + 2) == 0x20 { return false }
            from = colon + 1
        }
        return !isWarning || message.first(0x26, from: 0) == nil && message.find("''") == nil
    }

    /// The process id in `123:C ` and where that ends.
    static func childLead(_ bytes: Span<UInt8>, _ from: Int) -> (Int32, Int)? {
        var pid: Int32 = 0
        var i = 0
        while i < 8 {
            let digit = bytes[from + i] &- 0x30
            guard digit < 10 else { break }
            pid = pid * 10 + Int32(digit)
            i += 1
        }
        guard pid > 0, bytes[from + i] == 0x3A, bytes[from + i + 1] == 0x43,
            bytes[from + i + 2] == 0x20
        else { return nil }
        return (pid, i + 3)
    }

    /// Nanoseconds within the minute, and the level, of `02.123 *`; `nil` where anything else stands.
    @inline(__always)
    static func clock(_ text: UInt64) -> (Int64, Level)? {
        guard text & 0x00FF_0000_00FF_0000 == 0x0020_0000_002E_0000 else { return nil }
        let digits = (text & 0x0000_FFFF_FF00_FFFF) &- 0x0000_3030_3000_3030
        let isBeyond = (digits &+ 0x0000_7676_7600_7676) | digits
        guard isBeyond & 0x0000_8080_8000_8080 == 0 else { return nil }
        let seconds = (digits & 0xFF) &* 10 &+ (digits >> 8 & 0xFF)
        let milliseconds =
            (digits >> 24 & 0xFF) &* 100 &+ (digits >> 32 & 0xFF) &* 10 &+ (digits >> 40 & 0xFF)
        guard seconds < 60 else { return nil }
        let level: Level
        switch text >> 56 {
        case 0x2E: level = .debug
        case 0x2D: level = .verbose
        case 0x2A: level = .notice
        case 0x23: level = .warning
        default: return nil
        }
        let within = seconds &* 1_000_000_000 &+ milliseconds &* 1_000_000
        return (Int64(truncatingIfNeeded: within), level)
    }

    /// Whether a message may end so: what copying leaves behind messages is taken off first
    /// (`RecordReader.trimmed`).
    @inline(__always)
    static func isLast(_ byte: UInt8, after before: UInt8) -> Bool {
        switch byte {
        case 0x20, 0x60, 0x5D, 0x2A, 0x3E, 0x7C, 0x5C, 0x4D: false
        case 0x6E: before != 0x5C
        default: true
        }
    }

    /// Whether a bit stands between two bytes of the block.
    @inline(__always)
    static func isFlagged(_ flags: Span<UInt64>, _ from: Int, _ end: Int) -> Bool {
        var word = from >> 6
        let last = (end &- 1) >> 6
        guard from >= 0, last < flags.count else { return true }
        var bits = flags[word] & (~0 << UInt64(from & 63))
        while word < last {
            if bits != 0 { return true }
            word &+= 1
            bits = flags[word]
        }
        return bits & (~0 >> UInt64(63 &- (end &- 1) & 63)) != 0
    }
}
