// SPDX-License-Identifier: Apache-2.0

internal import Model

/// A defect of this version turned a refused fork into something worse.
///
/// Claim: valkey 8.0.1, 8.1.1 and 9.1.2 leave pipes behind when the fork of a diskless full
/// synchronisation is refused; the next attempt fails an assertion in rdb.c and the master aborts
/// (recorded on those versions; redis is not affected).
enum KnownDefect: Cause {
    static let id = CauseID.known_defect
    static let role = Finding.Role.contributing

    static func judge(_ facts: Case) -> Finding? {
        guard facts.incident.instance.product == "valkey",
            let assertion = facts.events(.assertion_failed)
                .first(where: { $0["reason"]?.contains("rdb_pipe_read") ?? false }),
            !facts.events(.fork_failed).isEmpty
        else { return nil }
        return finding(
            .possible, .high,
            "The master aborted on an assertion about pipes that a refused fork had left behind: "
                + "a known defect of valkey 8.0 to 9.1. The crash is a consequence of the "
                + "refused fork.",
            evidence: [
                facts.cite(
                    assertion, .for,
                    "the assertion that follows a refused fork of "
                        + "a diskless synchronisation")
            ])
    }
}
