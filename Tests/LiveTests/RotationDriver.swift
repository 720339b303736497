// SPDX-License-Identifier: Apache-2.0

import Foundation

/// Writes a server's log as a server does, rotates it in every way, and keeps count.
struct RotationDriver {
    let folder: String
    private(set) var lines = 0
    private(set) var refusals = 0
    private var clock = 1_795_000_000_000
    private var random: Seeded

    var log: String { folder + "/redis.log" }

    init(folder: String, seed: Int) {
        self.folder = folder
        random = Seeded(seed)
    }

    mutating func below(_ limit: Int) -> Int { Int.random(in: 0..<limit, using: &random) }

    /// A server opens its log for each line.
    mutating func write(_ count: Int) throws {
        for _ in 0..<count {
            let line = Array(next().utf8)
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
        guard (try? files.attributesOfItem(atPath: log)[.size] as? Int) ?? 0 > 0 else { return }
        try shift()
        if below(2) == 0 {
            try files.copyItem(atPath: log, toPath: log + ".1")
            try FileHandle(forWritingAtPath: log)?.truncate(atOffset: 0)
        } else {
            try files.moveItem(atPath: log, toPath: log + ".1")
            if below(2) == 0 { _ = files.createFile(atPath: log, contents: nil) }
        }
        if below(2) == 0 { try compress() }
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
    private func compress() throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["gzip", log + ".1"]
        try process.run()
        process.waitUntilExit()
    }
}
