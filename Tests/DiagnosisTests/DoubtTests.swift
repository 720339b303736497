// SPDX-License-Identifier: Apache-2.0

import HandWritten
import Model
import Testing

@testable import Diagnosis

/// What readings and missing lines do not show.
@Suite struct DoubtTests {
    // MARK: - Counters

    @Test("a counter that was read between a kill and the server's word on it excludes no kill")
    func counterBetween() throws {
        func judged(_ readings: [(Double, Int64)], _ id: CauseID) throws -> Finding.Verdict? {
            let world = World.kill(line: false).with {
                for (at, count) in readings {
                    $0.facts.cgroup(at: at, [.cgroupOOMKills: .whole(count)])
                    $0.facts.host(at: at, [.oomKills: .whole(count)])
                }
            }
            return try #require(world.incident).finding(id)?.verdict
        }
        let between = [(90.0, 1), (100.3, Int64(2)), (130, 2)]
        #expect(try judged(between, .cgroup_memory_oom_kill) != .ruled_out)
        #expect(try judged(between, .host_oom_kill) != .ruled_out)
        #expect(try judged(Array(between.dropFirst()), .cgroup_memory_oom_kill) != .ruled_out)
        let still = [(90.0, 2), (100.3, Int64(2)), (130, 2)]
        #expect(try judged(still, .cgroup_memory_oom_kill) == .ruled_out)
        #expect(try judged(still, .host_oom_kill) == .ruled_out)
    }

    // MARK: - Daemons

    @Test(
        "a daemon that acts before the kernel is named, and for what it acted",
        arguments: [
            (EventKind.earlyoom_kill, ["name": "SIGTERM", "pid": "50"], "earlyoom", true),
            (
                .oomd_kill, ["cgroup": "/a/redis.service", "limit_cgroup": "/a"], "pressure in /a",
                false
            ),
            (
                .oomd_kill, ["cgroup": "/a/redis.service", "used_bytes": "9"], "nearly used up",
                true
            ),
        ])
    func daemons(
        kind: EventKind, values: [String: String], words: String, isHost: Bool
    ) throws {
        let world = World.kill(line: false).with {
            $0.log.entries.removeAll { $0.kind == .child_killed }
            $0.log.add(
                kind, at: 100, values.merging(["comm": "redis-server"]) { a, _ in a }, pid: 0,
                role: .unknown, form: .daemon)
        }
        let finding = try #require(world.incident?.finding(.host_oom_kill))
        #expect(finding.statement.contains(words), "\(finding.statement)")
        #expect(!finding.statement.hasPrefix("The OOM killer"))
        #expect(finding.verdict == (isHost ? .confirmed : .likely))
        #expect(finding.evidence.allSatisfy { !$0.statement.contains("kernel names") })
    }

    // MARK: - Triggers

    @Test("a limit that was raised, or a mode that lets all pass, brings no failure about")
    func raised() {
        let group = World.kill().with {
            $0.log.entries.removeAll { $0.kind == .operation_succeeded }
            $0.facts.cgroup(at: 80, [.cgroupLimit: .mib(340)])
            $0.facts.cgroup(at: 81, [.cgroupLimit: .mib(1020)])
        }.incident
        #expect(group?.trigger?.statement.contains("cgroup_limit") != true)
        let lowered = World.kill().with {
            $0.facts.cgroup(at: 80, [.cgroupLimit: .mib(1020)])
            $0.facts.cgroup(at: 81, [.cgroupLimit: .mib(340)])
        }.incident
        #expect(lowered?.trigger?.statement.contains("from 1020 MiB to 340 MiB") == true)
        let mode = World.refusal().with {
            $0.facts.host(at: 20, [.overcommitMemory: 2])
            $0.facts.change(at: 97, [.overcommitMemory: 1])
        }.incident
        #expect(mode?.trigger?.statement.contains("vm.overcommit_memory") != true)
    }

    // MARK: - A container's own view

    @Test(
        "the root of its own groups, as a container sees it, may have any limit",
        arguments: [("/", false), ("/ from outside", true)])
    func containersRoot(path: String, isRoot: Bool) throws {
        for error in ["Cannot allocate memory", "Resource temporarily unavailable"] {
            let world = World.refusal(error).with {
                $0.facts.process(at: 99, [.cgroupPath: "/", .pidsCgroupPath: "/"])
                if isRoot { $0.facts.process(at: 99, [.nsPIDs: "4711 10"]) }
            }
            let id: CauseID =
                error.hasPrefix("Cannot") ? .cgroup_memory_limit : .task_limit_cgroup_pids
            let verdict = try #require(world.incident).finding(id)?.verdict
            #expect((verdict == .ruled_out) == isRoot, "\(id)")
        }
    }

    // MARK: - Missing lines

    @Test("a warning is missing only where the rest of the start stands")
    func filteredLog() throws {
        func said(_ kinds: [EventKind]) throws -> Bool {
            let world = World.refusal(version: "7.0.15", overcommit: nil).with {
                $0.log.entries.removeAll { kinds.contains($0.kind) }
            }
            return try #require(world.incident).causes.flatMap(\.evidence).contains {
                $0.statement.hasPrefix("no overcommit warning at the start")
            }
        }
        #expect(try said([]))
        #expect(try !said([.ready]))
        #expect(try !said([.server_mode]))
    }

    @Test("where nothing tells what a fork accounts, no sum is made of it")
    func unknownNeed() throws {
        let incident = try #require(
            World.refusal().with {
                $0.facts.host(
                    at: 99,
                    [
                        .overcommitMemory: 2, .memTotal: .gib(16), .swapTotal: 0,
                        .commitLimit: .gib(8), .committedAS: .gib(8.2),
                    ])
            }.incident)
        let finding = try #require(incident.finding(.commit_limit_strict))
        #expect(!finding.statement.contains("short"), "\(finding.statement)")
        #expect(finding.statement.contains("Committed_AS was"))
        #expect(finding.remedies.allSatisfy { !$0.command.contains("overcommit_ratio=") })
        #expect(finding.remedies.allSatisfy { !$0.command.contains("swapfile") })
    }

    @Test("redis.conf that lets writes go on while saves fail is no refused write")
    func writesGoOnByFile() throws {
        func refused(_ text: SnapshotValue.Quantity) throws -> Persistence.Refusal? {
            let world = World.refusal().with {
                $0.log.start(at: 0)
                $0.facts.server(at: nil, [.configStopWrites: text])
            }
            return try #require(world.incident).persistence.writesRefused
        }
        #expect(try refused("yes") != nil)
        #expect(try refused("no") == nil)
    }
}
