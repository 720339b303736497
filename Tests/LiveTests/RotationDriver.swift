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
    /// Whether the log is a link that leads to another file after each rotation.
    let isLink: Bool
    private var generation = 0

    var log: String { folder + "/redis.log" }

    init(folder: String, seed: Int) {
        self.folder = folder
        random = Seeded(seed)
        isLink = seed % 5 == 4
    }

    mutating func below(_ limit: Int) -> Int { Int.random(in: 0..<limit, using: &random) }

    /// A server opens its log for each line. `isSplit`: the last line is but begun.
    mutating func write(_ count: Int, isSplit: Bool = false) throws {
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

    private func append(_ bytes: ArraySlice<UInt8>) throws {
        if !FileManager.default.fileExists(atPath: log) {
            _ = FileManager.default.createFile(atPath: log, contents: nil)
        }
        guard let handle = FileHandle(forWritingAtPath: log) else { return }
        try handle.seekToEnd()
        try handle.write(contentsOf: Data(bytes))
        try handle.close()
    }

    private mutating func next() -> String {
        lines += 1
        clock += 1 + below(400)
        let stamp = Self.stamp(clock)
        if below(5) < 2 {
            refusals += 1
            return "13019:M \(stamp) # Can't save in background: fork: Cannot allocate memory\n"
        }
        return "13019:M \(stamp) * \(lines) changes in 60 seconds. Saving...\n"
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
        try shift()
        if below(2) == 0 {
            try files.copyItem(atPath: log, toPath: log + ".1")
            try FileHandle(forWritingAtPath: log)?.truncate(atOffset: 0)
        } else {
            try files.moveItem(atPath: log, toPath: log + ".1")
            if below(2) == 0 { _ = files.createFile(atPath: log, contents: nil) }
        }
        if below(2) == 0 { try compress(below(2) + 1) }
    }

    /// The link leads to a new file from one instant to the next.
    private mutating func turnLink() throws {
        generation += 1
        let name = "redis.log-2026\(1000 + generation)"
        _ = FileManager.default.createFile(atPath: "\(folder)/\(name)", contents: nil)
        try FileManager.default.createSymbolicLink(
            atPath: folder + "/.next", withDestinationPath: name)
        guard unsafe Glibc.rename(folder + "/.next", log) == 0 else {
            throw CocoaError(.fileWriteUnknown)
        }
    }

    private func shift() throws {
        for number in (1..<60).reversed() {
            for packing in ["", ".gz"] {
                let from = "\(log).\(number)\(packing)"
                guard FileManager.default.fileExists(atPath: from) else { continue }
                try FileManager.default.moveItem(
                    atPath: from, toPath: "\(log).\(number + 1)\(packing)")
            }
        }
    }

    /// gzip keeps the time of the last writing, and takes the plain file away when it is done.
    private func compress(_ number: Int) throws {
        guard FileManager.default.fileExists(atPath: "\(log).\(number)") else { return }
        _ = try Tool.output(of: ["gzip", "\(log).\(number)"])
    }
}
