// SPDX-License-Identifier: Apache-2.0

internal import Model

/// systemd stopped the whole unit because one process of it had been OOM-killed.
///
/// Claim: `OOMPolicy=stop` is the default: when the kernel kills any process of a unit, also a
/// child that only saves, systemd ends the unit with the result `oom-kill`
/// (systemd.service(5); systemd 252, src/core/service.c, `service_notify_cgroup_oom_event`).
/// For: `A process of this unit has been killed by the OOM killer`, `Failed with result
/// 'oom-kill'`, and a victim that was not the server.
/// Against: the server itself was the victim; `OOMPolicy=continue`.
/// Settled by: the victim's process id; systemctl show -p OOMPolicy.
/// To do: `OOMPolicy=continue` in a drop-in, so that the server outlives its child.
enum OOMPolicyStopsUnit: Cause {
    static let id = CauseID.oom_policy_stops_unit
    static let role = Finding.Role.contributing

    static func judge(_ facts: Case) -> Finding? {
        let failed = facts.events(.unit_failed).filter { $0["reason"] == "oom-kill" }
        let told = facts.events(.unit_oom)
        guard !failed.isEmpty else { return nil }
        let policy = facts.setting(.oomPolicy)
        if let policy, policy.isKnown, policy.text != "stop" { return nil }
        let pids = Set(facts.oomVictims.compactMap { $0.int("pid").map { Int32(clamping: $0) } })
        // In a container or a user namespace pids differ; only a known server's is conclusive.
        guard pids.isDisjoint(with: facts.incident.instance.pids) else { return nil }
        let isChild = !pids.isEmpty && !facts.kills(9).isEmpty
        let unit = facts.unitWord
        let file = facts.dropIn("oom", "OOMPolicy=continue")
        var out = finding(
            isChild || policy != nil ? .likely : .possible, isChild ? .high : .medium,
            "systemd stopped the whole unit because a process of it had been OOM-killed "
                + "(OOMPolicy=stop, the default)"
                + (isChild ? "; the victim was the child alone." : "."),
            evidence: facts.cite(told + failed, "systemd says what it did")
                + (policy.map { [facts.cite($0.reading, .for, "OOMPolicy is \($0.text)")] } ?? [])
                + facts.cite(facts.oomVictims, "the victim"))
        out.remedies = [
            Remedy(
                order: 1, text: "Let the server outlive a child that is killed.",
                command: file.set,
                precheck: "systemctl show -p OOMPolicy \(unit)",
                expect: "systemctl show -p OOMPolicy \(unit) prints continue.",
                rollback: file.undo,
                caveat: "The save still fails: what made the OOM killer act must be mended as "
                    + "well. Where the server itself is the victim it changes nothing.",
                permanent: true)
        ]
        return out
    }
}
