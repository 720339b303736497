// SPDX-License-Identifier: Apache-2.0
// What a ticket is told when more evidence has come in.

import Model
import Reports
import Testing

private func earlier(_ report: Report) throws -> EarlierReport {
    try EarlierReport(parsing: TargetText.body(report, .json))
}

private func update(
    _ report: Report, since then: Report, _ format: ReportFormat = .markdown
) throws
    -> String
{
    var options = ReportOptions(format: format)
    options.redact = .none
    options.earlier = try earlier(then)
    return report.rendered(options)
}

@Test func nothingNewIsOneSentence() throws {
    let body = try update(SampleReport.report, since: SampleReport.report)
    #expect(body.contains("# Nothing is new since the earlier report"))
    #expect(!body.contains("##"))
}

@Test func onlyWhatChangedIsTold() throws {
    var then = SampleReport.report
    then.incidents[0].status = .ongoing_at_end
    then.incidents[0].recoveredAt = nil
    then.incidents[0].failures.total = 5
    then.incidents[0].causes[0].verdict = .possible
    then.incidents[0].timeline.removeLast()
    then.incidents[0].timeline[1].count = 5
    let body = try update(SampleReport.report, since: then)
    #expect(body.contains("# Since the earlier report: 1 incident changed"))
    #expect(body.contains("**Status:** recovered (was: ongoing at end)"))
    #expect(body.contains("**Forks refused:** 8 (was: 5)"))
    #expect(body.contains("likely (was: possible)"))
    #expect(body.contains("background save succeeded"))
    #expect(body.contains("(**8 times**"))
    #expect(!body.contains("warned at start") && !body.contains("**Severity:**"))
}

@Test func aVerdictThatIsDecidedNowBringsItsStep() throws {
    var then = SampleReport.report
    then.incidents[0].verdict.state = .undecided
    then.incidents[0].verdict.statement = "vm.overcommit_memory is not known"
    then.incidents[0].recoveredAt = SampleReport.after(100)
    let body = try update(SampleReport.report, since: then)
    #expect(body.contains("**Decision:** decided (was: undecided)"))
    #expect(
        body.contains("(was: vm.overcommit\\_memory is not known)")
            || body.contains("(was: vm.overcommit_memory is not known)"))
    #expect(body.contains("Do this now") && body.contains("sysctl -w vm.overcommit_memory=1"))
    #expect(
        body.contains("2026-11-22 12:06:18 UTC (was: 2026-11-22 12:03:18 UTC)"), "\(body)")
}

@Test func anUpdateSaysHowMuchIsHidden() throws {
    var options = ReportOptions(format: .markdown)
    options.earlier = try earlier(SampleReport.report)
    #expect(SampleReport.report.rendered(options).contains("No secret was found."))
}

@Test func anIncidentThatSupersedesAnotherIsTheSame() throws {
    var then = SampleReport.report
    then.incidents[0].id = "0011aabbccdd"
    let body = try update(SampleReport.report, since: then)
    #expect(body.contains("`0011aabbccdd` is now `3f9c2ab07d11`"))
    #expect(!body.contains("No longer"))
}

@Test func aNewIncidentIsToldInFullAndAMissingOneIsNamed() throws {
    var then = SampleReport.report
    then.incidents[0].id = "unknown-before"
    let body = try update(SampleReport.report, since: then)
    #expect(body.contains("# Since the earlier report: 1 new incident"))
    #expect(body.contains("Do this now"))
    #expect(body.contains("No longer in the data: `unknown-before`."))
}

@Test(arguments: TargetText.prose)
func anUpdateComesInEveryForm(format: ReportFormat) throws {
    var then = SampleReport.report
    then.incidents[0].timeline.removeLast()
    let text = try #require(
        try TargetText.plain(try update(SampleReport.report, since: then, format), format))
    #expect(text.contains("1 incident changed") && text.contains("background save succeeded"))
}

@Test(arguments: ["", "{}", "{\"schema\":\"forktopsy.report/2\",\"incidents\":[]}", "[1,2"])
func whatIsNoReportIsRefused(text: String) {
    #expect(throws: EarlierReport.Problem.self) { try EarlierReport(parsing: text) }
}
