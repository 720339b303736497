// SPDX-License-Identifier: Apache-2.0

internal import Model

/// The child was forked, and then could not allocate memory for its own work.
///
/// Mechanism: a child that is given no more memory aborts (signal 6) or ends with an error; limits
/// that the fork itself does not look at apply to it: RLIMIT_AS, RLIMIT_DATA, vm.max_map_count,
/// strict accounting (redis 7.2.4, src/zmalloc.c, src/server.c, `redisOutOfMemoryHandler`; Linux
/// v6.6, mm/mmap.c, `may_expand_vm`).
/// For: `Out Of Memory allocating N bytes` or ENOMEM in a line that the child wrote.
/// Against: the same words from the server itself; a kill by the OOM killer, which leaves the child
/// no time for a line.
/// Settled by: /proc/PID/limits of the server, which the child inherits, vm.max_map_count with the
/// number of mappings, and the accounting mode.
/// To do: lift the limit that was met; max_map_count does not refuse a fork, but it does refuse
/// mappings of the child.
enum ChildAllocationFailed: Cause {
    static let id = CauseID.child_allocation_failed
    static let answers: Set<Incident.Kind> = [.save_failure]

    static func judge(_ facts: Case) -> Finding? {
        let words = facts.events(.allocation_failed).filter { $0.header.role == .child }
        let errors = facts.fileErrors(.ENOMEM).filter { $0.header.role == .child }
        guard !(words + errors).isEmpty else { return nil }
        if let victim = facts.oomVictims.first, words.isEmpty {
            return finding(
                .ruled_out, .medium, "The OOM killer ended the child.",
                evidence: [facts.cite(victim, .against, "the kernel names what it killed")])
        }
        var out = verdict(facts)
        out.evidence =
            facts.cite(words + errors, "the child says that it was given no memory") + out.evidence
        return out
    }

    private static func verdict(_ facts: Case) -> Finding {
        let process = Case.isServerProcess
        if let size = facts.nearest(.vmSize, where: process) {
            for measure in [Measure.limitAddressSpace, .limitData] {
                guard let limit = facts.setting(measure, where: process), limit.isKnown,
                    limit.number < .max
                else { continue }
                let used =
                    measure == .limitData ? facts.nearest(.vmData, where: process) ?? size : size
                guard used.number >= limit.number / 10 * 9 else { continue }
                return limited(facts, used, limit, measure)
            }
        }
        if let most = facts.setting(.maxMapCount), most.isKnown,
            let count = facts.nearest(.mappings, where: process),
            count.number >= most.number / 100 * 98
        {
            return limited(facts, count, most, .maxMapCount)
        }
        return finding(
            .possible, .high,
            "The child could not allocate memory and gave up; what limited it the log does not "
                + "say.",
            missing: [
                MissingFact(
                    what: "limits of the process, its mappings and the accounting mode",
                    why: "any of them refuses an allocation to the child",
                    command: FactCommands.addressSpace(facts.incident))
            ])
    }

    private static func limited(
        _ facts: Case, _ used: Measured, _ limit: Setting, _ measure: Measure
    ) -> Finding {
        var out = finding(
            .likely, .medium,
            "The child could not allocate memory: it inherited a server that was at its limit "
                + "(\(used.measure.name) at \(measure.name)).",
            evidence: [
                facts.cite(used, .for, "in use, \(facts.distance(of: used))"),
                facts.cite(limit.reading, .for, "the limit; \(facts.reach(of: limit))"),
            ])
        out.arithmetic = [
            facts.quantity("in use", used), facts.quantity("limit", limit.reading),
        ]
        out.remedies = [remedy(facts, limit, measure)]
        return out
    }

    private static func remedy(_ facts: Case, _ limit: Setting, _ measure: Measure) -> Remedy {
        if measure == .maxMapCount {
            return Remedy(
                order: 1, text: "Allow more mappings.",
                command: "sudo sysctl -w vm.max_map_count=\(limit.number * 2)",
                precheck: "wc -l /proc/PID/maps of the server: near the limit.",
                expect: "The next save ends with success.",
                rollback: "sudo sysctl -w vm.max_map_count=\(limit.number)",
                caveat: "For good: the same line in /etc/sysctl.d. A mapping count that grows "
                    + "without end is a leak.",
                permanent: false)
        }
        let pid = facts.incident.instance.pids.last.map(String.init) ?? "PID"
        let option = measure == .limitData ? "--data" : "--as"
        let unit = measure == .limitData ? "LimitDATA" : "LimitAS"
        return Remedy(
            order: 1, text: "Lift the limit of the running server, which its children inherit.",
            command: "sudo prlimit --pid \(pid) \(option)=unlimited:unlimited",
            precheck: "grep -E 'address space|data size' /proc/\(pid)/limits",
            expect: "The next save ends with success.",
            rollback: "sudo prlimit --pid \(pid) \(option)=\(limit.number):unlimited",
            caveat: "Gone with the next restart; for good: \(unit)=infinity in the unit. A limit "
                + "on the address space is no way to bound memory: use maxmemory or a cgroup.",
            permanent: false)
    }
}
