// SPDX-License-Identifier: Apache-2.0

import Diagnosis
import HandWritten
import Incidents
import Model

extension Trial {
    static let all = refusals + tasks + children + files + contributing + logOnly

    static let refusals = [
        Trial(
            .commit_limit_strict, "mode 2, and 2 GiB short", .refusal().strictly(), is: .confirmed,
            butNot: { $0.facts.set(.overcommitMemory, 0) },
            lessSure: { $0.facts.remove(.overcommitMemory) }),
        Trial(
            .commit_limit_strict, "mode 2, but all would have fitted", .refusal().strictly(),
            is: .confirmed, butNot: { $0.facts.set(.commitLimit, .gib(30)) },
            lessSure: { $0.facts.remove(.committedAS) }),
        Trial(
            .overcommit_heuristic_refusal, "one mapping larger than RAM and swap",
            .refusal().with {
                $0.log.add(
                    .kernel_commit_refused, at: 100.1,
                    ["comm": "redis-server", "pid": "10", "bytes": "42949672960"], pid: 0,
                    role: .unknown, form: .kernel)
                $0.facts.host(
                    at: 90,
                    [
                        .overcommitMemory: 0, .memTotal: .gib(24), .swapTotal: 0,
                        .kernelRelease: "6.1.0-18-amd64",
                    ])
            }, is: .confirmed, butNot: { $0.facts.set(.memTotal, .gib(64)) },
            lessSure: { $0.facts.remove(.swapTotal) }),
        Trial(
            .cgroup_memory_limit, "an old kernel, and a group at its limit",
            .refusal(version: "3.2.13").with {
                $0.facts.host(at: 90, [.kernelRelease: "4.14.0-3-amd64", .overcommitMemory: 1])
                $0.facts.cgroup(
                    at: 99,
                    [.cgroupLimit: .gib(4), .cgroupUsage: .gib(3.999), .cgroupFailures: 10])
                $0.facts.cgroup(
                    at: 110,
                    [.cgroupLimit: .gib(4), .cgroupUsage: .gib(3.999), .cgroupFailures: 14])
            }, is: .confirmed, butNot: { $0.facts.set(.cgroupUsage, .gib(1)) },
            lessSure: { $0.facts.remove(.kernelRelease) }),
        Trial(
            .kernel_memory, "the kernel could not allocate pages for it",
            .refusal(overcommit: nil).with {
                $0.log.add(
                    .page_allocation_failed, at: 100.05, ["comm": "redis-server", "order": "2"],
                    pid: 0, role: .unknown, form: .kernel)
                $0.facts.host(at: 99, [.overcommitMemory: 1, .memAvailable: .gib(8)])
            }, is: .likely,
            butNot: { $0.log.entries.removeAll { $0.kind == .page_allocation_failed } },
            lessSure: { $0.log.entries.removeAll { $0.kind == .page_allocation_failed } }),
    ]

    static let tasks = [
        Trial(
            .task_limit_rlimit_nproc, "as many tasks as the user may have",
            .refusal("Resource temporarily unavailable").with {
                $0.facts.process(at: 90, [.limitProcesses: 6, .threads: 6, .userID: 999])
            }, is: .confirmed, butNot: { $0.facts.set(.userID, 0) },
            lessSure: { $0.facts.remove(.limitProcesses) }),
        Trial(
            .task_limit_cgroup_pids, "as many tasks as the group may have",
            .refusal("Resource temporarily unavailable").with {
                $0.facts.cgroup(at: 99, [.pidsCurrent: 12, .pidsMax: 12])
            }, is: .likely, butNot: { $0.facts.set(.pidsMax, .whole(.max)) },
            lessSure: { $0.facts.remove(.pidsCurrent) }),
        Trial(
            .task_limit_system, "as many tasks as the host may have",
            .refusal("Resource temporarily unavailable").with {
                $0.facts.host(at: 99, [.tasks: 32_760, .pidMax: 32_768, .threadsMax: 190_000])
            }, is: .likely, butNot: { $0.facts.set(.tasks, 500) },
            lessSure: { $0.facts.remove(.tasks) }),
    ]

    static let children = [
        Trial(
            .cgroup_memory_oom_kill, "the kernel names the group", World.kill().inGroup(),
            is: .confirmed,
            butNot: { world in
                world = World.kill(scope: ["scope": "host"]).inGroup()
            },
            lessSure: { $0 = World.kill(line: false) }),
        Trial(
            .host_oom_kill, "the kernel names the whole host", World.kill(scope: ["scope": "host"]),
            is: .confirmed, butNot: { $0 = World.kill() },
            lessSure: { $0 = World.kill(line: false) }),
        Trial(
            .child_allocation_failed, "a limit on the address space that its server had reached",
            World().with {
                $0.log.start(at: 0)
                $0.log.fork(.bgsave, child: 50, at: 95)
                $0.log.add(
                    .allocation_failed, at: 99, ["bytes": "1048576", "fatal": "yes"], pid: 50,
                    role: .child)
                $0.log.add(.child_killed, at: 100, ["signal": "6", "operation": "bgsave"])
                $0.facts.process(at: 90, [.limitAddressSpace: .gib(4), .vmSize: .gib(3.9)])
            }, is: .likely, butNot: { $0.facts.set(.limitAddressSpace, .whole(.max)) },
            lessSure: { $0.facts.remove(.vmSize) }),
        Trial(
            .child_hung, "the kernel reports a stuck task",
            World().with {
                $0.log.start(at: 0)
                $0.log.save(at: 10)
                $0.log.fork(.bgsave, child: 50, at: 95)
                $0.log.add(
                    .hung_task, at: 260, ["comm": "redis-server", "pid": "50", "seconds": "122"],
                    pid: 0, role: .unknown, form: .kernel)
                $0.log.add(.child_killed, at: 900, ["signal": "15", "operation": "bgsave"])
            }, is: .likely,
            butNot: {
                $0.log.entries.removeAll { $0.kind == .hung_task }
                for i in $0.log.entries.indices where $0.log.entries[i].kind == .child_killed {
                    $0.log.entries[i].seconds = 97
                }
            },
            lessSure: { $0.log.entries.removeAll { $0.kind == .hung_task } }),
    ]
}
