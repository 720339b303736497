// SPDX-License-Identifier: Apache-2.0
// Programs of the machine that tests compare with, and what to do where they are missing.

import Foundation

enum Tool {
    /// The folder that holds `docs`, found from this file upwards.
    static let root: URL = {
        var folder = URL(fileURLWithPath: #filePath)
        repeat {
            folder.deleteLastPathComponent()
        } while folder.path != "/"
            && !FileManager.default.fileExists(
                atPath: folder.path + "/docs/schema/report.schema.json")
        return folder
    }()

    static var schemaPath: String { root.path + "/docs/schema/report.schema.json" }

    /// What `command` prints when it reads `input`, or `nil` where it cannot be run or fails.
    static func output(of command: [String], input: String) throws -> String? {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = command
        let folder = FileManager.default.temporaryDirectory
        let inputFile = folder.appendingPathComponent("forktopsy-\(UUID().uuidString)")
        try Data(input.utf8).write(to: inputFile)
        defer { try? FileManager.default.removeItem(at: inputFile) }
        let pipe = Pipe()
        process.standardInput = try FileHandle(forReadingFrom: inputFile)
        process.standardOutput = pipe
        process.standardError = FileHandle.nullDevice
        try process.run()
        let data = pipe.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return process.terminationStatus == 0 ? String(decoding: data, as: UTF8.self) : nil
    }

    static let hasJSONSchema: Bool = has(["python3", "-c", "import jsonschema"])
    static let hasCmark: Bool = has(["cmark-gfm", "--version"])

    private static func has(_ command: [String]) -> Bool {
        let found = (try? output(of: command, input: "")).flatMap { $0 } != nil
        if !found {
            print("NOTE: `\(command.joined(separator: " "))` fails here; checks by it are replaced")
        }
        return found
    }
}
