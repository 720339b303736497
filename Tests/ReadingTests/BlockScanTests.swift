// SPDX-License-Identifier: Apache-2.0
// Wide registers and the plain loop mark the same bytes.

import TestSupport
import Testing

@testable import Reading

struct BlockScanTests {
    @Test(arguments: 0..<200)
    func `Both ways mark the same`(seed: Int) {
        var random = Seeded(seed)
        let alphabet: [UInt8] = [0x0A, 0x3A, 0x20, 0x41, 0x42, 0x43, 0x7F, 0x80, 0x1F, 0x7E, 0x00]
        let count = Int.random(in: 1...700, using: &random)
        let bytes = (0..<count).map { _ in
            Int.random(in: 0..<4, using: &random) == 0
                ? UInt8.random(in: 0...255, using: &random)
                : alphabet.randomElement(using: &random) ?? 0
        }
        let from = Int.random(in: 0..<count, using: &random)
        let to = Int.random(in: from...count, using: &random)
        let prints = Array("ABCBCA".utf8.prefix(3 * Int.random(in: 0...2, using: &random)))
        var fast = BlockScan()
        var plain = BlockScan()
        plain.isPortable = true
        fast.scan(bytes.span, from..<to, fingerprints: prints)
        plain.scan(bytes.span, from..<to, fingerprints: prints)
        #expect(fast.words == plain.words)
        #expect(Array(fast.feeds[..<fast.words]) == Array(plain.feeds[..<plain.words]))
        #expect(Array(fast.flags[..<fast.words]) == Array(plain.flags[..<plain.words]))
        for i in from..<to {
            let (word, bit) = ((i - from) / 64, UInt64((i - from) % 64))
            #expect((fast.feeds[word] >> bit & 1 == 1) == (bytes[i] == 0x0A))
        }
    }

    @Test func `A block that was scanned leaves nothing behind for a shorter one`() {
        var scan = BlockScan()
        let feeds = [UInt8](repeating: 0x0A, count: 500)
        scan.scan(feeds.span, 0..<500, fingerprints: [])
        scan.scan(feeds.span, 0..<3, fingerprints: [])
        #expect(scan.words == 1)
        #expect(scan.feeds[0] == 0b111)
    }

    @Test(arguments: 0..<100)
    func `Marks of two bytes follow what is at hand`(seed: Int) {
        var random = Seeded(seed)
        let alphabet: [UInt8] = [0x3D, 0x0A, 0x41, 0x42, 0x43, 0x44]
        let input: [UInt8] = (0..<6000).map { _ in alphabet.randomElement(using: &random) ?? 0x41 }
        var scans = [false, true].map { PairScan(0x0A, 0x3D, isPortable: $0) }
        var (start, end) = (0, 0)
        while start < input.count {
            // Bytes come and go, as they do in a window.
            end = min(input.count, end + Int.random(in: 0...700, using: &random))
            start = min(end, start + Int.random(in: 0...400, using: &random))
            let bytes = Array(input[start..<end])
            for k in scans.indices {
                let shift = scans[k].follow(bytes.span, at: Int64(start))
                for (byte, marks) in [
                    (UInt8(0x0A), scans[k].firsts), (UInt8(0x3D), scans[k].seconds),
                ] {
                    let from = bytes.isEmpty ? 0 : Int.random(in: 0..<bytes.count, using: &random)
                    let to = Int.random(in: from...bytes.count, using: &random)
                    let all = PairScan.next(marks.span, from: from + shift).map { $0 - shift }
                    #expect(all == bytes.indices.first { $0 >= from && bytes[$0] == byte })
                    let some = PairScan.next(marks.span, from: from + shift, before: to + shift)
                    #expect(
                        some.map { $0 - shift }
                            == bytes.indices.first { $0 >= from && $0 < to && bytes[$0] == byte })
                }
            }
        }
    }
}
