// SPDX-License-Identifier: Apache-2.0

package import Model

/// One entry of an archive.
package struct ArchiveEntry: Sendable {
    package enum Kind: Sendable { case file, other }

    /// Printable, and for display only: nothing is ever written to a path of this name.
    /// Empty for a file that is compressed and no archive.
    package var name: String
    /// In bytes, where the archive says it in front of the data.
    package var size: Int64?
    package var modifiedAt: Timestamp?
    package var kind: Kind

    /// A name in which every control character, and every one that turns the direction of
    /// writing, is spelled out.
    static func printable(_ bytes: [UInt8]) -> String {
        var name = ""
        for scalar in String(decoding: bytes.prefix(4096), as: UTF8.self).unicodeScalars {
            let isHidden =
                switch scalar.value {
                case 0..<0x20, 0x7F..<0xA0, 0x200B...0x200F, 0x2028...0x202E, 0x2060...0x206F,
                    0xFEFF:
                    true
                default: false
                }
            if isHidden {
                name += "\\u{\(String(scalar.value, radix: 16))}"
            } else {
                name.unicodeScalars.append(scalar)
            }
        }
        return name
    }

    /// The time of an entry, where it can be one: archives made to be the same each time have 0.
    static func timestamp(_ seconds: Int64) -> Timestamp? {
        (1..<32_503_680_000).contains(seconds) ? Timestamp(seconds: seconds) : nil
    }
}

/// Something of an archive that could not be read, outside of the files that were.
package struct ArchiveLoss: Sendable {
    /// The archive or entry, as `forEachFile` names it; empty for the outermost archive.
    package var name: String
    package var error: ReadError
}

/// Reads what is in a packed file as a stream, without unpacking it to disk.
///
/// gzip, zstd, xz, bzip2 and LZ4 are taken off, then the entries of a tar or zip come one after
/// the other; anything else is one entry without a name. What is damaged gives all that could be
/// read, and then a `ReadError`.
///
/// A class: the sources of its entries and the archives inside of it read through it.
final class ArchiveReader {
    /// How often a file may be compressed over and over.
    private static let layerLimit = 3

    /// How it is packed, from the outside in, as `xz + tar`; empty where it is not.
    let format: String
    private let container: any ArchiveContainer
    private let isSingle: Bool
    private let libraries: ArchiveLibraries
    private let budget: ArchiveBudget
    /// How many containers lie around the entries.
    private let depth: Int
    private var entry: ArchiveEntry?
    private var hasEnded = false
    /// What was peeked at of the entry and not yet read, and what stopped the peeking.
    private var held: ArraySlice<UInt8> = []
    private var heldLoss: ReadError?

    /// Reads `path`, `-` being standard input. A FIFO is not waited for.
    convenience init(
        path: String, limits: ArchiveLimits = .standard, libraries: ArchiveLibraries = .system
    ) throws(ReadError) {
        if path != "-", FileStatus(path: path)?.kind == .directory {
            throw ReadError(code: .unreadable, reason: "is a directory")
        }
        let file = OpenFile(try FileDescriptor(path: path))
        try self.init(limits: limits, libraries: libraries) { buffer, position throws(ReadError) in
            try file.read(into: &buffer, at: position)
        }
    }

    /// Reads what `pull` gives.
    convenience init(
        limits: ArchiveLimits = .standard, libraries: ArchiveLibraries = .system,
        pull: @escaping Pull
    ) throws(ReadError) {
        let budget = ArchiveBudget(limits)
        let window = ByteWindow { buffer, position throws(ReadError) in
            let count = try pull(&buffer, position)
            budget.noteRead(count)
            return count
        }
        try self.init(window, libraries, budget, depth: 0)
    }

    private init(
        _ outside: ByteWindow, _ libraries: ArchiveLibraries, _ budget: ArchiveBudget, depth: Int
    ) throws(ReadError) {
        var window = outside
        var formats: [ArchiveFormat] = []
        var found = ArchiveFormat.sniff(window.head(ArchiveFormat.headSize))
        while let format = found, !format.isContainer {
            formats.append(format)
            if formats.count > Self.layerLimit {
                throw ReadError(
                    code: .unreadable,
                    reason: "is compressed more than \(Self.layerLimit) times over")
            }
            let codec = try Decompressor(format, of: window, libraries: libraries, budget: budget)
            window = ByteWindow { buffer, position throws(ReadError) in
                try codec.read(into: &buffer, at: position)
            }
            found = ArchiveFormat.sniff(window.head(ArchiveFormat.headSize))
        }
        if found == nil, Self.isEmptyTar(window) { found = .tar }
        if let found { formats.append(found) }
        container = try Self.container(found, window, libraries, budget)
        isSingle = found == nil
        self.depth = found == nil ? depth : depth + 1
        if self.depth > budget.limits.depth {
            throw ReadError(
                code: .unreadable,
                reason: "lies in more than \(budget.limits.depth - 1) archives; not opened")
        }
        format = formats.map(\.spoken).joined(separator: " + ")
        self.libraries = libraries
        self.budget = budget
    }

    private static func container(
        _ format: ArchiveFormat?, _ window: ByteWindow, _ libraries: ArchiveLibraries,
        _ budget: ArchiveBudget
    ) throws(ReadError) -> any ArchiveContainer {
        switch format {
        case .tar: return TarContainer(window)
        case .zip: return ZipContainer(window, libraries: libraries, budget: budget)
        case .sevenZip:
            throw ReadError(code: .unreadable, reason: "7z archives are not read; unpack it first")
        default: return SingleContainer(window)
        }
    }

    /// A tar without entries is NULs and nothing else, of a size that tools give it.
    private static func isEmptyTar(_ window: ByteWindow) -> Bool {
        guard window.head(1024).allSatisfy({ $0 == 0 }) else { return false }
        let head = window.head(10_241)
        return (head.count == 1024 || head.count == 10_240) && head.allSatisfy { $0 == 0 }
    }

    // MARK: - Entries

    /// Goes to the next entry; `nil` at the end.
    ///
    /// Throws once for each loss between entries; what can still be read comes with the next call.
    func nextEntry() throws(ReadError) -> ArchiveEntry? {
        guard !hasEnded else { return nil }
        entry = nil
        held = []
        heldLoss = nil
        guard let next = try container.next() else {
            hasEnded = true
            return nil
        }
        do throws(ReadError) { try budget.noteEntry() } catch {
            hasEnded = true
            throw error
        }
        entry = next
        return next
    }

    /// Fills `buffer` with bytes of the current entry from `position` on; 0 at its end.
    ///
    /// Throws once where the entry is damaged, after all that could be read of it was given.
    func read(into buffer: inout [UInt8], at position: Int) throws(ReadError) -> Int {
        guard entry != nil, position < buffer.count else { return 0 }
        if !held.isEmpty {
            let count = min(held.count, buffer.count - position)
            buffer.replaceSubrange(position..<position + count, with: held.prefix(count))
            held = held.dropFirst(count)
            return count
        }
        if let loss = heldLoss {
            heldLoss = nil
            throw loss
        }
        return try container.read(into: &buffer, at: position)
    }

    /// The first bytes of the current entry, which `read` gives again.
    func peek(_ wanted: Int) -> [UInt8] {
        guard entry != nil, held.count < wanted, heldLoss == nil else {
            return Array(held.prefix(wanted))
        }
        var bytes = Array(held)
        var filled = bytes.count
        bytes.append(contentsOf: repeatElement(0, count: wanted - filled))
        do throws(ReadError) {
            while filled < wanted {
                let count = try container.read(into: &bytes, at: filled)
                if count == 0 { break }
                filled += count
            }
        } catch {
            heldLoss = error
        }
        held = bytes[..<filled]
        return Array(held)
    }

    /// The current entry opened, where it is packed itself. It is read through this reader, which
    /// must not go on to its next entry before.
    func inner() throws(ReadError) -> ArchiveReader? {
        guard !isSingle, entry?.kind == .file,
            ArchiveFormat.sniff(peek(ArchiveFormat.headSize)) != nil
        else { return nil }
        let window = ByteWindow { buffer, position throws(ReadError) in
            try self.read(into: &buffer, at: position)
        }
        return try ArchiveReader(window, libraries, budget, depth: depth)
    }

    // MARK: - Everything in it

    /// Lends every file to `body`, those of archives inside of it included, and says what else
    /// was lost. `body` gets names as `a.tar/b.zip/c.log`, and returns false to stop.
    func forEachFile(
        _ body: (_ name: String, ArchiveEntry, inout ArchiveEntrySource) -> Bool
    ) -> [ArchiveLoss] {
        var losses: [ArchiveLoss] = []
        _ = forEachFile(within: nil, &losses, body)
        return losses
    }

    private func forEachFile(
        within outer: ArchiveEntry?, _ losses: inout [ArchiveLoss],
        _ body: (_ name: String, ArchiveEntry, inout ArchiveEntrySource) -> Bool
    ) -> Bool {
        while true {
            var place = outer?.name ?? ""
            do throws(ReadError) {
                guard var entry = try nextEntry() else { return true }
                guard entry.kind == .file else { continue }
                entry.name = [place, entry.name].filter { !$0.isEmpty }.joined(separator: "/")
                entry.modifiedAt = entry.modifiedAt ?? outer?.modifiedAt
                place = entry.name
                if let inner = try inner() {
                    guard inner.forEachFile(within: entry, &losses, body) else { return false }
                } else {
                    var source = ArchiveEntrySource(self)
                    guard body(entry.name, entry, &source) else { return false }
                }
            } catch {
                losses.append(ArchiveLoss(name: place, error: error))
            }
        }
    }
}

/// The bytes of the entry that a reader stands at.
struct ArchiveEntrySource: ByteSource, ~Copyable {
    private let reader: ArchiveReader

    init(_ reader: ArchiveReader) { self.reader = reader }

    /// The same bytes, to be owned by another reader.
    func again() -> ArchiveEntrySource { ArchiveEntrySource(reader) }

    func read(into buffer: inout [UInt8], at position: Int) throws(ReadError) -> Int {
        try reader.read(into: &buffer, at: position)
    }
}

/// A stream that is no container: one entry, without a name.
private final class SingleContainer: ArchiveContainer {
    private let window: ByteWindow
    private var wasGiven = false

    init(_ window: ByteWindow) { self.window = window }

    func next() -> ArchiveEntry? {
        guard !wasGiven else { return nil }
        wasGiven = true
        return ArchiveEntry(name: "", size: nil, modifiedAt: nil, kind: .file)
    }

    func read(into buffer: inout [UInt8], at position: Int) throws(ReadError) -> Int {
        let count = window.take(into: &buffer, at: position, limit: .max)
        if count == 0, let loss = window.loss() { throw loss }
        return count
    }
}

/// A descriptor that a closure can hold.
private final class OpenFile {
    private let descriptor: FileDescriptor

    init(_ descriptor: consuming FileDescriptor) { self.descriptor = descriptor }

    func read(into buffer: inout [UInt8], at position: Int) throws(ReadError) -> Int {
        try readBytes(
            descriptor.number, into: &buffer, at: position, limit: buffer.count - position)
    }
}
