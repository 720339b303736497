// SPDX-License-Identifier: Apache-2.0

import HandWritten
import Model
import Testing

@testable import Diagnosis

/// What a server's warnings at its start, or their absence, prove about vm.overcommit_memory.
@Suite struct StartWarningTests {
    private func refused(
        _ error: String, version: String = "7.2.6", overcommit: String? = nil
    ) throws -> Incident {
        var log = HandWrittenLog()
        log.start(at: 0, version: version, overcommit: overcommit)
        log.refuseSave(at: 10, error: error)
        return try diagnosed(log)
    }

    @Test("an old warning says that the mode was 0: against strict accounting")
    func warningOfZero() throws {
        let incident = try refused("Cannot allocate memory", version: "6.0.20", overcommit: "zero")
        #expect(incident.finding(.commit_limit_strict)?.confidence == .low)
        #expect(
            incident.finding(.commit_limit_strict)?.evidence.contains { $0.direction == .against }
                == true)
        #expect(incident.finding(.overcommit_not_enabled)?.statement.contains("was 0") == true)
    }

    @Test("a newer warning does not tell 0 from 2")
    func warningOfNotOne() throws {
        let incident = try refused("Cannot allocate memory", overcommit: "not_one")
        let strict = try #require(incident.finding(.commit_limit_strict))
        #expect(
            strict.evidence.contains { $0.statement.contains("0 or 2") && $0.direction == .for })
        #expect(incident.finding(.overcommit_not_enabled)?.statement.contains("was not 1") == true)
    }

    @Test(
        "a start without a warning means 1, or 2 where only 0 is warned of",
        arguments: [
            ("6.0.20", true), ("6.2.7", true), ("7.0.5", true), ("6.2.8", false), ("7.0.6", false),
            ("7.0.15", false), ("3.2.13", true),
        ])
    func silence(version: String, couldBeStrict: Bool) throws {
        let incident = try refused("Cannot allocate memory", version: version)
        let strict = try #require(incident.finding(.commit_limit_strict))
        let silent = try #require(
            strict.evidence.first { $0.statement.hasPrefix("no overcommit warning") })
        #expect(silent.direction == (couldBeStrict ? .for : .against))
        #expect(incident.finding(.overcommit_not_enabled) == nil)
    }

    @Test("a start whose first line would be the warning proves nothing without it")
    func silenceBeforeTheBanner() throws {
        let incident = try refused("Cannot allocate memory", version: "7.2.6")
        let all = incident.causes.flatMap(\.evidence).map(\.statement)
        #expect(!all.contains { $0.contains("at the start") })
    }

    @Test("a log that begins in mid-life proves nothing about the mode")
    func midLife() throws {
        var log = HandWrittenLog()
        log.refuseSave(at: 10)
        let incident = try diagnosed(log)
        let all = incident.causes.flatMap(\.evidence).map(\.statement)
        #expect(
            !all.contains { $0.contains("when the process started") || $0.contains("at the start") }
        )
    }
}
