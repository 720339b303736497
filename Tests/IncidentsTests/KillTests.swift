// SPDX-License-Identifier: Apache-2.0

import HandWritten
import Incidents
import Model
import Testing

/// Whom an OOM killer took, where stamps are coarse or missing and process ids may be others'.
@Suite struct KillTests {
    private func kernelLog(
        _ path: String = "dmesg.txt", kills: [(at: Double?, pid: Int)],
        precision: Stamp.Precision = .microsecond
    ) -> HandWrittenLog {
        var log = HandWrittenLog(path)
        log.form = .kernel
        log.precision = precision
        for kill in kills {
            log.add(
                .oom_victim, at: kill.at,
                [
                    "comm": "redis-server", "pid": "\(kill.pid)", "total_vm_kib": "304068",
                    "anon_rss_kib": "252792",
                ], pid: 0, role: .unknown)
        }
        return log
    }

    private func childKilled() -> HandWrittenLog {
        var log = HandWrittenLog()
        log.start(at: 0)
        log.fork(.bgsave, child: 50, at: 8.098)
        log.add(.child_killed, at: 8.795, ["signal": "9", "operation": "bgsave"])
        log.save(at: 15)
        return log
    }

    @Test(
        "a killed child is known where the kernel's stamp stands before its fork",
        arguments: [8.0, 7.2, 8.422])
    func coarseStamp(at: Double) throws {
        let kernel = kernelLog(kills: [(at, 50)], precision: .millisecond)
        let incidents = correlate(childKilled(), kernel).incidents
        let incident = try #require(incidents.first)
        #expect(incidents.count == 1)
        #expect(incident.kind == .oom_kill)
        #expect(incident.status == .recovered)
        #expect(incident.severity == .major)
        #expect(incident.persistence.lost == nil)
        #expect(incident.failures.oomKills == 1)
        #expect(incident.failures.saveFailures == 1)
        #expect(incident.timeline.contains { $0.text.contains("the child of the background save") })
    }

    @Test("the parent's word on signal 9 tells a child, whatever id the kernel gives it")
    func otherNamespace() throws {
        var log = HandWrittenLog()
        log.add(.child_killed, at: 8.795, ["signal": "9", "operation": "bgsave"])
        log.save(at: 15)
        for kernel in [kernelLog(kills: [(8.4, 13_164)]), kernelLog(kills: [(8, 13_164)])] {
            let incidents = correlate(log, kernel).incidents
            #expect(incidents.count == 1)
            #expect(incidents.first?.kind == .oom_kill)
            #expect(incidents.first?.status == .recovered)
        }
    }

    @Test(
        "a kill whose line carries another time is that of the child that had the process id",
        arguments: [308.4, -290, 60, 3608])
    func misdated(at: Double) throws {
        var log = childKilled()
        log.path = "server/redis.log"
        let incidents = correlate(log, kernelLog(kills: [(at, 50)])).incidents
        let incident = try #require(incidents.first)
        #expect(incidents.count == 1)
        #expect(incident.failures.oomKills == 1 && incident.failures.saveFailures == 1)
        #expect(incident.startedAt?.seconds == 8.795)
        #expect(incident.status == .recovered)
        // A copy with the right time is the better one.
        let copies = correlate(log, kernelLog(kills: [(8.4, 50), (at, 50)].sorted { $0.0 < $1.0 }))
        #expect(copies.incidents.count == 1)
        #expect(copies.incidents.first?.failures.oomKills == 1)
        #expect(copies.incidents.first?.startedAt?.seconds == 8.4)
    }

    @Test(
        "a kill that stands behind the whole log in one file is that of its child",
        arguments: [8.4, nil])
    func behindTheLog(at: Double?) throws {
        var log = childKilled()
        log.add(
            .oom_victim, at: at,
            [
                "comm": "redis-server", "pid": "50", "total_vm_kib": "304068",
                "anon_rss_kib": "252792",
            ], pid: 0, role: .unknown, form: .kernel)
        let incidents = correlate(log).incidents
        let incident = try #require(incidents.first)
        #expect(incidents.count == 1)
        #expect(incident.kind == .oom_kill && incident.status == .recovered)
        #expect(incident.failures.oomKills == 1 && incident.failures.saveFailures == 1)
    }

    @Test("systemd-oomd's line and systemd's word on it are one kill")
    func oomdTwice() throws {
        var journal = HandWrittenLog("journal.txt", pid: 0, role: .unknown)
        journal.form = .daemon
        let group = "/system.slice/redis-server.service"
        journal.add(.oomd_kill, at: 20, ["cgroup": group, "limit_cgroup": "/system.slice"])
        journal.add(.oomd_kill, at: 20.1, ["unit": "redis-server.service", "count": "2"])
        journal.add(.oomd_kill, at: 90, ["cgroup": group, "limit_cgroup": "/system.slice"])
        let incidents = correlate(journal).incidents
        #expect(incidents.reduce(0) { $0 + $1.failures.oomKills } == 2)
        let texts = incidents.flatMap(\.timeline).map(\.text)
        #expect(texts.contains { $0.contains("systemd-oomd killed") })
    }

    @Test("a process id that comes again days later is another process")
    func laterProcess() {
        let incidents = correlate(childKilled(), kernelLog(kills: [(200_000, 50)])).incidents
        #expect(incidents.count == 2)
    }

    @Test("a server that broke off at the kill was the one killed")
    func vanished() throws {
        var log = HandWrittenLog(pid: 1)
        log.start(at: 0)
        log.save(at: 5)
        let kernel = kernelLog(kills: [(20, 13_164)])
        let gone = try #require(correlate(log, kernel).incidents.first)
        #expect(gone.status == .ended)
        #expect(gone.instance.pids == [1])
        log.start(at: 30)
        let back = try #require(correlate(log, kernel).incidents.first)
        #expect(back.status == .recovered)
        #expect(back.recoveredAt?.seconds == 30)
    }

    @Test(
        "a kill that does not fit a server's log is nobody's here",
        arguments: [-240.0, 30, 9000])
    func stranger(at: Double) throws {
        var log = HandWrittenLog()
        log.start(at: 0)
        log.save(at: 5)
        log.save(at: 50)
        log.failSave(at: 60)
        let incidents = correlate(log, kernelLog(kills: [(at, 13_164)])).incidents
        #expect(incidents.count == 2)
        let kill = try #require(incidents.first { $0.kind == .oom_kill })
        #expect(kill.instance.pids == [13_164])
        let save = try #require(incidents.first { $0.kind == .save_failure })
        #expect(save.failures.oomKills == 0)
        #expect(save.status == .ongoing_at_end)
        #expect(save.consequences.isEmpty)
    }

    @Test(
        "a kill of another product, or of another process, is not that of a server that fell silent",
        arguments: [("valkey-server", "13164"), ("valkey-server", "1"), ("redis-server", "13164")])
    func killOfAnother(victim: (name: String, pid: String)) {
        var log = HandWrittenLog(pid: 2672)
        log.start(at: 0, version: "6.2.16")
        log.save(at: 10)
        var kernel = HandWrittenLog("dmesg.txt", pid: 0, role: .unknown)
        kernel.form = .kernel
        kernel.add(
            .oom_victim, at: 900,
            ["comm": victim.name, "pid": victim.pid, "scope": "cgroup"])
        let incidents = correlate([log, kernel]).incidents
        #expect(incidents.allSatisfy { $0.instance.log != log.path })
        #expect(incidents.count == 1)
    }

    @Test(
        "a neighbour's kill beside a child that somebody killed is not the child's",
        arguments: [(2672, 3000, 77_120, 8.4), (1, 50, 77_120, 4)])
    func neighbour(server: Int32, child: Int32, victim: Int, at: Double) throws {
        var log = HandWrittenLog(pid: server)
        log.start(at: 0)
        log.fork(.bgsave, child: child, at: 8.098)
        log.add(.child_killed, at: 8.795, ["signal": "9", "operation": "bgsave"])
        log.save(at: 15)
        let incidents = correlate(log, kernelLog(kills: [(at, victim)])).incidents
        #expect(
            incidents.map(\.kind).sorted { $0.rawValue < $1.rawValue } == [
                .oom_kill, .save_failure,
            ])
        #expect(incidents.map(\.failures.saveFailures).sorted() == [0, 1])
    }

    @Test("an undated kill of a server lies between its last line and the next start")
    func undatedServer() throws {
        var log = HandWrittenLog()
        log.vanishDuringSave()
        log.save(at: 30)
        let incidents = correlate(log, kernelLog(kills: [(nil, 10)])).incidents
        let incident = try #require(incidents.first)
        #expect(incidents.count == 1)
        #expect(incident.kind == .oom_kill)
        #expect(incident.startedAt?.seconds == 10)
        #expect(incident.recoveredAt?.seconds == 31)
    }

    @Test("an undated kill of a child stands at its end")
    func undatedChild() throws {
        let incidents = correlate(childKilled(), kernelLog(kills: [(nil, 50)])).incidents
        let incident = try #require(incidents.first)
        #expect(incidents.count == 1)
        #expect(incident.status == .recovered)
        #expect(incident.startedAt?.seconds == 8.795)
        #expect(incident.failures.oomKills == 1)
    }

    @Test("copies of a kernel log tell of a kill once, with the finest stamp")
    func copies() throws {
        let copies = [
            kernelLog("dmesg.txt", kills: [(nil, 50), (nil, 51)]),
            kernelLog("dmesg_T.txt", kills: [(8, 50), (18, 51)], precision: .second),
            kernelLog("dmesg_iso.txt", kills: [(8.422, 50), (18.632, 51)]),
        ]
        let alone = correlate(copies).incidents
        #expect(alone.count == 1)
        #expect(alone.first?.failures.oomKills == 2)
        #expect(alone.first?.startedAt?.seconds == 8.422)
        let correlation = correlate(copies + [childKilled()])
        #expect(correlation.incidents.map(\.failures.oomKills).reduce(0, +) == 2)
        #expect(correlation.duplicatesFolded >= 4)
    }

    @Test(
        "a kill without a server's log may have taken a child: nothing says that the server is gone"
    )
    func kernelLogAlone() throws {
        let incident = try #require(correlate(kernelLog(kills: [(20, 4711)])).incidents.first)
        #expect(incident.kind == .oom_kill)
        #expect(incident.status == .ongoing_at_end)
        #expect(incident.instance.pids == [4711])
        #expect(incident.persistence.exposure == .unknown)
    }
}
