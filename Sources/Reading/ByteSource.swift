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
/// zlib (RFC 1950–1952) does the inflating. zlib keeps pointers into our buffers only during a
/// call to `inflate`; they are set anew before each.
@safe
struct GzipSource: ByteSource, ~Copyable {
    private var source: PlainSource
    private var stream = unsafe z_stream()
    private var input: [UInt8]
    private var inputStart = 0
    private var inputEnd = 0
    private var betweenMembers = false
    private var ended = false

    init(_ source: consuming PlainSource) {
        self.source = source
        input = [UInt8](repeating: 0, count: 65_536)
        // 15 bits of window, +16: gzip wrapping only.
        unsafe _ = forktopsy_inflate_init(&stream, 15 + 16)
    }

    deinit {
        var stream = unsafe stream
        unsafe _ = inflateEnd(&stream)
    }

    mutating func read(into buffer: inout [UInt8], at position: Int) throws(ReadError) -> Int {
        while !ended {
            if inputStart == inputEnd {
                inputStart = 0
                inputEnd = try source.read(into: &input, at: 0)
                if inputEnd == 0 {
                    ended = true
                    if betweenMembers { return 0 }
                    throw ReadError(code: .damaged, reason: "gzip data ends before its end mark")
                }
            }
            if betweenMembers {
                // Zero padding after the last member is allowed (gzip(1), tapes).
                while inputStart < inputEnd, input[inputStart] == 0 { inputStart += 1 }
                if inputStart == inputEnd { continue }
                unsafe _ = inflateReset(&stream)
                betweenMembers = false
            }
            let produced = try inflateSome(into: &buffer, at: position)
            if produced > 0 { return produced }
        }
        return 0
    }

    private mutating func inflateSome(
        into buffer: inout [UInt8], at position: Int
    ) throws(ReadError) -> Int {
        let room = buffer.count - position
        precondition(room > 0 && inputStart <= inputEnd && inputEnd <= input.count)
        var stream = unsafe stream
        let start = inputStart, end = inputEnd
        let status = unsafe input.withUnsafeMutableBufferPointer { from in
            unsafe buffer.withUnsafeMutableBufferPointer { to -> Int32 in
                unsafe stream.next_in = from.baseAddress.map { unsafe $0 + start }
                unsafe stream.avail_in = UInt32(end - start)
                unsafe stream.next_out = to.baseAddress.map { unsafe $0 + position }
                unsafe stream.avail_out = UInt32(room)
                return unsafe inflate(&stream, Z_NO_FLUSH)
            }
        }
        inputStart = unsafe end - Int(stream.avail_in)
        let produced = unsafe room - Int(stream.avail_out)
        unsafe self.stream = stream
        switch status {
        case Z_STREAM_END: betweenMembers = true
        case Z_OK, Z_BUF_ERROR: break
        default:
            ended = true
            if produced == 0 {
                throw ReadError(code: .damaged, reason: "gzip data is corrupt")
            }
            failure = true
        }
        if failure, produced == 0 {
            throw ReadError(code: .damaged, reason: "gzip data is corrupt")
        }
        return produced
    }

    private var failure = false
}
