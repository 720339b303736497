// SPDX-License-Identifier: Apache-2.0

internal import Model

/// Renders a document for a terminal: wrapped to its width, coloured by meaning where that is
/// wanted, and complete without colours.
///
/// Raw lines and commands are never wrapped, so that they can be copied and searched for.
package struct TextRenderer: DocumentRenderer {
    let width: Int
    let color: Bool

    package init(width: Int, color: Bool) {
        self.width = min(max(width, 40), 200)
        self.color = color
    }

    /// The document with a line end; the first line marks it as a report of Forktopsy's own.
    package func render(_ document: Document) -> String {
        var lines = ["forktopsy \(Literal.line(document.toolVersion)) report", ""]
        lines += heading(document.title, underline: "=")
        lines += separated(document.blocks, level: 1, indent: "").flatMap { [""] + $0 }
        return lines.map(trimmedEnd).joined(separator: "\n") + "\n"
    }
}

// MARK: - Blocks

extension TextRenderer {
    private func separated(_ blocks: [Block], level: Int, indent: String) -> [[String]] {
        blocks.map { lines($0, level: level, indent: indent) }.filter { !$0.isEmpty }
    }

    private func lines(_ block: Block, level: Int, indent: String) -> [String] {
        switch block {
        case .section(let section): return lines(section, level: level)
        case .paragraph(let prose): return wrapped(prose, first: indent, rest: indent)
        case .list(let items, let ordered):
            return lines(items, ordered: ordered, level: level, indent: indent)
        case .definitions(let rows): return lines(rows, indent: indent)
        case .table(let table): return lines(table, indent: indent)
        case .code(let code): return lines(code, indent: indent)
        case .note(let note):
            let label: Prose =
                note.level == .warning ? "\(strong: "Caution:", .warning) " : "\(strong: "Note:") "
            return wrapped(label + note.text, first: indent, rest: indent + "  ")
        case .timeline(let timeline): return lines(timeline)
        case .chart(let chart): return lines(chart)
        }
    }

    private func lines(_ section: Section, level: Int) -> [String] {
        let underline = level == 1 ? "-" : level == 2 ? "~" : nil
        let title = heading(section.title, underline: underline)
        let body = separated(section.blocks, level: level + 1, indent: "")
        return title + body.enumerated().flatMap { i, lines in (i == 0 ? [] : [""]) + lines }
    }

    private func heading(_ title: Prose, underline: String?) -> [String] {
        let lines = wrapped(Prose([.strong(title.plain, .plain)]), first: "", rest: "")
        guard let underline else { return lines }
        let longest = Literal.width(Literal.line(title.plain))
        return lines + [String(repeating: underline, count: min(longest, width))]
    }

    private func lines(_ code: CodeBlock, indent: String) -> [String] {
        let caption =
            code.caption.isEmpty
            ? [] : wrapped(Prose([.strong(code.caption, .muted)]), first: indent, rest: indent)
        let style = code.language == .shell ? Style.code : Style.plain
        return caption
            + Literal.lines(code.text).map { indent + "    " + style.applied(to: $0, color: color) }
    }

    private func lines(_ items: [[Block]], ordered: Bool, level: Int, indent: String) -> [String] {
        items.enumerated().flatMap { i, item in
            let marker = ordered ? "\(i + 1). " : "- "
            let inner = indent + String(repeating: " ", count: marker.utf8.count)
            var body = separated(item, level: level, indent: inner).flatMap { $0 }
            if let first = body.first, first.hasPrefix(inner) {
                body[0] = indent + marker + first.dropFirst(inner.count)
            }
            return body
        }
    }

    /// Columns, or where they are too wide, a row below its first cell.
    private func lines(_ table: Table, indent: String) -> [String] {
        let lines = table.inColumns().split(separator: "\n").map { indent + $0 }
        if lines.allSatisfy({ Literal.width($0) <= width }) { return lines }
        let titles = table.columns.map(\.title)
        let rows = table.rows.map { row in
            let rest = zip(titles, row).dropFirst().map { "\($0): \($1)" }
            return Definition(row.first ?? "", Prose([.text(rest.joined(separator: "; "))]))
        }
        return self.lines(rows, indent: indent)
    }

    private func lines(_ rows: [Definition], indent: String) -> [String] {
        let widths = rows.map { Literal.width(Literal.line($0.term)) }
        let column = (widths.filter { $0 <= width / 3 }.max() ?? 2) + 2
        return rows.flatMap { lines($0, column: column, indent: indent) }
    }

    /// The term, and its text beside it; below it, where the term is too long for its column.
    private func lines(_ row: Definition, column: Int, indent: String) -> [String] {
        let plain = Literal.line(row.term)
        let style = Style(strong: row.tone)
        let rest = indent + String(repeating: " ", count: column)
        let body = wrapped(row.text, first: rest, rest: rest)
        guard Literal.width(plain) < column else {
            return wrapped(Prose([.strong(row.term, row.tone)]), first: indent, rest: indent) + body
        }
        let gap = String(repeating: " ", count: column - Literal.width(plain))
        let term = indent + style.applied(to: plain, color: color)
        return [term + gap + (body.first ?? rest).dropFirst(rest.count)] + body.dropFirst()
    }
}

// MARK: - Charts

extension TextRenderer {
    /// A line for each quantity: its course as bars of eight heights, and its ends in figures.
    private func lines(_ chart: Chart) -> [String] {
        guard !chart.series.isEmpty else { return [] }
        let names = chart.series.map(\.name) + ["events"]
        let column = min(width / 3, names.map(Literal.width).max() ?? 0)
        let bars = Sparkline(chart, columns: max(10, min(60, width - column - 28)))
        func line(_ name: String, _ cells: String, _ text: String) -> [String] {
            let name = Literal.cut(name, to: column)
            let space = String(repeating: " ", count: column - Literal.width(name) + 2)
            let line = name + space + cells
            // What is too wide goes below.
            let isNarrow = Literal.width(line) + 2 + Literal.width(text) > width
            return isNarrow ? [line, "    " + text] : [line + "  " + text]
        }
        var out = ["Memory over time, all on one scale (┈ no reading between two):"]
        for series in chart.series { out += line(series.name, bars.bars(series), series.ends) }
        if !chart.marks.isEmpty {
            out += line(
                "events", bars.marks(), "F failure, w warning, s setting, o save, R recovery")
        }
        out += line("UTC", bars.ends(), "")
        return out
    }
}

// MARK: - Timeline

extension TextRenderer {
    private func lines(_ timeline: Timeline) -> [String] {
        var out: [String] = []
        var date: String?
        let columns = TimelineColumns(timeline)
        for row in timeline.rows {
            switch row {
            case .omitted(let count):
                let text = "… \(counted(count, "entry", "entries")) left out …"
                out.append(columns.margin + Style.muted.applied(to: text, color: color))
            case .entry(let entry):
                if let new = entry.date, new != date {
                    date = new
                    out.append(Style.strong.applied(to: new, color: color) + " (UTC)")
                }
                out += lines(entry, columns: columns)
            }
        }
        return out
    }

    private func lines(_ entry: Timeline.Entry, columns: TimelineColumns) -> [String] {
        var text = entry.text
        if let source = entry.source { text += " \(strong: "[" + source + "]", .muted)" }
        // Where the columns leave no room the text goes below them.
        let isNarrow = width - columns.margin.utf8.count < 30
        let margin = isNarrow ? "    " : columns.margin
        let body = wrapped(text, first: margin, rest: margin)
        let stamp = columns.stamp(entry) + label(entry.tone)
        var out = isNarrow ? [stamp] : [stamp + (body.first ?? margin).dropFirst(margin.utf8.count)]
        out += isNarrow ? body : Array(body.dropFirst())
        if let quote = entry.quote {
            let line = Literal.cut(Literal.line(quote), to: max(width, 60) - 6)
            out.append("    | " + Style.muted.applied(to: line, color: color))
        }
        return out
    }

    /// The meaning in a word, in a column of its own.
    private func label(_ tone: Tone) -> String {
        let text = tone.label ?? ""
        return Style(strong: tone).applied(to: text, color: color)
            + String(repeating: " ", count: 6 - text.utf8.count)
    }
}

/// The widths of a timeline's columns.
private struct TimelineColumns {
    var clock = 7
    var local = 0

    init(_ timeline: Timeline) {
        for case .entry(let entry) in timeline.rows {
            clock = max(clock, Literal.width(entry.clock ?? ""))
            if timeline.showsLocal {
                local = max(local, Literal.width(Literal.line(entry.local ?? "")))
            }
        }
        local = min(local, 24)
    }

    /// As wide as everything before an entry's text.
    var margin: String {
        String(repeating: " ", count: clock + 2 + (local > 0 ? local + 2 : 0) + 6)
    }

    func stamp(_ entry: Timeline.Entry) -> String {
        let first = column(entry.clock ?? "no time", clock)
        return local > 0 ? first + column(entry.local ?? "", local) : first
    }

    private func column(_ text: String, _ width: Int) -> String {
        let cell = Literal.cut(Literal.line(text), to: width)
        return cell + String(repeating: " ", count: width - Literal.width(cell) + 2)
    }
}
