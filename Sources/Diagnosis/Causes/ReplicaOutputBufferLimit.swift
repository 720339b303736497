// SPDX-License-Identifier: Apache-2.0

internal import Model

/// A replica was dropped at its output buffer limit, which ended a synchronisation or forced a new
/// one.
///
/// Mechanism: redis 7.2.4, src/networking.c, `checkClientOutputBufferLimits`:
/// client-output-buffer-limit replica.
/// For: `scheduled to be closed ASAP for overcoming of output buffer limits` with flags=S.
/// Against: a connection lost without that line.
/// Settled by: the log; CONFIG GET client-output-buffer-limit shows the value.
/// To do: raise the limit for replicas and repl-backlog-size; find why the replica reads slowly.
enum ReplicaOutputBufferLimit: Cause {
    static let id = CauseID.replica_output_buffer_limit
    static let answers: Set<Incident.Kind> = [.save_failure]

    static func judge(_ facts: Case) -> Finding? {
        let drops = facts.events(.output_buffer_exceeded)
        guard !drops.isEmpty else { return nil }
        let client = FactCommands.client(facts.incident)
        return finding(
            .possible, .high,
            "The master dropped a replica whose output buffer passed its "
                + "limit; its synchronisation had to be made again.",
            evidence: facts.cite(drops, "the server names the limit itself"),
            missing: [
                MissingFact(
                    what: "the limit and the replication "
                        + "backlog", why: "they tell how long a replica may lag",
                    command: "\(client) CONFIG GET client-output-buffer-limit; \(client) CONFIG "
                        + "GET repl-backlog-size")
            ])
    }
}
