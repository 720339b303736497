// SPDX-License-Identifier: Apache-2.0

internal import Model

/// The automatic AOF rewrite was tried again at every tick, about ten times a second.
///
/// Claim: no version holds automatic rewrites back after a refused fork; from redis 7.0 on each
/// try leaves a new incremental file (redis 7.2.6, src/aof.c, `aofRewriteLimited`,
/// `openNewIncrAofForAppend`).
/// For: dozens of refused forks of rewrites, a tenth of a second apart.
/// Against: refusals with the rhythm of save points, six seconds apart.
/// Settled by: the log; the number in the name of the newest incremental file.
/// To do: mend what refuses the fork. Until then `CONFIG SET auto-aof-rewrite-percentage 0` ends the
/// tries, and the AOF grows; the value before goes back afterwards.
enum AOFRewriteRetryStorm: Cause {
    static let id = CauseID.aof_rewrite_retry_storm
    static let role = Finding.Role.contributing

    static func judge(_ facts: Case) -> Finding? {
        let count = facts.incident.failures.byOperation[.aof_rewrite] ?? 0
        guard count >= 50 else { return nil }
        return finding(
            .possible, .high,
            "The rewrite was tried again without pause: \(grouped(count)) "
                + "refused forks. Each try on Redis 7.0 or later leaves a new incremental AOF "
                + "file.",
            evidence: facts.cite(
                facts.events(.fork_failed).filter { $0.operation == .aof_rewrite },
                "refused again and again"))
    }
}
