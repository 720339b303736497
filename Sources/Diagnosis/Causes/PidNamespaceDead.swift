// SPDX-License-Identifier: Apache-2.0

internal import Model

/// The init process of the server's pid namespace is gone: every fork fails with ENOMEM.
///
/// Mechanism: pid_namespaces(7); Linux v6.6, kernel/pid.c, `alloc_pid`. Seen with leftovers of
/// `unshare --pid` or `nsenter`, not with ordinary containers, which end with their init.
/// For: ENOMEM for every fork from one moment on, in an inner namespace, with accounting, control
/// groups and the kernel's own memory ruled out.
/// Against: any fork that succeeded after the first refusal.
/// Settled by: the namespace links of the process.
/// To do: restart the server in a namespace whose init lives; save to disk from outside first.
enum PidNamespaceDead: Cause {
    static let id = CauseID.pid_namespace_dead
    static let answers: Set<Incident.Kind> = [.fork_failure]

    static func judge(_ facts: Case) -> Finding? {
        let refusals = facts.refusals(.ENOMEM)
        guard !refusals.isEmpty else { return nil }
        if let line = facts.kernelRefusals.first {
            return finding(
                .ruled_out, .high, "The kernel names accounting as what refused.",
                evidence: [facts.cite(line, .against, "an accounting refusal")])
        }
        if facts.incident.status == .recovered {
            let restarted = facts.incident.consequences.contains("restart")
            return restarted
                ? nil
                : finding(.ruled_out, .high, "A later fork of the same process succeeded.")
        }
        if let spaces = facts.nearest(.nsPIDs, where: Case.isServerProcess),
            spaces.text.split(separator: " ").count == 1
        {
            return finding(
                .ruled_out, .high, "The server runs in the host's own pid namespace.",
                evidence: [facts.cite(spaces, .against, "one process id: no inner namespace")])
        }
        let others = othersRuledOut(facts)
        if let spaces = facts.nearest(.nsPIDs, where: Case.isServerProcess), others.count == 4 {
            return finding(
                .likely, .medium,
                "What is left is a pid namespace whose init process is gone: the server runs in one, "
                    + "and what else gives ENOMEM is ruled out.",
                evidence: facts.citeRefused(refusals)
                    + [facts.cite(spaces, .for, "two process ids: an inner namespace")] + others,
                remedies: [remedy(facts)])
        }
        return finding(
            .possible, .low,
            "The init process of the server's pid namespace may be gone; this is rare.",
            evidence: facts.citeRefused(refusals),
            missing: [
                MissingFact(
                    what: "the pid namespace of the process",
                    why: "a dead namespace refuses every fork",
                    command: FactCommands.namespace(facts.incident))
            ])
    }

    /// Why nothing else gave ENOMEM, one each; fewer than four where something may have.
    private static func othersRuledOut(_ facts: Case) -> [Evidence] {
        let others: [any Cause.Type] = [
            CommitLimitStrict.self, OvercommitHeuristicRefusal.self, CgroupMemoryLimit.self,
            KernelMemory.self,
        ]
        return others.compactMap { other in
            guard let finding = other.judge(facts), finding.verdict == .ruled_out,
                var evidence = finding.evidence.first(where: { $0.direction == .against })
            else { return nil }
            evidence.direction = .for
            evidence.statement = finding.statement
            return evidence
        }
    }

    private static func remedy(_ facts: Case) -> Remedy {
        .reading(
            "See whether the namespace is dead; then save what the server holds before it is "
                + "restarted in one whose init lives.",
            command: FactCommands.namespace(facts.incident),
            expect:
                "pid_for_children names another namespace than /proc/1/ns/pid, and no process of "
                + "it has the id 1.",
            caveat: "No fork works any more: a replica, or SAVE where clients can wait, keeps the "
                + "data over the restart.")
    }
}
