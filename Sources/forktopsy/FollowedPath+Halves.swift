// SPDX-License-Identifier: Apache-2.0

internal import Live
internal import Model
internal import Reading

// MARK: - Lines that a rotation has split

extension FollowedPath {
    /// Joins half a line at the end of the log before with its other half, once that is there.
    ///
    /// The other half may have been rotated away since: parts that came between are read first, and
    /// the file must then still begin as before.
    func joinHalves() {
        for _ in 0..<Self.looks {
            guard let life = current, life.source.mark.isBlank, let start = life.start,
                let line = Self.firstLine(start.span), line != life.unjoined,
                !leaving.isEmpty || Self.mayContinue(line)
            else { return }
            lookBehind(life.source)
            guard current === life, life.start?.starts(with: start) ?? false else { continue }
            if joined(start, life.source, pass: { self.pass($0, in: life) }) > 0 { return }
            guard life.start?.starts(with: start) ?? false else { continue }
            life.unjoined = line
            return
        }
    }

    /// The first line with its line feed, where it is there and not longer than a line may be.
    static func firstLine(_ bytes: Span<UInt8>) -> [UInt8]? {
        var out: [UInt8] = []
        for i in 0..<min(bytes.count, 1 << 16) {
            out.append(bytes[i])
            if bytes[i] == 0x0A { return out }
        }
        return nil
    }

    /// Whether a line begins as no record does, and may be the second half of one.
    static func mayContinue(_ line: [UInt8]) -> Bool {
        line.count == 1 || FollowedInput.mayBeContinuation(line.span.extracting(0..<line.count - 1))
    }

    /// Passes over the first bytes of a file, where it still begins with them.
    private func pass(_ bytes: [UInt8], in life: Life) -> Bool {
        var isPassed = false
        var buffer = [UInt8](repeating: 0, count: bytes.count)
        _ = try? life.file?.readOn(&buffer, limit: 1, pieceLimit: { 1 << 16 }) { found, _ in
            guard !isPassed, found.count >= bytes.count,
                bytes.indices.allSatisfy({ found[$0] == bytes[$0] })
            else { return 0 }
            isPassed = true
            return bytes.count
        }
        if let mark = life.file?.mark { life.source.mark = mark }
        return isPassed
    }

    /// Half a line at the end of a log belongs to what the next file begins with, where that is no
    /// beginning of a record. Returns how many bytes of `start` it took; `next` passes over them,
    /// where `pass` lets it.
    func joined(
        _ start: [UInt8], _ next: LiveSource, pass: ([UInt8]) -> Bool = { _ in true }
    ) -> Int {
        guard let feed = start.firstIndex(of: 0x0A) else { return 0 }
        readLeaving()
        let parts = halves
        guard let first = parts.first else { return 0 }
        let other = Array(start[...feed])
        guard Self.mayContinue(other) else {
            // Nothing continues them. A file that is open may still grow.
            for life in parts where life.file == nil { finish(life) }
            return 0
        }
        guard pass(other) else { return 0 }
        let whole = parts.flatMap { $0.takeHalf() } + other
        _ = first.source.take(whole.span, isLast: true, with: matcher)
        for life in parts {
            life.file = nil
            life.source.close()
            life.source.partner = next.number
        }
        leaving.removeAll { life in parts.contains { $0 === life } }
        next.input.skipLine(other.count)
        next.isChanged = true
        hasProgressed = true
        return other.count
    }

    /// The logs that have left and hold parts of one unfinished line, the oldest first. A whole
    /// file may be but the middle of it; not where it begins as the part before does, which shows
    /// the head of another record.
    private var halves: [Life] {
        var out: [Life] = []
        var later: [UInt8] = []
        for life in leaving.reversed() where !life.isRevived {
            let half = life.half
            guard !half.isEmpty else { break }
            let isHead = later.count >= Self.sureHead && half.starts(with: later[..<Self.sureHead])
            if isHead { break }
            out.insert(life, at: 0)
            guard life.source.mark.isBlank else { break }
            later = half
        }
        return out
    }

    /// Bytes that the records of one writer begin with: its process, and a colon or a bracket.
    private static let sureHead = 6

    /// Reads whole lines that were written to a file before it was rotated, and not read yet.
    private func readLeaving() {
        for life in leaving where life.file != nil && life.half.contains(0x0A) {
            var buffer = [UInt8](repeating: 0, count: Self.turn)
            while case .more = readOn(life, &buffer) {}
        }
    }

    /// Nothing follows: half a line counts as it is.
    func finish(_ life: Life) {
        let source = life.source
        let half = life.takeHalf()
        if !half.isEmpty {
            _ = source.take(half.span, isLast: true, with: matcher)
            hasProgressed = true
        }
        life.file = nil
        life.feed = nil
        source.close()
        leaving.removeAll { $0 === life }
    }

    /// Finishes what is leaving, at the end of a run that does not come back.
    func finishLeaving() { for life in leaving { finish(life) } }
}

extension FollowedPath.Life {
    /// The first bytes of its file.
    fileprivate var start: [UInt8]? { file?.rest(limit: 1 << 16) }
}

extension [UInt8] {
    func ends(with other: [UInt8]) -> Bool {
        count >= other.count && suffix(other.count).elementsEqual(other)
    }
}
