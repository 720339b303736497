// SPDX-License-Identifier: Apache-2.0
// Commands refused at maxmemory of which only INFO's count tells.

import Model
import Testing

@testable import forktopsy

struct CountedRefusalTests {
    private func info(
        _ minute: Int, used: Int, count: Int, policy: String = "noeviction"
    )
        -> [String]
    {
        [
            "### 2026-11-22T12:\(minute < 10 ? "0" : "")\(minute):00Z", "# Server",
            "redis_version:7.0.15", "process_id:812", "tcp_port:6379", "# Memory",
            "used_memory:\(used)", "maxmemory:3145728", "maxmemory_policy:\(policy)",
            "# Errorstats", "errorstat_OOM:count=\(count)", "",
        ]
    }

    private func found(_ readings: [[String]]) throws -> [Incident] {
        try Outage.analyzed([("info.txt", readings.flatMap(\.self))]).incidents
    }

    @Test func `One INFO that counts refusals just below maxmemory tells of them`() throws {
        let incident = try #require(try found([info(0, used: 2_942_160, count: 23)]).first)
        #expect(incident.kind == .write_refusal)
        #expect(incident.timeline.first?.text.contains("23 refused commands since the") == true)
        let cause = try #require(incident.causes.first { $0.id == "maxmemory_noeviction" })
        #expect(cause.verdict == .likely)
        // Since when is not known.
        #expect(incident.persistence.writesRefused?.from == nil)
    }

    @Test func `A count that rises between two readings tells of refusals`() throws {
        let readings = [
            info(0, used: 2_942_160, count: 20), info(1, used: 2_942_160, count: 43),
        ]
        let incident = try #require(try found(readings).first)
        #expect(incident.timeline.first?.text.contains("23 refused commands in that time") == true)
    }

    @Test func `An old count, an evicting policy and room to spare tell of nothing`() throws {
        let same = [info(0, used: 2_942_160, count: 23), info(1, used: 2_942_160, count: 23)]
        #expect(try found(same).isEmpty)
        #expect(try found([info(0, used: 2_942_160, count: 23, policy: "allkeys-lru")]).isEmpty)
        #expect(try found([info(0, used: 1_000_000, count: 23)]).isEmpty)
        #expect(try found([info(0, used: 2_942_160, count: 0)]).isEmpty)
    }
}
