// SPDX-License-Identifier: Apache-2.0

internal import Model

/// The server itself could not allocate memory and aborted.
///
/// Mechanism: redis 7.2.4, src/zmalloc.c and src/server.c, `redisOutOfMemoryHandler`.
/// For: `Out Of Memory allocating N bytes` and the panic that follows.
/// Against: a crash by another signal.
/// Settled by: limits of the process (RLIMIT_AS, RLIMIT_DATA, vm.max_map_count) and the accounting
/// mode.
/// To do: lift what limited the process.
enum ServerAllocationFailed: Cause {
    static let id = CauseID.server_allocation_failed
    static let answers: Set<Incident.Kind> = [.server_crash, .save_failure]

    static func judge(_ facts: Case) -> Finding? {
        let failures = facts.events(.allocation_failed).filter {
            $0["fatal"] != nil && $0.header.role != .child
        }
        guard !failures.isEmpty else { return nil }
        if let met = AllocationLimit.met(facts) {
            var out = finding(
                .likely, .medium,
                "The server could not allocate memory and gave up: \(met.spoken).",
                evidence: facts.cite(failures, "the server names the size it asked for")
                    + met.evidence(facts))
            out.arithmetic = met.arithmetic(facts)
            out.remedies = [met.remedy(facts)].compactMap(\.self)
            return out
        }
        return finding(
            .possible, .high,
            "The server could not allocate memory and gave up; what limited it "
                + "the log does not say.",
            evidence: facts.cite(failures, "the server names the size it asked for"),
            missing: [
                MissingFact(
                    what: "limits of the process and the accounting "
                        + "mode", why: "any of them refuses an allocation",
                    command: FactCommands.addressSpace(facts.incident))
            ])
    }
}
