// SPDX-License-Identifier: Apache-2.0
// GitHub, GitLab, ADF and HTML: whatever a log says, the structure is ours and the text is literal.

import Foundation
import JSON
import Model
import Reports
import TestSupport
import Testing

private func squeezed(_ text: String) -> String { text.filter { !$0.isWhitespace } }

// MARK: - GitHub and GitLab

/// Names of the blocks that make the outline of a body, by GitHub's own parser.
private func outline(_ body: String) throws -> [String]? {
    let command = [
        "cmark-gfm", "-e", "table", "-e", "strikethrough", "-e", "autolink", "-t", "xml",
    ]
    guard let xml = try Tool.output(of: command, input: body) else { return nil }
    let wanted: Set = [
        "heading", "list", "item", "block_quote", "html_block", "link", "image", "html_inline",
        "emph", "strikethrough", "footnote_reference", "thematic_break",
    ]
    return xml.split(separator: "<").map { String($0.prefix { $0.isLetter || $0 == "_" }) }
        .filter { wanted.contains($0) }
}

@Test(arguments: HostileText.lines + HostileText.jiraLines, [ReportFormat.github, .gitlab])
func hostileTextKeepsTheOutlineOfATicket(line: String, format: ReportFormat) throws {
    let benign = TargetText.body(HostileText.report("benign"), format)
    let body = TargetText.body(HostileText.report(line), format)
    let parsed = try #require(try outline(body), "install cmark-gfm to run this test")
    #expect(parsed == (try outline(benign)))
    let text = squeezed(try #require(try TargetText.plain(body, format)))
    #expect(text.ranges(of: squeezed(Literal.line(line))).count >= 8)
}

@Test(arguments: [ReportFormat.github, .gitlab])
func sectionsFoldWithAnEmptyLineOnEitherSide(format: ReportFormat) {
    let lines = TargetText.body(SampleReport.report, format)
        .split(separator: "\n", omittingEmptySubsequences: false)
    let opened = lines.indices.filter { lines[$0] == "<details>" }
    let closed = lines.indices.filter { lines[$0] == "</details>" }
    #expect(opened.count == closed.count && opened.count >= 4)
    for i in opened {
        #expect(lines[i + 1].hasPrefix("<summary>") && lines[i + 2].isEmpty && lines[i - 1].isEmpty)
    }
    for i in closed { #expect(lines[i - 1].isEmpty) }
}

// MARK: - Mermaid

private func diagrams(_ body: String) -> [[Substring]] {
    var out: [[Substring]] = []
    var isInside = false
    for line in body.split(separator: "\n", omittingEmptySubsequences: false) {
        if line == "```mermaid" {
            isInside = true
            out.append([])
        } else if line == "```" {
            isInside = false
        } else if isInside {
            out[out.count - 1].append(line)
        }
    }
    return out
}

@Test(arguments: [ReportFormat.github, .gitlab])
func diagramsKeepToTheOldestGrammar(format: ReportFormat) throws {
    var report = HostileText.report("a: b; c # %% {x} `y`")
    report.incidents += Array(repeating: SampleReport.incident, count: 30)
    for i in report.incidents.indices { report.incidents[i].id = "incident-\(i)" }
    let found = diagrams(TargetText.body(report, format))
    #expect(!found.isEmpty)
    #expect(found.joined().reduce(0) { $0 + $1.utf8.count + 1 } <= 2000)
    let task = #/^    [A-Za-z0-9 ()\-,.]+ :(crit|done|active), (.{19}), (.{19})$/#
    for lines in found {
        #expect(lines.first == "gantt")
        for line in lines.dropFirst() {
            let isKeyword =
                line.wholeMatch(of: #/^    (title|section) [A-Za-z0-9 ()\-,.]+$/#) != nil
                || line == "    dateFormat YYYY-MM-DD HH:mm:ss"
                || line.wholeMatch(of: #/^    axisFormat [%A-Za-z: \-]+$/#) != nil
            if let match = line.wholeMatch(of: task) {
                #expect(match.2 < match.3, "\(line)")
            } else {
                #expect(isKeyword, "\(line)")
            }
        }
    }
}

// MARK: - ADF

@Test(arguments: Layout.allCases)
func theDocumentOfAtlassianIsValid(layout: Layout) throws {
    for report in [SampleReport.report, SampleReport.quiet, Report(toolVersion: "0")] {
        let body = TargetText.body(report, .adf, layout: layout)
        #expect(ADFCheck.problems(of: try JSONValue(parsing: body)) == [])
    }
}

@Test(arguments: HostileText.lines + [""])
func hostileTextKeepsTheDocumentOfAtlassianValid(line: String) throws {
    let body = TargetText.body(HostileText.report(line), .adf)
    let value = try JSONValue(parsing: body)
    #expect(ADFCheck.problems(of: value) == [])
    let text = squeezed(TargetText.adfText(value).joined())
    #expect(line.isEmpty || text.contains(squeezed(Literal.line(line))))
}

@Test func theCheckOfAtlassiansFormatFindsWhatIsWrong() throws {
    let wrong = #"""
        {"version":1,"type":"doc","content":[{"type":"panel","attrs":{"panelType":"note"},"content":[
        {"type":"codeBlock","attrs":{"language":"text"},"content":[{"type":"text","text":""}]}]},
        {"type":"bulletList","content":[]}]}
        """#
    #expect(ADFCheck.problems(of: try JSONValue(parsing: wrong)).count == 2)
}

// MARK: - HTML

/// Names of all tags that are no ends of their own, in order, with `/` before those that close.
private func tags(_ page: String) -> [String] {
    page.matches(of: #/<(\/?[a-z0-9]+)[^>]*>/#).filter { !$0.0.hasSuffix("/>") }
        .map { String($0.1) }
}

@Test(arguments: HostileText.lines + HostileText.jiraLines)
func hostileTextStaysTextInAPage(line: String) throws {
    let benign = TargetText.body(HostileText.report("benign"), .html)
    let page = TargetText.body(HostileText.report(line), .html)
    #expect(tags(page) == tags(benign))
    let text = squeezed(TargetText.htmlText(page))
    #expect(text.ranges(of: squeezed(Literal.line(line))).count >= 8)
}

@Test func aPageNeedsNothingElse() {
    let page = TargetText.body(SampleReport.report, .html)
    for word in ["<script", "http://", "https://", "@import", "url(", " on", "javascript:"] {
        let isFound = word == " on" ? page.contains(#/<[^>]* on[a-z]+=/#) : page.contains(word)
        #expect(!isFound, "\(word)")
    }
    #expect(page.contains("default-src 'none'"))
}

@Test func everyTagOfAPageIsClosedInOrder() {
    let void: Set = ["meta", "link", "input"]
    for report in [SampleReport.report, SampleReport.quiet] {
        var open: [String] = []
        for tag in tags(TargetText.body(report, .html)) where !void.contains(tag) {
            if tag.hasPrefix("/") {
                #expect(open.popLast() == String(tag.dropFirst()))
            } else {
                open.append(tag)
            }
        }
        #expect(open == [])
    }
}

@Test func everyIdOfAPageIsOneAndEveryLinkHasItsTarget() {
    var report = SampleReport.report
    report.incidents.append(report.incidents[0])
    let page = TargetText.body(report, .html)
    let ids = page.matches(of: #/ id="([^"]*)"/#).map { String($0.1) }
    #expect(Set(ids).count == ids.count)
    for match in page.matches(of: #/ (?:href="#|for="|aria-labelledby=")([^"]*)"/#) {
        for id in match.1.split(separator: " ") { #expect(ids.contains(String(id))) }
    }
    #expect(page.contains("<a class=\"source\" href=\"#evidence-"))
}

@Test func theChartShowsMemoryAgainstItsLimit() {
    var report = SampleReport.report
    report.incidents[0].memory = (0..<5).map { i in
        MemorySample(
            at: SampleReport.after(Double(i) * 60), offsetSeconds: nil, scope: .process,
            values: [("vm_rss", Int64(1 << 30 + i << 28)), ("commit_limit", 4 << 30)], source: nil)
    }
    let page = TargetText.body(report, .html)
    #expect(page.contains("<polyline class=\"s1 limit\""))
    #expect(page.contains("vm_rss: 1.0 GiB to 2.0 GiB"))
    #expect(page.contains("commit_limit: limit 4.0 GiB"))
    report.incidents[0].memory[0].values.append(("threads", 4096))
    let text = TargetText.body(report, .text)
    #expect(text.contains("vm_rss 1,073,741,824 (1.0 GiB), commit_limit 4,294,967,296 (4.0 GiB)"))
    #expect(text.contains("threads 4,096"))
    #expect(text.contains("█") && text.contains("limit 4.0 GiB"))
}
