// SPDX-License-Identifier: Apache-2.0

import Diagnosis
import HandWritten
import Incidents
import Model
import Testing

/// What changed just before the first failure.
@Suite struct TriggerTests {
    @Test("a command that changed what decides")
    func command() throws {
        let incident = World.refusal().with {
            $0.facts.host(at: 20, [.overcommitMemory: 1])
            $0.facts.change(at: 97, [.overcommitMemory: 2])
        }.incident
        let trigger = try #require(incident?.trigger)
        #expect(trigger.statement.contains("vm.overcommit_memory had been set to 2"))
        #expect(trigger.statement.contains("it was 1 before"))
        #expect(trigger.at?.seconds == 97)
    }

    @Test("two readings that differ say between when it changed")
    func betweenReadings() throws {
        let incident = World.refusal("Resource temporarily unavailable").with {
            $0.facts.cgroup(at: 80, [.pidsCurrent: 8, .pidsMax: .whole(.max)])
            $0.facts.cgroup(at: 98, [.pidsCurrent: 8, .pidsMax: 8])
        }.incident
        let trigger = try #require(incident?.trigger)
        #expect(trigger.statement.contains("from unlimited to 8 between 20 s and 2.0 s before"))
        #expect(trigger.evidence.count == 2)
    }

    @Test("a change after which a save still worked is none")
    func changeBeforeSuccess() {
        let incident = World.refusal().with {
            $0.facts.host(at: 2, [.overcommitMemory: 1])
            $0.facts.change(at: 5, [.overcommitMemory: 2])
        }.incident
        #expect(incident?.trigger?.statement.contains("vm.overcommit_memory") != true)
    }

    @Test("a change of what plays no part is none")
    func anotherLimit() {
        let incident = World.refusal().with {
            $0.facts.change(at: 90, [.pidMax: 100])
        }.incident
        #expect(incident?.trigger == nil)
    }

    @Test("the moment at which headroom was crossed is interpolated, and says so")
    func crossing() throws {
        let world = World.refusal().with {
            for (at, committed) in [(60.0, 5.0), (70, 7), (80, 9), (90, 11)] {
                $0.facts.host(
                    at: at,
                    [
                        .overcommitMemory: 2, .memTotal: .gib(24), .swapTotal: 0,
                        .commitLimit: .gib(16), .committedAS: .gib(committed),
                    ])
            }
            $0.facts.process(at: 50, [.vmSize: .gib(8), .accounted: .gib(8), .userID: 999])
        }
        let trigger = try #require(world.incident?.trigger)
        #expect(trigger.statement.contains("What a fork needed had grown by 2.0 GiB"))
        #expect(trigger.statement.contains("interpolated"))
        let at = try #require(trigger.at?.seconds)
        #expect(at > 70 && at < 80)
    }

    @Test("a limit that came down is told from growth")
    func limitFell() throws {
        let world = World.refusal().with {
            for (at, limit) in [(60.0, 24.0), (70, 24), (80, 16), (90, 16)] {
                $0.facts.host(
                    at: at,
                    [
                        .overcommitMemory: 2, .memTotal: .gib(24), .commitLimit: .gib(limit),
                        .committedAS: .gib(11),
                    ])
            }
            $0.facts.process(at: 50, [.vmSize: .gib(8), .accounted: .gib(8), .userID: 999])
        }
        let trigger = try #require(world.incident?.trigger)
        #expect(trigger.statement.contains("CommitLimit had come down by 8.0 GiB"))
    }

    @Test("several replicas that asked within a minute")
    func replicas() throws {
        var world = World()
        world.log.start(at: 0)
        world.log.save(at: 10)
        for (i, replica) in ["10.0.0.2:6379", "10.0.0.3:6379", "10.0.0.4:6379"].enumerated() {
            world.log.add(.sync_requested, at: 95 + Double(i), ["replica": replica])
        }
        world.log.refuseSync(at: 100)
        let trigger = try #require(world.incident?.trigger)
        #expect(trigger.statement.contains("3 replicas had asked"))
        #expect(trigger.evidence.count == 4)
    }

    @Test("a group that was made smaller before the kill, but not for a refused fork's task limit")
    func killSettings() throws {
        func world(_ measure: Measure) -> World {
            World.kill().with {
                $0.facts.cgroup(at: 80, [measure: .gib(4)])
                $0.facts.cgroup(at: 98, [measure: .gib(2)])
            }
        }
        let trigger = try #require(world(.cgroupLimit).incident?.trigger)
        #expect(trigger.statement.contains("from 4.0 GiB to 2.0 GiB"))
        #expect(world(.pidsMax).incident?.trigger == nil)
    }

    @Test("a lower maxmemory before commands were refused")
    func maxmemory() throws {
        var world = World()
        world.log.add(
            .memory_refused, at: 100, ["operation": "unknown"], pattern: "reported.oom-command")
        for (at, limit) in [(80.0, 4.0), (98, 1)] {
            world.facts.server(
                at: at,
                [.usedMemory: .gib(1.01), .maxmemory: .gib(limit), .maxmemoryPolicy: "noeviction"])
        }
        let trigger = try #require(world.incident?.trigger)
        #expect(trigger.statement.contains("maxmemory"))
    }

    @Test("a directory that was set before files could not be written")
    func directory() throws {
        func world(_ error: String) -> World {
            World().with {
                $0.log.start(at: 0)
                $0.log.fork(.bgsave, child: 97, at: 100)
                $0.log.add(
                    .rdb_file_error, at: 100.1, ["error": error, "dir": "/root"], pid: 97,
                    role: .child)
                $0.log.add(.operation_failed, at: 100.2, ["operation": "bgsave"])
                $0.facts.server(at: 80, [.configDirectory: "/var/lib/redis"])
                $0.facts.server(at: 98, [.configDirectory: "/root"])
            }
        }
        for error in ["Permission denied", "Read-only file system", "No such file or directory"] {
            let trigger = try #require(world(error).incident?.trigger)
            #expect(trigger.statement.contains("/root"))
        }
        let full = world("No space left on device").incident?.trigger
        #expect(full?.statement.contains("/root") != true)
    }
}
