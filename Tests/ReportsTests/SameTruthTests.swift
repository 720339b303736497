// SPDX-License-Identifier: Apache-2.0
// Every target says the same; only the form differs.

import Model
import Reports
import Testing

private func missing(_ report: Report, _ format: ReportFormat, _ layout: Layout) throws -> [String]
{
    let document = ReportComposer(report, layout: layout).document()
    let body = TargetText.unbounded(document, format)
    let text = try #require(
        try TargetText.plain(body, format), "install pandoc to run this test")
    // Typography is the renderer's; a gap beside a bracket is markup's.
    func key(_ text: String) -> String { text.filter { !$0.isWhitespace } }
    let all = key(text)
    return Statements.all(of: document).filter { !all.contains(key($0)) }
}

@Test(arguments: TargetText.prose, Layout.allCases)
func everyTargetSaysEverything(format: ReportFormat, layout: Layout) throws {
    #expect(try missing(SampleReport.report, format, layout) == [])
}

@Test(arguments: TargetText.prose)
func backticksOfALogStayInEveryPartOfARemedy(format: ReportFormat) throws {
    var report = SampleReport.report
    report.incidents[0].causes[0].remedies[0] = Remedy(
        order: 1, text: "Log in to the host `a`b`, not to its container",
        command: "docker exec 'x`y`z' redis-cli PING", precheck: "The host is `a`b` (port 6379)",
        expect: "an answer from `a`b`", rollback: "Nothing to take back on `a`b`",
        caveat: "there may be another `a`b`", permanent: false)
    report.incidents[0].causes[0].missing[0].what = "What `a`b` holds"
    #expect(try missing(report, format, .ticket) == [])
    let body = TargetText.body(report, format)
    let text = try #require(try TargetText.plain(body, format))
    #expect(text.ranges(of: "`a`b`").count >= 6)
}

@Test(arguments: TargetText.prose)
func everyTargetSaysItOfSeveralIncidentsAndOfNone(format: ReportFormat) throws {
    var several = SampleReport.report
    several.incidents.append(several.incidents[0])
    several.incidents[1].id = "second"
    #expect(try missing(several, format, .ticket) == [])
    #expect(try missing(SampleReport.quiet, format, .ticket) == [])
}

@Test(arguments: TargetText.prose)
func everyTargetIsMarkedAsAReportOfOurs(format: ReportFormat) {
    let head = TargetText.body(SampleReport.report, format).prefix(2048)
    #expect(head.contains("<!-- forktopsy.report/1 -->") || head.contains("forktopsy 0.1.0 report"))
}

@Test(arguments: ReportFormat.allCases)
func theSameReportGivesTheSameBytesInEveryTarget(format: ReportFormat) {
    let first = TargetText.body(SampleReport.report, format)
    #expect(TargetText.body(SampleReport.report, format) == first)
    #expect(first.hasSuffix("\n"))
}
