// SPDX-License-Identifier: Apache-2.0

/// `lzma_stream_decoder`, `lzma_code` and `lzma_end` of liblzma 5.
@safe
struct LZMALibrary: Sendable {
    typealias Start =
        @convention(c) @Sendable (_ stream: UnsafeMutableRawPointer, UInt64, UInt32) -> Int32
    typealias Code = @convention(c) @Sendable (_ stream: UnsafeMutableRawPointer, Int32) -> Int32
    typealias End = @convention(c) @Sendable (_ stream: UnsafeMutableRawPointer) -> Void

    fileprivate let start: Start
    fileprivate let code: Code
    fileprivate let end: End

    init?(_ names: [String]) {
        guard let library = DynamicLibrary(names),
            let start = unsafe library.function("lzma_stream_decoder", Start.self),
            let code = unsafe library.function("lzma_code", Code.self),
            let end = unsafe library.function("lzma_end", End.self)
        else { return nil }
        unsafe self.start = start
        unsafe self.code = code
        unsafe self.end = end
    }
}

/// Decodes .xz streams.
@safe
final class LZMACodec: Codec {
    /// More than `xz -9` needs (65 MiB); what asks for more is refused.
    static let memoryLimit: UInt64 = 128 << 20

    private let library: LZMALibrary
    /// `lzma_stream`: next_in 0, avail_in 8, total_in 16, next_out 24, avail_out 32, and what is
    /// the library's own up to 136. All zero is `LZMA_STREAM_INIT`.
    private let stream: UnsafeMutableRawPointer
    private var isReady = false

    init(_ library: LZMALibrary) {
        self.library = library
        unsafe stream = .allocate(byteCount: 136, alignment: 8)
        unsafe stream.initializeMemory(as: UInt8.self, repeating: 0, count: 136)
        startFrame()
    }

    deinit {
        unsafe library.end(stream)
        unsafe stream.deallocate()
    }

    /// liblzma takes a stream that was used before and keeps its memory.
    func startFrame() { isReady = unsafe library.start(stream, Self.memoryLimit, 0) == 0 }

    func decode(
        _ input: [UInt8], _ range: Range<Int>, isLast: Bool, into buffer: inout [UInt8],
        at position: Int
    ) -> CodecStep {
        guard isReady else { return .corrupt("there is no memory to decode it") }
        let (library, stream) = unsafe (library, stream)
        return unsafe lend(input, range, &buffer, position) { from, to, room in
            unsafe stream.storeBytes(of: UInt(bitPattern: from), as: UInt.self)
            unsafe stream.storeBytes(of: range.count, toByteOffset: 8, as: Int.self)
            unsafe stream.storeBytes(of: UInt(bitPattern: to), toByteOffset: 24, as: UInt.self)
            unsafe stream.storeBytes(of: room, toByteOffset: 32, as: Int.self)
            let status = unsafe library.code(stream, 0)
            return unsafe CodecStep(
                consumed: range.count - stream.load(fromByteOffset: 8, as: Int.self),
                produced: room - stream.load(fromByteOffset: 32, as: Int.self),
                outcome: Self.outcome(status))
        }
    }

    /// `lzma_ret` of xz 5.2, `lzma/base.h`.
    private static func outcome(_ status: Int32) -> CodecStep.Outcome {
        switch status {
        case 0, 2, 3, 4, 10: .more
        case 1: .frameEnd
        case 5: .corrupt("there is no memory to decode it")
        case 6: .corrupt("needs more than \(memoryLimit >> 20) MiB of memory to decode")
        case 8: .corrupt("uses a filter that is not known")
        default: .corrupt("is corrupt")
        }
    }
}
