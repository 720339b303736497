// SPDX-License-Identifier: Apache-2.0

internal import Model

/// Writes are refused at maxmemory: a setting of the server, no fork problem.
///
/// Mechanism: redis 7.2.4, src/server.c, `processCommand`: OOM replies when used_memory exceeds
/// maxmemory and nothing may be evicted.
/// For: `OOM command not allowed when used memory > 'maxmemory'` in a client's log.
/// Against: refused writes with MISCONF, which follow from a failed save.
/// Settled by: INFO memory (used_memory, maxmemory, maxmemory_policy).
/// To do: raise maxmemory where RAM allows, or remove data on purpose; an evicting policy deletes
/// keys.
enum MaxmemoryNoeviction: Cause {
    static let id = CauseID.maxmemory_noeviction
    static let answers: Set<Incident.Kind> = [.write_refusal]

    static func judge(_ facts: Case) -> Finding? {
        let refusals = facts.events(.memory_refused)
        let over = readingOver(facts)
        let count = countedRefusals(facts)
        guard
            !refusals.isEmpty
                || (over != nil || count != nil) && facts.incident.kind == .write_refusal
        else { return nil }
        guard let over else {
            if refusals.isEmpty, let count { return told(count) }
            return finding(
                .possible, .high,
                "Commands were refused at maxmemory; this has nothing to do with fork.",
                evidence: facts.cite(refusals, "the reply a server gives at maxmemory"),
                missing: [
                    MissingFact(
                        what: "maxmemory, its policy and used_memory", why: "they show the margin",
                        command: "\(FactCommands.client(facts.incident)) INFO memory | grep -E "
                            + "'used_memory:|maxmemory'")
                ])
        }
        var out = finding(
            .confirmed, .high,
            "The server was at maxmemory, and its policy is to evict nothing: commands that need "
                + "memory are refused. No fork and no kernel limit is involved.",
            evidence: facts.cite(refusals, "the reply a server gives at maxmemory") + [
                facts.cite(over.used, .for, "used_memory, \(facts.distance(of: over.used))"),
                facts.cite(over.limit, .for, "maxmemory"),
            ])
        out.arithmetic = [
            facts.quantity("used", over.used), facts.quantity("limit", over.limit),
        ]
        out.remedies = remedies(facts, over)
        return out
    }

    /// INFO's count of refused commands, where no reading shows the limit exceeded.
    private static func countedRefusals(_ facts: Case) -> Measured? {
        facts.around(.memoryRefusals, where: Case.isServer).first {
            $0.placed.snapshot.countsRefusalsAtMaxmemory
        }
    }

    private static func told(_ count: Measured) -> Finding {
        finding(
            .likely, .high,
            "The server refused commands at maxmemory, since its policy is to evict nothing. No fork and "
                + "no kernel limit is involved.",
            evidence: [
                Evidence(
                    .for, "INFO counts \(counted(Int(clamping: count.number), "refused command"))",
                    at: count.at, source: count.source)
            ])
    }

    /// An INFO of the incident in which used_memory had reached maxmemory under noeviction.
    private static func readingOver(_ facts: Case) -> (used: Measured, limit: Measured)? {
        guard let start = facts.start else { return nil }
        let end = facts.incident.recoveredAt ?? facts.end ?? start
        for placed in facts.incident.readings.snapshots {
            guard let at = placed.at, at >= start.adding(seconds: -30),
                at <= end.adding(seconds: 5), placed.snapshot.isAtMaxmemory,
                let used = placed.snapshot.value(.usedMemory),
                let limit = placed.snapshot.value(.maxmemory)
            else { continue }
            return (Measured(value: used, placed: placed), Measured(value: limit, placed: placed))
        }
        return nil
    }

    private static func remedies(
        _ facts: Case, _ over: (used: Measured, limit: Measured)
    ) -> [Remedy] {
        let newest = facts.newest(.maxmemory, where: Case.isServer) ?? over.limit
        if newest.number == 0 || newest.number > over.limit.number,
            facts.incident.status == .recovered
        {
            return [kept(facts, newest, over.limit)]
        }
        let highest = max(newest.number, over.limit.number, over.used.number)
        let higher = highest / 4 * 5
        let raise = facts.hostHolds(higher) ? [raise(facts, to: higher, from: newest)] : []
        return AccountingRemedies.numbered(raise + [remove(facts, isFirst: raise.isEmpty)])
    }

    private static func raise(_ facts: Case, to higher: Int64, from newest: Measured) -> Remedy {
        Remedy(
            order: 0,
            text: "Raise maxmemory to \(facts.spoken(higher)), where the host has room for it and "
                + "for copy-on-write.",
            command: "\(facts.client) CONFIG SET maxmemory \(higher)",
            precheck:
                "RAM (by `free -b`) and, in a container, the cgroup's limit must exceed the new "
                + "value by what a save copies.",
            expect: "\(facts.client) INFO errorstats: errorstat_OOM no longer rises.",
            rollback: "\(facts.client) CONFIG SET maxmemory \(newest.number)",
            caveat: "It buys time; what grows goes on growing. For good: CONFIG REWRITE.",
            permanent: false)
    }

    private static func remove(_ facts: Case, isFirst: Bool) -> Remedy {
        Remedy(
            order: 0,
            text: "\(isFirst ? "Remove" : "Or remove") data on purpose, or let keys expire.",
            command: "\(facts.client) --bigkeys",
            precheck: "The commands that delete are yours to choose.",
            expect: "used_memory falls below maxmemory.",
            rollback: "Nothing to take back: the command only reads. What is deleted later is "
                + "gone.",
            caveat: "An evicting policy (allkeys-lru and others) ends the refusals by deleting "
                + "keys that nobody chose. That is right for a cache only.",
            permanent: false)
    }

    /// It was raised, and commands are taken again.
    private static func kept(_ facts: Case, _ newest: Measured, _ old: Measured) -> Remedy {
        Remedy(
            order: 1,
            text: "The limit is "
                + (newest.number == 0 ? "off" : "a maxmemory of \(facts.spoken(newest.number))")
                + " by the newest reading, and commands are taken again. Keep it over a restart.",
            command: "\(facts.client) CONFIG REWRITE",
            precheck: "\(facts.client) CONFIG GET maxmemory prints \(newest.number); "
                + "\(facts.client) INFO server: config_file names the file that is written.",
            expect: "It prints OK, and the file has that maxmemory.",
            rollback: "The file's earlier line; maxmemory \(old.number) is what was too low.",
            caveat: "It buys time; what grows goes on growing. RAM and, in a container, the "
                + "cgroup's limit must exceed the value by what a save copies.",
            permanent: true)
    }
}
