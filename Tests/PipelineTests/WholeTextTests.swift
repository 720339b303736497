// SPDX-License-Identifier: Apache-2.0

import Foundation
import Model
import Reading
import TestSupport
import Testing

@testable import forktopsy

/// What whole texts come to, where lines, snapshots and clocks must work together.
struct WholeTextTests {
    private func report(_ files: [String: String]) throws -> Report {
        try withTemporaryFolder { folder in
            for (name, text) in files {
                try text.write(toFile: "\(folder)/\(name)", atomically: true, encoding: .utf8)
            }
            var assembler = Assembler()
            assembler.clocks.now = Timestamp(seconds: 1_795_000_000)
            return assembler.report(
                try Pipeline.extractions(of: [folder]), patterns: Pipeline.patterns)
        }
    }

    private static let refusedSave = """
        30111:M 22 Nov 2026 11:50:30.100 * 10 changes in 60 seconds. Saving...
        30111:M 22 Nov 2026 11:50:30.101 # Can't save in background: fork: Cannot allocate memory

        """

    private func info(at time: String, status: String, saved: Int, uptime: Int) -> String {
        """
        ### 2026-11-22T\(time)+00:00
        # Server
        redis_version:7.2.6
        process_id:30111
        uptime_in_seconds:\(uptime)
        # Persistence
        rdb_last_save_time:\(saved)
        rdb_last_bgsave_status:\(status)
        aof_last_bgrewrite_status:ok

        """
    }

    /// 11:52:50 UTC.
    private let saved = 1_795_348_370

    @Test func `INFO closes an incident where it shows a save after the failure`() throws {
        let later = info(at: "11:53:00", status: "ok", saved: saved, uptime: 5000)
        let incident = try #require(
            try report(["redis.log": Self.refusedSave, "info.txt": later]).incidents.first)
        #expect(incident.status == .recovered)
        #expect(incident.recoveredAt == Timestamp(seconds: Int64(saved)))
    }

    @Test(arguments: [
        // The save was before the failure, or stands for the start of a new process.
        ("ok", 1_795_348_200, 5000), ("ok", 1_795_348_370, 10), ("err", 1_795_348_370, 5000),
    ])
    func `INFO that shows none leaves it open`(status: String, saved: Int, uptime: Int) throws {
        let later = info(at: "11:53:00", status: status, saved: saved, uptime: uptime)
        let incident = try #require(
            try report(["redis.log": Self.refusedSave, "info.txt": later]).incidents.first)
        #expect(incident.status == .ongoing_at_end)
    }

    @Test func `An incident of INFO alone has the times of its readings and names its server`()
        throws
    {
        let text =
            info(at: "11:51:00", status: "err", saved: 1_795_347_000, uptime: 4880)
            + info(at: "11:53:00", status: "ok", saved: saved, uptime: 5000)
        let incident = try #require(try report(["info.txt": text]).incidents.first)
        #expect(incident.startedAt == Timestamp(seconds: 1_795_348_260))
        #expect(incident.status == .recovered)
        #expect(incident.recoveredAt == Timestamp(seconds: 1_795_348_380))
        #expect(incident.instance.pids == [30111])
    }

    private static let reply =
        "MISCONF Redis is configured to save RDB snapshots, but it's currently unable to persist to "
        + "disk. Commands that may modify the data set are disabled, because this instance is "
        + "configured to report errors during writes if RDB snapshotting fails "
        + "(stop-writes-on-bgsave-error option). Please check the Redis logs for details about the "
        + "RDB error."

    @Test(arguments: [
        "Clients then see `\(reply)`", "    \(reply)", "\"error\":\"\(reply)\"",
        "> Also: (error) \(reply)",
    ])
    func `A reply that a guide quotes is no refused write`(line: String) throws {
        let report = try report(["guide.md": "# What to do\n\n\(line)\n\nCheck the disk.\n"])
        #expect(report.incidents.isEmpty)
        #expect(report.verdict.hasSuffix("not counted as failures."))
    }

    @Test(arguments: [
        "2026-11-22 11:52:10,123 ERROR write failed: \(reply)",
        "{\"ts\":1795348330.123,\"level\":\"error\",\"error\":\"\(reply)\"}",
        "(error) \(reply)", "redis.exceptions.ResponseError: \(reply)",
        "Caused by: io.lettuce.core.RedisCommandExecutionException: \(reply)",
    ])
    func `What a program prints that was refused is one`(line: String) throws {
        let report = try report(["app.log": "starting\n\(line)\n"])
        #expect(report.incidents.map(\.kind) == [.write_refusal])
    }

    /// Found by the short fuzz: an empty line in text that was cut at a width ended the program.
    @Test(arguments: ["\n", "\r\n"])
    func `Empty lines within wrapped text are passed over`(end: String) throws {
        let records = (0..<6).map { second in
            "30111:M 22 Nov 2026 11:50:3\(second).101 # Can't save in background: fork: Cannot "
                + "allocate memory"
        }
        let wrapped = records.flatMap { record in
            [String(record.prefix(72)), String(record.dropFirst(72))]
        }
        let text = (["Hello,", "", ""] + wrapped + ["", "regards", ""]).joined(separator: end)
        #expect(try report(["mail.txt": text]).summary.forkFailures == 6)
    }
}
