// SPDX-License-Identifier: Apache-2.0

/// Bytes of one input, in order, decompressed.
protocol ByteSource: ~Copyable {
    /// Fills `buffer` from `position` on; 0 at the end.
    mutating func read(into buffer: inout [UInt8], at position: Int) throws(ReadError) -> Int

    /// Whether what was read can be read again.
    var canRewind: Bool { get }

    /// Goes back to the byte at `offset` of what was read; false where that fails.
    mutating func rewind(to offset: Int) -> Bool
}

extension ByteSource where Self: ~Copyable {
    var canRewind: Bool { false }

    mutating func rewind(to offset: Int) -> Bool { false }
}

/// A plain file or standard input.
struct PlainSource: ByteSource, ~Copyable {
    private let descriptor: FileDescriptor
    private let progress: ReadProgress?
    /// Where reading began; `nil` for what has no places, as a pipe.
    private let start: Int?
    private var offset = 0

    init(_ descriptor: consuming FileDescriptor, progress: ReadProgress? = nil) {
        start = descriptor.place
        self.descriptor = descriptor
        self.progress = progress
    }

    var canRewind: Bool { start != nil }

    mutating func rewind(to offset: Int) -> Bool {
        guard let start, descriptor.seek(to: start + offset) else { return false }
        progress?.add(offset - self.offset)
        self.offset = offset
        return true
    }

    mutating func read(into buffer: inout [UInt8], at position: Int) throws(ReadError) -> Int {
        let count = try readBytes(
            descriptor.number, into: &buffer, at: position, limit: buffer.count - position)
        progress?.add(count)
        offset += count
        return count
    }
}

/// A source whose first bytes were read ahead, to recognise what it holds.
struct PeekedSource<Base: ByteSource & ~Copyable>: ByteSource, ~Copyable {
    private var base: Base
    private(set) var head: [UInt8]
    private var taken = 0
    /// What reading ahead ended with; thrown when the head has been given out.
    private var failure: ReadError?
    /// Set where the base is in UTF-16; then the head, and all that is read, is UTF-8.
    private var decoder: UTF16Decoder?
    private var hasEnded = false

    /// Reads up to `count` bytes ahead.
    init(_ base: consuming Base, count: Int = 4096) {
        self.base = base
        head = [UInt8](repeating: 0, count: count)
        var filled = 0
        while filled < count {
            do throws(ReadError) {
                let got = try self.base.read(into: &head, at: filled)
                if got == 0 { break }
                filled += got
            } catch {
                failure = error
                break
            }
        }
        head.removeLast(count - filled)
    }

    /// Recognises UTF-16 and decodes it from here on.
    mutating func decodeUTF16() -> Bool {
        guard var found = UTF16Decoder(head: head) else { return false }
        head = found.decode(head[...], isLast: false)
        decoder = found
        return true
    }

    var canRewind: Bool { decoder == nil && base.canRewind }

    mutating func rewind(to offset: Int) -> Bool {
        guard canRewind, base.rewind(to: offset) else { return false }
        taken = head.count
        failure = nil
        return true
    }

    mutating func read(into buffer: inout [UInt8], at position: Int) throws(ReadError) -> Int {
        guard taken < head.count else {
            if decoder != nil { return try readDecoded(into: &buffer, at: position) }
            if let failure { throw failure }
            return try base.read(into: &buffer, at: position)
        }
        let count = min(head.count - taken, buffer.count - position)
        for i in 0..<count { buffer[position + i] = head[taken + i] }
        taken += count
        return count
    }

    /// Refills the head with the next piece; a failure is thrown when all before it was given out.
    private mutating func readDecoded(
        into buffer: inout [UInt8], at position: Int
    ) throws(ReadError) -> Int {
        while !hasEnded, var decoder {
            var piece = [UInt8](repeating: 0, count: 65_536)
            var got = 0
            if failure == nil {
                do throws(ReadError) {
                    got = try base.read(into: &piece, at: 0)
                } catch {
                    failure = error
                }
            }
            hasEnded = got == 0
            head = decoder.decode(piece[..<got], isLast: hasEnded)
            self.decoder = decoder
            taken = 0
            if !head.isEmpty { return try read(into: &buffer, at: position) }
        }
        if let failure { throw failure }
        return 0
    }
}
