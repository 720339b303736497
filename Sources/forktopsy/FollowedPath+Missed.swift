// SPDX-License-Identifier: Apache-2.0

internal import Live
internal import Model
internal import Reading

// MARK: - Rotated parts that were missed

extension FollowedPath {
    /// Reads rotated parts that came and went while nobody looked: those younger than `source`, by
    /// their times or by their names, since clocks are set back. Looks again after each, since names
    /// move on while we read.
    func readMissed(behind source: LiveSource?) {
        let mark = source?.mark ?? FileMark()
        var failures: Set<RotatedLogs.Sibling> = []
        for _ in 0..<1000 {
            let siblings = siblings
            let known = siblings.first {
                $0.path == source?.input.name
                    || $0.state.inode == mark.inode && $0.state.device == mark.device
            }
            var isRead: Bool?
            for sibling in siblings.reversed() where isRead == nil {
                // What is younger than the log that is open waits until that is read.
                if isCurrent(sibling) { break }
                let isYounger =
                    !sibling.state.isWritten(before: mark.modifiedAt)
                    || known.map { RotatedLogs.isNewer(sibling.path, than: $0.path) } ?? false
                    || wasPassedOver(sibling)
                guard isYounger, !failures.contains(sibling), !isOpen(sibling.state) else {
                    continue
                }
                switch part(sibling) {
                case .known: continue
                case .grown(let source): isRead = readRest(sibling, of: source)
                case .unknown: isRead = readWhole(sibling)
                }
                if isRead == false { failures.insert(sibling) }
            }
            if isRead == nil { return }
        }
    }

    /// The rotated parts, as they stand between two rotations: names move on while they are listed.
    private var siblings: [RotatedLogs.Sibling] {
        var last = RotatedLogs.siblings(of: path)
        for _ in 0..<Self.looks {
            let next = RotatedLogs.siblings(of: path)
            let isSame = next.elementsEqual(last) {
                $0.path == $1.path && $0.state.isSameFile(as: $1.state)
            }
            if isSame { return next }
            last = next
        }
        return last
    }

    /// Whether a part is the log that is open, renamed since, or the copy of it that was left.
    private func isCurrent(_ sibling: RotatedLogs.Sibling) -> Bool {
        guard let life = current, let open = try? life.file?.state() else { return false }
        return open.isSameFile(as: sibling.state) || !hasName(life) && isBeingMade(sibling)
    }

    /// Whether a part is younger than something that was read, and nothing that was read has its time.
    private func wasPassedOver(_ sibling: RotatedLogs.Sibling) -> Bool {
        let times = store.sources(of: path).filter { !$0.mark.isBlank }.map(\.mark.modifiedAt)
        guard let oldest = times.min() else { return false }
        return !sibling.state.isWritten(before: oldest)
            && !times.contains { sibling.state.isWritten(at: $0) }
    }

    /// Before the first byte of a file was read nobody would have noticed that it was copied and
    /// cut: the copy is looked for.
    func lookBehind(_ source: LiveSource) {
        let before = store.sources(of: path).last { $0.number < source.number }
        if before != nil || readsAll { readMissed(behind: before) }
    }

    /// Reads a rotated part from its first byte to its last.
    @discardableResult
    func readWhole(_ sibling: RotatedLogs.Sibling, joins: Bool = true) -> Bool {
        guard !SignalPipe.isEnding else { return false }
        guard !RotatedLogs.isUnreadable(sibling.path) else {
            complain("\(sibling.path): packed in a way that is not read; its lines are missing")
            settle(sibling)
            return false
        }
        let name = RotatedName.isPart(sibling.path, of: path) ? sibling.path : path
        let source = store.makeSource(origin: path, name: name)
        let life = Life(source, file: nil)
        var feed = ByteFeed()
        var start: [UInt8]? = []
        let joins = joins && !isOlderThanHalves(sibling)
        var hasMoved = false
        do throws(ReadError) {
            try InputReader.forEachPiece(of: sibling.path) { bytes in
                hasMoved = hasMoved || feed.mark.isBlank && !isThere(sibling)
                guard !SignalPipe.isEnding, !hasMoved else { return false }
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
                var joined = joins ? joined(held, source) : 0
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
                // Where it was renamed or packed meanwhile, it is found there.
                if isThere(sibling) {
                    complain("\(sibling.path): \(error.reason); its lines are missing")
                }
                return false
            }
            complain(error.reason, of: source)
        }
        guard !hasMoved else {
            store.forget(source)
            return false
        }
        note(feed.mark, of: sibling, in: source)
        // The rest is read when we are back.
        guard !SignalPipe.isEnding else { return false }
        if let start { feed.feed(start.span) { _, _ in 0 } }
        life.feed = feed
        settle(sibling)
        hasProgressed = true
        if feed.rest.isEmpty {
            source.close()
        } else {
            life.deadline = monotonicSeconds() + Self.leavingSeconds
            leaving.append(life)
        }
        return true
    }

    /// Whether the name still leads to the part that was found under it.
    private func isThere(_ sibling: RotatedLogs.Sibling) -> Bool {
        FileState(path: sibling.path)?.isSameFile(as: sibling.state) ?? false
    }

    /// Whether a part was written before what waits for the other half of a line.
    private func isOlderThanHalves(_ sibling: RotatedLogs.Sibling) -> Bool {
        leaving.contains {
            sibling.state.isWritten(before: $0.source.mark.modifiedAt) && !$0.half.isEmpty
        }
    }

    /// Events of a rotated part that are read before they are put on disk.
    static let eventsHeld = 4096

    func note(_ mark: FileMark, of sibling: RotatedLogs.Sibling, in source: LiveSource) {
        source.mark = mark
        (source.mark.device, source.mark.inode) = (sibling.state.device, sibling.state.inode)
        source.mark.modifiedAt = sibling.state.modifiedAt
    }
}
