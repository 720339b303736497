// SPDX-License-Identifier: Apache-2.0

import HandWritten
import Incidents
import Model
import Testing

/// `contract.md`, "What counts".
@Suite struct CountingTests {
    @Test(
        "every refused fork counts, whatever its errno",
        arguments: [
            "Cannot allocate memory", "Out of memory", "Resource temporarily unavailable",
            "Operation not permitted", "Function not implemented", "File exists", "Success",
        ])
    func everyErrnoCounts(error: String) throws {
        var log = HandWrittenLog()
        log.refuseSave(at: 0, error: error)
        let incident = try #require(correlate(log).incidents.first)
        #expect(incident.kind == .fork_failure)
        #expect(incident.failures.total == 1)
        #expect(incident.failures.byErrno == [Errno(message: error): 1])
    }

    @Test("musl's texts name the same errnos as glibc's")
    func muslTexts() throws {
        var log = HandWrittenLog()
        log.refuseSave(at: 0, error: "Out of memory")
        log.refuseSave(at: 6, error: "Operation would block")
        let incident = try #require(correlate(log).incidents.first)
        #expect(incident.failures.byErrno == [.ENOMEM: 1, .EAGAIN: 1])
    }

    @Test("a refused module fork without an errno counts as UNKNOWN")
    func moduleForkWithoutErrno() throws {
        var log = HandWrittenLog()
        log.add(.fork_failed, at: 0, ["error": "Success", "operation": "module_fork"])
        let incident = try #require(correlate(log).incidents.first)
        #expect(incident.failures.byOperation == [.module_fork: 1])
        #expect(incident.failures.byErrno == [.UNKNOWN: 1])
    }

    @Test("lines that follow from a refusal are no further failures")
    func followUpsDoNotCount() throws {
        var log = HandWrittenLog()
        log.refuseSync(at: 0)
        log.add(
            .sync_refused, at: 0.1, ["operation": "full_sync"], pattern: "test.sync-failed-line")
        let incident = try #require(correlate(log).incidents.first)
        #expect(incident.failures.total == 1)
        #expect(incident.failures.saveFailures == 0)
    }

    @Test("an AOF that cannot be turned on follows from the refused rewrite")
    func enablingFollows() throws {
        var log = HandWrittenLog()
        log.refuseRewrite(at: 0)
        for pattern in ["test.no-rewrite", "test.retry"] {
            log.add(
                .aof_enable_failed, at: 0.01, ["operation": "aof_rewrite", "aof": "off"],
                pattern: pattern)
        }
        let incident = try #require(correlate(log).incidents.first)
        #expect(incident.failures.byOperation == [.aof_rewrite: 1])
        #expect(incident.failures.saveFailures == 0)
    }

    @Test("a line that follows from a refusal, standing alone, is a save failure")
    func followUpAlone() throws {
        var log = HandWrittenLog()
        log.add(.sync_refused, at: 0, ["operation": "full_sync"])
        let incident = try #require(correlate(log).incidents.first)
        #expect(incident.kind == .save_failure)
        #expect(incident.failures.total == 0)
        #expect(incident.failures.saveFailures == 1)
        #expect(incident.consequences == ["replica_loss"])
    }

    @Test("two lines about one refusal, standing alone, are one failure")
    func twoFollowUpsAlone() throws {
        var log = HandWrittenLog()
        for i in 0..<3 {
            for pattern in ["test.no-rewrite", "test.retry"] {
                log.add(
                    .aof_enable_failed, at: Double(i), ["operation": "aof_rewrite", "aof": "off"],
                    pattern: pattern)
            }
        }
        #expect(correlate(log).incidents.first?.failures.saveFailures == 3)
    }

    @Test("what a synchronisation needed is read from the line before")
    func operationFromTrigger() throws {
        var log = HandWrittenLog()
        log.refuseSync(at: 0, target: "disk")
        log.refuseSave(at: 10)
        log.refuseRewrite(at: 20)
        let incident = try #require(correlate(log).incidents.first)
        #expect(incident.failures.byOperation == [.full_sync: 1, .bgsave: 1, .aof_rewrite: 1])
    }

    @Test("without the line before, the line after tells that it was a synchronisation")
    func operationFromFollowUp() throws {
        var log = HandWrittenLog()
        for i in 0..<5 {
            log.refuse(at: Double(i))
            log.add(.sync_refused, at: Double(i), ["operation": "full_sync"])
        }
        log.refuse(at: 10)
        let incident = try #require(correlate(log).incidents.first)
        #expect(incident.failures.byOperation == [.full_sync: 5, .bgsave: 1])
        #expect(incident.failures.saveFailures == 0)
    }

    @Test("a slot migration is one although it prints the lines of a synchronisation")
    func slotMigration() throws {
        var log = HandWrittenLog()
        log.add(
            .sync_started, at: 0,
            ["operation": "slot_migration", "target": "slot migration destination socket"])
        log.refuse(at: 0)
        log.add(.sync_refused, at: 0, ["operation": "full_sync"])
        let incident = try #require(correlate(log).incidents.first)
        #expect(incident.failures.byOperation == [.slot_migration: 1])
    }

    @Test("a trigger long before a fork is not its trigger")
    func staleTrigger() throws {
        var log = HandWrittenLog()
        log.add(.sync_started, at: 0, ["operation": "full_sync", "target": "disk"])
        log.refuse(at: 60)
        let incident = try #require(correlate(log).incidents.first)
        #expect(incident.failures.byOperation == [.bgsave: 1])
    }

    @Test("paraphrases are reported failures and no server's evidence")
    func paraphrases() throws {
        var log = HandWrittenLog()
        log.add(
            .fork_failed_reported, at: 0,
            ["operation": "bgsave", "error": "Cannot allocate memory"],
            pattern: "reported.background-saving-cannot-fork")
        log.add(
            .fork_failed_reported, at: 1, ["operation": "unknown"], pattern: "reported.cannot-fork")
        let incident = try #require(correlate(log).incidents.first)
        #expect(incident.kind == .fork_failure)
        #expect(incident.failures.total == 0)
        #expect(incident.failures.reported == 2)
    }

    @Test(
        "the Windows port's own lines and the classic one are one refusal",
        arguments: [true, false])
    func windowsPort(classicLast: Bool) throws {
        var log = HandWrittenLog()
        if !classicLast { log.refuse(at: 0, error: "Invalid argument") }
        log.add(
            .fork_failed_reported, at: 0, ["operation": "unknown"],
            pattern: "reported.windows-begin-fork")
        log.add(
            .fork_failed_reported, at: 0, ["operation": "unknown"],
            pattern: "reported.windows-fork-failed")
        if classicLast { log.refuse(at: 0, error: "Invalid argument") }
        let incident = try #require(correlate(log).incidents.first)
        #expect(incident.failures.total == 1)
        #expect(incident.failures.reported == 0)
    }

    @Test("the Windows port's lines alone are one reported failure")
    func windowsPortAlone() throws {
        var log = HandWrittenLog()
        for pattern in ["reported.windows-begin-fork", "reported.windows-fork-failed"] {
            log.add(.fork_failed_reported, at: 0, ["operation": "unknown"], pattern: pattern)
        }
        let incident = try #require(correlate(log).incidents.first)
        #expect(incident.failures.total == 0)
        #expect(incident.failures.reported == 1)
    }

    @Test("a child's line and its parent's line about it are one failure")
    func childAndParent() throws {
        var log = HandWrittenLog()
        for i in 0..<3 { log.failSave(at: Double(i) * 6, child: 100 + Int32(i)) }
        let incident = try #require(correlate(log).incidents.first)
        #expect(incident.kind == .save_failure)
        #expect(incident.failures.saveFailures == 3)
        #expect(incident.failures.total == 0)
        #expect(incident.startedAt?.seconds == 0.1)
        #expect(incident.lastFailureAt?.seconds == 12.2)
    }

    @Test("a child without a role is known by its process id", arguments: [true, false])
    func oldChild(isAnnounced: Bool) throws {
        var log = HandWrittenLog(pid: 10, role: .unknown)
        log.form = .bracketedPID
        log.add(.save_triggered, at: 0, ["changes": "10", "operation": "bgsave"])
        if isAnnounced { log.fork(.bgsave, child: 50, at: 0) }
        log.add(.rdb_write_error, at: 1, ["error": "No space left on device"], pid: 50)
        log.add(.operation_failed, at: 1.1, ["operation": "bgsave"])
        log.add(.db_saved, at: 2, pid: 51)
        log.add(.operation_succeeded, at: 2.1, ["operation": "bgsave"])
        let result = correlate(log)
        let incident = try #require(result.incidents.first)
        #expect(result.incidents.count == 1)
        #expect(incident.failures.saveFailures == 1)
        #expect(incident.persistence.saves.succeeded == 1)
        #expect(result.instances.count == 1)
    }

    @Test(
        "a child that the server stops is no failure",
        arguments: [
            (EventKind.child_stopped, ["operation": "bgsave"], "9"),
            (.child_stopped, ["operation": "bgsave", "child_pid": "50"], "9"),
            (.signal_received, ["name": "SIGUSR1"], "10"),
            (.save_triggered, ["changes": "1"], "10"),
        ])
    func deliberateKill(kind: EventKind, values: [String: String], signal: String) {
        var log = HandWrittenLog()
        log.fork(.bgsave, child: 50, at: 0)
        log.add(
            kind, at: 1, values, pid: kind == .signal_received ? 50 : nil,
            role: kind == .signal_received ? .child : nil)
        log.add(.child_killed, at: 1.1, ["signal": signal, "operation": "bgsave"])
        #expect(correlate(log).incidents.isEmpty)
    }

    @Test("FLUSHALL of 2.8 and before kills the child and saves: no failure")
    func flushAll() {
        for role in [Role.unknown, .master] {
            var log = HandWrittenLog(role: role)
            log.fork(.bgsave, child: 50, at: 0)
            log.add(.db_saved, at: 1)
            log.add(.child_killed, at: 1, ["signal": "9", "operation": "bgsave"])
            // Later servers print their role, and stop a child by SIGUSR1.
            #expect(correlate(log).incidents.count == (role == .unknown ? 0 : 1))
            // DEBUG RELOAD saves as well, and leaves the child alone: a later kill is another's.
            log.entries[log.entries.count - 1].seconds = 900
            #expect(correlate(log).incidents.count == 1)
        }
    }

    @Test("a child that fails before its server has told of it fails once")
    func earlyChild() {
        var log = HandWrittenLog()
        log.add(
            .rdb_file_error, at: 1, ["error": "No such file or directory"], pid: 50, role: .child)
        log.add(.child_started, at: 1.001, ["operation": "bgsave", "child_pid": "50"])
        log.add(.operation_failed, at: 1.1, ["operation": "bgsave"])
        #expect(correlate(log).incidents.map(\.failures.saveFailures) == [1])
        // An older child, whose end is not in the log, is another failure.
        log.entries[0].pid = 49
        #expect(correlate(log).incidents.map(\.failures.saveFailures) == [2])
    }

    @Test("stopping one child says nothing of another")
    func stoppingAnother() {
        var log = HandWrittenLog()
        log.fork(.bgsave, child: 50, at: 0)
        log.add(.child_stopped, at: 1, ["operation": "aof_rewrite"])
        log.add(.child_killed, at: 2, ["signal": "9", "operation": "bgsave"])
        #expect(correlate(log).incidents.first?.failures.saveFailures == 1)
    }

    @Test("a child that ends with its server's shutdown is no failure")
    func shutdownEndsChild() {
        var log = HandWrittenLog()
        log.fork(.bgsave, child: 50, at: 0)
        log.add(.signal_received, at: 1, ["name": "SIGTERM"])
        log.add(.child_killed, at: 1.1, ["signal": "15", "operation": "bgsave"])
        log.exit(at: 1.2)
        #expect(correlate(log).incidents.isEmpty)
    }

    @Test(
        "a child killed by a signal that nobody announced is a failure",
        arguments: ["9", "11", "15"])
    func foreignKill(signal: String) {
        var log = HandWrittenLog()
        log.fork(.bgsave, child: 50, at: 0)
        log.add(.child_killed, at: 1, ["signal": signal, "operation": "bgsave"])
        #expect(correlate(log).incidents.first?.failures.saveFailures == 1)
    }

    @Test("a rewrite that its server cannot put in place has failed")
    func rewriteNotPutInPlace() throws {
        var log = HandWrittenLog()
        log.fork(.aof_rewrite, child: 50, at: 0)
        log.add(.operation_succeeded, at: 1, ["operation": "aof_rewrite"])
        log.add(.aof_file_error, at: 1, ["error": "No space left on device"])
        let incident = try #require(correlate(log).incidents.first)
        #expect(incident.failures.saveFailures == 1)
        #expect(incident.persistence.rewrites.succeeded == 0)
        #expect(incident.persistence.rewrites.failed == 1)
    }

    @Test("one failed synchronisation counts once, whoever tells of it")
    func syncCountsOnce() throws {
        var log = HandWrittenLog()
        log.add(.sync_started, at: 0, ["operation": "full_sync", "target": "replicas sockets"])
        log.fork(.full_sync, child: 50, at: 0)
        log.add(.sync_failed, at: 1, ["error": "Broken pipe"])
        log.add(.operation_failed, at: 1.1, ["operation": "full_sync"])
        log.add(.sync_failed, at: 1.2, pattern: "test.sync-child-failed")
        let incident = try #require(correlate(log).incidents.first)
        #expect(incident.failures.saveFailures == 1)
    }

    @Test("an OOM kill of the server family counts, one of another process does not")
    func oomKills() {
        var log = HandWrittenLog()
        log.start(at: 0)
        log.add(
            .oom_victim, at: 5, ["comm": "java", "pid": "77"], pid: 0, role: .unknown, form: .kernel
        )
        log.add(
            .oom_victim, at: 10, ["comm": "redis-server", "pid": "10"], pid: 0, role: .unknown,
            form: .kernel)
        let incidents = correlate(log).incidents
        #expect(incidents.map(\.kind) == [.oom_kill])
        #expect(incidents.first?.failures.oomKills == 1)
        #expect(incidents.first?.startedAt?.seconds == 10)
    }

    @Test("kernel lines tell how many refusals the log does not show, and never count as such")
    func hidden() throws {
        var log = HandWrittenLog()
        func kernel(_ kind: EventKind, _ seconds: Double, _ values: [String: String]) {
            log.add(kind, at: seconds, values, pid: 0, role: .unknown, form: .kernel)
        }
        kernel(.kernel_commit_refused, 0, ["comm": "redis-server"])
        log.refuseSave(at: 0.3)
        kernel(.kernel_commit_refused, 1, ["comm": "redis-server"])
        kernel(.kernel_commit_refused, 1, ["comm": "java"])
        kernel(.kernel_suppressed, 2, ["count": "424"])
        let incident = try #require(correlate(log).incidents.first)
        #expect(incident.failures.total == 1)
        #expect(incident.failures.hiddenAtLeast == 425)
        #expect(incident.startedAt?.seconds == 0.3)
        #expect(incident.timeline.filter { $0.kind == "kernel_commit_refused" }.map(\.count) == [2])
    }

    @Test("where the log shows every refusal nothing is hidden")
    func nothingHidden() {
        var log = HandWrittenLog()
        for i in 0..<5 { log.refuseSave(at: Double(i)) }
        log.add(.kernel_suppressed, at: 4.5, ["count": "3"], pid: 0, role: .unknown, form: .kernel)
        #expect(correlate(log).incidents.first?.failures.hiddenAtLeast == 0)
    }

    @Test("a script that Sentinel could not fork counts with errno UNKNOWN")
    func sentinelScript() throws {
        var log = HandWrittenLog(role: .sentinel)
        log.add(.fork_failed, at: 0, ["operation": "script", "path": "/notify.sh"])
        let incident = try #require(correlate(log).incidents.first)
        #expect(incident.failures.byOperation == [.script: 1])
        #expect(incident.failures.byErrno == [.UNKNOWN: 1])
    }

    @Test(
        "what grew before an incident is the copying of saves, not of rewrites",
        arguments: [true, false])
    func copyingBefore(isSave: Bool) throws {
        var log = HandWrittenLog()
        let operation = isSave ? "bgsave" : "aof_rewrite"
        for (at, size) in [(0.0, "10"), (60, "300")] {
            log.add(.copy_on_write, at: at, ["current_mib": size, "operation": operation])
        }
        log.refuseSave(at: 100)
        let timeline = try #require(correlate(log).incidents.first).timeline
        #expect(timeline.contains { $0.text.contains("copy-on-write of the last save") } == isSave)
    }
}
