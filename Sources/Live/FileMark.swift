// SPDX-License-Identifier: Apache-2.0

internal import Model

/// How far a log was read, and by what it is known again: the bytes at its beginning and those
/// before the place, wherever the file has gone since. Device and inode are a hint, no proof: both
/// are used again.
package struct FileMark: Hashable, Sendable {
    package var device: UInt64 = 0
    package var inode: UInt64 = 0
    /// When the file was last written, nanoseconds since 1970, as of the last reading.
    package var modifiedAt: Int64 = 0
    /// Bytes read, decompressed.
    package var offset: Int64 = 0
    package var headLength = 0
    package var headHash: UInt64 = 0
    package var tailLength = 0
    package var tailHash: UInt64 = 0

    package init() {}

    /// Bytes at the beginning that are compared, where so many were read.
    static let headLimit = 512
    /// Bytes before the place that are compared.
    static let tailLimit = 128

    package static func hash(_ bytes: some Sequence<UInt8>) -> UInt64 {
        var hash = FNV1a()
        for byte in bytes { hash.combine(byte) }
        return hash.value
    }

    /// Takes over the place and what stands before it, not the file that it was read from.
    package mutating func move(to other: FileMark) {
        (offset, headLength, headHash) = (other.offset, other.headLength, other.headHash)
        (tailLength, tailHash) = (other.tailLength, other.tailHash)
    }

    /// Whether so little is known that many files begin like that: half a line, with little more
    /// than its process and its date.
    package var isShort: Bool { offset < 64 }

    /// Whether these bytes are all that was read.
    package func isWhole(_ bytes: [UInt8]) -> Bool {
        Int64(bytes.count) == offset && bytes.count == headLength
            && Self.hash(bytes) == headHash
    }

    /// Whether nothing is known of the content, so that any file may be meant.
    package var isBlank: Bool { offset == 0 }
}

/// The bytes that a mark is made from, while a file is being read.
struct FileEnds: Sendable {
    private(set) var head: [UInt8] = []
    private(set) var tail: [UInt8] = []

    init() {}

    /// Notes bytes that were read behind all before.
    mutating func note(_ bytes: Span<UInt8>) {
        var i = 0
        while head.count < FileMark.headLimit, i < bytes.count {
            head.append(bytes[i])
            i += 1
        }
        let kept = max(0, FileMark.tailLimit - bytes.count)
        if tail.count > kept { tail.removeFirst(tail.count - kept) }
        for k in max(0, bytes.count - FileMark.tailLimit)..<bytes.count { tail.append(bytes[k]) }
    }

    func fill(_ mark: inout FileMark) {
        mark.headLength = head.count
        mark.headHash = FileMark.hash(head)
        mark.tailLength = tail.count
        mark.tailHash = FileMark.hash(tail)
    }
}

/// Tells whether a stream of bytes is the one that a mark was made of, and passes on what lies
/// behind the mark.
package struct MarkProbe: Sendable {
    private let mark: FileMark
    private var position: Int64 = 0
    private var head: [UInt8] = []
    private var tail: [UInt8] = []
    /// `nil` until the stream has come to the mark.
    package private(set) var isMatch: Bool?
    /// Bytes seen.
    package var length: Int64 { position }

    package init(_ mark: FileMark) {
        self.mark = mark
        if mark.isBlank { isMatch = true }
    }

    /// Takes the next bytes; `rest` gets what lies behind the mark, if this is the stream. False
    /// where it is not.
    package mutating func take(_ bytes: Span<UInt8>, rest: (Span<UInt8>) -> Void) -> Bool {
        var i = 0
        let tailStart = mark.offset - Int64(mark.tailLength)
        while isMatch == nil, i < bytes.count {
            if head.count < mark.headLength { head.append(bytes[i]) }
            if position >= tailStart { tail.append(bytes[i]) }
            i += 1
            position += 1
            if head.count == mark.headLength, position == Int64(mark.headLength),
                FileMark.hash(head) != mark.headHash
            {
                isMatch = false
            }
            if position == mark.offset, isMatch == nil {
                isMatch = FileMark.hash(tail) == mark.tailHash
            }
            // What lies between is neither compared nor looked at.
            if head.count == mark.headLength, isMatch == nil {
                let skip = min(Int64(bytes.count - i), tailStart - position)
                if skip > 0 {
                    i += Int(skip)
                    position += skip
                }
            }
        }
        if isMatch == false { return false }
        if isMatch == true, i < bytes.count {
            position += Int64(bytes.count - i)
            rest(bytes.extracting(i..<bytes.count))
        }
        return true
    }
}

/// Passes bytes on that come in pieces, as a packed log or a pipe gives them, and keeps what a
/// taker has not used yet.
package struct ByteFeed: Sendable {
    package private(set) var mark: FileMark
    private var ends = FileEnds()
    /// Whether the head of the mark was seen by this feed.
    private let isWhole: Bool
    private var pending: [UInt8] = []

    /// Goes on behind `mark`.
    package init(_ mark: FileMark = FileMark()) {
        self.mark = mark
        isWhole = mark.isBlank
    }

    /// Bytes that wait for the rest of their line.
    package var rest: [UInt8] { pending }

    package mutating func feed(_ bytes: Span<UInt8>, _ take: ByteTaker) {
        if pending.isEmpty {
            var start = 0
            while start < bytes.count {
                let used = take(bytes.extracting(start..<bytes.count), false)
                if used == 0 { break }
                passed(bytes.extracting(start..<start + used))
                start += used
            }
            for i in start..<bytes.count { pending.append(bytes[i]) }
            return
        }
        for i in 0..<bytes.count { pending.append(bytes[i]) }
        while !pending.isEmpty, case let used = take(pending.span, false), used > 0 { drop(used) }
    }

    /// Says that nothing follows: what waits is given as it is, with `more` behind it.
    package mutating func finish(adding more: [UInt8] = [], _ take: ByteTaker) {
        pending += more
        if !pending.isEmpty { drop(take(pending.span, true)) }
    }

    /// Takes what waits as used, and gives it.
    package mutating func takeRest() -> [UInt8] {
        let out = pending
        pending = []
        passed(out.span)
        return out
    }

    private mutating func drop(_ used: Int) {
        guard used > 0 else { return }
        let bytes = Array(pending.prefix(used))
        pending.removeFirst(used)
        passed(bytes.span)
    }

    private mutating func passed(_ bytes: Span<UInt8>) {
        guard bytes.count > 0 else { return }
        ends.note(bytes)
        mark.offset += Int64(bytes.count)
        var fresh = FileMark()
        ends.fill(&fresh)
        (mark.tailLength, mark.tailHash) = (fresh.tailLength, fresh.tailHash)
        if isWhole { (mark.headLength, mark.headHash) = (fresh.headLength, fresh.headHash) }
    }
}
