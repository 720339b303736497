// SPDX-License-Identifier: Apache-2.0

internal import Model

/// What is known of causes, and of what guides say, as text for people.
///
/// The text of a cause is its doc comment, and that of a claim its row in docs/guide-claims.md: the
/// build embeds both (`embed-causes`).
package enum Explanation {
    /// A cause or a claim of a guide by its id; `nil` where there is neither.
    package static func text(of id: String) -> String? { cause(id) ?? claim(id) }

    /// Ids of the claims that guides make.
    package static var claimIDs: [String] { claims.map { $0[0] } }

    /// Ids of causes and claims whose name or text holds all words, at most ten, those first whose
    /// name does.
    package static func ids(mentioning words: String) -> [String] {
        let wanted = words.lowercased().split(whereSeparator: { " \"'.,:".contains($0) })
        guard !wanted.isEmpty else { return [] }
        func holds(_ text: String) -> Bool {
            let text = text.lowercased()
            return wanted.allSatisfy { text.contains($0) }
        }
        let all = pages.map { ($0.id, $0.text) } + claims.map { ($0[0], $0.joined(separator: " ")) }
        let named = all.filter { holds($0.0) }
        let told = all.filter { !holds($0.0) && holds($0.1) }
        return (named + told).prefix(10).map(\.0)
    }

    private static func cause(_ id: String) -> String? {
        guard let page = pages.first(where: { $0.id == id }),
            let judge = causes.first(where: { $0.id.rawValue == id })
        else { return nil }
        var out = ["\(id)  \(role(judge))"]
        var indent = ""
        for line in page.text.split(separator: "\n") {
            guard let part = parts.first(where: { line.hasPrefix($0 + ":") }) else {
                if out.count == 1 { out.append("") }
                out.append(indent + line)
                continue
            }
            indent = "  "
            out += ["", part, indent + line.dropFirst(part.count + 1).drop { $0 == " " }]
        }
        return out.joined(separator: "\n") + "\n"
    }

    private static func role(_ judge: any Cause.Type) -> String {
        switch judge.role {
        case .primary:
            "a cause of: "
                + Incident.Kind.allCases.filter(judge.answers.contains).map(\.rawValue)
                .joined(separator: ", ")
        case .contributing: "a contributing factor: it never decides"
        }
    }

    /// In the order in which a doc comment has them.
    private static let parts = [
        "Claim", "Mechanism", "For", "Against", "Settled by", "To do",
    ]

    private static func claim(_ id: String) -> String? {
        guard let row = claims.first(where: { $0[0] == id }) else { return nil }
        let parts = zip(["The guide", "Verdict", "Why", "Dealt with in"], row.dropFirst())
        return "\(id)  what a guide says\n"
            + parts.map { "\n\($0)\n  \($1)\n" }.joined()
    }
}
