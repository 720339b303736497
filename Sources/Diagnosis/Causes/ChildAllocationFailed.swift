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
        if let met = AllocationLimit.met(facts) {
            var out = finding(
                .likely, .medium,
                "The child could not allocate memory: it is a copy of a server that was at a limit; "
                    + "\(met.spoken).",
                evidence: met.evidence(facts))
            out.arithmetic = met.arithmetic(facts)
            out.remedies = [met.remedy(facts)].compactMap(\.self)
            return out
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
}
