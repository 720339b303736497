// SPDX-License-Identifier: Apache-2.0
// Nothing is lost and nothing counts twice, however the log is rotated and whenever tail is killed.

import Foundation
import TestSupport
import Testing

struct FaultTests {
    /// `FORKTOPSY_FAULT_RUNS` makes it as many as time allows (`make faults-live RUNS=1000`).
    static let runs = number("FORKTOPSY_FAULT_RUNS") ?? 8
    /// The first seed, to go on where another run has ended, or to try one again.
    static let first = number("FORKTOPSY_FAULT_SEED") ?? 0

    private static func number(_ name: String) -> Int? {
        ProcessInfo.processInfo.environment[name].flatMap { Int($0) }
    }

    @Test(arguments: first..<first + runs)
    func `Rotated in every way and killed at any instant, every line counts once`(
        seed: Int
    ) throws {
        try withTemporaryFolder { folder in
            let logs = folder + "/log"
            try FileManager.default.createDirectory(
                atPath: logs, withIntermediateDirectories: true)
            var drivers = [RotationDriver(folder: logs, seed: seed)]
            // Another server's log beside it.
            if seed % 6 == 5 {
                drivers.append(
                    RotationDriver(folder: logs, seed: seed + 1, name: "redis-6380", pid: 14020))
            }
            func some(_ number: Int) -> Int { number % drivers.count }
            let isFolder = drivers[0].below(2) == 0 && !drivers.contains(where: \.isLink)
            let targets = isFolder ? [logs] : drivers.map(\.log)
            let arguments = ["tail", "--state", folder + "/state", "--from-start"] + targets
            var tail = try Workshop.start(arguments)
            for round in 0..<30 {
                let i = some(round)
                switch drivers[0].below(20) {
                case 0..<10:
                    try drivers[i].write(
                        1 + drivers[i].below(30), isSplit: drivers[i].below(3) == 0)
                case 10..<13: try drivers[i].rotate()
                case 13..<17:
                    kill(tail.processIdentifier, SIGKILL)
                    tail.waitUntilExit()
                    for _ in 0..<drivers[i].below(4) {
                        try drivers[i].write(
                            1 + drivers[i].below(6), isSplit: drivers[i].below(3) == 0)
                        if drivers[i].below(2) == 0 { try drivers[i].rotate() }
                    }
                    tail = try Workshop.start(arguments)
                default: usleep(UInt32(drivers[0].below(60_000)))
                }
            }
            for i in drivers.indices { try drivers[i].write(2) }
            kill(tail.processIdentifier, SIGKILL)
            tail.waitUntilExit()
            _ = try Program.run(arguments + ["--until-idle", "0.3"])
            let stored = try Workshop.report(["incidents", "--state", folder + "/state"])
            if let place = ProcessInfo.processInfo.environment["FORKTOPSY_FAULT_KEEP"] {
                try FileManager.default.copyItem(atPath: folder, toPath: "\(place)/\(seed)")
            }
            #expect(stored.incidents.count == drivers.count { $0.refusals > 0 })
            #expect(total(stored.incidents) == drivers.reduce(0) { $0 + $1.refusals })
            #expect(
                sum(stored.inputs, "lines") == drivers.reduce(0) { $0 + $1.lines + $1.splits })
        }
    }

    @Test func `Logs of servers that share a stem are no parts of one another`() throws {
        try withTemporaryFolder { folder in
            for (name, pid, count) in [
                ("redis.log", 100, 3), ("redis-6380.log", 200, 4), ("redis-6381.log", 300, 5),
            ] {
                let lines = (0..<count).map {
                    "\(pid):M 22 Nov 2026 10:00:0\($0).000 # Can't save in background: fork: "
                        + "Cannot allocate memory\n"
                }
                try FileManager.default.createDirectory(
                    atPath: folder + "/log", withIntermediateDirectories: true)
                try Data(lines.joined().utf8).write(
                    to: URL(fileURLWithPath: folder + "/log/" + name))
            }
            // And one of which only the rotated part is there.
            let last = "400:M 22 Nov 2026 10:00:00.000 # Can't save in background: fork: Cannot "
            try Data((last + "allocate memory\n").utf8).write(
                to: URL(fileURLWithPath: folder + "/log/valkey.log.1"))
            _ = try Program.run(
                [
                    "tail", "--state", folder + "/state", "--until-idle", "0.2",
                    folder + "/log",
                ])
            let stored = try Workshop.report(["incidents", "--state", folder + "/state"])
            let totals = stored.incidents.map { incident in
                ((incident as? NSDictionary)?["failures"] as? NSDictionary)?["total"] as? Int ?? 0
            }
            #expect(totals.sorted() == [1, 3, 4, 5])
        }
    }

    @Test(arguments: [1, 6, 30, 60])
    func `The first half of a line may be all of the part before`(length: Int) throws {
        try withTemporaryFolder { folder in
            let lines = [1, 2].map { second in
                "7:M 22 Nov 2026 10:00:0\(second).000 # Can't save in background: fork: Cannot "
                    + "allocate memory\n"
            }
            let text = Data(lines.joined().utf8)
            let log = folder + "/redis.log"
            try text.prefix(length).write(to: URL(fileURLWithPath: log + ".1"))
            try text.dropFirst(length).write(to: URL(fileURLWithPath: log))
            _ = try Program.run(
                [
                    "tail", "--state", folder + "/state", "--from-start", "--until-idle", "0.1",
                    log,
                ])
            let stored = try Workshop.report(["incidents", "--state", folder + "/state"])
            #expect(total(stored.incidents) == 2)
        }
    }

    @Test func `A part that was packed with a time of whole seconds is read`() throws {
        try withTemporaryFolder { folder in
            let log = folder + "/redis.log"
            func line(_ second: Int) -> Data {
                Data(
                    ("7:M 22 Nov 2026 10:00:0\(second).000 # Can't save in background: fork: Cannot "
                        + "allocate memory\n").utf8)
            }
            let arguments = ["tail", "--state", folder + "/state", "--until-idle", "0.1", log]
            try line(1).write(to: URL(fileURLWithPath: log))
            _ = try Program.run(arguments)
            // Two rotations while nobody looks; bzip2 and lz4 keep the seconds of the time.
            try (line(1) + line(2)).write(to: URL(fileURLWithPath: log + ".2"))
            try line(3).write(to: URL(fileURLWithPath: log + ".1"))
            let state = try FileManager.default.attributesOfItem(atPath: log)
            let written = (state[.modificationDate] as? Date) ?? Date()
            let seconds = Date(timeIntervalSince1970: written.timeIntervalSince1970.rounded(.down))
            for part in [log + ".1", log + ".2"] {
                try FileManager.default.setAttributes(
                    [.modificationDate: seconds], ofItemAtPath: part)
            }
            try FileManager.default.removeItem(atPath: log)
            try line(4).write(to: URL(fileURLWithPath: log))
            _ = try Program.run(arguments)
            let stored = try Workshop.report(["incidents", "--state", folder + "/state"])
            #expect(total(stored.incidents) == 4)
        }
    }

    /// What happens to a log of five lines while nobody follows it, and how many lines there were.
    struct Absence: Sendable {
        var name: String
        var total: Int
        /// Numbers of lines by file, in the order in which they are written; a number below 0 is an
        /// age in seconds that the file then gets.
        var files: [(String, [Int])]
        var packing: [String] = []
    }

    static let absences = [
        Absence(
            name: "a part that grew after it was finished, then packed", total: 9,
            files: [("redis.log.1", Array(1...7)), ("redis.log", [8, 9])],
            packing: ["gzip", "redis.log.1"]),
        Absence(
            name: "a clock that was set back", total: 9,
            files: [
                ("redis.log.2", Array(1...6)), ("redis.log.1", [7, 8, -7200]), ("redis.log", [9]),
            ]),
        Absence(
            name: "a part that begins with the line that another one is", total: 11,
            files: [
                ("redis.log.3", Array(1...5)), ("redis.log.2", [5]), ("redis.log.1", [5, 6, 7]),
                ("redis.log", [8, 9]),
            ]),
    ]

    @Test(arguments: absences.indices)
    func `What was written while nobody looked is read once`(index: Int) throws {
        let absence = Self.absences[index]
        try withTemporaryFolder { folder in
            let log = folder + "/log/redis.log"
            try FileManager.default.createDirectory(
                atPath: folder + "/log", withIntermediateDirectories: true)
            let arguments = ["tail", "--state", folder + "/state", "--until-idle", "0.1", log]
            try Self.lines(Array(1...5)).write(to: URL(fileURLWithPath: log))
            _ = try Program.run(arguments)
            let first = absence.files[0]
            try FileManager.default.moveItem(atPath: log, toPath: "\(folder)/log/\(first.0)")
            for (name, numbers) in absence.files {
                let path = "\(folder)/log/\(name)"
                let text = Self.lines(numbers.filter { $0 > 0 })
                if name == first.0, let handle = FileHandle(forWritingAtPath: path) {
                    try handle.write(contentsOf: text)
                    try handle.close()
                } else {
                    try text.write(to: URL(fileURLWithPath: path))
                }
                if let age = numbers.first(where: { $0 < 0 }) {
                    try FileManager.default.setAttributes(
                        [.modificationDate: Date(timeIntervalSinceNow: Double(age))],
                        ofItemAtPath: path)
                }
            }
            if let tool = absence.packing.first {
                _ = try Tool.output(of: [tool, "\(folder)/log/\(absence.packing[1])"])
            }
            _ = try Program.run(arguments)
            let stored = try Workshop.report(["incidents", "--state", folder + "/state"])
            #expect(total(stored.incidents) == absence.total, "\(absence.name)")
        }
    }

    @Test func `A part that nothing here unpacks is told of`() throws {
        try withTemporaryFolder { folder in
            let log = folder + "/redis.log"
            try Self.lines([1]).write(to: URL(fileURLWithPath: log))
            try Data([0x5D, 0, 0, 0x80, 0]).write(to: URL(fileURLWithPath: log + ".1.lzma"))
            let run = try Program.run([
                "tail", "--state", folder + "/state", "--from-start", "--until-idle", "0.1", log,
            ])
            #expect(run.status == 1)
            #expect(run.errors.contains("redis.log.1.lzma: packed in a way that is not read"))
        }
    }

    /// Refusals, each with its number as its second.
    private static func lines(_ numbers: [Int]) -> Data {
        Data(
            numbers.map {
                "7:M 22 Nov 2026 10:00:\($0 < 10 ? "0" : "")\($0).000 # Can't save in background: "
                    + "fork: Cannot allocate memory\n"
            }.joined().utf8)
    }

    @Test func `A longer copy in the place of a log is read on, once`() throws {
        try withTemporaryFolder { folder in
            let (log, output) = (folder + "/redis.log", folder + "/out")
            func line(_ second: Int) -> String {
                "7:M 22 Nov 2026 10:00:0\(second).000 # Can't save in background: fork: Cannot "
                    + "allocate memory\n"
            }
            let text = (1...5).map(line).joined()
            try Data(text.utf8).write(to: URL(fileURLWithPath: log))
            let tail = try Workshop.start(
                [
                    "tail", "--state", folder + "/state", "--until-idle", "1", "--format", "jsonl",
                    log,
                ], output: output)
            // What was read is told before it is replaced.
            while try tail.isRunning
                && !String(contentsOfFile: output, encoding: .utf8)
                    .contains("\"opened\"")
            { usleep(5000) }
            try Data((text + line(6)).utf8).write(to: URL(fileURLWithPath: log + ".copy"))
            _ = try Program.execute("/bin/mv", [log + ".copy", log])
            tail.waitUntilExit()
            #expect(tail.terminationStatus == 1)
            let stored = try Workshop.report(["incidents", "--state", folder + "/state"])
            #expect(total(stored.incidents) == 6)
        }
    }

    private func total(_ incidents: NSArray) -> Int {
        incidents.reduce(0) { sum, incident in
            let failures = (incident as? NSDictionary)?["failures"] as? NSDictionary
            return sum + (failures?["total"] as? Int ?? 0)
        }
    }

    private func sum(_ inputs: NSArray, _ member: String) -> Int {
        inputs.reduce(0) { $0 + (($1 as? NSDictionary)?[member] as? Int ?? 0) }
    }
}
