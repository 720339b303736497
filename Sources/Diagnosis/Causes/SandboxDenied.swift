// SPDX-License-Identifier: Apache-2.0

internal import Model

/// A sandbox refused the fork: seccomp, SELinux or another security module.
///
/// Mechanism: EPERM, EACCES or ENOSYS from clone(2), or SIGSYS to the child.
/// For: those errnos from a fork; audit lines of type SECCOMP or AVC.
/// Against: a fork of the same process that succeeded under the same rules.
/// Settled by: the Seccomp line of /proc/PID/status and the audit log.
/// To do: allow clone in the unit's SystemCallFilter or the container's profile.
enum SandboxDenied: Cause {
    static let id = CauseID.sandbox_denied
    static let answers: Set<Incident.Kind> = [.fork_failure, .save_failure]

    static func judge(_ facts: Case) -> Finding? {
        let refusals = facts.refusals(.EPERM, .EACCES, .ENOSYS)
        let killed = facts.kills(31)
        guard !(refusals + killed).isEmpty else { return nil }
        return finding(
            .possible, .medium, "A sandbox (seccomp, SELinux) may have denied the fork.",
            evidence: facts.cite(refusals, "fork was denied, not short of anything")
                + facts.cite(killed, "the child was killed by SIGSYS"),
            missing: [
                MissingFact(
                    what: "seccomp state of the process and audit lines",
                    why: "they name what denied the "
                        + "call", command: FactCommands.sandbox(facts.incident))
            ])
    }
}
