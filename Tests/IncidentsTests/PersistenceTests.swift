// SPDX-License-Identifier: Apache-2.0

import HandWritten
import Incidents
import Model
import Testing

/// What was at stake: saves counted, what covered the data, what was refused, what was lost.
@Suite struct PersistenceTests {
    func only(_ log: HandWrittenLog) throws -> Persistence {
        let incidents = correlate(log).incidents
        #expect(incidents.count == 1)
        return try #require(incidents.first).persistence
    }

    // MARK: - Saves

    @Test("saves are counted exactly, refused forks among the failed ones")
    func counted() throws {
        var log = HandWrittenLog()
        log.save(at: 0, taking: 2.5)
        log.refuseSave(at: 10)
        log.failSave(at: 20)
        log.save(at: 30, taking: 1.5)
        log.save(at: 40, taking: 3)
        #expect(try only(log).saves == tally(succeeded: 3, failed: 2, longest: 3))
    }

    @Test("rewrites are counted apart from saves")
    func rewritesApart() throws {
        var log = HandWrittenLog()
        log.rewrite(at: 0)
        log.refuseRewrite(at: 10)
        log.save(at: 20)
        let persistence = try only(log)
        #expect(persistence.saves == tally(succeeded: 1, failed: 0, longest: 1))
        #expect(persistence.rewrites == tally(succeeded: 1, failed: 1, longest: 1))
    }

    @Test("each save belongs to one incident, and the instance has them all")
    func partitioned() {
        var log = HandWrittenLog()
        log.save(at: 0)
        log.refuseSave(at: 10)
        log.save(at: 20)
        log.save(at: 30)
        log.refuseSave(at: 40)
        log.save(at: 50)
        log.save(at: 60)
        let result = correlate(log)
        #expect(result.incidents.map(\.persistence.saves.succeeded) == [2, 3])
        #expect(result.incidents.map(\.persistence.saves.failed) == [1, 1])
        #expect(result.instances.map(\.saves.succeeded) == [5])
    }

    @Test("a transfer to a replica without a disk is no save")
    func disklessIsNoSave() throws {
        var log = HandWrittenLog()
        log.refuseSync(at: 0)
        log.sync("10.0.0.2:6379", at: 10)
        #expect(try only(log).saves == SaveTally())
    }

    @Test("a synchronisation by way of the disk is a save")
    func diskSyncIsSave() throws {
        var log = HandWrittenLog()
        log.refuseSync(at: 0, target: "disk")
        log.add(.sync_started, at: 10, ["operation": "full_sync", "target": "disk"])
        log.save(at: 10)
        #expect(try only(log).saves == tally(succeeded: 1, failed: 1, longest: 1))
    }

    @Test("the save rule tells how many changes wait at least")
    func changes() throws {
        var log = HandWrittenLog()
        log.refuseSave(at: 0, changes: 10)
        log.refuseSave(at: 6, changes: 1000)
        log.refuseSave(at: 12, changes: 10)
        #expect(try only(log).changesSinceLastSave == 1000)
    }

    // MARK: - Cover

    @Test("nothing covers a server without an append-only file and without a replica")
    func exposed() throws {
        var log = HandWrittenLog()
        log.start(at: 0)
        log.save(at: 5)
        log.refuseSave(at: 10)
        log.save(at: 20)
        let persistence = try only(log)
        #expect(persistence.exposure == .exposed)
        #expect(persistence.exposedFrom?.seconds == 6)
        #expect(persistence.exposedUntil?.seconds == 21)
        #expect(persistence.lastSuccessAt?.seconds == 6)
    }

    @Test("a log that begins in mid-life does not tell whether an append-only file is in use")
    func unknownWithoutStart() throws {
        var log = HandWrittenLog()
        log.save(at: 5)
        log.refuseSave(at: 10)
        #expect(try only(log).exposure == .unknown)
    }

    @Test(
        "an append-only file covers what a failed save does not",
        arguments: [
            (EventKind.loading_detail, ["aof": "on"]), (.rewrite_triggered, ["aof": "on"]),
            (.aof_fsync_slow, ["aof": "on"]),
            (.rewrite_detail, ["step": "incr_file", "path": "appendonly.aof.2.incr.aof"]),
        ])
    func covered(kind: EventKind, values: [String: String]) throws {
        var log = HandWrittenLog()
        log.add(kind, at: 0, values)
        log.refuseSave(at: 10)
        #expect(try only(log).exposure == .aof_covers)
    }

    @Test("what shows the file only later held before, as nobody turned it on")
    func coveredByLaterEvidence() throws {
        var log = HandWrittenLog()
        log.refuseSave(at: 10)
        log.add(.aof_fsync_slow, at: 20, ["aof": "on"])
        #expect(try only(log).exposure == .aof_covers)
    }

    @Test("a file that is being turned on holds nothing until its first rewrite succeeds")
    func switchingOn() throws {
        var log = HandWrittenLog()
        log.start(at: 0)
        log.refuseSave(at: 10)
        log.add(.rewrite_detail, at: 20, ["step": "incr_file", "path": "temp-appendonly.aof.incr"])
        #expect(try only(log).exposure == .exposed)
        log.rewrite(at: 21)
        log.refuseSave(at: 30)
        let persistence = try only(log)
        #expect(persistence.exposure == .exposed)
        #expect(persistence.exposedUntil?.seconds == 22)
    }

    @Test("a rewrite by hand proves nothing: it works without the file")
    func rewriteByHand() throws {
        var log = HandWrittenLog()
        log.start(at: 0, version: "6.2.16")
        log.rewrite(at: 5)
        log.refuseSave(at: 10)
        #expect(try only(log).exposure == .unknown)
    }

    @Test(
        "from redis 7.0 on a start that names no append-only file has none",
        arguments: [
            ("7.0.15", Persistence.Exposure.exposed), ("6.2.16", .unknown),
        ])
    func startNamesFile(version: String, exposure: Persistence.Exposure) throws {
        var log = HandWrittenLog()
        log.start(at: 0, version: version)
        log.rewrite(at: 5)
        log.refuseSave(at: 10)
        #expect(try only(log).exposure == exposure)
    }

    @Test("a replica in step may hold the data; one that was lost does not")
    func replica() throws {
        var log = HandWrittenLog()
        log.start(at: 0)
        log.sync("10.0.0.2:6379", at: 1)
        log.refuseSave(at: 10)
        #expect(try only(log).exposure == .replica_covers)
        log.add(.replica_lost, at: 20, ["replica": "10.0.0.2:6379"])
        #expect(try only(log).exposure == .exposed)
    }

    @Test("a replica's data is its master's")
    func replicaItself() throws {
        var log = HandWrittenLog(role: .replica)
        log.start(at: 0)
        log.refuseSave(at: 10)
        let persistence = try only(log)
        #expect(persistence.exposure == .replica_covers)
        #expect(persistence.writesRefused == nil)
    }

    @Test("refused synchronisations expose nothing of the server's own")
    func syncExposesNothing() throws {
        var log = HandWrittenLog()
        log.start(at: 0)
        log.refuseSync(at: 10)
        #expect(try only(log).exposure == .none)
    }

    @Test("an append-only file that cannot be written covers nothing new")
    func aofWriteError() throws {
        var log = HandWrittenLog()
        log.start(at: 0, aof: true)
        log.add(.aof_write_error, at: 10, ["aof": "on", "error": "No space left on device"])
        log.add(.aof_write_recovered, at: 20, ["aof": "on"])
        let persistence = try only(log)
        #expect(persistence.exposure == .exposed)
        #expect(persistence.exposedFrom?.seconds == 10)
        #expect(persistence.exposedUntil?.seconds == 20)
        #expect(persistence.writesRefused?.from?.seconds == 10)
        #expect(persistence.writesRefused?.until?.seconds == 20)
    }

    // MARK: - Refused writes

    @Test("with save points a failed save means refused writes, until a save succeeds")
    func refused() throws {
        var log = HandWrittenLog()
        log.refuseSave(at: 10)
        log.refuseRewrite(at: 15)
        log.save(at: 20)
        let refusal = try #require(try only(log).writesRefused)
        #expect(refusal.from?.seconds == 10)
        #expect(refusal.until?.seconds == 21)
        #expect(refusal.inferred != nil)
    }

    @Test("one refused BGSAVE latches them, though nothing retries")
    func latch() throws {
        var log = HandWrittenLog()
        log.add(.save_triggered, at: 0, ["changes": "1", "operation": "bgsave"])
        log.save(at: 0)
        log.refuse(at: 60)
        log.add(.replica_lost, at: 90, ["replica": "10.0.0.2:6379"])
        let refusal = try #require(try only(log).writesRefused)
        #expect(refusal.from?.seconds == 60)
        #expect(refusal.until == nil)
    }

    @Test(
        "nothing is said of refused writes where it is not known",
        arguments: [
            (true, "2.6.13"), (true, "2.4.18"), (false, "7.2.6"),
        ])
    func notRefused(hasSavePoints: Bool, version: String) throws {
        var log = HandWrittenLog()
        log.start(at: 0, version: version)
        if hasSavePoints { log.refuseSave(at: 10) } else { log.refuse(at: 10) }
        #expect(try only(log).writesRefused == nil)
    }

    @Test("a transfer without a disk that is refused does not make the server refuse writes")
    func disklessDoesNotRefuse() throws {
        var log = HandWrittenLog()
        log.add(.save_triggered, at: 0, ["changes": "1", "operation": "bgsave"])
        log.save(at: 0)
        log.refuseSync(at: 10)
        #expect(try only(log).writesRefused == nil)
    }

    @Test("a client's own word makes it known")
    func clientSaysSo() throws {
        var log = HandWrittenLog("redis.log")
        log.start(at: 0)
        log.refuseSave(at: 10)
        log.save(at: 60)
        var client = HandWrittenLog("app.log", pid: 0, role: .unknown)
        client.form = .none
        client.add(
            .writes_refused, at: 12, ["operation": "bgsave"], pattern: "reported.misconf-rdb")
        let incidents = correlate(log, client).incidents
        #expect(incidents.count == 1)
        let incident = try #require(incidents.first)
        #expect(incident.consequences.contains("write_refusal"))
        #expect(incident.persistence.writesRefused?.inferred == nil)
        #expect(incident.status == .recovered)
    }

    @Test("a command refused at maxmemory is no part of a failed save")
    func maxmemoryIsApart() {
        var log = HandWrittenLog("redis.log")
        log.refuseSave(at: 10)
        var client = HandWrittenLog("app.log", pid: 0, role: .unknown)
        client.form = .none
        client.add(.memory_refused, at: 12, pattern: "reported.oom-command")
        #expect(correlate(log, client).incidents.map(\.kind) == [.fork_failure, .write_refusal])
    }
}
