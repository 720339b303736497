// SPDX-License-Identifier: Apache-2.0

internal import Model

/// The host had as many tasks as kernel.threads-max or kernel.pid_max allows.
///
/// Mechanism: Linux v6.6, kernel/fork.c, `copy_process`: EAGAIN. Before Linux 4.1 an exhausted
/// pid_max gave ENOMEM (kernel/fork.c around `alloc_pid`).
/// For: EAGAIN, and the number of tasks near either limit.
/// Against: a task count far below both.
/// Settled by: the sysctls and the number of tasks on the host.
/// To do: find what leaks processes; raise kernel.pid_max.
enum TaskLimitSystem: Cause {
    static let id = CauseID.task_limit_system
    static let answers: Set<Incident.Kind> = [.fork_failure]

    static func judge(_ facts: Case) -> Finding? {
        let refusals = facts.refusals(.EAGAIN)
        guard !refusals.isEmpty else { return onOldKernel(facts) }
        return finding(
            .possible, .low,
            "The host's own task limits (kernel.threads-max, kernel.pid_max) "
                + "may have been reached.",
            evidence: facts.cite(
                refusals,
                "fork returned EAGAIN: a limit on tasks, never on "
                    + "memory"),
            missing: [
                MissingFact(
                    what: "kernel.pid_max, kernel.threads-max and the number of "
                        + "tasks",
                    why: "both are limits of the whole "
                        + "host", command: FactCommands.tasks(facts.incident))
            ])
    }

    /// Servers of that age ran on kernels that gave ENOMEM for this.
    private static func onOldKernel(_ facts: Case) -> Finding? {
        let refusals = facts.refusals(.ENOMEM)
        guard !refusals.isEmpty, !facts.heapIsSeldomAccounted,
            facts.events(.kernel_commit_refused).isEmpty
        else { return nil }
        return finding(
            .possible, .low,
            "On a kernel before Linux 4.1 an exhausted kernel.pid_max gives ENOMEM, too.",
            evidence: facts.cite(refusals, "fork returned ENOMEM"),
            missing: [
                MissingFact(
                    what: "the kernel's version, kernel.pid_max and the number of tasks",
                    why: "since Linux 4.1 a lack of process ids gives EAGAIN",
                    command: "uname -r; \(FactCommands.tasks(facts.incident))")
            ])
    }
}
