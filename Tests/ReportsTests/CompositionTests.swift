// SPDX-License-Identifier: Apache-2.0
// What a report says, in which order, and how carefully.

import Model
import Reports
import Testing

private func text(_ report: Report, width: Int = 200) -> String {
    var options = ReportOptions(format: .text)
    options.width = width
    options.redact = .none
    return report.rendered(options)
}

private func changed(_ change: (inout Incident) -> Void) -> Report {
    var report = SampleReport.report
    change(&report.incidents[0])
    return report
}

private func position(_ needle: String, in text: String) -> Int? {
    text.ranges(of: needle).first.map { text.distance(from: text.startIndex, to: $0.lowerBound) }
}

@Test func theReportRunsFromNeedToDetail() {
    let report = text(SampleReport.report)
    let order = [
        "8 forks refused (ENOMEM), recovered", "What failed", "Since", "Status", "At risk", "Lost",
        "Last save", "Writes", "Likely cause", "Against", "Do this now", "Timeline", "Evidence",
        "For it:",
        "Not known:", "Counts and facts", "Inputs", "Losses", "Outlook",
    ].map { position($0, in: report) }
    #expect(!order.contains(nil))
    #expect(order.compactMap { $0 } == order.compactMap { $0 }.sorted())
}

@Test func theFirstScreenNamesTheStep() {
    let lines = text(SampleReport.report, width: 100).split(
        separator: "\n", omittingEmptySubsequences: false)
    let step = lines.firstIndex { $0.contains("sysctl -w vm.overcommit_memory=1") }
    #expect((step ?? 99) < 36)
}

@Test func aReportBeginsWithItsMark() {
    #expect(text(SampleReport.report).hasPrefix("forktopsy 0.1.0 report\n"))
    let markdown = SampleReport.report.rendered(ReportOptions(format: .markdown))
    #expect(markdown.hasPrefix("<!-- forktopsy.report/1 -->\n"))
    let json = SampleReport.report.rendered(ReportOptions(format: .json))
    #expect(json.contains("\"schema\": \"forktopsy.report/1\""))
}

@Test func aClaimIsAsSureAsItsVerdict() {
    for (verdict, words) in [
        (Finding.Verdict.confirmed, "is the cause"), (.likely, "is likely the cause"),
        (.possible, "may be the cause"), (.undecided, "is not decided"),
        (.ruled_out, "is ruled out"),
    ] {
        let report = changed { $0.causes[0].verdict = verdict }
        #expect(text(report).contains("overcommit_heuristic_refusal \(words)"))
    }
}

@Test func aConfirmedCauseIsCalledTheCause() {
    let report = text(changed { $0.causes[0].verdict = .confirmed })
    #expect(report.contains("\nCause "))
    #expect(!report.contains("Likely cause"))
}

@Test func anOpenCauseNamesTheRivalsAndTheCommandThatDecides() {
    let report = text(
        changed {
            $0.verdict.state = .undecided
            $0.verdict.between = ["commit_limit_strict", "overcommit_heuristic_refusal"]
            $0.verdict.nextCommand = "sysctl vm.overcommit_memory"
            $0.causes[0].verdict = .possible
        })
    #expect(report.contains("Cause open"))
    #expect(
        report.contains("Not decided between commit_limit_strict and overcommit_heuristic_refusal.")
    )
    let step = report.ranges(of: "Do this now").first.map { report[$0.upperBound...].prefix(160) }
    #expect(step?.contains("    sysctl vm.overcommit_memory\n") == true)
    #expect(step?.contains("sysctl -w") == false)
}

@Test func aStepIsWholeOrAbsent() {
    let report = text(SampleReport.report)
    for part in [
        "Check before:", "Run (does not outlive a reboot):", "Expect:", "To take it back:",
        "Caution:",
    ] {
        #expect(report.contains(part))
    }
    let empty = text(
        changed {
            $0.causes = []
            $0.verdict.nextCommand = nil
        })
    #expect(!empty.contains("Do this now"))
}

@Test func theOtherRemediesComeLaterAndTheFirstOnlyOnce() {
    let report = text(SampleReport.report)
    #expect(report.ranges(of: "sysctl -w vm.overcommit_memory=1").count == 1)
    #expect(report.contains("Then:"))
    #expect(report.contains("90-redis.conf"))
}

@Test func eachClaimHasItsLine() {
    let report = text(SampleReport.report)
    #expect(report.contains("  redis-server.log:12, 2026-11-22 12:01:38 UTC\n"))
    #expect(report.contains("      " + SampleReport.refusedLine + "\n"))
}

@Test(arguments: [
    (Incident.Status.recovered, "Over: recovered at 2026-11-22 12:06:18 UTC"),
    (.ongoing_at_end, "Not over when the data ends"), (.ended, "Ended: the server is gone"),
])
func theStatusIsSaidInWords(status: Incident.Status, words: String) {
    #expect(text(changed { $0.status = status }).contains(words))
}

@Test func oneIsSingular() {
    let report = text(
        changed {
            $0.failures.total = 1
            $0.failures.byOperation = [.bgsave: 1]
            $0.failures.byErrno = [.EAGAIN: 1]
            $0.failures.reported = 1
            $0.persistence.changesSinceLastSave = 1
        })
    #expect(report.contains("1 fork refused (EAGAIN)"))
    #expect(report.contains("1 fork was refused for a background save, with EAGAIN."))
    #expect(report.contains("1 line reports a refused fork"))
    #expect(report.contains("a save point of 1 change had been reached"))
    #expect(!report.contains("1 forks") && !report.contains("1 lines"))
}

@Test func anUnknownCountIsNotANumber() {
    let report = text(changed { $0.failures.total = nil })
    #expect(report.contains("how often is not known"))
    #expect(!report.contains("0 forks"))
}

@Test func withoutAnIncidentOneSentenceSaysSo() {
    let report = text(SampleReport.quiet)
    #expect(report.contains("No incident found"))
    #expect(report.contains("12 saves succeeded, 0 failed; the longest took 4.3 s."))
    #expect(report.contains("Nothing was lost"))
    #expect(report.contains("redis-server.log"))
    #expect(!report.contains("Do this now"))
}

@Test func whereNothingWasUnderstoodNoIncidentIsRuledOut() {
    var report = SampleReport.quiet
    for i in report.inputs.indices { report.inputs[i].facts.kind = .unknown }
    report.losses.damage = Damage()
    #expect(text(report).contains("Nothing to judge: no input was understood"))
    report.losses.damage.bytesSkipped = 1
    #expect(text(report).contains("Nothing to judge: no input could be read"))
    #expect(!text(report).contains("No incident found"))
}

@Test func lossesNameOnlyWhatThereIs() {
    let report = text(SampleReport.report)
    #expect(report.contains("1 line was cut at the limit of length."))
    #expect(report.contains("3 lines carry no time."))
    #expect(!report.contains("duplicates") && !report.contains("0 " + "bytes were skipped"))
}

@Test func noSentenceShouts() {
    for format in [ReportFormat.text, .markdown] {
        var options = ReportOptions(format: format)
        options.redact = .none
        let report = SampleReport.quiet.rendered(options)
        #expect(!report.replacing("<!--", with: "").contains("!"))
    }
}

@Test func aLongTimelineKeepsWhatMatters() {
    let report = changed { incident in
        incident.timeline = (0..<400).map { i in
            TimelineEntry(
                at: SampleReport.after(Double(i)), kind: "copy_on_write", severity: .info,
                text: "entry number \(i)")
        }
        incident.timeline[200].severity = .failure
        incident.timeline[300].severity = .recovery
        incident.timeline[250].kind = "oom_victim"
    }
    let lines = text(report).split(separator: "\n").filter { $0.contains("entry number ") }
    #expect(lines.count == 60)
    for number in [0, 200, 250, 300, 399] {
        #expect(lines.contains { $0.hasSuffix("entry number \(number)") })
    }
    #expect(text(report).contains("340 entries of 400 left out; `--format json` has all."))
    let json = report.rendered(ReportOptions(format: .json))
    #expect(json.contains("entry number 123\""))
}

@Test func repeatsAreFoldedWithTheirLastTime() {
    #expect(text(SampleReport.report).contains("(8 times, the last at 12:05:10.682)"))
}

@Test func localTimesStandBesideUTC() {
    let report = text(SampleReport.report)
    #expect(report.contains("12:01:38.682  13:01:38.682  FAIL"))
    let otherDay = text(
        changed {
            $0.timeline[1].local = "23 Nov 2026 00:01:38.682"
        })
    #expect(otherDay.contains("23 Nov 2026 00:01:38.682  FAIL"))
    let same = text(
        changed { incident in
            for i in incident.timeline.indices { incident.timeline[i].local = nil }
        })
    #expect(same.contains("12:01:38.682  FAIL"))
}

@Test func logsWithoutMillisecondsGetNone() {
    let report = text(
        changed {
            $0.timeline[1].uncertaintySeconds = 1
            $0.timeline[1].local = "22 Nov 13:01:38"
        })
    #expect(report.contains("12:01:38      13:01:38      FAIL"))
}

@Test func severalIncidentsAreListedFirst() {
    var report = SampleReport.report
    report.incidents.append(report.incidents[0])
    report.incidents[0].severity = .minor
    report.incidents[1].severity = .critical
    report.incidents[1].instance.port = 6380
    let rendered = text(report)
    #expect(
        rendered.contains(
            "Redis 7.2.6 on port 6380 of db1.prod.internal: 8 forks refused (ENOMEM), recovered; "
                + "and 1 more incident"))
    #expect(rendered.contains("1. 2026-11-22 12:01:38 UTC: Redis 7.2.6 on port 6379"))
    #expect(rendered.contains("Incident 2: Redis 7.2.6"))
}

@Test func stepsThatAreTheSameStandWithTheFirstIncidentOnly() {
    var report = SampleReport.report
    report.incidents.append(report.incidents[0])
    let command = report.incidents[0].causes[0].remedies[0].command
    let rendered = text(report)
    #expect(rendered.ranges(of: command).count == 1)
    #expect(rendered.contains("The steps are those of incident 1."))
    report.incidents[1].causes[0].remedies[0].command += " --other"
    #expect(text(report).contains(command + " --other"))
}

@Test func theTitleAloneIsPlainTextOnOneLine() {
    var report = SampleReport.report
    report.incidents[0].instance.host = "PROD-DB-1 h:tada: redis_[eu] `x` \u{202E}\n#1"
    var options = ReportOptions(format: .jira)
    options.isTitleOnly = true
    let title = report.rendered(options)
    #expect(
        title == "Redis 7.2.6 on port 6379 of PROD-DB-1 h:tada: redis_[eu] `x` \\u{202e} #1: "
            + "8 forks refused (ENOMEM), recovered\n")
    report.incidents[0].instance.host = String(repeating: "h", count: 900)
    #expect(report.rendered(options).count == ReportOptions.titleLimit + 1)
    options.budget = 40
    #expect(report.rendered(options).count == 41)
}

@Test func aSentenceThatEndsInBracketsHasItsStop() {
    let report = changed {
        $0.kind = .write_refusal
        $0.timeline[1].text = "writes refused (MISCONF)"
        $0.failures.total = nil
    }
    #expect(text(report).contains("Writes refused (MISCONF). "))
}

@Test func whatItLedToIsNotWhatItIs() {
    let report = changed {
        $0.kind = .oom_kill
        $0.consequences = ["oom_kill", "restart"]
        $0.serverFailed = true
        $0.timeline[1].kind = EventKind.oom_victim.rawValue
        $0.timeline[1].text = "the OOM killer killed process redis-server (pid 5976)"
    }
    let rendered = text(report)
    #expect(rendered.contains("The OOM killer killed process redis-server (pid 5976)."))
    #expect(rendered.contains("It led to: restart."))
}

@Test func whatOnlyCameAfterItIsNotItsDoing() {
    let report = changed { $0.consequences = ["replica_loss", "failover", "restart"] }
    let words = text(report).split(whereSeparator: \.isWhitespace).joined(separator: " ")
    #expect(words.contains("It led to: replica loss. In the same time: failover and restart;"))
}

@Test func aCountIsABareNumber() {
    let report = changed {
        $0.causes[0].evidence[2].value = 96_365
        $0.causes[0].evidence[2].unit = "count"
    }
    #expect(text(report).contains("Free memory was ample (96,365)"))
}

@Test(arguments: [
    "a\u{34F}b", "a\u{FE0F}b", "a\u{E0100}b", "a\u{115F}b", "a\u{3164}b", "a\u{FFA0}b",
    "a\u{2800}b",
])
func whatLeavesNoMarkIsSpelledOut(line: String) {
    #expect(Literal.line(line).contains("\\u{"))
    #expect(Literal.line("☎\u{FE0F} 日本") == "☎\u{FE0F} 日本")
}

@Test func aChangedSettingIsARowAndAMark() {
    let report = changed {
        let entry = TimelineEntry(
            at: SampleReport.after(250), kind: TimelineEntry.settingChanged, severity: .info,
            text: "vm.overcommit_memory set to 1, before 2", source: SampleReport.source(95))
        $0.timeline.insert(entry, at: 2)
    }
    #expect(text(report).contains("12:05:48"))
    #expect(TargetText.body(report, .html).contains("<title>setting changed, 2026-11-22 12:05:48"))
}

@Test func oneClaimStandsOnceWithEveryPlace() {
    let report = changed {
        var again = $0.causes[0].evidence[0]
        again.source = SampleReport.source(32)
        $0.causes[0].evidence.insert(again, at: 1)
    }
    let rendered = text(report)
    #expect(rendered.ranges(of: "The kernel answered ENOMEM").count == 1)
    #expect(rendered.contains("Again: redis-server.log:32 (2026-11-22 12:01:38 UTC)."))
}

@Test func theArithmeticNamesInputsByTheirShortNames() {
    let report = changed {
        $0.causes[0].arithmetic = [
            Quantity(
                name: "VmData", value: 1, unit: "bytes",
                source: "VmData of the server; \(SampleReport.log):7, 2 s before")
        ]
    }
    #expect(text(report).contains("VmData of the server; redis-server.log:7, 2 s before"))
}

@Test func factsOfOneReadingStandTogether() {
    let report = changed {
        var fact = $0.facts[0]
        fact.name = "vm.overcommit_ratio"
        $0.facts.append(fact)
    }
    #expect(text(report).ranges(of: "At the server's start, 2026-11-22 11:58:00 UTC:").count == 1)
}

@Test func anOpenIncidentBesideAWorkingForkIsExplained() {
    var report = changed {
        $0.status = .ongoing_at_end
        $0.outstanding = []
    }
    report.outlook[0].instance = report.incidents[0].instance
    report.outlook[0].wouldFork = .yes
    let rendered = text(report)
    #expect(rendered.contains("counts as open until what failed is seen to succeed"))
    #expect(rendered.contains("is seen to succeed after the last failure."))
}

@Test func aSentenceThatBeginsWithACommandKeepsItsCase() {
    let report = changed {
        $0.causes[0].remedies[0].precheck =
            "systemctl show -p TasksMax valkey-server.service shows the limit."
    }
    #expect(text(report).contains("Check before: systemctl show -p TasksMax"))
}

@Test func aSavePointIsNotSaidToBeReachedByForksThatDidNotFail() {
    let report = changed {
        $0.failures.total = 0
        $0.failures.saveFailures = 2
        $0.persistence.changesSinceLastSave = 10_000
    }
    #expect(text(report).contains("10,000 changes had been reached when saves failed"))
}

@Test func theStatusNamesWhatIsOutstanding() {
    let report = changed {
        $0.status = .ongoing_at_end
        $0.outstanding = ["an AOF rewrite"]
        $0.savedAgainAt = SampleReport.after(60)
    }
    #expect(text(report).contains("Not seen to succeed since it failed: an AOF rewrite."))
    #expect(text(report).contains("A save succeeded again at 2026-11-22 12:02:38 UTC."))
}
