// SPDX-License-Identifier: Apache-2.0

internal import Model

/// The kernel killed the child or the server inside its memory cgroup.
///
/// Mechanism: copy-on-write during a save raises the cgroup's usage to its limit; the OOM killer
/// takes the largest process (Linux v6.6, mm/oom_kill.c, mm/memcontrol.c).
/// For: `Memory cgroup out of memory: Killed process`, `oom-kill:constraint=CONSTRAINT_MEMCG`; less
/// so a container with a limit of which the runtime or Kubernetes says `OOMKilled`, and a rising
/// `oom_kill` counter of a group that met its limit: that counter counts kills for the whole host's
/// memory as well.
/// Against: a kill line with `CONSTRAINT_NONE`, or of a daemon; no line in a kernel log that covers
/// the time; a kill by hand prints the same in
/// the server's log.
/// Settled by: the kernel log; memory.events of the cgroup.
/// To do: raise the limit by the copy-on-write seen, or lower maxmemory.
enum CgroupMemoryOOMKill: Cause {
    static let id = CauseID.cgroup_memory_oom_kill
    static let answers: Set<Incident.Kind> = [
        .oom_kill, .save_failure, .server_crash, .write_refusal,
    ]

    static func judge(_ facts: Case) -> Finding? {
        // After a refused fork a kill is a consequence, and no answer to what refused.
        guard facts.incident.kind != .fork_failure else { return nil }
        let lines = facts.oomVictims.filter { $0.killScope(facts) == .group }
        let kills = facts.kills(9)
        let flag = ContainerKill.flag(facts)
        guard !facts.oomVictims.isEmpty || !(kills + facts.vanished).isEmpty || flag?.number == 1
        else { return nil }
        if !lines.isEmpty {
            return confirmed(
                facts, .confirmed, .high,
                facts.cite(lines, "the kernel names the process it killed"))
        }
        if let rise = facts.countedKills, let limit = facts.metLimit {
            return confirmed(
                facts, .likely, limit.statement == "the group has a limit" ? .medium : .high,
                [
                    facts.cite(
                        rise.to, .for, "the group's counter of OOM kills rose by \(rise.by)"),
                    limit,
                ])
        }
        if let out = ruledOut(facts) { return out }
        if !facts.oomVictims.isEmpty, let limit = facts.metLimit,
            limit.statement != "the group has a limit"
        {
            return confirmed(facts, .likely, .medium, OOMVictim.bare(facts) + [limit])
        }
        if let flag, flag.number == 1, ContainerKill.hasLimit(flag) {
            return confirmed(
                facts, .likely, .medium,
                facts.cite(kills, "signal 9 to the child, which the OOM killer sends")
                    + gone(facts)
                    + [facts.cite(flag, .for, ContainerKill.statement(flag))])
        }
        var out = possible(facts, kills)
        if let rise = facts.countedKills {
            out.evidence.append(
                facts.cite(
                    rise.to, .for,
                    "the group's counter of OOM kills rose by \(rise.by); it counts kills for the "
                        + "whole host's memory, too"))
        }
        if let flag { out.evidence.append(ContainerKill.evidence(facts, flag)) }
        return out
    }

    private static func confirmed(
        _ facts: Case, _ verdict: Finding.Verdict, _ confidence: Finding.Confidence,
        _ evidence: [Evidence]
    ) -> Finding {
        var out = finding(
            verdict, confidence,
            "The OOM killer ended \(OOMVictim.spoken(facts)) inside its memory cgroup.",
            evidence: evidence)
        out.arithmetic = OOMVictim.arithmetic(facts)
        out.remedies = CgroupRemedies.raiseLimit(facts) + OOMVictim.shield(facts, from: 3)
        return out
    }

    private static func ruledOut(_ facts: Case) -> Finding? {
        if let victim = facts.oomVictims.first(where: { $0.killScope(facts) != .unknown }) {
            let named = facts.events(.oom_constraint).first { $0["pid"] == victim["pid"] }
            let scope = named?["constraint"].map { " (constraint=\($0))" } ?? ""
            return finding(
                .ruled_out, .high,
                victim.kind == .oom_victim
                    ? "The kill was not for the limit of a memory cgroup\(scope)."
                    : "A daemon ended it, and not the kernel at the limit of a memory cgroup.",
                evidence: [
                    facts.cite(
                        named ?? victim, .against,
                        victim.kind == .oom_victim
                            ? "the kernel says for whose want of memory it killed"
                            : "a daemon killed it, and not the kernel")
                ])
        }
        // With the server its group goes, and a new one counts from 0.
        if facts.vanished.isEmpty, facts.countedKills == nil,
            let counter = facts.unmoved(.cgroupOOMKills, where: Case.isCgroup)
        {
            return finding(
                .ruled_out, .high, "The group's counter of OOM kills did not rise.",
                evidence: [facts.cite(counter, .against, "the counter after the kill")])
        }
        if let log = KernelSilence.log(facts), facts.countedKills == nil,
            ContainerKill.flag(facts)?.number != 1
        {
            return finding(
                .ruled_out, .medium, "The kernel logged no OOM kill at that time.",
                evidence: [KernelSilence.evidence(log, .against)])
        }
        if let outside = facts.isOutsideMemoryCgroups {
            return finding(
                .ruled_out, .medium, "The server stands in no control group that counts memory.",
                evidence: [facts.cite(outside, .against, "its control groups")])
        }
        if let use = facts.cgroupUse, !use.isLimited, use.limit.isKnown {
            return finding(
                .ruled_out, .medium, "The server's cgroup has no memory limit.",
                evidence: [
                    facts.cite(
                        use.limit.reading, .against, "no limit; \(facts.reach(of: use.limit))")
                ])
        }
        return nil
    }

    private static func gone(_ facts: Case) -> [Evidence] {
        facts.cite(facts.vanished, "the server was gone without a word, as after signal 9")
    }

    private static func possible(_ facts: Case, _ kills: [Event]) -> Finding {
        finding(
            .possible, .medium,
            facts.oomVictims.isEmpty
                ? "The OOM killer may have ended the \(kills.isEmpty ? "server" : "child") inside "
                    + "its memory cgroup."
                : "The OOM killer ended \(OOMVictim.spoken(facts)), perhaps at the limit of its "
                    + "memory cgroup.",
            evidence: OOMVictim.bare(facts)
                + facts.cite(
                    kills, "signal 9 to the child; the OOM killer sends it, and so does kill -9")
                + gone(facts),
            missing: [OOMVictim.missing(facts)])
    }
}
