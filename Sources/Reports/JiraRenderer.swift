// SPDX-License-Identifier: Apache-2.0

internal import Model

/// Renders a document as Jira's wiki markup, for Data Center and for version 2 of the REST API.
///
/// Jira nests badly: a block of code ends the list item it stands in. So items with more than one
/// block are paragraphs with their number in bold, and nothing folds.
package struct JiraRenderer: DocumentRenderer {
    package init() {}

    /// The document with a line end; its second line marks it as a report of Forktopsy's own.
    package func render(_ document: Document) -> String {
        let mark = "forktopsy \(JiraText.escaped(document.toolVersion)) report"
        let lines =
            ["h1. " + JiraText.inline(document.title), mark]
            + separated(document.blocks, level: 2).flatMap { [""] + $0 }
        return lines.joined(separator: "\n") + "\n"
    }
}

// MARK: - Blocks

extension JiraRenderer {
    private func separated(_ blocks: [Block], level: Int) -> [[String]] {
        blocks.map { lines($0, level: level) }.filter { !$0.isEmpty }
    }

    private func lines(_ block: Block, level: Int) -> [String] {
        switch block {
        case .section(let section):
            return ["h\(min(level, 6)). " + JiraText.inline(section.title)]
                + separated(section.blocks, level: level + 1).flatMap { [""] + $0 }
        case .paragraph(let prose): return [JiraText.inline(prose, startsLine: true)]
        case .list(let items, let ordered): return lines(items, ordered: ordered, level: level)
        case .definitions(let rows):
            return rows.map {
                "* " + JiraText.strong($0.term + ":", $0.tone) + " " + JiraText.inline($0.text)
            }
        case .table(let table): return lines(table)
        case .code(let code): return lines(code)
        case .note(let note):
            let label = note.level == .warning ? "Caution:" : "Note:"
            return ["bq. *\(label)* " + JiraText.inline(note.text)]
        case .timeline(let timeline): return lines(timeline)
        case .chart: return []
        }
    }

    private func lines(_ items: [[Block]], ordered: Bool, level: Int) -> [String] {
        let proses = items.compactMap { item -> Prose? in
            if item.count == 1, case .paragraph(let prose) = item[0] { prose } else { nil }
        }
        if proses.count == items.count {
            return proses.map { (ordered ? "# " : "* ") + JiraText.inline($0) }
        }
        return items.enumerated().flatMap { i, item in
            let marker = ordered ? "*\(i + 1).* " : "• "
            let gap = i == 0 ? [] : [""]
            guard case .paragraph(let prose)? = item.first else {
                return gap + [marker] + separated(item, level: level).flatMap { [""] + $0 }
            }
            return gap + [marker + JiraText.inline(prose)]
                + separated(Array(item.dropFirst()), level: level).flatMap { [""] + $0 }
        }
    }

    /// In a block without formatting, unless the text could end it; then line by line.
    private func lines(_ code: CodeBlock) -> [String] {
        let text = Literal.lines(code.text)
        let all = text.joined(separator: "\n").lowercased()
        let caption = code.caption.isEmpty ? [] : [JiraText.monospaced(code.caption)]
        if !all.contains("{noformat") {
            return caption + ["{noformat}"] + text + ["{noformat}"]
        }
        if !all.contains("{code") { return caption + ["{code:none}"] + text + ["{code}"] }
        let monospaced = text.map(JiraText.monospaced).filter { !$0.isEmpty }
        return caption + [monospaced.joined(separator: "\\\\\n")]
    }

    private func lines(_ table: Table) -> [String] {
        let head = "||" + table.columns.map { cell(JiraText.escaped($0.title)) + "||" }.joined()
        return [head]
            + table.rows.map { row in
                "|"
                    + table.columns.indices.map { i in
                        cell(i < row.count ? JiraText.escaped(row[i]) : "") + "|"
                    }.joined()
            }
    }

    /// A cell must hold something.
    private func cell(_ markup: String) -> String { markup.isEmpty ? " " : markup }
}

// MARK: - Timeline

extension JiraRenderer {
    private func lines(_ timeline: Timeline) -> [String] {
        var titles = ["UTC"]
        if timeline.showsLocal { titles.append("in the log") }
        titles += ["", "what", "where"]
        var out = ["||" + titles.map { cell($0) + "||" }.joined()]
        var date: String?
        for row in timeline.rows {
            let cells: [String]
            switch row {
            case .omitted(let count):
                let text = "… \(counted(count, "entry", "entries")) left out …"
                cells = [" "] + (timeline.showsLocal ? [" "] : []) + [" ", text, " "]
            case .entry(let entry):
                let isNew = entry.date != nil && entry.date != date
                date = entry.date ?? date
                cells = self.cells(entry, showsDate: isNew, showsLocal: timeline.showsLocal)
            }
            out.append("|" + cells.map { $0 + "|" }.joined())
        }
        return out
    }

    private func cells(
        _ entry: Timeline.Entry, showsDate: Bool, showsLocal: Bool
    ) -> [String] {
        var time = JiraText.monospaced(entry.clock ?? "no time")
        if showsDate, let date = entry.date { time = "*\(date)* " + time }
        var what = JiraText.inline(entry.text)
        if let quote = entry.quote {
            what += " \\\\ " + JiraText.monospaced(Literal.cut(Literal.line(quote), to: 200))
        }
        let local = showsLocal ? [cell(JiraText.monospaced(entry.local ?? ""))] : []
        let label = entry.tone.label.map { JiraText.strong($0, entry.tone) } ?? " "
        return [time] + local
            + [label, cell(what), cell(JiraText.monospaced(entry.source ?? ""))]
    }
}
