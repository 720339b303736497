// SPDX-License-Identifier: Apache-2.0

internal import CZlib

/// Inflates gzip members or bare deflate data with the zlib that is linked in.
@safe
final class ZlibCodec: Codec {
    enum Wrapping: Int32 { case gzip = 31, none = -15 }

    private let stream: UnsafeMutablePointer<z_stream>
    private let isReady: Bool

    init(_ wrapping: Wrapping) {
        unsafe stream = .allocate(capacity: 1)
        unsafe stream.initialize(to: z_stream())
        isReady = unsafe forktopsy_inflate_init(stream, wrapping.rawValue) == Z_OK
    }

    deinit {
        if isReady { unsafe _ = inflateEnd(stream) }
        unsafe stream.deallocate()
    }

    func startFrame() { if isReady { unsafe _ = inflateReset(stream) } }

    func decode(
        _ input: [UInt8], _ range: Range<Int>, isLast: Bool, into buffer: inout [UInt8],
        at position: Int
    ) -> CodecStep {
        guard isReady else { return .corrupt("there is no memory to decode it") }
        let stream = unsafe stream
        return unsafe lend(input, range, &buffer, position) { from, to, room in
            unsafe stream.pointee.next_in = UnsafeMutablePointer(mutating: from)
            unsafe stream.pointee.avail_in = UInt32(range.count)
            unsafe stream.pointee.next_out = to
            unsafe stream.pointee.avail_out = UInt32(room)
            let status = unsafe inflate(stream, Z_NO_FLUSH)
            let outcome: CodecStep.Outcome =
                switch status {
                case Z_OK, Z_BUF_ERROR: .more
                case Z_STREAM_END: .frameEnd
                case Z_MEM_ERROR: .corrupt("there is no memory to decode it")
                default: .corrupt("is corrupt")
                }
            return unsafe CodecStep(
                consumed: range.count - Int(stream.pointee.avail_in),
                produced: room - Int(stream.pointee.avail_out), outcome: outcome)
        }
    }
}
