// SPDX-License-Identifier: Apache-2.0
// Numbers with units, as tools write them.

internal import Model

enum Amounts {
    /// What `unlimited`, `max` and v1's highest number stand for.
    static let unlimited = Int64.max

    /// A whole number, also with a fraction of zeros (`1.263824896e+10`).
    static func whole(_ text: some StringProtocol) -> Int64? {
        if let number = Int64(text) { return number }
        guard let number = Double(text), number.isFinite else { return nil }
        return Int64(exactly: number.rounded())
    }

    /// `24684084 kB`: what /proc writes. kB are 1,024 bytes. No unit: a count.
    static func kernel(_ text: Substring) -> Int64? {
        let words = text.split(separator: " ")
        guard let first = words.first, let number = Int64(first) else { return nil }
        guard words.count > 1 else { return number }
        guard words.count == 2, words[1] == "kB" else { return nil }
        return bytes(number, times: 1024)
    }

    /// The same where the unit of the measure must stand there: sizes in kB, counts without a unit.
    /// A line that was cut has lost its unit.
    static func kernel(_ text: Substring, for measure: Measure) -> Int64? {
        guard text.hasSuffix(" kB") == (measure.unit == .bytes) else { return nil }
        return kernel(text)
    }

    /// `max`, `unlimited`, `infinity` or a number; what the kernel cannot exceed is no limit.
    ///
    /// Source: Linux v6.6, include/linux/page_counter.h (`PAGE_COUNTER_MAX`), pages of 4 to 64 KiB.
    static func limit(_ text: some StringProtocol) -> Int64? {
        if ["max", "unlimited", "infinity"].contains(String(text)) { return unlimited }
        guard let number = UInt64(text) else { return nil }
        return number >= 0x7FFF_FFFF_FFFF_0000 ? unlimited : Int64(number)
    }

    /// `17Gi`, `1.5G`, `870M`, `24684084`, `8,7Mi`: number and unit in one word.
    ///
    /// Letters alone are powers of 1,024 unless `isDecimal` (free --si). A word without a unit
    /// counts in `plain` bytes.
    static func human(
        _ word: some StringProtocol, plain: Int64 = 1, isDecimal: Bool = false
    ) -> Int64? {
        let text = String(word).replacing(",", with: ".")
        let digits = text.prefix { $0.isASCII && ($0.isNumber || $0 == "." || $0 == "-") }
        guard !digits.isEmpty, let number = Double(digits) else { return nil }
        var unit = text.dropFirst(digits.count)
        var base: Double = isDecimal ? 1000 : 1024
        if unit.hasSuffix("iB") || unit.hasSuffix("ib") {
            unit = unit.dropLast(2)
            base = 1024
        } else if unit.hasSuffix("i") {
            unit = unit.dropLast()
            base = 1024
        } else if unit.count > 1, unit.hasSuffix("B") || unit.hasSuffix("b") {
            unit = unit.dropLast()
        }
        let power: Double
        switch unit.uppercased() {
        case "": return Int64(exactly: (number * Double(plain)).rounded())
        case "B": power = 0
        case "K": power = 1
        case "M": power = 2
        case "G": power = 3
        case "T": power = 4
        case "P": power = 5
        default: return nil
        }
        var factor = 1.0
        for _ in 0..<Int(power) { factor *= base }
        return Int64(exactly: (number * factor).rounded())
    }

    /// `number` units of `unit` bytes; the largest number where that does not fit.
    static func bytes(_ number: Int64, times unit: Int64) -> Int64 {
        let (product, isBeyond) = number.multipliedReportingOverflow(by: unit)
        return isBeyond ? (number < 0 ? .min : .max) : product
    }
}
