// SPDX-License-Identifier: Apache-2.0
// What tells the zone and the year of a log beside its own lines, and what the report says of it.

import Foundation
import Model
import Reading
import TestSupport
import Testing

@testable import forktopsy

private let refused = "Can't save in background: fork: Cannot allocate memory"
private let saved = "Background saving terminated with success"

private func failure(_ at: String, pid: Int = 4711) -> String { "\(pid):M \(at) # \(refused)" }
private func success(_ at: String, pid: Int = 4711) -> String { "\(pid):M \(at) * \(saved)" }

/// A file of these lines, last written at `written`.
private struct Input {
    var name: String
    var lines: [String]
    var written: String?

    init(_ name: String, _ lines: [String], written: String? = nil) {
        (self.name, self.lines, self.written) = (name, lines, written)
    }
}

private func analyzed(_ inputs: [Input]) throws -> Report {
    try withTemporaryFolder { folder in
        for input in inputs {
            let path = folder + "/" + input.name
            try Data((input.lines.joined(separator: "\n") + "\n").utf8).write(
                to: URL(fileURLWithPath: path))
            // A file that was copied tells nothing: its time is none that a zone explains.
            let written = input.written.flatMap { instant(rfc3339: $0) }
            let at = Double(written?.nanoseconds ?? 1_794_000_123_457_000_000) / 1e9
            try FileManager.default.setAttributes(
                [.modificationDate: Date(timeIntervalSince1970: at)], ofItemAtPath: path)
        }
        var assembler = Assembler()
        assembler.clocks.now = Timestamp(seconds: 1_795_000_000)
        return assembler.report(try Pipeline.extractions(of: [folder]), patterns: Pipeline.patterns)
    }
}

extension Report {
    fileprivate var starts: [String?] { incidents.map { $0.startedAt?.rfc3339 } }

    fileprivate func clock(_ name: String) -> [ClockSegment] {
        inputs.first { $0.facts.path.hasSuffix("/" + name) }?.clock ?? []
    }
}

struct ClockSourceTests {
    // MARK: - Zones

    private static let lines = [
        failure("10 Jul 2023 14:00:00.000"), success("10 Jul 2023 14:06:00.123"),
    ]

    @Test(
        arguments: [
            // when the file was written, the offset in seconds; nil where that tells none
            ("2023-07-10T12:06:00.124Z", 7200), ("2023-07-10T12:06:00Z", 7200),
            ("2023-07-10T14:06:00.130Z", 0), ("2023-07-10T08:36:00.123Z", 19_800),
            ("2023-07-10T12:07:00.124Z", nil), ("2023-07-10T12:06:00.424Z", nil),
            ("2023-07-10T12:21:00.124Z", nil),
        ] as [(String, Int?)])
    func `The time of the file tells the zone where it is that of the last record`(
        written: String, offset: Int?
    ) throws {
        let report = try analyzed([Input("redis.log", Self.lines, written: written)])
        let clock = try #require(report.clock("redis.log").first)
        #expect(clock.basis == (offset == nil ? .assumedUTC : .fileTime))
        #expect(clock.utcOffsetSeconds == offset ?? 0)
        #expect(clock.uncertaintySeconds == (offset == nil ? 50_400 : 0))
        let start = try #require(instant(rfc3339: "2023-07-10T14:00:00Z"))
        #expect(report.incidents.first?.startedAt == start.adding(seconds: -Double(offset ?? 0)))
    }

    @Test func `INFO's save time tells the zone of the log that tells of the save`() throws {
        let info = [
            "# Server", "redis_version:6.2.6", "process_id:4711",
            "server_time_usec:1688991000000000", "# Persistence",
            "rdb_last_save_time:1688990760", "rdb_last_bgsave_status:ok",
        ]
        let report = try analyzed([Input("redis.log", Self.lines), Input("info.txt", info)])
        #expect(report.clock("redis.log").map(\.basis) == [.infoClock])
        #expect(report.clock("redis.log").map(\.utcOffsetSeconds) == [7200])
        #expect(report.starts == ["2023-07-10T12:00:00.000Z"])
        // Another save's time fits no zone.
        let other = info.map { $0.replacing("1688990760", with: "1688990797") }
        let apart = try analyzed([Input("redis.log", Self.lines), Input("info.txt", other)])
        #expect(apart.clock("redis.log").map(\.basis) == [.assumedUTC])
    }

    @Test func `A crash report's INFO tells the zone of the records above it`() throws {
        let report = try analyzed([
            Input(
                "redis.log",
                [
                    failure("10 Jul 2023 14:00:00.000"),
                    "4711:M 10 Jul 2023 14:06:00.123 # === REDIS BUG REPORT START: Cut & paste "
                        + "starting from here ===",
                    "------ INFO OUTPUT ------", "# Server", "redis_version:6.2.6",
                    "process_id:4711", "server_time_usec:1688990760123400",
                ])
        ])
        #expect(report.clock("redis.log").map(\.basis) == [.infoClock])
        #expect(report.starts == ["2023-07-10T12:00:00.000Z"])
    }

    @Test func `Signals in winter and in summer tell a zone with both`() throws {
        let report = try analyzed([
            Input(
                "redis.log",
                [
                    failure("01 Mar 2023 13:00:00.000"),
                    "4711:signal-handler (1677673800) Received SIGTERM scheduling shutdown...",
                    "4711:M 01 Mar 2023 13:30:00.100 # User requested shutdown...",
                    "8000:M 01 Mar 2023 13:31:00.100 * Ready to accept connections",
                    "8000:M 25 Mar 2023 13:00:00.000 # \(refused)",
                    "8000:M 30 Mar 2023 12:00:00.000 * \(saved)",
                    "8000:signal-handler (1680172200) Received SIGTERM scheduling shutdown...",
                    "8000:M 30 Mar 2023 12:30:00.100 # User requested shutdown...",
                ])
        ])
        #expect(report.clock("redis.log").map(\.basis) == [.signalHandler, .signalHandler])
        #expect(report.clock("redis.log").map(\.utcOffsetSeconds) == [3600, 7200])
        let incident = try #require(report.incidents.first)
        #expect(incident.startedAt?.rfc3339 == "2023-03-01T12:00:00.000Z")
        #expect(incident.lastFailureAt?.rfc3339 == "2023-03-25T12:00:00.000Z")
        #expect(incident.recoveredAt?.rfc3339 == "2023-03-30T10:00:00.000Z")
    }

    @Test func `A zone that changed with a restart is told by the signals on both sides`() throws {
        let report = try analyzed([
            Input(
                "redis.log",
                [
                    failure("10 Jul 2023 12:00:00.000"),
                    "4711:signal-handler (1688990460) Received SIGTERM scheduling shutdown...",
                    "4711:M 10 Jul 2023 12:01:00.100 # User requested shutdown...",
                    "8000:M 10 Jul 2023 17:31:05.100 * Ready to accept connections",
                    failure("10 Jul 2023 17:35:00.000", pid: 8000),
                    success("10 Jul 2023 17:36:00.000", pid: 8000),
                    "8000:signal-handler (1688990820) Received SIGTERM scheduling shutdown...",
                    "8000:M 10 Jul 2023 17:37:00.100 # User requested shutdown...",
                ])
        ])
        let clock = report.clock("redis.log")
        #expect(clock.map(\.utcOffsetSeconds) == [0, 19_800])
        #expect(clock.map(\.basis) == [.signalHandler, .signalHandler])
        #expect(report.incidents.last?.recoveredAt?.rfc3339 == "2023-07-10T12:06:00.000Z")
    }

    @Test func `Parts of one log share the zone that one of them shows`() throws {
        let report = try analyzed([
            Input("redis.log.1", Self.lines, written: "2023-07-10T12:06:00.124Z"),
            Input("redis.log", [failure("10 Jul 2023 14:10:00.000")]),
        ])
        #expect(report.clock("redis.log").map(\.basis) == [.neighbour])
        #expect(report.clock("redis.log").map(\.utcOffsetSeconds) == [7200])
    }

    // MARK: - Wrappers

    @Test func `Times before records that no zone explains are shown and not believed`() throws {
        // A shipper that catches up: twelve records of two hours within two minutes.
        let burst = (0..<12).map { i in
            let second = i % 6 * 10
            return "2023-07-10T15:0\(i / 6):\(second == 0 ? "00" : "\(second)").000000000Z "
                + "1:M 10 Jul 2023 1\(2 + i / 6):\(second == 0 ? "00" : "\(second)"):00.000 # \(refused)"
        }
        var clock = try analyzed([Input("redis.log", burst)]).clock("redis.log")
        #expect(clock.map(\.basis) == [.assumedUTC])
        #expect(clock.first?.wrapperLag == WrapperLag(least: 4310, most: 10_800))
        // A clock that is seven minutes behind the other.
        let late = (0..<3).map {
            "2023-07-10T12:0\($0 + 7):00.000000000Z 1:M 10 Jul 2023 12:0\($0):00.000 # \(refused)"
        }
        clock = try analyzed([Input("redis.log", late)]).clock("redis.log")
        #expect(clock.map(\.basis) == [.assumedUTC])
        #expect(clock.first?.wrapperLag == WrapperLag(least: 420, most: 420))
    }

    @Test(arguments: [
        #"{"@timestamp":"2023-07-10T12:00:00.001Z","message":"RECORD","host":{"name":"a"}}"#,
        #"{"labels":{"app":"redis"},"line":"RECORD","timestamp":"2023-07-10T12:00:00.001Z"}"#,
        #""2023-07-10T12:00:00.001000789Z","cache-01","RECORD""#,
    ])
    func `A shipper's own time tells the zone of its records`(form: String) throws {
        let record = failure("10 Jul 2023 14:00:00.000")
        let report = try analyzed([Input("x.json", [form.replacing("RECORD", with: record)])])
        #expect(report.clock("x.json").map(\.basis) == [.wrapper])
        #expect(report.clock("x.json").map(\.utcOffsetSeconds) == [7200])
        #expect(report.starts == ["2023-07-10T12:00:00.000Z"])
    }

    @Test func `Syslog in another zone than the records within it stands on their clock`() throws {
        let kernel =
            "__vm_enough_memory: pid: 4711, comm: redis-server, bytes: 8589934592 not enough "
            + "memory for the allocation"
        var lines: [String] = []
        for i in 0..<4 {
            lines.append("Jul 10 07:0\(i):00 host kernel: [ 81\(i)3.400000] \(kernel)")
            lines.append(
                "Jul 10 07:0\(i):00 host redis-server[4711]: "
                    + failure("10 Jul 2023 12:0\(i):00.010"))
        }
        lines.append(
            "Jul 10 07:05:00 host redis-server[4711]: " + success("10 Jul 2023 12:05:00.010"))
        let report = try analyzed([Input("syslog", lines)])
        #expect(report.incidents.count == 1)
        #expect(report.starts == ["2023-07-10T12:00:00.010Z"])
        let lag = try #require(report.clock("syslog").first?.wrapperLag)
        #expect(lag == WrapperLag(least: -18_000.01, most: -18_000.01))
    }

    // MARK: - Messages that come twice

    @Test func `Output and syslog of one process count once under two identifiers`() throws {
        var entries: [String] = []
        for i in 0..<4 {
            let micros = 1_688_990_400_010_000 + i * 60_000_000
            let record = failure("10 Jul 2023 14:0\(i):00.010")
            for (identifier, message, late) in [
                ("redis-server", record, 0), ("redis", refused, 37),
            ] {
                entries += [
                    "__REALTIME_TIMESTAMP=\(micros + late)", "_HOSTNAME=host",
                    "SYSLOG_IDENTIFIER=\(identifier)", "_PID=4711",
                    "_TRANSPORT=\(identifier == "redis" ? "syslog" : "stdout")",
                    "_SYSTEMD_UNIT=redis.service", "MESSAGE=\(message)", "",
                ]
            }
        }
        let report = try analyzed([Input("journal.export", entries)])
        #expect(report.summary.incidents == 1)
        #expect(report.summary.forkFailures == 4)
    }

    @Test func `A journal with the bare messages tells the zone of the log`() throws {
        var entries: [String] = []
        var lines: [String] = []
        for i in 0..<4 {
            let micros = 1_688_990_400_010_037 + i * 71_000_000
            let local = String(format: "%02d:%02d.010", i * 71 / 60, i * 71 % 60)
            lines.append(failure("10 Jul 2023 14:\(local)"))
            entries += [
                "__REALTIME_TIMESTAMP=\(micros)", "_HOSTNAME=host", "SYSLOG_IDENTIFIER=redis",
                "_PID=4711", "_TRANSPORT=syslog", "MESSAGE=\(refused)", "",
            ]
        }
        let report = try analyzed([Input("journal.export", entries), Input("redis.log", lines)])
        #expect(report.clock("redis.log").map(\.basis) == [.journalTwin])
        #expect(report.summary.incidents == 1)
        #expect(report.summary.forkFailures == 4)
    }

    @Test func `A line without a time is told to have that of the record above`() throws {
        let kill =
            "Out of memory: Killed process 4711 (redis-server) total-vm:1kB, anon-rss:1kB, "
            + "file-rss:0kB, shmem-rss:0kB, UID:0 pgtables:1kB oom_score_adj:0"
        let report = try analyzed([Input("cat.txt", [failure("10 Jul 2023 14:00:00.000"), kill])])
        let entries = try #require(report.incidents.first).timeline
        let borrowed = entries.filter { $0.at != nil && $0.uncertaintySeconds == nil }
        #expect(borrowed.map(\.kind) == ["oom_victim"])
        #expect(borrowed.map(\.local) == [nil])
    }

    // MARK: - The host's clock

    @Test func `timedatectl tells the zone, and btime when the host booted`() throws {
        let report = try analyzed([
            Input(
                "timedatectl",
                [
                    "               Local time: Mon 2023-07-10 20:53:00 CST",
                    "                Time zone: Asia/Shanghai (CST, +0800)",
                ]), Input("stat", ["cpu 1 2 3", "btime 1688990000"]),
            Input("redis.log", [failure("10 Jul 2023 20:00:00.000")]),
            Input(
                "dmesg",
                [
                    "[  400.100000] __vm_enough_memory: pid: 4711, comm: redis-server, "
                        + "bytes: 8589934592 not enough memory for the allocation"
                ]),
        ])
        #expect(report.clock("redis.log").map(\.basis) == [.neighbour])
        #expect(report.clock("redis.log").map(\.utcOffsetSeconds) == [28_800])
        #expect(report.clock("dmesg").map(\.basis) == [.neighbour])
        #expect(report.inputs.filter { $0.facts.kind == .facts }.count == 2)
        #expect(report.incidents.count == 1)
    }

    @Test func `Lines that count from an unknown boot are undated`() throws {
        let line =
            "[  400.100000] __vm_enough_memory: pid: 4711, comm: redis-server, bytes: 8589934592 "
            + "not enough memory for the allocation"
        let report = try analyzed([Input("dmesg", [line])])
        #expect(report.clock("dmesg").isEmpty)
        #expect(report.inputs.map(\.facts.undated) == [1])
        #expect(report.losses.linesUndated == 1)
    }

    // MARK: - Years

    @Test(
        arguments: [
            // the newest part first: its first and last day, and the dates that come of it
            (
                ["redis.log": ["05 Feb", "10 Feb"], "redis.log.1": ["20 Nov", "04 Feb"]],
                "2024-12-31T08:00:13Z", ["2024-02-05", "2023-11-20"]
            ),
            (
                ["redis.log": ["05 Feb", "10 Feb"], "redis.log.1": ["05 Dec", "30 Dec"]],
                "2024-12-31T08:00:13Z", ["2024-02-05", "2023-12-05"]
            ),
            (
                ["redis.log": ["29 Feb", "03 Mar"], "redis.log.1": ["27 Feb", "28 Feb"]],
                "2026-12-01T10:00:33Z", ["2024-02-29", "2024-02-27"]
            ),
            (
                ["redis.log": ["02 Mar", "03 Mar"], "redis.log.1": ["27 Feb", "29 Feb"]],
                "2026-12-01T10:00:33Z", ["2024-03-02", "2024-02-27"]
            ),
            (
                ["redis.log": ["21 Feb", "22 Feb"], "redis.log-20180201": ["05 Jan", "20 Jan"]],
                "2024-12-20T08:00:13Z", ["2018-02-21", "2018-01-05"]
            ),
        ] as [([String: [String]], String, [String])])
    func `Rotated parts without years stand in their order`(
        parts: [String: [String]], written: String, firsts: [String]
    ) throws {
        let report = try analyzed(
            parts.map { name, days in
                Input(
                    name,
                    [
                        failure("\(days[0]) 10:00:00.000"), failure("\(days[0]) 10:00:05.000"),
                        success("\(days[1]) 10:00:00.000"),
                    ], written: written)
            })
        let names = parts.keys.sorted()
        let found = names.map { name in
            report.clock(name).first?.from.map { String($0.rfc3339.prefix(10)) }
        }
        #expect(found == firsts)
        #expect(report.clock(names[1]).map(\.yearBasis) != [.assumed])
    }

    @Test func `A leap day in the middle of a log tells a leap year`() throws {
        let report = try analyzed([
            Input(
                "redis.log", ["27 Feb", "29 Feb", "03 Mar"].map { failure("\($0) 12:00:00.000") },
                written: "2026-12-01T10:00:33Z")
        ])
        #expect(report.starts == ["2024-02-27T12:00:00.000Z"])
    }
}
