// SPDX-License-Identifier: Apache-2.0

import Diagnosis
import HandWritten
import Incidents
import Model

extension Trial {
    static let files = [
        Trial(
            .disk_full, "the file system has no room left",
            World().with {
                $0.log.start(at: 0)
                $0.log.save(at: 10)
                $0.log.failSave(at: 100)
                $0.facts.add(
                    SnapshotSubject(.fileSystem, path: "/var/lib/redis"), at: 101,
                    [.diskAvailable: 4096, .diskSize: .gib(1)])
            }, is: .confirmed,
            butNot: {
                $0.log.entries.removeAll { $0.kind == .rdb_write_error }
            },
            lessSure: { $0.facts.remove(.diskAvailable) }),
        Trial(
            .dir_not_writable, "a directory mounted read-only",
            World().with {
                $0.log.start(at: 0)
                $0.log.fork(.bgsave, child: 97, at: 100)
                $0.log.add(
                    .rdb_file_error, at: 100.1,
                    ["error": "Read-only file system", "dir": "/var/lib/redis"], pid: 97,
                    role: .child)
                $0.log.add(.operation_failed, at: 100.2, ["operation": "bgsave"])
                $0.facts.add(
                    SnapshotSubject(.fileSystem, path: "/var/lib/redis"), at: 101,
                    [.mountOptions: "ro,relatime"])
            }, is: .confirmed, butNot: { $0.facts.set(.mountOptions, "rw,relatime") },
            lessSure: { $0.facts.remove(.mountOptions) }),
        Trial(
            .maxmemory_noeviction, "used_memory at maxmemory, and nothing may be evicted",
            World().with {
                $0.log.add(
                    .memory_refused, at: 100, ["operation": "unknown"],
                    pattern: "reported.oom-command")
                $0.facts.server(
                    at: 99,
                    [
                        .usedMemory: .gib(1.01), .maxmemory: .gib(1),
                        .maxmemoryPolicy: "noeviction",
                    ])
            }, is: .confirmed, butNot: { $0.facts.set(.maxmemory, .gib(4)) },
            lessSure: { $0.facts.remove(.maxmemory) }),
        Trial(
            .child_killed_by_signal, "no OOM kill was counted, and memory was there",
            World.kill(line: false).with {
                for at in [95.0, 99.5, 105] {
                    $0.facts.host(at: at, [.memTotal: .gib(8), .memAvailable: .gib(6)])
                    $0.facts.cgroup(
                        at: at,
                        [.cgroupOOMKills: 3, .cgroupLimit: .gib(4), .cgroupUsage: .gib(2)])
                }
            }, is: .likely,
            butNot: {
                $0.log.entries += World.kill().log.entries.filter { $0.kind == .oom_victim }
            },
            lessSure: { $0.facts.remove(.memAvailable) }),
        Trial(
            .replica_output_buffer_limit, "another full synchronisation was counted",
            World().with {
                $0.log.add(
                    .sync_started, at: 100, ["operation": "full_sync", "target": "disk"])
                $0.log.add(.output_buffer_exceeded, at: 101, ["flags": "S", "client": "x"])
                $0.facts.server(at: 99, [.fullSyncs: 1])
                $0.facts.server(at: 110, [.fullSyncs: 2])
            }, is: .likely, butNot: { $0.facts.set(.fullSyncs, 1) },
            lessSure: { $0.facts.remove(.fullSyncs) }),
        Trial(
            .file_descriptor_limit, "as many files open as it may have",
            World().with {
                $0.log.start(at: 0)
                $0.log.fork(.aof_rewrite, child: 97, at: 100)
                $0.log.add(
                    .aof_file_error, at: 100.1, ["error": "Too many open files"], pid: 97,
                    role: .child)
                $0.log.add(.operation_failed, at: 100.2, ["operation": "aof_rewrite"])
                $0.facts.process(at: 99, [.limitOpenFiles: 1024, .openFiles: 1024])
            }, is: .likely, butNot: { $0.facts.set(.openFiles, 60) },
            lessSure: { $0.facts.remove(.openFiles) }),
        Trial(
            .server_allocation_failed, "CommitLimit was reached",
            World().with {
                $0.log.start(at: 0)
                $0.log.add(.allocation_failed, at: 100, ["bytes": "1048576", "fatal": "yes"])
                $0.facts.host(
                    at: 95,
                    [.overcommitMemory: 2, .committedAS: .gib(15.99), .commitLimit: .gib(16)])
                $0.facts.host(at: 110, [.overcommitMemory: 2])
            }, is: .likely, butNot: { $0.facts.set(.overcommitMemory, 1) },
            lessSure: { $0.facts.remove(.committedAS) }),
        Trial(
            .sandbox_denied, "the process runs under a seccomp filter",
            .refusal("Operation not permitted").with { $0.facts.process(at: 90, [.seccomp: 2]) },
            is: .likely, butNot: { $0.facts.set(.seccomp, 0) },
            lessSure: { $0.facts.remove(.seccomp) }),
    ]
}
