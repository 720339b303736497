// SPDX-License-Identifier: Apache-2.0

internal import Model

/// The init process of the server's pid namespace is gone: every fork fails with ENOMEM.
///
/// Mechanism: pid_namespaces(7); Linux v6.6, kernel/pid.c, `alloc_pid`. Seen with leftovers of
/// `unshare --pid` or `nsenter`, not with ordinary containers, which end with their init.
/// For: ENOMEM for every fork from one moment on, with memory and limits in order.
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
        return finding(
            .possible, .low,
            "The init process of the server's pid namespace may be gone; this is rare.",
            evidence: facts.cite(refusals, "fork returned ENOMEM"),
            missing: [
                MissingFact(
                    what: "the pid namespace of the process",
                    why: "a dead namespace refuses every fork",
                    command: FactCommands.namespace(facts.incident))
            ])
    }
}
