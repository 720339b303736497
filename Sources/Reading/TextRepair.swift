// SPDX-License-Identifier: Apache-2.0

internal import Model

/// Takes back what word processors, mail programs and web pages do to text: typographic quotation
/// marks, blanks and hyphens, and the entities of HTML. A server's line stays a server's line by
/// that. Other bytes pass as they are, whether UTF-8 or not.
enum TextRepair {
    /// The line as its server wrote it; `nil` where there is nothing to take back.
    static func repaired(_ line: Span<UInt8>) -> [UInt8]? {
        guard isSuspicious(line) else { return nil }
        var out: [UInt8] = []
        out.reserveCapacity(line.count)
        var isChanged = false
        var i = 0
        while i < line.count {
            if let (text, end) = replacement(line, at: i) {
                out.append(contentsOf: text.utf8)
                isChanged = true
                i = end
            } else {
                out.append(line[i])
                i += 1
            }
        }
        return isChanged ? out : nil
    }

    /// The line with one blank for each run of blanks and tabs, where a header may stand in it that
    /// such runs broke: spreadsheets and rich-text editors make them. `nil` for all other lines.
    static func squeezed(_ line: Span<UInt8>) -> [UInt8]? {
        mayHoldSpacedHeader(line) ? withoutRuns(line) : nil
    }

    /// Whether runs of blanks or tabs stand in the warnings that an input begins with: servers write
    /// none there, so that they are the copier's in all of it.
    static func spreadsMessages(_ head: [UInt8]) -> Bool {
        var classifier = LineClassifier()
        var (start, lines) = (0, 0)
        while lines < 200, let end = head.span.first(0x0A, from: start) {
            let line = head.span.extracting(start..<end)
            (start, lines) = (end + 1, lines + 1)
            guard line.find("  ") != nil || line.first(0x09, from: 0) != nil else { continue }
            let classified = classifier.classify(line)
            let message = line.extracting(classified.message)
            if classified.scope == .server, classified.header.level == .warning,
                holdsRun(message)
            {
                return true
            }
        }
        return false
    }

    /// Two blanks, or a tab, between words.
    private static func holdsRun(_ message: Span<UInt8>) -> Bool {
        for i in 1..<max(1, message.count - 1) where message[i] == 0x20 || message[i] == 0x09 {
            if message[i] == 0x09 || message[i - 1] == 0x20, message[i + 1] > 0x20 { return true }
        }
        return false
    }

    /// The line with one blank for each run of blanks and tabs; `nil` where it has none.
    static func withoutRuns(_ line: Span<UInt8>) -> [UInt8]? {
        var out: [UInt8] = []
        out.reserveCapacity(line.count)
        for i in 0..<line.count {
            let isBlank = line[i] == 0x20 || line[i] == 0x09
            if !isBlank {
                out.append(line[i])
            } else if let last = out.last, last != 0x20 {
                out.append(0x20)
            }
        }
        return out.count < line.count || line.first(0x09, from: 0) != nil ? out : nil
    }

    /// `123:M` or `[123]` and a blank or tab near the start.
    private static func mayHoldSpacedHeader(_ line: Span<UInt8>) -> Bool {
        for i in 1..<max(1, min(line.count - 20, 200)) where line[i] == 0x20 || line[i] == 0x09 {
            switch line[i - 1] {
            case 0x4D, 0x53, 0x43, 0x58:
                if i >= 3, line[i - 2] == 0x3A, isDigit(line[i - 3]) { return true }
            case 0x5D:
                if i >= 3, isDigit(line[i - 2]) { return true }
            default: break
            }
        }
        return false
    }

    private static func isSuspicious(_ line: Span<UInt8>) -> Bool {
        for i in 0..<line.count where line[i] >= 0x80 || line[i] == 0x26 { return true }
        return line.find("''") != nil
    }

    @inline(__always)
    private static func replacement(
        _ line: Span<UInt8>, at i: Int
    ) -> (String, end: Int)? {
        switch line[i] {
        case 0x26: entity(line, at: i)
        // YAML writes an apostrophe twice.
        case 0x27
        where line.byte(i + 1) == 0x27 && isLetter(line.byte(i + 2)) && i > 0
            && isLetter(line[i - 1]):
            ("'", i + 2)
        case 0xC2: latin(line.byte(i + 1)).map { ($0, i + 2) }
        case 0xE2: punctuation(line.byte(i + 1), line.byte(i + 2)).map { ($0, i + 3) }
        case 0xEF where line.has("\u{FEFF}", at: i): ("", i + 3)
        // Windows-1252: an apostrophe between letters.
        case 0x92 where isLetter(line.byte(i + 1)) && i > 0 && isLetter(line[i - 1]): ("'", i + 1)
        default: nil
        }
    }

    private static let entities: [(StaticString, String)] = [
        ("&#39;", "'"), ("&#039;", "'"), ("&#x27;", "'"), ("&apos;", "'"), ("&rsquo;", "'"),
        ("&quot;", "\""), ("&#34;", "\""), ("&lt;", "<"), ("&gt;", ">"), ("&nbsp;", " "),
        ("&#160;", " "), ("&amp;", "&"),
    ]

    private static func entity(_ line: Span<UInt8>, at i: Int) -> (String, end: Int)? {
        for (name, text) in entities where line.has(name, at: i) {
            return (text, i + name.utf8CodeUnitCount)
        }
        return nil
    }

    /// U+00A0, a blank that does not break; U+00B4, an accent that stands for an apostrophe.
    private static func latin(_ second: UInt8) -> String? {
        switch second {
        case 0xA0: " "
        case 0xB4: "'"
        default: nil
        }
    }

    /// U+2000 to U+206F.
    private static func punctuation(_ second: UInt8, _ third: UInt8) -> String? {
        switch (second, third) {
        case (0x80, 0x80...0x8A), (0x80, 0xAF), (0x81, 0x9F): " "
        case (0x80, 0x8B...0x8F), (0x81, 0xA0): ""
        case (0x80, 0x90...0x95): "-"
        case (0x80, 0x98...0x9B), (0x80, 0xB2): "'"
        case (0x80, 0x9C...0x9F): "\""
        case (0x80, 0xA6): "..."
        default: nil
        }
    }

    private static func isLetter(_ byte: UInt8) -> Bool { (byte | 0x20) &- 0x61 < 26 }
}
