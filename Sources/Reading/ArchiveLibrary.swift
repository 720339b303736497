// SPDX-License-Identifier: Apache-2.0
// The unsafe corner of archives: zlib, and the decoders that are loaded while we run.
//
// The program is one file that is copied to a host in trouble. A library that is missing there
// takes its format away and nothing else, so liblzma, libzstd and libbz2 are opened by name when
// a file needs them. dpkg, rpm and systemd depend on them, so they are nearly always there.
//
// No header is read, so the few functions and structures are declared here. They are the stable
// interface behind each library's soname: xz 5.2 `lzma/base.h`, zstd 1.3 `zstd.h`, bzip2 1.0
// `bzlib.h`. The structures are laid out by hand for 64-bit Linux; on anything else nothing is
// loaded. Every decoder owns its C state, at one address from `init` to `deinit`. Pointers into
// our buffers are set before each call, with lengths taken from the ranges that `CodecRoom`
// checked, and are not used after it.

internal import CZlib
internal import Glibc

/// The decoders that this host has.
struct ArchiveLibraries: Sendable {
    let lzma: LZMALibrary?
    let zstd: ZstdLibrary?
    let bzip2: Bzip2Library?

    /// The libraries of this host, looked for once.
    static let system = ArchiveLibraries(
        lzma: LZMALibrary(["liblzma.so.5"]), zstd: ZstdLibrary(["libzstd.so.1"]),
        bzip2: Bzip2Library(["libbz2.so.1.0", "libbz2.so.1"]))
    /// A host that has none of them.
    static let none = ArchiveLibraries(
        lzma: LZMALibrary(["libforktopsy-none.so.0"]), zstd: ZstdLibrary([]),
        bzip2: Bzip2Library([]))

    /// The decoder of a compression.
    func codec(for format: ArchiveFormat) throws(ReadError) -> any Codec {
        switch format {
        case .gzip: return ZlibCodec(.gzip)
        case .lz4: return LZ4Codec()
        case .xz: if let lzma { return LZMACodec(lzma) }
        case .zstd: if let zstd { return ZstdCodec(zstd) }
        case .bzip2: if let bzip2 { return Bzip2Codec(bzip2) }
        case .tar, .zip, .sevenZip: break
        }
        throw ReadError(code: .unreadable, reason: Self.absence(of: format))
    }

    /// One sentence for each format that cannot be read on this host.
    var missing: [String] {
        var formats: [ArchiveFormat] = []
        if lzma == nil { formats.append(.xz) }
        if zstd == nil { formats.append(.zstd) }
        if bzip2 == nil { formats.append(.bzip2) }
        return formats.map(Self.absence)
    }

    private static func absence(of format: ArchiveFormat) -> String {
        let (name, debian, redHat) =
            switch format {
            case .xz: ("liblzma.so.5", "liblzma5", "xz-libs")
            case .zstd: ("libzstd.so.1", "libzstd1", "libzstd")
            case .bzip2: ("libbz2.so.1.0", "libbz2-1.0", "bzip2-libs")
            default: ("a library", "", "")
            }
        return "\(format.spoken) data needs \(name), which is not on this host: "
            + "install \(debian) (Debian, Ubuntu) or \(redHat) (RHEL), or unpack it elsewhere"
    }
}

/// The checksum of zip, carried from one piece of data to the next.
func crc32(_ bytes: [UInt8], _ range: Range<Int>, after crc: UInt32) -> UInt32 {
    precondition(range.upperBound <= bytes.count)
    return unsafe bytes.withUnsafeBufferPointer { buffer in
        guard let start = buffer.baseAddress, !range.isEmpty else { return crc }
        let sum = unsafe CZlib.crc32(UInt(crc), start + range.lowerBound, UInt32(range.count))
        return UInt32(truncatingIfNeeded: sum)
    }
}

// MARK: - Lending buffers to C

/// Lends what is left of an input and the room in an output to a C function.
private func lend<Result>(
    _ input: [UInt8], _ range: Range<Int>, _ buffer: inout [UInt8], _ position: Int,
    _ body: (_ from: UnsafePointer<UInt8>, _ to: UnsafeMutablePointer<UInt8>, _ room: Int) -> Result
) -> Result {
    precondition(range.lowerBound >= 0 && range.upperBound <= input.count)
    precondition(position >= 0 && position < buffer.count)
    precondition(range.count <= Int(Int32.max) && buffer.count <= Int(Int32.max))
    return unsafe input.withUnsafeBufferPointer { from in
        unsafe buffer.withUnsafeMutableBufferPointer { to in
            guard let start = to.baseAddress else { preconditionFailure("checked above") }
            // An empty input may have no address: any will do, as its length is 0.
            let source = unsafe from.baseAddress.map { unsafe $0 + range.lowerBound }
            return unsafe body(
                source ?? UnsafePointer(start), start + position, to.count - position)
        }
    }
}

/// A library and its functions, looked up by name.
@safe
private struct DynamicLibrary {
    private let handle: UnsafeMutableRawPointer

    /// Opens the first of `names` that is there. It stays open until the process ends.
    init?(_ names: [String]) {
        guard MemoryLayout<Int>.size == 8 else { return nil }
        for name in names {
            if let opened = unsafe dlopen(name, RTLD_NOW | RTLD_LOCAL) {
                unsafe handle = opened
                return
            }
        }
        return nil
    }

    /// The function `name`. The caller answers for `type` being what the library defines.
    func function<T>(_ name: String, _ type: T.Type) -> T? {
        guard let symbol = unsafe dlsym(handle, name) else { return nil }
        return unsafe unsafeBitCast(symbol, to: type)
    }
}

// MARK: - zlib

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

// MARK: - liblzma

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

// MARK: - libzstd

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

// MARK: - libbz2

/// `BZ2_bzDecompressInit`, `BZ2_bzDecompress` and `BZ2_bzDecompressEnd` of libbz2 1.0.
@safe
struct Bzip2Library: Sendable {
    typealias Start =
        @convention(c) @Sendable (_ stream: UnsafeMutableRawPointer, Int32, Int32) -> Int32
    typealias Step = @convention(c) @Sendable (_ stream: UnsafeMutableRawPointer) -> Int32

    fileprivate let start: Start
    fileprivate let decode: Step
    fileprivate let end: Step

    init?(_ names: [String]) {
        guard let library = DynamicLibrary(names),
            let start = unsafe library.function("BZ2_bzDecompressInit", Start.self),
            let decode = unsafe library.function("BZ2_bzDecompress", Step.self),
            let end = unsafe library.function("BZ2_bzDecompressEnd", Step.self)
        else { return nil }
        unsafe self.start = start
        unsafe self.decode = decode
        unsafe self.end = end
    }
}

/// Decodes bzip2 streams.
@safe
final class Bzip2Codec: Codec {
    private let library: Bzip2Library
    /// `bz_stream`: next_in 0, avail_in 8 (32 bits), next_out 24, avail_out 32 (32 bits), state
    /// 48, allocators 56 to 80. All zero asks for the standard ones.
    private let stream: UnsafeMutableRawPointer
    private var isReady = false

    init(_ library: Bzip2Library) {
        self.library = library
        unsafe stream = .allocate(byteCount: 80, alignment: 8)
        startFrame()
    }

    deinit {
        if isReady { unsafe _ = library.end(stream) }
        unsafe stream.deallocate()
    }

    func startFrame() {
        if isReady { unsafe _ = library.end(stream) }
        unsafe stream.initializeMemory(as: UInt8.self, repeating: 0, count: 80)
        isReady = unsafe library.start(stream, 0, 0) == 0
    }

    func decode(
        _ input: [UInt8], _ range: Range<Int>, isLast: Bool, into buffer: inout [UInt8],
        at position: Int
    ) -> CodecStep {
        guard isReady else { return .corrupt("there is no memory to decode it") }
        let (library, stream) = unsafe (library, stream)
        return unsafe lend(input, range, &buffer, position) { from, to, room in
            unsafe stream.storeBytes(of: UInt(bitPattern: from), as: UInt.self)
            unsafe stream.storeBytes(of: UInt32(range.count), toByteOffset: 8, as: UInt32.self)
            unsafe stream.storeBytes(of: UInt(bitPattern: to), toByteOffset: 24, as: UInt.self)
            unsafe stream.storeBytes(of: UInt32(room), toByteOffset: 32, as: UInt32.self)
            let status = unsafe library.decode(stream)
            return unsafe CodecStep(
                consumed: range.count - Int(stream.load(fromByteOffset: 8, as: UInt32.self)),
                produced: room - Int(stream.load(fromByteOffset: 32, as: UInt32.self)),
                outcome: status == 0 ? .more : status == 4 ? .frameEnd : .corrupt("is corrupt"))
        }
    }
}
