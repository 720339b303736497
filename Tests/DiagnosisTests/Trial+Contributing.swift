// SPDX-License-Identifier: Apache-2.0

import Diagnosis
import HandWritten
import Incidents
import Model

extension Trial {
    static let contributing = ofKills + ofRefusals

    private static let ofKills = [
        Trial(
            .cow_growth, "a third was copied", World.kill().inGroup(), is: .likely,
            butNot: { $0.facts.set(.lastSaveCopied, .mib(20)) },
            lessSure: {
                $0.facts.remove(.lastSaveCopied)
                $0.log.add(.copy_on_write, at: 99, ["current_mib": "700", "operation": "bgsave"])
            }),
        Trial(
            .thp_amplifies_cow, "an old kernel, and huge pages in the server",
            World.kill(warning: [:]).inGroup().with {
                $0.facts.host(at: 90, [.kernelRelease: "4.19.0-26-amd64"])
                $0.facts.process(at: 90, [.processAnonHugePages: .gib(1)])
            }, is: .likely, butNot: { $0.facts.set(.kernelRelease, "6.1.0-18-amd64") },
            lessSure: { $0.facts.remove(.kernelRelease) }),
        Trial(
            .memory_growth, "the group filled up steadily",
            World.kill().with {
                for i in 0..<10 {
                    $0.facts.cgroup(
                        at: Double(i) * 10,
                        [.cgroupLimit: .gib(2.5), .cgroupUsage: .gib(1 + Double(i) * 0.15)])
                }
            }, is: .likely, butNot: { $0.facts.set(.cgroupUsage, .gib(2.4)) },
            lessSure: { $0.facts.all.removeLast(7) }),
        Trial(
            .fragmentation, "half a gigabyte that holds no data",
            World.kill().inGroup().with {
                $0.facts.server(
                    at: 91, [.fragmentationRatio: 1.9, .allocatorFragBytes: .mib(512)])
            }, is: .likely, butNot: { $0.facts.set(.allocatorFragBytes, .mib(20)) },
            lessSure: { $0.facts.remove(.fragmentationRatio) }),
        Trial(
            .client_buffers, "half of used_memory",
            World.kill().inGroup().with {
                $0.facts.server(at: 91, [.clientsMemory: .mib(900), .replicasMemory: .mib(100)])
            }, is: .likely,
            butNot: {
                $0.facts.set(.clientsMemory, .mib(30))
                $0.facts.set(.replicasMemory, 0)
            },
            lessSure: { $0.facts.remove(.usedMemory) }),
        Trial(
            .overlapping_saves, "a save takes longer than save points are apart",
            World.kill().inGroup().with {
                $0.facts.server(at: 91, [.lastSaveSeconds: 75, .configSave: "3600 1 60 10000"])
            }, is: .likely, butNot: { $0.facts.set(.lastSaveSeconds, 3) },
            lessSure: { $0.facts.remove(.configSave) }),
        Trial(
            .no_swap, "a host without swap ran out of memory",
            World.kill(scope: ["scope": "host"]).with {
                $0.facts.host(at: 90, [.memTotal: .gib(4), .swapTotal: 0])
            }, is: .possible, butNot: { $0.facts.set(.swapTotal, .gib(4)) },
            lessSure: { $0.facts.remove(.swapTotal) }),
        Trial(
            .maxmemory_unset, "nothing bounds the server", World.kill().inGroup(), is: .likely,
            butNot: { $0.facts.set(.maxmemory, .gib(1)) },
            lessSure: { $0.facts.remove(.maxmemory) }),
        Trial(
            .maxmemory_too_close_to_limit, "data alone may fill the group",
            World.kill().inGroup().with { $0.facts.set(.maxmemory, .gib(2.4)) }, is: .likely,
            butNot: { $0.facts.set(.maxmemory, .gib(1.2)) },
            lessSure: { $0.facts.remove(.cgroupLimit) }),
        Trial(
            .oom_policy_stops_unit, "a child was killed, and the unit was stopped",
            World.kill().with {
                $0.log.add(
                    .unit_oom, at: 100.2, ["unit": "redis-server.service"], pid: 0,
                    role: .unknown, form: .daemon)
                $0.log.add(
                    .unit_failed, at: 101,
                    ["unit": "redis-server.service", "reason": "oom-kill"], pid: 0,
                    role: .unknown, form: .daemon)
            }, is: .likely,
            butNot: { world in
                for i in world.log.entries.indices
                where world.log.entries[i].kind == .oom_victim {
                    for j in world.log.entries[i].values.indices
                    where world.log.entries[i].values[j].name == "pid" {
                        world.log.entries[i].values[j].text = "10"
                    }
                }
            },
            lessSure: { $0.log.entries.removeAll { $0.kind == .oom_victim } }),
    ]

    private static let ofRefusals = [
        Trial(
            .no_swap, "swap raises CommitLimit", .refusal().strictly(), is: .likely,
            butNot: { $0.facts.set(.overcommitMemory, 1) },
            lessSure: { $0.facts.remove(.swapTotal) }),
        Trial(
            .overcommit_not_enabled, "read before and after", .refusal().strictly(), is: .likely,
            butNot: { $0.facts.set(.overcommitMemory, 1) },
            lessSure: { $0.facts.remove(.overcommitMemory) }),
        Trial(
            .memory_growth, "Committed_AS grew until the fork no longer fitted",
            .refusal().with { world in
                for i in 0..<10 {
                    world.facts.host(
                        at: Double(i) * 10,
                        [
                            .overcommitMemory: 2, .memTotal: .gib(24), .swapTotal: 0,
                            .commitLimit: .gib(16), .committedAS: .gib(3.6 + Double(i) * 0.5),
                            .kernelRelease: "6.1.0-18-amd64",
                        ])
                }
                world.facts.process(at: 5, [.vmSize: .gib(9), .accounted: .gib(8), .userID: 999])
            }, is: .likely, butNot: { $0.facts.set(.committedAS, .gib(10)) },
            lessSure: { $0.facts.remove(.accounted) }),
    ]
}
