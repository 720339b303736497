// SPDX-License-Identifier: Apache-2.0

import Foundation

/// What the tests of following need: folders, the built program, a seeded generator.
enum Workshop {
    /// The folder that holds `SampleLogs`, found from this file upwards.
    static let root: String = {
        var folder = URL(fileURLWithPath: #filePath)
        repeat {
            folder.deleteLastPathComponent()
        } while folder.path != "/"
            && !FileManager.default.fileExists(atPath: folder.path + "/SampleLogs")
        return folder.path
    }()

    /// The inputs of every sample, by the sample's name.
    static let samples: [String] = {
        let names = try? FileManager.default.contentsOfDirectory(atPath: root + "/SampleLogs")
        return (names ?? []).sorted().filter {
            FileManager.default.fileExists(atPath: root + "/SampleLogs/\($0)/inputs")
        }
    }()

    static func inputs(of sample: String) -> String { root + "/SampleLogs/\(sample)/inputs" }

    /// All files of the samples that are no archives.
    static let logs: [String] = samples.flatMap { sample -> [String] in
        let names = try? FileManager.default.contentsOfDirectory(atPath: inputs(of: sample))
        return (names ?? []).sorted().filter { !$0.hasSuffix(".gz") }
            .map { inputs(of: sample) + "/" + $0 }
    }

    /// `FORKTOPSY_BINARY`, else the one that was built beside the tests.
    static let program: String = {
        if let given = ProcessInfo.processInfo.environment["FORKTOPSY_BINARY"] { return given }
        let tests = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        return URL(fileURLWithPath: tests ?? CommandLine.arguments[0])
            .deletingLastPathComponent().appendingPathComponent("forktopsy").path
    }()

    /// A folder that is gone afterwards.
    static func withFolder<Result>(_ body: (String) throws -> Result) throws -> Result {
        let folder =
            FileManager.default.temporaryDirectory.path
            + "/forktopsy-live-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        return try body(folder)
    }

    /// Starts the program; its output goes to `output`, or nowhere.
    static func start(_ arguments: [String], output: String? = nil) throws -> Process {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: program)
        process.arguments = arguments
        process.environment = ["PATH": "/usr/local/bin:/usr/bin:/bin"]
        process.standardInput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        process.standardOutput = FileHandle.nullDevice
        if let output {
            _ = FileManager.default.createFile(atPath: output, contents: nil)
            process.standardOutput = FileHandle(forWritingAtPath: output)
        }
        try process.run()
        return process
    }

    /// Runs the program to its end; what it printed.
    static func run(_ arguments: [String]) throws -> (status: Int32, output: Data) {
        try withFolder { folder in
            let process = try start(arguments, output: folder + "/out")
            process.waitUntilExit()
            let output = try Data(contentsOf: URL(fileURLWithPath: folder + "/out"))
            return (process.terminationStatus, output)
        }
    }

    /// The incidents of a report in JSON, and its inputs.
    static func report(_ arguments: [String]) throws -> (incidents: NSArray, inputs: NSArray) {
        let run = try run(arguments + ["--format", "json"])
        let object = try JSONSerialization.jsonObject(with: run.output) as? NSDictionary
        return (
            object?["incidents"] as? NSArray ?? [], object?["inputs"] as? NSArray ?? []
        )
    }
}

/// A seeded generator (SplitMix64), so that what failed once fails again.
struct Seeded: RandomNumberGenerator {
    var state: UInt64

    init(_ seed: Int) { state = UInt64(seed) }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}
