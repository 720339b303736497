// SPDX-License-Identifier: Apache-2.0

internal import Model

/// `vm.overcommit_memory` was not 1: at the failure, or when the server started.
///
/// Claim: with 0 or 2 the kernel may refuse a fork by accounting. It is a setting, not proof of
/// what refused: with 0 on Linux 5.2 and later a refusal is rare (Linux v6.6, mm/util.c,
/// `__vm_enough_memory`).
/// For: the setting, read before the failure; the server's warning at its start, which up to redis
/// 6.2.7 and 7.0.5 means 0 and later 0 or 2.
/// Against: a reading of 1 before the failure. The start-up warning is of the start alone.
/// Settled by: sysctl vm.overcommit_memory, and /etc/sysctl.d for when it is set.
/// To do: what the primary cause says; 1 does not help against the limit of a cgroup, of tasks or
/// of a disk.
enum OvercommitNotEnabled: Cause {
    static let id = CauseID.overcommit_not_enabled
    static let role = Finding.Role.contributing

    static func judge(_ facts: Case) -> Finding? {
        guard !facts.refusals(.ENOMEM).isEmpty else { return nil }
        if let mode = facts.overcommitMode, mode.isKnown {
            guard mode.number != 1 else { return nil }
            return finding(
                .likely, .high, "vm.overcommit_memory was \(mode.number), not 1.",
                evidence: [
                    facts.cite(mode.reading, .for, "the setting; \(facts.reach(of: mode))")
                ])
        }
        switch facts.overcommitAtStart {
        case .zero(let event):
            return finding(
                .possible, .medium, "vm.overcommit_memory was 0 when the process started.",
                evidence: [facts.cite(event, .for, "the server's warning at its start")])
        case .notOne(let event):
            return finding(
                .possible, .medium, "vm.overcommit_memory was not 1 when the process started.",
                evidence: [facts.cite(event, .for, "the server's warning at its start: 0 or 2")])
        case .silent, .unknown:
            return nil
        }
    }
}
