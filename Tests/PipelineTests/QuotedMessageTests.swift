// SPDX-License-Identifier: Apache-2.0

import Model
import Reading
import Testing

@testable import forktopsy

/// A runbook that quotes what a server prints.
struct QuotedMessageTests {
    private static let runbook = [
        "# Runbook: Redis cannot fork", "", "If the log says", "", "```",
        "# Can't save in background: fork: Cannot allocate memory", "```", "",
        "do the following, and tell the team that owns the data.",
    ]

    @Test func `Beside a server's log a runbook is no incident`() throws {
        let outage = Outage.origin.log(.utc)
        let alone = try Outage.analyzed([("redis.log", outage)])
        let both = try Outage.analyzed([("redis.log", outage), ("runbook.md", Self.runbook)])
        #expect(both.incidents.map(\.id) == alone.incidents.map(\.id))
        #expect(both.summary.reportedFailures == 0)
        #expect(both.verdict.contains("1 line quotes a server's message"))
    }

    @Test func `Where nothing else is known, what a text reports is told as that`() throws {
        let report = try Outage.analyzed([("mail.txt", Self.runbook)])
        #expect(report.summary.reportedFailures == 1)
        #expect(report.incidents.first?.failures.total == 0)
    }
}
