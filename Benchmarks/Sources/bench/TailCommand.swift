// SPDX-License-Identifier: Apache-2.0
internal import ArgumentParser
internal import Foundation
internal import Generator

struct TailCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tail",
        abstract: "Following: time from append to report, idle cost, and a storm.")

    @OptionGroup var common: CommonOptions

    @Option(help: "Where the plot of memory in the storm is written.")
    var plot = "docs/tail-memory.svg"

    @Option(help: "Minutes of storm.")
    var minutes = 1.0

    @Option(help: "Lines a second in the storm.")
    var lines = 500_000

    @Option(help: "Only these parts: latency, idle, storm.")
    var parts: String?

    func run() throws {
        let wanted = parts.map { Set($0.split(separator: ",").map(String.init)) }
        let does: (String) -> Bool = { wanted?.contains($0) ?? true }
        var results = Results(
            title: common.quick ? "Following, small" : "Following", machine: machine(),
            versions: Commands.versions(binary: common.binary), seed: common.seed,
            rounds: 1, names: [:])
        let files = try InputFiles(folder: common.data + "/tail")
        if does("latency") {
            try Latency(binary: common.binary, files: files)
                .measure(appends: common.quick ? 200 : 2000, into: &results)
        }
        if does("idle") {
            try Idle(binary: common.binary, files: files)
                .measure(seconds: common.quick ? 10 : 120, into: &results)
        }
        if does("storm") {
            let seconds = common.quick ? 10 : minutes * 60
            let storm = Storm(
                binary: common.binary, files: files, seed: common.seed, perSecond: lines)
            try storm.measure(seconds: seconds, plot: plot, into: &results)
        }
        print(results.markdown)
        let name = common.quick ? "tail-quick" : "tail"
        print("written: " + (try results.write(to: common.results, name: name)))
    }
}

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

    func waitUntilEnd() { processes[0].waitUntilExit() }

    deinit { for process in processes where process.isRunning { process.terminate() } }
}

/// The time from an append to the line that tells of it, beside `tail -F | rg --line-buffered`.
struct Latency {
    let binary: String
    let files: InputFiles

    func measure(appends: Int, into results: inout Results) throws {
        let paths = ["own.log", "peer.log"].map { files.path($0) }
        for path in paths { try Data().write(to: URL(fileURLWithPath: path)) }
        let state = files.path("latency-state")
        try? FileManager.default.removeItem(atPath: state)
        let patterns = try files.write(Union.fileText, to: "patterns")
        let own = try Companion([
            [
                binary, "tail", "--state", state, "--from-end", "--no-server", "--format",
                "jsonl", paths[0],
            ]
        ])
        let peer =
            Launcher.has("rg")
            ? try Companion([
                ["tail", "-n0", "-F", paths[1]],
                ["rg", "--line-buffered", "--no-unicode", "-f", patterns],
            ]) : nil
        Thread.sleep(forTimeInterval: 2)
        let handles = try paths.map { path in
            guard let handle = FileHandle(forWritingAtPath: path) else {
                throw BenchError("cannot write \(path)")
            }
            return handle
        }
        var random = RandomSource(seed: 1)
        var clock = LogClock()
        var times: [[Double]] = [[], []]
        for append in 0..<appends {
            for (place, reader) in [own, peer].enumerated() {
                guard let reader else { continue }
                Thread.sleep(forTimeInterval: 0.003 + Double(random.below(5000)) / 1e6)
                clock.advance(1000 + append % 7)
                var line = ByteBuffer()
                line.text("1000:M ")
                clock.stamp(&line)
                let stamp = String(decoding: line.bytes.dropFirst(7), as: UTF8.self)
                line.text(" # Can't save in background: fork: Cannot allocate memory\n")
                let start = now()
                try handles[place].write(contentsOf: line.bytes)
                guard reader.waits(for: stamp) else {
                    throw BenchError("a reader ended, or does not tell of a line")
                }
                times[place].append((now() - start) * 1000)
            }
        }
        own.end()
        peer?.end()
        report(times, into: &results)
    }

    private func report(_ times: [[Double]], into results: inout Results) {
        let ours = Spread(times[0])
        let p99 = percentile(times[0], 0.99)
        results.rows += [
            Row(
                "L1", "append to report, median", against: "", mustHold: 1, goFor: 0.5,
                unit: " ms", measured: ours, notes: ["\(times[0].count) appends"]),
            Row(
                "L2", "the same, 99 of 100", against: "", mustHold: 10, goFor: 5, unit: " ms",
                measured: Spread([p99])),
        ]
        guard !times[1].isEmpty else { return }
        let theirs = Spread(times[1])
        results.rows.append(
            Row(
                "L3", "median, by turns with", against: "`tail -F \\| rg --line-buffered`",
                mustHold: 4, goFor: 2, measured: Spread([ours.median / theirs.median]),
                notes: [
                    "the peer: median \(short(theirs.median)) ms, 99 of 100 within "
                        + "\(short(percentile(times[1], 0.99))) ms"
                ]))
    }
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

/// What following a thousand quiet files costs.
struct Idle {
    let binary: String
    let files: InputFiles

    func measure(seconds: Double, into results: inout Results) throws {
        let folder = files.path("quiet")
        try FileManager.default.createDirectory(
            atPath: folder, withIntermediateDirectories: true)
        for number in 0..<1000 {
            try Data("\(1000 + number):M 01 Jan 2025 00:00:00.557 * DB saved on disk\n".utf8)
                .write(to: URL(fileURLWithPath: "\(folder)/redis-\(number).log"))
        }
        for samples in [true, false] {
            let state = files.path("idle-state-\(samples)")
            try? FileManager.default.removeItem(atPath: state)
            let program = try Companion(
                [
                    [binary, "tail", "--state", state, "--from-end", "--no-server"]
                        + (samples ? [] : ["--no-samples"]) + [folder]
                ], isSilent: true)
            // Until all are opened and the state is saved.
            Thread.sleep(forTimeInterval: 6)
            let start = now()
            let before = ProcessUse(pid: program.pid)
            Thread.sleep(forTimeInterval: seconds)
            let after = ProcessUse(pid: program.pid)
            let elapsed = now() - start
            program.end()
            guard let before, let after else { throw BenchError("tail has ended") }
            let share = 100 * (after.cpu - before.cpu) / elapsed
            let beats = Double(after.wakeUps - before.wakeUps) * 60 / elapsed
            let name = samples ? "1,000 quiet files" : "the same with --no-samples"
            results.rows += [
                Row(
                    samples ? "I1" : "I3", "\(name), CPU of one core", against: "",
                    mustHold: 0.1, goFor: 0.02, unit: " %", measured: Spread([share]),
                    notes: [
                        "over \(Int(elapsed)) s; \(short(Double(after.resident) / 1_048_576)) MiB"
                    ]),
                Row(
                    samples ? "I2" : "I4", "\(name), wake-ups a minute", against: "",
                    mustHold: 10, goFor: 4, measured: Spread([beats])),
            ]
        }
    }
}

/// A server that writes as fast as it is told to, its log rotated all the while.
struct Storm {
    let binary: String
    let files: InputFiles
    let seed: UInt64
    let perSecond: Int

    private static let idle = 5.0
    /// When a log is rotated, and how many rotated ones stay: what the reader may lag behind.
    private static let rotation = 256 << 20
    private static let kept = 8

    func measure(seconds: Double, plot: String, into results: inout Results) throws {
        let state = files.path("storm-state")
        let folder = files.path("storm")
        for path in [state, folder] { try? FileManager.default.removeItem(atPath: path) }
        try FileManager.default.createDirectory(
            atPath: folder, withIntermediateDirectories: true)
        let path = folder + "/redis.log"
        try Data().write(to: URL(fileURLWithPath: path))
        let program = try Companion(
            [
                [
                    binary, "tail", "--state", state, "--from-start", "--no-server", "--events",
                    "none", "--format", "jsonl", "--until-idle", String(Int(Self.idle)), path,
                ]
            ], isSilent: true)
        Thread.sleep(forTimeInterval: 1)

        var options = GeneratorOptions(seed: seed, bytes: Int.max / 2)
        options.incidentRate = 0.001
        options.attempts = 800
        var log = RotatedLog(path: path, keeps: Self.kept, limit: Self.rotation)
        var memory: [Plot.Point] = []
        var peak = 0
        let start = now()
        let truth = try Self.write(
            options, for: seconds, perSecond: perSecond, to: { try log.append($0) },
            each: {
                guard let use = ProcessUse(pid: program.pid) else { return }
                memory.append(Plot.Point(x: now() - start, y: Double(use.resident) / 1_048_576))
                peak = max(peak, use.peak)
            })
        let written = now() - start
        var cpu = 0.0
        while program.isRunning {
            if let use = ProcessUse(pid: program.pid) {
                (peak, cpu) = (max(peak, use.peak), use.cpu)
                memory.append(Plot.Point(x: now() - start, y: Double(use.resident) / 1_048_576))
            }
            Thread.sleep(forTimeInterval: 0.2)
        }
        program.waitUntilEnd()
        let lag = now() - start - written - Self.idle
        try? FileManager.default.removeItem(atPath: folder)
        try Plot([
            Plot.Panel(
                title: "Memory of tail in a storm", xLabel: "seconds", yLabel: "MiB",
                points: Self.thinned(memory), isLinear: true)
        ]).svg.write(toFile: plot, atomically: true, encoding: .utf8)
        try report(
            truth, seconds: written, lag: lag, peak: peak, cpu: cpu, state: state, into: &results)
    }

    /// Writes at an even pace, and calls `each` twice a second.
    private static func write(
        _ options: GeneratorOptions, for seconds: Double, perSecond: Int,
        to sink: ([UInt8]) throws -> Void, each: () -> Void
    ) throws -> Truth {
        var log = RedisLog(options)
        let start = now()
        var next = 0.0
        try log.write(while: { now() - start < seconds }) { bytes, truth in
            try sink(bytes)
            if now() - start >= next {
                each()
                next = now() - start + 0.5
            }
            let ahead = Double(truth.lines) / Double(perSecond) - (now() - start)
            if ahead > 0 { Thread.sleep(forTimeInterval: ahead) }
        }
        return log.truth
    }

    private static func thinned(_ points: [Plot.Point]) -> [Plot.Point] {
        let step = max(1, points.count / 300)
        return points.enumerated().filter { $0.offset % step == 0 }.map(\.element)
    }

    private func report(
        _ truth: Truth, seconds: Double, lag: Double, peak: Int, cpu: Double, state: String,
        into results: inout Results
    ) throws {
        let output = files.path("stored.json")
        _ = try Launcher(folder: files.folder).run(
            Command("incidents", [binary, "incidents", "--state", state, "--format", "json"]),
            output: output)
        let report = try ReportFigures(output)
        let wrong = report.disagreements(with: truth, plain: false).filter {
            !$0.hasPrefix("records")
        }
        let rate = Double(truth.lines) / seconds
        results.rows += [
            Row(
                "S1", "storm, lines written a second", against: "", mustHold: 500_000,
                goFor: 500_000, isFloor: true, measured: Spread([rate]),
                notes: [
                    "\(truth.lines) lines, \(truth.bytes >> 20) MiB, \(truth.incidents) incidents "
                        + "with \(truth.forkFailures) refused forks in \(short(seconds)) s",
                    "\(short(cpu * 1e9 / Double(truth.lines))) ns of CPU a line",
                    "a rate below the bound may be the generator's, which shares the machine",
                ]),
            Row(
                "S2", "figures that are not the truth", against: "", mustHold: 0, goFor: 0,
                measured: Spread([Double(wrong.count)]), notes: wrong),
            Row(
                "S3", "seconds behind the last line", against: "", mustHold: 5, goFor: 1,
                unit: " s", measured: Spread([lag])),
            Row(
                "S4", "peak memory in the storm", against: "", mustHold: 24, goFor: 16,
                unit: " MiB", measured: Spread([Double(peak) / 1_048_576])),
        ]
    }
}

/// A log that is renamed when it is long enough, as logrotate does with `create`.
private struct RotatedLog {
    let path: String
    let keeps: Int
    let limit: Int
    private var size = 0
    private var handle: FileHandle?

    init(path: String, keeps: Int, limit: Int) {
        self.path = path
        self.keeps = keeps
        self.limit = limit
    }

    mutating func append(_ bytes: [UInt8]) throws {
        if handle == nil || size >= limit { try rotate() }
        try handle?.write(contentsOf: bytes)
        size += bytes.count
    }

    private mutating func rotate() throws {
        if handle != nil {
            try handle?.close()
            try? FileManager.default.removeItem(atPath: "\(path).\(keeps)")
            for number in stride(from: keeps - 1, through: 1, by: -1) {
                try? FileManager.default.moveItem(
                    atPath: "\(path).\(number)", toPath: "\(path).\(number + 1)")
            }
            try FileManager.default.moveItem(atPath: path, toPath: path + ".1")
            try Data().write(to: URL(fileURLWithPath: path))
        }
        size = 0
        handle = FileHandle(forWritingAtPath: path)
        guard handle != nil else { throw BenchError("cannot write \(path)") }
    }
}
