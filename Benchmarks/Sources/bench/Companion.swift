// SPDX-License-Identifier: Apache-2.0
internal import Foundation

/// Seconds of a clock that only goes forward.
func now() -> Double { Double(DispatchTime.now().uptimeNanoseconds) / 1e9 }

/// A program that runs beside the measurement and is ended with it.
final class Companion {
    // A class since it owns a process, which it ends when it goes.
    private let processes: [Process]
    private let output: FileHandle?
    private var rest = Data()

    var pid: Int32 { processes[0].processIdentifier }
    var isRunning: Bool { processes[0].isRunning }

    /// Starts commands of which each reads what the one before writes. What the last one writes can
    /// be read line by line, unless it `isSilent`.
    init(_ commands: [[String]], isSilent: Bool = false) throws {
        var processes: [Process] = []
        var input: Pipe?
        for command in commands {
            let process = Process()
            process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
            process.arguments = command
            process.standardError = FileHandle.nullDevice
            if let input {
                process.standardInput = input
            } else {
                process.standardInput = FileHandle.nullDevice
            }
            if isSilent {
                process.standardOutput = FileHandle.nullDevice
            } else {
                let pipe = Pipe()
                process.standardOutput = pipe
                input = pipe
            }
            try process.run()
            processes.append(process)
        }
        self.processes = processes
        output = isSilent ? nil : input?.fileHandleForReading
    }

    /// Waits until a line of output holds `text`; false when the program has ended before.
    func waits(for text: String) -> Bool {
        let wanted = Data(text.utf8)
        guard let output else { return false }
        while true {
            if let found = rest.range(of: wanted) {
                rest = Data(rest[found.upperBound...])
                return true
            }
            let more = output.availableData
            if more.isEmpty { return false }
            // The end of what was looked through may hold the beginning of what is looked for.
            rest = Data(rest.suffix(wanted.count)) + more
        }
    }

    func end() {
        for process in processes where process.isRunning { process.terminate() }
        for process in processes { process.waitUntilExit() }
    }

    deinit { for process in processes where process.isRunning { process.terminate() } }
}

/// What a process has used so far, as /proc tells.
struct ProcessUse {
    /// Seconds on a processor.
    var cpu = 0.0
    /// How often a thread of it gave up the processor to wait.
    var wakeUps = 0
    /// Bytes in memory, now and at most.
    var resident = 0
    var peak = 0

    /// Nil when the process is gone.
    init?(pid: Int32) {
        guard let tasks = try? FileManager.default.contentsOfDirectory(atPath: "/proc/\(pid)/task")
        else { return nil }
        for task in tasks {
            let path = "/proc/\(pid)/task/\(task)"
            let used = try? String(contentsOfFile: path + "/schedstat", encoding: .utf8)
            cpu += (used?.split(separator: " ").first.flatMap { Double($0) } ?? 0) / 1e9
            wakeUps += Self.figure("voluntary_ctxt_switches:", in: path + "/status") ?? 0
        }
        guard let now = Self.figure("VmRSS:", in: "/proc/\(pid)/status") else { return nil }
        resident = now << 10
        peak = (Self.figure("VmHWM:", in: "/proc/\(pid)/status") ?? 0) << 10
    }

    private static func figure(_ name: String, in path: String) -> Int? {
        (try? String(contentsOfFile: path, encoding: .utf8))?.split(separator: "\n")
            .first { $0.hasPrefix(name) }?
            .split(whereSeparator: \.isWhitespace).dropFirst().first.flatMap { Int($0) }
    }
}
