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
        let filter = facts.nearest(.seccomp, where: Case.isServerProcess).flatMap {
            $0.number == 2 ? $0 : nil
        }
        var out = finding(
            filter == nil ? .possible : .likely, .medium,
            filter == nil
                ? "A sandbox (seccomp, SELinux) may have denied the fork."
                : "A seccomp filter, which the server runs under, denied the fork.",
            evidence: facts.cite(refusals, "fork was denied, not short of anything")
                + facts.cite(killed, "the child was killed by SIGSYS")
                + (filter.map { [facts.cite($0, .for, "the process runs under a filter")] } ?? []),
            missing: [
                MissingFact(
                    what: "seccomp state of the process and audit lines",
                    why: "they name what denied the "
                        + "call", command: FactCommands.sandbox(facts.incident))
            ])
        if filter != nil { out.remedies = [remedy(facts)] }
        return out
    }

    private static func remedy(_ facts: Case) -> Remedy {
        let unit = facts.unitWord
        return Remedy(
            order: 1, text: "Allow the server to create processes in the filter that denied it.",
            command: "systemctl show -p SystemCallFilter -p SystemCallErrorNumber \(unit)",
            precheck: "In a container the profile of the runtime applies: docker inspect -f "
                + "'{{.HostConfig.SecurityOpt}}' NAME, or securityContext.seccompProfile of the "
                + "pod." + facts.unitNote,
            expect: "A filter without clone, clone3 and fork (group @process): add it to the "
                + "unit's SystemCallFilter= in a drop-in, or use the runtime's default profile.",
            rollback: "Nothing to take back: the command only reads.",
            caveat: "An old runtime that answers EPERM to clone3 breaks newer C libraries: update "
                + "it instead of loosening the profile.",
            permanent: false)
    }
}
