// SPDX-License-Identifier: Apache-2.0

/// Takes bytes that stand behind all that it took before; returns how many of them it used. The
/// others come again. `isLast`: nothing will follow them.
package typealias ByteTaker = (_ bytes: Span<UInt8>, _ isLast: Bool) -> Int

/// One log file that is read on as it grows, by what it holds and not by its name.
package struct LogFile: ~Copyable {
    private let file: OpenFile
    private var ends: FileEnds
    package private(set) var mark: FileMark

    /// What a reading came to.
    package enum Outcome: Sendable {
        /// All that is there was used, but for `rest` bytes of an unfinished line.
        case upToDate(rest: Int)
        /// There is more, for the next time.
        case more
        /// The file no longer holds what was read from it: it was cut, or written anew.
        case replaced
    }

    /// Opens a file that nothing was read of.
    package init(path: String) throws(LiveError) {
        let file = try OpenFile(path: path)
        let state = try file.state()
        guard state.isRegular else { throw LiveError(reason: "is no regular file") }
        self.file = file
        ends = FileEnds()
        mark = FileMark()
        note(state)
    }

    /// Opens the file at `path` if it holds what `mark` says; else throws.
    package init(path: String, matching mark: FileMark) throws(LiveError) {
        let file = try OpenFile(path: path)
        let state = try file.state()
        var head = [UInt8](repeating: 0, count: mark.headLength)
        var tail = [UInt8](repeating: 0, count: mark.tailLength)
        guard state.isRegular, state.size >= mark.offset,
            try file.read(into: &head, at: 0) == head.count,
            try file.read(into: &tail, at: mark.offset - Int64(tail.count)) == tail.count,
            FileMark.hash(head) == mark.headHash, FileMark.hash(tail) == mark.tailHash
        else { throw LiveError.other }
        var ends = FileEnds()
        ends.note(head.span)
        if mark.offset > Int64(head.count) { ends.note(tail.span) }
        self.file = file
        self.ends = ends
        self.mark = mark
        note(state)
    }

    private mutating func note(_ state: FileState) {
        mark.device = state.device
        mark.inode = state.inode
        mark.modifiedAt = state.modifiedAt
    }

    private mutating func noteState() throws(LiveError) { note(try file.state()) }

    package func state() throws(LiveError) -> FileState { try file.state() }

    /// Reads what was written since, at most about `limit` bytes of it. `buffer` lends its memory;
    /// it grows up to `pieceLimit` where a line needs that.
    package mutating func readOn(
        _ buffer: inout [UInt8], limit: Int, pieceLimit: () -> Int, isLast: Bool = false,
        _ take: ByteTaker
    ) throws(LiveError) -> Outcome {
        var done = 0
        while done < limit {
            let before = ends.tail.count
            let count = try file.read(into: &buffer, at: mark.offset - Int64(before))
            guard count >= before, buffer[..<before].elementsEqual(ends.tail) else {
                return .replaced
            }
            let fresh = count - before
            if fresh == 0 {
                try noteState()
                return .upToDate(rest: 0)
            }
            let isFull = count == buffer.count
            let used = buffer.withSpan(before..<count) { take($0, isLast && !isFull) }
            precondition(used >= 0 && used <= fresh)
            if used > 0 {
                buffer.withSpan(before..<before + used) { ends.note($0) }
                mark.offset += Int64(used)
                ends.fill(&mark)
                done += used
            }
            if !isFull {
                try noteState()
                return .upToDate(rest: fresh - used)
            }
            if used == 0 {
                guard buffer.count < pieceLimit() + FileMark.tailLimit + 4096 else {
                    return .upToDate(rest: fresh)
                }
                buffer.append(contentsOf: repeatElement(0, count: buffer.count))
            }
        }
        return .more
    }

    /// The first of `marks` that the file at `path` holds; `nil` where it holds none of them.
    package static func firstMatch(at path: String, of marks: [FileMark]) -> Int? {
        guard !marks.isEmpty, let file = try? OpenFile(path: path), let state = try? file.state(),
            state.isRegular
        else { return nil }
        var head = [UInt8](repeating: 0, count: FileMark.headLimit)
        guard let length = try? file.read(into: &head, at: 0) else { return nil }
        return marks.firstIndex { mark in
            guard !mark.isBlank, state.size >= mark.offset, mark.headLength <= length,
                FileMark.hash(head[..<mark.headLength]) == mark.headHash
            else { return false }
            var tail = [UInt8](repeating: 0, count: mark.tailLength)
            let start = mark.offset - Int64(tail.count)
            return (try? file.read(into: &tail, at: start)) == tail.count
                && FileMark.hash(tail) == mark.tailHash
        }
    }

    /// The first bytes of the file, as many as are compared.
    package func head() -> [UInt8] {
        var out = [UInt8](repeating: 0, count: FileMark.headLimit)
        guard let count = try? file.read(into: &out, at: 0) else { return [] }
        return Array(out[..<count])
    }

    /// Takes the unfinished line behind the place as used, and gives it.
    package mutating func takeRest() -> [UInt8] {
        let out = rest()
        ends.note(out.span)
        mark.offset += Int64(out.count)
        ends.fill(&mark)
        return out
    }

    /// The bytes behind the place: an unfinished line.
    package func rest(limit: Int = 1 << 20) -> [UInt8] {
        var out = [UInt8](repeating: 0, count: 4096)
        while let count = try? file.read(into: &out, at: mark.offset) {
            if count < out.count || out.count >= limit {
                out.removeLast(out.count - count)
                return out
            }
            out = [UInt8](repeating: 0, count: min(limit, out.count * 4))
        }
        return []
    }
}

extension LiveError {
    /// The file holds something else than what was looked for.
    static let other = LiveError(reason: "holds something else")
}

extension [UInt8] {
    fileprivate func withSpan<Result>(
        _ range: Range<Int>, _ body: (Span<UInt8>) -> Result
    ) -> Result { body(span.extracting(range)) }
}
