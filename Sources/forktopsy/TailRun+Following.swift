// SPDX-License-Identifier: Apache-2.0

internal import Live
internal import Model
internal import Reading

// MARK: - What is followed

extension TailRun {
    func note(_ wake: Watcher.Wake) {
        signals.formUnion(wake.signals)
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

    func readAll(now: Double) {
        let isBlind = !blindFolders.isEmpty && scannedAt + Self.polling <= now
        if isBlind || sweepAt <= now || rescanAt.map({ $0 <= now }) ?? false { scan() }
        if sweepAt <= now {
            sweepAt = Beat.next(after: now)
            ripe.formUnion(paths.keys)
            OwnMemory.release()
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

    func read(_ name: String, now: Double) {
        guard let path = paths[name] else { return }
        let before = path.sourceNumber
        if path.read(&buffer, now: now) { ripe.insert(name) }
        if path.sourceNumber != before {
            watch(path)
            // Something may have been written before the watch was there.
            ripe.insert(name)
        }
        if path.takeProgress() { lastProgress = now }
        tellComplaints(of: path)
        noteProblem(name, path.problem)
    }

    private func tellComplaints(of path: FollowedPath) {
        for problem in path.takeComplaints() { say("\(path.path): \(problem)") }
    }

    func noteProblem(_ name: String, _ problem: String?) {
        guard problems[name] != problem else { return }
        let isServer = name.hasPrefix(HostReadings.serverAt)
        say("\(name): \(problem ?? (isServer ? "answers again" : "readable again"))")
        problems[name] = problem
    }

    /// Looks which logs there are, and begins those that are new.
    func scan() {
        rescanAt = nil
        let now = monotonicSeconds()
        let isFirst = paths.isEmpty
        let logs = targets.logs { !store.sources(of: $0).isEmpty }
        scannedAt = now
        for folder in targets.folders {
            let watch = watcher.watch(directory: folder)
            if let watch { folderWatches.insert(watch) }
            if watch == nil || Directory.isRemote(folder),
                blindFolders.insert(folder).inserted
            {
                say("\(folder): no inotify here; looked at once a second")
            }
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
            tellComplaints(of: path)
            if path.takeProgress() { lastProgress = now }
        }
    }

    func watch(_ path: FollowedPath) {
        path.watch(watcher)
        for watch in path.watches { watched[watch, default: []].insert(path.path) }
    }

    func reopen() {
        scan()
        for path in paths.values { watch(path) }
        ripe.formUnion(paths.keys)
        say("opened all logs again")
    }

    var spokenTargets: String {
        let names = paths.keys.sorted()
        let shown = names.prefix(8) + (names.count > 8 ? ["\(names.count - 8) more"] : [])
        return (Array(shown) + streams.map(\.source.input.name)).joined(separator: ", ")
    }

    /// Says which of the things to follow are not there yet: a name may be mistyped.
    func sayWhatIsMissing() {
        for path in options.paths where path != "-" {
            if path.contains("*") || path.contains("?") {
                var one = LiveTargets([path])
                if one.logs().isEmpty { say("\(path): matches nothing yet") }
            } else if FileState(path: path) == nil {
                say("\(path): not there yet; it is followed when it is")
            }
        }
        let hasJournal = ["/var/log/journal", "/run/log/journal"].contains {
            FileState(path: $0) != nil
        }
        if streams.contains(where: \.isJournal), !hasJournal {
            say("journal: no journal files are here; is journald running?")
        }
    }

    func printStatus() {
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
        for (address, problem) in (sampler?.answers ?? [:]).sorted(by: { $0.key < $1.key }) {
            text += "forktopsy:   \(HostReadings.serverAt)\(address): \(problem ?? "answers")\n"
        }
        let open = reporter.report.incidents.count { $0.status == .ongoing_at_end }
        text += "forktopsy: \(counted(reporter.report.incidents.count, "incident")), \(open) open; "
        text += "state in \(store.directory)"
        text += store.problem.map { ", not written: \($0)\n" } ?? "\n"
        printToStandardError(text)
    }
}
