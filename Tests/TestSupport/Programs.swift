// SPDX-License-Identifier: Apache-2.0
// The built program, and the programs of the machine that tests compare with.

package import Foundation

/// What one run printed, and how it ended.
package struct Run: Sendable {
    /// The exit status; 128 and the signal's number where a signal ended it.
    package var status: Int32
    package var output: Data
    package var errors: String

    package var text: String { String(decoding: output, as: UTF8.self) }
}

/// The built program, run as a user runs it.
package enum Program {
    /// `FORKTOPSY_BINARY`, else the one that was built beside the tests.
    package static let path: String = {
        if let given = ProcessInfo.processInfo.environment["FORKTOPSY_BINARY"] {
            return URL(fileURLWithPath: given).path
        }
        let tests = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        return URL(fileURLWithPath: tests ?? CommandLine.arguments[0])
            .deletingLastPathComponent().appendingPathComponent("forktopsy").path
    }()

    /// The environment of every run: as little as possible, so that nothing in it can matter.
    /// What a sanitizer is told, the program is told too.
    package static let environment = ["PATH": "/usr/local/bin:/usr/bin:/bin"].merging(
        ProcessInfo.processInfo.environment.filter { $0.key.hasSuffix("SAN_OPTIONS") }
    ) { path, _ in path }

    package static func run(
        _ arguments: [String], in folder: String = Checkout.path, input: Data = Data(),
        environment: [String: String] = environment
    ) throws -> Run {
        try execute(path, arguments, in: folder, input: input, environment: environment)
    }

    /// Runs any program to its end. Through files, since a pipe that nobody reads would block it.
    package static func execute(
        _ executable: String, _ arguments: [String], in folder: String = Checkout.path,
        input: Data = Data(), environment: [String: String] = environment
    ) throws -> Run {
        try withTemporaryFolder { scratch in
            let files = ["in", "out", "err"].map { URL(fileURLWithPath: "\(scratch)/\($0)") }
            try input.write(to: files[0])
            for file in files.dropFirst() { try Data().write(to: file) }
            let process = Process()
            process.executableURL = URL(fileURLWithPath: executable)
            process.arguments = arguments
            process.currentDirectoryURL = URL(fileURLWithPath: folder)
            process.environment = environment
            process.standardInput = try FileHandle(forReadingFrom: files[0])
            process.standardOutput = try FileHandle(forWritingTo: files[1])
            process.standardError = try FileHandle(forWritingTo: files[2])
            try process.run()
            process.waitUntilExit()
            let isKilled = process.terminationReason == .uncaughtSignal
            return Run(
                status: process.terminationStatus + (isKilled ? 128 : 0),
                output: try Data(contentsOf: files[1]),
                errors: String(decoding: try Data(contentsOf: files[2]), as: UTF8.self))
        }
    }
}

/// A program of the machine.
package enum Tool {
    /// What `command` prints when it reads `input`, or `nil` where it cannot be run or fails.
    package static func output(of command: [String], input: [UInt8] = []) throws -> [UInt8]? {
        let run = try Program.execute(
            "/usr/bin/env", command, input: Data(input),
            environment: ProcessInfo.processInfo.environment)
        return run.status == 0 ? Array(run.output) : nil
    }

    /// Whether `command` works here; says so where it does not.
    package static func has(_ command: [String]) -> Bool {
        if (try? output(of: command)) != nil { return true }
        print("NOTE: `\(command.joined(separator: " "))` fails here; checks by it are left out")
        return false
    }
}
