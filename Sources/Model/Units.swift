// SPDX-License-Identifier: Apache-2.0

/// An amount of memory or storage, in bytes.
package struct ByteCount: Hashable, Comparable, Sendable {
    package var bytes: Int64

    package init(bytes: Int64) { self.bytes = bytes }
    /// The kernel's and Redis's "kB" and "KB" are 1,024 bytes.
    package init(kibibytes: Int64) { self.bytes = kibibytes.clampedProduct(1024) }
    /// Redis's "MB" in copy-on-write lines is 1,048,576 bytes.
    package init(mebibytes: Int64) { self.bytes = mebibytes.clampedProduct(1_048_576) }

    package static func < (a: ByteCount, b: ByteCount) -> Bool { a.bytes < b.bytes }

    /// `7.1 GiB`, `512 MiB`, `100 B`: binary units, one decimal below ten.
    package var description: String {
        let units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"]
        var value = Double(bytes.magnitude)
        var unit = 0
        // What rounds up to 1,024 of a unit is one of the next.
        while value >= (unit == 0 ? 1024 : 1023.5), unit < units.count - 1 {
            value /= 1024
            unit += 1
        }
        let sign = bytes < 0 ? "-" : ""
        if unit == 0 { return "\(bytes) B" }
        let number = value < 9.95 ? oneDecimal(value) : String(Int(value.rounded()))
        return "\(sign)\(number) \(units[unit])"
    }
}

/// `value` with exactly one decimal.
package func oneDecimal(_ value: Double) -> String {
    let tenths = Int64(clamping: (value * 10).rounded())
    return "\(tenths < 0 && tenths > -10 ? "-" : "")\(tenths / 10).\((tenths % 10).magnitude)"
}

/// `1 failure`, `8 failures`, `1,234 failures`.
package func counted(_ count: Int, _ singular: String, _ plural: String? = nil) -> String {
    "\(grouped(count)) \(count == 1 ? singular : plural ?? singular + "s")"
}

/// `1,234,567`
package func grouped(_ value: Int) -> String {
    let digits = String(value.magnitude)
    var out = ""
    for (i, digit) in digits.enumerated() {
        if i > 0, (digits.count - i) % 3 == 0 { out.append(",") }
        out.append(digit)
    }
    return (value < 0 ? "-" : "") + out
}

/// A span of time for people: `0.3 s`, `36 s`, `4 min 12 s`, `2 h 5 min`, `3 d 4 h`.
package func spokenDuration(seconds: Double) -> String {
    let s = abs(seconds)
    if s < 9.95 { return "\(oneDecimal(s)) s" }
    let whole = Int64(clamping: s.rounded())
    switch whole {
    case ..<90: return "\(whole) s"
    case ..<3600: return "\(whole / 60) min" + (whole % 60 == 0 ? "" : " \(whole % 60) s")
    case ..<86_400:
        return "\(whole / 3600) h" + (whole / 60 % 60 == 0 ? "" : " \(whole / 60 % 60) min")
    default:
        return "\(whole / 86_400) d" + (whole / 3600 % 24 == 0 ? "" : " \(whole / 3600 % 24) h")
    }
}
