// SPDX-License-Identifier: Apache-2.0
// Lines are the same however their bytes arrive, and memory stays bounded whatever arrives.

import TestSupport
import Testing

@testable import Reading

private struct Line: Equatable {
    var bytes: [UInt8]
    var number: Int
    var offset: Int64
}

private struct Outcome: Equatable {
    var lines: [Line] = []
    var count = 0
    var bytes: Int64 = 0
    var cut = 0
    var skipped: Int64 = 0
}

private func read(_ bytes: [UInt8], _ sizes: [Int]) throws -> Outcome {
    var source = PieceSource(bytes, sizes)
    var reader = LineReader()
    var out = Outcome()
    try reader.forEachLine(of: &source) { line, number, offset in
        out.lines.append(Line(bytes: copy(line), number: number, offset: offset))
        return true
    }
    (out.count, out.bytes, out.cut, out.skipped) = (
        reader.lines, reader.bytes, reader.linesCut, reader.bytesSkipped
    )
    return out
}

private func copy(_ span: Span<UInt8>) -> [UInt8] {
    unsafe span.withUnsafeBufferPointer { unsafe Array($0) }
}

/// The same by the plainest means: a feed ends a line.
private func expected(_ bytes: [UInt8]) -> Outcome {
    var lines = bytes.split(separator: 0x0A, omittingEmptySubsequences: false).map { Array($0) }
    if lines.last == [] { lines.removeLast() }
    return expected(lines, endsWithFeed: bytes.last == 0x0A)
}

/// The limit ends what is looked at of a line.
private func expected(_ lines: [[UInt8]], endsWithFeed: Bool) -> Outcome {
    var out = Outcome()
    for line in lines {
        out.count += 1
        let kept = line.prefix(LineReader.lineLimit)
        out.lines.append(Line(bytes: Array(kept), number: out.count, offset: out.bytes))
        if kept.count < line.count { out.cut += 1 }
        out.skipped += Int64(line.count - kept.count)
        out.bytes += Int64(line.count + 1)
    }
    if !lines.isEmpty, !endsWithFeed { out.bytes -= 1 }
    return out
}

private let texts = [
    "", "\n", "\n\n\n", "a", "a\n", "\na", "a\nb", "a\nb\n", "\n\na\n\n", "one\r\ntwo\r\n\r\n",
    "\0\0\n\0",
    "long first line of this text\n\nx\n" + String(repeating: "y", count: 200)
        + "\nlast without feed",
]

@Test(arguments: texts)
func anyPieceSizeGivesTheSameLines(text: String) throws {
    let bytes = Array(text.utf8)
    let truth = expected(bytes)
    for size in 1...64 { #expect(try read(bytes, [size]) == truth) }
}

@Test(arguments: 0..<40)
func piecesOfAnySizesGiveTheSameLines(seed: Int) throws {
    var dice = Seeded(seed)
    let bytes = (0..<dice.roll(0..<3000)).map { _ in dice.roll(0..<12) == 0 ? 0x0A : dice.byte() }
    let sizes = (0..<500).map { _ in dice.roll(1..<90) } + [7]
    #expect(try read(bytes, sizes) == expected(bytes))
}

@Test func blocksAreCrossedByLines() throws {
    // More than one block of the reader, lines of many lengths, the last without a feed.
    var dice = Seeded(1)
    var bytes: [UInt8] = []
    while bytes.count < 3 * LineReader.blockSize {
        bytes += [UInt8](
            repeating: UInt8(ascii: "a") + UInt8(dice.roll(0..<26)), count: dice.roll(0..<9000))
        bytes.append(0x0A)
    }
    bytes += [1, 2, 3]
    for size in [.max, LineReader.blockSize, LineReader.blockSize - 1, 65_536, 9973] {
        #expect(try read(bytes, [size]) == expected(bytes))
    }
}

private let limit = LineReader.lineLimit

@Test(arguments: [
    [limit - 1], [limit], [limit + 1], [limit + 2], [3 * limit], [5 * limit + 17],
    [0, limit, limit, 3], [limit + 1, limit + 1], [10, 4 * limit, 10], [2 * limit, 0, 2 * limit],
])
func linesAtTheLimitAreWholeAndLongerOnesAreCutAndCounted(lengths: [Int]) throws {
    for endsWithFeed in [true, false] {
        let lines = lengths.enumerated().map { i, length in
            [UInt8](repeating: UInt8(ascii: "a") + UInt8(i), count: length)
        }
        var bytes = lines.reduce(into: []) { $0 += $1 + [0x0A] }
        if !endsWithFeed { bytes.removeLast() }
        let truth = expected(lines, endsWithFeed: endsWithFeed)
        #expect(truth.cut == lengths.count { $0 > limit })
        for size in [.max, 99_991, 4096] {
            let found = try read(bytes, [size])
            #expect(found == truth, "\(lengths), pieces of \(size)")
        }
    }
}

@Test func nothingIsReadBehindAStop() throws {
    var source = PieceSource(Array("one\ntwo\nthree\nfour".utf8), [5])
    var reader = LineReader()
    var seen = 0
    try reader.forEachLine(of: &source) { _, number, _ in
        seen = number
        return number < 2
    }
    #expect(seen == 2 && reader.lines == 2)
    #expect(reader.bytes == 8)
}

@Test func aFailureComesAfterTheLinesBeforeIt() throws {
    for size in 1...20 {
        var source = PieceSource(Array("one\ntwo\nthr".utf8), [size])
        source.failure = ReadError(code: .damaged, reason: "torn")
        var reader = LineReader()
        var seen: [[UInt8]] = []
        let failure = #expect(throws: ReadError.self) {
            try reader.forEachLine(of: &source) { line, _, _ in
                seen.append(copy(line))
                return true
            }
        }
        #expect(failure?.reason == "torn")
        #expect(seen == ["one", "two", "thr"].map { Array($0.utf8) })
        #expect(reader.bytes == 11)
    }
}
