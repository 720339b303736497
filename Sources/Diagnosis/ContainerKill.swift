// SPDX-License-Identifier: Apache-2.0

internal import Model

/// What a container's runtime, or Kubernetes, says of kills in the container: `OOMKilled`.
///
/// It says that the OOM killer took some process of the container during the run that it speaks of,
/// a child as well as the server (moby v27, daemon/monitor.go, `EventOOM`; Linux v6.6,
/// Documentation/admin-guide/cgroup-v2.rst, `oom_kill` in memory.events). On cgroup v2 a kill for
/// the whole host counts, so only with a limit does it speak for the limit.
enum ContainerKill {
    /// When the process went whose end is asked about.
    private struct Moment {
        var from: Timestamp
        var to: Timestamp
        /// Whether it was the server, with which its container ends, and not a child.
        var isServers: Bool
    }

    /// The reading about the run in which a process was killed; set before not set.
    static func flag(_ facts: Case) -> Measured? {
        guard let moment = moment(facts) else { return nil }
        let all = facts.incident.readings.all(.wasOOMKilled, where: Case.isCgroup)
            .filter { covers(moment, $0) }
        return all.last { $0.number == 1 } ?? all.last
    }

    /// The first signal 9 to a child; else the time in which the server went without a word: after
    /// its last line, and before the line that shows it, which a restart writes with some delay
    /// (kubelet waits up to five minutes). A kill that only the container's state tells of is at
    /// the start of its incident.
    private static func moment(_ facts: Case) -> Moment? {
        let killed = facts.kills(9).compactMap(\.at).min()
        let gone = facts.vanished.compactMap(\.at).min()
        if let killed, gone.map({ killed <= $0 }) ?? true {
            return Moment(from: killed, to: killed, isServers: false)
        }
        if let gone {
            let from = facts.incident.lastWordAt.map { min($0, gone) } ?? gone
            return Moment(from: from, to: gone, isServers: true)
        }
        guard facts.incident.kind == .oom_kill, facts.oomVictims.isEmpty, let at = facts.start
        else { return nil }
        return Moment(from: at, to: at, isServers: true)
    }

    /// Whether the reading is about the run of the container in which the process went, and is of no
    /// earlier time. A start or an end is told to the second.
    private static func covers(_ moment: Moment, _ flag: Measured) -> Bool {
        let snapshot = flag.placed.snapshot
        let (started, finished) = (snapshot.instant(.startedAt), snapshot.instant(.finishedAt))
        guard let latest = [started, finished].compactMap(\.self).max() else { return false }
        // What it tells of has been when it was read, whatever time stands above it.
        if let at = flag.at, !flag.placed.isFileTime, max(at, latest) < moment.from { return false }
        // `Last State` is of the run before the one whose start is told.
        if snapshot.text(.terminationReason) != nil, let finished,
            finished == latest
                || started.map({ finished <= $0 }) ?? true
        {
            let began =
                snapshot.instant(.lastStartedAt) ?? started.flatMap { $0 < finished ? $0 : nil }
            let isAfter = finished.adding(seconds: 2) >= moment.from
            let isBefore = !moment.isServers || finished <= moment.to.adding(seconds: 2)
            return isAfter && isBefore && began.map { $0 <= moment.to } ?? true
        }
        guard let started, started <= moment.to else { return false }
        guard let finished, finished > started else { return true }
        return moment.from <= finished.adding(seconds: 2)
    }

    /// Whether it says that the container itself ended so, and with it the server.
    static func endedServer(_ flag: Measured) -> Bool {
        flag.number == 1 && flag.placed.snapshot.text(.terminationReason) != nil
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
