// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

@testable import forktopsy

/// A log whose zone nobody names, beside readings by a clock that is sure.
@Suite struct AssumedZoneTests {
    private let log = """
        4711:C 22 Nov 2026 11:30:00.001 # Redis version=7.0.15, bits=64, pid=4711, just started
        4711:M 22 Nov 2026 11:30:00.002 * Running mode=standalone, port=6379.
        4711:M 22 Nov 2026 11:30:00.003 * Ready to accept connections
        4711:M 22 Nov 2026 12:39:00.000 * Background saving started by pid 4790
        4711:M 22 Nov 2026 12:39:10.000 * Background saving terminated with success
        4711:M 22 Nov 2026 12:40:00.110 # Can't save in background: fork: Cannot allocate memory
        4711:M 22 Nov 2026 12:40:06.110 # Can't save in background: fork: Cannot allocate memory

        """

    private func facts(_ zone: String) -> String {
        [("10:20", 2), ("11:00", 1), ("12:39", 1), ("13:00", 1)].map { time, mode in
            "### 2026-11-22T\(time):30.000\(zone)\n$ sysctl vm.overcommit_memory\n"
                + "vm.overcommit_memory = \(mode)\n"
        }.joined()
    }

    private func report(_ files: [String: String]) throws -> String {
        try withTemporaryFolder { folder in
            for (name, text) in files {
                try text.write(
                    toFile: folder + "/" + name, atomically: true, encoding: .utf8)
            }
            return Pipeline.report(try Pipeline.extractions(of: [folder]))
        }
    }

    @Test("what was read by another clock rules nothing out, and is no trigger")
    func doubtful() throws {
        let text = try report(["redis.log": log, "facts.txt": facts("+00:00")])
        #expect(!text.contains("vm.overcommit_memory was 1: CommitLimit"))
        #expect(text.contains("a clock whose distance from the log's is not known"))
    }
}

/// What is read of several hosts, and of commands that nobody ran.
@Suite struct WhoseFactsTests {
    private let log = """
        4711:C 22 Nov 2026 11:30:00.001 # Redis version=7.0.15, bits=64, pid=4711, just started
        4711:M 22 Nov 2026 12:40:00.110 # Can't save in background: fork: Cannot allocate memory
        4711:M 22 Nov 2026 12:41:06.110 * Background saving started by pid 4790
        4711:M 22 Nov 2026 12:41:16.110 * Background saving terminated with success

        """

    private func report(_ files: [String: String]) throws -> String {
        try withTemporaryFolder { folder in
            for (name, text) in [("redis.log", log)] + files.map({ ($0.key, $0.value) }) {
                try text.write(toFile: folder + "/" + name, atomically: true, encoding: .utf8)
            }
            return Pipeline.report(try Pipeline.extractions(of: [folder]))
        }
    }

    @Test("of several hosts none is taken for the server's, where nothing names that")
    func severalHosts() throws {
        let ansible = """
            hosta | CHANGED | rc=0 >>
            vm.overcommit_memory = 2
            hostb | CHANGED | rc=0 >>
            vm.overcommit_memory = 1

            """
        #expect(!(try report(["ansible.txt": ansible])).contains("vm.overcommit_memory was"))
        let one = "hosta | CHANGED | rc=0 >>\nvm.overcommit_memory = 2\n"
        #expect(try report(["ansible.txt": one]).contains("vm.overcommit_memory was 2"))
    }

    @Test("the commented command of a runbook was not run")
    func runbook() throws {
        let text = "2026-11-22 12:39:30\n# sysctl -w vm.overcommit_memory=2\n"
        #expect(!(try report(["notes.txt": text])).contains("had been set to 2"))
        let typed = text.replacingOccurrences(of: "# ", with: "root@db1:~# ")
        #expect(try report(["notes.txt": typed]).contains("had been set to 2"))
    }
}
