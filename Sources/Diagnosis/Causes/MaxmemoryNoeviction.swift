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
        guard !refusals.isEmpty else { return nil }
        return finding(
            .possible, .high,
            "Commands were refused at maxmemory; this has nothing to do with "
                + "fork.",
            evidence: facts.cite(refusals, "the reply a server gives at maxmemory"),
            missing: [
                MissingFact(
                    what: "maxmemory, its policy and used_memory", why: "they show the margin",
                    command: "\(FactCommands.client(facts.incident)) INFO memory | grep -E "
                        + "'used_memory:|maxmemory'")
            ])
    }
}
