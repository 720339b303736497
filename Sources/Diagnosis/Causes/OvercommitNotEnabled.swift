// SPDX-License-Identifier: Apache-2.0

internal import Model

/// `vm.overcommit_memory` was not 1 when the server started, as its own warning says.
///
/// Claim: with 0 or 2 the kernel may refuse a fork by accounting. It is a setting, not proof of
/// what refused: with 0 on Linux 5.2 and later a refusal is rare.
enum OvercommitNotEnabled: Cause {
    static let id = CauseID.overcommit_not_enabled
    static let role = Finding.Role.contributing

    static func judge(_ facts: Case) -> Finding? {
        guard !facts.refusals(.ENOMEM).isEmpty else { return nil }
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
