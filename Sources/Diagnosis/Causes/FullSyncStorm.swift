// SPDX-License-Identifier: Apache-2.0

internal import Model

/// Replicas asked for a full synchronisation again and again, each time forcing a fork.
///
/// Claim: a refused replica reconnects within a second and asks again (redis 7.2.4,
/// src/replication.c); there is no delay as there is for save points.
/// For: dozens of refused forks for full synchronisations.
/// Against: synchronisations that go on where they were (sync_partial_ok rising).
/// Settled by: the log; sync_full of INFO.
/// To do: mend what refuses the fork: the storm is its consequence. repl-diskless-sync-delay lets
/// several replicas share a fork, and a larger repl-backlog-size spares some of them.
enum FullSyncStorm: Cause {
    static let id = CauseID.full_sync_storm
    static let role = Finding.Role.contributing

    static func judge(_ facts: Case) -> Finding? {
        let count = facts.incident.failures.byOperation[.full_sync] ?? 0
        guard count >= 20 else { return nil }
        return finding(
            .possible, .high,
            "Replicas asked for a full synchronisation again and again: "
                + "\(grouped(count)) refused forks.",
            evidence: facts.cite(facts.events(.fork_failed), "refused again and again"))
    }
}
