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
        if let mode = facts.overcommitMode, mode.isKnown, mode.number != 0 {
            return finding(
                .ruled_out, .high,
                "vm.overcommit_memory was \(mode.number): the heuristic belongs to mode 0.",
                evidence: [
                    facts.cite(
                        mode.reading, .against, "the mode was not 0; \(facts.reach(of: mode))")
                ])
        }
        var out = verdict(facts)
        out.evidence =
            facts.citeRefused(refusals) + modeEvidence(facts)
            + facts.citeKernelRefusals
            + facts.overcommitEvidence(strict: false) + out.evidence
            + AccountingEvidence.fix(facts)
        if out.verdict != .ruled_out { out.missing = missing(facts) }
        if out.verdict == .confirmed || out.verdict == .likely {
            out.remedies = AccountingRemedies.heuristic(facts)
        }
        return out
    }

    private static func verdict(_ facts: Case) -> Finding {
        let mode = facts.overcommitMode
        if let mode, mode.number != 0, facts.kernelShowsStrict == nil {
            // Read at another time only, else it would be ruled out.
            return finding(
                .possible, .low,
                "Heuristic accounting (vm.overcommit_memory=0) may have refused one large mapping; at "
                    + "the time at which the mode was read it was another.")
        }
        let isZero = mode != nil
        let isModern = facts.kernelRefusals.isEmpty ? facts.kernelIsAtLeast(5, 2) : true
        switch isModern {
        case true: return modern(facts, isZero: isZero, isKnown: mode?.isKnown ?? false)
        case false: return old(facts, isZero: isZero)
        default:
            return finding(
                .possible, isZero ? .medium : startConfidence(facts),
                "Heuristic accounting (vm.overcommit_memory=0) may have refused one large mapping; "
                    + "by which rule depends on the kernel's version, which is not known.")
        }
    }

    // MARK: - Linux 5.2 and later

    /// One mapping larger than RAM and swap together.
    private static func modern(_ facts: Case, isZero: Bool, isKnown: Bool) -> Finding {
        let named = facts.kernelRefusals.compactMap { $0.int("bytes") }.map(Int64.init).max()
        guard let (ram, swap) = facts.ramAndSwap else {
            return finding(
                isZero && isKnown && named != nil ? .likely : .possible,
                isZero ? .medium : startConfidence(facts),
                isZero && named != nil
                    ? "Heuristic accounting (vm.overcommit_memory=0) refused one mapping larger "
                        + "than RAM and swap together."
                    : "Heuristic accounting (vm.overcommit_memory=0) may have refused one mapping "
                        + "larger than RAM and swap together.")
        }
        let room = ram.number + (swap?.number ?? 0)
        let largest = facts.nearest(.accountedLargest, where: Case.isServerProcess)
            .flatMap { facts.isOutgrown($0) && $0.number < room ? nil : $0 }
        let size = facts.recent(.vmSize, where: Case.isServerProcess)
            .flatMap { facts.isOutgrown($0) ? nil : $0 }
        var out: Finding
        if let bytes = named ?? largest?.number {
            let isTooLarge = bytes > room && swap != nil
            out = finding(
                isTooLarge
                    ? (isZero && isKnown ? .confirmed : isZero ? .likely : .possible)
                    : bytes > room ? .possible : .ruled_out,
                isTooLarge ? .high : .medium,
                isTooLarge
                    ? "\(isZero ? "Heuristic accounting (vm.overcommit_memory=0) refused" : "Heuristic accounting (vm.overcommit_memory=0) would have refused") "
                        + "one mapping of \(spoken(bytes)), more than RAM and swap together "
                        + "(\(spoken(room)))."
                    : bytes > room
                        ? "Heuristic accounting (vm.overcommit_memory=0) may have refused one "
                            + "mapping of \(spoken(bytes)), more than RAM; how much swap there "
                            + "was is not known."
                        : "The largest mapping in question, \(spoken(bytes)), is smaller than RAM and "
                            + "swap together (\(spoken(room))): mode 0 lets it pass since Linux 5.2."
            )
            out.arithmetic = [
                facts.quantity(
                    "need", bytes: bytes,
                    named != nil
                        ? "the mapping that the kernel's line names"
                        : largest.map {
                            "smaps: the largest accounted mapping, \($0.source.spoken)"
                        }
                            ?? "")
            ]
        } else if let size, size.number < room {
            out = finding(
                .ruled_out, .high,
                "All of the server's address space, \(spoken(size.number)), is smaller than RAM "
                    + "and swap together (\(spoken(room))): no single mapping can be larger.",
                evidence: [facts.cite(size, .against, "VmSize bounds every mapping")])
        } else {
            out = finding(
                .possible, isZero ? .medium : startConfidence(facts),
                "Heuristic accounting (vm.overcommit_memory=0) may have refused one mapping larger "
                    + "than RAM and swap together.")
        }
        out.arithmetic += [facts.quantity("RAM", ram)]
        if let swap { out.arithmetic.append(facts.quantity("swap", swap)) }
        out.arithmetic.append(
            facts.quantity("limit", bytes: room, "RAM and swap, for one mapping (Linux 5.2 on)"))
        return out
    }

    // MARK: - Evidence

    private static func modeEvidence(_ facts: Case) -> [Evidence] {
        guard let mode = facts.overcommitMode else { return [] }
        return [
            facts.cite(
                mode.reading, mode.number == 0 ? .for : .against,
                "vm.overcommit_memory was \(mode.number); \(facts.reach(of: mode))")
        ]
    }

    private static func missing(_ facts: Case) -> [MissingFact] {
        var out: [MissingFact] = []
        // A mode that was read after the failure is not asked for again: it would be that of now.
        let parts = [
            facts.overcommitMode.map { $0.isKnown || $0.reach == .after } ?? false
                ? nil : "overcommit mode",
            facts.kernelVersion == nil && facts.kernelRefusals.isEmpty ? "kernel version" : nil,
            facts.ramAndSwap == nil ? "RAM and swap" : nil,
        ].compactMap(\.self)
        if let last = parts.last {
            let others = parts.dropLast().joined(separator: ", ")
            out.append(
                MissingFact(
                    what: others.isEmpty ? last : "\(others) and \(last)",
                    why: parts.contains("kernel version")
                        ? "mode 0 refuses by another rule before Linux 5.2 than after"
                        : "in mode 0 one mapping is held against RAM and swap",
                    command: FactCommands.overcommit))
        }
        if facts.nearest(.accountedLargest, where: Case.isServerProcess) == nil,
            facts.kernelRefusals.isEmpty
        {
            out.append(
                MissingFact(
                    what: "the largest accounted mapping of the server",
                    why: "mode 0 checks mapping by mapping",
                    command: FactCommands.mappings(facts.incident)))
        }
        return out
    }

    private static func spoken(_ bytes: Int64) -> String { ByteCount(bytes: bytes).description }

    /// Lower where the start-up lines show another mode, and for servers whose heap this mode does
    /// not account.
    private static func startConfidence(_ facts: Case) -> Finding.Confidence {
        switch facts.overcommitAtStart {
        case .zero: .medium
        case .silent: .low
        case .notOne, .unknown: facts.heapIsSeldomAccounted ? .low : .medium
        }
    }
}
