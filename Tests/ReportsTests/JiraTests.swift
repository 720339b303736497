// SPDX-License-Identifier: Apache-2.0
// Jira's markup through pandoc's reader of it: what was literal stays literal.

import Model
import Reports
import TestSupport
import Testing

/// The constructors of pandoc's tree, without their texts, and the texts of each run of words.
private struct Parsed {
    var structure: [String] = []
    var strangers: [String] = []

    private static let blocks: Set = [
        "Header", "Para", "Plain", "BulletList", "OrderedList", "CodeBlock", "Table", "Cell", "Row",
        "BlockQuote", "HorizontalRule", "RawBlock", "Div",
    ]
    private static let foreign: Set = [
        "Link", "Image", "Emph", "Strikeout", "Superscript", "Subscript", "Underline", "RawInline",
        "Cite", "HorizontalRule", "RawBlock",
    ]

    init?(_ body: String) throws {
        guard
            let tree = try Tool.output(of: ["pandoc", "-f", "jira", "-t", "native"], input: body)
        else { return nil }
        let unquoted = tree.replacing(#/"(\\.|[^"\\])*"/#, with: "\"\"")
        for word in unquoted.split(whereSeparator: { !$0.isLetter }) {
            let name = String(word)
            if Self.blocks.contains(name) { structure.append(name) }
            if Self.foreign.contains(name) { strangers.append(name) }
        }
    }
}

private func jira(_ report: Report) -> String { TargetText.body(report, .jira) }

@Test func theBenignTicketHasNoStrayMarkup() throws {
    let parsed = try #require(try Parsed(jira(SampleReport.report)), "install pandoc")
    #expect(parsed.strangers == [])
}

@Test(arguments: HostileText.lines + HostileText.jiraLines)
func hostileTextStaysLiteralInJira(line: String) throws {
    let benign = try #require(try Parsed(jira(HostileText.report("benign"))), "install pandoc")
    let body = jira(HostileText.report(line))
    let parsed = try #require(try Parsed(body))
    #expect(parsed.strangers == [])
    // A quote that could end its block is written line by line instead.
    if !line.contains("{noformat"), !Literal.lines(line).contains("") {
        #expect(parsed.structure == benign.structure)
    }
    let text = try #require(try TargetText.plain(body, .jira))
    func key(_ text: String) -> String { text.filter { !$0.isWhitespace } }
    #expect(key(text).ranges(of: key(Literal.line(line))).count >= 8, "\(body)")
}

@Test func anIssueKeyIsNoLink() {
    var report = SampleReport.report
    report.verdict = "see ABC-123 and UTF-8 at 2026-11-22, [~root] {code} h1. x"
    #expect(
        jira(report).contains("ABC\\-123 and UTF\\-8 at 2026-11-22, \\[&#126;root\\] \\{code\\}"))
}

@Test(arguments: ["hR2-12", "K8-7", "xR2D2-1"])
func aKeyWithFiguresIsNoLink(word: String) {
    var report = SampleReport.report
    report.verdict = "see \(word) there"
    #expect(jira(report).contains("see \(word.replacing("-", with: "\\-")) there"))
}

@Test func plainProseIsNotLitteredWithEscapes() {
    let prose = jira(SampleReport.report).split(separator: "\n").prefix(12)
    for line in prose { #expect(!line.replacing("\\\\", with: "").contains("\\"), "\(line)") }
}
