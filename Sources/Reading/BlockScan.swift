// SPDX-License-Identifier: Apache-2.0
// Finds the line feeds of a block and the bytes that need a closer look, one bit for each byte.

internal import CByteScan

/// What stands in a block: a bit for each byte.
///
/// C does it, since Swift cannot turn the comparison of a wide register into bits, and that makes the
/// search for line ends, odd bytes and texts cost 7 ns a line, where memchr alone takes 12. Where the
/// processor has no such registers Swift does the same, byte by byte.
struct BlockScan {
    /// Line feeds.
    private(set) var feeds: [UInt64] = []
    /// Control characters and bytes beyond ASCII; colons with a blank two bytes on, as the headers of
    /// records have them; the first bytes of fingerprints.
    private(set) var flags: [UInt64] = []
    /// The byte that the first bit is about.
    private(set) var start = 0
    private(set) var words = 0
    /// Does all of it in Swift.
    var isPortable = false
    /// Words without marks behind those of the block, for those who read several at once.
    static let padding = 4

    /// Looks at the bytes of a range. `fingerprints` are triples of bytes.
    mutating func scan(_ bytes: Span<UInt8>, _ range: Range<Int>, fingerprints: [UInt8]) {
        precondition(range.lowerBound >= 0 && range.upperBound <= bytes.count)
        start = range.lowerBound
        words = (range.count + 63) / 64
        if feeds.count < words + Self.padding {
            feeds = [UInt64](repeating: 0, count: words + Self.padding)
            flags = feeds
        }
        for word in words..<words + Self.padding { (feeds[word], flags[word]) = (0, 0) }
        // C reads two bytes beyond the words that it is given.
        let room = max(0, (bytes.count - 2 - start) / 64)
        var done = min(words, room)
        if isPortable || !scanInC(bytes, words: done, fingerprints) { done = 0 }
        for word in done..<words { scanInSwift(bytes, word, range.upperBound, fingerprints) }
        let rest = range.count % 64
        if rest > 0 {
            feeds[words - 1] &= 1 << UInt64(rest) - 1
            flags[words - 1] &= 1 << UInt64(rest) - 1
        }
    }

    /// The pointers do not leave the closures, and the words lie within the block and the arrays.
    private mutating func scanInC(
        _ bytes: Span<UInt8>, words: Int, _ fingerprints: [UInt8]
    ) -> Bool {
        let start = start
        return unsafe bytes.withUnsafeBufferPointer { bytes in
            unsafe feeds.withUnsafeMutableBufferPointer { feeds in
                unsafe flags.withUnsafeMutableBufferPointer { flags in
                    unsafe fingerprints.withUnsafeBufferPointer { texts in
                        guard let bytes = bytes.baseAddress, let feeds = feeds.baseAddress,
                            let flags = flags.baseAddress
                        else { return true }
                        return unsafe forktopsy_scan_block(
                            bytes + start, words, texts.baseAddress, texts.count / 3, feeds, flags)
                            != 0
                    }
                }
            }
        }
    }

    private mutating func scanInSwift(
        _ bytes: Span<UInt8>, _ word: Int, _ end: Int, _ fingerprints: [UInt8]
    ) {
        var ends: UInt64 = 0
        var found: UInt64 = 0
        let first = start + word * 64
        for i in 0..<min(64, end - first) {
            let at = first + i
            let byte = bytes[at]
            let bit: UInt64 = 1 << UInt64(i)
            if byte == 0x0A {
                ends |= bit
            } else if byte < 0x20 || byte >= 0x7F || byte == 0x3A && bytes.byte(at + 2) == 0x20 {
                found |= bit
            }
            var k = 0
            while k + 2 < fingerprints.count {
                if byte == fingerprints[k], bytes.byte(at + 1) == fingerprints[k + 1],
                    bytes.byte(at + 2) == fingerprints[k + 2]
                {
                    found |= bit
                }
                k += 3
            }
        }
        feeds[word] = ends
        flags[word] = found
    }
}

/// Where two bytes stand in what is at hand of an input, one bit for each byte: what separates the
/// fields of a journal's entries, of which there are thousands in a block.
///
/// Bits are kept while the bytes at hand move on, so that no byte is looked at again for each of many
/// small pieces.
struct PairScan {
    private let first: UInt8
    private let second: UInt8
    private(set) var firsts: [UInt64] = []
    private(set) var seconds: [UInt64] = []
    /// The offset in the input of the byte that the first bit is about.
    private var origin: Int64 = 0
    /// Words that may hold bits.
    private var used = 0
    /// Up to where bytes have bits.
    private var end: Int64 = 0
    let isPortable: Bool
    /// Words without marks behind the others, for those who read several at once.
    static let padding = 2

    /// `isPortable` does all of it in Swift.
    init(_ first: UInt8, _ second: UInt8, isPortable: Bool) {
        self.first = first
        self.second = second
        self.isPortable = isPortable
    }

    /// Marks what is new in the bytes at hand, which begin at `offset` in the input. Returns the bit
    /// of their first byte.
    mutating func follow(_ bytes: Span<UInt8>, at offset: Int64) -> Int {
        let newEnd = offset + Int64(bytes.count)
        if newEnd == end, offset >= origin { return Int(offset - origin) }
        var word = Int(end - origin) / 64
        // Bits of bytes that are no longer at hand are given up once they are half of all.
        if offset < origin || newEnd < end || (offset - origin) * 2 >= end - origin
            || origin + Int64(word) * 64 < offset
        {
            (origin, word) = (offset, 0)
        }
        end = newEnd
        scan(bytes, from: word, bitOfFirst: Int(offset - origin))
        return Int(offset - origin)
    }

    /// The same for what a window holds.
    mutating func follow(_ window: borrowing EntryWindow) -> Int {
        let offset = window.offset
        return window.withBytes { follow($0, at: offset) }
    }

    /// Marks the bytes from the first of a word on.
    private mutating func scan(_ bytes: Span<UInt8>, from word: Int, bitOfFirst: Int) {
        let start = word * 64 - bitOfFirst
        let words = (Int(end - origin) + 63) / 64
        let all = words + Self.padding
        while firsts.count < all {
            firsts.append(0)
            seconds.append(0)
        }
        // None of bytes that were at hand before, when more of them were.
        for i in words..<max(all, used) { (firsts[i], seconds[i]) = (0, 0) }
        used = all
        let whole = (bytes.count - start) / 64
        let done = !isPortable && scanInC(bytes, start, word, count: whole) ? whole : 0
        for i in done..<max(done, words - word) { scanInSwift(bytes, start + i * 64, word + i) }
    }

    /// The pointers do not leave the closures; the words lie within the bytes and the arrays.
    private mutating func scanInC(
        _ bytes: Span<UInt8>, _ start: Int, _ word: Int, count: Int
    ) -> Bool {
        precondition(start >= 0 && count >= 0 && start + count * 64 <= bytes.count)
        precondition(word >= 0 && word + count <= firsts.count && word + count <= seconds.count)
        let (first, second) = (first, second)
        return unsafe bytes.withUnsafeBufferPointer { bytes in
            unsafe firsts.withUnsafeMutableBufferPointer { firsts in
                unsafe seconds.withUnsafeMutableBufferPointer { seconds in
                    guard let bytes = bytes.baseAddress, let firsts = firsts.baseAddress,
                        let seconds = seconds.baseAddress
                    else { return true }
                    return unsafe forktopsy_scan_pair(
                        bytes + start, count, first, second, firsts + word, seconds + word) != 0
                }
            }
        }
    }

    private mutating func scanInSwift(_ bytes: Span<UInt8>, _ start: Int, _ word: Int) {
        var (a, b): (UInt64, UInt64) = (0, 0)
        for i in 0..<max(0, min(64, bytes.count - start)) {
            if bytes[start + i] == first { a |= 1 << UInt64(i) }
            if bytes[start + i] == second { b |= 1 << UInt64(i) }
        }
        (firsts[word], seconds[word]) = (a, b)
    }

    /// The first bit from `bit` on, and before `end`, that is set, if there is one.
    @inline(__always)
    static func next(_ marks: Span<UInt64>, from bit: Int, before end: Int = .max) -> Int? {
        let words = min(marks.count, end >> 6 &+ 1)
        var word = bit >> 6
        guard word < words else { return nil }
        var bits = marks[word] & (~0 << UInt64(bit & 63))
        while bits == 0 {
            word += 1
            guard word < words else { return nil }
            bits = marks[word]
        }
        let found = word * 64 + bits.trailingZeroBitCount
        return found < end ? found : nil
    }
}
