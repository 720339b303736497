// SPDX-License-Identifier: Apache-2.0

import HandWritten
import Incidents
import Model
import Testing

/// `contract.md`, "Incidents": when one opens, what holds it together, when it closes.
@Suite struct OutbreakTests {
    @Test(
        "the retry rhythms of all versions are one outbreak",
        arguments: [
            (0.1, 114), (6.0, 8), (60.0, 5), (0.001, 1000), (1.0, 35),
        ])
    func rhythms(interval: Double, count: Int) throws {
        var log = HandWrittenLog()
        for i in 0..<count { log.refuseSave(at: Double(i) * interval) }
        let incidents = correlate(log).incidents
        let incident = try #require(incidents.first)
        #expect(incidents.count == 1)
        #expect(incident.failures.total == count)
        #expect(incident.timeline.count { $0.severity == .failure } == 1)
        #expect(incident.timeline.first { $0.severity == .failure }?.count == count)
    }

    @Test("seconds without milliseconds do not fold failures together")
    func coarseStorm() throws {
        var log = HandWrittenLog(role: .unknown)
        log.form = .bracketedPID
        log.precision = .second
        for i in 0..<57 { log.refuseSave(at: Double(i) * 0.1) }
        let incident = try #require(correlate(log).incidents.first)
        #expect(incident.failures.total == 57)
    }

    @Test("an outbreak ends with the first success of what failed")
    func recovery() throws {
        var log = HandWrittenLog()
        log.refuseSave(at: 0)
        log.save(at: 10)
        let incident = try #require(correlate(log).incidents.first)
        #expect(incident.status == .recovered)
        #expect(incident.recoveredAt?.seconds == 11)
        #expect(incident.lastFailureAt?.seconds == 0)
    }

    @Test("failures after a success are another outbreak")
    func notGlued() {
        var log = HandWrittenLog()
        log.refuseSave(at: 0)
        log.save(at: 10)
        log.refuseSave(at: 20)
        let incidents = correlate(log).incidents
        #expect(incidents.map(\.status) == [.recovered, .ongoing_at_end])
        #expect(incidents.map(\.failures.total) == [1, 1])
        #expect(Set(incidents.map(\.id)).count == 2)
    }

    @Test("each operation that failed must succeed once")
    func everyOperation() throws {
        var log = HandWrittenLog()
        log.refuseSave(at: 0)
        log.refuseRewrite(at: 1)
        log.save(at: 10)
        #expect(correlate(log).incidents.first?.status == .ongoing_at_end)
        log.rewrite(at: 20)
        let incident = try #require(correlate(log).incidents.first)
        #expect(incident.status == .recovered)
        #expect(incident.recoveredAt?.seconds == 21)
    }

    @Test("a save for the server itself does not make up for a synchronisation")
    func saveIsNoSync() {
        var log = HandWrittenLog()
        log.refuseSync(at: 0)
        log.save(at: 10)
        #expect(correlate(log).incidents.first?.status == .ongoing_at_end)
        log.sync("10.0.0.2:6379", at: 20)
        #expect(correlate(log).incidents.first?.status == .recovered)
    }

    @Test("a save in the foreground ends it, too")
    func foregroundSave() throws {
        var log = HandWrittenLog()
        log.refuseSave(at: 0)
        log.add(.db_saved, at: 5)
        let incident = try #require(correlate(log).incidents.first)
        #expect(incident.status == .recovered)
        #expect(incident.persistence.saves == tally(succeeded: 1, failed: 1))
    }

    @Test("a child's own word does not end it")
    func childsWord() {
        var log = HandWrittenLog()
        log.refuseSave(at: 0)
        log.add(.db_saved, at: 5, pid: 50, role: .child)
        #expect(correlate(log).incidents.first?.status == .ongoing_at_end)
    }

    @Test("restarts and silence do not close it")
    func restarts() throws {
        var log = HandWrittenLog()
        log.start(at: 0)
        log.refuseSave(at: 10)
        log.exit(at: 20)
        log.pid = 11
        log.start(at: 100_000)
        log.refuseSave(at: 100_010)
        let incidents = correlate(log).incidents
        let incident = try #require(incidents.first)
        #expect(incidents.count == 1)
        #expect(incident.failures.total == 2)
        #expect(incident.consequences.contains("restart"))
        #expect(incident.instance.pids == [10, 11])
    }

    @Test("it has ended when the server exits and does not come back")
    func ended() {
        var log = HandWrittenLog()
        log.start(at: 0)
        log.refuseSave(at: 10)
        log.exit(at: 20)
        #expect(correlate(log).incidents.first?.status == .ended)
    }

    @Test("a shutdown that saves ends a failed save well")
    func finalSave() {
        var log = HandWrittenLog()
        log.refuseSave(at: 10)
        log.exit(at: 20, saving: true)
        #expect(correlate(log).incidents.first?.status == .recovered)
    }

    @Test("lost replicas, failovers, warnings and dropped buffers alone are no incident")
    func noAnchor() {
        var log = HandWrittenLog()
        log.start(at: 0, overcommit: "zero")
        log.sync("10.0.0.2:6379", at: 1)
        log.add(.replica_lost, at: 10, ["replica": "10.0.0.2:6379"])
        log.add(.output_buffer_exceeded, at: 11, ["flags": "S", "client": "x"])
        log.add(.role_changed, at: 12, ["mode": "replica"])
        log.add(.node_failing, at: 13, ["node": "x"])
        log.add(.aof_fsync_slow, at: 14, ["aof": "on"])
        #expect(correlate(log).incidents.isEmpty)
    }

    @Test("a replica dropped during its synchronisation is a failed one")
    func dropDuringSync() throws {
        var log = HandWrittenLog()
        log.add(.sync_started, at: 0, ["operation": "full_sync", "target": "disk"])
        log.add(.output_buffer_exceeded, at: 1, ["flags": "S", "client": "x"])
        let incident = try #require(correlate(log).incidents.first)
        #expect(incident.kind == .save_failure)
        #expect(incident.failures.saveFailures == 0)
    }

    @Test("a dropped replica that must synchronise anew is one, from the drop on")
    func dropForcesSync() throws {
        var log = HandWrittenLog()
        log.add(.output_buffer_exceeded, at: 1, ["flags": "S", "client": "x"])
        log.sync("10.0.0.2:6379", at: 4)
        let incident = try #require(correlate(log).incidents.first)
        #expect(incident.startedAt?.seconds == 1)
        #expect(incident.recoveredAt?.seconds == 4.5)
        #expect(incident.persistence.exposure == .none)
    }

    @Test("a client's error without a time does not stand before an incident with one")
    func undatedClient() {
        var client = HandWrittenLog("a-client.txt", pid: 0, role: .unknown)
        client.form = .none
        client.add(.writes_refused, at: nil, pattern: "reported.misconf-reply")
        client.entries[0].values = []
        var log = HandWrittenLog("b.log")
        log.start(at: 0)
        log.refuseSave(at: 50)
        #expect(correlate([client, log]).incidents.map(\.kind) == [.fork_failure, .write_refusal])
    }

    @Test("an ordinary client dropped at its limit is nothing")
    func dropOfClient() {
        var log = HandWrittenLog()
        log.add(.sync_started, at: 0, ["operation": "full_sync", "target": "disk"])
        log.add(.output_buffer_exceeded, at: 1, ["flags": "N", "client": "x"])
        #expect(correlate(log).incidents.isEmpty)
    }

    @Test("the start of the process and its warnings come before the first failure")
    func precursors() throws {
        var log = HandWrittenLog()
        log.start(at: 0, overcommit: "not_one")
        log.save(at: 5)
        log.refuseSave(at: 10)
        let incident = try #require(correlate(log).incidents.first)
        #expect(
            incident.timeline.map(\.kind) == [
                "server_starting", "overcommit_warning", "operation_succeeded", "fork_failed",
            ])
    }

    @Test("from redis 7.2 on warnings come before the banner, and the banner stands for the start")
    func bannerAfterWarning() throws {
        var log = HandWrittenLog()
        log.add(.overcommit_warning, at: 0, ["proves": "not_one"], role: .child)
        log.start(at: 0)
        log.refuseSave(at: 10)
        log.pid = 11
        log.add(.overcommit_warning, at: 20, ["proves": "not_one"], role: .child)
        log.start(at: 20)
        log.refuseSave(at: 30)
        let incident = try #require(correlate(log).incidents.first)
        #expect(
            incident.timeline.filter { $0.text.hasPrefix("server started") }.map(\.kind) == [
                "server_starting", "server_starting",
            ])
    }

    @Test("a start just before the failures is what changed; after a save it is not")
    func trigger() throws {
        var log = HandWrittenLog()
        log.start(at: 0)
        log.refuseSave(at: 10)
        #expect(correlate(log).incidents.first?.trigger?.at?.seconds == 0)
        var saved = HandWrittenLog()
        saved.start(at: 0)
        saved.save(at: 5)
        saved.refuseSave(at: 10)
        #expect(correlate(saved).incidents.first?.trigger == nil)
    }

    private func since(_ seconds: Double, until: Double? = nil) -> Correlator.Window {
        Correlator.Window(
            since: HandWrittenLog.epoch.adding(seconds: seconds),
            until: until.map { HandWrittenLog.epoch.adding(seconds: $0) })
    }

    @Test("what lies before the window is known and does not count")
    func beforeWindow() throws {
        var log = HandWrittenLog()
        log.start(at: 0, overcommit: "zero", aof: true)
        log.save(at: 5)
        log.refuseSave(at: 10)
        log.refuseSave(at: 100)
        let incident = try #require(correlate(log, window: since(50)).incidents.first)
        #expect(incident.failures.total == 1)
        #expect(incident.startedAt?.seconds == 100)
        #expect(incident.instance.version == "7.2.6")
        #expect(incident.persistence.exposure == .aof_covers)
        #expect(incident.persistence.lastSuccessAt?.seconds == 6)
        #expect(incident.persistence.saves == tally(succeeded: 0, failed: 1))
    }

    @Test("what lies after the window is not looked at")
    func afterWindow() throws {
        var log = HandWrittenLog()
        log.start(at: 0)
        log.refuseSave(at: 10)
        log.pid = 11
        log.start(at: 100)
        log.save(at: 110)
        let incident = try #require(correlate(log, window: since(5, until: 50)).incidents.first)
        #expect(incident.status == .ongoing_at_end)
        #expect(!incident.consequences.contains("restart"))
    }
}

/// A tally without its longest.
func tally(succeeded: Int, failed: Int, longest: Double? = nil) -> SaveTally {
    var out = SaveTally()
    (out.succeeded, out.failed, out.longestSeconds) = (succeeded, failed, longest)
    return out
}
