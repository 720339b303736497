// SPDX-License-Identifier: Apache-2.0
// What does not fit is left out by worth and named; nothing is cut in the middle.

import JSON
import Model
import Reports
import Testing

/// An outage of many servers, each with a long story and long lines.
private func outage(incidents: Int, entries: Int, line: String) -> Report {
    var report = HostileText.report(line)
    var incident = report.incidents[0]
    incident.timeline = (0..<entries).map { i in
        TimelineEntry(
            at: SampleReport.after(Double(i)), local: "22 Nov 2026 13:01:38", kind: "fork_failed",
            severity: i % 3 == 0 ? .failure : .info, text: "entry \(i) \(line)", quote: line,
            count: i + 1, lastAt: SampleReport.after(Double(i) + 0.5),
            source: SampleReport.source(i))
    }
    incident.causes[0].evidence = (0..<40).map { i in
        Evidence(.for, "claim \(i)", quote: line, source: SampleReport.source(i))
    }
    report.incidents = (0..<incidents).map { i in
        var copy = incident
        copy.id = "incident-\(i)"
        copy.severity = i == incidents - 1 ? .critical : .minor
        return copy
    }
    return report
}

private let long = String(repeating: "| `x` <b> {code} #1 @all \\ ", count: 70)

@Test(
    arguments: [ReportFormat.github, .gitlab, .jira, .adf, .markdown, .text, .html],
    [1_500, 9_000, nil])
func everyBodyFits(format: ReportFormat, budget: Int?) throws {
    let limit = [budget, format.budget].compactMap(\.self).min()
    for report in [
        outage(incidents: 1, entries: 120, line: long),
        outage(incidents: 12, entries: 24, line: long),
        SampleReport.quiet,
    ] {
        // The style of a page alone takes some 7,000.
        guard format != .html || budget == nil else { continue }
        let body = TargetText.body(report, format, budget: budget)
        if let limit { #expect(body.utf8.count <= limit) }
        if format == .adf {
            #expect(ADFCheck.problems(of: try JSONValue(parsing: body)) == [])
        }
        if format == .github || format == .gitlab || format == .markdown {
            let lines = body.split(separator: "\n").map { $0.drop { $0 == " " } }
            #expect(lines.count { $0.hasPrefix("```") }.isMultiple(of: 2))
            #expect(lines.count { $0 == "<details>" } == lines.count { $0 == "</details>" })
        }
        if format == .jira {
            #expect(body.ranges(of: "\n{noformat}").count.isMultiple(of: 2))
        }
    }
}

@Test(arguments: [ReportFormat.github, .jira, .adf])
func whatIsLeftOutIsNamedWithTheWayToGetIt(format: ReportFormat) {
    let body = TargetText.body(outage(incidents: 1, entries: 120, line: long), format)
    #expect(body.lowercased().contains("left out"))
    let text = TargetText.decodingNumericEntities(body).replacing("\\", with: "")
    #expect(text.contains("--format json"))
}

@Test func theHeadOutlivesTheDetail() {
    let report = outage(incidents: 1, entries: 500, line: "short")
    let body = TargetText.body(report, .github, budget: 5_000)
    #expect(body.contains("8 forks refused (ENOMEM), recovered"))
    #expect(body.contains("## Do this now"))
    #expect(!body.contains("## Evidence"))
    #expect(body.contains("Left out for want of room"))
}

@Test func theGravestIncidentIsToldWhereNotAllCanBe() {
    let body = TargetText.body(
        outage(incidents: 60, entries: 30, line: "short"), .github, budget: 20_000)
    #expect(body.contains("Incident 60: "))
    #expect(body.contains("The full account of"))
}

@Test func moreRoomNeverSaysLess() {
    let report = outage(incidents: 3, entries: 300, line: "short")
    var last = 0
    for budget in stride(from: 2_000, through: 62_000, by: 4_000) {
        let size = TargetText.body(report, .github, budget: budget).utf8.count
        #expect(size >= last && size <= budget)
        last = size
    }
}

@Test(
    arguments: [ReportFormat.github, .gitlab, .jira, .adf, .markdown, .text],
    [200, 300, 500, 800, 1_200])
func aSmallBudgetHolds(format: ReportFormat, budget: Int) throws {
    let budget = max(budget, format.leastBudget)
    for report in [
        outage(incidents: 1, entries: 20, line: long),
        outage(incidents: 30, entries: 3, line: long),
        SampleReport.report,
    ] {
        let body = TargetText.body(report, format, budget: budget)
        #expect(body.utf8.count <= budget, "\(body)")
        if format == .adf { #expect(ADFCheck.problems(of: try JSONValue(parsing: body)) == []) }
    }
}

@Test func theHeadOutlivesASmallBudget() {
    let body = TargetText.body(SampleReport.report, .github, budget: 1_500)
    for word in ["What failed", "Status", "ikely cause", "sysctl -w vm.overcommit_memory=1"] {
        #expect(body.contains(word), "\(body)")
    }
    #expect(body.utf8.count > 900)
    let least = TargetText.body(SampleReport.report, .github, budget: 200)
    #expect(least.contains("8 forks refused"))
}

@Test(arguments: [ReportFormat.github, .jira, .adf])
func muchOfTheBudgetIsUsed(format: ReportFormat) {
    let report = outage(incidents: 10_001, entries: 6, line: "short")
    let body = TargetText.body(report, format)
    #expect(body.utf8.count > (format.budget ?? 0) / 2)
}

@Test(arguments: [ReportFormat.text, .markdown, .html])
func thousandsOfIncidentsAreNotToldInFull(format: ReportFormat) {
    let report = outage(incidents: 1_200, entries: 3, line: "short")
    let body = TargetText.body(report, format)
    #expect(body.contains("200 more incidents left out"))
    #expect(body.contains("The full account of 1,150 incidents is left out"))
    #expect(body.utf8.count < 3_000_000)
}

@Test func theTrackersLimitHoldsBesideAHigherBudget() {
    let body = TargetText.body(
        outage(incidents: 12, entries: 24, line: long), .jira, budget: 1_000_000)
    #expect(body.utf8.count <= 32_000)
}

@Test func aCommandIsWholeOrAbsent() {
    var report = SampleReport.report
    let command = "sysctl -w vm.overcommit_memory=1; echo " + String(repeating: "x", count: 3000)
    report.incidents[0].causes[0].remedies[0].command = command
    for budget in [1_500, 2_500, 5_000, 12_000] {
        let body = TargetText.body(report, .markdown, budget: budget)
        let isWhole = body.contains(command)
        #expect(isWhole || !body.contains("sysctl -w vm.overcommit_memory=1;"))
    }
}
