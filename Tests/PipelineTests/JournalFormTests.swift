// SPDX-License-Identifier: Apache-2.0
// One incident in every form in which people hand over a journal, alone and beside the log.

import Foundation
import Model
import TestSupport
import Testing

@testable import forktopsy

struct JournalFormTests {
    /// Logs in UTC, written in one day; what they hold is told in `Samples`.
    static let logs = [
        "strict-overcommit-save-rule", "disk-full-save-and-rewrite", "task-limit-nproc",
    ]
    /// What the journals are made and read with (packages systemd and systemd-journal-remote).
    private static let remote = ["/lib", "/usr/lib"].map { "\($0)/systemd/systemd-journal-remote" }
        .first { FileManager.default.isExecutableFile(atPath: $0) }
    private static let forms = [
        "export", "json", "json-pretty", "json-sse", "json-seq", "verbose", "short",
        "short-precise", "short-iso", "short-iso-precise", "short-full", "short-unix", "with-unit",
        "short-monotonic", "short-delta", "cat",
    ]
    /// Zones in which a host may export the journal of a server whose own zone is UTC, and the forms
    /// whose times have none.
    private static let zones = ["America/New_York", "Asia/Kolkata"]
    private static let zoneless = ["short", "short-precise", "short-full", "with-unit"]

    @Test(arguments: logs)
    func `Every form of a journal tells the same, alone and beside the log`(log: String) throws {
        try withTemporaryFolder { folder in
            let source = Samples.root + "/\(log)/inputs/redis-server.log"
            let lines = try String(contentsOfFile: source, encoding: .utf8).split(separator: "\n")
                .map(String.init)
            let whole = try Outcome(lines.joined(separator: "\n"))
            let export = folder + "/journal.export"
            try Data(Self.export(lines)).write(to: URL(fileURLWithPath: export))
            try #expect(Outcome(paths: [export]) == whole)
            try #expect(Outcome(paths: [export, source]) == whole)
            guard let remote = Self.remote else {
                print("NOTE: no systemd-journal-remote here; journals are left out")
                return
            }
            let journal = folder + "/x.journal"
            try Self.run([remote, "-o", journal, export])
            try #expect(Outcome(paths: [journal]) == whole, "journal file")
            try #expect(Outcome(paths: [journal, source]) == whole, "journal file and log")
            try Self.run(["gzip", "-k", journal])
            try Self.run(["tar", "-C", folder, "-cJf", folder + "/j.tar.xz", "x.journal"])
            for packed in ["x.journal.gz", "j.tar.xz"] {
                try #expect(Outcome(paths: [folder + "/" + packed]) == whole, "\(packed)")
            }
            for form in Self.forms {
                let path = folder + "/out.\(form)"
                try Self.run(
                    ["journalctl", "--file", journal, "-o", form, "--all", "--no-pager", "-q"],
                    output: path)
                try #expect(Outcome(paths: [path]) == whole, "\(form)")
                try #expect(Outcome(paths: [path, source]) == whole, "\(form) and log")
            }
            for (zone, form) in Self.zones.flatMap({ zone in Self.zoneless.map { (zone, $0) } }) {
                let path = folder + "/abroad.\(form)"
                try Self.run(
                    ["journalctl", "--file", journal, "-o", form, "--all", "--no-pager", "-q"],
                    output: path, zone: zone)
                try #expect(Outcome(paths: [path]) == whole, "\(form) in \(zone)")
                try #expect(Outcome(paths: [path, source]) == whole, "\(form) in \(zone) and log")
            }
        }
    }

    @Test(arguments: logs)
    func `A packed log tells the same, alone and beside the log`(log: String) throws {
        try withTemporaryFolder { folder in
            let source = Samples.root + "/\(log)/inputs/redis-server.log"
            let whole = try Outcome(paths: [source])
            let copy = folder + "/redis.log"
            try FileManager.default.copyItem(atPath: source, toPath: copy)
            try Self.run(["gzip", "-k", copy])
            try Self.run(["tar", "-C", folder, "-cJf", folder + "/logs.tar.xz", "redis.log"])
            try Self.run(["zip", "-qj", folder + "/logs.zip", copy])
            for packed in ["redis.log.gz", "logs.tar.xz", "logs.zip"] {
                let path = folder + "/" + packed
                try #expect(Outcome(paths: [path]) == whole, "\(packed)")
                try #expect(Outcome(paths: [path, source]) == whole, "\(packed) and log")
            }
        }
    }

    /// The lines as a server's standard output stands in a journal, in systemd's export format.
    private static func export(_ lines: [String]) -> [UInt8] {
        var out = ""
        for (line, written) in zip(lines, Written.times(of: lines)) {
            let millisecond = Int(written.millisecond.suffix(3)) ?? 0
            let micros = written.epoch * 1_000_000 + millisecond * 1000 + 400
            out += """
                __REALTIME_TIMESTAMP=\(micros)
                __MONOTONIC_TIMESTAMP=\(micros - 1_795_000_000_000_000 + written.number)
                _BOOT_ID=5e1fb1c5a3f24e0fa57f3a2b9d4c1a77
                _TRANSPORT=stdout
                _HOSTNAME=cache-07
                SYSLOG_IDENTIFIER=redis-server
                _COMM=redis-server
                _SYSTEMD_UNIT=redis-server.service
                _PID=26720
                MESSAGE=\(line)


                """
        }
        return Array(out.utf8)
    }

    private static func run(
        _ command: [String], output: String? = nil, zone: String = "UTC"
    ) throws {
        let environment = ProcessInfo.processInfo.environment.merging(["TZ": zone, "LC_ALL": "C"]) {
            $1
        }
        let run = try Program.execute("/usr/bin/env", command, environment: environment)
        try #require(run.status == 0, "\(command)")
        if let output { try run.output.write(to: URL(fileURLWithPath: output)) }
    }
}
