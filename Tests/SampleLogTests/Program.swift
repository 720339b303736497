// SPDX-License-Identifier: Apache-2.0

import Foundation

/// The built program, run as a user runs it.
enum Program {
    /// What one run printed, and how it ended.
    struct Run {
        var status: Int32
        var output: Data
        var errors: String

        var text: String { String(decoding: output, as: UTF8.self) }

        func report() throws -> ReportJSON {
            try JSONDecoder().decode(ReportJSON.self, from: output)
        }
    }

    /// The folder that holds `SampleLogs`, found from this file upwards.
    static let root: URL = {
        var folder = URL(fileURLWithPath: #filePath)
        repeat {
            folder.deleteLastPathComponent()
        } while folder.path != "/"
            && !FileManager.default.fileExists(atPath: folder.path + "/SampleLogs/README.md")
        return folder
    }()

    /// `FORKTOPSY_BINARY`, else the one that was built beside the tests.
    static let path: String = {
        if let given = ProcessInfo.processInfo.environment["FORKTOPSY_BINARY"] {
            return URL(fileURLWithPath: given).path
        }
        let tests = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        return URL(fileURLWithPath: tests ?? CommandLine.arguments[0])
            .deletingLastPathComponent().appendingPathComponent("forktopsy").path
    }()

    /// The environment of every run: as little as possible, so that nothing in it can matter.
    static let environment = ["PATH": "/usr/local/bin:/usr/bin:/bin"]

    static func run(
        _ arguments: [String], in folder: URL = root, input: Data = Data(),
        environment: [String: String] = environment
    ) throws -> Run {
        try execute(path, arguments, in: folder, input: input, environment: environment)
    }

    static func execute(
        _ executable: String, _ arguments: [String], in folder: URL, input: Data = Data(),
        environment: [String: String]
    ) throws -> Run {
        try withTemporaryFolder { scratch in
            let files = ["in", "out", "err"].map { scratch.appendingPathComponent($0) }
            try input.write(to: files[0])
            for file in files.dropFirst() { try Data().write(to: file) }
            let process = Process()
            process.executableURL = URL(fileURLWithPath: executable)
            process.arguments = arguments
            process.currentDirectoryURL = folder
            process.environment = environment
            process.standardInput = try FileHandle(forReadingFrom: files[0])
            process.standardOutput = try FileHandle(forWritingTo: files[1])
            process.standardError = try FileHandle(forWritingTo: files[2])
            try process.run()
            process.waitUntilExit()
            // A signal is a status no program returns by itself.
            let crashed = process.terminationReason == .uncaughtSignal
            return Run(
                status: process.terminationStatus + (crashed ? 128 : 0),
                output: try Data(contentsOf: files[1]),
                errors: String(decoding: try Data(contentsOf: files[2]), as: UTF8.self))
        }
    }

    /// A folder that is gone afterwards.
    static func withTemporaryFolder<Result>(_ body: (URL) throws -> Result) throws -> Result {
        let folder = FileManager.default.temporaryDirectory
            .appendingPathComponent("forktopsy-tests-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        return try body(folder)
    }
}

/// The parts of `forktopsy.report/1` that the tests compare.
struct ReportJSON: Decodable {
    var summary: [String: Int]
    var inputs: [Input]
    var incidents: [Incident]
    var losses: Losses

    struct Input: Decodable {
        var path: String
        var kind: String
        var events: Int
    }

    struct Incident: Decodable {
        var kind: String
        var status: String
        var consequences: [String]
        var instance: Instance
        var started_at: String?
        var last_failure_at: String?
        var recovered_at: String?
        var failures: Failures
        var persistence: Persistence
        var causes: [Cause]
    }

    struct Instance: Decodable { var port: Int? }

    struct Failures: Decodable {
        var total: Int?
        var by_operation: [String: Int]
        var by_errno: [String: Int]
    }

    struct Persistence: Decodable { var exposure: String }

    struct Cause: Decodable {
        var id: String
        var role: String
        var verdict: String

        /// Only these two are answers.
        var isClaimed: Bool { verdict == "confirmed" || verdict == "likely" }
    }

    struct Losses: Decodable {
        var damage: [String: Int]
        var notes: [String: Int]

        var isUndamaged: Bool { damage.values.allSatisfy { $0 == 0 } }
    }
}
