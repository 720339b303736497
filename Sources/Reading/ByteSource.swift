// SPDX-License-Identifier: Apache-2.0

internal import CZlib
internal import Model

/// Bytes of one input, in order, decompressed.
protocol ByteSource: ~Copyable {
    /// Fills `buffer` from `position` on; 0 at the end.
    mutating func read(into buffer: inout [UInt8], at position: Int) throws(ReadError) -> Int
}

/// A plain file or standard input.
struct PlainSource: ByteSource, ~Copyable {
    private let descriptor: FileDescriptor
    /// What was read ahead to recognise the format, given out first.
    private var head: [UInt8]
    private var headTaken = 0

    init(descriptor: consuming FileDescriptor, head: [UInt8]) {
        self.descriptor = descriptor
        self.head = head
    }

    mutating func read(into buffer: inout [UInt8], at position: Int) throws(ReadError) -> Int {
        if headTaken < head.count {
            let count = min(head.count - headTaken, buffer.count - position)
            for i in 0..<count { buffer[position + i] = head[headTaken + i] }
            headTaken += count
            if headTaken == head.count { head = [] ; headTaken = 0 }
            return count
        }
        return try readBytes(
            descriptor.number, into: &buffer, at: position, limit: buffer.count - position)
    }
}

/// A gzip file of any number of members.
///
/// zlib (RFC 1950–1952) does the inflating. Its state points back at the stream structure, so
/// that lives at one address from `init` to `deinit`; pointers into our buffers are set anew
/// before each call to `inflate` and not used after it. That is all the unsafe code here.
@safe
struct GzipSource: ByteSource, ~Copyable {
    private var source: PlainSource
    private let stream: UnsafeMutablePointer<z_stream>
    private var input: [UInt8]
    private var inputStart = 0
    private var inputEnd = 0
    private var isBetweenMembers = false
    private var hasEnded = false
    private var isCorrupt = false

    init(_ source: consuming PlainSource) {
        self.source = source
        input = [UInt8](repeating: 0, count: 65_536)
        unsafe stream = .allocate(capacity: 1)
        unsafe stream.initialize(to: z_stream())
        // 15 bits of window, +16: gzip wrapping only.
        unsafe isCorrupt = forktopsy_inflate_init(stream, 15 + 16) != Z_OK
    }

    deinit {
        unsafe _ = inflateEnd(stream)
        unsafe stream.deallocate()
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
        unsafe _ = inflateReset(stream)
        isBetweenMembers = false
        return true
    }

    private mutating func inflateSome(into buffer: inout [UInt8], at position: Int) -> Int {
        let room = buffer.count - position
        precondition(room > 0 && inputStart <= inputEnd && inputEnd <= input.count)
        let (start, end) = (inputStart, inputEnd)
        let stream = unsafe stream
        let status = unsafe input.withUnsafeMutableBufferPointer { from in
            unsafe buffer.withUnsafeMutableBufferPointer { to -> Int32 in
                unsafe stream.pointee.next_in = from.baseAddress.map { unsafe $0 + start }
                unsafe stream.pointee.avail_in = UInt32(end - start)
                unsafe stream.pointee.next_out = to.baseAddress.map { unsafe $0 + position }
                unsafe stream.pointee.avail_out = UInt32(room)
                return unsafe inflate(stream, Z_NO_FLUSH)
            }
        }
        inputStart = unsafe end - Int(stream.pointee.avail_in)
        switch status {
        case Z_STREAM_END: isBetweenMembers = true
        case Z_OK, Z_BUF_ERROR: break
        default: isCorrupt = true
        }
        return unsafe room - Int(stream.pointee.avail_out)
    }
}
