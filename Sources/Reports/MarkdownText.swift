// SPDX-License-Identifier: Apache-2.0

/// Escaping for CommonMark: the one place where text becomes Markdown.
///
/// Trackers add references to CommonMark (`#123`, `@name`, `!4`, bare URLs, commit hashes), and
/// they look for them after backslashes are gone. A word that could be one is set as code.
enum MarkdownText {
    static func inline(_ prose: Prose, startsLine: Bool = false) -> String {
        let text = joined(prose.runs).enumerated()
            .map { inline($1, startsLine: startsLine && $0 == 0) }.joined()
        // Four spaces at the start of a line would make it code.
        return startsLine ? String(text.drop { $0 == " " }) : text
    }

    /// Neighbouring runs of plain text as one, since a reference may stand across their border.
    private static func joined(_ runs: [Inline]) -> [Inline] {
        var out: [Inline] = []
        for run in runs {
            if case .text(let text) = run, case .text(let before)? = out.last {
                out[out.count - 1] = .text(before + text)
            } else {
                out.append(run)
            }
        }
        return out
    }

    private static func inline(_ run: Inline, startsLine: Bool) -> String {
        switch run {
        case .text(let text): return escaped(text, startsLine: startsLine)
        case .strong(let text, _): return strong(text)
        case .code(let text): return codeSpan(text)
        case .link(let text, to: let address): return "[\(escaped(text))](<\(address)>)"
        }
    }
}

// MARK: - Text

extension MarkdownText {
    /// `text` between asterisks, which may not have a space on their inner side.
    static func strong(_ text: String) -> String {
        let text = trimmedEnd(String(Literal.line(text).drop { $0 == " " }))
        return text.isEmpty ? "" : "**" + escaped(text) + "**"
    }

    /// `text` as a paragraph shows it, literally.
    static func escaped(_ text: String, startsLine: Bool = false) -> String {
        let words = Literal.line(text).split(separator: " ", omittingEmptySubsequences: false)
        return words.enumerated()
            .map { escaped(word: Array($1.unicodeScalars), startsLine: startsLine && $0 == 0) }
            .joined(separator: " ")
    }

    private static func escaped(word: [Unicode.Scalar], startsLine: Bool) -> String {
        if mayBeReference(word) { return codeSpan(string(word)) }
        var out = ""
        for (i, scalar) in word.enumerated() {
            if needsBackslash(scalar, at: i, in: word)
                || (startsLine && mayOpenBlock(scalar, at: i, in: word))
            {
                out += "\\"
            }
            out.unicodeScalars.append(scalar)
        }
        return out
    }

    private static func needsBackslash(
        _ scalar: Unicode.Scalar, at i: Int, in word: [Unicode.Scalar]
    ) -> Bool {
        switch scalar {
        case "\\", "`", "*", "[", "]", "<", ">", "|", "~", "&", "$": return true
        // Within a word it is no emphasis.
        case "_":
            return
                !(i > 0 && i + 1 < word.count && word[i - 1].isAlphanumeric
                && word[i + 1].isAlphanumeric)
        default: return false
        }
    }

    /// Whether the character could open a heading, a list or an underline at the start of a line.
    private static func mayOpenBlock(
        _ scalar: Unicode.Scalar, at i: Int, in word: [Unicode.Scalar]
    ) -> Bool {
        switch scalar {
        case "#", "+", "-", "=": return i == 0
        case ".", ")":
            return i > 0 && i == word.count - 1
                && word[..<i].allSatisfy { ("0"..."9").contains($0) }
        default: return false
        }
    }

    /// Whether a tracker might take the word for an issue, a person, a commit or an address.
    private static func mayBeReference(_ word: [Unicode.Scalar]) -> Bool {
        for (i, scalar) in word.enumerated() where i + 1 < word.count {
            switch scalar {
            case "@", "#", "!", "$", "%", "~", "&":
                if word[i + 1].isWord || word[i + 1] == "\"" { return true }
            case ":": if word[i + 1] == "/" { return true }
            default: break
            }
        }
        return string(word).lowercased().contains("www.") || namesEmoji(word)
            || word.split { !$0.isAlphanumeric }.contains {
                isCommitHash($0) || isIssue($0, in: word)
            }
    }

    /// `:tada:`, also within a word; a time of day is none.
    private static func namesEmoji(_ word: [Unicode.Scalar]) -> Bool {
        word.split(separator: ":", omittingEmptySubsequences: false).dropFirst().dropLast()
            .contains { name in
                let isName = name.allSatisfy { $0.isWord || $0 == "-" || $0 == "+" }
                return isName && (name.contains { !("0"..."9").contains($0) } || name.count > 2)
            }
    }

    /// `GH-12`, and `GL-12` of GitLab: the letters stand alone, and a dash and digits follow.
    private static func isIssue(
        _ part: ArraySlice<Unicode.Scalar>, in word: [Unicode.Scalar]
    ) -> Bool {
        guard ["gh", "gl"].contains(string(Array(part)).lowercased()),
            part.endIndex + 1 < word.count
        else { return false }
        return word[part.endIndex] == "-" && ("0"..."9").contains(word[part.endIndex + 1])
    }

    /// Seven to 64 hexadecimal digits, letters and figures among them.
    private static func isCommitHash(_ part: ArraySlice<Unicode.Scalar>) -> Bool {
        let digits = part.count { ("0"..."9").contains($0) }
        let letters = part.count { ("a"..."f").contains($0) || ("A"..."F").contains($0) }
        return (7...64).contains(part.count) && digits + letters == part.count && digits > 0
            && letters > 0
    }

    private static func string(_ scalars: [Unicode.Scalar]) -> String {
        var out = ""
        out.unicodeScalars.append(contentsOf: scalars)
        return out
    }
}

// MARK: - Tables and summaries

extension MarkdownText {
    /// Whether a cell of a table shows the text as it is, without any escape that tables would
    /// take differently.
    static func isPlainCell(_ text: String) -> Bool {
        !text.contains("|") && !text.contains("\\") && !escaped(text).contains("`")
    }

    /// A line of HTML for the head of a folded section. Trackers look for references in it as
    /// well, except in code.
    static func summary(_ prose: Prose) -> String {
        prose.runs.map { run in
            switch run {
            case .code(let text): return "<code>\(HTMLText.escaped(text))</code>"
            case .strong(let text, _): return "<b>\(summary(text))</b>"
            case .text(let text), .link(let text, to: _): return summary(text)
            }
        }.joined()
    }

    private static func summary(_ text: String) -> String {
        Literal.line(text).split(separator: " ", omittingEmptySubsequences: false)
            .map { word in
                let escaped = HTMLText.escaped(String(word))
                return mayBeReference(Array(word.unicodeScalars))
                    ? "<code>\(escaped)</code>" : escaped
            }.joined(separator: " ")
    }
}

// MARK: - Code

extension MarkdownText {
    /// `text` between as many backticks as it needs.
    static func codeSpan(_ text: String) -> String {
        let line = Literal.line(text)
        if line.allSatisfy({ $0 == " " }) { return "" }
        let fence = String(repeating: "`", count: longestRun(of: "`", in: line) + 1)
        let needsPadding =
            line.hasPrefix("`") || line.hasSuffix("`")
            || (line.hasPrefix(" ") && line.hasSuffix(" "))
        return needsPadding ? "\(fence) \(line) \(fence)" : fence + line + fence
    }

    /// The lines of a fenced block; the fence is longer than any run of backticks within.
    static func fenced(_ text: String, language: String) -> [String] {
        let lines = Literal.lines(text)
        let longest = lines.map { longestRun(of: "`", in: $0) }.max() ?? 0
        let fence = String(repeating: "`", count: max(3, longest + 1))
        return [fence + language] + lines + [fence]
    }

    private static func longestRun(of character: Unicode.Scalar, in text: String) -> Int {
        var longest = 0
        var run = 0
        for scalar in text.unicodeScalars {
            run = scalar == character ? run + 1 : 0
            longest = max(longest, run)
        }
        return longest
    }
}

extension Unicode.Scalar {
    /// An ASCII letter, a digit or `_`.
    var isWord: Bool { isAlphanumeric || self == "_" }

    /// An ASCII letter or a digit.
    var isAlphanumeric: Bool {
        ("a"..."z").contains(self) || ("A"..."Z").contains(self) || ("0"..."9").contains(self)
    }
}
