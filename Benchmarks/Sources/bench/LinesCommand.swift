// SPDX-License-Identifier: Apache-2.0
internal import ArgumentParser
internal import Foundation
internal import Generator

struct LinesCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "lines",
        abstract: "What a line costs, by its kind; and by the stage, where perf is installed.")

    @OptionGroup var common: CommonOptions

    func run() throws {
        var results = Results(
            title: "What a line costs", machine: machine(), versions: [], seed: common.seed,
            rounds: common.rounds, names: [:])
        let files = try InputFiles(folder: common.data)
        results.sections.append(try kinds(files))
        if let stages = try stages(files) { results.sections.append(stages) }
        print(results.markdown)
        print("written: " + (try results.write(to: common.results, name: "lines")))
    }

    private func kinds(_ files: InputFiles) throws -> String {
        let launcher = Launcher(folder: common.data)
        let empty = try files.write("1000:M 01 Jan 2025 00:00:00.000 * Ready\n", to: "one.log")
        let program: (String) -> [String] = {
            [common.binary, "analyze", "--format", "json", "--quiet", $0]
        }
        let start = try launcher.paired(
            [Command("start", program(empty))], rounds: common.rounds
        ) { _, _, _ in }.spread(\.cpu, of: 0).median
        var out =
            "## By its kind\n\nCPU without that of the start, of logs with one kind of line.\n\n"
        out += "| line | bytes | `cat` ns | `wc -l` ns | forktopsy ns |\n|---|---|---|---|---|\n"
        for kind in LineKind.all {
            let input = try kind.make(files, bytes: common.quick ? 16 << 20 : 128 << 20)
            let paired = try launcher.paired(
                [
                    Command("forktopsy", program(input.path)), Command("cat", ["cat", input.path]),
                    Command("wc", ["wc", "-l", input.path]),
                ], rounds: common.rounds
            ) { _, _, _ in }
            let lines = Double(input.truth.lines)
            let costs = (0..<3).map { place in
                let cpu = paired.spread(\.cpu, of: place).median - (place == 0 ? start : 0)
                return short(max(0, cpu) * 1e9 / lines)
            }
            out += "| \(kind.name) | \(input.truth.bytes / input.truth.lines) "
            out += "| \(costs[1]) | \(costs[2]) | \(costs[0]) |\n"
            files.remove(input)
        }
        return out
    }

    /// Where samples of the processor fall, by the module whose function runs. Functions that were
    /// inlined into another module's count there.
    private func stages(_ files: InputFiles) throws -> String? {
        guard Launcher.has("perf") else { return nil }
        var options = GeneratorOptions(seed: common.seed, bytes: common.quick ? 64 << 20 : 1 << 30)
        options.incidentRate = 0.0001
        let input = try files.log(options)
        let record = files.path("perf.data")
        let output = files.path("output")
        guard
            Launcher.text([
                "perf", "record", "-q", "-F", "1997", "-o", record, "--", common.binary, "analyze",
                "--format", "json", "--output", output, input.path,
            ]) != nil,
            let said = Launcher.text([
                "perf", "report", "-q", "--stdio", "--no-children", "-F", "overhead,dso,symbol",
                "-w", "8,60,200", "-i", record,
            ]), said.status == 0
        else { return nil }
        let timed = try Launcher(folder: common.data).paired(
            [Command("", [common.binary, "analyze", "--format", "json", input.path])], rounds: 3
        ) { _, _, _ in }
        let perLine = timed.spread(\.cpu, of: 0).median * 1e9 / Double(input.truth.lines)
        var shares: [String: Double] = [:]
        for line in said.text.split(separator: "\n") {
            let words = line.split(whereSeparator: \.isWhitespace).map(String.init)
            guard words.count > 2, let share = Double(words[0].dropLast()) else { continue }
            shares[Self.stage(words), default: 0] += share
        }
        guard !shares.isEmpty else { return nil }
        var out = "## By stage\n\nA log of \(Size.text(input.bytes)); "
        out += "\(short(perLine)) ns of CPU for each of its lines.\n\n"
        out += "| where | share | ns a line |\n|---|---|---|\n"
        for (stage, share) in shares.sorted(by: { $0.value > $1.value }) where share >= 0.3 {
            out += "| \(stage) | \(short(share)) % | \(short(perLine * share / 100)) |\n"
        }
        return out
    }

    /// Whose function it is: a module of the program, the kernel, or a library.
    private static func stage(_ words: [String]) -> String {
        let (library, symbol) = (words[1], words.dropFirst(2).joined(separator: " "))
        if library.contains("kernel") { return "the kernel (reading, memory)" }
        let modules = [
            "Reading", "Matching", "Incidents", "Snapshots", "Diagnosis", "Reports", "Model",
            "JSON", "PCRE2", "forktopsy",
        ]
        for module in modules
        where symbol.contains("$s\(module.utf8.count)\(module)") || symbol.contains("\(module).") {
            return module
        }
        for (part, name) in [
            ("swift_re", "Swift: retain and release"), ("swift_", "Swift's runtime"),
            ("$s", "Swift's library"), ("inflate", "zlib"), ("pcre2", "PCRE2's library"),
            ("mem", "C library: memory and search"), ("alloc", "C library: memory and search"),
            ("free", "C library: memory and search"),
        ] where symbol.contains(part) {
            return name
        }
        return library
    }
}

/// A kind of line that logs consist of.
private struct LineKind {
    let name: String
    /// What stands behind `1000:M` and the time, or the whole line without `hasHeader`.
    let texts: [String]
    var hasHeader = true

    static let all = [
        LineKind(name: "`- Accepted`", texts: [" - Accepted 10.0.3.17:51532"]),
        LineKind(
            name: "`- Client closed`",
            texts: [
                " - Client closed connection id=82255791 addr=10.3.26.95:23154 "
                    + "laddr=10.0.3.2:6379 fd=239 name= age=3154 idle=0 flags=N db=0"
            ]),
        LineKind(
            name: "`- DB 0: … keys`",
            texts: [" - DB 0: 10917321 keys (5121 volatile) in 16777216 slots HT."]),
        LineKind(
            name: "`. … clients connected`",
            texts: [" . 590 clients connected (2 replicas), 12191095512 bytes in use"]),
        LineKind(
            name: "`* Partial resynchronization`",
            texts: [
                " * Partial resynchronization request from 10.0.3.2:6379 accepted. Sending "
                    + "99141 bytes of backlog starting from offset 10917321001."
            ]),
        LineKind(
            name: "a save cycle, each of its five lines",
            texts: [
                " * 10000 changes in 60 seconds. Saving...",
                " * Background saving started by pid 450245", " * DB saved on disk",
                " * Fork CoW for RDB: current 12 MB, peak 15 MB, average 9 MB",
                " * Background saving terminated with success",
            ]),
        LineKind(
            name: "an unknown message", texts: [" * A module says that nothing has happened"]),
        LineKind(
            name: "nginx",
            texts: [
                "10.0.3.17 - - [01/Jan/2025:00:00:00 +0000] \"GET /api/v1/items/4711 HTTP/1.1\" "
                    + "200 812 \"-\" \"Mozilla/5.0\""
            ], hasHeader: false),
        LineKind(name: "prose", texts: ["The quick brown fox jumps over it."], hasHeader: false),
    ]

    func make(_ files: InputFiles, bytes: Int) throws -> Input {
        let path = files.path("kind.log")
        let writer = try FileWriter(path)
        var out = ByteBuffer(capacity: 1 << 20)
        var clock = LogClock()
        var truth = Truth()
        let texts = texts.map { Array($0.utf8) }
        while truth.bytes + out.count < bytes {
            for text in texts {
                clock.advance(15)
                if hasHeader {
                    out.text("1000:M ")
                    clock.stamp(&out)
                }
                out.append(text)
                out.byte(0x0A)
                truth.lines += 1
            }
            guard out.count >= 1 << 20 || truth.bytes + out.count >= bytes else { continue }
            truth.bytes += out.count
            try writer.write(out.bytes)
            out.removeAll()
        }
        try writer.close()
        return Input(path: path, truth: truth)
    }
}
