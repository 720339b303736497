// SPDX-License-Identifier: Apache-2.0

internal import Model

/// Renders a document as CommonMark, or as what GitHub and GitLab make of it.
///
/// CommonMark has no tables: rows of numbers are fenced text in columns, timelines are lists, so
/// that their entries wrap on a phone and can carry code. Lines are never wrapped, since some
/// trackers turn every line end into a break. GitHub and GitLab add tables, sections that fold,
/// and Mermaid diagrams.
package struct MarkdownRenderer: DocumentRenderer {
    package enum Flavour: Sendable { case commonMark, github, gitlab }

    let flavour: Flavour
    /// Titles of the charts that are drawn.
    private var drawn: Set<String> = []

    package init(_ flavour: Flavour = .commonMark) { self.flavour = flavour }

    /// The document with a line end; the first line marks it as a report of Forktopsy's own.
    package func render(_ document: Document) -> String {
        var renderer = self
        if flavour != .commonMark { renderer.drawn = MermaidDiagram.drawn(of: document.charts) }
        return renderer.text(of: document)
    }

    private func text(of document: Document) -> String {
        let lines =
            ["<!-- \(Report.schema) -->", "", "# " + MarkdownText.inline(document.title)]
            + separated(document.blocks, level: 2).flatMap { [""] + $0 }
        return lines.joined(separator: "\n") + "\n"
    }
}

// MARK: - Blocks

extension MarkdownRenderer {
    private func separated(_ blocks: [Block], level: Int) -> [[String]] {
        blocks.map { lines($0, level: level) }.filter { !$0.isEmpty }
    }

    private func lines(_ block: Block, level: Int) -> [String] {
        switch block {
        case .section(let section): return lines(section, level: level)
        case .paragraph(let prose): return [MarkdownText.inline(prose, startsLine: true)]
        case .list(let items, let ordered): return lines(items, ordered: ordered, level: level)
        case .definitions(let rows):
            return rows.map {
                "- " + MarkdownText.strong($0.term + ":") + " " + MarkdownText.inline($0.text)
            }
        case .table(let table): return lines(table)
        case .code(let code): return lines(code)
        case .note(let note): return lines(note)
        case .timeline(let timeline): return lines(timeline)
        case .chart(let chart):
            guard drawn.contains(chart.title) else { return [] }
            return MarkdownText.fenced(MermaidDiagram(chart).text, language: "mermaid")
        }
    }

    private func lines(_ note: Note) -> [String] {
        let text = MarkdownText.inline(note.text)
        // What GitHub calls an alert. GitLab shows it as such from 17.10 on only.
        if flavour == .github {
            return ["> [!\(note.level == .warning ? "CAUTION" : "NOTE")]", "> " + text]
        }
        return ["> **\(note.level == .warning ? "Caution" : "Note"):** " + text]
    }

    /// Rows with bars, where the target has them and no cell holds what it might misread.
    private func lines(_ table: Table) -> [String] {
        let cells = table.rows.flatMap(\.self) + table.columns.map(\.title)
        guard flavour != .commonMark, cells.allSatisfy(MarkdownText.isPlainCell) else {
            return MarkdownText.fenced(table.inColumns(), language: "text")
        }
        func row(_ cells: [String]) -> String { "| " + cells.joined(separator: " | ") + " |" }
        let head = row(table.columns.map { MarkdownText.escaped($0.title) })
        let rule = row(table.columns.map { $0.isNumeric ? "---:" : "---" })
        return [head, rule]
            + table.rows.map { cells in
                row(
                    table.columns.indices.map {
                        $0 < cells.count ? MarkdownText.escaped(cells[$0]) : ""
                    })
            }
    }

    private func lines(_ section: Section, level: Int) -> [String] {
        if flavour != .commonMark, section.isFolded {
            // An empty line on either side, or the Markdown within would not be read as such.
            return ["<details>", "<summary>" + MarkdownText.summary(section.title) + "</summary>"]
                + separated(section.blocks, level: level + 1).flatMap { [""] + $0 }
                + ["", "</details>"]
        }
        return [
            String(repeating: "#", count: min(level, 6)) + " " + MarkdownText.inline(section.title)
        ]
            + separated(section.blocks, level: level + 1).flatMap { [""] + $0 }
    }

    private func lines(_ code: CodeBlock) -> [String] {
        let fence = MarkdownText.fenced(
            code.text, language: code.language == .shell ? "sh" : "text")
        return code.caption.isEmpty ? fence : [MarkdownText.codeSpan(code.caption), ""] + fence
    }

    private func lines(_ items: [[Block]], ordered: Bool, level: Int) -> [String] {
        let isTight = items.allSatisfy { $0.count == 1 }
        var out: [String] = []
        for (i, item) in items.enumerated() {
            if !isTight, i > 0 { out.append("") }
            let marker = ordered ? "\(i + 1). " : "- "
            let body = separated(item, level: level).joined(separator: [""])
            out += indented(Array(body), by: marker)
        }
        return out
    }

    /// `lines` behind a marker, the second and later ones moved in by its width.
    private func indented(_ lines: [String], by marker: String) -> [String] {
        let indent = String(repeating: " ", count: marker.utf8.count)
        return lines.enumerated().map { i, line in
            i == 0 ? marker + line : line.isEmpty ? "" : indent + line
        }
    }
}

// MARK: - Timeline

extension MarkdownRenderer {
    private func lines(_ timeline: Timeline) -> [String] {
        var out: [String] = []
        var date: String?
        for row in timeline.rows {
            switch row {
            case .omitted(let count):
                out.append("- … \(counted(count, "entry", "entries")) left out …")
            case .entry(let entry):
                if let new = entry.date, new != date {
                    date = new
                    out += (out.isEmpty ? [] : [""]) + ["**\(new)** (UTC)", ""]
                }
                out += lines(entry, showsLocal: timeline.showsLocal)
            }
        }
        return out
    }

    private func lines(_ entry: Timeline.Entry, showsLocal: Bool) -> [String] {
        var prose = Prose([.code(entry.clock ?? "no time")])
        if showsLocal, let local = entry.local { prose += " (log: \(code: local))" }
        prose += " "
        if let label = entry.tone.label { prose += "\(strong: label, entry.tone) " }
        prose += entry.text
        if let source = entry.source { prose += " (\(code: source))" }
        let head = "- " + MarkdownText.inline(prose)
        guard let quote = entry.quote else { return [head] }
        // A hard line break, so that the quote stands on its own line within the item.
        return [
            head + "\\", "  " + MarkdownText.codeSpan(Literal.cut(Literal.line(quote), to: 200)),
        ]
    }
}

extension Tone {
    /// The meaning in a word, for readers without colours.
    var label: String? {
        switch self {
        case .failure: "FAIL"
        case .warning: "WARN"
        case .recovery: "OK"
        case .plain, .muted: nil
        }
    }
}

// MARK: - Tables

extension Table {
    /// The rows in columns of equal width, numbers to the right, for a fixed-width font.
    func inColumns() -> String {
        let cells = [columns.map(\.title)] + rows.map { $0.map(Literal.line) }
        let widths = columns.indices.map { i in
            cells.map { i < $0.count ? Literal.width($0[i]) : 0 }.max() ?? 0
        }
        return cells.map { row in
            trimmedEnd(
                columns.indices.map { i in
                    let cell = i < row.count ? row[i] : ""
                    let space = String(repeating: " ", count: widths[i] - Literal.width(cell))
                    return columns[i].isNumeric ? space + cell : cell + space
                }.joined(separator: "  "))
        }.joined(separator: "\n")
    }
}

/// `text` without spaces at its end.
func trimmedEnd(_ text: String) -> String {
    var bytes = Substring(text)
    while bytes.hasSuffix(" ") { bytes.removeLast() }
    return String(bytes)
}
