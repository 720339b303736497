// SPDX-License-Identifier: Apache-2.0

internal import Live
internal import Model
internal import Reading
internal import Reports

// MARK: - Keeping and telling

extension TailRun {
    func keepAndReport(now: Double) {
        for stream in streams { noteProblem(stream.source.input.name, stream.problem) }
        let isDue = saveAt.map { $0 <= now } ?? false
        if isDue || !mayWait(now: now) { store.save(all: isDue) }
        if isDue { saveAt = nil }
        if saveAt == nil, store.hasUnsaved { saveAt = now + 2 }
        if tellEvents() { reportAt = reportAt ?? max(now, nextReport) }
        // A storm is pruned before it fills the state, however long the last report took.
        let mustPrune = store.needsPruning
        guard mustPrune || reportAt.map({ $0 <= now }) ?? false else { return }
        reportAt = nil
        let start = monotonicSeconds()
        reporter.notesLines = mustPrune
        tellIncidents()
        if mustPrune {
            let shown = reporter.lines
            store.prune(shown: { shown[$0.input.name] ?? [] }) { reporter.carry(without: $0) }
            for source in store.inOrder { told[source.number] = source.collector.log.count }
        }
        let end = monotonicSeconds()
        // What is written meanwhile was not looked at: that is no silence.
        lastProgress += end - start
        nextReport = end + Self.pause(after: end - start)
        if trimAt <= end {
            OwnMemory.trim()
            trimAt = end + Self.trimPause
        }
    }

    /// Seconds between two times at which memory is given back behind a report.
    private static let trimPause = 0.5

    /// Whether what is new need not be put on disk before more of a storm is read: most of it will
    /// be pruned. Events that are printed are on disk before.
    private func mayWait(now: Double) -> Bool {
        guard !ripe.isEmpty, options.events == .none || !output.printsEvents else { return false }
        return store.needsPruning || !store.hasManyUnsaved && reportAt.map { $0 > now } ?? true
    }

    /// Seconds until incidents may be assembled anew, when that has taken so long.
    ///
    /// A line that is written meanwhile waits: one of a hundred where that costs a second at most;
    /// of a storm's time a fifth.
    private static func pause(after taken: Double) -> Double { max(4 * taken, min(100 * taken, 1)) }

    /// Prints events that were not told yet. True where there were any.
    func tellEvents() -> Bool {
        var isNew = false
        for source in store.inOrder {
            let count = source.collector.log.count
            let from = told[source.number] ?? 0
            guard count > from else { continue }
            isNew = true
            told[source.number] = count
            if source.isOfNow,
                (from..<count).contains(where: { isFailure(source.collector.log.pattern(at: $0)) })
            {
                sampler?.alarm(now: monotonicSeconds())
            }
            guard options.events != .none, output.printsEvents else { continue }
            var clock = reporter.clock(of: source)
            for i in from..<count {
                let pattern = source.collector.log.pattern(at: i)
                let kind = store.patterns[pattern].kind
                guard options.events == .all || kind.isUrgent else { continue }
                let event = source.collector.log.event(
                    at: i, input: source.number, patterns: store.patterns)
                output.tell(event, origin: source.input.name, clock: &clock)
            }
        }
        output.flush()
        return isNew
    }

    func isFailure(_ pattern: Int) -> Bool {
        switch store.patterns[pattern].kind {
        case .fork_failed, .fork_failed_reported, .sync_refused, .operation_failed, .child_killed,
            .writes_refused, .kernel_commit_refused, .oom_victim, .pids_rejected, .child_started:
            true
        default: false
        }
    }

    func tellIncidents() {
        let hasChanged = reporter.changes(store.inOrder, carry: store.carry) { change in
            output.tell(change)
            hooks.tell(
                change, output.line(change), in: reporter.report, now: monotonicSeconds())
        }
        output.flush()
        if hasChanged, reporter.statuses != announced {
            announced = reporter.statuses
            Announced.write(announced, store.directory)
        }
        if hasChanged, kept?.path != nil { writeReport() }
        refresh()
    }

    /// Brings what shows the present up to date.
    func refresh() {
        let now = monotonicSeconds()
        refreshAt = output.needsRefresh ? now + 2 : Beat.next(after: now)
        let logs = paths.values.count { $0.sourceNumber != nil } + streams.count
        if output.needsRefresh, hasScanned {
            output.show(reporter.report, following: logs, memory: MemoryNow.spoken)
        }
        hooks.writeMetrics(reporter.report, store.inOrder, stateProblem: store.problem)
    }

    /// Replaces the report; what prevents it is told once and does not stop the following.
    func writeReport() {
        do throws(Failure) {
            try kept?.write(reporter.whole(store.inOrder, carry: store.carry))
            noteProblem(kept?.path ?? "", nil)
        } catch {
            noteProblem(kept?.path ?? "", error.message)
        }
    }
}
