// SPDX-License-Identifier: Apache-2.0

/// The streaming decoder of libzstd 1.3 and later.
@safe
struct ZstdLibrary: Sendable {
    typealias Create = @convention(c) @Sendable () -> OpaquePointer?
    typealias Touch = @convention(c) @Sendable (_ stream: OpaquePointer) -> Int
    typealias Decode =
        @convention(c) @Sendable (
            _ stream: OpaquePointer, _ output: UnsafeMutableRawPointer,
            _ input: UnsafeMutableRawPointer
        ) -> Int
    typealias IsError = @convention(c) @Sendable (Int) -> UInt32

    fileprivate let create: Create
    fileprivate let free: Touch
    fileprivate let start: Touch
    fileprivate let decode: Decode
    fileprivate let isError: IsError

    init?(_ names: [String]) {
        guard let library = DynamicLibrary(names),
            let create = unsafe library.function("ZSTD_createDStream", Create.self),
            let free = unsafe library.function("ZSTD_freeDStream", Touch.self),
            let start = unsafe library.function("ZSTD_initDStream", Touch.self),
            let decode = unsafe library.function("ZSTD_decompressStream", Decode.self),
            let isError = library.function("ZSTD_isError", IsError.self)
        else { return nil }
        unsafe self.create = create
        unsafe self.free = free
        unsafe self.start = start
        unsafe self.decode = decode
        self.isError = isError
    }
}

/// Decodes zstd frames.
///
/// On an error zstd forgets what the same call had put out. So each call gets what the call before
/// asked for, which is one block, and none while there is still something to put out: then only
/// a block that is itself bad is lost.
@safe
final class ZstdCodec: Codec {
    private let library: ZstdLibrary
    private let stream: OpaquePointer?
    /// `ZSTD_inBuffer` and `ZSTD_outBuffer`: address, size, position; three words each.
    private let buffers: UnsafeMutablePointer<UInt>
    private var wanted = 0
    private var outputWasFull = false

    init(_ library: ZstdLibrary) {
        self.library = library
        unsafe stream = library.create()
        unsafe buffers = .allocate(capacity: 6)
        unsafe buffers.initialize(repeating: 0, count: 6)
        startFrame()
    }

    deinit {
        if let stream = unsafe stream { unsafe _ = library.free(stream) }
        unsafe buffers.deallocate()
    }

    func startFrame() {
        if let stream = unsafe stream { wanted = unsafe library.start(stream) }
        outputWasFull = false
    }

    func decode(
        _ input: [UInt8], _ range: Range<Int>, isLast: Bool, into buffer: inout [UInt8],
        at position: Int
    ) -> CodecStep {
        guard let stream = unsafe stream else { return .corrupt("there is no memory to decode it") }
        let given = outputWasFull ? 0 : min(range.count, max(wanted, 1))
        let (library, buffers) = unsafe (library, buffers)
        let step = unsafe lend(input, range, &buffer, position) { from, to, room -> CodecStep in
            unsafe buffers[0] = UInt(bitPattern: from)
            unsafe buffers[1] = UInt(given)
            unsafe buffers[2] = 0
            unsafe buffers[3] = UInt(bitPattern: to)
            unsafe buffers[4] = UInt(room)
            unsafe buffers[5] = 0
            let status = unsafe library.decode(stream, buffers + 3, buffers)
            if library.isError(status) != 0 { return .corrupt("is corrupt") }
            self.wanted = status
            self.outputWasFull = unsafe Int(buffers[5]) == room
            return unsafe CodecStep(
                consumed: Int(buffers[2]), produced: Int(buffers[5]),
                outcome: status == 0 ? .frameEnd : .more)
        }
        return step
    }
}
