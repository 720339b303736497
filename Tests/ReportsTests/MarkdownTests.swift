// SPDX-License-Identifier: Apache-2.0
// Markdown through a real renderer: what was literal stays literal, and the structure holds.

import Foundation
import Model
import Reports
import TestSupport
import Testing

private func markdown(_ report: Report) -> String {
    var options = ReportOptions(format: .markdown)
    options.redact = .none
    return report.rendered(options)
}

/// What cmark-gfm with GitHub's extensions makes of a text: its nodes and their literals.
private struct Parsed {
    /// Names of block nodes with their level, in order.
    var blocks: [String] = []
    /// Names of inline nodes that a report of ours may not contain.
    var strangers: [String] = []
    /// The text of each leaf block: paragraphs and headings joined, code blocks as they are.
    var texts: [String] = []

    private static let inlines: Set = ["text", "code", "strong", "linebreak", "softbreak"]
    private static let leaves: Set = ["paragraph", "heading", "code_block"]

    init?(_ source: String) throws {
        let command =
            "cmark-gfm -e table -e strikethrough -e autolink -e tasklist -e footnotes -t xml"
        var found = try Tool.output(
            of: command.split(separator: " ").map(String.init), input: source)
        if found == nil {
            let plain = command.replacing(" -e footnotes", with: " --footnotes")
            found = try Tool.output(of: plain.split(separator: " ").map(String.init), input: source)
        }
        guard let xml = found else { return nil }
        for part in xml.split(separator: "<", omittingEmptySubsequences: true) {
            guard let end = part.firstIndex(of: ">") else { continue }
            let tag = part[..<end]
            let name = String(tag.prefix { $0.isLetter || $0 == "_" })
            if name.isEmpty { continue }
            if Self.inlines.contains(name) {
                if !texts.isEmpty {
                    texts[texts.count - 1] += Self.decoded(part[part.index(after: end)...])
                }
                continue
            }
            if Self.leaves.contains(name) {
                texts.append(Self.decoded(part[part.index(after: end)...].drop { $0 == "\n" }))
            }
            if [
                "link", "image", "html_inline", "emph", "strikethrough", "table",
                "footnote_reference",
            ]
            .contains(name) {
                strangers.append(name)
            }
            blocks.append(name)
        }
    }

    private static func decoded(_ text: Substring) -> String {
        String(text).replacing("&lt;", with: "<").replacing("&gt;", with: ">")
            .replacing("&quot;", with: "\"").replacing("&amp;", with: "&")
    }
}

@Test func theBenignReportIsWellFormed() throws {
    try #require(Tool.hasCmark, "install cmark-gfm to run this test")
    let parsed = try #require(try Parsed(markdown(SampleReport.report)))
    #expect(parsed.strangers == [])
    #expect(parsed.blocks.filter { $0 == "html_block" }.count == 1)
    #expect(parsed.texts.contains { $0.contains(SampleReport.refusedLine) })
}

@Test(arguments: HostileText.lines)
func hostileTextStaysLiteral(line: String) throws {
    try #require(Tool.hasCmark, "install cmark-gfm to run this test")
    let benign = try #require(try Parsed(markdown(HostileText.report("benign"))))
    let parsed = try #require(try Parsed(markdown(HostileText.report(line))))
    #expect(parsed.blocks == benign.blocks)
    #expect(parsed.strangers == [])
    let shown = Literal.line(line)
    let code = Literal.lines(line).joined(separator: "\n")
    #expect(parsed.texts.contains { $0.contains(code) }, "the quote in its fence")
    let words = shown.split(separator: " ").joined(separator: " ")
    let prose = parsed.texts.filter { !$0.contains(code + "\n") }
        .map { $0.split(separator: " ").joined(separator: " ") }
    #expect(prose.filter { $0.contains(words) }.count >= 6, "statements, in prose")
}

@Test func referencesAreSetAsCode() {
    var report = SampleReport.report
    report.verdict = "see #123 of @root and !4 at https://evil.example, commit deadbeef1234"
    let first = markdown(report).split(separator: "\n")[2]
    #expect(
        first
            == "see `#123` of `@root` and `!4` at `https://evil.example,` commit `deadbeef1234`")
}

@Test(arguments: [
    "redis-GH-1", "h(GH-1)", "(deadbeef1234)", "commit=deadbeef1234,", "x:tada:y", ":tada:",
    "GL-12", "gl-12.", "(:+1:)", "a/deadbeef1234/b",
])
func referencesWithinWordsAreSetAsCode(word: String) {
    var report = SampleReport.report
    report.verdict = "see \(word) there"
    #expect(markdown(report).split(separator: "\n")[2] == "see `\(word)` there")
}

@Test(arguments: ["12:01:38", "HIGH-12", "light-4.", "1:M", "std::x", "6.1.0-17", "defaced"])
func ordinaryWordsStayWords(word: String) {
    var report = SampleReport.report
    report.verdict = "see \(word) there"
    #expect(markdown(report).split(separator: "\n")[2] == "see \(word) there")
}

@Test func aReferenceAcrossTwoRunsIsSetAsCode() {
    var report = SampleReport.report
    report.incidents[0].outstanding = ["GH", "x"]
    report.incidents[0].status = .ongoing_at_end
    report.incidents[0].instance.host = "GH-1"
    #expect(markdown(report).contains("of `GH-1:`"))
}

@Test func plainProseIsNotLitteredWithBackslashes() {
    #expect(!markdown(SampleReport.report).replacing("\\\n", with: "").contains("\\"))
}
