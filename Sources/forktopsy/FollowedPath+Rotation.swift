// SPDX-License-Identifier: Apache-2.0

internal import Incidents
internal import Live
internal import Model
internal import Reading

// MARK: - Rotation

extension FollowedPath {
    /// The file has lost its name: renamed, deleted, or the link leads elsewhere.
    func leave(_ life: Life, now: Double) {
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
    func cut(_ life: Life, now: Double) {
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
    func readCopy(_ sibling: RotatedLogs.Sibling, of life: Life) -> Bool {
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
    static let looks = 8

    /// Reads rotated parts that came and went while nobody looked: those younger than `source`.
    /// Looks again after each, since names move on while we read.
    func readMissed(behind source: LiveSource?) {
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
    func lookBehind(_ source: LiveSource) {
        let before = store.sources(of: path).last { $0.number < source.number }
        if before != nil || readsAll { readMissed(behind: before) }
    }

    /// Whether a file is being read, whatever its name is by now.
    func isOpen(_ state: FileState) -> Bool {
        ([current].compactMap(\.self) + leaving).contains { life in
            guard let mark = life.file?.mark else { return false }
            return mark.device == state.device && mark.inode == state.inode
        }
    }

    /// Whether a rotated part was read under another name.
    func isKnown(_ sibling: RotatedLogs.Sibling) -> Bool {
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
    static func small(_ sibling: RotatedLogs.Sibling) -> [UInt8]? {
        var out: [UInt8] = []
        try? InputReader.forEachPiece(of: sibling.path) { bytes in
            for i in 0..<bytes.count { out.append(bytes[i]) }
            return out.count <= 1 << 20
        }
        return out.count <= 1 << 20 ? out : nil
    }

    /// Reads a rotated part from its first byte to its last.
    @discardableResult
    func readWhole(_ sibling: RotatedLogs.Sibling) -> Bool {
        let name = rotationStem(sibling.path) == rotationStem(path) ? sibling.path : path
        let source = store.makeSource(origin: path, name: name)
        let life = Life(source, file: nil)
        var feed = ByteFeed()
        var start: [UInt8]? = []
        do throws(ReadError) {
            try InputReader.forEachPiece(of: sibling.path) { bytes in
                guard var held = start else {
                    feed.feed(bytes) { source.take($0, isLast: $1, with: matcher) }
                    if source.unsavedEvents > Self.eventsHeld {
                        note(feed.mark, of: sibling, in: source)
                        store.save()
                    }
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
        note(feed.mark, of: sibling, in: source)
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

    /// Events of a rotated part that are read before they are put on disk.
    static let eventsHeld = 4096

    func note(_ mark: FileMark, of sibling: RotatedLogs.Sibling, in source: LiveSource) {
        source.mark = mark
        (source.mark.device, source.mark.inode) = (sibling.state.device, sibling.state.inode)
        source.mark.modifiedAt = sibling.state.modifiedAt
    }

    /// Reports call a rotated log by its new name, where that shows whose log it was.
    func rename(_ source: LiveSource, to name: String) {
        if rotationStem(name) == rotationStem(path) { source.input.name = name }
    }

    // MARK: - The next file of this name

    /// Opens what has the name now. True where something is there to be read.
    func openNext(now: Double) -> Bool {
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
    func joinHalves() {
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
    func joined(_ start: [UInt8], _ next: LiveSource) -> Int {
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
    func finish(_ life: Life) {
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
