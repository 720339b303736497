// SPDX-License-Identifier: Apache-2.0

/// Joins lines that a terminal cut at its width, as copied text has them.
struct LineUnwrapper {
    let width: Int
    private var pending: [UInt8] = []
    private var number = 0
    private var offset: Int64 = 0

    init(width: Int) { self.width = width }

    /// The width at which the lines of `head` were cut, if they were: no line is longer, and what
    /// follows a line of that length is almost never a record of its own.
    static func width(of head: [UInt8]) -> Int? {
        let bytes = head.span
        var lengths: [Int] = []
        var isRecord: [Bool] = []
        var start = 0
        while let feed = bytes.first(0x0A, from: start) {
            let end = feed > start && bytes[feed - 1] == 0x0D ? feed - 1 : feed
            lengths.append(end - start)
            isRecord.append(ServerHeader.parse(bytes.extracting(start..<end), at: 0) != nil)
            start = feed + 1
        }
        guard let width = lengths.max(), (60...300).contains(width),
            isRecord.count(where: \.self) > 1
        else { return nil }
        let full = lengths.indices.dropLast().filter { lengths[$0] == width }
        let continued = full.count { !isRecord[$0 + 1] }
        return full.count >= 2 && continued * 5 >= full.count * 4 ? width : nil
    }

    /// Takes a line and gives out whole ones.
    mutating func take(
        _ line: Span<UInt8>, _ number: Int, _ offset: Int64,
        _ body: (Span<UInt8>, Int, Int64) -> Bool
    ) -> Bool {
        let continues = !pending.isEmpty && ServerHeader.parse(line, at: 0) == nil
        if !continues, !flush(body) { return false }
        if continues || line.count == width {
            if pending.isEmpty { (self.number, self.offset) = (number, offset) }
            if pending.count < LineReader.lineLimit {
                for i in 0..<line.count { pending.append(line[i]) }
            }
            return line.count == width ? true : flush(body)
        }
        return body(line, number, offset)
    }

    /// Gives out what waits for a continuation.
    mutating func flush(_ body: (Span<UInt8>, Int, Int64) -> Bool) -> Bool {
        guard !pending.isEmpty else { return true }
        let whole = pending
        pending = []
        return body(whole.span, number, offset)
    }
}

/// A line without the escape sequences that colour it on a terminal (ECMA-48).
func withoutEscapes(_ line: Span<UInt8>) -> [UInt8] {
    var out: [UInt8] = []
    out.reserveCapacity(line.count)
    var i = 0
    while i < line.count {
        guard line[i] == 0x1B else {
            out.append(line[i])
            i += 1
            continue
        }
        i += 1
        if line.byte(i) == 0x5B {
            i += 1
            while i < line.count, line[i] < 0x40 { i += 1 }
        }
        i += 1
    }
    return out
}
