// SPDX-License-Identifier: Apache-2.0

internal import Model

/// What shows how a fork was, or was not, accounted.
enum AccountingEvidence {
    /// The sum that the kernel makes, term by term.
    static func arithmetic(_ facts: Case, _ charge: CommitCharge) -> [Quantity] {
        var out = [facts.quantity(committedName(facts, charge), charge.committed)]
        guard charge.atLeast.bytes > 0 || charge.atMost != nil else {
            return out + [facts.quantity("CommitLimit", charge.limit)] + composition(facts, charge)
        }
        if let most = charge.atMost, most.bytes != charge.atLeast.bytes {
            if charge.atLeast.bytes > 0 {
                out.append(
                    term("accounted by the fork, at least", charge.atLeast, facts))
            }
            out.append(term("accounted by the fork, at most", most, facts))
            out.append(
                facts.quantity(
                    "need", bytes: charge.needAtLeast,
                    "Committed_AS and what the fork accounts at least"))
            out.append(
                facts.quantity(
                    "need, at most", bytes: charge.committed.number + most.bytes,
                    "Committed_AS and what the fork accounts at most"))
        } else {
            let name =
                charge.atMost == nil ? "accounted by the fork, at least" : "accounted by the fork"
            out.append(term(name, charge.atLeast, facts))
            out.append(
                facts.quantity(
                    "need", bytes: charge.needAtLeast, "Committed_AS and what the fork accounts"))
        }
        out.append(facts.quantity("CommitLimit", charge.limit))
        out += composition(facts, charge)
        out.append(
            facts.quantity(
                "kept back for root", bytes: charge.adminReserve,
                reserveSource(facts, charge)))
        out.append(
            facts.quantity(
                "kept back for the user", bytes: charge.userReserve,
                "the lower of VmSize/32 and vm.user_reserve_kbytes"))
        out.append(
            facts.quantity("limit", bytes: charge.ceiling, "CommitLimit without what is kept back"))
        return out + shortfall(facts, charge)
    }

    /// What is not read is the kernel's default, and of a server that may run as root nothing is kept.
    private static func reserveSource(_ facts: Case, _ charge: CommitCharge) -> String {
        if charge.adminReserve == 0 { return "the server may use it" }
        let isRead = facts.nearest(.adminReserve, where: Case.isHost) != nil
        return "vm.admin_reserve_kbytes" + (isRead ? "" : ", by its default")
            + (facts.isPrivileged == nil ? "; nothing if the server runs as root" : "")
    }

    /// When Committed_AS was read: a refused fork leaves it as it was.
    private static func committedName(_ facts: Case, _ charge: CommitCharge) -> String {
        guard let read = charge.committed.at, let start = facts.start,
            !charge.committed.placed.isFileTime
        else { return "Committed_AS, when is not known" }
        if read <= start { return "Committed_AS before the fork" }
        return "Committed_AS after a refused fork, which gives back what it had accounted"
    }

    /// By the lower and, where there is another one, by the upper bound.
    private static func shortfall(_ facts: Case, _ charge: CommitCharge) -> [Quantity] {
        let least = charge.needAtLeast - charge.ceiling
        let text = "need less limit; below zero it fits"
        // A lower bound that fits says nothing.
        if charge.needAtMost == nil, least < 0 { return [] }
        guard let most = charge.needAtMost, most != charge.needAtLeast else {
            let name = charge.needAtMost == nil ? "shortfall, at least" : "shortfall"
            return [facts.quantity(name, bytes: least, text)]
        }
        return [
            facts.quantity("shortfall, at least", bytes: least, text),
            facts.quantity("shortfall, at most", bytes: most - charge.ceiling, text),
        ]
    }

    private static func term(
        _ name: String, _ part: (bytes: Int64, source: String, reading: Measured?), _ facts: Case
    ) -> Quantity {
        let place = part.reading.map { "; \($0.source.spoken), \(facts.distance(of: $0))" } ?? ""
        return facts.quantity(name, bytes: part.bytes, part.source + place)
    }

    /// How CommitLimit comes about: `overcommit_kbytes`, or a share of RAM without huge pages, and
    /// swap in both cases (Linux v6.6, mm/util.c, `vm_commit_limit`). Terms that do not make up the limit
    /// were cut, or are of another time: then they explain nothing.
    private static func composition(_ facts: Case, _ charge: CommitCharge) -> [Quantity] {
        var out: [Quantity] = []
        let swap = facts.before(.swapTotal, where: Case.isHost)
        if let kbytes = facts.setting(.overcommitKbytes), kbytes.number > 0 {
            out.append(facts.quantity("of it by vm.overcommit_kbytes", kbytes.reading))
        } else if let ratio = facts.setting(.overcommitRatio),
            let total = facts.nearest(.memTotal, where: Case.isHost)
        {
            let huge = hugePages(facts)
            out.append(
                facts.quantity(
                    "of it by vm.overcommit_ratio",
                    bytes: max(0, total.number - huge).clampedProduct(ratio.number) / 100,
                    "\(ratio.number) % of MemTotal"
                        + (huge > 0 ? " without huge pages" : "")
                        + ", \(ratio.reading.source.spoken)"))
        }
        if let swap { out.append(facts.quantity("of it by swap", swap)) }
        let limit = Double(charge.limit.number)
        let sum = out.reduce(0) { $0 + $1.value }
        return swap == nil || abs(sum - limit) <= limit * 0.03 ? out : []
    }

    static func hugePages(_ facts: Case) -> Int64 {
        if let all = facts.nearest(.hugeTLB, where: Case.isHost) { return max(0, all.number) }
        guard let count = facts.nearest(.hugePagesTotal, where: Case.isHost),
            let size = facts.nearest(.hugePageSize, where: Case.isHost)
        else { return 0 }
        return max(0, count.number.clampedProduct(size.number))
    }

    /// Logs of commands are stamped to the second: within it, which came first is not known.
    private static let stampTolerance = 1.0

    /// That a change of the mode was followed by success, or was not.
    static func fix(_ facts: Case) -> [Evidence] {
        guard let change = facts.modeSetToOne ?? facts.modeLeftStrict,
            let at = change.at?.adding(seconds: Self.stampTolerance),
            let last = facts.incident.lastFailureAt
        else { return [] }
        if let recovered = facts.incident.recoveredAt, change.at.map({ $0 <= recovered }) ?? false,
            at >= last
        {
            return [
                facts.cite(
                    change, .for,
                    "vm.overcommit_memory became \(change.number), and the next one succeeded: the "
                        + "change worked")
            ]
        }
        guard wentOn(facts) else { return [] }
        return [
            facts.cite(
                change, .against,
                "vm.overcommit_memory became 1, and forks went on failing: in that mode accounting "
                    + "refuses nothing, so something else refused those")
        ]
    }

    /// Whether forks were refused while vm.overcommit_memory was 1, which cannot have been
    /// accounting (Linux v6.6, mm/util.c, `__vm_enough_memory`).
    static func wentOn(_ facts: Case) -> Bool {
        guard facts.clockConflict == nil, let change = facts.modeSetToOne,
            change.placed.tie == .own,
            let from = change.at?.adding(seconds: stampTolerance),
            let last = facts.refusals(.ENOMEM).compactMap(\.at).max(), from < last
        else { return false }
        // Somebody may have taken it back before that.
        return facts.incident.readings.last(
            .overcommitMemory, atOrBefore: last, where: Case.isHost)?.number == 1
    }

    /// The findings with what a change of the mode shows that did not help: accounting is at most
    /// possible then, for the forks that were refused before it.
    static func weighed(_ findings: [Finding], _ facts: Case) -> [Finding] {
        guard wentOn(facts) else { return findings }
        return findings.map { finding in
            guard isAccounting(finding), finding.verdict != .ruled_out else { return finding }
            var out = finding
            out.verdict = .possible
            out.confidence = .low
            out.statement +=
                " It does not account for the forks that were refused after vm.overcommit_memory "
                + "had become 1."
            out.remedies = []
            return out
        }
    }
    /// Candidates with those at the end that cannot account for the last failures.
    static func weakestLast(_ open: [Finding], _ facts: Case) -> [Finding] {
        guard wentOn(facts) else { return open }
        return open.filter { !isAccounting($0) } + open.filter(isAccounting)
    }

    private static func isAccounting(_ finding: Finding) -> Bool {
        [CauseID.commit_limit_strict, .overcommit_heuristic_refusal].map(\.rawValue)
            .contains(finding.id)
    }
}
