// SPDX-License-Identifier: Apache-2.0
// What the tests of archives share: a log, the tools that pack it, and a reading of the result.

import Foundation
import TestSupport

@testable import Reading

/// A folder that is removed with its holder, and commands run in it.
///
/// The tools are Debian's tar, gzip, xz-utils, zstd, bzip2, lz4, zip and python3.
final class ArchiveWorkshop {
    let path: String

    init() throws {
        path = NSTemporaryDirectory() + "/forktopsy-archives-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    struct Failed: Error { var command: String }

    func run(_ command: String) throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/bin/sh")
        process.arguments = ["-ec", command]
        process.currentDirectoryURL = URL(fileURLWithPath: path)
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        if process.terminationStatus != 0 { throw Failed(command: command) }
    }

    func write(_ name: String, _ bytes: [UInt8]) throws {
        try Data(bytes).write(to: URL(fileURLWithPath: path + "/" + name))
    }

    func bytes(_ name: String) throws -> [UInt8] {
        [UInt8](try Data(contentsOf: URL(fileURLWithPath: path + "/" + name)))
    }

    /// What `command` makes of the three logs that every sample is packed from, as `out`.
    static func packed(_ command: String) throws -> [UInt8] {
        let shop = try ArchiveWorkshop()
        for (name, bytes) in ArchiveSample.files { try shop.write(name, bytes) }
        try shop.run(command)
        return try shop.bytes("out")
    }
}

enum ArchiveSample {
    static let files = [
        ("a.log", log(lines: 40, seed: 1)), ("b.log", log(lines: 700, seed: 2)),
        ("c.log", log(lines: 90, seed: 3)),
    ]
    static var log: [UInt8] { files[1].1 }

    /// Lines that are as much alike as those of a log are.
    static func log(lines: Int, seed: Int) -> [UInt8] {
        var random = Seeded(seed)
        var text = ""
        for line in 0..<lines {
            let (second, fraction) = (line % 60, random.roll(0..<1000))
            text += "1:M 22 Nov 2026 12:0\(line / 60 % 10):\(second < 10 ? "0" : "")\(second)"
            text += ".\(fraction) # Can't save in background: fork: Cannot allocate memory "
            text += "\(random.roll(0..<1_000_000_000))\n"
        }
        return [UInt8](text.utf8)
    }
}

/// All that a reading gave.
struct ArchiveReading {
    var format = ""
    var files: [(name: String, bytes: [UInt8])] = []
    var losses: [String] = []
    var calls = 0

    var total: Int { files.reduce(0) { $0 + $1.bytes.count } }
    func bytes(_ name: String) -> [UInt8]? { files.first { $0.name == name }?.bytes }

    /// Reads `packed`, pulled in pieces of `piece` bytes and read to a buffer of `room`.
    init(
        _ packed: [UInt8], piece: Int = 65_536, room: Int = 65_536,
        limits: ArchiveLimits = .standard, libraries: ArchiveLibraries = .system,
        failure: ReadError? = nil
    ) {
        var at = 0
        let pull: Pull = { buffer, position throws(ReadError) in
            let count = min(piece, packed.count - at, buffer.count - position)
            if count == 0, let failure { throw failure }
            buffer.replaceSubrange(position..<position + count, with: packed[at..<at + count])
            at += count
            return count
        }
        do throws(ReadError) {
            take(try ArchiveReader(limits: limits, libraries: libraries, pull: pull), room)
        } catch {
            losses.append(error.reason)
        }
    }

    init(path: String) {
        do throws(ReadError) { take(try ArchiveReader(path: path), 65_536) } catch {
            losses.append(error.reason)
        }
    }

    private mutating func take(_ reader: ArchiveReader, _ room: Int) {
        format = reader.format
        var files: [(String, [UInt8])] = []
        var entryLosses: [String] = []
        let outside = reader.forEachFile { name, _, source in
            var bytes: [UInt8] = []
            var buffer = [UInt8](repeating: 0, count: room)
            do throws(ReadError) {
                while true {
                    let count = try source.read(into: &buffer, at: 0)
                    if count == 0 { break }
                    bytes.append(contentsOf: buffer[..<count])
                }
            } catch {
                entryLosses.append(error.reason)
            }
            files.append((name, bytes))
            return true
        }
        self.files = files
        losses +=
            entryLosses
            + outside.map { $0.name.isEmpty ? $0.error.reason : "\($0.name): \($0.error.reason)" }
    }
}
