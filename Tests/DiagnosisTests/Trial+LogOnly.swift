// SPDX-License-Identifier: Apache-2.0

import Diagnosis
import HandWritten
import Incidents
import Model

extension Trial {
    /// Causes that mostly lines of logs show; without more than the server's they stay possible.
    static let logOnly =
        ofChildren + ofStorms + [
            Trial(
                .pid_namespace_dead, "an inner namespace, and nothing else that could refuse",
                .refusal(overcommit: nil).with {
                    $0.facts.host(
                        at: 99, [.overcommitMemory: 1, .memAvailable: .gib(8)])
                    $0.facts.process(at: 99, [.nsPIDs: "4711 10", .cgroupPath: "/"])
                }, is: .likely, butNot: { $0.log.save(at: 200) },
                lessSure: { $0.facts.remove(.nsPIDs) }),
            Trial(
                .another_child_active, "INFO shows a child at that time",
                .refusal("File exists").with {
                    $0.facts.server(at: 99, [.saveInProgress: 1])
                }, is: .likely, butNot: { $0.facts.set(.saveInProgress, 0) },
                lessSure: { $0.facts.remove(.saveInProgress) }),
            Trial(
                .io_error, "the child could not write, and the kernel tells of the device",
                World().with {
                    $0.log.start(at: 0)
                    $0.log.add(
                        .storage_error, at: 99, ["device": "sdb"], pid: 0, role: .unknown,
                        form: .kernel)
                    $0.log.failSave(at: 100, error: "Input/output error")
                    $0.facts.add(
                        SnapshotSubject(.fileSystem, path: "/var/lib/redis"), at: 130,
                        [.mountSource: "/dev/sdb1"])
                }, is: .likely,
                butNot: { $0.facts.set(.mountSource, "/dev/sda1") },
                lessSure: { $0.log.entries.removeAll { $0.kind == .storage_error } }),
            Trial(
                .platform_fork_emulation, "the Windows port says so",
                World().with {
                    $0.log.add(
                        .fork_failed_reported, at: 100, ["operation": "bgsave"],
                        pattern: "reported.windows-fork-failed")
                }, is: .possible,
                butNot: { world in
                    for i in world.log.entries.indices {
                        world.log.entries[i].patternID = "reported.cannot-fork"
                    }
                },
                lessSure: {
                    $0.log.entries.removeLast(); $0.log.refuseSave(at: 100)
                }),
        ]

    private static let ofChildren = [
        Trial(
            .child_crashed, "the kernel saw a fault of the child",
            World().with {
                $0.log.start(at: 0)
                $0.log.fork(.bgsave, child: 50, at: 95)
                $0.log.add(
                    .segfault, at: 99.9, ["comm": "redis-server", "pid": "50"], pid: 0,
                    role: .unknown, form: .kernel)
                $0.log.add(.child_killed, at: 100, ["signal": "11", "operation": "bgsave"])
                $0.log.add(.ready, at: 101)
            }, is: .likely,
            butNot: {
                $0.log.entries.removeAll { $0.kind == .segfault }
                $0.log.entries.insert(
                    contentsOf: World().with {
                        $0.log.add(
                            .crash_signal, at: 99.9, ["signal": "11", "si_code": "0"], pid: 50,
                            role: .child)
                    }.log.entries, at: $0.log.entries.count - 2)
            },
            lessSure: { $0.log.entries.removeAll { $0.kind == .segfault } })
    ]

    private static let ofStorms = [
        Trial(
            .full_sync_storm, "forty refusals in as many seconds",
            World().with { world in
                world.log.start(at: 0)
                for i in 0..<40 { world.log.refuseSync(at: 100 + Double(i)) }
            }, is: .possible,
            butNot: { world in
                world = World().with { world in
                    world.log.start(at: 0)
                    for i in 0..<40 { world.log.refuseSave(at: 100 + Double(i) * 6) }
                }
            },
            lessSure: { world in
                world.log.entries.removeAll { ($0.seconds ?? 0) > 110 }
            }),
        Trial(
            .aof_rewrite_retry_storm, "ten refusals a second",
            World().with { world in
                world.log.start(at: 0, aof: true)
                for i in 0..<80 { world.log.refuseRewrite(at: 100 + Double(i) * 0.1) }
            }, is: .possible,
            butNot: { world in
                world = World().with { world in
                    world.log.start(at: 0, aof: true)
                    for i in 0..<80 { world.log.refuseSave(at: 100 + Double(i) * 6) }
                }
            },
            lessSure: { world in
                world.log.entries.removeAll { ($0.seconds ?? 0) > 102 }
            }),
        Trial(
            .known_defect, "valkey's assertion after a refused synchronisation",
            World().with {
                $0.log.start(at: 0, version: "8.0.1", product: "Valkey")
                $0.log.refuseSync(at: 100)
                $0.log.add(
                    .assertion_failed, at: 101,
                    [
                        "file": "rdb.c", "line": "3515",
                        "reason":
                            "server.rdb_pipe_read == -1 && server.rdb_child_exit_pipe == -1",
                    ])
            }, is: .possible,
            butNot: { world in
                for i in world.log.entries.indices {
                    for j in world.log.entries[i].values.indices
                    where world.log.entries[i].values[j].name == "product" {
                        world.log.entries[i].values[j].text = "Redis"
                    }
                }
            },
            lessSure: { $0.log.entries.removeAll { $0.kind == .assertion_failed } }),
    ]
}
