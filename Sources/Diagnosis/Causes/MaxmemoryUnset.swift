// SPDX-License-Identifier: Apache-2.0

internal import Model

/// `maxmemory` was 0: nothing kept the server from growing into the limit.
///
/// Claim: on 64 bits 0 means no limit (redis 7.2.4, src/config.c), so the dataset grows until
/// something outside refuses or kills.
/// For: maxmemory of 0 at a server that was killed for memory, or that had grown until its fork no
/// longer fitted.
/// Against: level figures; a limit that others used up.
/// Settled by: CONFIG GET maxmemory.
/// To do: set it below the limit, with room for copies and buffers; choose the policy first, since
/// an evicting one deletes keys and `noeviction` refuses writes.
enum MaxmemoryUnset: Cause {
    static let id = CauseID.maxmemory_unset
    static let role = Finding.Role.contributing

    static func judge(_ facts: Case) -> Finding? {
        guard let setting = facts.setting(.maxmemory, where: Case.isServer), setting.number == 0
        else { return nil }
        let grew = MemoryGrowth.judge(facts).map { $0.verdict == .likely } ?? false
        guard facts.isKilledForMemory || facts.isRefusedMemory && facts.isStrict == true && grew
        else { return nil }
        var out = finding(
            .likely, .medium,
            "maxmemory was 0: nothing kept the server from growing into "
                + (facts.isKilledForMemory ? "the limit" : "what accounting allows") + ".",
            evidence: [
                facts.cite(setting.reading, .for, "maxmemory; \(facts.reach(of: setting))")
            ])
        out.remedies = [MaxmemoryRemedy.set(facts)].compactMap(\.self)
        return out
    }
}

/// A maxmemory that leaves room for what a save copies.
enum MaxmemoryRemedy {
    /// What of the limit may be data: the limit less what a child copies (a quarter where that is
    /// not known), page tables, buffers, and a tenth.
    static func fitting(_ facts: Case) -> (bytes: Int64, words: String)? {
        if facts.isRefusedMemory {
            guard let charge = facts.commitCharge(), facts.heapIsAccounted == .yes,
                charge.atLeast.bytes > 0
            else { return nil }
            // A fork accounts the server a second time.
            let others = charge.committed.number - charge.atLeast.bytes
            let bytes = (charge.ceiling - others) / 2 / 10 * 9
            return bytes > 0
                ? (
                    bytes,
                    "half of what CommitLimit leaves to the server and its child, less a tenth"
                )
                : nil
        }
        guard let room = facts.room, facts.groupAbove == nil else { return nil }
        return (share(facts, of: room.bytes), words(facts, "the limit"))
    }

    private static func share(_ facts: Case, of room: Int64) -> Int64 {
        Int64(clamping: Double(room) * 0.9 / (1 + copiedShare(facts) + 1 / 512))
    }

    private static func words(_ facts: Case, _ limit: String) -> String {
        "\(limit), less a tenth, less what a child copies "
            + "(\(Int64(clamping: (copiedShare(facts) * 100).rounded())) % of the data)"
    }

    private static func copiedShare(_ facts: Case) -> Double {
        let seen = [facts.copied?.bytes, facts.leftForCopies].compactMap(\.self).max()
        guard let seen, let held = facts.heldNearby, held.number > 0 else { return 0.25 }
        return min(1, max(0.1, Double(seen) / Double(held.number)))
    }

    /// What is advised: by the limit as it is now. Under the one that failed it must be less than what
    /// the server held then, or it would have changed nothing.
    private static func advised(_ facts: Case) -> (bytes: Int64, words: String)? {
        if let raised = facts.raisedLimit {
            let bytes = share(facts, of: raised.number)
            return facts.newest(.usedMemory, where: Case.isServer).map { $0.number < bytes } ?? true
                ? (bytes, words(facts, "the limit by the newest reading")) : nil
        }
        let mode = facts.newest(.overcommitMemory, where: Case.isHost)?.number
        if facts.isRefusedMemory, facts.incident.status == .recovered, mode != 2 { return nil }
        let held = facts.before(.usedMemory, where: Case.isServer) ?? facts.held
        return fitting(facts).flatMap { fit in
            held.map { fit.bytes < $0.number } ?? true ? fit : nil
        }
    }

    /// `nil` where no value is known that would help.
    static func set(_ facts: Case) -> Remedy? {
        guard let fit = advised(facts) else { return nil }
        let used = facts.newest(.usedMemory, where: Case.isServer)
        let isBeyond = used.map { $0.number > fit.bytes } ?? false
        let now = facts.newest(.maxmemory, where: Case.isServer)
        if let now, now.number > 0, now.number <= fit.bytes { return nil }
        return Remedy(
            order: 1,
            text:
                "A maxmemory of \(facts.spoken(fit.bytes)) would leave room for a save: \(fit.words).",
            command: "\(facts.client) CONFIG SET maxmemory \(fit.bytes)",
            precheck: "\(facts.client) CONFIG GET maxmemory-policy; \(facts.client) INFO memory | "
                + "grep used_memory: — decide first what is to happen at the limit.",
            expect:
                "\(facts.client) CONFIG GET maxmemory prints it; \(facts.client) CONFIG REWRITE "
                + "keeps it over a restart.",
            rollback: "\(facts.client) CONFIG SET maxmemory \(now?.number ?? 0)",
            caveat: (isBeyond
                ? "used_memory is above that now: at once, an evicting policy would delete keys "
                    + "and noeviction would refuse writes. "
                : "An evicting policy deletes keys at the limit, noeviction refuses writes. ")
                + "Buffers of replicas, fragmentation and a child's copies come on top of it.",
            permanent: false)
    }
}
