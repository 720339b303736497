// SPDX-License-Identifier: Apache-2.0

/// How the bytes of an input are packed, told from its first bytes and never from its name.
enum ArchiveFormat: Sendable {
    case gzip, zstd, xz, bzip2, lz4, tar, zip, sevenZip

    /// Whether it holds entries, rather than one stream of bytes.
    var isContainer: Bool { self == .tar || self == .zip || self == .sevenZip }

    /// How a report names the format.
    var spoken: String {
        switch self {
        case .gzip: "gzip"
        case .zstd: "zstd"
        case .xz: "xz"
        case .bzip2: "bzip2"
        case .lz4: "lz4"
        case .tar: "tar"
        case .zip: "zip"
        case .sevenZip: "7z"
        }
    }

    /// How many first bytes `sniff` wants to see: a tar header, with some room.
    static let headSize = 1024

    /// The format that `head` starts with; `nil` for plain bytes.
    static func sniff(_ head: [UInt8]) -> ArchiveFormat? {
        if let stream = sniffStream(head) { return stream }
        if has(head, [0x50, 0x4B, 0x03, 0x04]) || has(head, [0x50, 0x4B, 0x05, 0x06]) {
            return .zip
        }
        // A zip that was meant to be split, and was not.
        if has(head, [0x50, 0x4B, 0x30, 0x30, 0x50, 0x4B, 0x03, 0x04]) { return .zip }
        if has(head, [0x50, 0x4B, 0x07, 0x08, 0x50, 0x4B, 0x03, 0x04]) { return .zip }
        if has(head, [0x37, 0x7A, 0xBC, 0xAF, 0x27, 0x1C]) { return .sevenZip }
        // The magic alone tells a tar whose first header is cut or corrupt.
        let isUstar = head.count >= 262 && Array(head[257..<262]) == Array("ustar".utf8)
        return isUstar || TarHeader(head, at: 0) != nil ? .tar : nil
    }

    /// The compression that `head` starts with.
    static func sniffStream(_ head: [UInt8]) -> ArchiveFormat? {
        if has(head, [0x1F, 0x8B]) { return .gzip }
        if has(head, [0xFD, 0x37, 0x7A, 0x58, 0x5A, 0x00]) { return .xz }
        if has(head, [0x28, 0xB5, 0x2F, 0xFD]) { return .zstd }
        if has(head, [0x04, 0x22, 0x4D, 0x18]) { return .lz4 }
        if startsSkippableFrame(head) { return sniffBehindSkippable(head) }
        return startsBzip2(head) ? .bzip2 : nil
    }

    /// Frames that zstd and LZ4 share and skip: 0x184D2A50 to 0x184D2A5F.
    static func startsSkippableFrame(_ head: [UInt8]) -> Bool {
        head.count >= 4 && head[0] & 0xF0 == 0x50 && head[1] == 0x2A && head[2] == 0x4D
            && head[3] == 0x18
    }

    private static func sniffBehindSkippable(_ head: [UInt8]) -> ArchiveFormat {
        guard head.count >= 8 else { return .zstd }
        let size = (0..<4).reduce(0) { $0 | Int(head[4 + $1]) << (8 * $1) }
        guard size <= head.count - 12 else { return .zstd }
        return sniffStream(Array(head[(8 + size)...])) == .lz4 ? .lz4 : .zstd
    }

    /// `BZh`, the block size, and the start of a block (pi) or of the end mark (its root).
    private static func startsBzip2(_ head: [UInt8]) -> Bool {
        guard has(head, [0x42, 0x5A, 0x68]), head.count >= 4, (0x31...0x39).contains(head[3])
        else { return false }
        let rest = Array(head[4..<min(head.count, 10)])
        return [0x31, 0x41, 0x59, 0x26, 0x53, 0x59].starts(with: rest)
            || [0x17, 0x72, 0x45, 0x38, 0x50, 0x90].starts(with: rest)
    }

    private static func has(_ head: [UInt8], _ magic: [UInt8]) -> Bool { head.starts(with: magic) }
}
