// SPDX-License-Identifier: Apache-2.0

internal import Model

/// The memory cgroup of the server was at its limit, and the fork itself was refused.
///
/// Mechanism: page tables and task structures of the child are charged to the cgroup. From Linux
/// 4.19 on the OOM killer runs inside fork instead, and ENOMEM comes only where it may not kill
/// (Linux v4.18 and v4.19, mm/memcontrol.c, `try_charge`).
/// For: ENOMEM on a kernel before 4.19 with usage at the limit, or `oom_kill_disable` set.
/// Against: a kernel of 4.19 or later without `oom_kill_disable`; usage well below the limit.
/// Settled by: the cgroup's usage, limit and failure counter, and the kernel's version.
/// To do: raise the limit; leave room for page tables and copy-on-write.
enum CgroupMemoryLimit: Cause {
    static let id = CauseID.cgroup_memory_limit
    static let answers: Set<Incident.Kind> = [.fork_failure]

    static func judge(_ facts: Case) -> Finding? {
        let refusals = facts.refusals(.ENOMEM)
        guard !refusals.isEmpty else { return nil }
        if let out = ruledOut(facts) { return out }
        let mayRefuse = mayRefuse(facts)
        var out = verdict(facts, mayRefuse)
        out.evidence = facts.citeRefused(refusals) + out.evidence
        let parts = [
            facts.cgroupUse?.usage == nil ? "the cgroup's memory usage and limit" : nil,
            facts.kernelVersion == nil ? "the kernel's version" : nil,
        ].compactMap(\.self)
        out.missing =
            parts.isEmpty
            ? []
            : [
                MissingFact(
                    what: parts.joined(separator: ", and "),
                    why: "on Linux 4.19 and later a cgroup at its limit kills instead of refusing",
                    command: facts.cgroupUse?.usage == nil
                        ? FactCommands.cgroupMemory(facts.incident) : FactCommands.overcommit)
            ]
        if out.verdict == .likely || out.verdict == .confirmed {
            out.missing = []
            out.remedies = CgroupRemedies.raiseLimit(facts)
        }
        return out
    }

    private static func ruledOut(_ facts: Case) -> Finding? {
        if let line = facts.kernelRefusals.first {
            return finding(
                .ruled_out, .high, "The kernel names accounting as what refused, not a cgroup.",
                evidence: [facts.cite(line, .against, "an accounting refusal, no cgroup charge")])
        }
        if let root = facts.isOutsideMemoryCgroups {
            return finding(
                .ruled_out, .high, "The server stands in the root cgroup, which has no limit.",
                evidence: [facts.cite(root, .against, "the path of its cgroup")])
        }
        if let use = facts.cgroupUse, !use.isLimited, facts.tells(use.limit) {
            return finding(
                .ruled_out, .medium, "The server's cgroup has no memory limit of its own.",
                evidence: [
                    facts.cite(
                        use.limit.reading, .against, "no limit; \(facts.reach(of: use.limit))")
                ])
        }
        if let use = facts.cgroupUse, let usage = use.usage, facts.tells(use.limit),
            let start = facts.start, let end = facts.end, let read = usage.at,
            read >= start.adding(seconds: -60), read <= end.adding(seconds: 60),
            usage.number < use.limit.number / 10 * 9
        {
            return finding(
                .ruled_out, .medium, "The cgroup's usage was well below its limit.",
                evidence: [
                    facts.cite(usage, .against, "usage, \(facts.distance(of: usage))"),
                    facts.cite(use.limit.reading, .against, "the limit"),
                ])
        }
        if let version = facts.kernelVersion, !facts.kernelIsBackported,
            (version.major, version.minor) >= (4, 19), facts.rise(.cgroupFailures) == nil,
            facts.setting(.cgroupOOMKillDisabled).map({ $0.number == 0 }) ?? false
        {
            return finding(
                .ruled_out, .high,
                "Linux \(version.major).\(version.minor) kills at a cgroup's limit instead of "
                    + "refusing the fork, and oom_kill_disable is not set.",
                evidence: [facts.cite(version.reading, .against, "the kernel's version")])
        }
        return nil
    }

    /// Whether a cgroup at its limit refuses here: an older kernel, or one that may not kill.
    private static func mayRefuse(_ facts: Case) -> Bool? {
        if let disabled = facts.setting(.cgroupOOMKillDisabled), disabled.number == 1 {
            return true
        }
        return facts.kernelIsAtLeast(4, 19).map { !$0 }
    }

    private static func verdict(_ facts: Case, _ mayRefuse: Bool?) -> Finding {
        let rise = facts.rise(.cgroupFailures) ?? facts.rise(.cgroupEventsMax)
        if let use = facts.cgroupUse, use.isLimited, let usage = use.usage, mayRefuse == true {
            let margin = max(32 << 20, use.limit.number / 50)
            if usage.number > use.limit.number - margin {
                let hits = rise.map { $0.by > 0 } ?? false
                var out = finding(
                    hits ? .confirmed : .likely, hits ? .high : .medium,
                    "The memory cgroup \(use.path) was at its limit, and what the fork itself "
                        + "needs was not granted.",
                    evidence: [
                        facts.cite(usage, .for, "usage, \(facts.distance(of: usage))"),
                        facts.cite(
                            use.limit.reading, .for, "the limit; \(facts.reach(of: use.limit))"),
                    ]
                        + (rise.map {
                            $0.by > 0
                                ? [facts.cite($0.to, .for, "the counter of hits rose by \($0.by)")]
                                : []
                        } ?? []))
                out.arithmetic = [
                    facts.quantity("usage", usage), facts.quantity("limit", use.limit.reading),
                ]
                return out
            }
        }
        return finding(
            .possible, .low,
            "A memory cgroup at its limit may have refused the fork; since Linux 4.19 it would "
                + "rather have killed a process.")
    }
}
