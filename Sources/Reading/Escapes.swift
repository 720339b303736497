// SPDX-License-Identifier: Apache-2.0

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
