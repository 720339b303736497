// SPDX-License-Identifier: Apache-2.0

internal import Live
internal import Matching
internal import Model
internal import Reading
internal import Reports

/// One run of `tail`: waits, reads, keeps, reports; in this order, on one thread.
final class TailRun {
    private let options: Tail
    private let start: FollowedPath.Start
    private let store: LiveStore
    private let matcher: LiveMatcher
    private let reporter: LiveReporter
    private let watcher = Watcher()
    private var output: LiveOutput
    private var hooks: LiveHooks
    /// The report that is kept in a file, or printed at the end.
    private let kept: TailReport?
    private var sampler: LiveSampler?
    private var targets: LiveTargets
    private var paths: [String: FollowedPath] = [:]
    private var streams: [FollowedStream] = []
    /// Paths by the watches that tell of them.
    private var watched: [Int32: Set<String>] = [:]
    private var folderWatches: Set<Int32> = []
    private var buffer = [UInt8](repeating: 0, count: 256 << 10)
    /// Paths that have something to read.
    private var ripe: Set<String> = []
    private var rescanAt: Double?
    private var reportAt: Double?
    /// The earliest moment for the next assembly.
    private var nextReport = 0.0
    private var sweepAt = 0.0
    private var refreshAt = 0.0
    private var saveAt: Double?
    private var lastProgress = monotonicSeconds()
    private var told: [Int: Int] = [:]
    /// Whether it is known which logs there are.
    private var hasScanned = false
    private var problems: [String: String] = [:]

    /// Seconds between looks at everything, whatever the kernel told.
    private static let sweep = 30.0
    /// The same where the kernel tells nothing.
    private static let polling = 1.0
    /// The share of the time that assembling may take.
    private static let assemblyShare = 0.2

    init(_ options: Tail) throws {
        self.options = options
        start = options.fromStart ? .beginning : options.fromEnd ? .end : .asNeeded
        let quiet = options.speech.quiet
        let catalogue = try options.source.catalogue()
        matcher = LiveMatcher(catalogue)
        let assembler = try options.selection.assembler(sinceNow: true)
        let mode = try options.speech.redaction()
        store = try LiveStore(
            directory: try stateDirectory(options.state), patterns: catalogue.patterns
        ) { if !quiet { printToStandardError("forktopsy: \($0)\n") } }
        reporter = LiveReporter(catalogue: catalogue, assembler: assembler, redact: mode)
        output = LiveOutput(options.report.format, options.speech, redact: mode)
        kept = try options.report.report(options.speech)
        hooks = LiveHooks(options.hooks, redact: mode) {
            if !quiet { printToStandardError("forktopsy: \($0)\n") }
        }
        if !options.noSamples, options.untilIdle == nil {
            sampler = LiveSampler(try options.servers.targets(), now: monotonicSeconds())
        }
        var named = options.paths.filter { $0 != "-" }
        var units = options.unit
        var wantsJournal = options.journal || !units.isEmpty
        if options.paths.isEmpty, !wantsJournal {
            let login = options.servers.noServer ? nil : try options.servers.targets().login
            let found = Discovery.find(asking: login)
            named = found.logs
            units = found.units
            wantsJournal = !units.isEmpty
            guard !named.isEmpty || wantsJournal else {
                throw Failure(
                    "no running server and no log in the usual places; name what to follow")
            }
        }
        targets = LiveTargets(named)
        for path in named where !Self.mayAppear(path) {
            throw Failure("\(path): no such file or directory")
        }
        if options.paths.contains("-") { addStream(.standardInput, origin: "-", "standard input") }
        if wantsJournal {
            addStream(.journal(FollowedStream.matches(units: units)), origin: "journal", "journal")
        }
    }

    /// A log need not be there yet; its directory must.
    private static func mayAppear(_ path: String) -> Bool {
        FileState(path: path) != nil || path.contains("*") || path.contains("?")
            || FileState(path: FollowedPath.folder(of: path))?.isDirectory ?? false
    }

    private func addStream(_ kind: FollowedStream.Kind, origin: String, _ name: String) {
        let known = store.sources(of: origin).last { $0.isOpen }
        let source = known ?? store.makeSource(origin: origin, name: name)
        streams.append(FollowedStream(kind, source: source, matcher: matcher))
    }

    // MARK: - The loop

    /// Runs until it is told to end; returns the exit code.
    func run() throws -> Int32 {
        for (number, source) in store.sources { told[number] = source.collector.log.count }
        reporter.remember(Announced.read(store.directory))
        tellIncidents()
        scan()
        hasScanned = true
        say("following \(spokenTargets)")
        while true {
            let now = monotonicSeconds()
            readAll(now: now)
            keepAndReport(now: now)
            hooks.work(now: monotonicSeconds())
            sample()
            if refreshAt <= monotonicSeconds() { refresh() }
            if let code = try endIfDone(now: monotonicSeconds()) { return code }
            let wake = watcher.wait(
                seconds: secondsToWait(), reading: streams.compactMap(\.descriptor),
                writing: hooks.writing)
            note(wake)
            if !wake.signals.isDisjoint(with: SignalPipe.end) { return try end(code: 0) }
            if wake.signals.contains(SignalPipe.reopen) { reopen() }
            if wake.signals.contains(SignalPipe.status) { printStatus() }
        }
    }

    /// Looks at memory, where it is time.
    private func sample() {
        guard sampler != nil else { return }
        let source =
            store.sources(of: LiveSource.samplesOrigin).last
            ?? store.makeSource(origin: LiveSource.samplesOrigin, name: "samples of forktopsy tail")
        let incidents = reporter.report.incidents
        let isTaken =
            sampler?.work(now: monotonicSeconds(), into: source, near: incidents) ?? false
        // A verdict may now be decided.
        if isTaken, incidents.contains(where: { $0.status == .ongoing_at_end }) {
            reportAt = reportAt ?? max(monotonicSeconds(), nextReport)
        }
    }

    private func note(_ wake: Watcher.Wake) {
        if wake.isOverflow { ripe.formUnion(paths.keys) }
        for watch in wake.watches {
            if folderWatches.contains(watch) { rescanAt = rescanAt ?? monotonicSeconds() }
            ripe.formUnion(watched[watch] ?? [])
        }
        let now = monotonicSeconds()
        for stream in streams {
            if let descriptor = stream.descriptor, wake.readable.contains(descriptor),
                stream.read(now: now)
            {
                lastProgress = now
            }
        }
    }

    private func readAll(now: Double) {
        if let rescanAt, rescanAt <= now { scan() }
        if sweepAt <= now {
            sweepAt = now + Self.sweep
            ripe.formUnion(paths.keys)
        }
        for path in paths.values where path.needsPolling || (path.deadline ?? .infinity) <= now {
            ripe.insert(path.path)
        }
        for stream in streams { stream.start(start, now: now) }
        guard !store.isFull else { return }
        let list = ripe.sorted()
        ripe = []
        for name in list where !SignalPipe.isEnding { read(name, now: now) }
    }

    private func read(_ name: String, now: Double) {
        guard let path = paths[name] else { return }
        let before = path.sourceNumber
        if path.read(&buffer, now: now) { ripe.insert(name) }
        if path.sourceNumber != before {
            watch(path)
            // Something may have been written before the watch was there.
            ripe.insert(name)
        }
        if path.takeProgress() { lastProgress = now }
        noteProblem(name, path.problem)
    }

    private func noteProblem(_ name: String, _ problem: String?) {
        guard problems[name] != problem else { return }
        if let problem { say("\(name): \(problem)") } else { say("\(name): readable again") }
        problems[name] = problem
    }

    private func keepAndReport(now: Double) {
        for stream in streams { noteProblem(stream.source.input.name, stream.problem) }
        if saveAt.map({ $0 <= now }) ?? false {
            store.save(all: true)
            saveAt = nil
        } else {
            store.save()
        }
        if saveAt == nil, store.hasUnsaved { saveAt = now + 2 }
        if tellEvents() { reportAt = reportAt ?? max(now, nextReport) }
        guard let due = reportAt, due <= now else { return }
        reportAt = nil
        let start = monotonicSeconds()
        tellIncidents()
        if store.needsPruning {
            store.prune { reporter.carry(without: $0) }
            for source in store.inOrder { told[source.number] = source.collector.log.count }
        }
        // A storm must not make assembling all that is done.
        let end = monotonicSeconds()
        nextReport = end + (end - start) / Self.assemblyShare
    }

    /// Prints events that were not told yet. True where there were any.
    private func tellEvents() -> Bool {
        var isNew = false
        for source in store.inOrder {
            let count = source.collector.log.count
            let from = told[source.number] ?? 0
            guard count > from else { continue }
            isNew = true
            told[source.number] = count
            if (from..<count).contains(where: { isFailure(source.collector.log.pattern(at: $0)) }) {
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

    private func isFailure(_ pattern: Int) -> Bool {
        switch store.patterns[pattern].kind {
        case .fork_failed, .fork_failed_reported, .sync_refused, .operation_failed, .child_killed,
            .writes_refused, .kernel_commit_refused, .oom_victim, .pids_rejected, .child_started:
            true
        default: false
        }
    }

    private func tellIncidents() {
        let changes = reporter.changes(store.inOrder, carry: store.carry)
        for change in changes {
            output.tell(change)
            hooks.tell(
                change, output.line(change), in: reporter.report, now: monotonicSeconds())
        }
        output.flush()
        if !changes.isEmpty { Announced.write(reporter.statuses, store.directory) }
        if !changes.isEmpty, kept?.path != nil { writeReport() }
        refresh()
    }

    /// Brings what shows the present up to date.
    private func refresh() {
        refreshAt = monotonicSeconds() + (output.needsRefresh ? 2 : Self.sweep)
        let logs = paths.values.count { $0.sourceNumber != nil } + streams.count
        if output.needsRefresh, hasScanned {
            output.show(reporter.report, following: logs, memory: MemoryNow.spoken)
        }
        hooks.writeMetrics(reporter.report, store.inOrder, stateProblem: store.problem)
    }

    private func secondsToWait() -> Double? {
        if !ripe.isEmpty, !store.isFull { return 0 }
        let now = monotonicSeconds()
        var moments = [sweepAt, refreshAt]
        moments += [reportAt, saveAt, rescanAt, hooks.deadline, sampler?.due].compactMap(\.self)
        moments += paths.values.compactMap(\.deadline)
        moments += streams.compactMap(\.restartAt)
        if paths.values.contains(where: \.needsPolling) { moments.append(now + Self.polling) }
        if store.problem != nil { moments.append(now + 1) }
        if let idle = options.untilIdle { moments.append(lastProgress + idle) }
        return moments.min().map { max(0, $0 - now) }
    }

    // MARK: - The end

    private func endIfDone(now: Double) throws -> Int32? {
        if output.isClosed { return try end(code: 0) }
        guard ripe.isEmpty else { return nil }
        let isIdle = options.untilIdle.map { now - lastProgress >= $0 } ?? false
        let isThrough =
            paths.isEmpty && targets.isEmpty && streams.allSatisfy(\.hasEnded) && !streams.isEmpty
        guard isIdle || isThrough else { return nil }
        for path in paths.values.sorted(by: { $0.path < $1.path }) { path.finishLeaving() }
        _ = tellEvents()
        tellIncidents()
        finishHooks()
        let report = reporter.report
        let code: Int32 =
            !report.losses.damage.isNone ? 3 : report.incidents.isEmpty ? 0 : 1
        return try end(code: code)
    }

    /// Lets programs that were started, or are due, come to their end.
    private func finishHooks() {
        hooks.hurry()
        while !hooks.isIdle {
            hooks.work(now: monotonicSeconds())
            let wake = watcher.wait(seconds: 1, writing: hooks.writing)
            if !wake.signals.isDisjoint(with: SignalPipe.end) { return }
        }
    }

    private func end(code: Int32) throws -> Int32 {
        for stream in streams { stream.stop() }
        store.save(all: true, isLast: true)
        store.sync()
        output.finish()
        if let kept { try kept.write(reporter.report) }
        return code
    }

    /// Replaces the report; what prevents it is told once and does not stop the following.
    private func writeReport() {
        do throws(Failure) {
            try kept?.write(reporter.report)
            noteProblem(kept?.path ?? "", nil)
        } catch {
            noteProblem(kept?.path ?? "", error.message)
        }
    }

    // MARK: - What is followed

    /// Looks which logs there are, and begins those that are new.
    private func scan() {
        rescanAt = nil
        let now = monotonicSeconds()
        let isFirst = paths.isEmpty
        let logs = targets.logs()
        for folder in targets.folders {
            if let watch = watcher.watch(directory: folder) { folderWatches.insert(watch) }
        }
        for log in logs where paths[log] == nil {
            let path = FollowedPath(log, store: store, matcher: matcher)
            // A copy, or a log under a name that nobody thought of, is no new log.
            if !isFirst, path.isKnownElsewhere { continue }
            paths[log] = path
            watch(path)
            path.begin(isFirst ? start : .beginning, now: now, &buffer)
            watch(path)
            ripe.insert(log)
            if path.takeProgress() { lastProgress = now }
        }
    }

    private func watch(_ path: FollowedPath) {
        path.watch(watcher)
        for watch in path.watches { watched[watch, default: []].insert(path.path) }
    }

    private func reopen() {
        scan()
        for path in paths.values { watch(path) }
        ripe.formUnion(paths.keys)
        say("opened all logs again")
    }

    private var spokenTargets: String {
        let names = paths.keys.sorted()
        let shown = names.prefix(8) + (names.count > 8 ? ["\(names.count - 8) more"] : [])
        return (Array(shown) + streams.map(\.source.input.name)).joined(separator: ", ")
    }

    private func printStatus() {
        var text = "forktopsy: following \(spokenTargets)\n"
        for path in paths.values.sorted(by: { $0.path < $1.path }) {
            guard let number = path.sourceNumber, let source = store.sources[number] else {
                text += "forktopsy:   \(path.path): \(path.problem ?? "not there")\n"
                continue
            }
            text +=
                "forktopsy:   \(path.path): byte \(source.mark.offset), "
                + "\(source.collector.log.count) events\n"
        }
        let open = reporter.report.incidents.count { $0.status == .ongoing_at_end }
        text += "forktopsy: \(counted(reporter.report.incidents.count, "incident")), \(open) open; "
        text += "state in \(store.directory)"
        text += store.problem.map { ", not written: \($0)\n" } ?? "\n"
        printToStandardError(text)
    }

    private func say(_ text: String) {
        if !options.speech.quiet { printToStandardError("forktopsy: \(text)\n") }
    }
}
