// SPDX-License-Identifier: Apache-2.0

internal import Model

/// One life of a server process: how it started, what it warned of, whether it has ended.
struct ServerLife {
    var pid: Int32 = 0
    /// The first line of the start, if the start is in the data.
    var started: Event?
    var version: Event?
    var warnings: [Event] = []
    var shutdownRequested: Event?
    var endedAt: Event?
    /// What was read back at the start, and how old it was.
    var loadedFrom: Event?
    var loadedAge: Event?
    var isReady = false
    /// Lines that only a server with an append-only file writes.
    var aofEvidence: Event?
    /// Lines that show that save points are configured.
    var savePointEvidence: Event?
    /// Replicas that finished a synchronisation and were not lost since.
    var replicas: Set<String> = []
    var lastFinalSave: Event?

    /// Start-up lines worth showing before the first failure.
    func precursors(_ sources: [String]) -> [TimelineEntry] {
        var out: [TimelineEntry] = []
        if let started {
            out.append(
                started.timelineEntry(severity: .info, text: "server started (pid \(pid))", sources: sources))
        }
        for warning in warnings where warning.kind != .limit_warning {
            out.append(
                warning.timelineEntry(
                    severity: .warning, text: TimelineText.warning(warning), sources: sources))
        }
        return out
    }

    /// A restart shortly before the first failure is what changed.
    func restartTrigger(before failure: Timestamp?, _ sources: [String]) -> Trigger? {
        guard let started, let at = started.at, let failure, failure >= at,
            failure.seconds(since: at) < 900
        else { return nil }
        return Trigger(
            statement: "The server process had started \(spokenDuration(seconds: failure.seconds(since: at))) before the first failure.",
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
    private var count = 0

    mutating func note(_ event: Event) {
        guard let size = event.int("peak_mib") ?? event.int("cow_mib") ?? event.int("current_mib")
        else { return }
        count += 1
        if first == nil { first = (event, size) }
        last = (event, size)
        peak = max(peak, size)
    }

    /// Worth a line before an incident only where it has grown to something.
    func precursor(_ sources: [String]) -> TimelineEntry? {
        guard let first, let last, count > 1, last.mebibytes > first.mebibytes, last.mebibytes >= 64
        else { return nil }
        return last.event.timelineEntry(
            severity: .info,
            text: "copy-on-write of the last child \(grouped(last.mebibytes)) MiB, up from \(grouped(first.mebibytes)) MiB",
            sources: sources)
    }
}
