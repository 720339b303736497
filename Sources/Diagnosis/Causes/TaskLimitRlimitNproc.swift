// SPDX-License-Identifier: Apache-2.0

internal import Model

/// The user of the server had as many processes and threads as RLIMIT_NPROC allows.
///
/// Mechanism: fork returns EAGAIN when the real user's count reaches the soft limit, unless the
/// process has CAP_SYS_RESOURCE or CAP_SYS_ADMIN (Linux v6.6, kernel/fork.c, `copy_process`).
/// Leaves no kernel line. It is no memory problem.
/// For: EAGAIN, and the user's task count at `Max processes`.
/// Against: a server that runs as root; a `fork rejected by pids controller` line.
/// Settled by: /proc/PID/limits and the number of the user's threads.
/// To do: raise LimitNPROC, or find what else runs under the same user.
enum TaskLimitRlimitNproc: Cause {
    static let id = CauseID.task_limit_rlimit_nproc
    static let answers: Set<Incident.Kind> = [.fork_failure]

    static func judge(_ facts: Case) -> Finding? {
        let refusals = facts.refusals(.EAGAIN)
        guard !refusals.isEmpty else { return nil }
        return finding(
            .possible, .medium, "The user's process limit (RLIMIT_NPROC) may have been reached.",
            evidence: facts.cite(
                refusals,
                "fork returned EAGAIN: a limit on tasks, never on "
                    + "memory"),
            missing: [
                MissingFact(
                    what: "the limit and the number of the user's "
                        + "tasks",
                    why: "RLIMIT_NPROC counts all threads of the "
                        + "user", command: FactCommands.tasks(facts.incident))
            ])
    }
}
