// SPDX-License-Identifier: Apache-2.0

import Diagnosis
import HandWritten
import Incidents
import Model
import Testing

/// What INFO and CONFIG GET say of what covers the data, against what the log alone leaves open.
@Suite struct StakeTests {
    /// Two refused saves at 100 and 106, with no sign of an append-only file in the log.
    private func persistence(
        _ change: (inout World) -> Void
    ) throws -> (stake: Persistence, incident: Incident) {
        let incident = try #require(World.refusal(version: "6.2.14").with(change).incident)
        return (incident.persistence, incident)
    }

    @Test("the log alone takes the data for exposed")
    func alone() throws {
        let (stake, incident) = try persistence { _ in }
        #expect(stake.exposure == .exposed)
        #expect(incident.severity == .critical)
    }

    @Test("an append-only file that INFO shows covers the data", arguments: [90.0, 400])
    func coveredByFile(at: Double) throws {
        let (stake, incident) = try persistence {
            $0.facts.server(at: at, [.aofEnabled: 1, .lastAOFWriteStatus: "ok"])
        }
        #expect(stake.exposure == .aof_covers)
        #expect(stake.exposedFrom == nil)
        #expect(stake.statement.contains("aof_enabled 1, aof_last_write_status ok"))
        #expect(incident.severity == .major)
    }

    @Test("one that could not be written, or that waits for its first rewrite, covers nothing")
    func coveredByNoFile() throws {
        let failed = try persistence {
            $0.facts.server(at: 90, [.aofEnabled: 1, .lastAOFWriteStatus: "err"])
        }
        #expect(failed.stake.exposure == .exposed)
        #expect(failed.stake.statement.contains("writing to it had failed"))
        let waits = try persistence {
            $0.facts.server(
                at: 90, [.aofEnabled: 1, .lastAOFWriteStatus: "ok", .rewriteInProgress: 1])
        }
        #expect(waits.stake.exposure == .unknown)
    }

    @Test(
        "a replica covers the data only in step",
        arguments: [("online", Persistence.Exposure.replica_covers), ("wait_bgsave", .unknown)])
    func replica(state: String, exposure: Persistence.Exposure) throws {
        let (stake, _) = try persistence {
            $0.facts.server(
                at: 90, [.connectedReplicas: 1, .replicaState: .text(state), .aofEnabled: 0])
        }
        #expect(stake.exposure == exposure)
    }

    @Test("a replica that has told nothing for long is not in step")
    func replicaBehind() throws {
        let (stake, _) = try persistence {
            $0.facts.server(
                at: 90,
                [
                    .aofEnabled: 0, .connectedReplicas: 1, .replicaState: "online",
                    .replicaLag: 86_400,
                ])
        }
        #expect(stake.exposure == .unknown)
        #expect(stake.statement.contains("(lag=86400)"))
    }

    /// A log that shows an append-only file at the start, and what INFO says of it later.
    private func loggedFile(
        _ values: KeyValuePairs<Measure, SnapshotValue.Quantity>, at: Double = 90
    ) throws -> Persistence {
        var world = World()
        world.log.start(at: 0, version: "6.2.14", aof: true)
        world.log.refuseSave(at: 100)
        world.facts.server(at: at, values)
        return try #require(world.incident).persistence
    }

    @Test("an append-only file of the log that INFO shows as off, or as failing, covers nothing")
    func fileTurnedOff() throws {
        #expect(try loggedFile([.usedMemory: 1]).exposure == .aof_covers)
        #expect(try loggedFile([.aofEnabled: 1]).exposure == .aof_covers)
        let off = try loggedFile([.aofEnabled: 0, .connectedReplicas: 0])
        #expect(off.exposure == .exposed)
        #expect(off.statement.contains("aof_enabled 0, read 10 s before"))
        let failing = try loggedFile([.aofEnabled: 1, .lastAOFWriteStatus: "err"])
        #expect(failing.exposure == .exposed)
        // What was read before the log told of the file is older.
        #expect(try loggedFile([.aofEnabled: 0], at: -10).exposure == .aof_covers)
    }

    @Test(
        "without file and replica the data is exposed for certain, since the last save INFO names")
    func exposed() throws {
        let (stake, _) = try persistence {
            $0.facts.server(
                at: 90,
                [
                    .aofEnabled: 0, .connectedReplicas: 0,
                    .lastSaveTime: .whole(HandWrittenLog.epoch.nanoseconds / 1_000_000_000 + 42),
                ])
        }
        #expect(stake.exposure == .exposed)
        #expect(stake.exposedFrom == HandWrittenLog.epoch.adding(seconds: 42))
        #expect(stake.statement.hasPrefix("No append-only file held the data (aof_enabled 0, read"))
        #expect(stake.statement.contains("no replica was connected"))
    }

    @Test("what was read after an incident was over says nothing of it")
    func over() throws {
        let (stake, incident) = try persistence {
            $0.log.save(at: 200)
            $0.facts.server(at: 400, [.aofEnabled: 1, .lastAOFWriteStatus: "ok"])
        }
        #expect(incident.status == .recovered)
        #expect(stake.exposure == .exposed)
    }

    // MARK: - Refused writes

    private func refusal(_ readings: [(at: Double, text: String)]) throws -> Persistence.Refusal? {
        try persistence { world in
            for (at, text) in readings {
                world.facts.server(at: at, [.configStopWrites: .text(text)])
            }
        }.stake.writesRefused
    }

    @Test("writes go on where stop-writes-on-bgsave-error was no before the failure")
    func writesGoOn() throws {
        #expect(try refusal([])?.until == nil)
        #expect(try refusal([]) != nil)
        #expect(try refusal([(90, "no")]) == nil)
        #expect(try refusal([(90, "yes")])?.inferred?.contains("is yes") == true)
    }

    @Test("where it was read as no only later, writes go on from then")
    func writesGoOnLater() throws {
        let later = try #require(try refusal([(400, "no")]))
        #expect(later.until == HandWrittenLog.epoch.adding(seconds: 400))
        #expect(later.inferred?.contains("read as no") == true)
    }

    // MARK: - The unit of commands

    @Test(
        "the unit stands in the server's cgroup",
        arguments: [
            ("/system.slice/valkey-server.service", "set-property valkey-server.service "),
            (
                "/system.slice/system-redis.slice/redis@6380.service",
                "set-property redis@6380.service "
            ),
            // Where nothing names it, the command asks: a usual name may be another server's.
            ("/system.slice/docker.service", "set-property \"$(ps -o unit= -p "),
            ("/system.slice/a;rm.service", "set-property \"$(ps -o unit= -p "),
            ("/docker/0123abcd", "docker ps"),
            (
                "/docker/" + String(repeating: "0123abcd", count: 8),
                "m 0123abcd0123"
            ),
            ("/kubepods/besteffort/pod1/0123abcd", "kubectl get pods -A"),
        ])
    func unit(path: String, part: String) throws {
        let incident = try #require(
            World.kill().with {
                $0.log.add(
                    .oom_constraint, at: 100.05,
                    [
                        "constraint": "CONSTRAINT_MEMCG", "comm": "redis-server", "pid": "50",
                        "cgroup": path,
                    ], pid: 0, role: .unknown, form: .kernel)
                $0.log.entries.sort { ($0.seconds ?? 0) < ($1.seconds ?? 0) }
            }.inGroup().incident)
        let commands = incident.causes.flatMap(\.remedies).map(\.command)
        #expect(commands.contains { $0.contains(part) }, "\(commands)")
        #expect(!commands.contains { $0.contains("redis-server.service") })
        #expect(incident.instance.unit == nil)
    }

    // MARK: - Containers

    private func container(
        _ killed: Int64, started: Double = 0, limit: Bool = true
    ) throws
        -> Incident
    {
        let epoch = HandWrittenLog.epoch.nanoseconds / 1_000_000_000
        return try #require(
            World.kill(line: false).with {
                $0.facts.cgroup(
                    at: nil, path: "0123456789ab",
                    [
                        .wasOOMKilled: .whole(killed),
                        .startedAt: .whole(epoch + Int64(started)),
                        .cgroupLimit: limit ? .gib(2) : .whole(Int64.max),
                    ])
            }.incident)
    }

    @Test("a runtime that says OOMKilled of a container with a limit makes the kill its limit's")
    func oomKilled() throws {
        let finding = try container(1).finding(.cgroup_memory_oom_kill)
        #expect(finding?.verdict == .likely)
        #expect(finding?.evidence.contains { $0.statement.contains("OOMKilled") } == true)
    }

    @Test("of another run, or without a limit, it does not")
    func oomKilledOtherwise() throws {
        let other = try container(1, started: 300).finding(.cgroup_memory_oom_kill)
        #expect(other?.verdict == .possible)
        #expect(other?.evidence.contains { $0.statement.contains("OOMKilled") } == false)
        let unlimited = try container(1, limit: false).finding(.cgroup_memory_oom_kill)
        #expect(unlimited?.verdict != .likely)
    }

    @Test("a runtime that knows of no kill speaks against it")
    func notKilled() throws {
        let finding = try #require(try container(0).finding(.cgroup_memory_oom_kill))
        #expect(finding.verdict == .possible)
        #expect(finding.evidence.contains { $0.direction == .against })
    }
}
