// SPDX-License-Identifier: Apache-2.0

/// How a piece of text looks in a terminal.
struct Style: Hashable {
    /// Parameters of the SGR sequence; empty for plain text. Source: ECMA-48, 8.3.117.
    var parameters: String

    static let plain = Style(parameters: "")
    static let strong = Style(parameters: "1")
    static let muted = Style(parameters: "2")
    static let code = Style(parameters: "36")

    init(parameters: String) { self.parameters = parameters }

    init(strong tone: Tone) {
        switch tone {
        case .plain: self = .strong
        case .failure: self.init(parameters: "1;31")
        case .warning: self.init(parameters: "33")
        case .recovery: self.init(parameters: "32")
        case .muted: self = .muted
        }
    }

    func applied(to text: String, color: Bool) -> String {
        guard color, !parameters.isEmpty, !text.isEmpty else { return text }
        return "\u{1B}[\(parameters)m\(text)\u{1B}[0m"
    }
}

/// What is not broken across lines: text without a space, possibly in several styles.
private struct Word {
    var pieces: [(text: String, style: Style)] = []
    var width = 0

    mutating func append(_ scalar: Unicode.Scalar, _ style: Style) {
        if pieces.last?.style != style { pieces.append(("", style)) }
        pieces[pieces.count - 1].text.unicodeScalars.append(scalar)
        width += Literal.width(scalar)
    }
}

extension TextRenderer {
    /// The lines of `prose`, none wider than the terminal unless the prefix leaves no room.
    func wrapped(_ prose: Prose, first: String, rest: String) -> [String] {
        let room = max(width - Literal.width(rest), 16)
        var lines: [String] = []
        var line: [Word] = []
        var used = 0
        func flush() {
            lines.append((lines.isEmpty ? first : rest) + joined(line))
            line = []
            used = 0
        }
        for word in words(prose, limit: room) {
            if !line.isEmpty, used + 1 + word.width > room { flush() }
            used += (line.isEmpty ? 0 : 1) + word.width
            line.append(word)
        }
        if !line.isEmpty { flush() }
        return lines
    }

    /// The words of `prose`; one wider than `limit` is broken.
    private func words(_ prose: Prose, limit: Int) -> [Word] {
        var words: [Word] = []
        var word = Word()
        for run in prose.runs {
            let (text, style) = shown(run)
            for scalar in text.unicodeScalars {
                if scalar == " " || word.width + Literal.width(scalar) > limit {
                    if word.width > 0 { words.append(word) }
                    word = Word()
                }
                if scalar != " " { word.append(scalar, style) }
            }
        }
        if word.width > 0 { words.append(word) }
        return words
    }

    /// Code of several words stands between backticks, since a reader may have no colours.
    private func shown(_ run: Inline) -> (String, Style) {
        switch run {
        case .text(let text): return (Literal.line(text), .plain)
        case .strong(let text, let tone): return (Literal.line(text), Style(strong: tone))
        case .code(let text):
            let line = Literal.line(text)
            return (line.contains(" ") ? "`\(line)`" : line, .code)
        case .link(let text, to: let address):
            return (Literal.line(text == address ? text : "\(text) (\(address))"), .plain)
        }
    }

    /// The words with spaces between them; neighbours of one style share its sequence.
    private func joined(_ words: [Word]) -> String {
        var pieces: [(text: String, style: Style)] = []
        for word in words {
            for (i, piece) in word.pieces.enumerated() {
                let space = i == 0 && !pieces.isEmpty ? " " : ""
                if let last = pieces.last, last.style == piece.style {
                    pieces[pieces.count - 1].text += space + piece.text
                } else {
                    if !space.isEmpty { pieces.append((space, .plain)) }
                    pieces.append(piece)
                }
            }
        }
        return pieces.map { $0.style.applied(to: $0.text, color: color) }.joined()
    }
}
