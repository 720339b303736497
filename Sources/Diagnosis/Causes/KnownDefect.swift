// SPDX-License-Identifier: Apache-2.0

internal import Model

/// A defect of this version turned a refused fork into something worse.
///
/// Claim: some versions answer a refused fork badly, beyond what the refusal itself does. Upgrading
/// mends the answer, not the refusal.
/// For: valkey 8.0.1, 8.1.1 and 9.1.2: an assertion in rdb.c about `rdb_pipe_read` after a refused
/// fork of a diskless full synchronisation, which left pipes behind (recorded on those versions;
/// redis is not affected). Redis 3.2.8 and before: `Too many open files` after refused AOF
/// rewrites, each of which leaks six pipes (redis 3.2.8, src/aof.c; redis issues 2857, 2883). Redis
/// 2.4 to 2.6.15: refused saves ten times a second, since nothing holds a retry back
/// (redis 2.6.15, src/redis.c, `serverCron`).
/// Against: another product or version; the same lines without a refused fork before them.
/// Settled by: the version that the server printed at its start.
/// To do: upgrade; until then, mend what refuses the fork.
enum KnownDefect: Cause {
    static let id = CauseID.known_defect
    static let role = Finding.Role.contributing

    static func judge(_ facts: Case) -> Finding? {
        guard !facts.events(.fork_failed).isEmpty else { return nil }
        return pipesLeftBehind(facts) ?? leakedPipes(facts) ?? saveStorm(facts)
    }

    private static func pipesLeftBehind(_ facts: Case) -> Finding? {
        guard facts.incident.instance.product == "valkey",
            let assertion = facts.events(.assertion_failed)
                .first(where: { $0["reason"]?.contains("rdb_pipe_read") ?? false })
        else { return nil }
        return finding(
            .possible, .high,
            "The master aborted on an assertion about pipes that a refused fork had left behind: "
                + "a known defect of valkey 8.0 to 9.1. The crash is a consequence of the "
                + "refused fork.",
            evidence: [
                facts.cite(
                    assertion, .for,
                    "the assertion that follows a refused fork of "
                        + "a diskless synchronisation")
            ])
    }

    private static func leakedPipes(_ facts: Case) -> Finding? {
        guard let version = version(facts), version.lexicographicallyPrecedes([3, 2, 9]),
            (facts.incident.failures.byOperation[.aof_rewrite] ?? 0) > 0
        else { return nil }
        let errors = facts.fileErrors(.EMFILE)
        guard !errors.isEmpty else { return nil }
        return finding(
            .possible, .high,
            "Each refused fork of an AOF rewrite had leaked six file descriptors, until none was "
                + "left: a known defect up to redis 3.2.8.",
            evidence: facts.cite(errors, "no descriptors are left"))
    }

    private static func saveStorm(_ facts: Case) -> Finding? {
        guard let version = version(facts), !version.lexicographicallyPrecedes([2, 4, 0]),
            version.lexicographicallyPrecedes([2, 6, 16]),
            let count = facts.incident.failures.byOperation[.bgsave], count >= 50,
            let start = facts.start, let end = facts.end,
            end.seconds(since: start) < Double(count)
        else { return nil }
        return finding(
            .possible, .high,
            "The save was tried again without a pause, \(grouped(count)) times: a known defect up "
                + "to redis 2.6.15. Later versions wait five seconds.",
            evidence: facts.cite(facts.events(.fork_failed), "refused again and again"))
    }

    /// The version of a redis, as numbers.
    private static func version(_ facts: Case) -> [Int]? {
        let instance = facts.incident.instance
        guard instance.product == "redis", let text = instance.version else { return nil }
        let parts = text.split(separator: ".").compactMap { Int($0) }
        return parts.count == 3 ? parts : nil
    }
}
