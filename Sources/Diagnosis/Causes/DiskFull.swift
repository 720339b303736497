// SPDX-License-Identifier: Apache-2.0

internal import Model

/// No space, quota or inodes where the RDB file or the AOF is written.
///
/// Mechanism: ENOSPC or EDQUOT from write(2), open(2) or rename(2).
/// For: that errno in the child's or the server's own line.
/// Against: another errno.
/// Settled by: df and df -i of the data directory at the time.
/// To do: make room; an RDB save needs a second full file beside the old one.
enum DiskFull: Cause {
    static let id = CauseID.disk_full
    static let answers: Set<Incident.Kind> = [.save_failure, .write_refusal, .server_crash]

    static func judge(_ facts: Case) -> Finding? {
        let errors = facts.fileErrors(.ENOSPC, .EDQUOT)
        let short = facts.events(.aof_write_error).filter { $0.errno == nil }
        guard !errors.isEmpty || !short.isEmpty else { return nil }
        return finding(
            .possible, errors.isEmpty ? .low : .high,
            errors.isEmpty
                ? "Writes to a data file were cut short, as on a full disk."
                : "The file system of the data directory was out of space, inodes or quota: the "
                    + "errno says so; which of the three it was the log does not.",
            evidence: facts.cite(errors, "the system refused the write for want of space")
                + facts.cite(short, "a write to the AOF was cut short"),
            missing: [
                MissingFact(
                    what: "free space, inodes and quota of the data directory",
                    why: "all three give the same error", command: FactCommands.disk(facts.incident)
                )
            ])
    }
}
