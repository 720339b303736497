// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport

/// What the tests of following need: folders, the built program, a seeded generator.
enum Workshop {
    /// The inputs of every sample, by the sample's name.
    static let samples: [String] = {
        let names = try? FileManager.default.contentsOfDirectory(
            atPath: Checkout.path + "/SampleLogs")
        return (names ?? []).sorted().filter {
            FileManager.default.fileExists(atPath: Checkout.path + "/SampleLogs/\($0)/inputs")
        }
    }()

    static func inputs(of sample: String) -> String {
        Checkout.path + "/SampleLogs/\(sample)/inputs"
    }

    /// All files of the samples that are no archives.
    static let logs: [String] = samples.flatMap { sample -> [String] in
        let names = try? FileManager.default.contentsOfDirectory(atPath: inputs(of: sample))
        return (names ?? []).sorted().filter { !$0.hasSuffix(".gz") }
            .map { inputs(of: sample) + "/" + $0 }
    }

    /// Starts the program; its output goes to `output`, or nowhere.
    static func start(_ arguments: [String], output: String? = nil) throws -> Process {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: Program.path)
        process.arguments = arguments
        process.environment = Program.environment
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

    /// The incidents of a report in JSON, and its inputs.
    static func report(_ arguments: [String]) throws -> (incidents: NSArray, inputs: NSArray) {
        let run = try Program.run(arguments + ["--format", "json"])
        let object = try JSONSerialization.jsonObject(with: run.output) as? NSDictionary
        return (
            object?["incidents"] as? NSArray ?? [], object?["inputs"] as? NSArray ?? []
        )
    }
}
