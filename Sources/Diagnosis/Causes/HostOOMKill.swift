// SPDX-License-Identifier: Apache-2.0

internal import Model

/// The host ran out of memory and the OOM killer (or systemd-oomd, earlyoom) killed the child or
/// the server.
///
/// Mechanism: Linux v6.6, mm/oom_kill.c.
/// For: `Out of memory: Killed process`, `CONSTRAINT_NONE`, a daemon's own kill line. `Killed process` alone, as kernels
/// up to 4.20 write it, is the same line for a cgroup's limit: those before it tell.
/// Against: no such line in a kernel log that covers the time.
/// Settled by: the kernel log.
/// To do: find what else grew; leave room for copy-on-write; do not turn the OOM killer off.
enum HostOOMKill: Cause {
    static let id = CauseID.host_oom_kill
    static let answers: Set<Incident.Kind> = [
        .oom_kill, .save_failure, .server_crash, .write_refusal,
    ]

    static func judge(_ facts: Case) -> Finding? {
        // After a refused fork a kill is a consequence, and no answer to what refused.
        guard facts.incident.kind != .fork_failure else { return nil }
        let lines = facts.oomVictims.filter { [.host, .daemon].contains($0.killScope(facts)) }
        let kills = facts.kills(9)
        let flag = ContainerKill.flag(facts).flatMap { $0.number == 1 ? $0 : nil }
        guard !facts.oomVictims.isEmpty || !(kills + facts.vanished).isEmpty || flag != nil else {
            return nil
        }
        if let daemon = lines.first, lines.allSatisfy({ $0.kind != .oom_victim }) {
            return ended(by: daemon, facts, lines)
        }
        if !lines.isEmpty {
            var out = finding(
                .confirmed, .high,
                "The OOM killer ended \(OOMVictim.spoken(facts)) because the whole host was out of "
                    + "memory.",
                evidence: facts.cite(lines, "the kernel names the process it killed"))
            out.arithmetic = OOMVictim.arithmetic(facts) + room(facts)
            out.remedies = remedies(facts)
            return out
        }
        if let group = facts.oomVictims.first(where: { $0.killScope(facts) == .group }) {
            return finding(
                .ruled_out, .high, "The kill was for a cgroup's limit, not for the host's memory.",
                evidence: [facts.cite(group, .against, "the kernel names the group")])
        }
        if let out = ruledOut(facts) { return out }
        if flag == nil, facts.countedKills == nil, let log = KernelSilence.log(facts) {
            return byDaemon(facts, log)
        }
        var out = possible(facts, kills)
        if let flag {
            out.evidence.append(
                facts.cite(
                    flag, .for,
                    ContainerKill.statement(flag)
                        + "; on cgroup v2 a kill for the whole host's memory counts, too"))
        }
        return out
    }

    /// A daemon that acts before the kernel does. Pressure is measured in one group, and may be that of
    /// the group's own limit.
    private static func ended(by daemon: Event, _ facts: Case, _ lines: [Event]) -> Finding {
        let group = (daemon["unit"] ?? daemon["cgroup"])?.split(separator: "/").last ?? "a group"
        let act: String
        var isHost = true
        if daemon.kind == .earlyoom_kill {
            act =
                "earlyoom, which acts on memory that runs low before the kernel's OOM killer does, "
                + "sent \(daemon["name"] ?? "a signal") to \(OOMVictim.spoken(facts))."
        } else if let pressed = daemon["limit_cgroup"] {
            isHost = false
            act =
                "systemd-oomd, which acts before the kernel's OOM killer does, killed \(group) for "
                + "memory pressure in \(pressed)."
        } else {
            isHost = daemon["used_bytes"] != nil
            act =
                "systemd-oomd, which acts before the kernel's OOM killer does, killed \(group)"
                + (isHost ? ", since memory and swap were nearly used up." : ".")
        }
        var out = finding(
            isHost ? .confirmed : .likely, isHost ? .high : .medium, act,
            evidence: facts.cite(lines, "the line tells what the daemon did"))
        out.arithmetic = room(facts)
        out.remedies = remedies(facts)
        return out
    }

    /// Plenty available right before the kill.
    private static func ruledOut(_ facts: Case) -> Finding? {
        if let counter = facts.unmoved(.oomKills, where: Case.isHost) {
            return finding(
                .ruled_out, .high, "The kernel's counter of OOM kills did not rise.",
                evidence: [facts.cite(counter, .against, "oom_kill of /proc/vmstat")])
        }
        guard let total = facts.nearest(.memTotal, where: Case.isHost),
            let lowest = lowestAvailable(facts), lowest.number > total.number / 5
        else { return nil }
        return finding(
            .ruled_out, .medium,
            "The host had \(ByteCount(bytes: lowest.number).description) available right before "
                + "the kill: neither the kernel nor an OOM daemon acts on that.",
            evidence: [
                facts.cite(lowest, .against, "MemAvailable, \(facts.distance(of: lowest))")
            ])
    }

    /// The lowest MemAvailable within ten seconds before each kill; `nil` where one is not covered.
    private static func lowestAvailable(_ facts: Case) -> Measured? {
        var lowest: Measured?
        for event in facts.kills(9) + facts.vanished {
            guard let at = event.at,
                let reading = facts.before(.memAvailable, at, where: Case.isHost),
                let read = reading.at, at.seconds(since: read) <= 10
            else { return nil }
            if lowest.map({ reading.number < $0.number }) ?? true { lowest = reading }
        }
        return lowest
    }

    private static func possible(_ facts: Case, _ kills: [Event]) -> Finding {
        finding(
            .possible, .medium,
            facts.oomVictims.isEmpty
                ? "The OOM killer may have ended the \(kills.isEmpty ? "server" : "child") because "
                    + "the whole host was out of memory."
                : "The OOM killer ended \(OOMVictim.spoken(facts)), perhaps because the whole host "
                    + "was out of memory.",
            evidence: OOMVictim.bare(facts)
                + facts.cite(
                    kills, "signal 9 to the child; the OOM killer sends it, and so does kill -9")
                + facts.cite(
                    facts.vanished, "the server was gone without a word, as after signal 9"),
            missing: [OOMVictim.missing(facts)])
    }

    /// What is left where the kernel logged no kill of its own.
    private static func byDaemon(_ facts: Case, _ log: KernelLog) -> Finding {
        finding(
            .possible, .low,
            "The kernel logged no OOM kill at that time; a daemon that acts before it does "
                + "(systemd-oomd, earlyoom) may have killed for want of memory.",
            evidence: [KernelSilence.evidence(log, .against)],
            missing: [
                MissingFact(
                    what: "what such a daemon logged", why: "each logs whom it kills",
                    command: FactCommands.daemonLines(facts.incident))
            ])
    }

    private static func room(_ facts: Case) -> [Quantity] {
        [
            facts.before(.memTotal, where: Case.isHost).map { facts.quantity("RAM", $0) },
            facts.before(.memAvailable, where: Case.isHost).map {
                facts.quantity("available before it", $0)
            },
            facts.before(.swapFree, where: Case.isHost).map { facts.quantity("free swap", $0) },
        ].compactMap(\.self)
    }

    private static func remedies(_ facts: Case) -> [Remedy] {
        let client = FactCommands.client(facts.incident)
        return AccountingRemedies.numbered(
            [
                Remedy(
                    order: 0, text: "See who held the memory before anything is changed.",
                    command: FactCommands.kernelLines(facts.incident),
                    precheck: "The kernel log still reaches back to the kill.",
                    expect:
                        "The report's task table lists every process with its pages; the largest "
                        + "need not be the server.",
                    rollback: "Nothing to take back: it only reads.",
                    caveat: "A neighbour that grew is moved or limited, not the server.",
                    permanent: false),
                Remedy(
                    order: 0,
                    text: "Leave room for copy-on-write: move neighbours away, add RAM, or lower "
                        + "maxmemory.",
                    command: "\(client) INFO memory | grep -E 'used_memory(_rss)?:|maxmemory'",
                    precheck: "\(client) CONFIG GET maxmemory-policy: an evicting policy deletes "
                        + "keys when maxmemory is lowered.",
                    expect: "MemAvailable stays above what a save copies.",
                    rollback: "Nothing to take back: the command only reads.",
                    caveat: "vm.overcommit_memory=1 does not help here: it lets more forks start "
                        + "that then meet the same end.",
                    permanent: false),
            ] + OOMVictim.shield(facts, from: 0))
    }
}
