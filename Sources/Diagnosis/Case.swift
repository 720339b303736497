// SPDX-License-Identifier: Apache-2.0

package import Model

/// One incident as a cause looks at it: what was observed, and how to cite it.
package struct Case: Sendable {
    let incident: Incident
    /// Names of the inputs, for citations.
    let sources: [String]
    /// What shows that the clocks of log and snapshots disagree: the process was read before the log
    /// says that it started.
    private(set) var clockConflict: Evidence?

    package init(_ incident: Incident, sources: [String]) {
        self.incident = incident
        self.sources = sources
        clockConflict = earlyReading
    }

    // MARK: - What was observed

    func events(_ kinds: EventKind...) -> [Event] {
        incident.observations.filter { kinds.contains($0.kind) }
    }

    /// Those that the incident's own server wrote, and not another that took part.
    func ownEvents(_ kinds: EventKind...) -> [Event] {
        let pids = incident.instance.pids
        return incident.observations.filter {
            kinds.contains($0.kind)
                && ($0.header.pid == 0 || pids.isEmpty || pids.contains($0.header.pid))
        }
    }

    /// Refused forks with one of the given errnos; where only the kernel tells of any, its lines.
    func refusals(_ errnos: Errno...) -> [Event] {
        guard !isToldByKernelOnly else {
            return kernelRefusals.filter { _ in errnos.contains(.ENOMEM) }
                + events(.pids_rejected).filter { _ in errnos.contains(.EAGAIN) }
        }
        return events(.fork_failed).filter {
            $0.errno.map { errnos.contains($0) } ?? errnos.contains(.UNKNOWN)
        }
    }

    /// Whether no server's line tells of the refusal, but lines of the kernel do.
    var isToldByKernelOnly: Bool {
        incident.kind == .fork_failure && incident.failures.total == nil
    }

    /// Whether forks are seen to pass since the last one that was refused.
    var forksWorkAgain: Bool { incident.status == .recovered || incident.forkPassed }

    func refusedForks(_ errnos: Errno...) -> Int {
        errnos.reduce(0) { $0 + (incident.failures.byErrno[$1] ?? 0) }
    }

    /// Failed reads and writes of data files with one of the given errnos.
    func fileErrors(_ errnos: Errno...) -> [Event] {
        events(
            .rdb_write_error, .rdb_file_error, .aof_write_error, .aof_file_error,
            .aof_enable_failed,
            .persistence_fatal, .writes_refused
        )
        .filter { $0.errno.map { errnos.contains($0) } ?? false }
    }

    /// Kills by an OOM killer that took a process of the server's family.
    var oomVictims: [Event] {
        let named = events(.oom_victim, .oomd_kill, .earlyoom_kill).filter(\.isServerFamily)
        guard named.isEmpty else { return named }
        // systemd says that there was one in the server's unit, and not whom it took.
        return events(.unit_oom, .unit_failed).filter {
            ($0.kind == .unit_oom || $0["reason"] == "oom-kill") && $0.isServerFamily
        }
    }

    /// Lines that show that the server had gone without a word while a child of it ran, which a
    /// kill of the server explains; not where forks had been refused before.
    var vanished: [Event] { incident.kind == .save_failure ? incident.vanished : [] }

    /// Children killed by one of the given signals.
    func kills(_ signals: Int...) -> [Event] {
        events(.child_killed).filter { $0.int("signal").map { signals.contains($0) } ?? false }
    }

    /// Crash reports of children whose signal a process sent: si_code is SI_USER or below
    /// (sigaction(2)), provided that every report says so.
    var sentSignals: [Event] {
        let reports = events(.crash_signal).filter { $0.header.role == .child }
        let sent = reports.filter { ($0.int("si_code") ?? 1) <= 0 }
        return sent.count == reports.count ? sent : []
    }

    // MARK: - Citing

    func cite(_ event: Event, _ direction: Evidence.Direction, _ statement: String) -> Evidence {
        Evidence(
            direction, statement, quote: event.line, at: event.at,
            source: event.source.input < sources.count
                ? SourceReference(
                    path: sources[event.source.input], line: event.source.line,
                    offset: event.source.offset, cursor: event.cursor)
                : nil)
    }

    /// The first and the last of several, with what they show.
    func cite(_ events: [Event], _ statement: String) -> [Evidence] {
        guard let first = events.first else { return [] }
        let all = events.count > 1 ? [first, events[events.count - 1]] : [first]
        return all.map { cite($0, .for, statement) }
    }

    /// Refused forks, each with what its own line says.
    func citeRefused(_ refusals: [Event]) -> [Evidence] {
        guard let first = refusals.first else { return [] }
        let said =
            switch (first.kind, first.errno) {
            case (.kernel_commit_refused, _): CommitLimitStrict.kernelSays
            case (.pids_rejected, _):
                "the kernel refused a fork or a thread in the group: a limit on tasks, never on "
                    + "memory"
            case (_, .EAGAIN): "fork returned EAGAIN: a limit on tasks, never on memory"
            default: "fork returned ENOMEM"
            }
        return cite(refusals, said)
    }

    // MARK: - Overcommit at the start of the process

    /// Redis 5.0 and later with jemalloc map their heap so that modes 0 and 1 do not account it.
    var heapIsSeldomAccounted: Bool {
        guard let version = incident.instance.version,
            let major = version.split(separator: ".").first.flatMap({ Int($0) })
        else { return false }
        return major >= 5
    }

    enum OvercommitAtStart {
        case zero(Event)
        case notOne(Event)
        /// The start is in the log and holds no warning.
        case silent(Event, couldBeStrict: Bool)
        case unknown
    }

    /// What the start-up lines prove about vm.overcommit_memory, for that moment only.
    ///
    /// Source: `linuxOvercommitMemoryWarning` in redis 2.4 – 7.0 (src/server.c) and
    /// `checkOvercommit` in redis 7.0.6 and later, valkey (src/syscheck.c): up to 6.2.7 and
    /// 7.0.0 – 7.0.5 the warning means 0, later "not 1".
    var overcommitAtStart: OvercommitAtStart {
        if let warning = ownEvents(.overcommit_warning).last {
            return warning["proves"] == "zero" ? .zero(warning) : .notOne(warning)
        }
        guard incident.startIsWhole,
            let start = ownEvents(.server_version, .logo_version).last,
            let version = start["version"], !warnsFirst(version)
        else { return .unknown }
        let silence = OvercommitAtStart.silent(start, couldBeStrict: warnsOfZeroOnly(version))
        return isRefuted(silence, start) ? .unknown : silence
    }

    /// Whether a reading of the minute around the start shows a mode of which the server would have
    /// warned: then the warning was lost.
    private func isRefuted(_ silence: OvercommitAtStart, _ start: Event) -> Bool {
        guard case .silent(_, let couldBeStrict) = silence, let at = start.at else { return false }
        return incident.readings.all(.overcommitMemory, where: Self.isHost).contains { read in
            guard let other = read.at, abs(other.seconds(since: at)) <= 60 else { return false }
            return read.number == 0 || read.number == 2 && !couldBeStrict
        }
    }

    /// Whether the warning is the first line of a start, before the banner, where nothing shows that the
    /// log holds the start from its first line on (redis 7.2 and later, valkey).
    private func warnsFirst(_ version: String) -> Bool {
        if incident.instance.product == "keydb" { return false }
        if incident.instance.product == "valkey" { return true }
        let parts = version.split(separator: ".").compactMap { Int($0) }
        return parts.count >= 2 && (parts[0], parts[1]) >= (7, 2)
    }

    private func warnsOfZeroOnly(_ version: String) -> Bool {
        if incident.instance.product == "keydb" { return true }
        let parts = version.split(separator: ".").compactMap { Int($0) }
        guard parts.count == 3 else { return true }
        switch (parts[0], parts[1]) {
        case (...5, _), (6, ...1): return true
        case (6, _): return parts[2] <= 7
        case (7, 0): return parts[2] <= 5
        default: return false
        }
    }

    /// What the overcommit warning, or its absence, adds for or against strict accounting.
    func overcommitEvidence(strict: Bool) -> [Evidence] {
        switch overcommitAtStart {
        case .zero(let event):
            [
                cite(
                    event, strict ? .against : .for,
                    "vm.overcommit_memory was 0 when the process started; it may have been "
                        + "changed since"
                )
            ]
        case .notOne(let event):
            [
                cite(
                    event, .for,
                    "vm.overcommit_memory was 0 or 2 when the process started: this version's "
                        + "warning does not tell which"
                )
            ]
        case .silent(let event, let couldBeStrict):
            [
                cite(
                    event, strict && couldBeStrict ? .for : .against,
                    couldBeStrict
                        ? "no overcommit warning at the start: this version warns of 0 only, so "
                            + "it was 1 or 2 then"
                        : "no overcommit warning at the start: vm.overcommit_memory was 1 then; "
                            + "it may have been changed since"
                )
            ]
        case .unknown: []
        }
    }
}
