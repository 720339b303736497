// SPDX-License-Identifier: Apache-2.0

internal import Model

/// Permissions, a read-only file system or a wrong directory keep the server from writing its
/// files.
///
/// Mechanism: EACCES, EPERM, EROFS, ENOENT, ENOTDIR from open(2) or rename(2) in the data
/// directory.
/// A directory that nobody chose (/etc, /var/spool/cron, /root/.ssh) is the trace of an attacker's
/// CONFIG SET dir.
/// For: that errno in the server's own line.
/// Against: another errno.
/// Settled by: ls -ld and findmnt of the directory.
/// To do: give the directory back to the server's user; remount; check CONFIG GET dir.
enum DirNotWritable: Cause {
    static let id = CauseID.dir_not_writable
    static let answers: Set<Incident.Kind> = [.save_failure, .write_refusal, .server_crash]

    static func judge(_ facts: Case) -> Finding? {
        let errors = facts.fileErrors(.EACCES, .EPERM, .EROFS, .ENOENT, .ENOTDIR)
        guard !errors.isEmpty else { return nil }
        return finding(
            .possible, .high,
            "The server could not write in its data directory: permissions, a read-only file "
                + "system or a wrong path.",
            evidence: facts.cite(errors, "the system denied the file"),
            missing: [
                MissingFact(
                    what: "owner, mode and mount of the data directory",
                    why: "they say which of the three it "
                        + "is", command: FactCommands.disk(facts.incident))
            ])
    }
}
