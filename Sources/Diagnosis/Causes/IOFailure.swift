// SPDX-License-Identifier: Apache-2.0

internal import Model

/// The device or file system failed.
///
/// Mechanism: EIO from write(2) or fsync(2).
/// For: `Input/output error` in the server's own line; kernel lines of the device.
/// Against: another errno.
/// Settled by: the kernel log.
/// To do: move the data; replace the device.
enum IOFailure: Cause {
    static let id = CauseID.io_error
    static let answers: Set<Incident.Kind> = [.save_failure, .write_refusal, .server_crash]

    static func judge(_ facts: Case) -> Finding? {
        let errors = facts.fileErrors(.EIO)
        guard !errors.isEmpty else { return nil }
        return finding(
            .possible, .high,
            "The device or file system under the data directory may have "
                + "failed (EIO).",
            evidence: facts.cite(errors, "the system reported an I/O error"),
            missing: [
                MissingFact(
                    what: "kernel lines of the device", why: "an I/O error leaves some",
                    command: FactCommands.kernelLines(facts.incident))
            ])
    }
}
