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
        if !facts.refusals(.EAGAIN).isEmpty { return withEAGAIN(facts) }
        return onOldKernel(facts)
    }

    private static func withEAGAIN(_ facts: Case) -> Finding {
        let refusals = facts.refusals(.EAGAIN)
        let limits = [facts.setting(.pidMax), facts.setting(.threadsMax)].compactMap(\.self)
        let limit = limits.min { $0.number < $1.number }
        // Both limits must be known to have been far.
        if let limit, limits.count == 2, let stacks = stacks(facts),
            stacks.number / smallestStack * 2 < limit.number,
            facts.nearest(.tasks, where: Case.isHost) == nil
        {
            return finding(
                .ruled_out, .high,
                "The host had no more than "
                    + "\(grouped(Int(clamping: stacks.number / smallestStack))) tasks: each holds a "
                    + "kernel stack of 8 KiB at least (16 KiB on x86-64 since Linux 3.15 and on "
                    + "arm64), and all stacks together took "
                    + "\(ByteCount(bytes: stacks.number).description). "
                    + "\(limit.reading.measure.name) allows "
                    + "\(grouped(Int(clamping: limit.number))).",
                evidence: [
                    facts.cite(stacks, .against, "KernelStack, \(facts.distance(of: stacks))"),
                    facts.cite(limit.reading, .against, "the limit"),
                ])
        }
        if let limit, let tasks = facts.nearest(.tasks, where: Case.isHost) {
            let isReached = tasks.number * 100 >= limit.number * 95
            let isFar = tasks.number * 2 < limit.number && limits.count == 2
            // A burst of tasks leaves no trace in what is counted when it is over.
            let isOut = isFar && !isAfter(tasks, facts)
            var out = finding(
                isReached ? .likely : isOut ? .ruled_out : .possible,
                isReached ? .medium : isOut ? (isNear(tasks, facts) ? .high : .medium) : .low,
                isReached
                    ? "The host had as many tasks as \(limit.reading.measure.name) allows, or "
                        + "nearly."
                    : "The host had \(grouped(Int(clamping: tasks.number))) tasks; "
                        + "\(limit.reading.measure.name) allows "
                        + "\(grouped(Int(clamping: limit.number))).",
                evidence: [
                    facts.cite(
                        tasks, isReached ? .for : .against,
                        "tasks of the host, \(facts.distance(of: tasks))"),
                    facts.cite(limit.reading, isReached ? .for : .against, "the limit"),
                ])
            out.arithmetic = [
                facts.quantity("tasks of the host", tasks), facts.quantity("limit", limit.reading),
            ]
            if isReached { out.remedies = remedies(facts, limit) }
            return out
        }
        return finding(
            .possible, .low,
            "The host's own task limits (kernel.threads-max, kernel.pid_max) may have been reached.",
            evidence: facts.citeRefused(refusals),
            missing: [
                MissingFact(
                    what: "kernel.pid_max, kernel.threads-max and the number of tasks",
                    why: "both are limits of the whole host",
                    command: FactCommands.tasks(facts.incident))
            ])
    }

    /// The smallest kernel stack of any architecture and release (Linux v3.14 and v6.6,
    /// arch/*/include/asm/thread_info.h and page_types.h, `THREAD_SIZE`).
    private static let smallestStack: Int64 = 8 << 10

    /// All kernel stacks near the first refusal: tasks come and go.
    private static func stacks(_ facts: Case) -> Measured? {
        facts.around(.kernelStack, where: Case.isHost).filter { isNear($0, facts) }
            .max { $0.number < $1.number }
    }

    /// Whether a reading was taken when the last refusal was over, and not in its second.
    private static func isAfter(_ reading: Measured, _ facts: Case) -> Bool {
        guard let at = reading.at, let end = facts.end else { return false }
        return at > end.adding(seconds: 1)
    }

    /// Within a minute of the refusals.
    private static func isNear(_ reading: Measured, _ facts: Case) -> Bool {
        guard let at = reading.at, let start = facts.start, let end = facts.end else {
            return false
        }
        return at >= start.adding(seconds: -60) && at <= end.adding(seconds: 60)
    }

    /// Servers of that age ran on kernels that gave ENOMEM for this.
    private static func onOldKernel(_ facts: Case) -> Finding? {
        let refusals = facts.refusals(.ENOMEM)
        guard !refusals.isEmpty, facts.kernelRefusals.isEmpty else { return nil }
        if let version = facts.kernelVersion {
            guard (version.major, version.minor) < (4, 1) else { return nil }
        } else if facts.heapIsSeldomAccounted {
            return nil
        }
        return finding(
            .possible, .low,
            "On a kernel before Linux 4.1 an exhausted kernel.pid_max gives ENOMEM, too.",
            evidence: facts.citeRefused(refusals),
            missing: [
                MissingFact(
                    what: "the kernel's version, kernel.pid_max and the number of tasks",
                    why: "since Linux 4.1 a lack of process ids gives EAGAIN",
                    command: "uname -r; \(FactCommands.tasks(facts.incident))")
            ])
    }

    /// The most that kernel.pid_max can be (Linux v6.6, include/linux/threads.h, `PID_MAX_LIMIT`).
    private static let mostPIDs: Int64 = 4_194_304

    private static func remedies(_ facts: Case, _ limit: Setting) -> [Remedy] {
        let name = limit.reading.measure.name
        let now = (facts.newest(limit.reading.measure, where: Case.isHost) ?? limit.reading).number
        let find = "ps -eLo comm= | sort | uniq -c | sort -rn | head"
        let failed = limit.number
        if now > failed, facts.forksWorkAgain {
            return [
                .reading(
                    "\(name) is \(now) by the newest reading, and forks work again. Keep it over a "
                        + "reboot, and find what leaks tasks.",
                    command: "grep -rs \(name) /etc/sysctl.conf /etc/sysctl.d; \(find)",
                    expect:
                        "A file of /etc/sysctl.d sets it; the program with the most tasks comes "
                        + "first.",
                    caveat: "A leak fills the new limit, too.")
            ]
        }
        let wanted = max(now, failed).clampedProduct(2)
        guard limit.reading.measure != .pidMax || failed < mostPIDs else {
            return [
                .reading(
                    "Find what leaks tasks: \(name) cannot be higher.", command: find,
                    expect: "The program with the most tasks comes first.")
            ]
        }
        return [
            Remedy(
                order: 1, text: "Find what leaks tasks, and raise the limit meanwhile.",
                command: "sudo sysctl -w \(name)="
                    + "\(limit.reading.measure == .pidMax ? min(wanted, mostPIDs) : wanted)",
                precheck: find, expect: "The next save starts.",
                rollback: "sudo sysctl -w \(name)=\(now)",
                caveat: "A leak fills the new limit, too.", permanent: false)
        ]
    }
}
