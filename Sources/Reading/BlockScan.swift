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

    /// Looks at the bytes of a range. `fingerprints` are triples of bytes.
    mutating func scan(_ bytes: Span<UInt8>, _ range: Range<Int>, fingerprints: [UInt8]) {
        precondition(range.lowerBound >= 0 && range.upperBound <= bytes.count)
        start = range.lowerBound
        words = (range.count + 63) / 64
        if feeds.count < words {
            feeds = [UInt64](repeating: 0, count: words)
            flags = feeds
        }
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
