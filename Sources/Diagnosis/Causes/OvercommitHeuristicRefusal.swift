// SPDX-License-Identifier: Apache-2.0

internal import Model

/// Under heuristic accounting (`vm.overcommit_memory=0`) one mapping was too large.
///
/// Mechanism: since Linux 5.2 mode 0 refuses a single mapping larger than RAM plus swap; before,
/// one larger than free memory, page cache and free swap (Linux v6.6 and v4.19, mm/util.c,
/// `__vm_enough_memory`). fork checks mapping by mapping.
/// For: ENOMEM, mode 0, and one accounted mapping beyond that bound (or a kernel before 5.2).
/// Against: mode 1 or 2; on 5.2 and later, no mapping larger than RAM plus swap.
/// Settled by: the mode, the kernel's version, the largest accounted mapping.
/// To do: `vm.overcommit_memory=1` where there is room for copy-on-write.
enum OvercommitHeuristicRefusal: Cause {
    static let id = CauseID.overcommit_heuristic_refusal
    static let answers: Set<Incident.Kind> = [.fork_failure]

    static func judge(_ facts: Case) -> Finding? {
        let refusals = facts.refusals(.ENOMEM)
        guard !refusals.isEmpty else { return nil }
        return finding(
            .possible, confidence(facts),
            "Heuristic accounting (vm.overcommit_memory=0) may have refused one large mapping.",
            evidence: facts.cite(refusals, "fork returned ENOMEM")
                + facts.cite(
                    facts.events(.kernel_commit_refused),
                    "the kernel refused to "
                        + "account a mapping: an accounting refusal, in mode 0 or 2")
                + facts.overcommitEvidence(strict: false),
            missing: [
                MissingFact(
                    what: "overcommit mode, kernel version, RAM and swap",
                    why: "mode 0 refuses by another rule before Linux 5.2 than after",
                    command: FactCommands.overcommit),
                MissingFact(
                    what: "the largest accounted mapping of the server",
                    why: "mode 0 checks mapping by mapping",
                    command: FactCommands.mappings(facts.incident)),
            ])
    }

    /// Lower where the start-up lines show another mode, and for servers whose heap this mode does
    /// not account.
    private static func confidence(_ facts: Case) -> Finding.Confidence {
        switch facts.overcommitAtStart {
        case .zero: .medium
        case .silent: .low
        case .notOne, .unknown: facts.heapIsSeldomAccounted ? .low : .medium
        }
    }
}
