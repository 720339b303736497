// SPDX-License-Identifier: Apache-2.0

internal import Model

/// The user of the server had as many processes and threads as RLIMIT_NPROC allows.
///
/// Mechanism: fork returns EAGAIN when the real user's count reaches the soft limit, unless the
/// process has CAP_SYS_RESOURCE or CAP_SYS_ADMIN (Linux v6.6, kernel/fork.c, `copy_process`).
/// Leaves no kernel line. It is no memory problem.
/// For: EAGAIN, and the user's task count at `Max processes`; or EAGAIN where the pids cgroups, with
/// all above them, and both limits of the host are ruled out by readings of that minute.
/// Against: a server that runs as root; a `fork rejected by pids controller` line.
/// Settled by: /proc/PID/limits and the number of the user's threads.
/// To do: raise LimitNPROC, or find what else runs under the same user.
enum TaskLimitRlimitNproc: Cause {
    static let id = CauseID.task_limit_rlimit_nproc
    static let answers: Set<Incident.Kind> = [.fork_failure]

    static func judge(_ facts: Case) -> Finding? {
        let refusals = facts.refusals(.EAGAIN)
        guard !refusals.isEmpty else { return nil }
        if let user = facts.isPrivileged, user.isPrivileged {
            return finding(
                .ruled_out, .high, "The server may pass its user's process limit: it is root.",
                evidence: [
                    facts.cite(user.reading, .against, "the user or capabilities of the server")
                ])
        }
        var out = verdict(facts)
        out.evidence =
            facts.citeRefused(refusals)
            + out.evidence
        return out
    }

    private static func verdict(_ facts: Case) -> Finding {
        let limit = limit(facts)
        let counted = tasks(facts)
        guard let limit else {
            return byElimination(facts, nil) ?? undecided(facts, nil, counted)
        }
        if let counted, counted.number >= limit.number {
            var out = finding(
                limit.isKnown ? .confirmed : .likely, limit.isKnown ? .high : .medium,
                "The server's user had at least \(counted.number) tasks, and RLIMIT_NPROC allows "
                    + "\(limit.number).",
                evidence: [
                    facts.cite(
                        limit.reading, .for,
                        "Max processes is \(limit.number); \(facts.reach(of: limit))"),
                    facts.cite(
                        counted, .for,
                        counted.measure == .threads
                            ? "the server's own threads alone reach it"
                            : "tasks of the user reach it"),
                ])
            out.arithmetic = [
                facts.quantity("tasks of the user, at least", counted),
                facts.quantity("need", count: counted.number + 1, "one more for the child"),
                facts.quantity("limit", limit.reading),
            ]
            out.remedies = ProcessLimitRemedies.raise(facts, limit.reading)
            return out
        }
        if let rest = byElimination(facts, limit) { return rest }
        if limit.reach == .held,
            let why = limit.number == Int64.max ? "RLIMIT_NPROC is unlimited." : far(limit, facts)
        {
            return finding(
                .ruled_out, .medium, why,
                evidence: [
                    facts.cite(
                        limit.reading, .against, "Max processes; \(facts.reach(of: limit))")
                ])
        }
        return undecided(facts, limit, counted)
    }

    /// Fork gives EAGAIN at four limits; where the other three are surely ruled out, this one is
    /// left, even if it was high when it was read before: it can be lowered on a running process.
    /// (A task of the class SCHED_DEADLINE gets EAGAIN as well, which no server is: Linux v6.6,
    /// kernel/sched/core.c, `sched_fork`.)
    private static func byElimination(_ facts: Case, _ limit: Setting?) -> Finding? {
        // Read as high while forks were being refused, it was not what refused them.
        let isRead = limit.map { $0.reach == .after && facts.stillRefused(at: $0.reading.at) }
        guard limit?.reach != .held, isRead != true,
            let pids = TaskLimitCgroupPids.judge(facts), pids.verdict == .ruled_out,
            pids.confidence == .high,
            let system = TaskLimitSystem.judge(facts), system.verdict == .ruled_out,
            system.confidence == .high
        else { return nil }
        let others = [pids, system].compactMap { other -> Evidence? in
            var evidence = other.evidence.first { $0.direction == .against }
            evidence?.direction = .for
            evidence?.statement = other.statement
            return evidence
        }
        let before = limit.map {
            [
                facts.cite(
                    $0.reading, .against,
                    "Max processes was \($0.number) when it was read; it can be changed on a "
                        + "running process; \(facts.reach(of: $0))")
            ]
        }
        var out = finding(
            .likely, .medium,
            "What is left is the user's process limit (RLIMIT_NPROC): of the reasons for which a "
                + "fork gives EAGAIN, the pids cgroup and the limits of the host are ruled out.",
            evidence: others + (before ?? []),
            missing: [
                MissingFact(
                    what: "the limit during the failures, and the number of the user's tasks",
                    why: "they would show it directly",
                    command: FactCommands.tasks(facts.incident))
            ])
        out.remedies = ProcessLimitRemedies.raise(facts, nil)
        return out
    }

    /// The soft limit at the last refusal at the latest: it may be set on the running process.
    private static func limit(_ facts: Case) -> Setting? {
        guard let setting = facts.setting(.limitProcesses, where: Case.isServerProcess) else {
            return nil
        }
        // Lowered between the reading and the failures, and read again during them.
        let during = facts.around(.limitProcesses, where: Case.isServerProcess).filter {
            $0.at.map { at in facts.end.map { at <= $0 } ?? false } ?? false
        }
        guard let lowest = during.min(by: { $0.number < $1.number }),
            lowest.number < setting.number
        else { return setting }
        return Setting(reading: lowest, reach: .before, changedLater: nil)
    }

    /// Tasks of the user, or at least the server's own threads.
    private static func tasks(_ facts: Case) -> Measured? {
        let own =
            facts.before(.threads, where: Case.isServerProcess)
            ?? facts.nearest(.threads, where: Case.isServerProcess)
        return facts.nearestUserTasks ?? own
    }

    /// Why the limit was far from being reached; `nil` where it may not have been.
    private static func far(_ limit: Setting, _ facts: Case) -> String? {
        let name = "RLIMIT_NPROC is \(grouped(Int(clamping: limit.number)))"
        func count(_ number: Int64) -> String { grouped(Int(clamping: number)) }
        if let own = facts.nearestUserTasks, own.number * 2 < limit.number {
            return "\(name), and the server's user had \(count(own.number)) tasks."
        }
        if let all = facts.nearest(.tasks, where: Case.isHost), all.number * 2 < limit.number {
            return "\(name), and the whole host had \(count(all.number)) tasks."
        }
        if let most = facts.setting(.pidMax), limit.number >= most.number {
            return "\(name), no less than the whole host may have (kernel.pid_max is "
                + "\(count(most.number)))."
        }
        return nil
    }

    private static func undecided(
        _ facts: Case, _ limit: Setting?, _ counted: Measured?
    ) -> Finding {
        finding(
            .possible, .medium, "The user's process limit (RLIMIT_NPROC) may have been reached.",
            evidence: (limit.map {
                [facts.cite($0.reading, .for, "Max processes is \($0.number)")]
            } ?? [])
                + (counted.map {
                    [
                        facts.cite(
                            $0, .against,
                            $0.measure == .threads
                                ? "\($0.number) of them are the server's own threads"
                                : "tasks of the server's user, \(facts.distance(of: $0))")
                    ]
                } ?? []),
            missing: [missing(facts, limit, counted)])
    }

    /// What was given already is not asked for again: tasks come and go, so that only their number at
    /// a refusal says more.
    private static func missing(
        _ facts: Case, _ limit: Setting?, _ counted: Measured?
    ) -> MissingFact {
        if let limit, let counted, counted.measure == .userTasks, limit.reading.at != nil {
            return MissingFact(
                what: "limit and number of the user's tasks at the moment of a refusal",
                why: "the user had \(counted.number) of \(limit.number) "
                    + "\(facts.distance(of: counted)); forktopsy tail samples both while forks fail",
                command: "forktopsy tail")
        }
        return MissingFact(
            what: "the limit and the number of the user's tasks",
            why: "RLIMIT_NPROC counts all threads of the user",
            command: FactCommands.tasks(facts.incident))
    }
}
