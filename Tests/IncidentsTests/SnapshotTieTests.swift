// SPDX-License-Identifier: Apache-2.0

import HandWritten
import Incidents
import Model
import Testing

/// Whose host a snapshot is of, and what says so.
@Suite struct SnapshotTieTests {
    private func server(_ log: String, host: String? = nil) -> Instance {
        var out = Instance()
        out.log = log
        out.host = host
        out.pids = [26_720]
        return out
    }

    private func source(_ path: String, _ subjects: SnapshotSubject...) -> SnapshotSource {
        var log = SnapshotLog()
        for (i, subject) in subjects.enumerated() {
            log.append(
                Snapshot(
                    format: "test", subject: subject, stamp: .none, line: i + 1, offset: 0,
                    values: [SnapshotValue(.memTotal, .whole(1), line: i + 1)]))
        }
        return SnapshotSource(path: path, log: log, modifiedAt: nil, place: { _, _ in nil })
    }

    private func ties(
        _ instance: Instance, _ sources: SnapshotSource...
    ) -> [PlacedSnapshot.Tie] {
        SnapshotLinker(sources, instances: [instance]).readings(for: [
            .init(instance: instance, from: nil, to: nil)
        ])[0].snapshots.map(\.tie)
    }

    @Test(
        "a folder, an archive and a copy of a file system tie",
        arguments: [
            ("case/redis.log", "case/meminfo.txt", PlacedSnapshot.Tie.own),
            ("a.tar.gz/logs/redis.log", "a.tar.gz/facts/meminfo", .own),
            ("sos/var/log/redis/redis.log", "sos/proc/meminfo", .own),
            ("var/log/redis/redis.log", "proc/meminfo", .own),
            ("case/redis.log", "other/meminfo.txt", .assumed),
            ("sos-a/var/log/redis/redis.log", "sos-b/proc/meminfo", .assumed),
            ("a.tar.gz/logs/redis.log", "b.tar.gz/facts/meminfo", .assumed),
        ])
    func place(log: String, facts: String, tie: PlacedSnapshot.Tie) {
        #expect(ties(server(log), source(facts, SnapshotSubject(.host))) == [tie])
    }

    @Test("the process of the log ties what stands with it, one of another server makes doubtful")
    func process() {
        func process(_ pid: Int32) -> SnapshotSubject {
            SnapshotSubject(.process, pid: pid, command: "redis-server")
        }
        let log = server("logs/redis.log")
        #expect(
            ties(log, source("facts/all.txt", SnapshotSubject(.host), process(26_720)))
                == [.own, .own])
        #expect(
            ties(log, source("facts/all.txt", SnapshotSubject(.host), process(4711)))
                == [.doubtful])
        // Also where it stands beside the log: somebody may have put it there.
        #expect(
            ties(log, source("logs/all.txt", SnapshotSubject(.host), process(4711)))
                == [.doubtful])
        #expect(
            ties(
                log,
                source("logs/all.txt", SnapshotSubject(.host, host: "db2"), process(4711)))
                == [.doubtful])
        // Ids of containers tell nothing.
        #expect(
            ties(log, source("facts/all.txt", SnapshotSubject(.host), process(1))).first
                == .assumed)
    }

    @Test("INFO in a crash report of a child names no other server")
    func crashReport() {
        func info(_ pid: Int32) -> SnapshotSubject { SnapshotSubject(.server, pid: pid) }
        let log = server("logs/redis.log")
        let facts = source("logs/facts.txt", SnapshotSubject(.host))
        #expect(ties(log, source("logs/redis.log", info(4711)), facts) == [.own, .own])
        // In a file of its own it is another server's.
        #expect(ties(log, source("logs/info.txt", info(4711)), facts) == [.doubtful])
    }

    @Test("a host that is named ties, and another one's snapshots are not used")
    func host() {
        let log = server("logs/redis.log", host: "db1")
        #expect(ties(log, source("x/a", SnapshotSubject(.host, host: "db1.example"))) == [.own])
        #expect(ties(log, source("x/a", SnapshotSubject(.host, host: "db2"))) == [])
    }
}
