// SPDX-License-Identifier: Apache-2.0

/// Bytes of one input, in order, decompressed.
protocol ByteSource: ~Copyable {
    /// Fills `buffer` from `position` on; 0 at the end.
    mutating func read(into buffer: inout [UInt8], at position: Int) throws(ReadError) -> Int
}

/// A plain file or standard input.
struct PlainSource: ByteSource, ~Copyable {
    private let descriptor: FileDescriptor
    private let progress: ReadProgress?

    init(_ descriptor: consuming FileDescriptor, progress: ReadProgress? = nil) {
        self.descriptor = descriptor
        self.progress = progress
    }

    mutating func read(into buffer: inout [UInt8], at position: Int) throws(ReadError) -> Int {
        let count = try readBytes(
            descriptor.number, into: &buffer, at: position, limit: buffer.count - position)
        progress?.add(count)
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

/// A gzip file of any number of members (RFC 1952).
struct GzipSource<Base: ByteSource & ~Copyable>: ByteSource, ~Copyable {
    private var source: Base
    private let codec = ZlibCodec(.gzip)
    private var input: [UInt8]
    private var inputStart = 0
    private var inputEnd = 0
    private var isBetweenMembers = false
    private var hasEnded = false
    private var isCorrupt = false

    init(_ source: consuming Base) {
        self.source = source
        input = [UInt8](repeating: 0, count: 65_536)
    }

    mutating func read(into buffer: inout [UInt8], at position: Int) throws(ReadError) -> Int {
        while !hasEnded {
            if isCorrupt {
                hasEnded = true
                throw ReadError(code: .damaged, reason: "gzip data is corrupt")
            }
            if try !fill() { return 0 }
            if isBetweenMembers, !beginMember() { continue }
            let produced = inflateSome(into: &buffer, at: position)
            if produced > 0 { return produced }
        }
        return 0
    }

    /// Makes sure that there is compressed input; false at a clean end.
    private mutating func fill() throws(ReadError) -> Bool {
        guard inputStart == inputEnd else { return true }
        inputStart = 0
        inputEnd = try source.read(into: &input, at: 0)
        if inputEnd > 0 { return true }
        hasEnded = true
        if isBetweenMembers { return false }
        throw ReadError(code: .damaged, reason: "gzip data ends before its end mark")
    }

    /// Skips the zeros that may pad the last member; false where only those are left.
    private mutating func beginMember() -> Bool {
        while inputStart < inputEnd, input[inputStart] == 0 { inputStart += 1 }
        guard inputStart < inputEnd else { return false }
        codec.startFrame()
        isBetweenMembers = false
        return true
    }

    private mutating func inflateSome(into buffer: inout [UInt8], at position: Int) -> Int {
        let step = codec.decode(
            input, inputStart..<inputEnd, isLast: false, into: &buffer, at: position)
        inputStart += step.consumed
        switch step.outcome {
        case .frameEnd: isBetweenMembers = true
        case .more: break
        case .corrupt: isCorrupt = true
        }
        return step.produced
    }
}
