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
        let noKill = excluded(facts)
        let isSent = !facts.sentSignals.isEmpty
        let only9 = kills.allSatisfy { $0.int("signal") == 9 }
        let silence = KernelSilence.log(facts)
        let isExcluded = noKill.count == 2 || silence != nil && noKill.count == 1
        let isLikely = isExcluded && (only9 || isSent || facts.kills(9).count > 0)
        var out = finding(
            isLikely ? .likely : .possible, .medium,
            isLikely
                ? "Something other than the \(noKill.count == 2 ? "" : "kernel's ")OOM killer sent the "
                    + "signal to the child; who, is not known."
                : "Something may have sent a signal to the child; who is not known.",
            evidence: facts.cite(kills, "the child ended by a signal")
                + facts.cite(
                    facts.sentSignals, "the child's crash report says that the signal was sent")
                + noKill,
            missing: [
                MissingFact(
                    what: isLikely ? "who sent the signal" : "kernel lines around the kill",
                    why: isLikely
                        ? "neither the server nor the kernel logs a sender"
                        : "an OOM kill would leave some; their absence means another sender",
                    command: isLikely
                        ? "sudo ausearch -sc kill -ts recent   # with a rule for kill(2) in place"
                        : FactCommands.kernelLines(facts.incident))
            ])
        if isLikely { out.remedies = remedies(facts) }
        return out
    }

    /// What speaks against either OOM kill, where both are ruled out.
    private static func excluded(_ facts: Case) -> [Evidence] {
        [CgroupMemoryOOMKill.judge(facts), HostOOMKill.judge(facts)].compactMap { other in
            guard let other, other.verdict == .ruled_out else { return nil }
            var evidence = other.evidence.first
            evidence?.direction = .for
            evidence?.statement = other.statement
            return evidence
        }
    }

    private static func remedies(_ facts: Case) -> [Remedy] {
        [
            Remedy(
                order: 1, text: "Find the sender: record kill(2) until it happens again.",
                command: "sudo auditctl -a always,exit -F arch=b64 -S kill -F a1=9 -k redis-kill",
                precheck: "Look first in shell histories, cron jobs, monitors that kill by name or "
                    + "age, and deployment logs of that minute.",
                expect: "sudo ausearch -k redis-kill names process and user of the next sender.",
                rollback: "sudo auditctl -d always,exit -F arch=b64 -S kill -F a1=9 -k redis-kill",
                caveat: "The rule costs a little on each kill(2).", permanent: false)
        ]
    }
}
