// SPDX-License-Identifier: Apache-2.0

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
