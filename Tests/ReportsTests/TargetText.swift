// SPDX-License-Identifier: Apache-2.0
// What a reader sees of a body: each target taken back to text, by a real renderer where there is
// one.

import Foundation
import JSON
import Model
import Reports
import TestSupport

enum TargetText {
    /// The formats that are made from the document tree.
    static let prose = ReportFormat.allCases.filter(\.isProse)

    static func body(
        _ report: Report, _ format: ReportFormat, layout: Layout = .ticket, budget: Int? = nil,
        redact: Redaction.Mode = .none
    ) -> String {
        var options = ReportOptions(format: format)
        options.width = 200
        options.redact = redact
        options.layout = layout
        options.budget = budget
        return report.rendered(options)
    }

    /// The document whole, whatever the target's limit is.
    static func unbounded(_ document: Document, _ format: ReportFormat) -> String {
        let renderer: any DocumentRenderer =
            switch format {
            case .markdown: MarkdownRenderer(.commonMark)
            case .github: MarkdownRenderer(.github)
            case .gitlab: MarkdownRenderer(.gitlab)
            case .jira: JiraRenderer()
            case .adf: ADFRenderer()
            case .html: HTMLRenderer()
            default: TextRenderer(width: 200, color: false)
            }
        return renderer.render(document)
    }

    /// The text of a body, with every run of white space as one space; `nil` where the renderer
    /// that it takes is missing.
    static func plain(_ body: String, _ format: ReportFormat) throws -> String? {
        let text: String?
        switch format {
        case .markdown, .github, .gitlab:
            text = try Tool.output(
                of: ["cmark-gfm", "--unsafe", "-e", "table", "-t", "html"], input: body
            ).map(htmlText)
        case .jira:
            text = try Tool.output(
                of: ["pandoc", "-f", "jira", "-t", "plain", "--wrap=none"], input: body
            ).map(decodingNumericEntities)
        case .html: text = htmlText(body)
        case .adf: text = adfText(try JSONValue(parsing: body)).joined(separator: " ")
        default: text = body
        }
        return text.map(normalised)
    }

    static func normalised(_ text: String) -> String {
        text.split(whereSeparator: \.isWhitespace).joined(separator: " ")
    }

    /// Jira leaves them to the browser; pandoc leaves them as they are.
    static func decodingNumericEntities(_ text: String) -> String {
        text.replacing(#/&#(\d+);/#) { match in
            UInt32(match.1).flatMap(Unicode.Scalar.init).map { String($0) } ?? String(match.0)
        }
    }

    /// The text nodes of a page, without its style and its drawings.
    static func htmlText(_ page: String) -> String {
        var text = page.replacing(#/(?s)<(style|svg)\b.*?</\1>/#, with: " ")
        text = text.replacing(#/<[^>]*>/#, with: " ")
        for (entity, sign) in [
            ("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#39;", "'"), ("&amp;", "&"),
        ] {
            text = text.replacing(entity, with: sign)
        }
        return text
    }

    /// The text of every node, in order.
    static func adfText(_ node: JSONValue) -> [String] {
        var out: [String] = []
        if case .string(let text)? = node["text"] { out.append(text) }
        if node["type"] == .string("status"), case .string(let text)? = node["attrs"]?["text"] {
            out.append(text)
        }
        if case .string(let title)? = node["attrs"]?["title"] { out.append(title) }
        if case .array(let content)? = node["content"] { out += content.flatMap(adfText) }
        return out
    }
}

/// Everything that a document says, piece by piece.
enum Statements {
    static func all(of document: Document) -> [String] {
        pieces(document.title) + document.blocks.flatMap(of)
    }

    private static func of(_ block: Block) -> [String] {
        switch block {
        case .section(let section): pieces(section.title) + section.blocks.flatMap(of)
        case .paragraph(let prose): pieces(prose)
        case .list(let items, ordered: _): items.flatMap { $0.flatMap(of) }
        case .definitions(let rows): rows.flatMap { [$0.term] + pieces($0.text) }
        case .table(let table): table.rows.flatMap(\.self) + table.columns.map(\.title)
        case .code(let code): code.text.split(separator: "\n").map(String.init) + [code.caption]
        case .note(let note): pieces(note.text)
        case .timeline(let timeline): timeline.rows.flatMap(of)
        case .chart: []
        }
    }

    private static func of(_ row: Timeline.Row) -> [String] {
        guard case .entry(let entry) = row else { return [] }
        let quote = entry.quote.map { String($0.prefix(60)) }
        return [entry.date, entry.clock, entry.local, quote, entry.source].compactMap(\.self)
            + pieces(entry.text)
    }

    /// Run by run: what stands between two runs (a backtick, a space) is a target's own matter.
    private static func pieces(_ prose: Prose) -> [String] { prose.runs.map(\.plain) }
}
