// SPDX-License-Identifier: Apache-2.0

/// A regular expression that does not compile: what is wrong, and at which byte.
package struct PatternError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The regular expression as it was given.
    package let regex: String
    /// Bytes of the expression that were read before the fault.
    package let offset: Int
    /// What is wrong, in the library's words.
    package let message: String

    package init(regex: String, offset: Int, message: String) {
        self.regex = regex
        self.offset = offset
        self.message = message
    }

    /// The message, the expression, and a caret below the place.
    package var description: String {
        let (text, column) = Self.window(of: regex, around: offset)
        let caret = String(repeating: " ", count: column) + "^"
        return "\(message) at byte \(offset)\n\(text)\n\(caret)"
    }

    /// The part of `text` around `offset` that fits on a line of `width` characters, with `…`
    /// where it was cut and `.` for what does not print, and the column of `offset` in it.
    package static func window(
        of text: String, around offset: Int, width: Int = 100
    ) -> (text: String, column: Int) {
        let bytes = Array(text.utf8)
        let place = min(max(offset, 0), bytes.count)
        let characters = String(decoding: bytes.prefix(place), as: UTF8.self).count
        let all = text.map { $0.isPrintable ? $0 : "." }
        guard all.count > width else { return (String(all), min(characters, all.count)) }
        let low = max(0, min(characters - width / 2, all.count - width))
        let high = low + width
        let cut = (low > 0 ? "…" : "") + String(all[low..<high]) + (high < all.count ? "…" : "")
        return (cut, characters - low + (low > 0 ? 1 : 0))
    }
}

extension Character {
    fileprivate var isPrintable: Bool {
        guard let scalar = unicodeScalars.first else { return false }
        return scalar.value >= 0x20 && scalar.value != 0x7F
    }
}
