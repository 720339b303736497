// SPDX-License-Identifier: Apache-2.0

internal import Model

/// A chart as a Mermaid Gantt diagram, the only diagram with a time axis that every version draws.
///
/// The words are our own, so nothing has to be escaped; what its grammar could misread (`:`, `;`,
/// `#`, `%`) is left out all the same. It says nothing that the timeline does not say in words.
/// Source: mermaid 10 and 11, gantt.jison (a task is `[^:\n]+` and its data `:[^#\n;]+`).
struct MermaidDiagram {
    /// GitLab draws no more than 2,000 characters of Mermaid on one page without being asked.
    static let pageLimit = 1900
    private static let taskLimit = 14

    let text: String

    init(_ chart: Chart) {
        let minimum = max(1, (chart.seconds / 200).rounded(.up))
        var lines = [
            "gantt", "    title " + Self.label(chart.title), "    dateFormat YYYY-MM-DD HH:mm:ss",
            "    axisFormat " + (chart.seconds < 86_400 ? "%H:%M:%S" : "%Y-%m-%d %H:%M"),
        ]
        func task(_ label: String, _ tone: Tone, _ from: Timestamp, _ to: Timestamp) {
            let end = max(to, from.adding(seconds: minimum))
            let tag = tone == .failure ? "crit, " : tone == .recovery ? "done, " : "active, "
            lines.append("    \(Self.label(label)) :\(tag)\(from.mermaid), \(end.mermaid)")
        }
        if !chart.spans.isEmpty { lines.append("    section Lasted") }
        for span in chart.spans {
            task(
                span.isOpen ? span.label + " (no end in the data)" : span.label, span.tone,
                span.from, span.to)
        }
        let worths = chart.marks.map { $0.tone == .warning ? 1 : 2 }
        let shown = WorthSelection(worths, limit: Self.taskLimit).indices.map { chart.marks[$0] }
        if !shown.isEmpty { lines.append("    section Events") }
        for mark in shown { task(mark.label, mark.tone, mark.at, mark.at) }
        text = lines.joined(separator: "\n")
    }

    /// Titles of the charts that are drawn on one page: from the first on, while there is room.
    static func drawn(of charts: [Chart]) -> Set<String> {
        var left = pageLimit
        var out: Set<String> = []
        for chart in charts {
            left -= MermaidDiagram(chart).text.utf8.count
            guard left >= 0 else { break }
            out.insert(chart.title)
        }
        return out
    }

    private static func label(_ text: String) -> String {
        String(
            text.unicodeScalars.map { scalar in
                scalar.isAlphanumeric || " ()-,.".unicodeScalars.contains(scalar)
                    ? Character(scalar) : " "
            })
    }
}

extension Timestamp {
    /// `2026-11-22 12:01:38`: UTC without saying so, since Mermaid takes it for the reader's zone
    /// and prints it as it stands.
    fileprivate var mermaid: String {
        let civil = CivilTime(timestamp: self)
        return "\(civil.date) \(civil.clockToSecond)"
    }
}
