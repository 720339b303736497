// SPDX-License-Identifier: Apache-2.0

/// Cuts a stream of bytes into lines, which are lent to a closure and never stored.
///
/// Memory is bounded by `lineLimit`: what goes beyond it is skipped and counted. Files are read,
/// not mapped: logs are truncated under us, and a mapping would end in SIGBUS.
struct LineReader {
    /// The longest line that is looked at, in bytes.
    static let lineLimit = 1 << 20
    static let blockSize = 256 << 10

    private(set) var lines = 0
    private(set) var bytes: Int64 = 0
    private(set) var linesCut = 0
    private(set) var bytesSkipped: Int64 = 0

    private var buffer = [UInt8](repeating: 0, count: blockSize)
    private var start = 0
    private var end = 0
    private var skipping = false
    private var marks = BlockScan()
    /// Whether the last line was not ended by a line feed.
    private(set) var endsWithoutFeed = false

    /// Gets a line without its line feed, its number from 1 and its offset; returns false to stop.
    /// The sieve that passed over the lines before it may be told what to pass over next.
    typealias Body = (Span<UInt8>, Int, Int64, inout LineSieve?) -> Bool

    /// `isPortable` keeps to what runs on any processor.
    init(isPortable: Bool = false) { marks.isPortable = isPortable }

    /// Reads `source` to its end.
    mutating func forEachLine<Source: ByteSource & ~Copyable>(
        of source: inout Source, _ body: (Span<UInt8>, Int, Int64) -> Bool
    ) throws(ReadError) {
        var none: LineSieve?
        try forEachLine(of: &source, sieve: &none, lending: { _, _, _, _ in }) {
            line, number, offset, _ in body(line, number, offset)
        }
    }

    /// Reads `source` to its end, but for the lines that `sieve` passes over, some of which it lends.
    mutating func forEachLine<Source: ByteSource & ~Copyable>(
        of source: inout Source, sieve: inout LineSieve?, lending lend: RecordBody, _ body: Body
    ) throws(ReadError) {
        while true {
            makeRoom()
            let count: Int
            do throws(ReadError) {
                count = try source.read(into: &buffer, at: end)
            } catch {
                _ = giveRest(&sieve, body)
                throw error
            }
            if count == 0 {
                _ = giveRest(&sieve, body)
                return
            }
            end += count
            guard giveLines(&sieve, lend, body) else { return }
        }
    }

    /// Moves the unfinished line to the front, and grows the buffer for it up to the limit.
    private mutating func makeRoom() {
        if start > 0 {
            for i in 0..<(end - start) { buffer[i] = buffer[start + i] }
            end -= start
            start = 0
        }
        if buffer.count - end < Self.blockSize / 4 {
            buffer += [UInt8](repeating: 0, count: buffer.count)
        }
    }

    private mutating func giveLines(
        _ sieve: inout LineSieve?, _ lend: RecordBody, _ body: Body
    ) -> Bool {
        var place = LineSieve.Place(lineStart: start, number: lines)
        let first = start
        let offset = bytes
        let end = end
        var skip = skipping
        var cut = 0
        var skipped: Int64 = 0
        var goOn = true
        var scan = BlockScan()
        swap(&scan, &marks)
        defer { swap(&scan, &marks) }
        do {
            let span = buffer.span
            scan.scan(span, start..<end, fingerprints: sieve?.fingerprints ?? [])
            while goOn {
                let feed =
                    skip || sieve == nil
                    ? place.nextFeed(scan)
                    : sieve?.nextEnd(&place, span, scan, offset - Int64(first), lend) ?? nil
                guard let feed else { break }
                let lineStart = place.lineStart
                if skip {
                    skipped += Int64(feed - lineStart)
                    skip = false
                } else {
                    place.number += 1
                    let hole = Self.hole(span, lineStart..<feed)
                    let lineStart = lineStart + hole
                    skipped += Int64(hole)
                    let length = min(feed - lineStart, Self.lineLimit)
                    if length < feed - lineStart {
                        cut += 1
                        skipped += Int64(feed - lineStart - length)
                    }
                    goOn = body(
                        span.extracting(lineStart..<lineStart + length), place.number,
                        offset + Int64(lineStart - first), &sieve)
                }
                place.lineStart = feed + 1
            }
            if goOn, !skip {
                let hole = Self.hole(span, place.lineStart..<end)
                place.lineStart += hole
                skipped += Int64(hole)
            }
            let lineStart = place.lineStart
            if goOn, end - lineStart > Self.lineLimit {
                if !skip {
                    place.number += 1
                    cut += 1
                    goOn = body(
                        span.extracting(lineStart..<lineStart + Self.lineLimit), place.number,
                        offset + Int64(lineStart - first), &sieve)
                    skipped += Int64(end - lineStart - Self.lineLimit)
                } else {
                    skipped += Int64(end - lineStart)
                }
                skip = true
                place.lineStart = end
            }
        }
        bytes = offset + Int64(place.lineStart - first)
        start = place.lineStart
        lines = place.number
        linesCut += cut
        bytesSkipped += skipped
        skipping = skip
        return goOn
    }

    /// NULs at the start of a line that is over the limit: the hole that a truncated log leaves, and no
    /// part of the line behind it.
    private static func hole(_ span: Span<UInt8>, _ line: Range<Int>) -> Int {
        guard line.count > lineLimit else { return 0 }
        var end = line.lowerBound
        while end < line.upperBound, span[end] == 0 { end += 1 }
        return end - line.lowerBound
    }

    /// The last line, which no line feed ends.
    private mutating func giveRest(_ sieve: inout LineSieve?, _ body: Body) -> Bool {
        guard start < end else { return true }
        endsWithoutFeed = true
        let offset = bytes
        bytes += Int64(end - start)
        if skipping {
            bytesSkipped += Int64(end - start)
            start = end
            return true
        }
        lines += 1
        let rest = start..<end
        start = end
        return body(buffer.span.extracting(rest), lines, offset, &sieve)
    }
}
