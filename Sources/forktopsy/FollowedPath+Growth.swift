// SPDX-License-Identifier: Apache-2.0

internal import Live
internal import Model
internal import Reading

// MARK: - Rotated parts that hold more than was read of them

extension FollowedPath {
    /// What a rotated part is, as far as its content shows.
    enum Part {
        /// All of it was read, or is being read.
        case known
        /// It holds a log that was read, and more: that was written to after it had been finished,
        /// and then copied or packed.
        case grown(LiveSource)
        case unknown
    }

    func part(_ sibling: RotatedLogs.Sibling) -> Part {
        if settled.contains(sibling.state) { return .known }
        let part =
            holdsWhatIsKnown(sibling)
            ? growth(of: sibling) : isBeingMade(sibling) ? .known : .unknown
        if case .known = part { settle(sibling) }
        return part
    }

    /// What a part is that begins as a log that was read.
    private func growth(of sibling: RotatedLogs.Sibling) -> Part {
        let closed = store.sources(of: path).filter {
            !$0.isOpen && !$0.mark.isShort && !$0.input.isIgnored
        }
        let isPacked = RotatedName.isPacked(sibling.path)
        if !isPacked, closed.contains(where: { $0.mark.isAll(of: sibling.state) }) {
            return .known
        }
        let held = extents(of: closed.map(\.mark), in: sibling)
        guard let longest = held.max(by: { $0.mark.offset < $1.mark.offset }),
            held.allSatisfy({ $0.goesOn }), extents(of: openMarks, in: sibling).isEmpty,
            let source = closed.first(where: { $0.mark == longest.mark })
        else { return .known }
        // Another file that begins with the same lines, where the log itself is still there.
        if isElsewhere(source, than: sibling) { return .unknown }
        // `revive` reads the file itself on.
        return !isPacked && source.mark.isFile(sibling.state) ? .known : .grown(source)
    }

    private var openMarks: [FileMark] {
        store.sources(of: path).filter { $0.isOpen && !$0.mark.isBlank }.map(\.mark)
    }

    /// A mark that a file holds, and whether the file goes on behind it.
    private struct Extent {
        var mark: FileMark
        var goesOn: Bool
    }

    private func extents(of marks: [FileMark], in sibling: RotatedLogs.Sibling) -> [Extent] {
        guard !marks.isEmpty else { return [] }
        guard RotatedName.isPacked(sibling.path) else {
            return marks.filter { (try? LogFile(path: sibling.path, matching: $0)) != nil }
                .map { Extent(mark: $0, goesOn: $0.offset < sibling.state.size) }
        }
        var probes = marks.map { (probe: MarkProbe($0), goesOn: false) }
        try? InputReader.forEachPiece(of: sibling.path) { bytes in
            var goesOn = false
            for i in probes.indices where probes[i].probe.isMatch != false && !probes[i].goesOn {
                var hasRest = false
                _ = probes[i].probe.take(bytes) { _ in hasRest = true }
                probes[i].goesOn = hasRest
                goesOn = goesOn || !hasRest && probes[i].probe.isMatch != false
            }
            return goesOn
        }
        return zip(marks, probes).filter { $0.1.probe.isMatch == true }
            .map { Extent(mark: $0.0, goesOn: $0.1.goesOn) }
    }

    /// Whether another file holds exactly what was read of a log.
    private func isElsewhere(_ source: LiveSource, than sibling: RotatedLogs.Sibling) -> Bool {
        RotatedLogs.siblings(of: path).contains { other in
            other != sibling
                && extents(of: [source.mark], in: other).contains { !$0.goesOn }
        }
    }

    /// Reads what a rotated part holds behind the place up to which its log was read.
    @discardableResult
    func readRest(_ sibling: RotatedLogs.Sibling, of source: LiveSource) -> Bool {
        let life = Life(source, file: nil)
        source.reopen()
        guard readCopy(sibling, of: life) else {
            source.close()
            return false
        }
        rename(source, to: sibling.path)
        life.deadline = monotonicSeconds() + (life.half.isEmpty ? 0 : Self.leavingSeconds)
        leaving.append(life)
        hasProgressed = true
        return true
    }

    /// Says once that something could not be read, and notes it in the report of the log.
    func complain(_ problem: String, of source: LiveSource? = nil) {
        source?.note(problem: problem)
        if !complaints.contains(problem) { complaints.append(problem) }
    }

    /// What could not be read and was not told yet.
    func takeComplaints() -> [String] {
        defer { told = complaints.count }
        return Array(complaints[min(told, complaints.count)...])
    }
}

extension FileMark {
    /// Whether it was made of the file that has this inode now; a hint.
    fileprivate func isFile(_ state: FileState) -> Bool {
        inode == state.inode && device == state.device
    }

    fileprivate func isAll(of state: FileState) -> Bool {
        isFile(state) && offset == state.size
    }
}
