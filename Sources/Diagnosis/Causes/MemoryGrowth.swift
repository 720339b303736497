// SPDX-License-Identifier: Apache-2.0

internal import Model

/// Memory grew until the limit was met: a trend, not an event.
///
/// Claim: data, client buffers or a leak had grown steadily up to the failure; a straight line
/// through the readings meets the limit near the first failure.
/// For: used_memory, resident memory, the cgroup's usage or Committed_AS rising by a tenth and
/// more, and a line that meets the limit when the failures began.
/// Against: level figures; a limit that was lowered instead.
/// Settled by: readings over hours or days: the rise goes on, or ends with a load that is done.
/// To do: find what grows (`redis-cli --bigkeys`, keys without a TTL); bound it with maxmemory,
/// knowing what its policy does.
enum MemoryGrowth: Cause {
    static let id = CauseID.memory_growth
    static let role = Finding.Role.contributing

    static func judge(_ facts: Case) -> Finding? {
        if facts.isRefusedMemory { return ofFork(facts) }
        if facts.isKilledForMemory { return ofKill(facts) }
        if facts.incident.kind == .write_refusal, let growth = ofServer(facts) {
            let limit = facts.setting(.maxmemory, where: Case.isServer).flatMap {
                $0.number > 0 ? $0 : nil
            }
            return out(
                facts, growth, limit.map { ($0.number, facts.quantity("limit", $0.reading)) })
        }
        return nil
    }

    private static func ofServer(_ facts: Case) -> Growth? {
        facts.growth(.usedMemory, where: Case.isServer)
            ?? facts.growth(.usedMemoryRSS, where: Case.isServer)
            ?? facts.growth(.vmRSS, where: Case.isServerProcess)
    }

    /// Growth counts where accounting could refuse, and not where the limit came down instead.
    private static func ofFork(_ facts: Case) -> Finding? {
        guard facts.isStrict ?? true else { return nil }
        if let crossing = facts.commitCrossing {
            let (a, b) = (crossing.before.charge, crossing.after.charge)
            let grew = b.needAtLeast - a.needAtLeast
            guard grew > a.ceiling - b.ceiling,
                let growth = facts.growth(.committedAS, where: Case.isHost)
            else { return nil }
            let limit = b.ceiling - b.atLeast.bytes
            return out(
                facts, growth,
                (
                    limit,
                    facts.quantity(
                        "limit for Committed_AS", bytes: limit,
                        "CommitLimit without reserves and what a fork accounts")
                ))
        }
        guard !facts.hasCommitPoints, let growth = ofServer(facts), growth.share >= 0.2 else {
            return nil
        }
        return out(facts, growth, nil)
    }

    private static func ofKill(_ facts: Case) -> Finding? {
        if facts.isKilledByCgroup, let use = facts.cgroupUse, use.isLimited {
            let isThis: (SnapshotSubject) -> Bool = {
                $0.scope == .cgroup && ($0.path ?? "") == use.path
            }
            guard
                let growth = facts.growth(.cgroupUsage, where: isThis) ?? ofServer(facts)
            else { return nil }
            return out(
                facts, growth, (use.limit.number, facts.quantity("limit", use.limit.reading)))
        }
        return ofServer(facts).map { out(facts, $0, nil) }
    }

    // MARK: - What it comes to

    private static func out(
        _ facts: Case, _ growth: Growth, _ limit: (bytes: Int64, quantity: Quantity)?
    ) -> Finding {
        let meets = limit.flatMap { growth.crossing($0.bytes) }
        let isNear = meets.flatMap { at in
            facts.start.map { abs(at.seconds(since: $0)) <= max(60, growth.seconds / 4) }
        }
        var out = finding(
            isNear ?? false ? .likely : .possible, isNear ?? false ? .medium : .low,
            "\(name(growth.last.measure)) had grown from \(facts.spoken(growth.first.number)) to "
                + "\(facts.spoken(growth.last.number)) within "
                + "\(spokenDuration(seconds: growth.seconds)) before the first failure"
                + when(facts, meets, isNear) + ".",
            evidence: [
                facts.cite(growth.first, .for, "first of \(grouped(growth.count)) readings"),
                facts.cite(growth.last, .for, "last before the failure"),
            ])
        out.arithmetic = [
            facts.quantity("first reading", growth.first),
            facts.quantity("last reading", growth.last),
            Quantity(
                name: "growth", value: growth.perSecond.rounded(), unit: "bytes/s",
                source: "a straight line through \(grouped(growth.count)) readings"),
        ]
        if let limit { out.arithmetic.append(limit.quantity) }
        out.remedies = [remedy(facts)]
        return out
    }

    private static func name(_ measure: Measure) -> String {
        switch measure {
        case .committedAS: "Committed_AS"
        case .cgroupUsage: "The memory cgroup's usage"
        case .vmRSS: "The server's resident memory"
        default: measure.name
        }
    }

    private static func when(_ facts: Case, _ meets: Timestamp?, _ isNear: Bool?) -> String {
        guard let meets, let start = facts.start, let isNear else { return "" }
        let distance = Case.distance(meets, from: start)
        return isNear
            ? "; a straight line through the readings meets the limit \(distance)"
            : "; a straight line through the readings would have met the limit only \(distance)"
    }

    private static func remedy(_ facts: Case) -> Remedy {
        .reading(
            "Find what grows: large keys, keys without a TTL, buffers of clients.",
            command: "\(facts.client) INFO keyspace; \(facts.client) INFO memory | grep -E "
                + "'used_memory_(dataset|overhead)|mem_clients|not_counted'; \(facts.client) "
                + "--bigkeys -i 0.01",
            expect:
                "An expires figure far below keys says that most keys stay for ever; a high overhead "
                + "points at clients and replicas, not at data.",
            caveat: "--bigkeys reads every key, in small steps; run it on a replica if there is "
                + "one.")
    }
}
