// SPDX-License-Identifier: Apache-2.0

internal import Model

/// A date and time in a file's name: `meminfo-20261122-115058.txt`, `free.2026-11-22T11-50-58`.
enum FileNameTime {
    /// A date without a time of day is no stamp: which moment of the day it was decides.
    static func stamp(in path: String) -> Stamp? {
        let name = path.split(separator: "/").last ?? ""
        var digits: [Int] = []
        // Runs of digits, with what stands between them no longer than one character.
        var gap = 0
        for byte in name.utf8 {
            if byte &- 0x30 < 10 {
                if gap > 1 { digits.removeAll() }
                gap = 0
                digits.append(Int(byte &- 0x30))
                if digits.count == 14, let stamp = stamp(digits) { return stamp }
                if digits.count > 14 { digits.removeFirst() }
            } else if byte == 0x54 || byte == 0x5F || byte == 0x2D || byte == 0x2E || byte == 0x3A {
                gap += 1
            } else {
                gap = 2
            }
        }
        return nil
    }

    private static func stamp(_ d: [Int]) -> Stamp? {
        func two(_ i: Int) -> Int { d[i] * 10 + d[i + 1] }
        let year = two(0) * 100 + two(2)
        guard (2009...2099).contains(year), two(4) >= 1, two(6) >= 1, two(8) < 24,
            let local = TimeText.civil(year, two(4), two(6), two(8), two(10), two(12))
        else { return nil }
        return Stamp(form: .local, precision: .second, nanoseconds: local)
    }
}
