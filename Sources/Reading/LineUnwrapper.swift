// SPDX-License-Identifier: Apache-2.0

internal import Model

/// Joins lines that a terminal cut at its width, or a mail program between words, as copied text
/// has them. Quotation marks before the lines (`> `) are no part of them.
struct LineUnwrapper {
    private let width: Int
    /// Lines were cut between words, whose blank is lost.
    private let isByWords: Bool
    /// Blanks before each line, as Markdown has them before code.
    private let margin: Int
    private var classifier = LineClassifier()
    private var pending: [UInt8] = []
    private var number = 0
    private var offset: Int64 = 0
    /// Bytes of the last line that was taken.
    private var lastCount = 0

    /// Recognises cut lines by the first bytes of an input; `nil` where they are whole.
    init?(head: [UInt8]) {
        guard let survey = WrapSurvey(head), let isByWords = survey.isByWords else { return nil }
        (width, margin) = (survey.width, survey.margin)
        self.isByWords = isByWords
    }

    /// Takes a line and gives out whole ones.
    mutating func take(
        _ whole: Span<UInt8>, _ number: Int, _ offset: Int64,
        _ body: (Span<UInt8>, Int, Int64) -> Bool
    ) -> Bool {
        // Mail and Windows end lines with CR LF, which is no part of their width.
        let isCRLF = whole.byte(whole.count - 1) == 0x0D
        let line = whole.extracting(0..<(isCRLF ? whole.count - 1 : whole.count))
        defer { lastCount = line.count }
        let start = quoteEnd(line, margin)
        let continues =
            !pending.isEmpty && start < line.count && isCut(before: line, from: start)
            && !isRecord(line)
        if continues {
            join(line.extracting(start..<line.count))
            return true
        }
        guard flush(body) else { return false }
        guard line.count <= width else { return body(line, number, offset) }
        (self.number, self.offset) = (number, offset)
        for i in 0..<line.count { pending.append(line[i]) }
        return line.count > 0 ? true : body(line, number, offset)
    }

    /// Gives out what waits for a continuation.
    mutating func flush(_ body: (Span<UInt8>, Int, Int64) -> Bool) -> Bool {
        guard !pending.isEmpty else { return true }
        let whole = pending
        pending = []
        return body(whole.span, number, offset)
    }

    /// Whether the last line was full when what now stands at `start` came.
    private func isCut(before line: Span<UInt8>, from start: Int) -> Bool {
        if line[start] <= 0x20 { return !isByWords && lastCount == width }
        return isByWords
            ? lastCount + 1 + firstWord(line, from: start) > width : lastCount >= width - 1
    }

    private mutating func join(_ line: Span<UInt8>) {
        guard pending.count < LineReader.lineLimit else { return }
        // A blank at the cut is lost when text is copied: at the end of a line, which then is not full, or
        // at the beginning of the next, where only the words show it.
        let isLost = isByWords || lastCount < width || areWords(pending.span, line)
        if isLost, pending.last != 0x20 { pending.append(0x20) }
        for i in 0..<line.count { pending.append(line[i]) }
    }

    private mutating func isRecord(_ line: Span<UInt8>) -> Bool {
        startsRecord(line, &classifier)
    }
}

/// Whether the first lines of an input look cut, and where.
private struct WrapSurvey {
    let width: Int
    /// Blanks before each line.
    let margin: Int
    /// `nil` where lines are whole.
    private(set) var isByWords: Bool?

    private struct Line {
        var count: Int
        /// Bytes of the first word behind quotation marks; 0 where the line begins with a blank.
        var word: Int
        var isRecord: Bool
        var beginsLowercase: Bool
        /// Begins with one blank, and then text.
        var beginsWithBlank: Bool
        var beginsWithWord: Bool
        var endsWithWord: Bool
        /// Where its first and its last word stand among the first bytes of the input.
        var words: (first: Range<Int>, last: Range<Int>)
        /// Where it stands among the first bytes of the input, behind quotation marks.
        var text: Range<Int>
        /// Ends with the level of a record, behind which its message stands: ` *`, ` #`.
        var endsWithLevel: Bool
    }

    init?(_ head: [UInt8]) {
        margin = Self.margin(head)
        let lines = Self.lines(head, margin)
        width = Self.width(of: lines)
        // Below that, headers are cut as well.
        guard (36...300).contains(width) else { return nil }
        var cut: [Int] = []
        var whole = 0
        var (full, betweenWords) = (0, 0)
        var isLowercase = true
        var isWordCut = false
        var isInRecord = false
        for (line, next) in zip(lines, lines.dropFirst()) {
            isInRecord = line.isRecord || isInRecord && line.word > 0
            if line.isRecord, line.count == width, next.beginsWithBlank, !next.isRecord {
                cut.append(line.count)
                isLowercase = isLowercase && next.beginsLowercase
                continue
            }
            guard isInRecord, !next.isRecord, next.word > 0 else { continue }
            if line.count <= width, line.count + 1 + next.word > width {
                cut.append(line.count)
                if line.count == width { full += 1 }
                // A blank at the end of a cut line may have been lost, so only full ones tell.
                let endsWord = line.endsWithWord && next.beginsWithWord || line.endsWithLevel
                if endsWord, line.count == width { betweenWords += 1 }
                if line.count == width, joinWord(head, line.words.last, next.words.first) {
                    isWordCut = true
                }
                isLowercase = isLowercase && next.beginsLowercase
            } else {
                // What stands below a record is no continuation: the line was not full.
                whole += 1
                isInRecord = false
            }
        }
        guard !cut.isEmpty, whole * 2 <= cut.count else { return }
        // Words of one length may fill all lines equally; then the words themselves tell.
        let isHard =
            cut.count(where: { $0 >= width - 1 }) * 5 >= cut.count * 4
            && (full == 0 || betweenWords * 2 < full)
        if cut.count == 1 {
            // One cut alone shows itself by its words, or by the width of a terminal.
            let isTerminal = isLowercase && cut[0] == width && [80, 100, 120, 132].contains(width)
            guard isTerminal || betweenWords == 1 || isWordCut || Self.holdCutRefusal(lines, head)
            else { return }
        }
        isByWords = !isHard
    }

    /// Whether a record holds what a server writes of a refused fork only together with the lines
    /// below it.
    private static func holdCutRefusal(_ lines: [Line], _ head: [UInt8]) -> Bool {
        lines.indices.contains { i in
            guard lines[i].isRecord else { return false }
            var text = head[lines[i].text].filter { $0 > 0x20 }
            guard !holdsRefusal(text) else { return false }
            for line in lines[(i + 1)...].prefix(3).prefix(while: { !$0.isRecord }) {
                text += head[line.text].filter { $0 > 0x20 }
            }
            return holdsRefusal(text)
        }
    }

    private static func holdsRefusal(_ text: [UInt8]) -> Bool {
        refusals.contains { text.span.find($0) != nil }
    }

    /// Without their blanks (redis 2.6 - 8.6, src/rdb.c and src/aof.c; glibc's texts of errors).
    private static let refusals: [StaticString] = [
        "background:fork:Cannotallocatememory", "background:fork:Resourcetemporarilyunavailable",
        "background:fork:Operationnotpermitted", "background:fork:Outofmemory",
    ]

    /// The longest of the records and of what stands directly below them.
    private static func width(of lines: [Line]) -> Int {
        var width = 0
        var isInRecord = false
        for line in lines {
            isInRecord = line.isRecord || isInRecord && line.word > 0
            if isInRecord { width = max(width, line.count) }
        }
        return width
    }

    /// The least number of blanks before the lines that hold something.
    private static func margin(_ head: [UInt8]) -> Int {
        var margin = Int.max
        var blanks = 0
        var isBefore = true
        for byte in head {
            if byte == 0x0A {
                (blanks, isBefore) = (0, true)
            } else if isBefore, byte == 0x20 {
                blanks += 1
            } else if isBefore, byte != 0x0D {
                margin = min(margin, blanks)
                isBefore = false
                if margin == 0 { return 0 }
            }
        }
        return margin == .max ? 0 : margin
    }

    private static func lines(_ head: [UInt8], _ margin: Int) -> [Line] {
        var classifier = LineClassifier()
        var out: [Line] = []
        let bytes = head.span
        var start = 0
        while start < bytes.count {
            let feed = bytes.first(0x0A, from: start)
            // The last line of the head may go on beyond it.
            if feed == nil, bytes.count >= RecordReader.headSize { break }
            let end = feed ?? bytes.count
            let isCRLF = end > start && bytes[end - 1] == 0x0D
            let line = bytes.extracting(start..<(isCRLF ? end - 1 : end))
            let text = quoteEnd(line, margin)
            let isIndented = line.byte(text) == 0x20 && line.byte(text + 1) > 0x20
            let first = line.byte(isIndented ? text + 1 : text)
            out.append(
                Line(
                    count: line.count, word: firstWord(line, from: text),
                    isRecord: startsRecord(line, &classifier),
                    beginsLowercase: first &- 0x61 < 26 || first == 0x28,
                    beginsWithBlank: isIndented,
                    beginsWithWord: isWord(line, text..<text + firstWord(line, from: text)),
                    endsWithWord: isWord(line, lastWordStart(line)..<line.count),
                    words: (
                        start + text..<start + text + firstWord(line, from: text),
                        start + lastWordStart(line)..<start + line.count
                    ),
                    text: start + text..<max(start + text, start + line.count),
                    endsWithLevel: endsWithLevel(line)))
            start = end + 1
        }
        return out
    }
}

/// Words of the messages that are most often cut: a fragment of one is seldom another.
private let knownWords: [StaticString] = [
    "a", "allocate", "and", "append", "background", "background:", "begin", "by", "Can't", "Cannot",
    "DB",
    "device", "disk", "disk:", "error", "error:", "file", "for", "fork:", "from", "if", "in", "is",
    "left", "memory", "migration", "module:", "No", "of", "on", "only", "Operation", "permitted",
    "pid", "Resource",
    "rewrite", "rewriting", "save", "saving", "Saving...", "seconds.", "signal", "slot", "snapshot",
    "space",
    "started", "success",
    "successfully", "temporarily", "terminated", "the", "this", "to", "unavailable", "used",
    "was", "will", "with", "you",
]

private func isWord(_ line: Span<UInt8>, _ range: Range<Int>) -> Bool {
    knownWords.contains {
        $0.utf8CodeUnitCount == range.count && line.has($0, at: range.lowerBound)
    }
}

/// Whether a record's level or a known word ends a line, and another word begins the next, so that a
/// blank stood between.
private func areWords(_ line: Span<UInt8>, _ next: Span<UInt8>) -> Bool {
    endsWithLevel(line)
        || isWord(line, lastWordStart(line)..<line.count)
            && isWord(next, 0..<firstWord(next, from: 0))
}

/// Whether two parts of a text make a known word together.
private func joinWord(_ text: [UInt8], _ a: Range<Int>, _ b: Range<Int>) -> Bool {
    guard !a.isEmpty, !b.isEmpty, a.count + b.count < 16 else { return false }
    let joined = Array(text[a] + text[b])
    return isWord(joined.span, 0..<joined.count)
}

/// Whether a line ends with the level of a record, behind which its message stands: ` *`, ` #`.
private func endsWithLevel(_ line: Span<UInt8>) -> Bool {
    line.count > 20 && line.byte(line.count - 2) == 0x20
        && [0x2A, 0x23].contains(line.byte(line.count - 1))
}

private func lastWordStart(_ line: Span<UInt8>) -> Int {
    var start = line.count
    while start > 0, line[start - 1] > 0x20 { start -= 1 }
    return start
}

/// Whether a line begins a record, or at least shows a time or opens an object, as wrappers do.
private func startsRecord(_ line: Span<UInt8>, _ classifier: inout LineClassifier) -> Bool {
    // A runtime that cuts a record puts each part into an object of its own.
    if line.byte(0) == 0x7B, line.byte(1) == 0x22 { return true }
    let classified = classifier.classify(line)
    return classified.isRecord || classified.wrapper.form != .none
}

/// The index behind the margin and the quotation marks of a mail: `> `, `> > `, `>> `.
private func quoteEnd(_ line: Span<UInt8>, _ margin: Int) -> Int {
    var end = 0
    while end < margin, line.byte(end) == 0x20 { end += 1 }
    while line.byte(end) == 0x3E { end += line.byte(end + 1) == 0x20 ? 2 : 1 }
    return min(end, line.count)
}

/// Bytes of the word at `start`; 0 where there is none.
private func firstWord(_ line: Span<UInt8>, from start: Int) -> Int {
    var end = start
    while end < line.count, line[end] > 0x20 { end += 1 }
    return end - start
}
