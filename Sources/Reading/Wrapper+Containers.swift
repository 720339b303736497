// SPDX-License-Identifier: Apache-2.0
// What docker compose and container runtimes put before a line.

internal import Model

extension Wrapper {
    /// `redis_1  | ` (docker compose).
    mutating func compose(_ line: Span<UInt8>, at start: Int) -> Int? {
        guard let end = word(line, at: start), end - start < 256 else { return nil }
        let bar = blanks(line, at: end)
        guard bar > end, line.byte(bar) == 0x7C, line.byte(bar + 1) == 0x20 else { return nil }
        let name = Self.nameStart(line, start..<end)
        guard name < end, end - name < 64 else { return nil }
        container = name..<end
        return bar + 2
    }

    /// Where a container's name begins behind what grep puts before a line: a file's name, a line's
    /// number, and a colon or, for lines of context, a hyphen behind each.
    private static func nameStart(_ line: Span<UInt8>, _ word: Range<Int>) -> Int {
        var start = word.lowerBound
        for i in word where line[i] == 0x3A { start = i + 1 }
        if start > word.lowerBound { return start }
        var isFile = false
        var digits = 0
        for i in word {
            switch line[i] {
            case 0x2E, 0x2F: isFile = true  // . /
            case 0x30...0x39:
                digits += 1
                continue
            case 0x2D where digits > 0 && (isFile || i - digits == word.lowerBound):
                // `-16-` behind a file's name, or `16-` at the start of the line.
                let before = i - digits - 1
                if before < word.lowerBound || line[before] == 0x2D { return i + 1 }
            default: break
            }
            digits = 0
        }
        for suffix in [".log-", ".txt-", ".out-"] as [StaticString] {
            let length = suffix.utf8CodeUnitCount
            for i in word where i + length < word.upperBound && line.has(suffix, at: i) {
                return i + length
            }
        }
        return start
    }

    /// `stdout F ` (CRI: containerd, CRI-O).
    func containerStream(_ line: Span<UInt8>, at i: Int) -> Int? {
        guard line.has("stdout ", at: i) || line.has("stderr ", at: i) else { return nil }
        guard let blank = line.first(0x20, from: i + 7, to: i + 12) else { return nil }
        return blank + 1
    }
}
