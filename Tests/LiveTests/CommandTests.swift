// SPDX-License-Identifier: Apache-2.0
// The commands of the live host, run as a user runs them. They change nothing on it.

import Foundation
import JSON
import SchemaChecks
import TestSupport
import Testing

struct LiveCommandTests {
    private func json(_ arguments: [String]) throws -> NSDictionary {
        let run = try Program.run(arguments)
        return try JSONSerialization.jsonObject(with: run.output) as? NSDictionary ?? [:]
    }

    @Test func `What snapshot prints is read by analyze`() throws {
        try withTemporaryFolder { folder in
            let run = try Program.run(["snapshot", "--no-server"])
            #expect(run.status == 0)
            try run.output.write(to: URL(fileURLWithPath: folder + "/snapshots.jsonl"))
            let report = try json(["analyze", folder, "--format", "json"])
            let input = (report["inputs"] as? NSArray)?.firstObject as? NSDictionary
            #expect(input?["kind"] as? String == "snapshot")
            #expect(input?["problems"] as? [String] == [])
            #expect(input?["snapshots"] as? Int ?? 0 > 3)
        }
    }

    @Test func `tail prints a report at its end, or keeps it in a file, as incidents prints it`()
        throws
    {
        try withTemporaryFolder { folder in
            let (log, state, file) = (folder + "/redis.log", folder + "/state", folder + "/out.md")
            let refusal =
                "7:M 22 Nov 2026 10:00:00.000 # Can't save in background: fork: Cannot "
                + "allocate memory\n"
            try Data(refusal.utf8).write(to: URL(fileURLWithPath: log))
            let base = ["tail", "--state", state, "--from-start", "--until-idle", "0.1"]
            let printed = try Program.run(base + ["--format", "github", "--quiet", log])
            let stored = try Program.run(["incidents", "--state", state, "--format", "github"])
            #expect(printed.status == 1)
            #expect(stored.output.count > 300)
            #expect(printed.output == stored.output)
            let kept = base + ["--output", file, "--budget", "1500", "--jobs", "2", "--quiet", log]
            #expect(try Program.run(kept).status == 1)
            let short = try Program.run([
                "incidents", "--state", state, "--format", "markdown", "--budget", "1500",
            ])
            #expect(try Data(contentsOf: URL(fileURLWithPath: file)) == short.output)
            #expect(try Program.run(base + ["--format", "prose", log]).status == 2)
            #expect(try Program.run(base + ["--budget", "1500", log]).status == 2)
        }
    }

    @Test func `What collect gathers is read whole by analyze, without data and secrets`() throws {
        try withTemporaryFolder { folder in
            let log = folder + "/in/redis.log"
            try FileManager.default.createDirectory(
                atPath: folder + "/in", withIntermediateDirectories: true)
            let refusal =
                "7:M 22 Nov 2026 10:00:00.000 # Can't save in background: fork: Cannot "
                + "allocate memory\n7:M 22 Nov 2026 10:00:01.000 # requirepass hunter2hunter2\n"
            try Data(refusal.utf8).write(to: URL(fileURLWithPath: log))
            try Data("REDIS0009data".utf8).write(
                to: URL(fileURLWithPath: folder + "/in/dump.rdb"))
            let archive = folder + "/all.tar"
            let run = try Program.run([
                "collect", "-o", archive, "--no-server", "--max-time", "20", folder + "/in",
            ])
            #expect(run.status == 0)
            let bytes = try Data(contentsOf: URL(fileURLWithPath: archive))
            #expect(bytes.range(of: Data("hunter2hunter2".utf8)) == nil)
            #expect(bytes.range(of: Data("REDIS0009data".utf8)) == nil)
            let report = try json(["analyze", archive, "--format", "json"])
            #expect((report["summary"] as? NSDictionary)?["fork_failures"] as? Int == 1)
            // A second run does not replace the first.
            #expect(try Program.run(["collect", "-o", archive, "--no-server"]).status == 2)
        }
    }

    @Test func `doctor ends as monitoring plugins do`() throws {
        let run = try Program.run(["doctor", "--no-server", "--no-logs", "--format", "json"])
        #expect((0...3).contains(run.status))
        let report = try JSONSerialization.jsonObject(with: run.output) as? NSDictionary
        let checks = report?["checks"] as? [NSDictionary] ?? []
        #expect(checks.contains { $0["id"] as? String == "overcommit" })
        let states = Set(checks.compactMap { $0["status"] as? String })
        let worst: Int32 =
            states.contains("critical")
            ? 2 : states.contains("warning") ? 1 : states.contains("unknown") ? 3 : 0
        #expect(run.status == worst)
        let line = try Program.run(["doctor", "--no-server", "--no-logs", "--monitor"])
        #expect(line.output.split(separator: 0x0A).count == 1)
        #expect(line.status == worst)
    }

    @Test func `A change is told to a program, a ticket and the metrics`() throws {
        try withTemporaryFolder { folder in
            let log = folder + "/redis.log"
            let text =
                "7:M 22 Nov 2026 10:00:00.000 # Can't save in background: fork: Cannot "
                + "allocate memory\n"
            try Data(text.utf8).write(to: URL(fileURLWithPath: log))
            let run = try Program.run([
                "tail", "--state", folder + "/state", "--until-idle", "0.2", log,
                "--ticket-dir", folder + "/tickets", "--textfile", folder + "/m.prom",
                "--on-incident", "/bin/cp", "--on-incident-arg", "/dev/stdin",
                "--on-incident-arg", folder + "/told",
            ])
            #expect(run.status == 1)
            let told =
                try JSONSerialization.jsonObject(
                    with: Data(contentsOf: URL(fileURLWithPath: folder + "/told"))) as? NSDictionary
            #expect(told?["change"] as? String == "opened")
            let id = (told?["incident"] as? NSDictionary)?["id"] as? String ?? ""
            let ticket = try String(contentsOfFile: folder + "/tickets/\(id).md", encoding: .utf8)
            #expect(ticket.contains("ENOMEM"))
            let metrics = try String(contentsOfFile: folder + "/m.prom", encoding: .utf8)
            #expect(metrics.contains("forktopsy_incident_open{"))
            #expect(metrics.contains("errno=\"ENOMEM\"} 1\n"))
            // What was told is not told again.
            try FileManager.default.removeItem(atPath: folder + "/told")
            _ = try Program.run([
                "tail", "--state", folder + "/state", "--until-idle", "0.1", log,
                "--on-incident", "/usr/bin/touch", "--on-incident-arg", folder + "/told",
            ])
            #expect(!FileManager.default.fileExists(atPath: folder + "/told"))
        }
    }

    @Test func `What tail prints keeps its schema, with the time of stamps without a zone`() throws
    {
        let path = Checkout.path + "/docs/schema/tail.schema.json"
        let schema = try JSONValue(parsing: String(contentsOfFile: path, encoding: .utf8))
        try withTemporaryFolder { folder in
            let log = folder + "/redis.log"
            let text =
                "7:M 22 Nov 2026 10:00:00.000 # Can't save in background: fork: Cannot "
                + "allocate memory\n7:M 22 Nov 2026 10:00:09.000 * Background saving "
                + "terminated with success\n"
            try Data(text.utf8).write(to: URL(fileURLWithPath: log))
            let run = try Program.run([
                "tail", "--state", folder + "/state", "--until-idle", "0.1", "--tz", "+01:00", log,
            ])
            let lines = try String(decoding: run.output, as: UTF8.self).split(separator: "\n")
                .map { try JSONValue(parsing: String($0)) }
            for line in lines { #expect(SchemaCheck.problems(of: line, schema: schema) == []) }
            let events = lines.filter { $0["type"] == .string("event") }
            #expect(events.count == 2)
            #expect(events.first?["at"] == .string("2026-11-22T09:00:00.000Z"))
            #expect(events.first?["inferred"] == .string("explicit"))
            #expect(lines.contains { $0["change"] == .string("recovered") })
        }
    }

    @Test func `A program that hangs does not keep tail from ending`() throws {
        try withTemporaryFolder { folder in
            let log = folder + "/redis.log"
            let text =
                "7:M 22 Nov 2026 10:00:00.000 # Can't save in background: fork: Cannot "
                + "allocate memory\n"
            try Data(text.utf8).write(to: URL(fileURLWithPath: log))
            let told = folder + "/told"
            let program = folder + "/hang"
            try Data("#!/bin/sh\ntrap '' TERM\ntouch \(told)\nsleep 600\n".utf8)
                .write(to: URL(fileURLWithPath: program))
            try FileManager.default.setAttributes(
                [.posixPermissions: 0o755], ofItemAtPath: program)
            let tail = try Workshop.start([
                "tail", "--state", folder + "/state", "--no-samples", "--on-incident", program, log,
            ])
            while !FileManager.default.fileExists(atPath: told), tail.isRunning { usleep(5000) }
            tail.terminate()
            tail.waitUntilExit()
            #expect(tail.terminationStatus == 0)
            let stored = try Workshop.report(["incidents", "--state", folder + "/state"])
            #expect(stored.incidents.count == 1)
        }
    }

    @Test func `A state directory serves one run at a time`() throws {
        try withTemporaryFolder { folder in
            let log = folder + "/redis.log"
            _ = FileManager.default.createFile(atPath: log, contents: nil)
            let arguments = ["tail", "--state", folder + "/state", log, "--no-samples"]
            let first = try Workshop.start(arguments)
            defer { first.terminate() }
            while !FileManager.default.fileExists(atPath: folder + "/state/events.state"),
                first.isRunning
            {
                usleep(5000)
            }
            #expect(try Program.run(arguments).status == 2)
            first.terminate()
            first.waitUntilExit()
            #expect(first.terminationStatus == 0)
        }
    }
}
