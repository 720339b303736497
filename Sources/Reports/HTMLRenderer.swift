// SPDX-License-Identifier: Apache-2.0

internal import Model

/// Renders a document as one HTML page that needs nothing else: no script, no font, no request.
///
/// What moves (folding, filters, links from an event to its evidence) is HTML and CSS alone, so it
/// works in a mail's attachment and where scripts are forbidden; the page forbids them itself.
package struct HTMLRenderer: DocumentRenderer {
    package init() {}

    /// The document with a line end; its second line marks it as a report of Forktopsy's own.
    package func render(_ document: Document) -> String {
        var page = HTMLPage(document)
        let title = HTMLText.escaped(document.title.plain)
        let body = page.blocks(document.blocks, level: 2)
        return """
            <!doctype html>
            <!-- \(Report.schema) -->
            <html lang="en">
            <head>
            <meta charset="utf-8">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <meta name="color-scheme" content="light dark">
            <meta http-equiv="Content-Security-Policy" content="\(Self.policy)">
            <link rel="icon" href="data:,">
            <title>\(title)</title>
            <style>
            \(HTMLStyle.text)
            </style>
            </head>
            <body>
            <a class="skip" href="#report">Skip to the report</a>
            <header>
            <p class="brand">Forktopsy incident report</p>
            <h1>\(HTMLPage.inline(document.title))</h1>
            </header>
            \(page.contents)<main id="report">
            \(body)
            </main>
            <footer><p>forktopsy \(HTMLText.escaped(document.toolVersion)), \
            times in UTC unless said otherwise</p></footer>
            </body>
            </html>

            """
    }

    private static let policy = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
}

/// A page while it is written: it hands out ids and knows which line of a log is quoted where.
struct HTMLPage {
    /// The id of the first block that quotes a line.
    private var quoted: [Place: String] = [:]
    private var written: Set<Place> = []
    private var headings: [(id: String, title: String)] = []
    private var next = 0

    init(_ document: Document) { collect(document.blocks) }

    /// Ids are known before anything is written, since the timeline comes before the evidence.
    private mutating func collect(_ blocks: [Block]) {
        for block in blocks {
            switch block {
            case .section(let section): collect(section.blocks)
            case .list(let items, ordered: _): items.forEach { collect($0) }
            case .code(let code):
                if let place = code.place, quoted[place] == nil {
                    quoted[place] = "evidence-\(quoted.count + 1)"
                }
            default: break
            }
        }
    }

    /// Where a line is quoted, if it is.
    func link(to place: Place?) -> String? { place.flatMap { quoted[$0] } }

    mutating func id(_ prefix: String) -> String {
        next += 1
        return "\(prefix)-\(next)"
    }

    /// Links to the sections, where there are enough of them to lose one's way.
    var contents: String {
        guard headings.count > 2 else { return "" }
        let items = headings.map { "<li><a href=\"#\($0.id)\">\($0.title)</a></li>" }
        return "<nav aria-label=\"Sections\"><ul>\(items.joined())</ul></nav>\n"
    }
}

// MARK: - Blocks

extension HTMLPage {
    mutating func blocks(_ blocks: [Block], level: Int) -> String {
        var out: [String] = []
        for block in blocks { out.append(html(block, level: level)) }
        return out.filter { !$0.isEmpty }.joined(separator: "\n")
    }

    private mutating func html(_ block: Block, level: Int) -> String {
        switch block {
        case .section(let section): return html(section, level: level)
        case .paragraph(let prose): return "<p>\(Self.inline(prose))</p>"
        case .list(let items, let ordered): return list(items, ordered: ordered, level: level)
        case .definitions(let rows): return Self.html(rows)
        case .table(let table): return Self.html(table)
        case .code(let code): return html(code)
        case .note(let note):
            let label = note.level == .warning ? "Caution:" : "Note:"
            return
                "<p class=\"note \(note.level.rawValue)\"><strong>\(label)</strong> "
                + "\(Self.inline(note.text))</p>"
        case .timeline(let timeline): return html(timeline)
        case .chart(let chart): return ChartDrawing(chart, id: id("chart")).html
        }
    }

    private mutating func html(_ section: Section, level: Int) -> String {
        let id = self.id("section")
        let title = Self.inline(section.title)
        if level == 2 { headings.append((id, title)) }
        let rank = min(level, 6)
        let body = blocks(section.blocks, level: level + 1)
        guard section.isFolded else {
            return """
                <section aria-labelledby="\(id)">
                <h\(rank) id="\(id)">\(title)</h\(rank)>
                \(body)
                </section>
                """
        }
        let open = section.worth > .detail ? " open" : ""
        return """
            <details\(open)>
            <summary><h\(rank) id="\(id)">\(title)</h\(rank)></summary>
            \(body)
            </details>
            """
    }

    private mutating func list(_ items: [[Block]], ordered: Bool, level: Int) -> String {
        let tag = ordered ? "ol" : "ul"
        var out: [String] = []
        for item in items {
            if item.count == 1, case .paragraph(let prose) = item[0] {
                out.append("<li>\(Self.inline(prose))</li>")
            } else {
                out.append("<li>\(blocks(item, level: level))</li>")
            }
        }
        return "<\(tag)>\n\(out.joined(separator: "\n"))\n</\(tag)>"
    }

    private mutating func html(_ code: CodeBlock) -> String {
        var attributes = ""
        if let place = code.place, written.insert(place).inserted, let id = quoted[place] {
            attributes = " id=\"\(id)\""
        }
        let caption =
            code.caption.isEmpty
            ? "" : "<figcaption>\(HTMLText.escaped(code.caption))</figcaption>"
        let kind = code.language == .shell ? "shell" : "quote"
        return "<figure class=\"\(kind)\"\(attributes)>\(caption)"
            + "<pre tabindex=\"0\"><code>\(HTMLText.preformatted(code.text))</code></pre></figure>"
    }

    private static func html(_ rows: [Definition]) -> String {
        let items = rows.map { row in
            "<div class=\"\(row.tone.rawValue)\"><dt>\(HTMLText.escaped(row.term))</dt>"
                + "<dd>\(inline(row.text))</dd></div>"
        }
        return "<dl>\n\(items.joined(separator: "\n"))\n</dl>"
    }

    private static func html(_ table: Table) -> String {
        func attribute(_ i: Int) -> String { table.columns[i].isNumeric ? " class=\"number\"" : "" }
        let head = table.columns.indices.map {
            "<th scope=\"col\"\(attribute($0))>\(HTMLText.escaped(table.columns[$0].title))</th>"
        }
        let rows = table.rows.map { cells in
            let row = table.columns.indices.map { i in
                "<td\(attribute(i))>\(HTMLText.escaped(i < cells.count ? cells[i] : ""))</td>"
            }
            return "<tr>\(row.joined())</tr>"
        }
        return """
            <div class="scroll" tabindex="0"><table>
            <thead><tr>\(head.joined())</tr></thead>
            <tbody>
            \(rows.joined(separator: "\n"))
            </tbody></table></div>
            """
    }
}

// MARK: - Text

extension HTMLPage {
    static func inline(_ prose: Prose) -> String {
        prose.runs.map { run in
            let text = HTMLText.escaped(run.plain)
            return switch run {
            case .text: text
            case .strong(_, let tone):
                tone == .plain
                    ? "<strong>\(text)</strong>"
                    : "<strong class=\"\(tone.rawValue)\">\(text)</strong>"
            case .code: "<code>\(text)</code>"
            case .link(_, to: let address):
                "<a href=\"\(HTMLText.escaped(address))\">\(text)</a>"
            }
        }.joined()
    }
}
