// SPDX-License-Identifier: Apache-2.0

internal import Model

/// The memory cgroup of the server was at its limit, and the fork itself was refused.
///
/// Mechanism: page tables and task structures of the child are charged to the cgroup. From Linux
/// 4.19 on the OOM killer runs inside fork instead, and ENOMEM comes only where it may not kill
/// (Linux v4.18 and v4.19, mm/memcontrol.c, `try_charge`).
/// For: ENOMEM on a kernel before 4.19 with usage at the limit, or `oom_kill_disable` set.
/// Against: a kernel of 4.19 or later without `oom_kill_disable`; usage well below the limit.
/// Settled by: the cgroup's usage, limit and failure counter, and the kernel's version.
/// To do: raise the limit; leave room for page tables and copy-on-write.
enum CgroupMemoryLimit: Cause {
    static let id = CauseID.cgroup_memory_limit
    static let answers: Set<Incident.Kind> = [.fork_failure]

    static func judge(_ facts: Case) -> Finding? {
        let refusals = facts.refusals(.ENOMEM)
        guard !refusals.isEmpty else { return nil }
        let kernel = facts.events(.kernel_commit_refused)
        if let line = kernel.first {
            return finding(
                .ruled_out, .high, "The kernel names accounting as what refused, not a cgroup.",
                evidence: [facts.cite(line, .against, "an accounting refusal, no cgroup charge")])
        }
        return finding(
            .possible, .low,
            "A memory cgroup at its limit may have refused the fork; since Linux 4.19 it would "
                + "rather have killed a process.",
            evidence: facts.cite(refusals, "fork returned ENOMEM"),
            missing: [
                MissingFact(
                    what: "the cgroup's memory usage and limit, and the kernel's version",
                    why: "on Linux 4.19 and later a cgroup at its limit kills instead of refusing",
                    command: FactCommands.cgroupMemory(facts.incident))
            ])
    }
}
