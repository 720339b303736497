// SPDX-License-Identifier: Apache-2.0

/// Small questions asked of borrowed bytes while a header is read.
extension Span<UInt8> {
    /// The byte at `index`, or 0 beyond either end: no header has a NUL where one is looked for.
    @inline(__always)
    func byte(_ index: Int) -> UInt8 { UInt(bitPattern: index) < UInt(count) ? self[index] : 0 }

    /// Whether `text` stands at `index`.
    @inline(__always)
    func has(_ text: StaticString, at index: Int) -> Bool {
        let length = text.utf8CodeUnitCount
        guard index >= 0, index + length <= count else { return false }
        return text.withUTF8Buffer { wanted in
            for i in 0..<length where unsafe self[index + i] != wanted[i] { return false }
            return true
        }
    }

    /// A decimal number of at most `limit` digits at `index`, and the index behind it.
    @inline(__always)
    func number(at index: Int, limit: Int) -> (value: Int, end: Int)? {
        var i = index
        var value = 0
        while i < count, i - index < limit {
            let digit = self[i] &- 0x30
            guard digit < 10 else { break }
            value = value &* 10 &+ Int(digit)
            i += 1
        }
        return i > index ? (value, i) : nil
    }

    /// Exactly two digits at `index`.
    @inline(__always)
    func twoDigits(at index: Int) -> Int? {
        guard index + 2 <= count else { return nil }
        let tens = self[index] &- 0x30
        let ones = self[index + 1] &- 0x30
        guard tens < 10, ones < 10 else { return nil }
        return Int(tens) &* 10 &+ Int(ones)
    }

    /// The first `byte` from `index` on, before `end`.
    @inline(__always)
    func first(_ byte: UInt8, from index: Int, to end: Int? = nil) -> Int? {
        firstIndex(
            of: byte, in: self, from: Swift.min(index, count), to: Swift.min(end ?? count, count))
    }

    /// The first place of `text` from `index` on.
    func find(_ text: StaticString, from index: Int = 0) -> Int? {
        let head = text.withUTF8Buffer { unsafe $0[0] }
        var i = index
        while let hit = first(head, from: i) {
            if has(text, at: hit) { return hit }
            i = hit + 1
        }
        return nil
    }

    /// Whether all bytes are printable ASCII: no control character, no byte above 0x7E.
    ///
    /// Eight bytes at once, read within the bounds that are checked before each.
    var isPlain: Bool {
        let count = count
        return unsafe withUnsafeBytes { bytes in
            var i = 0
            var odd: UInt64 = 0
            while i + 8 <= count {
                let word = unsafe bytes.loadUnaligned(fromByteOffset: i, as: UInt64.self)
                // The high bit of each byte that is below 0x20, is 0x7F, or has it set already.
                odd |= (word &- 0x2020_2020_2020_2020) & ~word | word
                odd |= word &+ 0x0101_0101_0101_0101
                if odd & 0x8080_8080_8080_8080 != 0 { return false }
                i += 8
            }
            while i < count {
                let byte = unsafe bytes[i]
                if byte &- 0x20 >= 0x5F { return false }
                i += 1
            }
            return true
        }
    }

    /// Whether a character that is no ASCII ends in valid UTF-8 before `end`.
    func endsInUTF8(before end: Int) -> Bool {
        var lead = end - 1
        while lead > 0, end - lead < 4, self[lead] & 0xC0 == 0x80 { lead -= 1 }
        let wanted =
            switch self[lead] {
            case 0xC2...0xDF: 2
            case 0xE0...0xEF: 3
            case 0xF0...0xF4: 4
            default: 0
            }
        return wanted == end - lead
    }

    /// The bytes of a range as text, invalid UTF-8 repaired.
    func text(_ range: Range<Int>) -> String {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(range.count)
        for i in range { bytes.append(self[i]) }
        return String(decoding: bytes, as: UTF8.self)
    }
}

@inline(__always)
func isDigit(_ byte: UInt8) -> Bool { byte &- 0x30 < 10 }

/// Letters, digits and what names of hosts, units and containers are made of.
@inline(__always)
func isNameByte(_ byte: UInt8) -> Bool {
    isDigit(byte) || (byte | 0x20) &- 0x61 < 26 || byte == 0x2D || byte == 0x5F || byte == 0x2E
        || byte == 0x40 || byte == 0x5C || byte == 0x3A
}
