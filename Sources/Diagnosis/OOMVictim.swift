// SPDX-License-Identifier: Apache-2.0

internal import Model

/// Whom an OOM killer took, what it held, and how to make it the child next time.
enum OOMVictim {
    /// `the child`, `the server`, `a process of the server`.
    static func spoken(_ facts: Case) -> String {
        let pids = facts.oomVictims.compactMap { $0.int("pid") }
        if !facts.kills(9).isEmpty { return "the child" }
        let own = facts.incident.instance.pids.map(Int.init)
        let isServerKnown = facts.incident.observations.contains {
            $0.header.form != .kernel && $0.header.form != .daemon
        }
        if isServerKnown && pids.contains(where: { own.contains($0) }) || !facts.vanished.isEmpty {
            return "the server itself"
        }
        if let flag = ContainerKill.flag(facts), ContainerKill.endedServer(flag) {
            return "the server itself"
        }
        return "a process of the server"
    }

    /// What the victim held, by the kernel's own line; the group's use and limit beside it.
    static func arithmetic(_ facts: Case) -> [Quantity] {
        var out: [Quantity] = []
        if let line = facts.oomVictims.first {
            let parts = [
                ("anonymous memory of the victim", "anon_rss_kib"),
                ("file memory of the victim", "file_rss_kib"),
                ("page tables of the victim", "pgtables_kib"),
            ]
            for (name, key) in parts {
                guard let kibibytes = line.int(key) else { continue }
                out.append(
                    facts.quantity(
                        name, bytes: ByteCount(kibibytes: Int64(kibibytes)).bytes,
                        "the kernel's line about the kill"))
            }
        }
        if let use = facts.cgroupUse {
            if let usage = use.usage { out.append(facts.quantity("usage", usage)) }
            if use.isLimited { out.append(facts.quantity("limit", use.limit.reading)) }
        }
        let copied = facts.incident.readings.all(.privateDirty, where: Case.isChildProcess)
        if let most = copied.max(by: { $0.number < $1.number }) {
            out.append(facts.quantity("private memory of the child", most))
        }
        return out
    }

    /// The kernel's lines about victims that do not say for whose want of memory they were killed.
    static func bare(_ facts: Case) -> [Evidence] {
        facts.cite(
            facts.oomVictims.filter { $0.killScope(facts) == .unknown },
            "the kernel killed it; the lines before this one, which tell for whose want of memory, "
                + "are missing")
    }

    /// The kernel's lines, where some are needed to tell who was out of memory.
    static func missing(_ facts: Case) -> MissingFact {
        FactCommands.kernelLinesAreMissing(
            facts.incident,
            facts.oomVictims.isEmpty
                ? "an OOM kill always leaves some"
                : "those above the kill name the group whose limit was met, if it was one's")
    }

    /// With `oom-score-adj` the child is taken before the server.
    static func shield(_ facts: Case, from order: Int) -> [Remedy] {
        guard facts.incident.instance.product != "keydb" else { return [] }
        let client = FactCommands.client(facts.incident)
        return [
            Remedy(
                order: order,
                text: "Let the OOM killer take the child and not the server (6.2 and later).",
                command: "\(client) CONFIG SET oom-score-adj relative",
                precheck: "\(client) CONFIG GET oom-score-adj",
                expect: "/proc/PID/oom_score_adj of a child is higher than the server's.",
                rollback: "\(client) CONFIG SET oom-score-adj no",
                caveat: "The save still fails; the server and its data stay. For good: CONFIG "
                    + "REWRITE, or the line in redis.conf.",
                permanent: false)
        ]
    }
}

/// For whose want of memory a process was killed.
enum KillScope {
    case host, group
    /// A daemon killed it, and not the kernel.
    case daemon
    /// The line does not say, and those before it are missing.
    case unknown
}

extension Event {
    /// For whose want of memory a process was killed. Up to Linux 4.20 the kernel's line about the victim is
    /// the same for both: the lines before it say so (mm/oom_kill.c, mm/memcontrol.c).
    func killScope(_ facts: Case) -> KillScope {
        guard kind == .oom_victim else { return .daemon }
        if let scope = self["scope"] { return scope == "cgroup" ? .group : .host }
        let named = facts.events(.oom_constraint).first { $0["pid"] == self["pid"] }
        if let named { return named["constraint"] == "CONSTRAINT_MEMCG" ? .group : .host }
        let before = facts.events(.oom_victim_chosen, .oom_detail).filter { line in
            guard let at, let told = line.at else { return at == line.at }
            return (-0.5...5).contains(at.seconds(since: told))
        }
        if before.contains(where: { $0["limit_cgroup"] != nil }) { return .group }
        guard let chosen = before.last(where: { $0.kind == .oom_victim_chosen }) else {
            return .unknown
        }
        return chosen["reason"]?.hasPrefix("Memory cgroup") ?? false ? .group : .host
    }
}
