// SPDX-License-Identifier: Apache-2.0

/// Fills a buffer from a position on and says with how many bytes; 0 at the end.
typealias Pull = (inout [UInt8], Int) throws(ReadError) -> Int

/// What one call of a decoder did.
struct CodecStep {
    enum Outcome: Equatable {
        case more
        case frameEnd
        /// What is wrong, as the rest of a sentence about the data.
        case corrupt(String)
    }

    var consumed = 0
    var produced = 0
    var outcome = Outcome.more

    static func corrupt(_ reason: String) -> CodecStep { CodecStep(outcome: .corrupt(reason)) }
}

/// A decoder of one compression. Classes: most own memory of a C library.
protocol Codec: AnyObject {
    /// Decodes from `input[range]` to `buffer`, from `position` on, where there is room for one
    /// byte at least. `isLast` says that no input will follow.
    func decode(
        _ input: [UInt8], _ range: Range<Int>, isLast: Bool, into buffer: inout [UInt8],
        at position: Int
    ) -> CodecStep

    /// Gets ready for the next frame, member or stream of the same input.
    func startFrame()
}

/// A stream of bytes that can be looked ahead in.
///
/// A class: a container and the entry that is being read take from one window.
final class ByteWindow {
    private let pull: Pull
    /// The bytes that were pulled and not yet taken are `bytes[range]`.
    private(set) var bytes = [UInt8](repeating: 0, count: 65_536)
    private(set) var range = 0..<0
    private(set) var hasEnded = false
    private var failure: ReadError?
    private var hasToldLoss = false

    init(_ pull: @escaping Pull) { self.pull = pull }

    var count: Int { range.count }

    /// The byte at `index` behind the start; `require` it first.
    subscript(index: Int) -> UInt8 { bytes[range.lowerBound + index] }

    /// Pulls until `wanted` bytes can be looked at; false where there are fewer.
    func require(_ wanted: Int) -> Bool {
        while count < wanted, !hasEnded { pullMore(wanted) }
        return count >= wanted
    }

    private func pullMore(_ wanted: Int) {
        if range.isEmpty {
            range = 0..<0
        } else if range.lowerBound + wanted > bytes.count || range.upperBound == bytes.count {
            let kept = range.count
            bytes.replaceSubrange(0..<kept, with: Array(bytes[range]))
            range = 0..<kept
        }
        if wanted > bytes.count { bytes.append(contentsOf: repeatElement(0, count: wanted)) }
        do throws(ReadError) {
            let pulled = try pull(&bytes, range.upperBound)
            hasEnded = pulled == 0
            range = range.lowerBound..<(range.upperBound + pulled)
        } catch {
            end(with: error)
        }
    }

    /// Takes nothing more from below.
    func end(with error: ReadError) {
        failure = failure ?? error
        hasEnded = true
    }

    /// The first `wanted` bytes, or as many as there are.
    func head(_ wanted: Int) -> [UInt8] {
        _ = require(wanted)
        return Array(bytes[range].prefix(wanted))
    }

    /// Drops bytes that were looked at.
    func skip(_ number: Int) { range = (range.lowerBound + number)..<range.upperBound }

    /// Drops `number` bytes, pulling them where needed, and says how many there were.
    func discard(_ number: Int64) -> Int64 {
        var dropped: Int64 = 0
        while dropped < number, require(1) {
            let step = Int(min(number - dropped, Int64(count)))
            skip(step)
            dropped += Int64(step)
        }
        return dropped
    }

    /// Reads to the end, so that what checks itself there has its say.
    func drain() { while require(1) { skip(count) } }

    /// Moves at most `limit` bytes to `buffer`; 0 at the end.
    func take(into buffer: inout [UInt8], at position: Int, limit: Int64) -> Int {
        guard require(1) else { return 0 }
        let taken = Int(min(limit, Int64(min(count, buffer.count - position))))
        let from = range.lowerBound
        buffer.replaceSubrange(position..<position + taken, with: bytes[from..<from + taken])
        skip(taken)
        return taken
    }

    /// Why the stream ended, told once: what failed below, else `reason`, else nothing.
    func loss(_ reason: @autoclosure () -> String? = nil) -> ReadError? {
        guard !hasToldLoss else { return nil }
        guard let loss = failure ?? reason().map({ ReadError(code: .damaged, reason: $0) })
        else { return nil }
        hasToldLoss = true
        return loss
    }
}

extension ByteWindow {
    /// Little-endian numbers, as zip and LZ4 have them; `require` their bytes first.
    func little16(_ index: Int) -> Int { Int(self[index]) | Int(self[index + 1]) << 8 }
    func little32(_ index: Int) -> Int { little16(index) | little16(index + 2) << 16 }
    func little64(_ index: Int) -> Int64 {
        Int64(truncatingIfNeeded: little32(index) | little32(index + 4) << 32)
    }
}

/// Takes one compression off a stream: any number of frames, members or streams of one format.
final class Decompressor {
    private let format: ArchiveFormat
    private let codec: any Codec
    private let source: ByteWindow
    private let budget: ArchiveBudget
    private var isBetweenFrames = false
    private var hasEnded = false
    private var loss: ReadError?
    private var stalls = 0

    init(
        _ format: ArchiveFormat, of source: ByteWindow, libraries: ArchiveLibraries,
        budget: ArchiveBudget
    ) throws(ReadError) {
        self.format = format
        self.source = source
        self.budget = budget
        codec = try libraries.codec(for: format)
    }

    /// Fills `buffer` from `position` on; 0 at the end. Damage is thrown once, after all that
    /// came before it was given.
    func read(into buffer: inout [UInt8], at position: Int) throws(ReadError) -> Int {
        precondition(position < buffer.count)
        while !hasEnded {
            if isBetweenFrames, !beginFrame() { break }
            _ = source.require(1)
            let step = codec.decode(
                source.bytes, source.range, isLast: source.hasEnded, into: &buffer, at: position)
            source.skip(step.consumed)
            note(step)
            if step.produced > 0 { return step.produced }
        }
        if let loss {
            self.loss = nil
            throw loss
        }
        return 0
    }

    private func note(_ step: CodecStep) {
        do throws(ReadError) { try budget.noteMade(step.produced) } catch { end(with: error) }
        switch step.outcome {
        case .frameEnd: isBetweenFrames = true
        case .corrupt(let reason):
            end(with: ReadError(code: .damaged, reason: "\(format.spoken) data \(reason)"))
        case .more:
            guard step.consumed == 0, step.produced == 0 else {
                stalls = 0
                return
            }
            if source.count == 0, source.hasEnded {
                end(with: source.loss("\(format.spoken) data ends before its end mark"))
            }
            stalls += 1
            if stalls > 64 {
                end(with: ReadError(code: .damaged, reason: "\(format.spoken) data is corrupt"))
            }
        }
    }

    private func end(with loss: ReadError?) {
        hasEnded = true
        self.loss = self.loss ?? loss
    }

    /// Skips the zeros that may pad a frame, and gets ready for the next; false where none is.
    private func beginFrame() -> Bool {
        while source.require(1), source[0] == 0 { source.skip(1) }
        guard source.require(1) else {
            end(with: source.loss())
            return false
        }
        let head = source.head(16)
        let isSkippable = ArchiveFormat.startsSkippableFrame(head)
        let isNext =
            ArchiveFormat.sniffStream(head) == format
            || isSkippable && (format == .zstd || format == .lz4)
        guard isNext else {
            end(
                with: ReadError(
                    code: .damaged,
                    reason: "what follows the \(format.spoken) data is not understood"))
            return false
        }
        isBetweenFrames = false
        codec.startFrame()
        return true
    }
}
