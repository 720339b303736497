// SPDX-License-Identifier: Apache-2.0

internal import Live
internal import Model
internal import Reading

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
        reviveAll(now: now)
        if let last = store.sources(of: path).last { readMissed(behind: last) }
    }

    func giveUp(_ source: LiveSource) {
        if !source.mark.isBlank {
            complain(
                "not found again: what may have followed byte \(source.mark.offset) could not be "
                    + "read", of: source)
        }
        source.close()
    }

    /// Finds the file of a source, by content; false where it is not there.
    func resume(_ source: LiveSource, isLast: Bool, now: Double) -> Bool {
        let mark = source.mark
        let siblings = RotatedLogs.siblings(of: path)
        // The file that has the inode is tried first, then the name, then the younger parts.
        var candidates = siblings.map(\.path)
        if current == nil { candidates.insert(path, at: isLast ? 0 : candidates.count) }
        if let same = candidates.firstIndex(where: {
            FileState(path: $0).map { $0.device == mark.device && $0.inode == mark.inode } ?? false
        }) {
            candidates.insert(candidates.remove(at: same), at: 0)
        }
        for candidate in candidates {
            if let file = try? LogFile(path: candidate, matching: mark),
                !RotatedName.isPacked(candidate)
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
            guard RotatedName.isPacked(candidate),
                let sibling = siblings.first(where: { $0.path == candidate })
            else { continue }
            let life = Life(source, file: nil)
            guard readCopy(sibling, of: life) else { continue }
            rename(source, to: candidate)
            life.deadline = now + (life.half.isEmpty ? 0 : Self.leavingSeconds)
            leaving.append(life)
            return true
        }
        return false
    }

    func beginNew(_ start: Start, _ buffer: inout [UInt8]) {
        switch start {
        case .beginning:
            readsAll = true
            readMissed(behind: nil)
        case .end: skipToEnd(&buffer)
        case .asNeeded:
            mustLookBack = true
            // Just rotated, and nothing written since.
            if FileState(path: path) == nil { readBack() }
        }
    }

    /// Rotated parts are read until one shows a successful save: what came before is settled.
    func readBack() {
        mustLookBack = false
        for sibling in RotatedLogs.siblings(of: path).prefix(Self.partsRead) {
            if store.sources(of: path).contains(where: showsSuccess) { return }
            readWhole(sibling, joins: false)
            finishLeaving()
        }
    }

    static let partsRead = 8

    func showsSuccess(_ source: LiveSource) -> Bool {
        var out = false
        source.collector.log.forEachHeader { _, pattern, _ in
            let kind = store.patterns[pattern].kind
            if kind == .operation_succeeded || kind == .sync_succeeded { out = true }
        }
        return out
    }

    /// Uses all whole lines that are there, without looking at them.
    func skipToEnd(_ buffer: inout [UInt8]) {
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
