// SPDX-License-Identifier: Apache-2.0

/// Escaping for Jira's wiki markup: the one place where text becomes markup.
///
/// A backslash takes the meaning from one of `-#*_+?^~|%{}[]()!@`, but not when another backslash
/// stands before it, and nothing else can be escaped that way. Source: atlassian-renderer 5.0,
/// BackslashEscapeRendererComponent. Backslashes themselves, colons of addresses and smileys, and
/// what other readers of the markup do not let escape (`+^~|`) are written as numeric entities,
/// which Jira leaves to the browser.
enum JiraText {
    static func inline(_ prose: Prose, startsLine: Bool = false) -> String {
        var out = ""
        for (i, run) in prose.runs.enumerated() {
            let next = i + 1 < prose.runs.count ? prose.runs[i + 1].plain.unicodeScalars.first : nil
            let isApart = !touchesWord(out.unicodeScalars.last) && !touchesWord(next)
            out += inline(run, startsLine: startsLine && i == 0, isApart: isApart)
        }
        return out
    }

    /// Markup is read as such only where no letter or digit stands next to it.
    private static func touchesWord(_ scalar: Unicode.Scalar?) -> Bool {
        scalar.map { $0.isAlphanumeric || $0.properties.isAlphabetic } ?? false
    }

    private static func inline(_ run: Inline, startsLine: Bool, isApart: Bool) -> String {
        switch run {
        case .text(let text), .link(let text, to: _): escaped(text, startsLine: startsLine)
        case .strong(let text, let tone):
            isApart ? strong(text, tone) : escaped(text, startsLine: startsLine)
        case .code(let text):
            isApart ? monospaced(text) : escaped(text, startsLine: startsLine)
        }
    }

    /// `text` in bold, in the colour of its meaning.
    static func strong(_ text: String, _ tone: Tone = .plain) -> String {
        let body = escaped(trimmedEnd(String(Literal.line(text).drop { $0 == " " })))
        guard !body.isEmpty else { return "" }
        guard let color = tone.jiraColor else { return "*\(body)*" }
        return "{color:\(color)}*\(body)*{color}"
    }

    /// `text` in a typewriter's font, on one line.
    static func monospaced(_ text: String) -> String {
        let body = escaped(text)
        guard !body.allSatisfy({ $0 == " " }) else { return "" }
        // Jira wants something other than a space next to the braces.
        return "{{" + body.guardedSpaces + "}}"
    }
}

// MARK: - Text

extension JiraText {
    private static let escapable = Set("-#*_?%{}[]()!@".unicodeScalars)
    private static let entities = Set("\\|&<>~^+".unicodeScalars)

    /// `text` as Jira shows it, literally.
    static func escaped(_ text: String, startsLine: Bool = false) -> String {
        let scalars = Array(Literal.line(text).unicodeScalars)
        var out = ""
        for (i, scalar) in scalars.enumerated() {
            if entities.contains(scalar) || needsEntity(at: i, in: scalars, startsLine: startsLine)
            {
                out += "&#\(scalar.value);"
            } else if escapable.contains(scalar), !isHarmless(at: i, in: scalars) {
                // Not one backslash after another: readers differ on what that means.
                if out.unicodeScalars.dropLast().last == "\\" {
                    out += "&#\(scalar.value);"
                } else {
                    out += "\\"
                    out.unicodeScalars.append(scalar)
                }
            } else {
                out.unicodeScalars.append(scalar)
            }
        }
        return out
    }

    /// Within words `-`, `_` and the like open nothing; left alone, the source stays readable.
    /// A dash before a digit is not left alone where an issue's key could be read (`ABC-12`).
    private static func isHarmless(at i: Int, in text: [Unicode.Scalar]) -> Bool {
        switch text[i] {
        case "-", "_", "#":
            guard i > 0, i + 1 < text.count, text[i - 1].isAlphanumeric, text[i + 1].isAlphanumeric
            else { return false }
            return text[i] != "-" || text[i - 1].properties.isLowercase
                || (("0"..."9").contains(text[i - 1]) && !endsProject(text[..<i]))
        case "(": return !opensPicture(at: i, in: text)
        case ")": return !(i > 0 && [":", ";", "-", "=", "8"].contains(text[i - 1]))
        // A single mark at the end of a word opens nothing.
        case "?", "%":
            return i > 0 && text[i - 1].isAlphanumeric
                && (i + 1 == text.count || text[i + 1] == " ")
        default: return false
        }
    }

    /// Whether a project's name ends there, which is capitals and digits: `R2` in `hR2-12`.
    private static func endsProject(_ text: ArraySlice<Unicode.Scalar>) -> Bool {
        text.reversed().prefix { $0.isWord && !$0.properties.isLowercase }
            .contains { $0.properties.isUppercase }
    }

    /// `(!)`, `(x)`, `(on)` and the like become pictures, and so does `:(`.
    private static func opensPicture(at i: Int, in text: [Unicode.Scalar]) -> Bool {
        if i > 0, [":", ";", "-", "="].contains(text[i - 1]) { return true }
        var name = ""
        for scalar in text[(i + 1)...].prefix(9) {
            if scalar == ")" { return pictures.contains(name.lowercased()) }
            name.unicodeScalars.append(scalar)
        }
        return false
    }

    private static let pictures: Set<String> = [
        "!", "?", "x", "/", "i", "+", "-", "y", "n", "on", "off", "*", "*r", "*g", "*b", "*y",
        "flag",
        "flagoff", "c", "r", "tm",
    ]

    private static func needsEntity(
        at i: Int, in text: [Unicode.Scalar], startsLine: Bool
    ) -> Bool {
        let next = i + 1 < text.count ? text[i + 1] : nil
        switch text[i] {
        case ":":
            // An address, a smiley, an emoji's name.
            guard let next else { return false }
            let scheme = String(String.UnicodeScalarView(text[..<i].suffix(6))).lowercased()
            if ["mailto", "skype", "callto"].contains(scheme) { return true }
            if ["/", "(", ")", "D", "P", "p", "|", "-", "\\"].contains(next) { return true }
            let name = text[(i + 1)...].prefix { $0.isWord || $0 == "-" || $0 == "+" }
            return !name.isEmpty && name.endIndex < text.count && text[name.endIndex] == ":"
                && name.contains { !("0"..."9").contains($0) }
        case ";": return next == ")" || next == "-"
        case ".":
            // A heading or a quotation at the start of a line: `h1. `, `bq. `.
            return startsLine && i == 2 && next == " "
        default: return false
        }
    }
}

extension Tone {
    /// Colours of Atlassian's palette that can be read on white and on black.
    fileprivate var jiraColor: String? {
        switch self {
        case .failure: "#de350b"
        case .warning: "#b65c02"
        case .recovery: "#00875a"
        case .plain, .muted: nil
        }
    }
}

extension String {
    /// Spaces at either end as entities.
    fileprivate var guardedSpaces: String {
        var out = self
        if out.hasPrefix(" ") { out = "&#32;" + out.dropFirst() }
        if out.hasSuffix(" ") { out = out.dropLast() + "&#32;" }
        return out
    }
}
