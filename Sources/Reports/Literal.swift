// SPDX-License-Identifier: Apache-2.0

internal import Model

/// Makes text from logs fit to be shown: nothing in it can steer a terminal, hide, or reorder
/// what stands beside it.
package enum Literal {
    /// `text` on one line, with everything that does not show as itself spelled out:
    /// `\x1b`, `\u{202e}`; tabs and line ends become spaces.
    package static func line(_ text: String) -> String {
        visible(text, tab: " ", newline: " ")
    }

    /// The lines of `text`, each as `line(_:)` has it, tabs widened to four spaces.
    package static func lines(_ text: String) -> [String] {
        visible(text, tab: "    ", newline: "\n")
            .split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    }

    private static func visible(_ text: String, tab: String, newline: String) -> String {
        if text.utf8.allSatisfy({ $0 >= 0x20 && $0 < 0x7F }) { return text }
        var out = ""
        var previous: Unicode.Scalar?
        for scalar in text.unicodeScalars {
            defer { previous = scalar }
            switch scalar {
            case "\t": out += tab
            case "\n": out += newline
            // Asks for an emoji's coloured form, and shows as a part of it.
            case "\u{FE0F}" where previous.map { $0.value > 0xA8 && $0.properties.isEmoji } ?? false:
                out.unicodeScalars.append(scalar)
            case let s where s.showsAsItself: out.unicodeScalars.append(s)
            case let s where s.value < 0x80: out += "\\x" + hexadecimal(Int(s.value), 2)
            case let s: out += "\\u{" + hexadecimal(Int(s.value), 2) + "}"
            }
        }
        return out
    }
}

// MARK: - Width

extension Literal {
    /// Columns that `text`, already made visible, takes up in a terminal.
    static func width(_ text: String) -> Int {
        if text.utf8.allSatisfy({ $0 < 0x80 }) { return text.utf8.count }
        return text.unicodeScalars.reduce(0) { $0 + width($1) }
    }

    static func width(_ scalar: Unicode.Scalar) -> Int {
        if scalar.value < 0x300 { return 1 }
        switch scalar.properties.generalCategory {
        case .nonspacingMark, .enclosingMark: return 0
        default: return wide.contains { $0.contains(scalar.value) } ? 2 : 1
        }
    }

    /// East Asian wide and emoji blocks. Source: Unicode 15.1, EastAsianWidth.txt, by block.
    private static let wide: [ClosedRange<UInt32>] = [
        0x1100...0x115F, 0x2E80...0x303E, 0x3041...0x33FF, 0x3400...0x4DBF, 0x4E00...0x9FFF,
        0xA000...0xA4CF, 0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFE30...0xFE6F, 0xFF00...0xFF60,
        0xFFE0...0xFFE6, 0x1F300...0x1F64F, 0x1F680...0x1F6FF, 0x1F900...0x1FAFF,
        0x20000...0x3FFFD,
    ]

    /// `text` cut to at most `limit` columns, with `…` where something is missing.
    static func cut(_ text: String, to limit: Int) -> String {
        guard width(text) > limit else { return text }
        var out = ""
        var used = 0
        for scalar in text.unicodeScalars {
            used += width(scalar)
            guard used < limit else { break }
            out.unicodeScalars.append(scalar)
        }
        return out + "…"
    }
}
