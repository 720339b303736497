// SPDX-License-Identifier: Apache-2.0

/// Escaping for HTML: the one place where text becomes part of a page.
enum HTMLText {
    /// `text` on one line, fit for an element's content and for a quoted attribute.
    static func escaped(_ text: String) -> String { encoded(Literal.line(text)) }

    /// The lines of `text` as they are, for a `pre` element.
    static func preformatted(_ text: String) -> String {
        encoded(Literal.lines(text).joined(separator: "\n"))
    }

    private static func encoded(_ text: String) -> String {
        guard text.utf8.contains(where: { Self.special.contains($0) }) else { return text }
        var out = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": out += "&amp;"
            case "<": out += "&lt;"
            case ">": out += "&gt;"
            case "\"": out += "&quot;"
            case "'": out += "&#39;"
            default: out.unicodeScalars.append(scalar)
            }
        }
        return out
    }

    private static let special = Set("&<>\"'".utf8)
}
