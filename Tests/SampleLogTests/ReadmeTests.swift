// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

@Suite("README")
struct ReadmeTests {
    /// Lines of the `sh` blocks that stand below `<!-- tested -->`.
    static let commands: [String] = {
        let file = URL(fileURLWithPath: Checkout.path).appendingPathComponent("README.md")
        let text = (try? String(contentsOf: file, encoding: .utf8)) ?? ""
        var out: [String] = []
        var isMarked = false
        var isInside = false
        for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
            if line == "<!-- tested -->" {
                isMarked = true
            } else if line == "```sh", isMarked {
                isInside = true
            } else if line == "```" {
                isInside = false
                isMarked = false
            } else if isInside, !line.isEmpty, !line.hasPrefix("#") {
                out.append(String(line))
            }
        }
        return out
    }()

    @Test("has command lines to try")
    func commandsAreFound() { #expect(Self.commands.count >= 3) }

    @Test("its command lines run", arguments: commands)
    func commandRuns(_ command: String) throws {
        var environment = Program.environment
        let folder = URL(fileURLWithPath: Program.path).deletingLastPathComponent().path
        environment["PATH"] = folder + ":" + (environment["PATH"] ?? "")
        let run = try Program.execute(
            "/bin/bash", ["-c", command], in: Checkout.path, environment: environment)
        // 0, 1 and 3 are answers; 2 is bad usage, 126 and more no program at all.
        #expect([0, 1, 3].contains(run.status), "\(run.status): \(run.errors)")
        #expect(!run.output.isEmpty)
    }
}

@Suite("CONTRIBUTING")
struct ContributingTests {
    /// The pattern file that the guide shows, without the list's indentation.
    static func example() throws -> String {
        let file = URL(fileURLWithPath: Checkout.path).appendingPathComponent("CONTRIBUTING.md")
        let lines = try String(contentsOf: file, encoding: .utf8)
            .split(separator: "\n", omittingEmptySubsequences: false)
        let block = lines.drop { $0 != "   ```toml" }.dropFirst().prefix { $0 != "   ```" }
        return block.map { $0.dropFirst(3) + "\n" }.joined()
    }

    @Test("its pattern is understood, and adds an event, without a build")
    func patternWorks() throws {
        let example = try Self.example()
        let line =
            "1:M 22 Nov 2026 10:15:02.123 * 1 of 2 replicas are in sync when shutting down.\n"
        try #require(example.contains(line.dropLast()))
        try withTemporaryFolder { path in
            let folder = URL(fileURLWithPath: path)
            let group = folder.appendingPathComponent("patterns/redis")
            try FileManager.default.createDirectory(at: group, withIntermediateDirectories: true)
            try Data(example.utf8)
                .write(to: group.appendingPathComponent("shutdown-replicas-in-sync.toml"))
            try Data(line.utf8).write(to: folder.appendingPathComponent("redis.log"))
            for (more, events) in [([], 0), (["--patterns", "patterns"], 1)] {
                let arguments = ["analyze", "--format", "json", "--tz", "UTC"] + more
                let run = try Program.run(arguments + ["redis.log"], in: folder.path)
                #expect(run.status == 0, "\(run.errors)")
                #expect(try run.report().inputs.map(\.events) == [events])
            }
        }
    }
}
