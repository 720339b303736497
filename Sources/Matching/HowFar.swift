// SPDX-License-Identifier: Apache-2.0

internal import PCRE2
internal import PatternFiles

/// How far a regex got on a message that it does not match.
package struct HowFar: Hashable, Sendable {
    /// The pattern's id.
    package var id: String
    /// Bytes of the regex that match a beginning of what it looks for.
    package var regexOffset: Int
    /// Where in the message that match ends; 0 where nothing matches.
    package var messageOffset: Int
    /// The regex and the message, a caret below each.
    package var excerpt: [String]
}

/// Finds the longest beginning of a regex that still matches a message, by cutting the regex off
/// piece by piece.
struct ProgressFinder {
    private let regex: [UInt8]
    private let message: [UInt8]
    private var data = MatchCell()

    /// A class because the finder is a copyable value and `MatchData` is not.
    private final class MatchCell {
        var data = MatchData()
    }

    private struct Progress {
        var regexOffset: Int
        var messageOffset: Int
    }

    private init(regex: String, message: [UInt8]) {
        self.regex = Array(regex.utf8)
        self.message = message
    }

    static func howFar(id: String, regex: String, message: [UInt8]) -> HowFar {
        let finder = ProgressFinder(regex: regex, message: message)
        let node = try? RegexParser.parse(regex)
        let none = Progress(regexOffset: 0, messageOffset: 0)
        let progress = node.map { finder.advance($0, before: [], closing: 0, from: none) } ?? none
        return HowFar(
            id: id, regexOffset: progress.regexOffset, messageOffset: progress.messageOffset,
            excerpt: finder.excerpt(progress))
    }

    private func excerpt(_ progress: Progress) -> [String] {
        Diagnostic.pointing(
            into: regex, at: progress.regexOffset,
            note: progress.regexOffset == 0 ? "nothing of the regex matches" : "matches up to here")
            + Diagnostic.pointing(
                into: message, at: progress.messageOffset,
                note: progress.messageOffset == message.count ? "the text ends here" : "stops here")
    }
}

// MARK: - Cutting

extension ProgressFinder {
    /// How far `node` gets; `before` is the regex up to it, with `closing` groups open.
    private func advance(
        _ node: RegexNode, before: [UInt8], closing: Int, from start: Progress
    ) -> Progress {
        switch node.kind {
        case .sequence(let nodes):
            return advance(nodes, before: before, closing: closing, from: start)
        case .alternation(let branches):
            return branches.map { advance($0, before: before, closing: closing, from: start) }
                .max { ($0.messageOffset, $0.regexOffset) < ($1.messageOffset, $1.regexOffset) }
                ?? start
        case .group(_, let inner):
            let open = before + Array("(?:".utf8)
            return advance(inner, before: open, closing: closing + 1, from: start)
        case .repeated(let inner, let min, _) where min > 0:
            return advance(inner, before: before, closing: closing, from: start)
        default: return start
        }
    }

    private func advance(
        _ nodes: [RegexNode], before: [UInt8], closing: Int, from start: Progress
    ) -> Progress {
        var best = start
        guard let first = nodes.first?.range.lowerBound else { return start }
        for node in nodes {
            let piece = before + regex[first..<node.range.upperBound]
            if let end = end(of: piece, closing: closing) {
                best = Progress(regexOffset: node.range.upperBound, messageOffset: end)
                continue
            }
            let open = before + regex[first..<node.range.lowerBound]
            let inner = advance(node, before: open, closing: closing, from: best)
            return inner.messageOffset > best.messageOffset ? inner : best
        }
        return best
    }

    /// Where a match of `piece` ends, if there is one.
    private func end(of piece: [UInt8], closing: Int) -> Int? {
        let text = String(decoding: piece, as: UTF8.self) + String(repeating: ")", count: closing)
        guard let pattern = try? Pattern(text, options: .interpreted) else { return nil }
        guard data.data.match(pattern, in: message.span) == .matched else { return nil }
        return Int(data.data.bounds(ofGroup: 0).end)
    }
}
