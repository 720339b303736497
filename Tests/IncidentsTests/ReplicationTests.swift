// SPDX-License-Identifier: Apache-2.0

import HandWritten
import Incidents
import Model
import Testing

/// The other sides of a failure: replicas, Sentinels, cluster nodes.
@Suite struct ReplicationTests {
    private static let refusedByMaster =
        "ERR BGSAVE failed, replication can't continue"

    private func replica(
        _ path: String = "replica.log", port: Int = 6380, master: Int = 6379
    ) -> HandWrittenLog {
        var log = HandWrittenLog(path, pid: 20, role: .replica)
        log.start(at: 0, port: port)
        log.add(.replica_connecting, at: 1, ["master": "127.0.0.1:\(master)"])
        return log
    }

    @Test("a replica's view belongs to its master's incident")
    func viewIsAttached() throws {
        var master = HandWrittenLog("master.log")
        master.start(at: 0)
        master.refuseSync(at: 10)
        var replica = replica()
        replica.add(.replica_refused_by_master, at: 10.01, ["reason": Self.refusedByMaster])
        let incidents = correlate(master, replica).incidents
        let incident = try #require(incidents.first)
        #expect(incidents.count == 1)
        #expect(incident.instance.port == 6379)
        #expect(incident.failures.saveFailures == 0)
        #expect(incident.timeline.contains { $0.kind == "replica_refused_by_master" })
    }

    @Test("a replica's view alone is a save failure, one for each time it was turned away")
    func viewAlone() throws {
        var replica = replica()
        for i in 0..<4 {
            replica.add(
                .replica_refused_by_master, at: 10 + Double(i), ["reason": Self.refusedByMaster])
            replica.add(
                .replica_sync_failed, at: 10 + Double(i), ["error": "Connection reset by peer"])
        }
        replica.add(.replica_sync_finished, at: 20)
        let incident = try #require(correlate(replica).incidents.first)
        #expect(incident.kind == .save_failure)
        #expect(incident.failures.saveFailures == 4)
        #expect(incident.failures.total == 0)
        #expect(incident.status == .recovered)
        #expect(incident.recoveredAt?.seconds == 20)
    }

    @Test("a view of one master is not put to another's account")
    func viewOfAnother() {
        var other = HandWrittenLog("other.log")
        other.start(at: 0, port: 7000)
        other.refuseSync(at: 10)
        var replica = replica(master: 6379)
        replica.add(.replica_refused_by_master, at: 10, ["reason": Self.refusedByMaster])
        #expect(correlate(other, replica).incidents.map(\.kind) == [.save_failure, .fork_failure])
    }

    @Test(
        "a master that is loading, or wants a password, has not failed to save",
        arguments: [
            "-LOADING Redis is loading the dataset in memory", "-NOAUTH Authentication required.",
            "-ERR unknown command", "-MASTERDOWN Link with MASTER is down",
        ])
    func otherRefusals(reason: String) {
        var replica = replica()
        replica.add(.replica_refused_by_master, at: 10, ["reason": reason])
        #expect(correlate(replica).incidents.isEmpty)
    }

    @Test("a master in MISCONF refuses its replica: refused writes")
    func misconf() {
        var replica = replica()
        replica.add(
            .replica_refused_by_master, at: 10,
            ["reason": "-MISCONF Redis is configured to save RDB snapshots, but"])
        #expect(correlate(replica).incidents.map(\.kind) == [.write_refusal])
    }

    @Test("Sentinels alone tell of a failover, which is no incident")
    func sentinelsAlone() {
        var sentinel = HandWrittenLog("sentinel.log", pid: 30, role: .sentinel)
        sentinel.start(at: 0, port: 26379)
        sentinel.add(
            .sentinel_switch, at: 10,
            ["name": "mymaster", "old_port": "6379", "new_port": "6380"])
        #expect(correlate(sentinel).incidents.isEmpty)
    }

    @Test("what three Sentinels say of a failing master is said once")
    func sentinels() throws {
        var master = HandWrittenLog("master.log")
        master.start(at: 0)
        master.refuseSave(at: 5)
        let sentinels = (0..<3).map { i in
            var log = HandWrittenLog("sentinel-\(i).log", pid: 30 + Int32(i), role: .sentinel)
            log.start(at: 0, port: 26379 + i)
            log.add(
                .sentinel_down, at: 9, ["instance": "master", "port": "6379", "agreed": "no"])
            log.add(
                .sentinel_switch, at: 10 + Double(i),
                ["name": "mymaster", "old_port": "6379", "new_port": "6380"])
            return log
        }
        let incidents = correlate([master] + sentinels).incidents
        let incident = try #require(incidents.first)
        #expect(incidents.count == 1)
        #expect(incident.consequences.contains("failover"))
        #expect(incident.timeline.filter { $0.kind == "sentinel_switch" }.map(\.count) == [1])
        #expect(incident.timeline.filter { $0.kind == "sentinel_down" }.map(\.count) == [1])
    }

    @Test("a Sentinel's word is for the server with the failing port, if it is one")
    func sentinelNamesPort() {
        var healthy = HandWrittenLog("a.log")
        healthy.start(at: 0)
        var failing = HandWrittenLog("b.log", pid: 11)
        failing.start(at: 0)
        failing.refuseSave(at: 5)
        var sentinel = HandWrittenLog("s.log", pid: 30, role: .sentinel)
        sentinel.add(.sentinel_switch, at: 10, ["old_port": "6379", "new_port": "6380"])
        let incidents = correlate(healthy, failing, sentinel).incidents
        #expect(incidents.map(\.instance.pids) == [[11]])
        #expect(incidents.first?.consequences.contains("failover") == true)
    }

    @Test("a synchronisation that fails in mid-transfer is a save failure of the master's")
    func transferFails() {
        var log = HandWrittenLog()
        log.add(.sync_started, at: 0, ["operation": "full_sync", "target": "replicas sockets"])
        log.fork(.full_sync, child: 50, at: 0)
        log.add(.child_killed, at: 1, ["signal": "9", "operation": "full_sync"])
        let incident = correlate(log).incidents.first
        #expect(incident?.kind == .save_failure)
        #expect(incident?.consequences == ["replica_loss"])
    }

    @Test("the last replica that goes takes the child with it on purpose")
    func lastReplicaDropped() {
        var log = HandWrittenLog()
        log.add(.sync_started, at: 0, ["operation": "full_sync", "target": "replicas sockets"])
        log.fork(.full_sync, child: 50, at: 0)
        log.add(.child_stopped, at: 1, ["operation": "full_sync"])
        log.add(.child_killed, at: 1.1, ["signal": "10", "operation": "full_sync"])
        #expect(correlate(log).incidents.isEmpty)
    }
}
