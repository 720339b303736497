// SPDX-License-Identifier: Apache-2.0
// Purpose: the scanner and the prefix table find exactly what a naive search finds.

import Testing

@testable import Matching

/// A small generator with a seed, so that failures can be repeated.
struct Lehmer: RandomNumberGenerator {
    var state: UInt64
    mutating func next() -> UInt64 {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return state ^ state >> 29
    }
}

@Suite struct LiteralScannerTests {
    private func word(_ lengths: ClosedRange<Int>, _ random: inout Lehmer) -> [UInt8] {
        (0..<Int.random(in: lengths, using: &random)).map { _ in
            UInt8.random(in: 97...100, using: &random)
        }
    }

    private func hits(_ scanner: LiteralScanner, _ text: [UInt8]) -> [[Int]] {
        var cursor = scanner.cursor(from: 0)
        var hits: [[Int]] = []
        while let hit = scanner.next(in: text.span, &cursor) {
            hits.append([hit.start, hit.owner])
        }
        return hits
    }

    private func naive(_ words: [[UInt8]], _ text: [UInt8]) -> Set<[Int]> {
        var hits: Set<[Int]> = []
        for start in text.indices {
            for (owner, word) in words.enumerated() where text[start...].starts(with: word) {
                hits.insert([start, owner])
            }
        }
        return hits
    }

    @Test(arguments: [2...4, 3...9, 6...14, 20...40])
    func everythingIsFoundOnce(lengths: ClosedRange<Int>) {
        var random = Lehmer(state: 11)
        for _ in 0..<200 {
            let words = (0..<Int.random(in: 1...12, using: &random)).map { _ in
                word(lengths, &random)
            }
            let text = (0..<8).flatMap { _ in
                word(0...12, &random) + (words.randomElement(using: &random) ?? [])
            }
            let found = hits(
                LiteralScanner(words.enumerated().map { ($0.element, $0.offset) }), text)
            #expect(Set(found) == naive(words, text))
            #expect(Set(found).count == found.count)
        }
    }

    @Test func hitsCanComeInOrder() {
        var random = Lehmer(state: 5)
        for _ in 0..<200 {
            let words = (0..<8).map { _ in word(4...9, &random) }
            let text = (0..<8).flatMap { _ in words.randomElement(using: &random) ?? [] }
            let scanner = LiteralScanner(
                words.enumerated().map { ($0.element, $0.offset) }, inOrder: true)
            let starts = hits(scanner, text).map { $0[0] }
            #expect(starts == starts.sorted())
        }
    }

    @Test func nothingIsFoundOfNothing() {
        #expect(hits(LiteralScanner([]), Array("abc".utf8)) == [])
        #expect(hits(LiteralScanner([(Array("abc".utf8), 0)]), []) == [])
    }
}

@Suite struct PrefixTableTests {
    @Test func prefixesAreFoundAsANaiveSearchFindsThem() {
        var random = Lehmer(state: 3)
        for _ in 0..<300 {
            let words = (0..<Int.random(in: 0...40, using: &random)).map { _ in
                (0..<Int.random(in: 4...10, using: &random)).map { _ in
                    UInt8.random(in: 97...98, using: &random)
                }
            }
            let table = PrefixTable(words.enumerated().map { ($0.element, $0.offset) })
            let text = (0..<Int.random(in: 0...12, using: &random)).map { _ in
                UInt8.random(in: 97...98, using: &random)
            }
            var link = table.chain(for: text.span)
            var found: [Int] = []
            while let owner = table.next(&link, for: text.span) { found.append(owner) }
            let expected = words.indices.filter { text.starts(with: words[$0]) }
            #expect(found.sorted() == expected)
        }
    }
}
