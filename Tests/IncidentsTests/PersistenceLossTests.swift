// SPDX-License-Identifier: Apache-2.0

import HandWritten
import Incidents
import Model
import Testing

// What the next process reads back, and what is gone.

extension PersistenceTests {
    @Test("what the next process reads back tells what was lost")
    func lost() throws {
        var log = HandWrittenLog()
        log.refuseSaveAndLoad()
        log.save(at: 50)
        let persistence = try only(log)
        #expect(persistence.exposure == .lost)
        #expect(persistence.lost?.from?.seconds == 6)
        #expect(persistence.lost?.to?.seconds == 20)
    }

    @Test("a save just before the last line does not mean that nothing came after it")
    func savedBeforeSilence() throws {
        var log = HandWrittenLog()
        log.start(at: 0)
        log.fork(.module_fork, child: 50, at: 4)
        log.failSave(at: 5)
        log.add(
            .fork_failed, at: 6, ["error": "Cannot allocate memory", "operation": "module_fork"])
        log.save(at: 10)
        log.pid = 11
        log.start(
            at: 60,
            loading: [
                (.loading_detail, ["age_seconds": "49"]), (.loading_finished, ["source": "rdb"]),
            ])
        let persistence = try only(log)
        #expect(persistence.lost?.from?.seconds == 11)
        #expect(persistence.lost != nil && persistence.lost?.to == nil)
    }

    @Test("an append-only file that the next process does not read back still holds the data")
    func passedOver() throws {
        var log = HandWrittenLog()
        log.start(at: 0, aof: true)
        log.refuseSave(at: 5)
        log.pid = 11
        log.start(
            at: 60,
            loading: [
                (.loading_detail, ["age_seconds": "90"]), (.loading_finished, ["source": "rdb"]),
            ])
        let persistence = try only(log)
        #expect(persistence.exposure == .aof_covers)
        #expect(persistence.lost == nil)
        #expect(persistence.statement.contains("did not read it back"))
    }

    @Test("a process that reads nothing back has lost all it held")
    func lostAll() throws {
        var log = HandWrittenLog()
        log.start(at: 0)
        log.refuseSave(at: 20)
        log.exit(at: 30)
        log.pid = 11
        log.start(at: 40)
        let persistence = try only(log)
        #expect(persistence.exposure == .lost)
        #expect(persistence.lost?.from == nil)
        #expect(persistence.lost?.to?.seconds == 30)
    }

    @Test("data that is read back from the append-only file is not lost")
    func readBackFromAOF() throws {
        var log = HandWrittenLog()
        log.start(at: 0)
        log.refuseSave(at: 20)
        log.pid = 11
        log.start(at: 40, aof: true, loading: [(.loading_finished, ["source": "aof"])])
        let persistence = try only(log)
        #expect(persistence.exposure == .aof_covers)
        #expect(persistence.lost == nil)
    }

    @Test("what a replica loads from its master says nothing of its own files")
    func syncedLoadIsNotReadBack() throws {
        var log = HandWrittenLog()
        log.refuseSaveAndLoad()
        log.add(.loading_detail, at: 45, ["age_seconds": "0"], role: .replica)
        #expect(try only(log).lost?.from?.seconds == 6)
        let timeline = try #require(correlate(log).incidents.first).timeline
        #expect(timeline.filter { $0.kind == "loading_detail" }.map(\.count) == [1])
    }

    @Test("a server that is gone for good may have left its data to a replica that was in step")
    func goneBesideReplica() throws {
        func ended(_ replica: Bool) throws -> Persistence.Exposure {
            var log = HandWrittenLog()
            log.start(at: 0, aof: true)
            if replica { log.sync("10.0.0.2:6379", at: 1) }
            log.refuseSave(at: 20)
            log.exit(at: 30)
            return try only(log).exposure
        }
        #expect(try ended(true) == .replica_covers)
        #expect(try ended(false) == .aof_covers)
    }

    @Test("a replica that took over holds what the old master lost")
    func takenOver() throws {
        var log = HandWrittenLog("a.log")
        log.start(at: 0)
        log.sync("127.0.0.1:6380", at: 1)
        log.refuseSave(at: 20)
        log.add(.replica_lost, at: 25, ["replica": "127.0.0.1:6380"])
        log.pid = 11
        log.start(at: 40)
        var replica = HandWrittenLog("b.log", pid: 20, role: .replica)
        replica.start(at: 0, port: 6380)
        replica.add(.role_changed, at: 25, ["mode": "master"], role: .master)
        let incident = try #require(correlate(log, replica).incidents.first)
        #expect(incident.persistence.exposure == .replica_covers)
        #expect(incident.consequences.contains("failover"))
        #expect(!incident.consequences.contains("data_loss"))
    }

    @Test("a shutdown with a final save loses nothing")
    func savedAtShutdown() throws {
        var log = HandWrittenLog()
        log.start(at: 0)
        log.refuseSave(at: 10)
        log.refuseRewrite(at: 11)
        log.exit(at: 20, saving: true)
        log.pid = 11
        log.start(
            at: 30,
            loading: [
                (.loading_detail, ["age_seconds": "10"]), (.loading_finished, ["source": "rdb"]),
            ])
        #expect(try only(log).lost == nil)
    }

    @Test("a server that saved at its end has lost nothing, though it does not come back")
    func savedAtItsEnd() throws {
        var log = HandWrittenLog()
        log.start(at: 0)
        log.refuseRewrite(at: 11)
        log.exit(at: 20, saving: true)
        let persistence = try only(log)
        #expect(persistence.lost == nil)
        #expect(persistence.exposure != .lost)
    }

    @Test("a server that is gone for good has lost what nothing held")
    func goneForGood() throws {
        var log = HandWrittenLog()
        log.start(at: 0)
        log.save(at: 5)
        log.refuseSave(at: 10)
        log.exit(at: 20)
        let persistence = try only(log)
        #expect(persistence.lost?.from?.seconds == 6)
        #expect(persistence.lost?.to?.seconds == 20)
        #expect(persistence.writesRefused?.until?.seconds == 20)
    }
}
