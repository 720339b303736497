// SPDX-License-Identifier: Apache-2.0

/// A line without the escape sequences that colour it on a terminal (ECMA-48), also where JSON has
/// written their first byte out.
func withoutEscapes(_ line: Span<UInt8>) -> [UInt8] {
    var out: [UInt8] = []
    out.reserveCapacity(line.count)
    var i = 0
    while i < line.count {
        if line[i] == 0x5C, let end = writtenEscapeEnd(line, at: i) {
            i = end
            continue
        }
        guard line[i] == 0x1B else {
            out.append(line[i])
            i += 1
            continue
        }
        i = line.byte(i + 1) == 0x5B ? sequenceEnd(line, from: i + 2) : i + 2
    }
    return out
}

/// Whether an escape sequence is written out in the line, as in a string of JSON: `\u001b[31m`.
/// Strings stand near the start of their line, or behind what a shipper puts there.
func holdsWrittenEscapes(_ line: Span<UInt8>) -> Bool {
    var from = 0
    let end = min(line.count, 4096)
    while let slash = line.first(0x5C, from: from, to: end) {
        if writtenEscapeEnd(line, at: slash) != nil { return true }
        from = slash + 1
    }
    return false
}

/// The index behind a written out sequence at `i`.
private func writtenEscapeEnd(_ line: Span<UInt8>, at i: Int) -> Int? {
    for text in ["\\u001b[", "\\u001B[", "\\x1b[", "\\033["] as [StaticString]
    where line.has(text, at: i) {
        return sequenceEnd(line, from: i + text.utf8CodeUnitCount)
    }
    return nil
}

/// The index behind the byte that ends a control sequence.
private func sequenceEnd(_ line: Span<UInt8>, from start: Int) -> Int {
    var i = start
    while i < line.count, line[i] < 0x40 { i += 1 }
    return i + 1
}
