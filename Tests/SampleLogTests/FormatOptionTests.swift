// SPDX-License-Identifier: Apache-2.0
// The options that choose a report's form, as a user gives them.

import Foundation
import TestSupport
import Testing

@Suite("Options of the report's form")
struct FormatOptionTests {
    private static let log = "SampleLogs/sentinel-failover/inputs"

    @Test(
        "every format prints something, and the exit code is that of the incident",
        arguments: [
            "text", "markdown", "github", "gitlab", "jira", "adf", "html", "json", "jsonl",
            "timesketch",
        ])
    func formats(_ format: String) throws {
        let run = try Program.run(["analyze", "--format", format, Self.log])
        #expect(run.status == 1 && run.errors.isEmpty && !run.output.isEmpty)
    }

    @Test(
        "a wrong option ends the run before anything is read",
        arguments: [
            ["--format", "pdf"], ["--layout", "novel"], ["--budget", "10"],
            ["--budget", "5000", "--format", "json"], ["--budget", "2000", "--format", "html"],
            ["--redact-key", "/dev/null", "--redact", "all"], ["--redact-key", "README.md"],
            ["--redact-key", "no-such-file", "--redact", "addresses"],
        ])
    func wrongOptions(_ options: [String]) throws {
        let run = try Program.run(["analyze"] + options + [Self.log])
        #expect(run.status == 2 && run.output.isEmpty && !run.errors.isEmpty)
    }

    @Test("reports of one key give one host one name")
    func keys() throws {
        try withTemporaryFolder { path in
            let folder = URL(fileURLWithPath: path)
            let key = folder.appendingPathComponent("key")
            try Data("sixteen bytes and more".utf8).write(to: key)
            func names(_ paths: [String]) throws -> Set<String> {
                let run = try Program.run(
                    [
                        "analyze", "--format", "json", "--redact", "addresses", "--redact-key",
                        key.path,
                    ]
                        + paths)
                let text = run.text
                return Set(
                    text.matches(of: #/(addr|host)-[a-z]+-\d{5}/#).map { String($0.0) })
            }
            let one = try names([Self.log])
            let other = try names(["SampleLogs/rotation-create/inputs", Self.log])
            #expect(one.isSubset(of: other))
        }
    }

    @Test("no report is read as evidence", arguments: ["github", "jira", "adf", "html", "jsonl"])
    func ownReports(_ format: String) throws {
        try withTemporaryFolder { path in
            let folder = URL(fileURLWithPath: path)
            let report = folder.appendingPathComponent("report").path
            _ = try Program.run(["analyze", "--format", format, "--output", report, Self.log])
            let run = try Program.run(["analyze", "--format", "json", report])
            #expect(run.status == 0)
            #expect(run.text.contains("\"own-report\""))
        }
    }
}
