// SPDX-License-Identifier: Apache-2.0

internal import Model

/// Under strict accounting (`vm.overcommit_memory=2`) the memory that a fork must account did not
/// fit under CommitLimit.
///
/// Mechanism: fork charges every private writable mapping of the parent in full, touched or not
/// (Linux v6.6, kernel/fork.c, `dup_mmap`; mm/util.c, `__vm_enough_memory`). Free RAM does not
/// help.
/// For: ENOMEM from fork while the mode is 2 and Committed_AS plus the parent's accounted mappings
/// reach CommitLimit; a kernel line `__vm_enough_memory`.
/// Against: mode 0 or 1 at the moment of the failure.
/// Settled by: the mode, CommitLimit, Committed_AS and the accounted mappings at that time.
/// To do: `vm.overcommit_memory=1`, a higher `vm.overcommit_ratio`, or swap; not more free RAM.
enum CommitLimitStrict: Cause {
    static let id = CauseID.commit_limit_strict
    static let answers: Set<Incident.Kind> = [.fork_failure]

    static func judge(_ facts: Case) -> Finding? {
        let refusals = facts.refusals(.ENOMEM)
        guard !refusals.isEmpty else { return nil }
        let kernel = facts.events(.kernel_commit_refused)
        return finding(
            .possible, confidence(facts),
            "The mode of memory accounting may have been strict (vm.overcommit_memory=2), and "
                + "the fork did not fit under CommitLimit.",
            evidence: facts.cite(refusals, "fork returned ENOMEM")
                + facts.cite(
                    kernel,
                    "the kernel refused to account a mapping: an accounting "
                        + "refusal, in mode 0 or 2")
                + facts.overcommitEvidence(strict: true),
            missing: [
                MissingFact(
                    what: "overcommit mode, CommitLimit and Committed_AS at the time of the "
                        + "failure",
                    why: "only mode 2 enforces CommitLimit", command: FactCommands.overcommit),
                MissingFact(
                    what: "how much of the server's memory is accounted",
                    why: "fork charges accounted mappings only; a jemalloc heap may not be",
                    command: FactCommands.mappings(facts.incident)),
            ])
    }

    /// Lower where the start-up lines show another mode, which may have been changed since.
    private static func confidence(_ facts: Case) -> Finding.Confidence {
        switch facts.overcommitAtStart {
        case .zero, .silent(_, couldBeStrict: false): .low
        case .notOne, .silent, .unknown: .medium
        }
    }
}
