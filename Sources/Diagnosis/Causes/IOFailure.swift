// SPDX-License-Identifier: Apache-2.0

internal import Model

/// The device or file system failed.
///
/// Mechanism: EIO, ETIMEDOUT or ENOMEM from write(2), fsync(2) or rename(2): a device that fails, a
/// file server that does not answer, a file system that finds no memory for its own work.
/// For: that errno in the server's own line; kernel lines about a device or file system (Linux v6.6,
/// block/blk-core.c, fs/buffer.c, fs/ext4/super.c, fs/xfs).
/// Against: another errno.
/// Settled by: the kernel log.
/// To do: move the data; replace the device.
enum IOFailure: Cause {
    static let id = CauseID.io_error
    static let answers: Set<Incident.Kind> = [.save_failure, .write_refusal, .server_crash]

    static func judge(_ facts: Case) -> Finding? {
        let errors = facts.fileErrors(.EIO, .ETIMEDOUT, .ENOMEM)
        guard let first = errors.first, let errno = first.errno else { return nil }
        let told = facts.events(.storage_error).filter { isNear($0, facts) }
        let source = DataDirectory(facts).source
        let ours = told.filter { event in source.map { names(event, $0.text) } ?? false }
        var out = finding(
            ours.isEmpty ? .possible : .likely, errno == .EIO ? .high : .medium,
            ours.isEmpty
                ? "The device or file system under the data directory may have failed (\(errno))."
                : "The device or file system under the data directory failed: the kernel logged it, "
                    + "and the server's files got \(errno).",
            evidence: facts.cite(errors, "the system reported \(errno) for a data file")
                + (ours.isEmpty
                    ? facts.cite(
                        told,
                        "the kernel tells of a device or file system that failed; that the data "
                            + "directory is on it is not shown")
                    : facts.cite(ours, "the kernel tells that it failed")
                        + (source.map { [facts.cite($0, .for, "the data directory is on it")] }
                            ?? [])),
            missing: ours.isEmpty ? missing(told, errno, facts) : [])
        if out.verdict == .likely { out.remedies = [remedy(facts)] }
        return out
    }

    /// Kernel lines within ten minutes of the failures.
    private static func isNear(_ event: Event, _ facts: Case) -> Bool {
        guard let at = event.at, let start = facts.start, let end = facts.end else { return true }
        return at >= start.adding(seconds: -600) && at <= end.adding(seconds: 600)
    }

    /// Whether the line is about what is mounted: a disk's line names `sdb`, the mount `/dev/sdb1`;
    /// a file server's line its name, the mount `10.0.0.9:/srv`.
    private static func names(_ event: Event, _ source: String) -> Bool {
        if let server = event["server"] { return source.hasPrefix(server + ":") }
        guard let device = event["device"], device.utf8.count > 2, source.hasPrefix("/dev/") else {
            return false
        }
        return source.dropFirst(5).hasPrefix(device)
    }

    private static func missing(
        _ told: [Event], _ errno: Errno, _ facts: Case
    ) -> [MissingFact] {
        let lines = MissingFact(
            what: "kernel lines of the device or file system",
            why: errno == .EIO
                ? "an I/O error leaves some" : "what fails below a file system mostly leaves some",
            command: FactCommands.kernelLines(facts.incident))
        let mount = MissingFact(
            what: "the device that the data directory is on",
            why: "the kernel's lines are of another one as long as that is not known",
            command: FactCommands.disk(facts.incident))
        return told.isEmpty ? [lines, mount] : [mount]
    }

    private static func remedy(_ facts: Case) -> Remedy {
        let client = FactCommands.client(facts.incident)
        return Remedy(
            order: 1,
            text: "Find the device that the kernel names, and whether the data directory is on it.",
            command: FactCommands.directory(facts.incident)
                + "; findmnt -T \"$D\"; lsblk; journalctl -k --since -1h | grep -iE "
                + "'I/O error|medium error|remounting|shut down|not responding'",
            precheck:
                "Leave the server running: what it holds in memory may be the only whole copy.",
            expect:
                "findmnt names the source of the data directory; lsblk shows on which device it is.",
            rollback: "Nothing to take back: the commands only read.",
            caveat:
                "A file system that had errors is checked before it is written to again. To save "
                + "elsewhere, \(client) CONFIG SET dir names a directory on a sound device, until "
                + "the next restart.",
            permanent: false)
    }
}
