// SPDX-License-Identifier: Apache-2.0

import Foundation
import Glibc
import TestSupport

/// Writes a server's log as a server does, rotates it in every way, and keeps count.
struct RotationDriver {
    let folder: String
    private(set) var lines = 0
    private(set) var refusals = 0
    /// Lines that a rotation has split: both files show one.
    private(set) var splits = 0
    private var clock = 1_795_000_000_000
    private var random: Seeded
    /// The other half of a line that a rotation may split.
    private var half: ArraySlice<UInt8> = []
    private let way: Way
    private let name: String
    private let pid: Int
    private var generation = 0
    /// The parts that were made, the newest last.
    private var parts: [String] = []
    /// The log as its writer has it open, who goes on with a file that was renamed.
    private var handle: FileHandle?

    /// How a log is written, rotated and packed: what the configuration of one host does.
    struct Way {
        /// The log is a link that leads to another file after each rotation.
        var isLink = false
        var naming = Naming.numbers
        /// The program that packs parts; `nil` where none is there.
        var packer: String?
        /// The writer keeps its file open, and renames reach it late.
        var keepsFile = false
        /// Lines of one moment, which are the same.
        var hasEqualLines = false

        enum Naming { case numbers, dates, oldFolder, beforeExtension }

        init(seed: Int) {
            isLink = seed % 5 == 4
            naming = [.numbers, .dates, .oldFolder, .beforeExtension][seed / 2 % 4]
            keepsFile = seed % 7 == 3 && !isLink
            hasEqualLines = seed % 4 == 1
            let packer = Self.packers[seed % Self.packers.count]
            self.packer = Tool.has([packer[0], "--version"]) ? packer.joined(separator: " ") : nil
        }

        fileprivate static let packers = [
            ["gzip"], ["bzip2"], ["xz"], ["zstd", "-q", "--rm"], ["lz4", "-q", "-m", "--rm"],
        ]
        fileprivate static let suffixes = ["", ".gz", ".bz2", ".xz", ".zst", ".lz4"]
    }

    var log: String { "\(folder)/\(name).log" }
    var isLink: Bool { way.isLink }

    init(folder: String, seed: Int, name: String = "redis", pid: Int = 13019) {
        self.folder = folder
        self.name = name
        self.pid = pid
        random = Seeded(seed)
        way = Way(seed: seed)
    }

    mutating func below(_ limit: Int) -> Int { Int.random(in: 0..<limit, using: &random) }

    /// A server opens its log for each line. `isSplit`: the last line is but begun.
    mutating func write(_ count: Int, isSplit wanted: Bool = false) throws {
        let isSplit = wanted && !way.keepsFile
        if isLink, generation == 0 { try turnLink() }
        if !half.isEmpty { try append(half) }
        half = []
        for number in 1...count {
            let line = Array(next().utf8)
            if isSplit, number == count {
                let cut = 1 + below(line.count - 1)
                try append(line[..<cut])
                half = line[cut...]
                return
            }
            // Now and then a line comes in two halves.
            let cut = below(10) == 0 ? below(line.count) : line.count
            try append(line[..<cut])
            if cut < line.count { try append(line[cut...]) }
        }
    }

    private mutating func append(_ bytes: ArraySlice<UInt8>) throws {
        if let handle {
            try handle.seekToEnd()
            return try handle.write(contentsOf: Data(bytes))
        }
        if !FileManager.default.fileExists(atPath: log) {
            _ = FileManager.default.createFile(atPath: log, contents: nil)
        }
        guard let handle = FileHandle(forWritingAtPath: log) else { return }
        try handle.seekToEnd()
        try handle.write(contentsOf: Data(bytes))
        if way.keepsFile {
            self.handle = handle
        } else {
            try handle.close()
        }
    }

    private mutating func next() -> String {
        lines += 1
        if !way.hasEqualLines || below(2) == 0 { clock += 1 + below(400) }
        let stamp = Self.stamp(clock)
        if below(5) < 2 {
            refusals += 1
            return "\(pid):M \(stamp) # Can't save in background: fork: Cannot allocate memory\n"
        }
        return "\(pid):M \(stamp) * \(lines) changes in 60 seconds. Saving...\n"
    }

    private static func stamp(_ milliseconds: Int) -> String {
        let format = DateFormatter()
        format.locale = Locale(identifier: "en_US_POSIX")
        format.timeZone = TimeZone(identifier: "UTC")
        format.dateFormat = "dd MMM yyyy HH:mm:ss.SSS"
        return format.string(from: Date(timeIntervalSince1970: Double(milliseconds) / 1000))
    }

    // MARK: - Rotation

    mutating func rotate() throws {
        let files = FileManager.default
        guard (try? Data(contentsOf: URL(fileURLWithPath: log)).count) ?? 0 > 0 else { return }
        if !half.isEmpty { splits += 1 }
        if isLink { return try turnLink() }
        let part = try nextPart()
        switch below(4) {
        case 0, 1:
            // Copied, and cut in place.
            try files.copyItem(atPath: log, toPath: part)
            try FileHandle(forWritingAtPath: log)?.truncate(atOffset: 0)
        case 2 where !way.keepsFile:
            // Copied, deleted and made anew, perhaps with the same inode.
            try files.copyItem(atPath: log, toPath: part)
            try files.removeItem(atPath: log)
            _ = files.createFile(atPath: log, contents: nil)
        default:
            try files.moveItem(atPath: log, toPath: part)
            if below(2) == 0 { _ = files.createFile(atPath: log, contents: nil) }
            // The writer learns of it now, or with a later rotation.
            if handle != nil, below(3) > 0 {
                try handle?.close()
                handle = nil
            }
        }
        parts.append(part)
        if handle == nil, below(2) == 0 { try compress() }
    }

    /// The name of the next part, with room made for it.
    private mutating func nextPart() throws -> String {
        switch way.naming {
        case .dates:
            generation += 1
            return "\(log)-2026\(1000 + generation)"
        case .numbers:
            try shift(log)
            return log + ".1"
        case .beforeExtension:
            // `redis.1.log`: logrotate's `extension`.
            try shift("\(folder)/\(name)", behind: ".log")
            return "\(folder)/\(name).1.log"
        case .oldFolder:
            let old = "\(folder)/old/\(name).log"
            try FileManager.default.createDirectory(
                atPath: folder + "/old", withIntermediateDirectories: true)
            try shift(old)
            return old + ".1"
        }
    }

    /// The link leads to a new file from one instant to the next.
    private mutating func turnLink() throws {
        generation += 1
        let name = "\(name).log-2026\(1000 + generation)"
        _ = FileManager.default.createFile(atPath: "\(folder)/\(name)", contents: nil)
        try FileManager.default.createSymbolicLink(
            atPath: "\(folder)/.next-\(name)", withDestinationPath: name)
        guard unsafe Glibc.rename("\(folder)/.next-\(name)", log) == 0 else {
            throw CocoaError(.fileWriteUnknown)
        }
    }

    /// Counts up the numbers of the parts at `stem`, which stand before `end`.
    private mutating func shift(_ stem: String, behind end: String = "") throws {
        for number in (1..<60).reversed() {
            for packing in Way.suffixes {
                let from = "\(stem).\(number)\(end)\(packing)"
                guard FileManager.default.fileExists(atPath: from) else { continue }
                let to = "\(stem).\(number + 1)\(end)\(packing)"
                try FileManager.default.moveItem(atPath: from, toPath: to)
                parts = parts.map { $0 == from ? to : $0 }
            }
        }
    }

    /// Packers keep the time of the last writing, and take the plain file away when they are done.
    private mutating func compress() throws {
        guard let packer = way.packer, let part = parts.suffix(1 + below(2)).first,
            FileManager.default.fileExists(atPath: part)
        else { return }
        _ = try Tool.output(of: packer.split(separator: " ").map(String.init) + [part])
    }
}
