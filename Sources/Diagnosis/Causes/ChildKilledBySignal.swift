// SPDX-License-Identifier: Apache-2.0

internal import Model

/// Something other than the OOM killer signalled the child; the sender may be unknown.
///
/// Mechanism: wait(2) reports the signal (redis 7.2.4, src/rdb.c, `backgroundSaveDoneHandlerDisk`).
/// SIGUSR1 (10) is how the server stops its own child and is no failure. SIGXFSZ (25) and SIGXCPU (24)
/// come from the kernel, where a process goes beyond its limit on file sizes or processor time.
/// For: `terminated by signal N` without an OOM line in a kernel log that covers the time.
/// Against: an OOM line for the same process.
/// Settled by: the kernel log; audit records of kill(2); /proc/PID/limits for signals 24 and 25.
/// To do: find the sender: scripts, supervisors, operators; or lift the limit.
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
        if let resource = ResourceSignal.all.first(where: { resource in
            kills.allSatisfy { $0.int("signal") == resource.number }
        }) {
            return resource.finding(facts, kills)
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
                isLikely
                    ? MissingFact(
                        what: "who sent the signal",
                        why: "neither the server nor the kernel logs a sender",
                        command:
                            "sudo ausearch -sc kill -ts recent   # with a rule for kill(2) in place"
                    )
                    : FactCommands.kernelLinesAreMissing(
                        facts.incident,
                        "an OOM kill would leave some; their absence means another sender")
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
