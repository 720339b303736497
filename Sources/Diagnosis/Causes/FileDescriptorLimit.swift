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
        return finding(
            .possible, .medium, "The server may have run out of file descriptors.",
            evidence: facts.cite(errors, "too many open files"),
            missing: [
                MissingFact(
                    what: "open descriptors and their limit", why: "the limit is per process",
                    command: FactCommands.descriptors(facts.incident))
            ])
    }
}
