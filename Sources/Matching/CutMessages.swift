// SPDX-License-Identifier: Apache-2.0

internal import Model
internal import PatternFiles

extension Catalogue {
    /// What a server's message of a refused fork says before the error: fixed texts.
    package var refusals: [[UInt8]] {
        entries.filter { $0.info.kind == .fork_failed && $0.info.scope == .server }
            .flatMap { $0.plan.prefixes }.filter { $0.count >= Catalogue.tellingDamage }
    }
}

/// Finds messages of refused forks that were cut across lines and that nothing joined: narrow windows,
/// text that was pasted without what shows its width. They are counted, so that none is lost in
/// silence. Lines without a header that no pattern matched are given in their order.
package struct CutMessages: Sendable {
    /// Messages found.
    package private(set) var count = 0
    private let texts: [[UInt8]]
    /// Beginnings of the texts at the end of the last line, and how far they go.
    private var open: [(text: Int, count: Int)] = []

    package init(_ texts: [[UInt8]]) { self.texts = texts }

    /// What follows is no continuation of what was given: a record stands between.
    package mutating func close() {
        if !open.isEmpty { open = [] }
    }

    package mutating func take(_ line: Span<UInt8>) {
        let start = Self.start(of: line)
        let end = Self.end(of: line)
        guard start < end else { return close() }
        if goesOn(line, start, end) { return }
        if holdsEnd(line, start, end) {
            count += 1
            return close()
        }
        begin(line, start, end)
    }

    // MARK: - Beginnings

    /// Longer lines are no cut ones.
    private static let longest = 512

    /// Notes the texts that the line ends within.
    private mutating func begin(_ line: Span<UInt8>, _ start: Int, _ end: Int) {
        close()
        guard end <= Self.longest else { return }
        for i in max(start, end - 64)..<max(start, end) where line[i] == 0x43 || line[i] == 0x63 {
            guard i == start || line[i - 1] <= 0x20 else { continue }
            for t in texts.indices {
                let agreed = Self.agree(line, i, end, texts[t], 0)
                if i + agreed == end { open.append((t, agreed)) }
                guard agreed == texts[t].count, i + agreed < end, line[i + agreed] == 0x20 else {
                    continue
                }
                // An error that was cut; whole ones are a pattern's business.
                let error = i + agreed + 1
                if error < end, !Self.isError(line, error, end),
                    Self.isError(line, error, end, mayBeCut: true)
                {
                    count += 1
                    return close()
                }
            }
        }
    }

    /// Follows the texts that the lines above have begun; true where the line is a part of one.
    private mutating func goesOn(_ line: Span<UInt8>, _ start: Int, _ end: Int) -> Bool {
        var rest: [(text: Int, count: Int)] = []
        for (t, done) in open {
            var from = done
            while from < texts[t].count, texts[t][from] == 0x20 { from += 1 }
            let agreed = Self.agree(line, start, end, texts[t], from)
            if from + agreed == texts[t].count {
                guard agreed > 0 || Self.isError(line, start, end, mayBeCut: end - start >= 4)
                else { continue }
                count += 1
                close()
                return true
            }
            if start + agreed == end { rest.append((t, from + agreed)) }
        }
        open = rest
        return !rest.isEmpty
    }

    // MARK: - Ends

    /// Whether a line begins with the end of a text or all of it, and an error stands behind it. Only a long end
    /// tells by itself, with the error cut as well.
    private func holdsEnd(_ line: Span<UInt8>, _ start: Int, _ end: Int) -> Bool {
        guard end <= Self.longest else { return false }
        var colon = start
        while colon < min(end, start + 64) {
            defer { colon += 1 }
            guard line[colon] == 0x3A, colon > start else { continue }
            let length = colon + 1 - start
            for text in texts where length <= text.count {
                guard Self.agree(line, start, colon + 1, text, text.count - length) == length
                else { continue }
                var error = colon + 1
                while error < end, line[error] == 0x20 { error += 1 }
                if Self.isError(line, error, end, mayBeCut: length >= 12) { return true }
            }
        }
        return false
    }

    // MARK: - Texts

    /// How many bytes of a line from `start` are those of `text` from `from`.
    private static func agree(
        _ line: Span<UInt8>, _ start: Int, _ end: Int, _ text: [UInt8], _ from: Int
    ) -> Int {
        var n = 0
        while start + n < end, from + n < text.count, line[start + n] == text[from + n] { n += 1 }
        return n
    }

    private static func isError(
        _ line: Span<UInt8>, _ start: Int, _ end: Int, mayBeCut: Bool = false
    ) -> Bool {
        guard start < end else { return mayBeCut }
        guard end - start < 64 else { return false }
        var bytes: [UInt8] = []
        for i in start..<end { bytes.append(line[i]) }
        let text = String(decoding: bytes, as: UTF8.self)
        return mayBeCut ? Errno.isBeginning(text) : Errno(message: text) != .UNKNOWN
    }

    /// Behind blanks and the marks of quotations.
    private static func start(of line: Span<UInt8>) -> Int {
        var i = 0
        while i < line.count, line[i] <= 0x20 || line[i] == 0x3E || line[i] == 0x7C { i += 1 }
        return i
    }

    private static func end(of line: Span<UInt8>) -> Int {
        var end = line.count
        while end > 0, line[end - 1] <= 0x20 { end -= 1 }
        return end
    }
}
