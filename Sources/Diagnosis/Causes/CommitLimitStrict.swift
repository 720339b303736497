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
        if let mode = facts.overcommitMode, mode.isKnown, mode.number != 2 {
            return finding(
                .ruled_out, .high,
                "vm.overcommit_memory was \(mode.number): CommitLimit is enforced in mode 2 only.",
                evidence: [
                    facts.cite(
                        mode.reading, .against, "the mode was not 2; \(facts.reach(of: mode))")
                ])
        }
        let charge = facts.commitCharge()
        var out = verdict(facts, charge)
        out.evidence =
            facts.citeRefused(refusals) + modeEvidence(facts)
            + facts.citeKernelRefusals
            + facts.overcommitEvidence(strict: true) + out.evidence + AccountingEvidence.fix(facts)
        if let charge { out.arithmetic = AccountingEvidence.arithmetic(facts, charge) }
        if out.verdict != .confirmed { out.missing = missing(facts, charge) }
        if out.verdict == .confirmed || out.verdict == .likely {
            out.remedies = AccountingRemedies.strict(facts, charge)
        }
        return out
    }

    static let kernelSays =
        "the kernel refused to account a mapping of the server: an accounting refusal, in mode "
        + "0 or 2"

    // MARK: - How sure

    private static func verdict(_ facts: Case, _ charge: CommitCharge?) -> Finding {
        let isStrict = facts.overcommitMode.map { $0.number == 2 } ?? false
        let isKnown = facts.overcommitMode.map { facts.isKnownDuring($0) } ?? false
        guard isStrict else { return withoutMode(facts) }
        let claim =
            "Memory accounting was strict (vm.overcommit_memory=2), and what the fork had to "
            + "account did not fit under CommitLimit"
        let isTimely = charge.map { $0.moment == .before || $0.moment == .between } ?? false
        switch charge?.answer {
        case .refused:
            let isSure = (isKnown && isTimely) || !facts.kernelRefusals.isEmpty
            return finding(
                isSure ? .confirmed : .likely,
                isSure ? .high : isTimely || charge?.moment == .soonAfter ? .medium : .low,
                claim + shortfall(facts, charge) + ".")
        case .fits where facts.kernelRefusals.isEmpty:
            return finding(
                .possible, .low,
                "Memory accounting was strict (vm.overcommit_memory=2), but by the figures that were "
                    + "read \(moment(facts, charge)) the fork would have fitted under CommitLimit.",
                evidence: charge.map {
                    [
                        facts.cite(
                            $0.committed, .against,
                            "Committed_AS and all that the server could have to account stay "
                                + "below the limit")
                    ]
                } ?? [])
        case .marginal:
            return finding(
                .likely, isTimely ? .medium : .low,
                claim + ", by a margin within the slack of the kernel's counters: marginal.")
        case .straddles:
            return finding(
                !facts.kernelRefusals.isEmpty && isKnown ? .confirmed : .likely,
                isTimely ? .medium : .low,
                "Memory accounting was strict (vm.overcommit_memory=2), which refuses forks that do "
                    + "not fit under CommitLimit. Whether this one did cannot be seen: how much of "
                    + "the server is accounted is known only between bounds, and the limit lies "
                    + "between them.")
        case .fits, .unknown, nil:
            guard facts.kernelRefusals.isEmpty else {
                return finding(isKnown ? .confirmed : .likely, .high, claim + ".")
            }
            return finding(
                .likely, isKnown ? .medium : .low,
                claim + ": that is what refuses in this mode; "
                    + (charge == nil
                        ? "CommitLimit and Committed_AS of that time are missing."
                        : "how much of the server is accounted is missing."))
        }
    }

    /// `: it was 512 MiB short`, and by figures of when.
    private static func shortfall(_ facts: Case, _ charge: CommitCharge?) -> String {
        guard let charge else { return "" }
        let bytes = charge.needAtLeast - charge.ceiling
        let when = charge.moment == .before ? "" : "by figures read \(moment(facts, charge)) "
        let size = ByteCount(bytes: bytes).description
        // Then even a fork that accounts nothing is refused.
        if charge.atLeast.bytes == 0 {
            return ": \(when)Committed_AS was \(size) beyond what the server may use before the "
                + "fork; what the fork had to account on top is not known"
        }
        return ": \(when)it was \(charge.isExact ? "" : "at least ")\(size) short"
    }

    /// `2 s after the last failure, while nothing had succeeded`.
    private static func moment(_ facts: Case, _ charge: CommitCharge?) -> String {
        guard let charge else { return "" }
        guard charge.moment != .undated, let read = charge.committed.at, let end = facts.end else {
            return "at a time that is not known"
        }
        switch charge.moment {
        case .soonAfter, .longAfter:
            return "\(spokenDuration(seconds: read.seconds(since: end))) after the last failure, "
                + "while nothing had succeeded,"
        case .before, .between, .undated: return facts.distance(of: charge.committed)
        }
    }

    /// The kernel's line alone: since it exists (Linux 6.1) mode 0 refuses only what is larger
    /// than RAM and swap together.
    private static func withoutMode(_ facts: Case) -> Finding {
        if let (ram, largest) = facts.kernelShowsStrict {
            return finding(
                .likely, facts.overcommitMode == nil ? .high : .medium,
                "Memory accounting must have been strict (vm.overcommit_memory=2): the kernel "
                    + "refused to account a mapping smaller than RAM and swap together, which "
                    + "mode 0 never does on a kernel that prints this line.",
                evidence: [
                    facts.cite(
                        ram, .for, "RAM: the refused mapping of \(spoken(largest)) is smaller")
                ])
        }
        if let mode = facts.overcommitMode {
            // Read after the failure only, or at a time that is not known, as 0 or 1.
            return finding(
                .possible, .low,
                "The mode of memory accounting may have been strict (vm.overcommit_memory=2) when "
                    + "the fork was refused; "
                    + (mode.reach == .after ? "after the failure" : "when it was read")
                    + " it was not.")
        }
        return finding(
            .possible, startConfidence(facts),
            "The mode of memory accounting may have been strict (vm.overcommit_memory=2), and "
                + "the fork did not fit under CommitLimit.")
    }

    private static func spoken(_ bytes: Int64) -> String { ByteCount(bytes: bytes).description }

    /// Lower where the start-up lines show another mode, which may have been changed since.
    private static func startConfidence(_ facts: Case) -> Finding.Confidence {
        switch facts.overcommitAtStart {
        case .zero, .silent(_, couldBeStrict: false): .low
        case .notOne, .silent, .unknown: .medium
        }
    }

    private static func modeEvidence(_ facts: Case) -> [Evidence] {
        guard let mode = facts.overcommitMode else { return [] }
        return [
            facts.cite(
                mode.reading, mode.number == 2 ? .for : .against,
                "vm.overcommit_memory was \(mode.number); \(facts.reach(of: mode))")
        ]
    }

    // MARK: - What would settle it

    private static func missing(_ facts: Case, _ charge: CommitCharge?) -> [MissingFact] {
        var out: [MissingFact] = []
        let isKnown = facts.overcommitMode?.isKnown ?? false
        // A reading of now says nothing more of then than the one that was given.
        let hasMode = isKnown || facts.overcommitMode?.reach == .after
        if !hasMode || charge == nil {
            out.append(
                MissingFact(
                    what: hasMode
                        ? "CommitLimit and Committed_AS at the time of the failure"
                        : "overcommit mode, CommitLimit and Committed_AS at the time of the "
                            + "failure",
                    why: "only mode 2 enforces CommitLimit", command: FactCommands.overcommit))
        }
        if facts.nearest(.accounted, where: Case.isServerProcess) == nil,
            charge?.answer != .refused || charge?.atLeast.reading == nil
        {
            out.append(
                MissingFact(
                    what: "how much of the server's memory is accounted",
                    why: "fork charges accounted mappings only; a jemalloc heap may not be",
                    command: FactCommands.mappings(facts.incident)))
        }
        return out
    }
}
