// SPDX-License-Identifier: Apache-2.0

import HandWritten
import Model
import Testing

@testable import Diagnosis

/// Incidents that begin with one kind of failure and see forks refused after it.
@Suite struct MixedFailureTests {
    private static let refusing: [CauseID] = [.commit_limit_strict, .cgroup_memory_limit]

    @Test("a full disk does not answer for refused forks, which stay open between their own causes")
    func diskFirst() throws {
        let world = World().with {
            $0.log.start(at: 0)
            $0.log.add(
                .aof_write_error, at: 40, ["error": "No space left on device", "target": "aof"])
            $0.log.refuseSave(at: 100)
        }
        let verdict = try #require(world.incident).verdict
        #expect(verdict.state == .undecided)
        #expect(!verdict.statement.contains("ENOMEM"))
        #expect(verdict.statementOfRefusals.contains("ENOMEM"))
        #expect(!verdict.betweenOfRefusals.contains(CauseID.disk_full.rawValue))
        for id in [.disk_full] + Self.refusing {
            #expect(verdict.between.contains(id.rawValue), "\(id)")
        }
        let command = try #require(verdict.nextCommand)
        #expect(command.contains("df -h") && command.contains("vm.overcommit_memory"))
    }

    @Test("a kill is decided, and the forks that were refused after it are not")
    func killFirst() throws {
        let world = World.kill().with { $0.log.refuseSave(at: 110) }
        let incident = try #require(world.incident)
        #expect(incident.verdict.state == .decided)
        #expect(incident.verdict.betweenOfRefusals.contains("commit_limit_strict"))
        #expect(incident.verdict.nextCommand?.contains("vm.overcommit_memory") == true)
        #expect(!incident.verdict.statement.contains("ENOMEM"))
    }

    @Test("what a client was told of maxmemory does not explain MISCONF")
    func misconfAndOOM() throws {
        let world = World().with {
            $0.log.add(
                .writes_refused, at: 100, ["operation": "bgsave"], pid: 0, role: .unknown,
                form: HeaderForm.none)
            $0.log.add(.memory_refused, at: 105, pid: 0, role: .unknown, form: HeaderForm.none)
        }
        let verdict = try #require(world.incident).verdict
        #expect(verdict.statement.contains("MISCONF"))
        #expect(verdict.nextCommand?.contains("collect") == true)
    }
}
