// SPDX-License-Identifier: Apache-2.0
internal import Foundation
internal import Generator

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
