// SPDX-License-Identifier: Apache-2.0

import HandWritten
import Model
import Testing

@testable import Incidents

/// Small tables that tell whose a line is and which of several lines counts.
@Suite struct BookkeepingTests {
    private func key(_ pid: Int32) -> InstanceMap.ProcessKey {
        InstanceMap.ProcessKey(input: 0, stream: 0, pid: pid)
    }

    @Test("the last 4,096 children are known, and no more than twice as many")
    func recentOwners() {
        var owners = RecentOwners()
        for pid in 1...20_000 { owners[key(Int32(pid))] = pid }
        for pid in (20_000 - 4095)...20_000 { #expect(owners[key(Int32(pid))] == pid) }
        #expect((1...20_000).count { owners[key(Int32($0))] != nil } <= 8192)
        #expect(owners[key(1)] == nil)
    }

    /// Two servers in one input, each of a container of its own.
    private func twoContainers() -> HandWrittenLog {
        var log = HandWrittenLog("compose.log")
        log.streams = ["redis-a", "redis-b"].map {
            var writer = WriterStream()
            writer.container = $0
            return writer
        }
        for second in 0..<3 {
            for (stream, pid) in [(UInt16(0), Int32(10)), (1, 20)] {
                log.add(.save_triggered, at: Double(second), pid: pid, stream: stream)
            }
        }
        return log
    }

    @Test("a line of a process that is not known is the one server's of its stream")
    func onlyInstance() {
        var patterns = HandWrittenPatterns()
        let map = InstanceMap([twoContainers().read(&patterns)], patterns: patterns.all)
        #expect(map.instances.count == 2)
        for stream in [UInt16(0), 1] {
            let only = map.onlyInstance(input: 0, stream: stream)
            #expect(only == map.instance(input: 0, stream: stream, pid: stream == 0 ? 10 : 20))
        }
        #expect(map.onlyInstance(input: 0, stream: 2) == nil, "two servers wrote in this input")
        #expect(map.onlyInstance(input: 1, stream: 0) == nil)
    }

    @Test("of copies of one kill the dated one counts, else the one with finer stamps")
    func killCopies() throws {
        var copies: [HandWrittenLog] = []
        for (path, at, precision) in [
            ("a-undated", nil, Stamp.Precision.second), ("b-coarse", 50, .second),
            ("c-fine", 50.25, .microsecond), ("d-fine", 50.25, .microsecond),
        ] as [(String, Double?, Stamp.Precision)] {
            var log = HandWrittenLog(path)
            (log.form, log.precision) = (.kernel, precision)
            log.add(
                .oom_victim, at: at,
                [
                    "comm": "redis-server", "pid": "10", "total_vm_kib": "304068",
                    "anon_rss_kib": "252792",
                ], pid: 0, role: .unknown)
            copies.append(log)
        }
        for order in [copies, copies.reversed()] {
            let incidents = correlate(order).incidents
            #expect(incidents.map(\.failures.oomKills) == [1])
            let row = try #require(incidents.first?.timeline.first)
            #expect(row.at?.seconds == 50.25)
            #expect(row.source?.path == "c-fine")
        }
    }

    private func events(_ log: HandWrittenLog) -> [Event] {
        var patterns = HandWrittenPatterns()
        let source = log.read(&patterns)
        return (0..<source.log.count).map {
            source.log.event(at: $0, input: 0, patterns: patterns.all)
        }
    }

    @Test("of a failed save the first INFO counts, and the newest after it")
    func saveStatus() {
        var log = HandWrittenLog()
        for (at, status) in [(1.0, "ok"), (2, "err"), (3, "err"), (4, "ok")] {
            log.add(.save_status, at: at, ["operation": "bgsave", "status": status])
        }
        log.add(.save_status, at: 5, ["operation": "aof_rewrite", "status": "ok"])
        var status = SaveStatus()
        for event in events(log) { status.note(event) }
        #expect(status.failed.mapValues { $0.at?.seconds } == [.bgsave: 2])
        #expect(status.latest.mapValues { $0.at?.seconds } == [.bgsave: 4])
    }

    @Test(
        "what proves that an append-only file is used",
        arguments: [
            (["aof": "on"], EventKind.loading_detail, AppendOnlyFile.State.on),
            (["aof": "off"], .loading_detail, .off),
            (["aof": "switching_on"], .loading_detail, .switchingOn),
            (["source": "aof"], .loading_started, .on), (["source": "rdb"], .loading_started, .off),
            (["operation": "aof_rewrite"], .child_started, .perhaps),
            (["operation": "bgsave"], .child_started, .unknown),
            (["operation": "aof_rewrite"], .operation_succeeded, .perhaps),
            (
                ["step": "incr_file", "path": "temp-appendonly.aof.incr"], .rewrite_detail,
                .switchingOn
            ),
            (["step": "incr_file", "path": "appendonly.aof.2.incr.aof"], .rewrite_detail, .on),
            (["step": "other"], .rewrite_detail, .unknown),
        ])
    func appendOnlyFile(
        values: [String: String], kind: EventKind, expected: AppendOnlyFile.State
    ) throws {
        var log = HandWrittenLog()
        log.add(kind, at: 0, values)
        let event = try #require(events(log).first)
        var file = AppendOnlyFile.unknown
        file.learn(from: event, isStarting: true)
        #expect(file.state == expected)
    }
}
