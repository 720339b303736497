// SPDX-License-Identifier: Apache-2.0

internal import Model

/// Pipes or files could not be opened: no descriptors were left.
///
/// Mechanism: EMFILE or ENFILE. Up to redis 3.2.8 each refused fork of an AOF rewrite leaks six
/// descriptors, until none is left (redis 3.2.8, src/aof.c).
/// For: `Too many open files` beside failed rewrites.
/// Against: another errno.
/// Settled by: /proc/PID/limits and the number of open descriptors.
/// To do: restart after a save; upgrade; raise the limit.
enum FileDescriptorLimit: Cause {
    static let id = CauseID.file_descriptor_limit

    static func judge(_ facts: Case) -> Finding? {
        let errors = facts.fileErrors(.EMFILE, .ENFILE) + facts.refusals(.EMFILE, .ENFILE)
        guard !errors.isEmpty else { return nil }
        let limit = facts.setting(.limitOpenFiles, where: Case.isServerProcess)
        let open = facts.nearest(.openFiles, where: Case.isServerProcess)
        if let limit, let open, open.number >= limit.number / 100 * 95 {
            var out = finding(
                .likely, .medium,
                "The server had \(grouped(Int(clamping: open.number))) files open, and may have "
                    + "\(grouped(Int(clamping: limit.number))).",
                evidence: facts.cite(errors, "too many open files") + [
                    facts.cite(open, .for, "open files, \(facts.distance(of: open))"),
                    facts.cite(limit.reading, .for, "the limit; \(facts.reach(of: limit))"),
                ])
            out.arithmetic = [
                facts.quantity("open files", open), facts.quantity("limit", limit.reading),
            ]
            out.remedies = [remedy(facts, limit)]
            return out
        }
        return finding(
            .possible, .medium, "The server may have run out of file descriptors.",
            evidence: facts.cite(errors, "too many open files"),
            missing: [
                MissingFact(
                    what: "open descriptors and their limit", why: "the limit is per process",
                    command: FactCommands.descriptors(facts.incident))
            ])
    }

    private static func remedy(_ facts: Case, _ limit: Setting) -> Remedy {
        let now = facts.newest(.limitOpenFiles, where: Case.isServerProcess) ?? limit.reading
        let target = max(limit.number, now.number).clampedProduct(2)
        return Remedy(
            order: 1, text: "Raise the limit of the running server, without a restart.",
            command: facts.aboutProcess {
                "sudo prlimit --pid \($0) --nofile=\(target):\(target)"
            },
            precheck:
                facts.aboutProcess {
                    "grep 'open files' /proc/\($0)/limits; sudo ls -l /proc/\($0)/fd"
                }
                + " | awk '{print $NF}' | sort | uniq -c | sort -rn | head: thousands of pipes are a leak, sockets are clients. No limit may be above what sysctl fs.nr_open prints.",
            expect: "The next rewrite starts.",
            rollback: "The two limits that the check printed, with the same command.",
            caveat: "A leak fills the new limit, too; up to redis 3.2.8 each refused rewrite leaks "
                + "six. For good: LimitNOFILE= of the unit. Clients are bounded by maxclients.",
            permanent: false)
    }
}
