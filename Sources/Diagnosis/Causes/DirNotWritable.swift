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
        guard let first = errors.first else { return nil }
        let seen = ServerStatus.failing(facts)
        let proof = DirectoryRights(facts).proof(of: first.errno ?? .UNKNOWN)
        let isProven = proof?.evidence.direction == .for
        var out = finding(
            isProven
                ? proof?.isTimely == true ? .confirmed : .likely
                : seen.isEmpty ? .possible : .likely,
            proof == nil || isProven ? .high : .medium,
            claim(first, facts),
            evidence: facts.cite(errors, "the system denied the file")
                + [proof?.evidence].compactMap(\.self) + seen,
            missing: isProven ? [] : [proof == nil ? unread(facts) : unexplained(facts)])
        if out.verdict != .possible { out.remedies = [remedy(first, facts)] }
        return out
    }

    private static func unread(_ facts: Case) -> MissingFact {
        MissingFact(
            what: "owner, mode and mount of the data directory",
            why: "they say which of the three it is",
            command: FactCommands.directoryRights(facts.incident))
    }

    /// What was read lets the server write: then something else denies it, or it was changed since.
    private static func unexplained(_ facts: Case) -> MissingFact {
        MissingFact(
            what: "the unit's own view of the file system, and denials of a security module",
            why: "what was read of the directory would let the server write: these deny it all the "
                + "same, unless its rights were changed since",
            command: FactCommands.denials(facts.incident))
    }

    private static func claim(_ event: Event, _ facts: Case) -> String {
        let base =
            switch event.errno {
            case .EROFS: "The data directory is on a file system that is mounted read-only"
            case .ENOENT, .ENOTDIR:
                "The data directory does not exist where the server looks for it"
            default:
                "The server may not write in its data directory: its user lacks the permission, or "
                    + "a security module denies it"
            }
        if event.errno == .ENOENT, facts.incident.directoryHasNoName {
            return "The directory in which the server works is gone: it could not even name it."
        }
        guard let directory = facts.incident.directory else { return base + "." }
        return base + " (\(directory))."
            + (isStrange(directory)
                ? " A server is hardly ever set up to save there: an attacker's CONFIG SET dir "
                    + "leaves this trace. Check who can reach the port."
                : "")
    }

    /// Where those who break in want a file to be, and no server has its data.
    private static func isStrange(_ directory: String) -> Bool {
        directory.contains("/.ssh")
            || ["/etc", "/var/spool/cron", "/var/www", "/bin", "/sbin", "/usr/bin", "/usr/sbin"]
                .contains { directory == $0 || directory.hasPrefix($0 + "/") }
    }

    /// A directory that is not the server's is not given to it: the server is sent back.
    private static func away(_ directory: String, _ facts: Case) -> Remedy {
        let client = FactCommands.client(facts.incident)
        return .reading(
            "Send the server back to its own directory by CONFIG SET dir; do not open \(directory) "
                + "to it.",
            command: "\(client) CONFIG GET dir; \(client) CONFIG GET dbfilename; \(client) INFO "
                + "server | grep config_file",
            expect: "The lines dir and dbfilename of the configuration file name what was meant. "
                + "After CONFIG SET of both, BGSAVE ends with success there.",
            caveat: "What lies in \(directory) under that name may be an attacker's file: keep it, "
                + "and do not run it. Where nobody of yours set it, somebody else can: bind the port to what needs "
                + "it, set a password or ACLs, and look for keys and replicas that are not yours.")
    }

    /// A directory that is gone, or a path that never was one.
    private static func missing(_ facts: Case) -> Remedy {
        let client = FactCommands.client(facts.incident)
        return Remedy(
            order: 1,
            text: "Find why the directory is not there (a mount that is missing, a directory that "
                + "was removed or renamed), and bring it back.",
            command:
                FactCommands.directory(facts.incident)
                + "; ls -ld \"$D\"; findmnt -T \"$D\"; grep -sF -- \"$D\" /etc/fstab",
            precheck: "The volume that should be there is not mounted elsewhere. A new, empty "
                + "directory would hide the old files once the mount comes back.",
            expect: "\(client) BGSAVE ends with success.",
            rollback: "Nothing to take back: the commands only read.",
            caveat: "Until a save succeeds, data exist in memory only: do not restart the server.",
            permanent: false)
    }

    /// The server works in a directory that was removed: one of the same name is another.
    private static func removed(_ facts: Case) -> Remedy {
        let client = FactCommands.client(facts.incident)
        return Remedy(
            order: 1,
            text:
                "Find what removed or replaced the directory, bring it back, and send the server there by "
                + "CONFIG SET dir: it goes on working in the removed one, also when another of the same "
                + "name is made.",
            command: facts.aboutProcess { "sudo readlink /proc/\($0)/cwd" }
                + "; \(client) INFO server | grep config_file",
            precheck:
                "The link names the old path before ' (deleted)'; the line dir of the configuration "
                + "file names what was meant. A volume that is not mounted must be mounted first: a new, "
                + "empty directory would hide the old files.",
            expect:
                "After CONFIG SET dir, \(client) CONFIG GET dir prints the path, and BGSAVE ends with "
                + "success.",
            rollback: "Nothing to take back: the commands only read.",
            caveat: "Until a save succeeds, data exist in memory only: do not restart the server.",
            permanent: false)
    }

    private static func remedy(_ event: Event, _ facts: Case) -> Remedy {
        if let directory = facts.incident.directory, isStrange(directory) {
            return away(directory, facts)
        }
        if event.errno == .ENOENT || event.errno == .ENOTDIR {
            return facts.incident.directoryHasNoName ? removed(facts) : missing(facts)
        }
        let client = FactCommands.client(facts.incident)
        let directory = FactCommands.directory(facts.incident)
        let isReadOnly = event.errno == .EROFS
        func mount(_ mode: String) -> String {
            "sudo mount -o remount,\(mode) \"$(findmnt -n -o TARGET -T "
                + "\(FactCommands.directoryWord(facts.incident)))\""
        }
        return Remedy(
            order: 1,
            text: isReadOnly
                ? "Find why the file system is read-only, and mount it for writing."
                : "Give the directory back to the user that the server runs as.",
            command: isReadOnly
                ? mount("rw")
                : directory + "; " + FactCommands.findProcess(facts.incident)
                    + "; stat -c '%U:%G %a' \"$D\"; sudo chown \"$(ps -o user= -p $P)\" \"$D\"; sudo "
                    + "chmod u+rwx \"$D\"",
            precheck: isReadOnly
                ? "journalctl -k: a file system that the kernel made read-only after an I/O error "
                    + "must be checked before it is written to. systemd's ReadWritePaths= and "
                    + "container volumes make directories read-only, too."
                : "\(client) CONFIG GET dir is the directory that was meant; ls -ld shows another "
                    + "owner than the server's user.",
            expect: "\(client) BGSAVE ends with success.",
            rollback: isReadOnly
                ? mount("ro")
                : "By chown and chmod to the owner and mode that the command printed first.",
            caveat: "Memory settings have no part in it. Until a save succeeds, data exist in "
                + "memory only: do not restart the server.",
            permanent: !isReadOnly)
    }
}
