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
        let disk = DataDirectory(facts)
        let seen = ServerStatus.failing(facts)
        let isSmall = disk.isTooSmall
        let lack =
            disk.areInodesUsedUp
            ? "no inode was free"
            : disk.isPerhapsTooSmall
                ? "less was free than the file may need" : "hardly anything was free"
        var out = finding(
            verdict(errors, disk, seen),
            errors.isEmpty
                ? .low
                : isSmall
                    && (disk.reach == .undated || disk.isOnlyPlace || disk.isPerhapsTooSmall)
                    ? .medium : .high,
            errors.isEmpty
                ? "Writes to a data file were cut short, as on a full disk."
                : "The file system of the data directory was out of space, inodes or quota: the "
                    + "errno says so"
                    + (isSmall
                        ? ", and \(lack)"
                            + (disk.reach == .timely
                                ? "." : ", as it was read at a time that is not known.")
                        : "; which of the three it was is not known."),
            evidence: facts.cite(errors, "the system refused the write for want of space")
                + facts.cite(short, "a write to the AOF was cut short") + disk.evidence + seen,
            missing: isSmall
                ? []
                : [
                    MissingFact(
                        what: "free space, inodes and quota of the data directory, and what the "
                            + "server says of its saves",
                        why: disk.unplaced > 1
                            ? "which of the \(disk.unplaced) file systems that were told of holds "
                                + "it is not known, and all three give the same error"
                            : "all three give the same error",
                        command: FactCommands.disk(facts.incident))
                ])
        out.arithmetic = disk.arithmetic
        if out.verdict == .confirmed || out.verdict == .likely {
            out.remedies = remedies(facts, disk.areInodesUsedUp)
        }
        return out
    }

    private static func verdict(
        _ errors: [Event], _ disk: DataDirectory, _ seen: [Evidence]
    ) -> Finding.Verdict {
        guard !errors.isEmpty else { return disk.isTooSmall ? .likely : .possible }
        if disk.isTooSmall {
            return disk.reach == .timely && !disk.isOnlyPlace && !disk.isPerhapsTooSmall
                ? .confirmed : .likely
        }
        return seen.isEmpty ? .possible : .likely
    }

    private static func remedies(_ facts: Case, _ isOutOfInodes: Bool) -> [Remedy] {
        let client = FactCommands.client(facts.incident)
        return [
            Remedy(
                order: 1,
                text: isOutOfInodes
                    ? "Remove files that nobody needs from the file system of the data directory: it has "
                        + "no inode left, whatever space is free."
                    : "Make room on the file system of the data directory: old dumps, core files, "
                        + "logs; or enlarge it.",
                command: FactCommands.directory(facts.incident)
                    + "; df -h \"$D\"; df -i \"$D\"; ls -la \"$D\""
                    + (isOutOfInodes
                        ? "; M=$(findmnt -n -o TARGET -T \"$D\"); sudo du --inodes -x -d 2 \"$M\" | "
                            + "sort -n | tail -20"
                        : ""),
                precheck: "temp-*.rdb files of processes that no longer run are left-overs; "
                    + "appendonlydir and dump.rdb are the data: do not delete them.",
                expect:
                    "\(client) BGSAVE ends with 'Background saving terminated with success', and "
                    + "rdb_last_bgsave_status is ok.",
                rollback:
                    "Nothing to take back: the commands only read. Keep what you remove until "
                    + "a save has succeeded.",
                caveat:
                    "A save needs room for a second full file beside the old one; an AOF rewrite "
                    + "likewise. Memory settings have no part in it.",
                permanent: false)
        ]
    }
}
