// SPDX-License-Identifier: Apache-2.0

/// Turns UTF-16 into UTF-8 piece by piece: what PowerShell's `>` and some editors write.
struct UTF16Decoder {
    private let isBigEndian: Bool
    /// Bytes that wait for the rest of their character: half a unit, or a unit and a half.
    private var rest: [UInt8] = []

    /// Recognises UTF-16 by its mark, or by a NUL in every other byte of ASCII text.
    init?(head: [UInt8]) {
        guard head.count >= 4 else { return nil }
        switch (head[0], head[1]) {
        case (0xFF, 0xFE): isBigEndian = false
        case (0xFE, 0xFF): isBigEndian = true
        default:
            let looked = head.prefix(256).count & ~1
            let high = stride(from: 0, to: looked, by: 2).count { head[$0] == 0 }
            let low = stride(from: 1, to: looked, by: 2).count { head[$0] == 0 }
            guard looked >= 32, max(high, low) * 20 >= looked * 9, min(high, low) == 0 else {
                return nil
            }
            isBigEndian = high > low
        }
    }

    /// The UTF-8 of all whole characters in `bytes`, which go on where the last piece ended.
    /// Halves of pairs that stand alone become U+FFFD; the mark at the start is left out.
    mutating func decode(_ bytes: ArraySlice<UInt8>, isLast: Bool) -> [UInt8] {
        let all = rest + bytes
        var out: [UInt8] = []
        out.reserveCapacity(all.count)
        var i = 0
        while i + 1 < all.count {
            let unit = self.unit(all, i)
            if unit & 0xFC00 == 0xD800 {
                if i + 3 >= all.count, !isLast { break }
                if i + 3 < all.count, self.unit(all, i + 2) & 0xFC00 == 0xDC00 {
                    let low = UInt32(self.unit(all, i + 2) & 0x3FF)
                    append(0x10000 + UInt32(unit & 0x3FF) << 10 + low, to: &out)
                    i += 4
                    continue
                }
            }
            if unit != 0xFEFF { append(UInt32(unit), to: &out) }
            i += 2
        }
        rest = isLast ? [] : Array(all[i...])
        if isLast, i < all.count { append(0xFFFD, to: &out) }
        return out
    }

    private func unit(_ bytes: [UInt8], _ i: Int) -> UInt16 {
        let (a, b) = (UInt16(bytes[i]), UInt16(bytes[i + 1]))
        return isBigEndian ? a << 8 | b : b << 8 | a
    }

    private func append(_ value: UInt32, to out: inout [UInt8]) {
        if value < 0x80 {
            out.append(UInt8(value))
        } else {
            let scalar = Unicode.Scalar(value) ?? "\u{FFFD}"
            out.append(contentsOf: UTF8.encode(scalar).map(Array.init) ?? [])
        }
    }
}
