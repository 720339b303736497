// SPDX-License-Identifier: Apache-2.0

import HandWritten
import Incidents
import Model
import Testing

/// Servers that crash, are killed, or are gone without a word.
@Suite struct CrashTests {
    @Test("a crash opens an incident, and the next start that is ready ends it")
    func crash() throws {
        var log = HandWrittenLog()
        log.start(at: 0)
        log.add(.crash_signal, at: 10, ["signal": "11"])
        log.pid = 11
        log.start(at: 20)
        let incident = try #require(correlate(log).incidents.first)
        #expect(incident.kind == .server_crash)
        #expect(incident.status == .recovered)
        #expect(incident.recoveredAt?.seconds == 20)
    }

    @Test("a crash that nothing follows leaves the server gone")
    func crashForGood() {
        var log = HandWrittenLog()
        log.start(at: 0)
        log.add(.panic, at: 10, ["reason": "boom"])
        #expect(correlate(log).incidents.first?.status == .ended)
    }

    @Test("all lines of a crash are one line of the timeline")
    func oneLine() throws {
        var log = HandWrittenLog()
        log.start(at: 0)
        log.add(.crash_report_started, at: 10, form: HeaderForm.none)
        log.add(.assertion_failed, at: 10)
        log.add(.assertion_failed, at: 10, ["file": "rdb.c", "line": "3515", "reason": "x == -1"])
        log.add(.crash_signal, at: 10, ["signal": "6"])
        let incident = try #require(correlate(log).incidents.first)
        let lines = incident.timeline.filter { $0.severity == .failure }
        #expect(lines.count == 1)
    }

    @Test("a child's crash report is no crash of the server")
    func childsCrash() throws {
        var log = HandWrittenLog()
        log.start(at: 0)
        log.fork(.bgsave, child: 50, at: 5)
        log.add(.crash_report_started, at: 6, form: HeaderForm.none)
        log.add(.crash_signal, at: 6, ["signal": "11"], pid: 50, role: .child)
        log.add(.info_dump_started, at: 6, pid: 50, form: HeaderForm.none)
        log.add(.child_killed, at: 6.1, ["signal": "11", "operation": "bgsave"])
        log.save(at: 10)
        let incidents = correlate(log).incidents
        let incident = try #require(incidents.first)
        #expect(incidents.count == 1)
        #expect(incident.kind == .save_failure)
        #expect(!incident.consequences.contains("server_crash"))
        #expect(incident.status == .recovered)
        #expect(incident.observations.contains { $0.kind == .crash_signal })
    }

    @Test("an old child's crash report is known by its process id")
    func oldChildsCrash() {
        var log = HandWrittenLog(role: .unknown)
        log.form = .bracketedPID
        log.fork(.bgsave, child: 50, at: 5)
        log.add(.crash_signal, at: 6, ["signal": "11"], pid: 50)
        log.add(.child_killed, at: 6.1, ["signal": "11", "operation": "bgsave"])
        #expect(correlate(log).incidents.map(\.kind) == [.save_failure])
    }

    @Test("a shutdown that waits for the first AOF has failed at no save")
    func waitsForAOF() {
        var log = HandWrittenLog()
        log.add(.shutdown_requested, at: 0)
        log.add(.final_save_failed, at: 1, ["reason": "initial_aof"])
        #expect(correlate(log).incidents.isEmpty)
    }

    @Test("a crash that follows from a refused fork is its consequence")
    func consequence() throws {
        var log = HandWrittenLog()
        log.start(at: 0)
        log.refuseSync(at: 10)
        log.add(.assertion_failed, at: 11, ["file": "rdb.c", "line": "1", "reason": "x"])
        log.pid = 11
        log.start(at: 20)
        #expect(correlate(log).incidents.first?.status == .ongoing_at_end)
        log.sync("10.0.0.2:6379", at: 30)
        let incident = try #require(correlate(log).incidents.first)
        #expect(incident.kind == .fork_failure)
        #expect(incident.consequences == ["replica_loss", "server_crash", "restart", "data_loss"])
        #expect(incident.status == .recovered)
    }

    @Test("data that cannot be loaded for want of memory is no crash by itself")
    func loadingIsNoCrash() {
        var log = HandWrittenLog()
        log.add(.allocation_failed, at: 0, ["bytes": "100"])
        #expect(correlate(log).incidents.isEmpty)
    }

    @Test("a child that finds its server gone is a failed save")
    func parentGone() throws {
        var log = HandWrittenLog()
        log.vanishDuringSave()
        log.save(at: 30)
        let incidents = correlate(log).incidents
        let incident = try #require(incidents.first)
        #expect(incidents.count == 1)
        #expect(incident.kind == .save_failure)
        #expect(incident.startedAt?.seconds == 10)
        #expect(incident.failures.saveFailures == 1)
        #expect(incident.status == .recovered)
        #expect(incident.persistence.lost?.to?.seconds == 10)
        #expect(incident.vanished.count == 2)
    }

    @Test("a server that starts anew without a word while its child saved has lost that save")
    func orphan() throws {
        var log = HandWrittenLog()
        log.start(at: 0)
        log.fork(.bgsave, child: 50, at: 5)
        log.pid = 11
        log.start(at: 20)
        let incident = try #require(correlate(log).incidents.first)
        #expect(incident.kind == .save_failure)
        #expect(incident.startedAt?.seconds == 20)
        #expect(incident.persistence.writesRefused == nil)
    }

    @Test("killed between saves, a server leaves no incident")
    func killedBetweenSaves() {
        var log = HandWrittenLog()
        log.start(at: 0)
        log.save(at: 5)
        log.pid = 11
        log.start(at: 20)
        #expect(correlate(log).incidents.isEmpty)
    }

    @Test("an orphan that finished its file failed at nothing")
    func orphanFinished() {
        var log = HandWrittenLog()
        log.start(at: 0)
        log.fork(.bgsave, child: 50, at: 5)
        log.add(.db_saved, at: 10, pid: 50, role: .child)
        log.pid = 11
        log.start(at: 20)
        #expect(correlate(log).incidents.isEmpty)
    }

    @Test("a log that leaves out how children end is not taken for orphans")
    func filteredEnds() {
        var log = HandWrittenLog()
        log.start(at: 0)
        log.fork(.bgsave, child: 50, at: 5)
        log.fork(.bgsave, child: 51, at: 65)
        log.pid = 11
        log.start(at: 100)
        #expect(correlate(log).incidents.isEmpty)
    }

    @Test("an orderly shutdown while a child saves is no failure")
    func orderlyShutdown() {
        var log = HandWrittenLog()
        log.start(at: 0)
        log.fork(.bgsave, child: 50, at: 5)
        log.add(.signal_received, at: 6, ["name": "SIGTERM"])
        log.pid = 11
        log.start(at: 20)
        #expect(correlate(log).incidents.isEmpty)
    }

    @Test("a final save that fails is one failure, with the line that says why")
    func finalSaveFails() throws {
        var log = HandWrittenLog()
        log.add(.shutdown_requested, at: 0)
        log.add(.rdb_write_error, at: 1, ["error": "No space left on device"])
        log.add(.final_save_failed, at: 1)
        log.add(.final_save_failed, at: 1, pattern: "test.shutdown-failed")
        let incident = try #require(correlate(log).incidents.first)
        #expect(incident.failures.saveFailures == 1)
        #expect(incident.persistence.saves.failed == 1)
        #expect(incident.status == .ongoing_at_end)
    }

    @Test("the kernel's kill of a child is an OOM kill and its server lives on")
    func oomOfChild() throws {
        var log = HandWrittenLog()
        log.start(at: 0)
        log.fork(.bgsave, child: 50, at: 5)
        log.add(
            .oom_victim, at: 6, ["comm": "redis-server", "pid": "50"], pid: 0, role: .unknown,
            form: .kernel)
        log.add(.child_killed, at: 6.1, ["signal": "9", "operation": "bgsave"])
        log.save(at: 10)
        let incident = try #require(correlate(log).incidents.first)
        #expect(incident.kind == .oom_kill)
        #expect(incident.failures.oomKills == 1)
        #expect(incident.failures.saveFailures == 1)
        #expect(incident.status == .recovered)
    }
}
