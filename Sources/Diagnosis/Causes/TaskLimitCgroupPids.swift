// SPDX-License-Identifier: Apache-2.0

internal import Model

/// The pids cgroup of the server was at its limit: systemd's TasksMax, a container's pids limit.
///
/// Mechanism: Linux v6.6, kernel/cgroup/pids.c, `pids_can_fork`: EAGAIN. The kernel writes
/// `fork rejected by pids controller` once in the life of a cgroup.
/// For: EAGAIN with that line, or pids.current at pids.max, or a rising `max` in pids.events.
/// Against: counters well below the limit; since Linux 6.11 a refusal at the limit of a group above
/// is counted there and not in the server's own.
/// Settled by: pids.current, pids.max and pids.events on the cgroup's path.
/// To do: raise TasksMax or the container's pids limit.
enum TaskLimitCgroupPids: Cause {
    static let id = CauseID.task_limit_cgroup_pids
    static let answers: Set<Incident.Kind> = [.fork_failure]

    static func judge(_ facts: Case) -> Finding? {
        let refusals = facts.refusals(.EAGAIN)
        guard !refusals.isEmpty else { return nil }
        var out = verdict(facts)
        out.evidence =
            facts.citeRefused(refusals)
            + out.evidence
        return out
    }

    private static func verdict(_ facts: Case) -> Finding {
        let lines = facts.events(.pids_rejected)
        let limit = facts.setting(.pidsMax)
        let rise = facts.rise(.pidsEventsMax)
        let counted = atLimit(facts)
        let hits = rise.map { $0.by > 0 } ?? false
        if !lines.isEmpty || hits || counted != nil {
            var out = finding(
                !lines.isEmpty || hits ? .confirmed : .likely, .high,
                "A pids cgroup (systemd TasksMax, a container's pids limit) was at its limit"
                    + (counted?.current.subject.path.map { ": \($0)." } ?? "."),
                evidence: facts.isToldByKernelOnly
                    ? []
                    : facts.cite(
                        lines, "the kernel names the pids controller as what refused"))
            if let rise, hits {
                out.evidence.append(
                    facts.cite(
                        rise.to, .for, "pids.events: refusals counted rose by \(rise.by)"))
            }
            if let counted {
                out.evidence.append(
                    facts.cite(counted.current, .for, "pids.current, at the limit"))
                out.arithmetic = [
                    facts.quantity("tasks in the group", counted.current),
                    facts.quantity(
                        "need", count: counted.current.number + 1, "one more for the child"),
                    facts.quantity("limit", counted.max),
                ]
            }
            out.remedies = remedies(
                facts, counted?.current.subject.path ?? lines.first?["cgroup"])
            return out
        }
        if let path = facts.rootGroup(.pidsCgroupPath) {
            return finding(
                .ruled_out, .high,
                "The server stands in the root of the pids controller, which "
                    + "has no limit.",
                evidence: [facts.cite(path, .against, "the path of its pids cgroup")])
        }
        if let rise, rise.by == 0, countsAll(rise.to, facts) {
            return finding(
                .ruled_out, .high, "pids.events counted no refusal while forks were refused.",
                evidence: [facts.cite(rise.to, .against, "the counter did not rise")])
        }
        if let counter = untouchedCounter(facts) {
            return finding(
                .ruled_out, .high,
                "pids.events of the server's group, and of the groups above it, had counted no "
                    + "refusal when it was read after the failures.",
                evidence: [
                    facts.cite(counter, .against, "refusals counted since the group was made")
                ]
            )
        }
        let isOwnUnlimited = limit.map { $0.isKnown && $0.number == Int64.max } ?? false
        if let limit, isOwnUnlimited, !hasAncestors(limit.reading.subject) {
            return finding(
                .ruled_out, .medium, "The server's pids cgroup has no limit, and none is above it.",
                evidence: [
                    facts.cite(limit.reading, .against, "pids.max; \(facts.reach(of: limit))")
                ])
        }
        return finding(
            .possible, isOwnUnlimited ? .low : .medium,
            isOwnUnlimited
                ? "A pids cgroup above the server's own, which has no limit, may have been at its "
                    + "limit."
                : "A pids cgroup (systemd TasksMax, a container's pids limit) may have been at its "
                    + "limit.",
            evidence: limit.map {
                isOwnUnlimited
                    ? [facts.cite($0.reading, .against, "pids.max; \(facts.reach(of: $0))")] : []
            } ?? [],
            missing: [
                MissingFact(
                    what: "pids.current, pids.max and pids.events of the server's cgroup",
                    why: "a refusal there raises the max counter",
                    command: FactCommands.pidsCgroup(facts.incident))
            ])
    }

    /// The counter of refusals of the server's group, where it and that of every group above it is 0
    /// after the failures, and the process that failed still lives in it: the counter counts since
    /// the group was made, and never backwards.
    private static func untouchedCounter(_ facts: Case) -> Measured? {
        guard let end = facts.end, !facts.hasRestarted else { return nil }
        let all = facts.incident.readings.all(.pidsEventsMax).filter {
            $0.at.map { $0 > end } ?? false && !$0.placed.isFileTime && $0.placed.tie == .own
        }
        guard let own = all.max(by: { depth($0) < depth($1) }), own.subject.path != nil,
            all.allSatisfy({ $0.number == 0 })
        else { return nil }
        let groups = Set(all.map(depth)).subtracting([0])
        return countsAll(own, facts) || groups == Set(1...depth(own)) ? own : nil
    }

    /// How many groups a group lies below the root.
    private static func depth(_ reading: Measured) -> Int {
        (reading.subject.path ?? "").split(separator: "/")
            .drop { ["sys", "fs", "cgroup", "pids"].contains($0) }.count
    }

    /// Whether the counter of a group tells of refusals at the limits of groups above it, too.
    ///
    /// Up to Linux 6.10 a refusal is counted where the task stands, whatever limit refused (Linux
    /// v6.6, kernel/cgroup/pids.c, `pids_can_fork`); since 6.11 where the limit is (`pids_event`).
    private static func countsAll(_ counter: Measured, _ facts: Case) -> Bool {
        !hasAncestors(counter.subject) || facts.kernelIsAtLeast(6, 11) == false
    }

    /// Whether a group lies below others that may have a limit; also where its path is not known.
    private static func hasAncestors(_ group: SnapshotSubject) -> Bool {
        guard let path = group.path else { return true }
        let parts = path.split(separator: "/")
        return parts.drop { ["sys", "fs", "cgroup", "pids"].contains($0) }.count > 1
    }

    /// A reading of a group in which the count had reached the limit, around the failures or while
    /// forks were still being refused.
    private static func atLimit(_ facts: Case) -> (current: Measured, max: Measured)? {
        guard let start = facts.start, let end = facts.end else { return nil }
        for placed in facts.incident.readings.snapshots {
            guard let at = placed.at, !placed.isFileTime,
                at >= start.adding(seconds: -5),
                at <= end.adding(seconds: 5) || facts.stillRefused(at: at),
                let current = placed.snapshot.value(.pidsCurrent),
                let most = placed.snapshot.value(.pidsMax)
            else { continue }
            let pair = (
                current: Measured(value: current, placed: placed),
                max: Measured(value: most, placed: placed)
            )
            if pair.current.number >= pair.max.number { return pair }
        }
        return nil
    }

    /// `group` is the one that was at its limit, where that is known: its unit is the one to change,
    /// whether it is the server's own or one above.
    private static func remedies(_ facts: Case, _ group: String?) -> [Remedy] {
        let named = group.flatMap(Case.unitWord)
        let unit = named ?? facts.unitWord
        let note = named == nil ? facts.unitNote : ""
        let readings = facts.incident.readings.all(.pidsMax) {
            group == nil || ($0.path ?? group) == group
        }.filter { $0.at != nil }
        if let lowest = readings.min(by: { $0.number < $1.number }), let newest = readings.last,
            newest.number > lowest.number, facts.forksWorkAgain
        {
            let size = newest.number == .max ? "infinity" : String(newest.number)
            return [
                Remedy(
                    order: 1,
                    text: "The limit is \(newest.number == .max ? "gone" : size) by the newest "
                        + "reading, and forks work again. Keep it over a restart.",
                    command: "sudo systemctl set-property \(unit) TasksMax=\(size)",
                    precheck: "In systemctl show -p TasksMax \(unit) it may stand already.\(note)",
                    expect: "After the next restart pids.max is still the higher one.",
                    rollback: "The value that systemctl show -p TasksMax \(unit) printed before, "
                        + "with the same command.",
                    caveat: "\(lowest.number) is what failed.", permanent: true)
            ]
        }
        let limits = readings.map(\.number).filter { $0 < .max }
        let wanted = max(4096, (limits.max() ?? 0).clampedProduct(2))
        return AccountingRemedies.numbered([
            Remedy(
                order: 0, text: "Raise the limit of the running unit; it holds from then on.",
                command: "sudo systemctl set-property \(unit) TasksMax=\(wanted)",
                precheck:
                    "systemctl status \(unit): the Tasks line shows count and limit. A server "
                    + "needs some five threads, io-threads and one child; far more than that is "
                    + "a leak in the same group. In a container: docker update --pids-limit, or "
                    + "podPidsLimit of the kubelet.\(note)",
                expect: "pids.max of the group shows it; the next save starts.",
                rollback: readings.last.flatMap { newest in
                    newest.number < .max
                        ? "sudo systemctl set-property \(unit) TasksMax=\(newest.number)" : nil
                } ?? "The limit that systemctl status showed before, with the same command.",
                caveat: named == nil
                    ? "The limit may be that of a group above; then it must be raised there."
                    : "It holds for all that runs in \(unit).",
                permanent: true)
        ])
    }
}
