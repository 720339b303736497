// SPDX-License-Identifier: Apache-2.0

internal import JSON
internal import Model

/// Renders a document as Atlassian Document Format, one JSON object, for Jira Cloud.
///
/// Text needs no escaping here; what must be kept is which node may hold which. Source: Atlassian
/// Document Format, structure and nodes (developer.atlassian.com, 2026): an `expand` stands at the
/// top only, a list item begins with a paragraph and holds paragraphs, lists and code, a panel and
/// a table's cell hold no panel, and text is never empty.
package struct ADFRenderer: DocumentRenderer {
    package init() {}

    /// The document with a line end; its second node marks it as a report of Forktopsy's own.
    package func render(_ document: Document) -> String {
        let mark = Prose([.text("forktopsy \(document.toolVersion) report")])
        let content =
            [Self.heading(document.title, level: 1), Self.paragraph(mark)]
            + nodes(document.blocks, level: 2, isTop: true)
        let value = JSONValue.object([
            JSONMember("version", .int(1)), JSONMember("type", .string("doc")),
            JSONMember("content", .array(content)),
        ])
        return value.rendered(pretty: false) + "\n"
    }
}

// MARK: - Blocks

extension ADFRenderer {
    /// Headings make sections of what is one flat row of nodes.
    private func nodes(_ blocks: [Block], level: Int, isTop: Bool) -> [JSONValue] {
        blocks.flatMap { nodes($0, level: level, isTop: isTop) }
    }

    private func nodes(_ block: Block, level: Int, isTop: Bool) -> [JSONValue] {
        switch block {
        case .section(let section): return nodes(section, level: level, isTop: isTop)
        case .paragraph(let prose): return [Self.paragraph(prose)]
        case .list(let items, let ordered): return [Self.list(items, ordered: ordered)]
        case .definitions(let rows):
            let items = rows.map { row in
                let term = Inline.strong(row.term + ":", row.tone)
                return Self.listItem([Self.paragraph(Prose([term, .text(" ")]) + row.text)])
            }
            return items.isEmpty ? [] : [Self.node("bulletList", content: items)]
        case .table(let table): return [Self.table(table)]
        case .code(let code): return Self.code(code)
        case .note(let note): return [Self.panel(note)]
        case .timeline(let timeline): return [Self.table(timeline)]
        case .chart: return []
        }
    }

    private func nodes(_ section: Section, level: Int, isTop: Bool) -> [JSONValue] {
        let body = nodes(section.blocks, level: level + 1, isTop: isTop && !section.isFolded)
        guard section.isFolded, isTop, !body.isEmpty else {
            return [Self.heading(section.title, level: min(level, 6))] + body
        }
        let title = JSONValue.object([
            JSONMember("title", .string(Literal.line(section.title.plain)))
        ])
        return [Self.node("expand", attributes: title, content: body)]
    }
}

// MARK: - Nodes

extension ADFRenderer {
    private static func node(
        _ type: String, attributes: JSONValue? = nil, content: [JSONValue]? = nil
    ) -> JSONValue {
        var members = [JSONMember("type", .string(type))]
        if let attributes { members.append(JSONMember("attrs", attributes)) }
        if let content { members.append(JSONMember("content", .array(content))) }
        return .object(members)
    }

    private static func heading(_ prose: Prose, level: Int) -> JSONValue {
        let attributes = JSONValue.object([JSONMember("level", .int(Int64(level)))])
        return node("heading", attributes: attributes, content: inline(prose))
    }

    private static func paragraph(_ prose: Prose) -> JSONValue {
        node("paragraph", content: inline(prose))
    }

    private static func panel(_ note: Note) -> JSONValue {
        let kind = JSONValue.object([
            JSONMember("panelType", .string(note.level == .warning ? "warning" : "note"))
        ])
        let label: Prose = note.level == .warning ? "\(strong: "Caution:") " : "\(strong: "Note:") "
        return node("panel", attributes: kind, content: [paragraph(label + note.text)])
    }

    private static func code(_ code: CodeBlock) -> [JSONValue] {
        let language = code.language == .shell ? "bash" : "text"
        let text = Literal.lines(code.text).joined(separator: "\n")
        let block = node(
            "codeBlock", attributes: .object([JSONMember("language", .string(language))]),
            content: text.isEmpty
                ? []
                : [
                    .object([
                        JSONMember("type", .string("text")), JSONMember("text", .string(text)),
                    ])
                ])
        let caption = code.caption.isEmpty ? [] : [paragraph(Prose([.code(code.caption)]))]
        return caption + [block]
    }

    private static func list(_ items: [[Block]], ordered: Bool) -> JSONValue {
        node(ordered ? "orderedList" : "bulletList", content: items.map { listItem(flow($0)) })
    }

    /// An item begins with a paragraph, if need be with an empty one.
    private static func listItem(_ content: [JSONValue]) -> JSONValue {
        let isLed = content.first?["type"] == .string("paragraph")
        return node("listItem", content: isLed ? content : [paragraph(Prose())] + content)
    }

    /// Blocks as a list item may hold them: notes and definitions as paragraphs, tables as text.
    private static func flow(_ blocks: [Block]) -> [JSONValue] {
        blocks.flatMap { block -> [JSONValue] in
            switch block {
            case .paragraph(let prose): return [paragraph(prose)]
            case .list(let items, let ordered): return [list(items, ordered: ordered)]
            case .code(let code): return self.code(code)
            case .note(let note):
                let label = note.level == .warning ? "Caution:" : "Note:"
                return [paragraph("\(strong: label) " + note.text)]
            case .definitions(let rows):
                return rows.map {
                    paragraph(Prose([.strong($0.term + ":", $0.tone), .text(" ")]) + $0.text)
                }
            case .table(let table): return self.code(CodeBlock(table.inColumns()))
            case .section(let section): return [paragraph(section.title)] + flow(section.blocks)
            case .timeline, .chart: return []
            }
        }
    }
}

// MARK: - Tables

extension ADFRenderer {
    private static func row(_ cells: [[JSONValue]], _ type: String) -> JSONValue {
        node("tableRow", content: cells.map { node(type, content: $0) })
    }

    private static func table(_ table: Table) -> JSONValue {
        let head = table.columns.map { [paragraph(Prose([.text($0.title)]))] }
        let rows = table.rows.map { cells in
            row(
                table.columns.indices.map {
                    [paragraph(Prose([.text($0 < cells.count ? cells[$0] : "")]))]
                }, "tableCell")
        }
        return node("table", content: [row(head, "tableHeader")] + rows)
    }

    private static func table(_ timeline: Timeline) -> JSONValue {
        let titles = ["UTC"] + (timeline.showsLocal ? ["in the log"] : []) + ["", "what", "where"]
        var rows = [row(titles.map { [paragraph(Prose([.text($0)]))] }, "tableHeader")]
        var date: String?
        for line in timeline.rows {
            switch line {
            case .omitted(let count):
                let text: Prose = "… \(counted(count, "entry", "entries")) left out …"
                let empty = [paragraph(Prose())]
                let before = Array(repeating: empty, count: titles.count - 2)
                rows.append(row(before + [[paragraph(text)], empty], "tableCell"))
            case .entry(let entry):
                let isNew = entry.date != nil && entry.date != date
                date = entry.date ?? date
                rows.append(row(cells(entry, isNew, timeline.showsLocal), "tableCell"))
            }
        }
        return node("table", content: rows)
    }

    private static func cells(
        _ entry: Timeline.Entry, _ showsDate: Bool, _ showsLocal: Bool
    ) -> [[JSONValue]] {
        var time = Prose([.code(entry.clock ?? "no time")])
        if showsDate, let date = entry.date { time = "\(strong: date) " + time }
        var what = [paragraph(entry.text)]
        if let quote = entry.quote {
            what.append(paragraph(Prose([.code(Literal.cut(Literal.line(quote), to: 200))])))
        }
        let label = entry.tone.label.map { node("paragraph", content: [status($0, entry.tone)]) }
        let local = showsLocal ? [[paragraph(Prose([.code(entry.local ?? "")]))]] : []
        return [[paragraph(time)]] + local
            + [
                [label ?? paragraph(Prose())], what,
                [paragraph(Prose([.code(entry.source ?? "")]))],
            ]
    }

    private static func status(_ text: String, _ tone: Tone) -> JSONValue {
        let color =
            switch tone {
            case .failure: "red"
            case .warning: "yellow"
            case .recovery: "green"
            case .plain, .muted: "neutral"
            }
        return node(
            "status",
            attributes: .object([
                JSONMember("text", .string(text)), JSONMember("color", .string(color)),
            ]))
    }
}

// MARK: - Text

extension ADFRenderer {
    private static func inline(_ prose: Prose) -> [JSONValue] {
        prose.runs.compactMap { run in
            let text = Literal.line(run.plain)
            guard !text.isEmpty else { return nil }
            var members = [JSONMember("type", .string("text")), JSONMember("text", .string(text))]
            if let mark = mark(of: run) {
                members.append(JSONMember("marks", .array([mark])))
            }
            return .object(members)
        }
    }

    private static func mark(of run: Inline) -> JSONValue? {
        switch run {
        case .text: nil
        case .strong: .object([JSONMember("type", .string("strong"))])
        case .code: .object([JSONMember("type", .string("code"))])
        case .link(_, to: let address):
            .object([
                JSONMember("type", .string("link")),
                JSONMember("attrs", .object([JSONMember("href", .string(address))])),
            ])
        }
    }
}
