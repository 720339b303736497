// SPDX-License-Identifier: Apache-2.0

internal import Model

/// A replica was dropped at its output buffer limit, which ended a synchronisation or forced a new
/// one.
///
/// Mechanism: redis 7.2.4, src/networking.c, `checkClientOutputBufferLimits`:
/// client-output-buffer-limit replica.
/// For: `scheduled to be closed ASAP for overcoming of output buffer limits` with flags=S.
/// Against: a connection lost without that line.
/// Settled by: the log; CONFIG GET client-output-buffer-limit shows the value.
/// To do: raise the limit for replicas and repl-backlog-size; find why the replica reads slowly.
enum ReplicaOutputBufferLimit: Cause {
    static let id = CauseID.replica_output_buffer_limit
    static let answers: Set<Incident.Kind> = [.save_failure]

    static func judge(_ facts: Case) -> Finding? {
        let drops = facts.events(.output_buffer_exceeded)
        guard !drops.isEmpty else { return nil }
        let client = FactCommands.client(facts.incident)
        let seen = corroboration(facts)
        var out = finding(
            seen.isEmpty ? .possible : .likely, .high,
            "The master dropped a replica whose output buffer passed its limit; its "
                + "synchronisation had to be made again.",
            evidence: facts.cite(drops, "the server names the limit itself") + seen,
            missing: [
                MissingFact(
                    what: "the limit and the replication backlog",
                    why: "they tell how long a replica may lag",
                    command: "\(client) CONFIG GET client-output-buffer-limit; \(client) CONFIG "
                        + "GET repl-backlog-size")
            ])
        if !seen.isEmpty { out.remedies = remedies(facts) }
        return out
    }

    /// INFO that shows the drop or the synchronisation that followed.
    private static func corroboration(_ facts: Case) -> [Evidence] {
        var out: [Evidence] = []
        if let rise = rise(.fullSyncs, facts) {
            out.append(
                facts.cite(
                    rise.to, .for, "full synchronisations counted rose by \(rise.by) (sync_full)"))
        }
        if let rise = rise(.outputBufferDisconnections, facts) {
            out.append(
                facts.cite(
                    rise.to, .for, "disconnections at an output buffer limit rose by \(rise.by)"))
        }
        let replicas = readings(.connectedReplicas, facts)
        if let before = replicas.first,
            let least = replicas.dropFirst().min(by: { $0.number < $1.number }),
            least.number < before.number
        {
            out.append(
                facts.cite(
                    least, .for, "connected replicas: \(least.number), of \(before.number) before"))
        }
        return out
    }

    /// How much a counter of the server rose over the incident.
    private static func rise(_ measure: Measure, _ facts: Case) -> (by: Int64, to: Measured)? {
        let all = readings(measure, facts)
        guard let first = all.first,
            let to = all.dropFirst().first(where: { $0.number > first.number })
        else { return nil }
        return (to.number - first.number, to)
    }

    /// The last reading before the drop and all after it up to one after the recovery. INFO is dated
    /// by the server itself, so that a reading right after the drop is none before it.
    private static func readings(_ measure: Measure, _ facts: Case) -> [Measured] {
        guard let start = facts.start else { return [] }
        let end = (facts.incident.recoveredAt ?? facts.end ?? start).adding(seconds: 30)
        let dated = facts.incident.readings.all(measure, where: Case.isServer).filter {
            !$0.placed.isFileTime && !$0.placed.snapshot.isChange
                && $0.at.map { $0 <= end } ?? false
        }
        guard let before = dated.last(where: { $0.at.map { $0 < start } ?? false }) else {
            return []
        }
        return [before] + dated.filter { $0.at.map { $0 >= start } ?? false }
    }

    // MARK: - What to do

    private static func remedies(_ facts: Case) -> [Remedy] {
        let caveat =
            "The buffers are memory of the server outside maxmemory. Why the replica reads slowly "
            + "(its disk, its network, a stopped process) remains to be found."
        let text = "Let a slow replica catch up: a larger output buffer and backlog."
        let reached = facts.events(.output_buffer_exceeded).compactMap(\.waitingBytes).max() ?? 0
        guard let now = facts.newest(.configOutputBufferLimit, where: Case.isServer),
            let old = ReplicaLimit(now.text), let wanted = old.doubled(beyond: reached),
            facts.hostHolds(wanted.hard + (facts.heldNearby?.number ?? 0))
        else {
            return [
                .reading(
                    text,
                    command: "\(facts.client) CONFIG GET client-output-buffer-limit; "
                        + "\(facts.client) CONFIG GET repl-backlog-size; free -b",
                    expect:
                        "The limits of the class replica (slave before 5.0): hard, soft and its "
                        + "seconds. Set twice what is printed, by CONFIG SET"
                        + (reached > 0
                            ? "; the replica had \(facts.spoken(reached)) waiting when it was "
                                + "dropped." : "."),
                    caveat: caveat)
            ]
        }
        var (set, undo) = (old.command(wanted, facts), old.command(old, facts))
        if let backlog = facts.newest(.configBacklogSize, where: Case.isServer), backlog.number > 0
        {
            let name = "\(facts.client) CONFIG SET repl-backlog-size"
            set += "; \(name) \(backlog.number.clampedProduct(2))"
            undo += "; \(name) \(backlog.number)"
        }
        return [
            Remedy(
                order: 1, text: text, command: set,
                precheck: "\(facts.client) CONFIG GET client-output-buffer-limit, and `free -b`: "
                    + "each slow replica may take that much on top.",
                expect: "The log shows no further 'overcoming of output buffer limits'; sync_full "
                    + "stays.",
                rollback: undo, caveat: caveat, permanent: false)
        ]
    }
}

/// The limits of replicas' output buffers, as CONFIG GET prints them: `slave 268435456 67108864 60`.
private struct ReplicaLimit {
    /// `slave` or `replica`, as the server calls it.
    var name: String
    /// Bytes; 0 is none.
    var hard: Int64
    var soft: Int64
    var seconds: Int64

    init?(_ text: String) {
        let words = text.split(separator: " ").map(String.init)
        guard let at = words.firstIndex(where: { ["slave", "replica"].contains($0) }),
            words.count >= at + 4, let hard = Int64(words[at + 1]),
            let soft = Int64(words[at + 2]), let seconds = Int64(words[at + 3])
        else { return nil }
        (name, self.hard, self.soft, self.seconds) = (words[at], hard, soft, seconds)
    }

    /// Limits twice as high, and than what was reached; `nil` where there is none to be raised.
    func doubled(beyond reached: Int64) -> ReplicaLimit? {
        guard hard > 0 || soft > 0 else { return nil }
        var out = self
        if hard > 0 { out.hard = max(hard, reached).clampedProduct(2) }
        if soft > 0 { out.soft = soft.clampedProduct(2) }
        out.seconds = max(seconds, 120)
        return out
    }

    func command(_ limit: ReplicaLimit, _ facts: Case) -> String {
        "\(facts.client) CONFIG SET client-output-buffer-limit '\(name) \(limit.hard) "
            + "\(limit.soft) \(limit.seconds)'"
    }
}

extension Event {
    /// What waited for a client in its output buffer, by the line about it.
    fileprivate var waitingBytes: Int64? {
        let field = self["client"]?.split(separator: " ").first { $0.hasPrefix("omem=") }
        return field.flatMap { Int64($0.dropFirst(5)) }
    }
}
