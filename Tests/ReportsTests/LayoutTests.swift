// SPDX-License-Identifier: Apache-2.0
// What a review and a mail say, and in which order.

import Model
import Reports
import Testing

private func headings(_ report: Report, _ layout: Layout) -> [String] {
    TargetText.body(report, .markdown, layout: layout).split(separator: "\n")
        .filter { $0.hasPrefix("## ") }.map { String($0.dropFirst(3)) }
}

@Test func aReviewRunsFromSummaryToOpenQuestions() {
    #expect(
        headings(SampleReport.report, .postmortem) == [
            "Summary", "Impact", "Timeline", "Root cause and trigger", "Contributing factors",
            "What went well", "Action items", "Open questions", "Ruled out", "Counts and facts",
            "Inputs", "Losses", "Outlook",
        ])
}

@Test func aReviewHasEveryRemedyOnceAndNoneOfWhatIsRuledOut() {
    var report = SampleReport.report
    report.incidents[0].causes[2].remedies = [
        Remedy(
            order: 1, text: "no", command: "rm -rf /nowhere", precheck: "", expect: "",
            rollback: "",
            caveat: "", permanent: false)
    ]
    let body = TargetText.body(report, .markdown, layout: .postmortem)
    #expect(body.ranges(of: "sysctl -w vm.overcommit_memory=1").count == 1)
    #expect(body.contains("90-redis.conf") && !body.contains("nowhere"))
}

@Test func whatWentWellIsOnlyWhatTheDataShows() {
    func well(_ change: (inout Incident) -> Void) -> String {
        var report = SampleReport.report
        change(&report.incidents[0])
        let body = TargetText.body(report, .markdown, layout: .postmortem)
        let start = body.ranges(of: "## What went well")[0].upperBound
        return String(body[start..<body.ranges(of: "## Action items")[0].lowerBound])
    }
    #expect(well { _ in }.contains("68 s after the last failure"))
    #expect(well { $0.persistence.exposure = .aof_covers }.contains("append-only file held"))
    #expect(!well { $0.persistence.exposure = .lost }.contains("No loss"))
    #expect(!well { $0.consequences = ["oom_kill"] }.contains("kept running"))
    #expect(!well { $0.status = .ended }.contains("kept running"))
    let nothing = well {
        $0.status = .ongoing_at_end
        $0.persistence.exposure = .lost
        $0.persistence.saves.succeeded = 0
        $0.kind = .server_crash
    }
    #expect(nothing.contains("ask those who were there"))
}

@Test func aBriefIsTheHeadAndOneStep() {
    let body = TargetText.body(SampleReport.report, .markdown, layout: .brief)
    #expect(headings(SampleReport.report, .brief) == ["Do this now", "Losses"])
    #expect(body.utf8.count < 2_500)
    let redacted = TargetText.body(
        SampleReport.report, .markdown, layout: .brief, redact: .secrets)
    #expect(redacted.contains("No secret was found. (`--redact secrets`)"))
    var whole = SampleReport.report
    whole.losses.damage = Damage()
    #expect(headings(whole, .brief) == ["Do this now"])
}
