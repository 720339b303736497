// SPDX-License-Identifier: Apache-2.0

internal import Model

/// What holds entries, one after the other.
protocol ArchiveContainer: AnyObject {
    /// The next entry; `nil` at the end. A throw is one loss, after which it can be called again.
    func next() throws(ReadError) -> ArchiveEntry?
    /// Fills `buffer` with bytes of the current entry; 0 at its end. Damage is thrown once.
    func read(into buffer: inout [UInt8], at position: Int) throws(ReadError) -> Int
}

/// One header block of a tar (POSIX.1-2017, pax, "ustar Interchange Format"; GNU tar 1.34,
/// `src/tar.h`; before ustar, the same without magic and prefix).
struct TarHeader {
    static let size = 512

    var name: [UInt8]
    var size: Int64
    var seconds: Int64
    var type: UInt8
    /// The header of a sparse file goes on in the next block.
    var isExtended = false

    /// `nil` where `bytes` from `start` on are no header with a right checksum.
    init?(_ bytes: [UInt8], at start: Int) {
        guard bytes.count - start >= Self.size else { return nil }
        let block = bytes[start..<start + Self.size]
        guard let sum = Self.number(block, 148, 8), Self.isChecksum(sum, of: block),
            let size = Self.number(block, 124, 12), size >= 0
        else { return nil }
        name = Self.text(block, 0, 100)
        self.size = size
        seconds = Self.number(block, 136, 12) ?? 0
        type = block[start + 156]
        let magic = Array(block[(start + 257)..<(start + 263)])
        if magic == Array("ustar\0".utf8) {
            let prefix = Self.text(block, 345, 155)
            if !prefix.isEmpty { name = prefix + [0x2F] + name }
        } else if magic == Array("ustar ".utf8) {
            isExtended = type == 0x53 && block[start + 482] != 0
        }
    }

    private static func text(_ block: ArraySlice<UInt8>, _ offset: Int, _ length: Int) -> [UInt8] {
        let from = block.startIndex + offset
        return Array(block[from..<from + length].prefix { $0 != 0 })
    }

    /// Octal digits amid blanks and NULs, or GNU's base 256.
    private static func number(
        _ block: ArraySlice<UInt8>, _ offset: Int, _ length: Int
    ) -> Int64? {
        let from = block.startIndex + offset
        let field = block[from..<from + length]
        if let first = field.first, first & 0x80 != 0 { return base256(field) }
        var value: Int64 = 0
        let digits = field.drop { $0 == 0x20 || $0 == 0 }.prefix { $0 != 0x20 && $0 != 0 }
        for digit in digits {
            guard (0x30...0x37).contains(digit), value >> 59 == 0 else { return nil }
            value = value << 3 | Int64(digit - 0x30)
        }
        return value
    }

    private static func base256(_ field: ArraySlice<UInt8>) -> Int64? {
        let isNegative = field[field.startIndex] & 0x40 != 0
        var value: Int64 = isNegative ? -1 : 0
        for (i, byte) in field.enumerated() {
            let digit = i == 0 ? (isNegative ? byte : byte & 0x7F) : byte
            let (shifted, overflow) = value.multipliedReportingOverflow(by: 256)
            if overflow { return nil }
            value = shifted | Int64(digit)
        }
        return value
    }

    /// The sum of all bytes, the checksum itself taken as blanks; some old tars added signed ones.
    private static func isChecksum(_ sum: Int64, of block: ArraySlice<UInt8>) -> Bool {
        var unsigned: Int64 = 0
        var signed: Int64 = 0
        for (i, byte) in block.enumerated() {
            let counted = (148..<156).contains(i) ? 0x20 : byte
            unsigned += Int64(counted)
            signed += Int64(Int8(bitPattern: counted))
        }
        // A block of nothing but NULs and a checksum of nothing else is no header.
        return sum > 256 && (sum == unsigned || sum == signed)
    }
}

/// Reads the entries of a tar as they come.
///
/// A bad header does not end it: the next good one is looked for, block by block.
final class TarContainer: ArchiveContainer {
    /// The most that is kept of a long name or a pax header.
    private static let extensionLimit: Int64 = 1 << 20

    private let window: ByteWindow
    private var left: Int64 = 0
    private var padding: Int64 = 0
    private var hasSeenEnd = false
    private var isLost = false

    init(_ window: ByteWindow) { self.window = window }

    func next() throws(ReadError) -> ArchiveEntry? {
        try skipRest()
        var override = TarOverride()
        while window.require(TarHeader.size) {
            if isZeroBlock() {
                hasSeenEnd = true
                isLost = false
                window.skip(TarHeader.size)
                continue
            }
            guard let header = TarHeader(window.bytes, at: window.range.lowerBound) else {
                try skipBadBlock()
                continue
            }
            hasSeenEnd = false
            isLost = false
            window.skip(TarHeader.size)
            if try take(header, &override) { return entry(header, override) }
        }
        let reason = hasSeenEnd || isLost ? nil : "tar ends before its end mark"
        window.skip(window.count)
        if let loss = window.loss(reason) { throw loss }
        return nil
    }

    func read(into buffer: inout [UInt8], at position: Int) throws(ReadError) -> Int {
        guard left > 0 else { return 0 }
        let taken = window.take(into: &buffer, at: position, limit: left)
        left -= Int64(taken)
        if taken == 0 { try cut() }
        return taken
    }

    // MARK: - Losses

    private func skipRest() throws(ReadError) {
        let wanted = left + padding
        (left, padding) = (0, 0)
        if window.discard(wanted) < wanted { try cut() }
    }

    private func cut() throws(ReadError) {
        (left, padding) = (0, 0)
        if let loss = window.loss("tar ends in the middle of an entry") { throw loss }
    }

    /// Behind the end mark anything may follow; elsewhere it is told once for a run of blocks.
    private func skipBadBlock() throws(ReadError) {
        window.skip(TarHeader.size)
        if hasSeenEnd || isLost { return }
        isLost = true
        throw ReadError(code: .damaged, reason: "tar has a header that is corrupt")
    }

    private func isZeroBlock() -> Bool {
        for i in 0..<TarHeader.size where window[i] != 0 { return false }
        return true
    }

    // MARK: - Headers

    /// Takes what a header says about the next one; true where it is an entry of its own.
    private func take(_ header: TarHeader, _ override: inout TarOverride) throws(ReadError) -> Bool
    {
        left = header.size
        padding = -header.size & 511
        switch header.type {
        case 0x4C:  // L, GNU: a long name
            override.name = try takeExtension().prefix { $0 != 0 }.map { $0 }
            return false
        case 0x78, 0x58:  // x, pax; X, Solaris
            override.take(try takeExtension())
            return false
        case 0x4B, 0x67, 0x56:  // K, a long link; g, a global header; V, a label
            try skipRest()
            return false
        default: break
        }
        if let size = override.size {
            left = size
            padding = -size & 511
        }
        if (0x31...0x36).contains(header.type), header.type != 0x31 || startsHeader() {
            (left, padding) = (0, 0)
        }
        if header.isExtended { try skipSparseHeaders() }
        if override.isSparseMapped { try skipSparseMap() }
        return true
    }

    /// Whether a header follows: old tars give a hard link the size of the file it links to.
    private func startsHeader() -> Bool {
        guard left > 0, window.require(TarHeader.size) else { return true }
        return isZeroBlock() || TarHeader(window.bytes, at: window.range.lowerBound) != nil
    }

    private func takeExtension() throws(ReadError) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: Int(min(left, Self.extensionLimit)))
        var filled = 0
        while filled < bytes.count {
            let taken = try read(into: &bytes, at: filled)
            if taken == 0 { break }
            filled += taken
        }
        try skipRest()
        return Array(bytes[..<filled])
    }

    /// Old GNU sparse files: the map goes on in blocks whose last flag says that more follow.
    private func skipSparseHeaders() throws(ReadError) {
        while true {
            guard window.require(TarHeader.size) else { return try cut() }
            let goesOn = window[504] != 0
            window.skip(TarHeader.size)
            if !goesOn { return }
        }
    }

    /// pax sparse files, version 1.0: the data starts with a map of decimal lines, which is
    /// padded to a block. Holes are left out of what is read, as they hold nothing.
    private func skipSparseMap() throws(ReadError) {
        var numbersLeft: Int64?
        var value: Int64 = 0
        var taken: Int64 = 0
        while numbersLeft != 0, taken < left, window.require(1) {
            let byte = window[0]
            window.skip(1)
            taken += 1
            if byte == 0x0A {
                numbersLeft = numbersLeft.map { $0 - 1 } ?? min(value, 1 << 30) * 2
                value = 0
            } else {
                value = (value &* 10 &+ Int64(byte) &- 0x30) & (1 << 50 - 1)
            }
        }
        let pad = min(-taken & 511, left - taken)
        left -= taken + window.discard(pad)
    }

    private func entry(_ header: TarHeader, _ override: TarOverride) -> ArchiveEntry {
        let name = override.name ?? header.name
        let isFile = !(0x31...0x36).contains(header.type) || left > 0
        let isListing = header.type == 0x44 || header.type == 0x4E || name.last == 0x2F
        let seconds = override.seconds ?? header.seconds
        return ArchiveEntry(
            name: ArchiveEntry.printable(name), size: left,
            modifiedAt: ArchiveEntry.timestamp(seconds), kind: isFile && !isListing ? .file : .other
        )
    }
}

/// What a pax header or a GNU long name says about the entry behind it.
private struct TarOverride {
    var name: [UInt8]?
    var size: Int64?
    var seconds: Int64?
    var isSparseMapped = false

    /// Takes the records of a pax header: `length key=value` and a line feed each.
    mutating func take(_ bytes: [UInt8]) {
        var start = 0
        while let blank = bytes[start...].firstIndex(of: 0x20),
            let length = Self.decimal(bytes[start..<blank]), length > 0,
            length <= bytes.count - start, start + Int(length) > blank + 1
        {
            let record = bytes[(blank + 1)..<(start + Int(length) - 1)]
            if let equals = record.firstIndex(of: 0x3D) {
                take(String(decoding: record[..<equals], as: UTF8.self), record[(equals + 1)...])
            }
            start += Int(length)
        }
    }

    private mutating func take(_ key: String, _ value: ArraySlice<UInt8>) {
        switch key {
        case "path": name = name ?? Array(value)
        case "GNU.sparse.name": name = Array(value)
        case "GNU.sparse.major": isSparseMapped = Array(value) == [0x31]
        case "size": size = Self.decimal(value)
        case "mtime": seconds = Self.decimal(value.prefix { $0 != 0x2E })
        default: break
        }
    }

    private static func decimal(_ bytes: ArraySlice<UInt8>) -> Int64? {
        guard !bytes.isEmpty, bytes.count < 18 else { return nil }
        var value: Int64 = 0
        for byte in bytes {
            guard (0x30...0x39).contains(byte) else { return nil }
            value = value * 10 + Int64(byte - 0x30)
        }
        return value
    }
}
