// SPDX-License-Identifier: Apache-2.0
internal import Foundation
internal import Generator

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
        // One that is much slower than the storm is not waited for.
        let patience = start + written * 4 + 60
        while program.isRunning, now() < patience {
            if let use = ProcessUse(pid: program.pid) {
                (peak, cpu) = (max(peak, use.peak), use.cpu)
                memory.append(Plot.Point(x: now() - start, y: Double(use.resident) / 1_048_576))
            }
            Thread.sleep(forTimeInterval: 0.2)
        }
        let isThrough = !program.isRunning
        program.end()
        let lag = isThrough ? now() - start - written - Self.idle : .infinity
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
