// SPDX-License-Identifier: Apache-2.0

internal import Model

/// The child did not come to an end: it ran far longer than its work takes, until somebody ended
/// it.
///
/// Mechanism: a child that waits for a disk, for swapped-out pages or for a replica that does not
/// read blocks every further fork of its server, since one child runs at a time (redis 7.2.4,
/// src/server.c, `hasActiveChildProcess`). The kernel reports a task that is stuck in
/// uninterruptible sleep (Linux v6.6, kernel/hung_task.c).
/// For: `INFO: task redis-server:PID blocked for more than 120 seconds`; a child that was ended by
/// a signal after many times the length of a save that worked.
/// Against: a length like that of earlier saves; an OOM kill.
/// Settled by: rdb_current_bgsave_time_sec and current_save_keys_processed of INFO, read twice:
/// a hung child's keys stand still; /proc/PID/stack and wchan of the child.
/// To do: mend what it waits for (disk, network file system, swap); then end the child, not the
/// server.
enum ChildHung: Cause {
    static let id = CauseID.child_hung
    static let answers: Set<Incident.Kind> = [.save_failure]

    static func judge(_ facts: Case) -> Finding? {
        guard facts.incident.kind == .save_failure, facts.oomVictims.isEmpty else { return nil }
        let stuck = facts.events(.hung_task)
        let length = length(facts)
        let isLong = length.map { isFarTooLong($0.seconds, facts) } ?? false
        guard !stuck.isEmpty || isLong else { return nil }
        var out = verdict(facts, stuck, length)
        out.evidence = facts.cite(stuck, "the kernel reports a task that does not go on")
        if let length {
            out.evidence += [
                facts.cite(length.start, .for, "the child began"),
                facts.cite(length.end, .for, "the child was ended"),
            ]
            out.arithmetic.append(
                Quantity(
                    name: "the child had run", value: length.seconds, unit: "seconds",
                    source: "from its start to the signal"))
        }
        if let usual = usual(facts) { out.arithmetic.append(usual) }
        out.missing = [
            MissingFact(
                what: "what the child waits for",
                why: "a child that works reads and writes; one that hangs does not",
                command: "\(facts.client) INFO persistence | grep -E "
                    + "'current_bgsave_time|current_save_keys'; C=$(pgrep -f 'redis-rdb-bgsave|"
                    + "redis-aof-rewrite'); sudo cat /proc/$C/stack /proc/$C/wchan /proc/$C/io")
        ]
        if out.verdict == .likely {
            out.remedies = [
                .reading(
                    "See what the child waits for before it is ended: the disk, a network file "
                        + "system or swap must work first.",
                    command: "C=$(pgrep -f 'redis-rdb-bgsave|redis-aof-rewrite'); sudo cat "
                        + "/proc/$C/stack /proc/$C/wchan /proc/$C/io; cat /proc/pressure/io",
                    expect: "A stack in the file system's or the swap's code, and io that stands "
                        + "still.",
                    caveat: "End the child and not the server: the server goes on, and the next "
                        + "save begins anew.")
            ]
        }
        return out
    }

    private static func verdict(
        _ facts: Case, _ stuck: [Event], _ length: (seconds: Double, start: Event, end: Event)?
    ) -> Finding {
        guard let line = stuck.last else {
            return finding(
                .possible, .low,
                "The child may have hung: it had run for "
                    + "\(spokenDuration(seconds: length?.seconds ?? 0)) when it was ended, many "
                    + "times the length of a save that worked.")
        }
        // In a container the kernel's process id is another than the log's.
        let isChild = line.int("pid").map { pid in
            facts.events(.child_started).contains { $0.int("child_pid") == pid }
        }
        let seconds = line["seconds"].map { " for more than \($0) s" } ?? ""
        return finding(
            isChild ?? false ? .likely : .possible, isChild ?? false ? .medium : .low,
            "\(isChild ?? false ? "The child" : "A process of the server") was stuck in the "
                + "kernel\(seconds), as one is that waits for a disk, a network file system or "
                + "swapped-out pages.")
    }

    /// From the start of a child to the signal that ended it.
    private static func length(
        _ facts: Case
    ) -> (seconds: Double, start: Event, end: Event)? {
        guard let end = facts.events(.child_killed).first(where: { $0.int("signal") != 10 }),
            let to = end.at
        else { return nil }
        let start = facts.events(.child_started).last { $0.at.map { $0 <= to } ?? false }
        guard let start, let from = start.at else { return nil }
        return (to.seconds(since: from), start, end)
    }

    /// The longest save that worked, by the log or by INFO.
    private static func usual(_ facts: Case) -> Quantity? {
        if let longest = facts.incident.persistence.saves.longestSeconds {
            return Quantity(
                name: "longest save that worked", value: longest, unit: "seconds",
                source: "the log")
        }
        // -1 says that none has finished yet, and nothing else.
        guard let last = facts.before(.lastSaveSeconds, where: Case.isServer), last.real >= 0 else {
            return nil
        }
        return facts.quantity("last save that finished", last)
    }

    private static func isFarTooLong(_ seconds: Double, _ facts: Case) -> Bool {
        guard seconds >= 300 else { return false }
        guard let usual = usual(facts) else { return false }
        return seconds >= 10 * max(usual.value, 1)
    }
}
