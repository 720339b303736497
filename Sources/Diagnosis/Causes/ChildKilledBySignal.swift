// SPDX-License-Identifier: Apache-2.0

internal import Model

/// Something other than the OOM killer signalled the child; the sender may be unknown.
///
/// Mechanism: wait(2) reports the signal (redis 7.2.4, src/rdb.c, `backgroundSaveDoneHandlerDisk`).
/// SIGUSR1 (10) is how the server stops its own child and is no failure.
/// For: `terminated by signal N` without an OOM line in a kernel log that covers the time.
/// Against: an OOM line for the same process.
/// Settled by: the kernel log; audit records of kill(2).
/// To do: find the sender: scripts, supervisors, operators.
enum ChildKilledBySignal: Cause {
    static let id = CauseID.child_killed_by_signal
    static let answers: Set<Incident.Kind> = [.save_failure]

    static func judge(_ facts: Case) -> Finding? {
        let kills = facts.events(.child_killed).filter { $0.int("signal") != 10 }
        guard !kills.isEmpty else { return nil }
        if let victim = facts.oomVictims.first {
            return finding(
                .ruled_out, .high, "The OOM killer sent the signal.",
                evidence: [facts.cite(victim, .against, "the kill is the OOM killer's")])
        }
        return finding(
            .possible, .medium, "Something may have sent a signal to the child; who is not known.",
            evidence: facts.cite(kills, "the child ended by a signal")
                + facts.cite(
                    facts.sentSignals, "the child's crash report says that the signal was sent"),
            missing: [
                MissingFact(
                    what: "kernel lines around the kill",
                    why: "an OOM kill would leave some; "
                        + "their absence means another sender",
                    command: FactCommands.kernelLines(facts.incident))
            ])
    }
}
