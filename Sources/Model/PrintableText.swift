// SPDX-License-Identifier: Apache-2.0
// What may be printed as it is, and how the rest is spelled out.

extension Unicode.Scalar {
    /// Whether the character shows as itself: no control, no bidi or other format character, no
    /// line or paragraph separator, nothing unassigned or private, nothing that leaves no mark
    /// (default-ignorable characters such as the Hangul fillers, and the empty Braille pattern).
    package var showsAsItself: Bool {
        if value < 0x7F { return value >= 0x20 }
        if properties.isDefaultIgnorableCodePoint || value == 0x2800 { return false }
        switch properties.generalCategory {
        case .control, .format, .surrogate, .privateUse, .unassigned, .lineSeparator,
            .paragraphSeparator:
            return false
        default: return true
        }
    }
}

/// `value` in hexadecimal, with zeros in front up to `width` digits.
package func hexadecimal(_ value: Int, _ width: Int) -> String {
    let digits = String(value, radix: 16)
    return String(repeating: "0", count: max(0, width - digits.count)) + digits
}
