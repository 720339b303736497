// SPDX-License-Identifier: Apache-2.0

/// Whether the lines of an input that are no records are somebody's prose: a guide, a question, a
/// mail. A message without a header that stands among them is quoted, not logged.
package struct ProseSurvey: Sendable {
    private var score = 0
    private var lines = 0

    package init() {}

    /// Sentences and the marks of documents, twice at least.
    package var isProse: Bool { score >= 2 }

    /// Lines that are looked at; more would tell no more.
    private static let limit = 2000

    /// Notes a line that is no record.
    package mutating func note(_ line: Span<UInt8>) {
        guard lines < Self.limit, score < 2 else { return }
        lines += 1
        if Self.isMark(line) || Self.isSentence(line) { score += 1 }
    }

    /// A heading or a fence of Markdown.
    private static func isMark(_ line: Span<UInt8>) -> Bool {
        if line.has("```", at: 0) { return true }
        var i = 0
        while line.byte(i) == 0x23 { i += 1 }
        // INFO's sections are one word: "# Memory".
        return (1...6).contains(i) && line.byte(i) == 0x20
            && line.first(0x20, from: i + 1) != nil
    }

    /// Eight words at least, one of them of those that logs do without, and an end mark.
    private static func isSentence(_ line: Span<UInt8>) -> Bool {
        var end = line.count
        while end > 0, line[end - 1] <= 0x20 { end -= 1 }
        guard end > 40, [0x2E, 0x3A, 0x3F, 0x21].contains(line[end - 1]) else { return false }
        var words = 0
        var isTelling = false
        var start = 0
        while start < end {
            let blank = line.first(0x20, from: start, to: end) ?? end
            if blank > start { words += 1 }
            let word = start..<blank
            isTelling = isTelling || tellingWords.contains { has($0, word, in: line) }
            start = blank + 1
        }
        return words >= 8 && isTelling
    }

    private static let tellingWords: [StaticString] = [
        "the", "this", "that", "these", "you", "your", "we", "our", "I", "my", "it", "is", "are",
        "when", "because", "how", "why", "what", "can", "should", "have", "The", "This", "You",
        "We", "My", "It", "When", "How", "Why", "What",
    ]

    private static func has(
        _ text: StaticString, _ word: Range<Int>, in line: Span<UInt8>
    ) -> Bool {
        text.utf8CodeUnitCount == word.count && line.has(text, at: word.lowerBound)
    }
}
