// SPDX-License-Identifier: Apache-2.0

internal import Model

/// `maxmemory` left too little between the data and the limit for a save's copies and buffers.
///
/// Claim: maxmemory counts data and most buffers; not replicas' and AOF buffers, fragmentation,
/// page tables and the pages that a child's work copies (redis 7.2.4, src/evict.c,
/// `getMaxmemoryState`). All of them count towards the limit of a cgroup and of the host.
/// For: maxmemory, and what a child copied, together above the limit, at a server that was killed.
/// Against: room for both.
/// Settled by: maxmemory, the limit, and rdb_last_cow_size.
/// To do: lower maxmemory, or raise the limit.
enum MaxmemoryTooCloseToLimit: Cause {
    static let id = CauseID.maxmemory_too_close_to_limit
    static let role = Finding.Role.contributing

    static func judge(_ facts: Case) -> Finding? {
        guard facts.isKilledForMemory || facts.isRefusedMemory && facts.isStrict == true,
            let setting = facts.setting(.maxmemory, where: Case.isServer), setting.number > 0,
            let fit = MaxmemoryRemedy.fitting(facts), setting.number > fit.bytes,
            // A server that uses a fraction of it is not held back by it.
            facts.heldNearby.map({ $0.number >= setting.number / 2 }) ?? true
        else { return nil }
        var out = finding(
            .likely, .medium,
            "maxmemory (\(facts.spoken(setting.number))) leaves too little for a save: "
                + "\(facts.spoken(fit.bytes)) would have fitted (\(fit.words)).",
            evidence: [
                facts.cite(setting.reading, .for, "maxmemory; \(facts.reach(of: setting))")
            ] + (facts.copied.map { [$0.evidence] } ?? []))
        out.arithmetic = [facts.quantity("maxmemory", setting.reading)]
        if facts.isKilledForMemory, let room = facts.room { out.arithmetic.append(room.quantity) }
        out.arithmetic.append(facts.quantity("would have fitted", bytes: fit.bytes, fit.words))
        out.remedies = [MaxmemoryRemedy.set(facts)].compactMap(\.self)
        return out
    }
}
