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
func lend<Result>(
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
struct DynamicLibrary {
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
