// SPDX-License-Identifier: Apache-2.0

/// A place in a text file: line and byte column, both counted from 1, as compilers do.
package struct FilePosition: Hashable, Comparable, Sendable {
    package var line: Int
    package var column: Int

    package init(line: Int, column: Int) {
        self.line = line
        self.column = column
    }

    /// Where a file begins: the place of what is missing from it.
    package static let start = FilePosition(line: 1, column: 1)

    package static func < (a: FilePosition, b: FilePosition) -> Bool {
        a.line != b.line ? a.line < b.line : a.column < b.column
    }
}

/// Something wrong with a pattern file: where, what, and what the line looks like.
package struct Diagnostic: Error, Hashable, Sendable, CustomStringConvertible {
    /// Whether the pattern may be used all the same.
    package enum Severity: String, Hashable, Sendable {
        case error, warning
    }

    /// The file as its reader knows it.
    package var path: String
    package var position: FilePosition
    package var severity: Severity
    /// One sentence without its full stop.
    package var message: String
    /// Lines to show below the message: source, caret, how far a regex got.
    package var excerpt: [String]

    package init(
        path: String, position: FilePosition, severity: Severity = .error, message: String,
        excerpt: [String] = []
    ) {
        self.path = path
        self.position = position
        self.severity = severity
        self.message = message
        self.excerpt = excerpt
    }

    /// `file:line:column: error: message`: the form editors and build systems understand.
    package var headline: String {
        "\(path):\(position.line):\(position.column): \(severity.rawValue): \(message)"
    }

    /// The headline, then the excerpt, indented.
    package var description: String {
        ([headline] + excerpt.map { "    " + $0 }).joined(separator: "\n")
    }
}

// MARK: - Excerpts

extension Diagnostic {
    /// `text` and, below it, a caret at byte `offset`. Long texts are cut around the caret,
    /// with `…` at the cuts; what does not print becomes `.`.
    package static func pointing(
        into text: [UInt8], at offset: Int, width: Int = 110, note: String = ""
    ) -> [String] {
        let place = min(max(offset, 0), text.count)
        let low = text.count <= width ? 0 : max(0, min(place - width / 2, text.count - width))
        let high = min(text.count, low + width)
        let before = printable(text[low..<place])
        let shown = (low > 0 ? "…" : "") + before + printable(text[place..<high])
        let indent = before.count + (low > 0 ? 1 : 0)
        let caret = String(repeating: " ", count: indent) + "^" + (note.isEmpty ? "" : " " + note)
        return [shown + (high < text.count ? "…" : ""), caret]
    }

    private static func printable(_ bytes: ArraySlice<UInt8>) -> String {
        var out = ""
        for character in String(decoding: bytes, as: UTF8.self) {
            let value = character.unicodeScalars.first?.value ?? 0
            out.append(value < 0x20 || value == 0x7F ? "." : character)
        }
        return out
    }
}

/// The bytes of `line` (counted from 1) of `text`, without the newline.
func sourceLine(_ line: Int, of text: [UInt8]) -> [UInt8] {
    var number = 1
    var start = 0
    for (i, byte) in text.enumerated() where byte == UInt8(ascii: "\n") {
        if number == line { return Array(text[start..<i]) }
        number += 1
        start = i + 1
    }
    return number == line ? Array(text[start...]) : []
}
