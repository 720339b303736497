// SPDX-License-Identifier: Apache-2.0

internal import Model

/// What a container's runtime, or Kubernetes, says of kills in the container: `OOMKilled`.
///
/// It says that the OOM killer took some process of the container during the run that it speaks of,
/// a child as well as the server (moby v27, daemon/monitor.go, `EventOOM`; Linux v6.6,
/// Documentation/admin-guide/cgroup-v2.rst, `oom_kill` in memory.events). On cgroup v2 a kill for
/// the whole host counts, so only with a limit does it speak for the limit.
enum ContainerKill {
    /// The reading about the run in which a process was killed; set before not set.
    static func flag(_ facts: Case) -> Measured? {
        guard let kill = (facts.kills(9) + facts.vanished).compactMap(\.at).min() else {
            return nil
        }
        let all = facts.incident.readings.all(.wasOOMKilled, where: Case.isCgroup)
            .filter { covers(kill, $0) }
        return all.last { $0.number == 1 } ?? all.last
    }

    /// Whether the reading is about the run of the container in which `kill` fell, and is of no
    /// earlier time. A start or an end is told to the second.
    private static func covers(_ kill: Timestamp, _ flag: Measured) -> Bool {
        let snapshot = flag.placed.snapshot
        func time(_ measure: Measure) -> Timestamp? {
            snapshot[measure].map { Timestamp(nanoseconds: 0).adding(seconds: Double($0)) }
        }
        if let at = flag.at, !flag.placed.isFileTime, at < kill { return false }
        let (started, finished) = (time(.startedAt), time(.finishedAt))
        guard let latest = [started, finished].compactMap(\.self).max() else { return false }
        // `Last State` is of the run before the one whose start is told.
        if snapshot.text(.terminationReason) != nil, let finished,
            finished == latest
                || started.map({ finished <= $0 }) ?? true
        {
            let began = time(.lastStartedAt) ?? started.flatMap { $0 < finished ? $0 : nil }
            return kill <= finished.adding(seconds: 2) && began.map { $0 <= kill } ?? true
        }
        guard let started, started <= kill else { return false }
        guard let finished, finished > started else { return true }
        return kill <= finished.adding(seconds: 2)
    }

    /// Whether the same source shows a limit of the container.
    static func hasLimit(_ flag: Measured) -> Bool {
        flag.placed.snapshot[.cgroupLimit].map { $0 < Int64.max / 2 } ?? false
    }

    static func statement(_ flag: Measured) -> String {
        flag.number == 1
            ? "\(flag.placed.snapshot.format) says that the OOM killer took a process of the "
                + "container in that run (OOMKilled)"
            : "\(flag.placed.snapshot.format) knows of no OOM kill in the container in that run "
                + "(OOMKilled is false)"
    }

    static func evidence(_ facts: Case, _ flag: Measured) -> Evidence {
        facts.cite(flag, flag.number == 1 ? .for : .against, statement(flag))
    }
}
