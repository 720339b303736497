// SPDX-License-Identifier: Apache-2.0

internal import Model

/// The pids cgroup of the server was at its limit: systemd's TasksMax, a container's pids limit.
///
/// Mechanism: Linux v6.6, kernel/cgroup/pids.c, `pids_can_fork`: EAGAIN. The kernel writes
/// `fork rejected by pids controller` once in the life of a cgroup.
/// For: EAGAIN with that line, or pids.current at pids.max, or a rising `max` in pids.events.
/// Against: counters well below the limit.
/// Settled by: pids.current, pids.max and pids.events on the cgroup's path.
/// To do: raise TasksMax or the container's pids limit.
enum TaskLimitCgroupPids: Cause {
    static let id = CauseID.task_limit_cgroup_pids
    static let answers: Set<Incident.Kind> = [.fork_failure]

    static func judge(_ facts: Case) -> Finding? {
        let refusals = facts.refusals(.EAGAIN)
        guard !refusals.isEmpty else { return nil }
        let lines = facts.events(.pids_rejected)
        if !lines.isEmpty {
            return finding(
                .likely, .high,
                "A pids cgroup (systemd TasksMax, a container's pids limit) was "
                    + "at its limit.",
                evidence: facts.cite(lines, "the kernel names the pids controller as what refused")
                    + facts.cite(refusals, "fork returned EAGAIN"))
        }
        return finding(
            .possible, .medium,
            "A pids cgroup (systemd TasksMax, a container's pids limit) may "
                + "have been at its limit.",
            evidence: facts.cite(
                refusals,
                "fork returned EAGAIN: a limit on tasks, never on "
                    + "memory"),
            missing: [
                MissingFact(
                    what: "pids.current, pids.max and pids.events of the server's "
                        + "cgroup",
                    why: "a refusal there raises the max "
                        + "counter", command: FactCommands.pidsCgroup(facts.incident))
            ])
    }
}
