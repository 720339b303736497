// SPDX-License-Identifier: Apache-2.0

internal import Model

/// One life of a server process: how it started, what it warned of, how it ended.
struct ServerLife {
    /// 0 until a line tells.
    var pid: Int32 = 0
    /// The first line of the start; `nil` where the start is not in the data.
    var firstLine: Event?
    /// The line that says that a server starts. From redis 7.2 on warnings come before it.
    var banner: Event?
    var version: Event?
    var mode: Event?
    var warnings: [Event] = []
    var shutdownRequested: Event?
    var end: End?
    var isReady = false
    /// What was read back at the start, and how old it was.
    var loaded: Event?
    var loadedAge: Event?
    /// What is read back is an append-only file; its base may be in RDB format.
    var loadsAOF = false
    var aof = AppendOnlyFile.unknown
    /// Replicas that finished a synchronisation and were not lost since.
    var replicas: Set<String> = []
    var hasSaved = false
    var lastLine: Event?
    /// A child's line that says that its server is gone.
    var foundGone: Event?

    struct End {
        var event: Event
        var isCrash: Bool
    }

    /// The line to show for the start.
    var started: Event? { banner ?? firstLine }
    /// Whether the start of the process is in the data.
    var startIsSeen: Bool { firstLine != nil }
    /// Whether a warning at the start would stand in the data: lines of other kinds and levels from
    /// before and behind its place do. A log of which only some lines are left shows no absence.
    var startIsWhole: Bool { startIsSeen && mode != nil && isReady }
    /// Whether anything is known of this process.
    var isKnown: Bool { pid != 0 || firstLine != nil || lastLine != nil }

    /// Start-up lines worth showing before the first failure.
    func precursors(_ sources: [String]) -> [TimelineEntry] {
        var out: [TimelineEntry] = []
        if let started {
            let who = pid == 0 ? "" : " (pid \(pid))"
            out.append(
                started.timelineEntry(
                    severity: .info, text: "server started\(who)", sources: sources))
        }
        for warning in warnings where warning.kind != .limit_warning {
            out.append(
                warning.timelineEntry(
                    severity: .warning, text: TimelineText.warning(warning), sources: sources))
        }
        return out
    }

    /// A start shortly before the first failure, without a success since, is what changed.
    func restartTrigger(before failure: Timestamp?, _ sources: [String]) -> Trigger? {
        guard let started, !hasSaved, let at = started.at, let failure, failure >= at,
            failure.seconds(since: at) < 900
        else { return nil }
        let distance = spokenDuration(seconds: failure.seconds(since: at))
        return Trigger(
            statement:
                "The server process had started \(distance) before the first failure, and no "
                + "save of it had succeeded.",
            at: at,
            evidence: [
                Evidence(
                    .for, "start of the process", quote: started.line, at: at,
                    source: started.reference(sources))
            ])
    }
}

/// Copy-on-write sizes over the saves of an instance.
struct CopyOnWriteTrend {
    private(set) var first: (event: Event, mebibytes: Int)?
    private(set) var last: (event: Event, mebibytes: Int)?
    private(set) var peak = 0
    /// The line with the highest figure of any child, for the diagnosis.
    private(set) var largest: Event?
    private var largestSize = 0

    mutating func note(_ event: Event) {
        guard let size = event.copiedMebibytes else { return }
        if size > largestSize { (largest, largestSize) = (event, size) }
        guard event.operation == .bgsave else { return }
        if first == nil { first = (event, size) }
        last = (event, size)
        peak = max(peak, size)
    }

    /// Notes a save that copied no more than another child before. `false` where it is not one of
    /// these; then nothing is noted, and `note` is to be asked. Its line is to follow (`noteLast`).
    mutating func noteUsual(_ size: Int) -> Bool {
        guard first != nil, size <= largestSize else { return false }
        peak = max(peak, size)
        return true
    }

    /// The line of the last save, of those that were usual.
    mutating func noteLast(_ event: Event, _ size: Int) { last = (event, size) }

    /// Worth a line before an incident only where it has grown to something.
    func precursor(_ sources: [String]) -> TimelineEntry? {
        guard let first, let last, last.mebibytes > first.mebibytes, last.mebibytes >= 64
        else { return nil }
        return last.event.timelineEntry(
            severity: .info,
            text:
                "copy-on-write of the last save \(grouped(last.mebibytes)) MiB, up from "
                + "\(grouped(first.mebibytes)) MiB",
            sources: sources)
    }
}
