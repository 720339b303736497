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
    /// Whether the last line was not ended by a line feed.
    private(set) var endsWithoutFeed = false

    /// Reads `source` to its end. `body` gets each line without its line feed, its number from 1
    /// and its offset; it returns false to stop.
    mutating func forEachLine<Source: ByteSource & ~Copyable>(
        of source: inout Source, _ body: (Span<UInt8>, Int, Int64) -> Bool
    ) throws(ReadError) {
        while true {
            makeRoom()
            let count: Int
            do throws(ReadError) {
                count = try source.read(into: &buffer, at: end)
            } catch {
                _ = giveRest(body)
                throw error
            }
            if count == 0 {
                _ = giveRest(body)
                return
            }
            let from = end
            end += count
            guard giveLines(searchingFrom: from, body) else { return }
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
        searchingFrom from: Int, _ body: (Span<UInt8>, Int, Int64) -> Bool
    ) -> Bool {
        var search = from
        var lineStart = start
        var consumed = bytes
        var number = lines
        var skip = skipping
        var cut = 0
        var skipped: Int64 = 0
        let end = end
        var goOn = true
        do {
            let span = buffer.span
            while goOn, let feed = firstIndex(of: 0x0A, in: span, from: search, to: end) {
                if skip {
                    skipped += Int64(feed - lineStart)
                    skip = false
                } else {
                    number += 1
                    let length = min(feed - lineStart, Self.lineLimit)
                    if length < feed - lineStart {
                        cut += 1
                        skipped += Int64(feed - lineStart - length)
                    }
                    goOn = body(span.extracting(lineStart..<lineStart + length), number, consumed)
                }
                consumed += Int64(feed + 1 - lineStart)
                lineStart = feed + 1
                search = lineStart
            }
            if goOn, end - lineStart > Self.lineLimit {
                if !skip {
                    number += 1
                    cut += 1
                    goOn = body(
                        span.extracting(lineStart..<lineStart + Self.lineLimit), number, consumed)
                    skipped += Int64(end - lineStart - Self.lineLimit)
                } else {
                    skipped += Int64(end - lineStart)
                }
                skip = true
                consumed += Int64(end - lineStart)
                lineStart = end
            }
        }
        start = lineStart
        bytes = consumed
        lines = number
        linesCut += cut
        bytesSkipped += skipped
        skipping = skip
        return goOn
    }

    /// The last line, which no line feed ends.
    private mutating func giveRest(_ body: (Span<UInt8>, Int, Int64) -> Bool) -> Bool {
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
        return body(buffer.span.extracting(rest), lines, offset)
    }
}
