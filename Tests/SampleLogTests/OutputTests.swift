// SPDX-License-Identifier: Apache-2.0
// Where `--output` leads when its path is a link.

import Foundation
import TestSupport
import Testing

@Suite("Output")
struct OutputTests {
    static let log = "SampleLogs/strict-overcommit-save-rule/inputs/redis-server.log"

    private func run(_ output: String) throws -> Run {
        try Program.run(["analyze", "--quiet", "--output", output, Self.log])
    }

    @Test("a link stays, and what it names is written")
    func link() throws {
        try withTemporaryFolder { path in
            let files = FileManager.default
            try files.createDirectory(atPath: path + "/kept", withIntermediateDirectories: true)
            try "old".write(
                toFile: path + "/kept/monday.md", atomically: false, encoding: .utf8)
            try files.createSymbolicLink(
                atPath: path + "/report.md", withDestinationPath: "kept/latest.md")
            try files.createSymbolicLink(
                atPath: path + "/kept/latest.md", withDestinationPath: "monday.md")
            #expect(try run(path + "/report.md").status == 1)
            #expect(try files.contentsOfDirectory(atPath: path).sorted() == ["kept", "report.md"])
            #expect(
                try files.contentsOfDirectory(atPath: path + "/kept").sorted()
                    == ["latest.md", "monday.md"])
            let written = try String(contentsOfFile: path + "/kept/monday.md", encoding: .utf8)
            #expect(written.contains("10 forks refused"))
        }
    }

    @Test(
        "a link to what is not there is an error, and stays",
        arguments: ["no/where.md", "gone", "a.md"])
    func linkToNothing(_ target: String) throws {
        try withTemporaryFolder { path in
            try FileManager.default.createSymbolicLink(
                atPath: path + "/a.md", withDestinationPath: target)
            let run = try run(path + "/a.md")
            #expect(run.status == 2)
            #expect(run.errors.contains("a.md"))
            #expect(try FileManager.default.contentsOfDirectory(atPath: path) == ["a.md"])
            #expect(isLink(path + "/a.md"))
        }
    }

    private func isLink(_ path: String) -> Bool {
        (try? FileManager.default.destinationOfSymbolicLink(atPath: path)) != nil
    }

    @Test(
        "standard output by its name is written to, also where its file was deleted",
        arguments: ["/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"])
    func standardOutput(_ name: String) throws {
        let script = """
            exec 3<>"$1/report"; rm "$1/report"
            "$2" analyze --quiet --output \(name) "$3" >&3; code=$?
            cat /proc/self/fd/3; exit $code
            """
        try withTemporaryFolder { path in
            let run = try Program.execute(
                "/bin/sh", ["-c", script, "sh", path, Program.path, Self.log])
            #expect(run.status == 1, "\(run.errors)")
            #expect(run.text.contains("10 forks refused"))
            #expect(try FileManager.default.contentsOfDirectory(atPath: path).isEmpty)
        }
    }
}
