// SPDX-License-Identifier: Apache-2.0

internal import Model

/// That the kernel says nothing of an OOM kill while its log covers the time.
///
/// The line `Killed process` is printed for every kill, whatever else is rate-limited (Linux v6.6,
/// mm/oom_kill.c, `__oom_kill_process`), at a level that no usual filter drops. A log from which
/// somebody took lines out does not show that, so it is no proof.
enum KernelSilence {
    /// The log that has lines before and after each child that signal 9 ended, and each server that
    /// was gone without a word, and none about an OOM kill.
    static func log(_ facts: Case) -> KernelLog? {
        let moments = (facts.kills(9) + facts.vanished).map(\.at)
        guard !moments.isEmpty, facts.oomVictims.isEmpty, facts.clockConflict == nil,
            !facts.incident.zoneIsAssumed
        else { return nil }
        return (facts.incident.kernelLogs + asked(facts)).first { log in
            moments.allSatisfy { at in at.map { $0 > log.from && $0 < log.to } ?? false }
        }
    }

    /// Stretches of time for which somebody asked for the kernel's lines, and there were none.
    private static func asked(_ facts: Case) -> [KernelLog] {
        facts.incident.readings.snapshots.compactMap { placed in
            let snapshot = placed.snapshot
            guard placed.tie != .doubtful, let from = snapshot[.kernelQuietFrom],
                let until = snapshot[.kernelQuietUntil]
            else { return nil }
            return KernelLog(
                path: placed.path, from: Timestamp(seconds: from), to: Timestamp(seconds: until),
                line: snapshot.line)
        }
    }

    static func evidence(_ log: KernelLog, _ direction: Evidence.Direction) -> Evidence {
        Evidence(
            direction,
            "the kernel's log covers \(FactCommands.spoken(log.from)) to "
                + "\(FactCommands.spoken(log.to)), and has no line about an OOM kill",
            at: log.to, source: SourceReference(path: log.path, line: log.line, offset: 0))
    }
}
