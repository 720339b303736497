// SPDX-License-Identifier: Apache-2.0

internal import Model

/// The server itself refused, since a child was still running: no kernel refusal.
///
/// Mechanism: redis 6.0 and later, src/server.c, `redisFork`: errno is set to EEXIST.
/// For: `File exists` after a fork message, more so with a child in progress by INFO.
/// Against: nothing; the text comes from the server alone.
/// Settled by: the log itself.
/// To do: nothing on the host; find what asks for forks while one runs (modules, overlapping
/// BGSAVE).
enum AnotherChildActive: Cause {
    static let id = CauseID.another_child_active
    static let answers: Set<Incident.Kind> = [.fork_failure]

    static func judge(_ facts: Case) -> Finding? {
        let refusals = facts.refusals(.EEXIST)
        guard !refusals.isEmpty else { return nil }
        let running = [Measure.saveInProgress, .rewriteInProgress].lazy.compactMap {
            facts.recent($0, where: Case.isServer)
        }.first { $0.number == 1 }
        return finding(
            running == nil ? .possible : .likely, .high,
            "The server refused the fork itself, because a child was still "
                + "running (EEXIST); the kernel was not asked.",
            evidence: facts.cite(refusals, "EEXIST is set by the server before it forks")
                + (running.map {
                    [
                        facts.cite(
                            $0, .for,
                            "\($0.measure.name) of INFO was 1, \(facts.distance(of: $0))")
                    ]
                } ?? []),
            missing: [
                MissingFact(
                    what: "which child was running", why: "one child at a time is allowed",
                    command: "\(facts.client) INFO persistence | grep -E 'in_progress|current'")
            ],
            remedies: running == nil
                ? []
                : [
                    .reading(
                        "Find what asks for a fork while one runs; nothing is wrong with the host.",
                        command:
                            "\(facts.client) INFO persistence | grep -E 'in_progress|current'; "
                            + "\(facts.client) MODULE LIST",
                        expect: "The child that runs, and modules that may fork.")
                ])
    }
}
