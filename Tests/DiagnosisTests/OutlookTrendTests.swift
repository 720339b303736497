// SPDX-License-Identifier: Apache-2.0

import HandWritten
import Incidents
import Model
import Testing

@testable import Diagnosis

/// What the outlook says of figures that get worse.
@Suite struct OutlookTrendTests {
    private func statement(
        _ facts: HandWrittenSnapshots, _ change: (inout InstanceSummary) -> Void = { _ in }
    ) -> String {
        var instance = Instance()
        instance.log = "redis.log"
        instance.port = 6379
        var summary = InstanceSummary(instance: instance, saves: SaveTally())
        change(&summary)
        var holder = Incident(kind: .fork_failure, instance: instance)
        facts.attach(to: &holder, [instance])
        return Diagnosis.outlook(summary, holder.readings, isOpen: false).statement
    }

    private func series(
        _ measure: Measure, _ values: [SnapshotValue.Quantity], every seconds: Double = 3600
    ) -> HandWrittenSnapshots {
        var facts = HandWrittenSnapshots()
        for (i, value) in values.enumerated() {
            facts.server(at: Double(i) * seconds, [measure: value])
        }
        return facts
    }

    @Test(
        "forks that take longer",
        arguments: [
            ([0.04, 0.08, 0.4, 1.28], true), ([0.04, 0.05, 0.04, 0.045], false),
            ([0.004, 0.01, 0.03], false), ([0.1, 1.2], false), ([0.1, 0.9, 0.2], false),
        ])
    func forks(seconds: [Double], isTold: Bool) {
        let text = statement(series(.latestForkSeconds, seconds.map { .real($0) }))
        #expect(text.contains("Forks take longer: 40 ms at first") == isTold, "\(text)")
    }

    @Test(
        "room under CommitLimit ends by what grows: others alone, or the server as well",
        arguments: [(0.0, "40 min"), (0.1, "10 min")])
    func commitRoom(growth: Double, end: String) {
        var facts = HandWrittenSnapshots()
        for i in 0..<21 {
            let minute = Double(i)
            facts.host(
                at: minute * 60,
                [
                    .overcommitMemory: 2, .commitLimit: .gib(16),
                    .committedAS: .gib(6 + minute / 10),
                    .adminReserve: 0, .userReserve: 0,
                ])
            facts.process(at: minute * 60, [.vmData: .gib(4 + minute * growth), .userID: 0])
        }
        let text = statement(facts)
        #expect(text.contains("would be used up in \(end)"), "\(text)")
    }

    @Test("what rises while data are loaded is no trend")
    func loading() {
        let forks: [SnapshotValue.Quantity] = [.real(0.0004), .real(0.08), .real(0.165)]
        #expect(!statement(series(.latestForkSeconds, forks, every: 5)).contains("longer"))
        #expect(statement(series(.latestForkSeconds, forks)).contains("less than 1 ms at first"))
        var falling = HandWrittenSnapshots()
        for (i, gib) in [23.0, 21, 19, 16].enumerated() {
            falling.host(at: Double(i) * 30, [.memAvailable: .gib(gib)])
        }
        #expect(!statement(falling).contains("at that pace"))
        // It fell once, an hour ago.
        var settled = HandWrittenSnapshots()
        for (i, gib) in [23.0, 16, 16, 16, 15.9].enumerated() {
            settled.host(at: Double(i) * 3600, [.memAvailable: .gib(gib)])
        }
        #expect(!statement(settled).contains("at that pace"))
    }

    @Test("saves that copy more, by INFO and by the log")
    func copies() {
        let info = series(.lastSaveCopied, [.mib(100), .mib(100), .mib(400), .mib(1600)])
        #expect(statement(info).contains("Saves copy more: 100 MiB at first, 1.6 GiB at last"))
        let small = series(.lastSaveCopied, [.mib(1), .mib(8), .mib(30)])
        #expect(!statement(small).contains("copy more"))
        let log = statement(HandWrittenSnapshots()) {
            $0.copiedFirst = ByteCount(mebibytes: 100)
            $0.copiedLast = ByteCount(mebibytes: 3000)
            $0.copyOnWritePeak = ByteCount(mebibytes: 3000)
        }
        #expect(log.contains("Saves copy more: 100 MiB at first, 2.9 GiB at last"), "\(log)")
        let past = statement(HandWrittenSnapshots()) {
            $0.copiedFirst = ByteCount(mebibytes: 100)
            $0.copiedLast = ByteCount(mebibytes: 200)
            $0.copyOnWritePeak = ByteCount(mebibytes: 3000)
        }
        #expect(!past.contains("copy more"))
    }

    @Test(
        "saves that take as long as they are apart",
        arguments: [(350, "60 1000", true), (59, "60 1000", false), (350, "3600 1", false)])
    func pace(seconds: Int64, save: String, isTold: Bool) {
        var facts = HandWrittenSnapshots()
        facts.server(at: 0, [.lastSaveSeconds: .whole(seconds), .configSave: .text(save)])
        #expect(statement(facts).contains("The last save took 5 min 50 s") == isTold)
        let log = statement(HandWrittenSnapshots()) {
            $0.saves.longestSeconds = Double(seconds)
            $0.savePointSeconds = save.split(separator: " ").first.flatMap { Int($0) }
        }
        #expect(log.contains("The longest save took 5 min 50 s") == isTold)
    }

    @Test(
        "memory that runs out within a day",
        arguments: [
            ([8.0, 7, 6, 5], true), ([8, 7, 6], false), ([8, 8, 8, 7.9], false),
            ([8, 2, 3, 7], false),
        ])
    func available(gib: [Double], isTold: Bool) {
        var facts = HandWrittenSnapshots()
        for (i, value) in gib.enumerated() {
            facts.host(at: Double(i) * 3600, [.memAvailable: .gib(value)])
        }
        let text = statement(facts)
        #expect(text.contains("MemAvailable fell from 8.0 GiB to 5.0 GiB") == isTold, "\(text)")
        #expect(text.contains("none is left in 5 h") == isTold, "\(text)")
    }
}
