// SPDX-License-Identifier: Apache-2.0
internal import Foundation

/// A command as it is run: a program and its arguments, without a shell.
struct Command {
    let name: String
    let arguments: [String]

    init(_ name: String, _ arguments: [String]) {
        self.name = name
        self.arguments = arguments
    }

    /// As one would type it.
    var text: String {
        arguments.map { word in
            let plain = word.allSatisfy {
                $0.isASCII && ($0.isLetter || $0.isNumber || "-_./=:,@%".contains($0))
            }
            return plain && !word.isEmpty
                ? word : "'" + word.replacingOccurrences(of: "'", with: #"'\''"#) + "'"
        }.joined(separator: " ")
    }
}

/// What one run of a command took.
struct Figures {
    /// Seconds from start to end.
    var wall: Double
    /// Seconds of user and system time, of the process and the children that it waited for.
    var cpu: Double
    /// Bytes of the largest process.
    var peak: Int
    var status: Int
    /// Seconds until the first byte of output; nil where nobody looked or none came.
    var firstByte: Double?
}

/// Runs commands through the small program `launch`, one at a time.
struct Launcher {
    let folder: String
    private let launch: String

    init(folder: String) {
        self.folder = folder
        let own = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
        launch = own.deletingLastPathComponent().appendingPathComponent("launch").path
    }

    /// Runs `command` with its output in `output`; `timed` tells when its first byte came.
    func run(_ command: Command, output: String, timed: Bool = false) throws -> Figures {
        let figures = "\(folder)/figures"
        let process = Process()
        process.executableURL = URL(fileURLWithPath: launch)
        process.arguments = [figures, (timed ? "|" : "") + output] + command.arguments
        process.standardInput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        guard process.terminationStatus == 0,
            let text = try? String(contentsOfFile: figures, encoding: .utf8)
        else { throw BenchError("could not run: \(command.text)") }
        let numbers = text.split(whereSeparator: \.isWhitespace).compactMap { Double($0) }
        guard numbers.count == 6, numbers[4] != 127 else {
            throw BenchError("could not run: \(command.text)")
        }
        return Figures(
            wall: numbers[0] / 1e9, cpu: (numbers[1] + numbers[2]) / 1e6,
            peak: Int(numbers[3]) * 1024, status: Int(numbers[4]),
            firstByte: numbers[5] < 0 ? nil : numbers[5] / 1e9)
    }

    /// What a command prints, of both its outputs, and its exit code. For what is not measured.
    static func text(_ arguments: [String]) -> (text: String, status: Int32)? {
        let process = Process()
        let pipe = Pipe()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = arguments
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = pipe
        process.standardError = pipe
        guard (try? process.run()) != nil else { return nil }
        let data = pipe.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return (String(decoding: data, as: UTF8.self), process.terminationStatus)
    }

    static func has(_ program: String) -> Bool {
        text(["sh", "-c", "command -v \"$1\"", "sh", program])?.status == 0
    }
}
