// SPDX-License-Identifier: Apache-2.0

internal import Model

/// Reads the entries of a zip as they come, by the headers in front of them.
///
/// The directory at the end is not needed, so a zip that was cut gives what it still has, and one
/// inside of another archive needs no file of its own.
final class ZipContainer: ArchiveContainer {
    static let local = 0x0403_4B50
    private static let descriptor = 0x0807_4B50
    private static let directory = 0x0201_4B50
    private static let endOfDirectory = 0x0605_4B50
    private static let wideEnd = 0x0606_4B50
    private static let wideLocator = 0x0706_4B50
    private static let splitMark = 0x3030_4B50

    private enum Data {
        case none
        case stored
        /// Stored, its length to be found by the descriptor behind it.
        case storedUntilDescriptor
        case packed(any Codec)
        /// All was decoded; the checksum is still to be looked at.
        case finished
        /// It cannot be read, or not further.
        case failed(ReadError)
    }

    private let window: ByteWindow
    private let libraries: ArchiveLibraries
    private let budget: ArchiveBudget
    private var header: ZipHeader?
    private var data = Data.none
    /// Packed bytes of the entry that are left, where their number is known.
    private var left: Int64?
    private var packed: Int64 = 0
    private var unpacked: Int64 = 0
    private var crc: UInt32 = 0
    private var isLost = false
    private var hasSeenDirectory = false
    private var stalls = 0

    init(_ window: ByteWindow, libraries: ArchiveLibraries, budget: ArchiveBudget) {
        self.window = window
        self.libraries = libraries
        self.budget = budget
    }

    // MARK: - Entries

    func next() throws(ReadError) -> ArchiveEntry? {
        try skipRest()
        while !hasSeenDirectory, window.require(4) {
            let signature = window.little32(0)
            if signature == Self.local, let header = ZipHeader(window) {
                isLost = false
                return begin(header)
            }
            if startsDirectory(signature) {
                try skipDirectory()
            } else if signature == Self.descriptor || signature == Self.splitMark, !isLost {
                window.skip(4)
            } else {
                try skipToSignature()
            }
        }
        window.drain()
        if let loss = window.loss(hasSeenDirectory ? nil : "zip ends before its directory") {
            throw loss
        }
        return nil
    }

    private func begin(_ header: ZipHeader) -> ArchiveEntry {
        self.header = header
        left = header.packedSize
        (packed, unpacked, crc, stalls) = (0, 0, 0, 0)
        data = data(of: header)
        let isFolder = header.name.last == 0x2F
        return ArchiveEntry(
            name: ArchiveEntry.printable(header.name), size: header.size,
            modifiedAt: header.seconds.flatMap(ArchiveEntry.timestamp),
            kind: isFolder ? .other : .file)
    }

    private func data(of header: ZipHeader) -> Data {
        if header.isEncrypted { return Self.unreadable("is encrypted") }
        let format: ArchiveFormat
        switch header.method {
        case 0: return header.packedSize == nil ? .storedUntilDescriptor : .stored
        case 8: return .packed(ZlibCodec(.none))
        case 12: format = .bzip2
        case 93: format = .zstd
        case 95: format = .xz
        default: return Self.unreadable("is packed by method \(header.method), which is not read")
        }
        do throws(ReadError) { return .packed(try libraries.codec(for: format)) } catch {
            return .failed(error)
        }
    }

    private static func unreadable(_ reason: String) -> Data {
        .failed(ReadError(code: .unreadable, reason: "zip entry \(reason)"))
    }

    private static func damaged(_ reason: String) -> Data {
        .failed(ReadError(code: .damaged, reason: "zip entry \(reason)"))
    }

    // MARK: - Data

    func read(into buffer: inout [UInt8], at position: Int) throws(ReadError) -> Int {
        let produced: Int
        switch data {
        case .none: return 0
        case .finished:
            try finish()
            return 0
        case .failed(let error):
            leave()
            throw error
        case .stored: produced = try readStored(&buffer, position)
        case .storedUntilDescriptor: produced = try readUntilDescriptor(&buffer, position)
        case .packed(let codec): produced = try inflate(codec, &buffer, position)
        }
        crc = crc32(buffer, position..<position + produced, after: crc)
        unpacked += Int64(produced)
        return produced
    }

    private func readStored(_ buffer: inout [UInt8], _ position: Int) throws(ReadError) -> Int {
        if left == 0 {
            try finish()
            return 0
        }
        let taken = window.take(into: &buffer, at: position, limit: left ?? 0)
        left = left.map { $0 - Int64(taken) }
        packed += Int64(taken)
        if taken == 0 { try cut() }
        return taken
    }

    /// Gives what comes before the next thing that looks like a descriptor, and ends where one
    /// has the right checksum and sizes.
    private func readUntilDescriptor(
        _ buffer: inout [UInt8], _ position: Int
    ) throws(ReadError) -> Int {
        guard window.require(1) else {
            try cut()
            return 0
        }
        _ = window.require(24)
        var length = 0
        while length < window.count, !startsSignature(length) { length += 1 }
        if length == 0 {
            if isDescriptor() {
                try finish()
                return 0
            }
            length = 1
        }
        let taken = window.take(into: &buffer, at: position, limit: Int64(length))
        packed += Int64(taken)
        return taken
    }

    /// Whether `PK\7\8` stands at `index`, or its beginning does before the window's end.
    private func startsSignature(_ index: Int) -> Bool {
        let signature: [UInt8] = [0x50, 0x4B, 0x07, 0x08]
        let seen = min(4, window.count - index)
        for i in 0..<seen where window[index + i] != signature[i] { return false }
        return seen == 4 || !window.hasEnded
    }

    private func isDescriptor() -> Bool {
        guard window.count >= 16, window.little32(0) == Self.descriptor,
            UInt32(window.little32(4)) == crc
        else { return false }
        if window.count >= 24, window.little64(8) == packed { return true }
        return UInt32(window.little32(8)) == UInt32(truncatingIfNeeded: packed)
    }

    private func inflate(
        _ codec: any Codec, _ buffer: inout [UInt8], _ position: Int
    ) throws(ReadError) -> Int {
        while true {
            if left != 0 { _ = window.require(1) }
            let end = window.range.lowerBound + Int(min(left ?? .max, Int64(window.count)))
            let isLast = left == Int64(end - window.range.lowerBound) || window.hasEnded
            let step = codec.decode(
                window.bytes, window.range.lowerBound..<end, isLast: isLast, into: &buffer,
                at: position)
            window.skip(step.consumed)
            left = left.map { $0 - Int64(step.consumed) }
            packed += Int64(step.consumed)
            note(step)
            if step.produced > 0 { return step.produced }
            guard case .packed = data else { return try read(into: &buffer, at: position) }
            if window.count == 0, window.hasEnded, left != 0 {
                try cut()
                return 0
            }
        }
    }

    /// What the last step made is given before the end or a fault is acted upon.
    private func note(_ step: CodecStep) {
        switch step.outcome {
        case .frameEnd: data = .finished
        case .corrupt(let reason): data = Self.damaged(reason)
        case .more:
            stalls = step.consumed + step.produced > 0 ? 0 : stalls + 1
            if stalls > 64 || stalls > 0 && left == 0 { data = Self.damaged("is corrupt") }
        }
        do throws(ReadError) { try budget.noteMade(step.produced) } catch {
            window.end(with: error)
            window.skip(window.count)
            data = .failed(window.loss() ?? error)
        }
    }

    // MARK: - The end of an entry

    private func skipRest() throws(ReadError) {
        switch data {
        case .none: return
        case .finished: return try finish()
        case .failed: return leave()
        case .stored, .storedUntilDescriptor, .packed: break
        }
        if let left {
            if window.discard(left) < left { return try cut() }
            self.left = 0
            return leave()
        }
        var dropped = [UInt8](repeating: 0, count: 65_536)
        while try read(into: &dropped, at: 0) > 0 {}
    }

    /// Compares an entry that was read to its end with its checksum.
    private func finish() throws(ReadError) {
        _ = window.discard(left ?? 0)
        var expected = header?.crc
        if let header, header.hasDescriptor {
            // A directory follows, so fewer bytes than the longest descriptor has are a cut.
            let isCut = !window.require(24)
            expected = takeDescriptor() ?? (left == nil ? nil : expected)
            if isCut, expected == nil { return try cut() }
        }
        data = .none
        if expected != crc {
            throw ReadError(code: .damaged, reason: "zip entry does not match its checksum")
        }
    }

    /// Leaves an entry that is not read further; where its length is not known, the next header
    /// has to be looked for.
    private func leave() {
        if let left {
            _ = window.discard(left)
            if let header, header.hasDescriptor { _ = takeDescriptor() }
        } else {
            isLost = true
        }
        data = .none
    }

    private func cut() throws(ReadError) {
        data = .none
        window.drain()
        if let loss = window.loss("zip ends in the middle of an entry") { throw loss }
    }

    /// Takes the checksum and sizes behind the data: with or without a signature, 32 or 64 bits.
    private func takeDescriptor() -> UInt32? {
        _ = window.require(24)
        let start = window.count >= 4 && window.little32(0) == Self.descriptor ? 4 : 0
        guard window.count >= start + 12 else { return nil }
        let crc = UInt32(window.little32(start))
        let size = header?.packedSize ?? packed
        if window.count >= start + 20, window.little64(start + 4) == size,
            window.little64(start + 12) >> 40 == 0
        {
            window.skip(start + 20)
            return crc
        }
        guard window.little32(start + 4) == Int(size & 0xFFFF_FFFF) else { return nil }
        window.skip(start + 12)
        return crc
    }

    // MARK: - Between entries

    private func startsDirectory(_ signature: Int) -> Bool {
        switch signature {
        case Self.directory:
            // While a header is looked for, chance may write a signature.
            !isLost || window.require(46) && window.little16(10) < 100 && window.little16(34) == 0
        case Self.endOfDirectory, Self.wideEnd:
            !isLost || window.require(22) && window.little32(4) == 0
        default: false
        }
    }

    private func skipDirectory() throws(ReadError) {
        hasSeenDirectory = true
        while window.require(4) {
            let length: Int64
            switch window.little32(0) {
            case Self.directory where window.require(46):
                length = Int64(46 + window.little16(28) + window.little16(30) + window.little16(32))
            case Self.wideEnd where window.require(12):
                length = 12 + min(max(0, window.little64(4)), 1 << 20)
            case Self.wideLocator: length = 20
            case Self.endOfDirectory where window.require(22): return
            default:
                let isCut = !window.require(46)
                window.drain()
                let reason =
                    isCut ? "zip ends before its directory does" : "zip has a corrupt directory"
                if let loss = window.loss(reason) { throw loss }
                return
            }
            guard window.discard(length) == length else { break }
        }
        if let loss = window.loss("zip ends before its directory does") { throw loss }
    }

    /// Goes to the next byte that may start a header. The loss is told once for all that is
    /// skipped.
    private func skipToSignature() throws(ReadError) {
        if !isLost, isCutHeader() { return window.skip(window.count) }
        window.skip(1)
        while window.require(1), window[0] != 0x50 { window.skip(1) }
        if isLost { return }
        isLost = true
        throw ReadError(code: .damaged, reason: "zip has a header that is corrupt")
    }

    /// Whether the window ends within a header that starts at its front.
    private func isCutHeader() -> Bool {
        guard window.little32(0) == Self.local else { return false }
        return !window.require(30)
            || !window.require(30 + window.little16(26) + window.little16(28))
    }
}
