// SPDX-License-Identifier: Apache-2.0

internal import Model

/// The host ran out of memory and the OOM killer (or systemd-oomd, earlyoom) killed the child or
/// the server.
///
/// Mechanism: Linux v6.6, mm/oom_kill.c.
/// For: `Out of memory: Killed process`, `CONSTRAINT_NONE`, a daemon's own kill line.
/// Against: no such line in a kernel log that covers the time.
/// Settled by: the kernel log.
/// To do: find what else grew; leave room for copy-on-write; do not turn the OOM killer off.
enum HostOOMKill: Cause {
    static let id = CauseID.host_oom_kill
    static let answers: Set<Incident.Kind> = [
        .oom_kill, .save_failure, .server_crash, .write_refusal,
    ]

    static func judge(_ facts: Case) -> Finding? {
        // After a refused fork a kill is a consequence, and no answer to what refused.
        guard facts.incident.kind != .fork_failure else { return nil }
        let lines = facts.oomVictims.filter { !$0.isCgroupKill(facts) }
        if !lines.isEmpty {
            return finding(
                .confirmed, .high,
                "The OOM killer ended a process of the server because the whole host was out of "
                    + "memory.",
                evidence: facts.cite(lines, "the kernel names the process it killed"))
        }
        let kills = facts.kills(9)
        guard !(kills + facts.vanished).isEmpty else { return nil }
        return finding(
            .possible, .medium,
            "The OOM killer may have ended the \(kills.isEmpty ? "server" : "child") because the "
                + "whole host was out of memory.",
            evidence: facts.cite(
                kills, "signal 9 to the child; the OOM killer sends it, and so does kill -9")
                + facts.cite(
                    facts.vanished,
                    "the server was gone without a word, as after "
                        + "signal 9"),
            missing: [
                MissingFact(
                    what: "kernel lines around the kill", why: "an OOM kill always leaves some",
                    command: FactCommands.kernelLines(facts.incident))
            ])
    }
}
