// SPDX-License-Identifier: Apache-2.0

internal import Live
internal import Model
internal import Reading

/// One log by its name: the file that has the name now, and the files that had it before and may
/// still hold something unread.
///
/// What belongs together is told by content (`FileMark`), so that it does not matter how the log
/// was rotated, or how often while nobody looked.
final class FollowedPath {
    let path: String
    let store: LiveStore
    let matcher: LiveMatcher
    var current: Life?
    /// Files that lost the name and may still be written to by whoever has them open.
    var leaving: [Life] = []
    private(set) var watches: [Int32] = []
    /// Whether inotify does not tell of changes here.
    private(set) var needsPolling = false
    /// Why it cannot be read now.
    var problem: String?
    /// What could not be read, in the order in which that was noticed, and how many were told.
    var complaints: [String] = []
    var told = 0
    /// Whether anything of it was read since the last time this was asked.
    var hasProgressed = false

    /// A file under this name, with the place it was read to.
    final class Life {
        let source: LiveSource
        var file: LogFile?
        /// What stands behind the place in a copy, which does not grow: half a line, perhaps.
        var feed: ByteFeed?
        /// When it counts as finished (monotonic seconds).
        var deadline = Double.infinity
        /// Whether the last reading left something for the next.
        var hasMore = false
        /// Whether it was taken up again out of its order, when it had been finished.
        var isRevived = false
        /// A first line that begins no record, and of which no other half was found.
        var unjoined: [UInt8] = []

        init(_ source: LiveSource, file: consuming LogFile?) {
            self.source = source
            self.file = consume file
        }

        /// Bytes of an unfinished line behind the place. So many as `rest` gives at most are no line.
        var half: [UInt8] {
            let rest = feed?.rest ?? file?.rest() ?? []
            return rest.count < 1 << 20 ? rest : []
        }

        /// Whether these bytes are what was read of it and the unfinished line behind that.
        func isAll(_ bytes: [UInt8]) -> Bool {
            let half = half
            guard !half.isEmpty, bytes.count == Int(source.mark.offset) + half.count else {
                return false
            }
            return bytes.ends(with: half)
                && (source.mark.isBlank || source.mark.isWhole(Array(bytes.dropLast(half.count))))
        }

        /// Whether a log that begins with `bytes` may begin with the second half of a line, which is
        /// to be looked for first.
        func mayBeJoined(_ bytes: Span<UInt8>) -> Bool {
            guard let line = FollowedPath.firstLine(bytes), line != unjoined else { return false }
            return FollowedPath.mayContinue(line)
        }

        /// Takes those bytes as used, so that the file is known by all of its content.
        func takeHalf() -> [UInt8] {
            guard var feed else {
                let half = file?.takeRest() ?? []
                if let mark = file?.mark { source.mark = mark }
                return half
            }
            let half = feed.takeRest()
            source.mark.move(to: feed.mark)
            self.feed = feed
            return half
        }
    }

    /// Whether rotated parts may be needed, which shows when the log itself is read.
    var mustLookBack = false
    /// Whether all rotated parts are wanted, however old.
    var readsAll = false

    /// Bytes read in one go, so that a busy log does not keep others waiting.
    static let turn = 256 << 10
    /// How long a file without its name is watched for what its writer still adds.
    static let leavingSeconds = 20.0
    /// When rotated parts are next looked at for what was added to them (monotonic seconds).
    var reviveAt = 0.0
    /// Rotated parts that were read, or are being read, as they were then.
    var settled: Set<FileState> = []

    init(_ path: String, store: LiveStore, matcher: LiveMatcher) {
        self.path = path
        self.store = store
        self.matcher = matcher
    }

    /// When a file that is leaving counts as finished (monotonic seconds).
    var deadline: Double? { leaving.map(\.deadline).min() }
    /// The source that is being written; a number that changes with each rotation.
    var sourceNumber: Int? { current?.source.number }

    func takeProgress() -> Bool {
        defer { hasProgressed = false }
        return hasProgressed
    }

    // MARK: - Reading

    /// Reads what is new. True where there is more to read at once.
    func read(_ buffer: inout [UInt8], now: Double) -> Bool {
        var hasMore = false
        for life in leaving {
            let before = life.source.mark.offset
            life.hasMore = readOn(life, &buffer) == .more
            // Whoever has it open still writes to it.
            if life.source.mark.offset != before { life.deadline = now + Self.leavingSeconds }
            hasMore = hasMore || life.hasMore
        }
        if let life = current, life.file == nil { reopen(life, now: now) }
        joinHalves()
        if let life = current {
            let wasBlank = life.source.mark.isBlank
            var progress = readOn(life, &buffer)
            // What was written between these two may have been rotated away.
            if case .upToDate = progress, !hasName(life) { progress = readOn(life, &buffer) }
            if wasBlank { lookBehind(life.source) }
            switch progress {
            case .more: return true
            case .replaced: cut(life, now: now)
            case .failed: return hasMore
            case .upToDate:
                if mustLookBack { readBack() }
                if !hasName(life) { leave(life, now: now) }
            }
        }
        if current == nil, openNext(now: now) { hasMore = true }
        for life in leaving where life.deadline <= now && !life.hasMore { finish(life) }
        revive(now: now)
        return hasMore
    }

    enum Progress { case more, upToDate, replaced, failed }

    func readOn(_ life: Life, _ buffer: inout [UInt8]) -> Progress {
        guard life.file != nil else { return life === current ? .failed : .upToDate }
        guard !life.source.input.isIgnored else { return .upToDate }
        let source = life.source
        let before = source.mark.offset
        var isBeginning = source.mark.isBlank
        var isPutOff = false
        do throws(LiveError) {
            let outcome = try life.file?.readOn(
                &buffer, limit: Self.turn, pieceLimit: { source.input.pieceLimit }
            ) { [matcher] bytes, isLast in
                // Another file may have come since its halves were looked for.
                if isBeginning, life === current, life.mayBeJoined(bytes) {
                    isPutOff = true
                    return 0
                }
                isBeginning = false
                return source.take(bytes, isLast: isLast, with: matcher)
            }
            if let mark = life.file?.mark { source.mark = mark }
            problem = nil
            if source.mark.offset != before { hasProgressed = true }
            if isPutOff { return .more }
            switch outcome {
            case .more: return .more
            case .replaced: return .replaced
            case .upToDate, nil: return .upToDate
            }
        } catch {
            if problem == nil { source.note(problem: "reading failed: \(error.reason)") }
            problem = error.reason
            life.file = nil
            return .failed
        }
    }

    /// Takes up a log again whose file could not be read for a while.
    func reopen(_ life: Life, now: Double) {
        life.file = try? LogFile(path: path, matching: life.source.mark)
        if life.file == nil, FileState(path: path)?.isRegular ?? false {
            leave(life, now: now)
        }
    }

    /// Whether the name still leads to the file that is open.
    func hasName(_ life: Life) -> Bool {
        guard let named = FileState(path: path), let open = try? life.file?.state() else {
            return false
        }
        return named.isSameFile(as: open)
    }
}

// MARK: - Watching

extension FollowedPath {
    /// Has the kernel tell of changes: of the file, of its name, and of the place a link leads to.
    func watch(_ watcher: Watcher) {
        var found: [Int32?] = []
        let folder = Self.folder(of: path)
        found.append(watcher.watch(directory: folder))
        if let real = Directory.resolved(path) {
            found.append(watcher.watch(file: real))
            if Self.folder(of: real) != folder {
                found.append(watcher.watch(directory: Self.folder(of: real)))
            }
        }
        needsPolling = found.contains { $0 == nil } || Directory.isRemote(folder)
        // A file that is leaving keeps the watch it has.
        watches = Array(Set(watches + found.compactMap(\.self)))
        if watches.count > 64 { watches = Array(Set(found.compactMap(\.self))) }
    }

    static func folder(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }
}
