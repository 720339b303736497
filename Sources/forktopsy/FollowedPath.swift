// SPDX-License-Identifier: Apache-2.0

internal import Incidents
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
    private let store: LiveStore
    private let matcher: LiveMatcher
    private var current: Life?
    /// Files that lost the name and may still be written to by whoever has them open.
    private var leaving: [Life] = []
    private(set) var watches: [Int32] = []
    /// Whether inotify does not tell of changes here.
    private(set) var needsPolling = false
    /// Why it cannot be read now.
    private(set) var problem: String?
    /// Whether anything of it was read since the last time this was asked.
    private(set) var hasProgressed = false

    /// A file under this name, with the place it was read to.
    private final class Life {
        let source: LiveSource
        var file: LogFile?
        /// Bytes behind the place that no file shows any more: half a line, perhaps.
        var rest: [UInt8] = []
        /// When it counts as finished (monotonic seconds).
        var deadline = Double.infinity

        init(_ source: LiveSource, file: consuming LogFile?) {
            self.source = source
            self.file = consume file
        }
    }

    /// Whether all rotated parts are wanted, however old.
    private var readsAll = false

    /// Bytes read in one go, so that a busy log does not keep others waiting.
    private static let turn = 256 << 10
    /// How long a renamed file is watched for what its writer still adds.
    private static let leavingSeconds = 20.0

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
        for life in leaving { hasMore = readOn(life, &buffer) == .more || hasMore }
        if let life = current, life.file == nil { reopen(life, now: now) }
        joinHalves()
        if let life = current {
            let wasBlank = life.source.mark.isBlank
            let progress = readOn(life, &buffer)
            if wasBlank, !life.source.mark.isBlank { lookBehind(life.source) }
            switch progress {
            case .more: return true
            case .replaced: cut(life, now: now)
            case .failed: return hasMore
            case .upToDate: if !hasName(life) { leave(life, now: now) }
            }
        }
        if current == nil, openNext(now: now) { hasMore = true }
        for life in leaving where life.deadline <= now { finish(life) }
        return hasMore
    }

    private enum Progress { case more, upToDate, replaced, failed }

    private func readOn(_ life: Life, _ buffer: inout [UInt8]) -> Progress {
        guard life.file != nil else { return life === current ? .failed : .upToDate }
        guard !life.source.input.isIgnored else { return .upToDate }
        let source = life.source
        let before = source.mark.offset
        do throws(LiveError) {
            let outcome = try life.file?.readOn(
                &buffer, limit: Self.turn, pieceLimit: { source.input.pieceLimit }
            ) { [matcher] bytes, isLast in source.take(bytes, isLast: isLast, with: matcher) }
            if let mark = life.file?.mark { source.mark = mark }
            problem = nil
            if source.mark.offset != before { hasProgressed = true }
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
    private func reopen(_ life: Life, now: Double) {
        life.file = try? LogFile(path: path, matching: life.source.mark)
        if life.file == nil, FileState(path: path)?.isRegular ?? false {
            leave(life, now: now)
        }
    }

    /// Whether the name still leads to the file that is open.
    private func hasName(_ life: Life) -> Bool {
        guard let named = FileState(path: path), let open = try? life.file?.state() else {
            return false
        }
        return named.isSameFile(as: open)
    }

    // MARK: - Rotation

    /// The file has lost its name: renamed, deleted, or the link leads elsewhere.
    private func leave(_ life: Life, now: Double) {
        life.deadline = now + Self.leavingSeconds
        leaving.append(life)
        current = nil
        let mark = life.source.mark
        let place = RotatedLogs.siblings(of: path).first {
            $0.state.device == mark.device && $0.state.inode == mark.inode
        }
        if let place { rename(life.source, to: place.path) }
        readMissed(behind: life.source)
    }

    /// The file was cut in place. What was not read yet stands in the copy, if one was made.
    private func cut(_ life: Life, now: Double) {
        var copy: RotatedLogs.Sibling?
        for _ in 0..<Self.looks where copy == nil {
            copy = RotatedLogs.siblings(of: path).first { readCopy($0, of: life) }
        }
        if let copy {
            rename(life.source, to: copy.path)
        } else if !life.source.mark.isBlank {
            life.source.note(
                problem: "cut in place behind byte \(life.source.mark.offset); "
                    + "no copy holds what may have followed")
        }
        life.file = nil
        life.deadline = now + 2
        leaving.append(life)
        current = nil
        readMissed(behind: life.source)
    }

    /// Reads the rest of a log from a rotated copy of it, packed or not; false where the file is
    /// no copy.
    private func readCopy(_ sibling: RotatedLogs.Sibling, of life: Life) -> Bool {
        let source = life.source
        guard !source.mark.isBlank else { return false }
        var probe = MarkProbe(source.mark)
        var feed = ByteFeed(source.mark)
        try? InputReader.forEachPiece(of: sibling.path) { bytes in
            probe.take(bytes) { rest in
                feed.feed(rest) { source.take($0, isLast: $1, with: matcher) }
            }
        }
        guard probe.isMatch == true else { return false }
        let modifiedAt = source.mark.modifiedAt
        source.mark = feed.mark
        source.mark.modifiedAt = max(modifiedAt, sibling.state.modifiedAt)
        life.rest = feed.rest
        return true
    }

    /// How often a directory is looked at in which names are changing.
    private static let looks = 8

    /// Reads rotated parts that came and went while nobody looked: those younger than `source`.
    /// Looks again after each, since names move on while we read.
    private func readMissed(behind source: LiveSource?) {
        let mark = source?.mark ?? FileMark()
        var failures: Set<RotatedLogs.Sibling> = []
        for _ in 0..<1000 {
            let next = RotatedLogs.siblings(of: path).last {
                $0.state.modifiedAt >= mark.modifiedAt && !failures.contains($0)
                    && !isOpen($0.state) && !isKnown($0)
            }
            guard let next else { return }
            if !readWhole(next) { failures.insert(next) }
        }
    }

    /// Before the first byte of a file was read nobody would have noticed that it was copied and
    /// cut: the copy is looked for once.
    private func lookBehind(_ source: LiveSource) {
        let before = store.sources(of: path).last { $0.number < source.number }
        if before != nil || readsAll { readMissed(behind: before) }
    }

    /// Whether a file is being read, whatever its name is by now.
    private func isOpen(_ state: FileState) -> Bool {
        ([current].compactMap(\.self) + leaving).contains { life in
            guard let mark = life.file?.mark else { return false }
            return mark.device == state.device && mark.inode == state.inode
        }
    }

    /// Whether a rotated part was read under another name.
    private func isKnown(_ sibling: RotatedLogs.Sibling) -> Bool {
        // A part that is but half a line has no mark yet.
        let halves = leaving.filter { $0.source.mark.isBlank && !$0.rest.isEmpty }.map(\.rest)
        if !halves.isEmpty, let content = Self.small(sibling), halves.contains(content) {
            return true
        }
        var probes = store.sources(of: path).filter { !$0.mark.isBlank }.map { MarkProbe($0.mark) }
        guard !probes.isEmpty else { return false }
        try? InputReader.forEachPiece(of: sibling.path) { bytes in
            var goesOn = false
            for i in probes.indices where probes[i].isMatch == nil {
                _ = probes[i].take(bytes) { _ in }
                if probes[i].isMatch == true { return false }
                goesOn = goesOn || probes[i].isMatch == nil
            }
            return goesOn
        }
        return probes.contains { $0.isMatch == true }
    }

    /// Whether the file was read under another name: renamed in a way that nobody expects, copied,
    /// or reached by a link.
    var isKnownElsewhere: Bool {
        guard let state = FileState(path: path) else { return false }
        return store.sources.values.contains { source in
            guard source.origin != path, !source.mark.isBlank else { return false }
            return (try? LogFile(path: path, matching: source.mark)) != nil
                || source.isOpen && source.mark.inode == state.inode
                    && source.mark.device == state.device
        }
    }

    /// All of a rotated part that is no longer than a line may be.
    private static func small(_ sibling: RotatedLogs.Sibling) -> [UInt8]? {
        var out: [UInt8] = []
        try? InputReader.forEachPiece(of: sibling.path) { bytes in
            for i in 0..<bytes.count { out.append(bytes[i]) }
            return out.count <= 1 << 20
        }
        return out.count <= 1 << 20 ? out : nil
    }

    /// Reads a rotated part from its first byte to its last.
    @discardableResult
    private func readWhole(_ sibling: RotatedLogs.Sibling) -> Bool {
        let name = rotationStem(sibling.path) == rotationStem(path) ? sibling.path : path
        let source = store.makeSource(origin: path, name: name)
        let life = Life(source, file: nil)
        var feed = ByteFeed()
        var start: [UInt8]? = []
        do throws(ReadError) {
            try InputReader.forEachPiece(of: sibling.path) { bytes in
                guard var held = start else {
                    feed.feed(bytes) { source.take($0, isLast: $1, with: matcher) }
                    return true
                }
                for i in 0..<bytes.count { held.append(bytes[i]) }
                start = held
                guard held.contains(0x0A) || held.count > 1 << 16 else { return true }
                start = nil
                var joined = joined(held, source)
                feed.feed(held.span) { piece, isLast in
                    defer { joined = 0 }
                    return joined > 0
                        ? joined : source.take(piece, isLast: isLast, with: matcher)
                }
                return true
            }
        } catch {
            guard !feed.mark.isBlank || !(start ?? []).isEmpty else {
                store.forget(source)
                return false
            }
            source.note(problem: error.reason)
        }
        source.mark = feed.mark
        (source.mark.device, source.mark.inode) = (sibling.state.device, sibling.state.inode)
        source.mark.modifiedAt = sibling.state.modifiedAt
        life.rest = feed.rest + (start ?? [])
        hasProgressed = true
        if life.rest.isEmpty {
            source.close()
        } else {
            life.deadline = leaving.last?.deadline ?? 0
            leaving.append(life)
        }
        return true
    }

    /// Reports call a rotated log by its new name, where that shows whose log it was.
    private func rename(_ source: LiveSource, to name: String) {
        if rotationStem(name) == rotationStem(path) { source.input.name = name }
    }

    // MARK: - The next file of this name

    /// Opens what has the name now. True where something is there to be read.
    private func openNext(now: Double) -> Bool {
        guard let state = FileState(path: path), state.isRegular else { return false }
        do throws(LiveError) {
            let file = try LogFile(path: path)
            problem = nil
            let before = store.sources(of: path).last
            let life = Life(store.makeSource(origin: path, name: path), file: file)
            life.source.mark = life.file?.mark ?? FileMark()
            current = life
            // Another file may have had the name, and lost it, since we last looked.
            if before != nil || readsAll { readMissed(behind: before) }
            return state.size > 0
        } catch {
            if problem == nil, !error.isMissing { problem = error.reason }
            return false
        }
    }

    /// Joins half a line at the end of the log before with its other half, once that is there.
    private func joinHalves() {
        guard let life = current, life.source.mark.isBlank, !leaving.isEmpty,
            let start = life.file?.rest(limit: 1 << 16)
        else { return }
        let length = joined(start, life.source)
        guard length > 0 else { return }
        var isFirst = true
        var buffer = [UInt8](repeating: 0, count: length)
        _ = try? life.file?.readOn(&buffer, limit: 1, pieceLimit: { 1 << 16 }) { bytes, _ in
            defer { isFirst = false }
            return isFirst ? bytes.count : 0
        }
        if let mark = life.file?.mark { life.source.mark = mark }
    }

    /// Half a line at the end of a log belongs to what the next file begins with, where that is no
    /// beginning of a record. Returns how many bytes of `start` it took; `next` passes over them.
    private func joined(_ start: [UInt8], _ next: LiveSource) -> Int {
        guard let last = leaving.last, let feed = start.firstIndex(of: 0x0A) else { return 0 }
        let half = last.rest.isEmpty ? last.file?.rest() ?? [] : last.rest
        let other = Array(start[...feed])
        guard !half.isEmpty, FollowedInput.mayBeContinuation(other.span.extracting(0..<feed))
        else { return 0 }
        let source = last.source
        let whole = half + other
        _ = source.take(whole.span, isLast: true, with: matcher)
        last.rest = []
        last.file = nil
        source.close()
        leaving.removeLast()
        next.input.skipLine(other.count)
        next.isChanged = true
        hasProgressed = true
        return other.count
    }

    /// Nothing follows: half a line counts as it is.
    private func finish(_ life: Life) {
        let source = life.source
        let half = life.rest.isEmpty ? life.file?.rest() ?? [] : life.rest
        if !half.isEmpty {
            _ = source.take(half.span, isLast: true, with: matcher)
            hasProgressed = true
        }
        life.file = nil
        source.close()
        leaving.removeAll { $0 === life }
    }

    /// Finishes what is leaving, at the end of a run that does not come back.
    func finishLeaving() { for life in leaving { finish(life) } }
}

// MARK: - Beginning

extension FollowedPath {
    /// How far back a log is read that nothing is known of.
    enum Start: Sendable {
        /// As far as the last successful save needs.
        case asNeeded
        /// With all its rotated parts.
        case beginning
        /// Only what will be written.
        case end
    }

    /// Takes up the log where the state left it, or begins it.
    func begin(_ start: Start, now: Double, _ buffer: inout [UInt8]) {
        for source in store.sources(of: path) where source.mustBeReadAgain {
            // Where the file has gone since, what was kept of it stays.
            if (try? LogFile(path: path, matching: source.mark)) != nil { store.readAgain(source) }
        }
        let known = store.sources(of: path).filter(\.isOpen)
        if known.isEmpty, store.sources(of: path).isEmpty {
            beginNew(start, &buffer)
            return
        }
        for source in known {
            var isFound = false
            for _ in 0..<Self.looks where !isFound {
                isFound = resume(source, isLast: source === known.last, now: now)
            }
            if !isFound { giveUp(source) }
        }
        if current == nil, let last = store.sources(of: path).last { readMissed(behind: last) }
    }

    private func giveUp(_ source: LiveSource) {
        if !source.mark.isBlank {
            source.note(
                problem: "not found again: what may have followed byte \(source.mark.offset) "
                    + "could not be read")
        }
        source.close()
    }

    /// Finds the file of a source, by content; false where it is not there.
    private func resume(_ source: LiveSource, isLast: Bool, now: Double) -> Bool {
        let mark = source.mark
        let siblings = RotatedLogs.siblings(of: path)
        // The file that has the inode is tried first, then the name, then the younger parts.
        var candidates = (isLast ? [path] : []) + siblings.map(\.path)
        if let same = candidates.firstIndex(where: {
            FileState(path: $0).map { $0.device == mark.device && $0.inode == mark.inode } ?? false
        }) {
            candidates.insert(candidates.remove(at: same), at: 0)
        }
        for candidate in candidates {
            if let file = try? LogFile(path: candidate, matching: mark),
                !RotatedLogs.isPacked(candidate)
            {
                let life = Life(source, file: file)
                if candidate == path {
                    current = life
                } else {
                    life.deadline = now + Self.leavingSeconds
                    rename(source, to: candidate)
                    leaving.append(life)
                }
                return true
            }
            guard RotatedLogs.isPacked(candidate),
                let sibling = siblings.first(where: { $0.path == candidate })
            else { continue }
            let life = Life(source, file: nil)
            guard readCopy(sibling, of: life) else { continue }
            rename(source, to: candidate)
            life.deadline = now + 2
            leaving.append(life)
            return true
        }
        return false
    }

    private func beginNew(_ start: Start, _ buffer: inout [UInt8]) {
        switch start {
        case .beginning:
            readsAll = true
            readMissed(behind: nil)
        case .end: skipToEnd(&buffer)
        case .asNeeded:
            while read(&buffer, now: 0) {}
            readBack()
        }
    }

    /// Rotated parts are read until one shows a successful save: what came before is settled.
    private func readBack() {
        for sibling in RotatedLogs.siblings(of: path).prefix(Self.partsRead) {
            if store.sources(of: path).contains(where: showsSuccess) { return }
            readWhole(sibling)
        }
    }

    private static let partsRead = 8

    private func showsSuccess(_ source: LiveSource) -> Bool {
        var out = false
        source.collector.log.forEachHeader { _, pattern, _ in
            let kind = store.patterns[pattern].kind
            if kind == .operation_succeeded || kind == .sync_succeeded { out = true }
        }
        return out
    }

    /// Uses all whole lines that are there, without looking at them.
    private func skipToEnd(_ buffer: inout [UInt8]) {
        guard let file = try? LogFile(path: path) else { return }
        let life = Life(store.makeSource(origin: path, name: path), file: file)
        let source = life.source
        var goesOn = true
        while goesOn {
            let outcome = try? life.file?.readOn(
                &buffer, limit: .max, pieceLimit: { 1 << 20 }
            ) { bytes, _ in
                var used = 0
                for i in 0..<bytes.count where bytes[i] == 0x0A {
                    source.input.skipLine(i + 1 - used)
                    used = i + 1
                }
                return used
            }
            if case .more? = outcome { continue }
            goesOn = false
        }
        if let mark = life.file?.mark { source.mark = mark }
        source.isChanged = true
        current = life
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
