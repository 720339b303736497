// SPDX-License-Identifier: Apache-2.0

internal import Live
internal import Matching
internal import Model
internal import Reading
internal import Reports

/// One run of `tail`: waits, reads, keeps, reports; in this order, on one thread.
final class TailRun {
    let options: Tail
    let start: FollowedPath.Start
    let store: LiveStore
    let matcher: LiveMatcher
    let reporter: LiveReporter
    let watcher = Watcher()
    var output: LiveOutput
    var hooks: LiveHooks
    /// The report that is kept in a file, or printed at the end.
    let kept: TailReport?
    var sampler: LiveSampler?
    var targets: LiveTargets
    var paths: [String: FollowedPath] = [:]
    var streams: [FollowedStream] = []
    /// Paths by the watches that tell of them.
    var watched: [Int32: Set<String>] = [:]
    var folderWatches: Set<Int32> = []
    var buffer = [UInt8](repeating: 0, count: 256 << 10)
    /// Paths that have something to read.
    var ripe: Set<String> = []
    var rescanAt: Double?
    var reportAt: Double?
    /// The earliest moment for the next assembly.
    var nextReport = 0.0
    var sweepAt = 0.0
    var refreshAt = 0.0
    var saveAt: Double?
    /// When memory may be given back behind a report.
    var trimAt = 0.0
    var lastProgress = monotonicSeconds()
    var told: [Int: Int] = [:]
    /// Whether it is known which logs there are.
    var hasScanned = false
    /// Folders of whose names the kernel tells nothing.
    var blindFolders: Set<String> = []
    var scannedAt = -Double.infinity
    /// What `Announced` holds.
    var announced: [String: Incident.Status] = [:]
    /// Signals that came and were not heeded yet.
    var signals: Set<Int32> = []
    var problems: [String: String] = [:]

    /// Seconds between looks at logs of whose changes the kernel tells nothing.
    static let polling = 1.0

    init(_ options: Tail) throws {
        OwnMemory.keepSmall()
        self.options = options
        start = options.fromStart ? .beginning : options.fromEnd ? .end : .asNeeded
        let quiet = options.speech.quiet
        let catalogue = try options.source.catalogue()
        matcher = LiveMatcher(catalogue)
        var assembler = try options.selection.assembler(sinceNow: true)
        assembler.clocks.hostZone = SelectionOptions.hostZone()
        let mode = try options.speech.redaction()
        store = try LiveStore(
            directory: try stateDirectory(options.state), patterns: catalogue.patterns
        ) { if !quiet { printToStandardError("forktopsy: \($0)\n") } }
        reporter = LiveReporter(
            catalogue: catalogue, assembler: assembler, redact: mode,
            directories: [store.directory])
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
            for (what, reason) in found.unlogged where !quiet {
                printToStandardError(
                    "forktopsy: \(what): its log is not followed, for it is not known: "
                        + "\(reason)\n")
            }
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
        announced = Announced.read(store.directory)
        reporter.remember(announced)
        tellIncidents()
        scan()
        hasScanned = true
        say("following \(spokenTargets)")
        sayWhatIsMissing()
        OwnMemory.release()
        while true {
            let now = monotonicSeconds()
            readAll(now: now)
            sample()
            keepAndReport(now: now)
            hooks.work(now: monotonicSeconds())
            if refreshAt <= monotonicSeconds() { refresh() }
            if let failure = store.events.failure { throw Failure(failure) }
            if let code = try endIfDone(now: monotonicSeconds()) { return code }
            let wake = watcher.wait(
                seconds: secondsToWait(), reading: streams.compactMap(\.descriptor),
                writing: hooks.writing)
            note(wake)
            if !signals.isDisjoint(with: SignalPipe.end) { return try end(code: 0) }
            if signals.contains(SignalPipe.reopen) { reopen() }
            if signals.contains(SignalPipe.status) { printStatus() }
            signals = []
        }
    }

    /// Looks at memory, where it is time.
    private func sample() {
        guard let look = sampler?.look(now: monotonicSeconds()) else { return }
        let source =
            store.sources(of: LiveSource.samplesOrigin).last
            ?? store.makeSource(origin: LiveSource.samplesOrigin, name: "samples of forktopsy tail")
        let sample = look.taken { breathe() }
        let incidents = reporter.report.incidents
        let now = monotonicSeconds()
        sampler?.keep(
            sample, in: source, near: incidents, now: now, fresh: store.freshSampleStore)
        for (address, problem) in sampler?.answers ?? [:] {
            noteProblem(HostReadings.serverAt + address, problem)
        }
        // A verdict may now be decided.
        if incidents.contains(where: { $0.status == .ongoing_at_end }) {
            reportAt = reportAt ?? max(now, nextReport)
        }
    }

    /// Reads and tells what has come while something else goes on.
    private func breathe() {
        let wake = watcher.wait(seconds: 0, reading: streams.compactMap(\.descriptor))
        note(wake)
        guard !ripe.isEmpty || !wake.readable.isEmpty else { return }
        let now = monotonicSeconds()
        readAll(now: now)
        store.save()
        if tellEvents() { reportAt = reportAt ?? max(now, nextReport) }
    }

    private func secondsToWait() -> Double? {
        if !ripe.isEmpty, !store.isFull { return 0 }
        let now = monotonicSeconds()
        var moments = [sweepAt, refreshAt]
        moments += [reportAt, saveAt, rescanAt, hooks.deadline, sampler?.due].compactMap(\.self)
        moments += paths.values.compactMap(\.deadline)
        moments += streams.compactMap(\.restartAt)
        if paths.values.contains(where: \.needsPolling) { moments.append(now + Self.polling) }
        if !blindFolders.isEmpty { moments.append(scannedAt + Self.polling) }
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
        if let kept { try kept.write(reporter.whole(store.inOrder, carry: store.carry)) }
        return code
    }

    func say(_ text: String) {
        if !options.speech.quiet { printToStandardError("forktopsy: \(text)\n") }
    }
}
