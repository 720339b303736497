// SPDX-License-Identifier: Apache-2.0

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
            complain(
                "cut in place behind byte \(life.source.mark.offset); no copy holds what may have "
                    + "followed", of: life.source)
        }
        life.file = nil
        life.deadline = now + (life.half.isEmpty ? 0 : Self.leavingSeconds)
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
        var damage: String?
        do throws(ReadError) {
            try InputReader.forEachPiece(of: sibling.path) { bytes in
                guard !SignalPipe.isEnding else { return false }
                return probe.take(bytes) { rest in
                    feed.feed(rest) { source.take($0, isLast: $1, with: matcher) }
                }
            }
        } catch {
            damage = error.reason
        }
        guard probe.isMatch == true else { return false }
        if let damage { complain(damage, of: source) }
        source.mark.move(to: feed.mark)
        source.mark.modifiedAt = max(source.mark.modifiedAt, sibling.state.modifiedAt)
        life.feed = feed
        settle(sibling)
        return true
    }

    /// How often a directory is looked at in which names are changing.
    static let looks = 8

    /// Takes up again what has grown since it was read to its end: some writers keep a log open for
    /// long after it was renamed.
    func revive(now: Double) {
        guard now >= reviveAt else { return }
        reviveAt = now + Self.leavingSeconds
        guard let source = store.sources(of: path).last(where: { !$0.isOpen }) else { return }
        revive(source, at: source.input.name, now: now)
    }

    /// The same for all closed parts, at the beginning of a run.
    func reviveAll(now: Double) {
        let closed = store.sources(of: path).filter { !$0.isOpen && !$0.mark.isBlank }
        guard !closed.isEmpty else { return }
        for sibling in RotatedLogs.siblings(of: path) {
            for source in closed { revive(source, at: sibling.path, now: now) }
            // A packed one has the time of its last writing: as it was then, it was read.
            let isAsItWas = closed.contains { sibling.state.isOf($0.mark.modifiedAt) }
            if RotatedName.isPacked(sibling.path), !isAsItWas, !isOpen(sibling.state),
                case .grown(let source) = part(sibling)
            {
                readRest(sibling, of: source)
            }
        }
    }

    private func revive(_ source: LiveSource, at place: String, now: Double) {
        let mark = source.mark
        guard place != path, !mark.isShort, !RotatedName.isPacked(place),
            let state = FileState(path: place),
            state.inode == mark.inode, state.device == mark.device, state.size > mark.offset,
            !isOpen(state), let file = try? LogFile(path: place, matching: mark)
        else { return }
        source.reopen()
        let life = Life(source, file: file)
        life.isRevived = true
        life.deadline = now + Self.leavingSeconds
        life.hasMore = true
        leaving.append(life)
    }

    /// Whether a file is being read, whatever its name is by now.
    func isOpen(_ state: FileState) -> Bool {
        ([current].compactMap(\.self) + leaving).contains { life in
            guard let mark = life.file?.mark else { return false }
            return mark.device == state.device && mark.inode == state.inode
        }
    }

    /// Takes note that a part need not be looked at again, if its name still leads to it.
    func settle(_ sibling: RotatedLogs.Sibling) {
        if FileState(path: sibling.path) == sibling.state { settled.insert(sibling.state) }
    }

    func holdsWhatIsKnown(_ sibling: RotatedLogs.Sibling) -> Bool {
        // A part that is but half a line, or little more, has no mark by which it is known.
        let halves = leaving.filter(\.source.mark.isShort)
        let all = store.sources(of: path).map(\.mark).filter { !$0.isBlank }
        let short = all.filter(\.isShort)
        if !halves.isEmpty || !short.isEmpty, sibling.state.size < 1 << 16,
            let content = Self.small(sibling),
            halves.contains(where: { $0.isAll(content) })
                || short.contains(where: { $0.isWhole(content) })
        {
            return true
        }
        let marks = all.filter { !$0.isShort }
        if !RotatedName.isPacked(sibling.path) {
            return LogFile.firstMatch(at: sibling.path, of: marks) != nil
        }
        var probes = marks.map { MarkProbe($0) }
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

    /// Whether a file is a copy of the log that somebody is writing now.
    func isBeingMade(_ sibling: RotatedLogs.Sibling) -> Bool {
        if RotatedName.isPacked(sibling.path) { return isPackedUnread(sibling) }
        guard let head = current?.file?.head(), !head.isEmpty,
            let start = try? LogFile(path: sibling.path).head(), !start.isEmpty,
            let size = try? current?.file?.state().size, sibling.state.size <= size
        else { return false }
        return head.starts(with: start)
    }

    /// Whether a part is the log that was opened and has not been read yet: renamed since, and packed.
    private func isPackedUnread(_ sibling: RotatedLogs.Sibling) -> Bool {
        guard let life = current, life.source.mark.isBlank, !hasName(life),
            let unread = life.file?.rest(limit: Self.compared), !unread.isEmpty
        else { return false }
        var start: [UInt8] = []
        try? InputReader.forEachPiece(of: sibling.path) { bytes in
            var i = 0
            while i < bytes.count, start.count < Self.compared {
                start.append(bytes[i])
                i += 1
            }
            return i == bytes.count
        }
        return start == unread
    }

    /// Bytes that are the same in two files only where one is a copy of the other.
    private static let compared = 1 << 16

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

    /// Reports call a rotated log by its new name, where that shows whose log it was.
    func rename(_ source: LiveSource, to name: String) {
        if name == path || RotatedName.isPart(name, of: path) { source.input.name = name }
    }

    // MARK: - The next file of this name

    /// Opens what has the name now. True where something is there to be read.
    func openNext(now: Double) -> Bool {
        guard let state = FileState(path: path), state.isRegular else { return false }
        do throws(LiveError) {
            let before = store.sources(of: path).last
            if let life = try known(state) {
                current = life
            } else {
                current = try fresh()
            }
            problem = nil
            // Another file may have had the name, and lost it, since we last looked.
            if before != nil || readsAll { readMissed(behind: before) }
            return state.size > 0
        } catch {
            if problem == nil, !error.isMissing { problem = error.reason }
            return false
        }
    }

    private func fresh() throws(LiveError) -> Life {
        let file = try LogFile(path: path)
        let life = Life(store.makeSource(origin: path, name: path), file: file)
        life.source.mark = life.file?.mark ?? FileMark()
        return life
    }

    /// The log that has the name again: a link that leads back, a file system that was away, a copy
    /// that was put in its place. Little content must be of the same file to be known.
    private func known(_ state: FileState) throws(LiveError) -> Life? {
        let sources = store.sources(of: path).reversed().filter { source in
            source.mark.offset >= Self.sureLength
                || source.mark.inode == state.inode && source.mark.device == state.device
                    && !source.mark.isShort
        }
        guard let index = LogFile.firstMatch(at: path, of: sources.map(\.mark)) else { return nil }
        let source = sources[index]
        // A copy in another place, of a file system that was mounted anew, is opened anew.
        if let life = leaving.first(where: { $0.source === source }),
            let open = try life.file?.state(), open.isSameFile(as: state)
        {
            leaving.removeAll { $0 === life }
            life.deadline = .infinity
            return life
        }
        let file = try LogFile(path: path, matching: source.mark)
        leaving.removeAll { $0.source === source }
        source.reopen()
        rename(source, to: path)
        return Life(source, file: file)
    }

    /// Bytes that are not twice the same by chance: a line or two, with their times.
    private static let sureLength = 256
}
