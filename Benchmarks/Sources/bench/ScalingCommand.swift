// SPDX-License-Identifier: Apache-2.0
internal import ArgumentParser
internal import Foundation
internal import Generator

struct ScalingCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "scaling",
        abstract: "Time and memory against size, events, patterns, servers and files.")

    @OptionGroup var common: CommonOptions

    @Option(help: "Where the plot is written.")
    var plot = "docs/scaling.svg"

    @Option(help: "Only these curves, such as size,patterns.")
    var curves: String?

    func run() throws {
        var scaling = try Scaling(common)
        let wanted = curves.map { Set($0.split(separator: ",").map(String.init)) }
        try scaling.run(wanted)
        print(scaling.results.markdown)
        try Plot(scaling.curves.map(\.panel)).svg.write(
            toFile: plot, atomically: true, encoding: .utf8)
        let name = common.quick ? "scaling-quick" : "scaling"
        print("written: " + (try scaling.results.write(to: common.results, name: name)), plot)
    }
}

/// What grows, and what each step took.
struct Curve {
    struct Step {
        let x: Int
        let cpu: Double
        let peakMiB: Double
        /// What the report says otherwise than it is.
        let wrong: [String]
    }

    let title: String
    let xLabel: String
    var steps: [Step] = []

    /// How the time grows: 1 is in proportion, less is better. Between the steps at the ends, where
    /// the first is not nothing but the start.
    var exponent: Double {
        let growing = steps.filter { $0.x > 0 }
        guard let first = growing.first, let last = growing.last, last.x > first.x else {
            return .nan
        }
        return log(last.cpu / first.cpu) / log(Double(last.x) / Double(first.x))
    }

    /// The same between the last two steps, where a bend would show.
    var lastExponent: Double {
        var ends = self
        ends.steps = Array(steps.suffix(2))
        return ends.exponent
    }

    var panel: Plot.Panel {
        Plot.Panel(
            title: title, xLabel: xLabel, yLabel: "CPU s",
            points: steps.map { Plot.Point(x: Double($0.x), y: $0.cpu) })
    }

    var markdown: String {
        var out = "## \(title)\n\n| \(xLabel) | CPU s | peak MiB |\n|---|---|---|\n"
        for step in steps { out += "| \(step.x) | \(short(step.cpu)) | \(short(step.peakMiB)) |\n" }
        for step in steps where !step.wrong.isEmpty {
            out += "\nWRONG at \(step.x): " + step.wrong.joined(separator: "; ") + ".\n"
        }
        return out + "\nGrows with the power \(short(exponent)) of it, "
            + "between the last two steps with the power \(short(lastExponent)).\n"
    }
}

struct Scaling {
    let common: CommonOptions
    let files: InputFiles
    let launcher: Launcher
    var results: Results
    var curves: [Curve] = []

    init(_ common: CommonOptions) throws {
        self.common = common
        files = try InputFiles(folder: common.data)
        launcher = Launcher(folder: common.data)
        results = Results(
            title: common.quick ? "Scaling, small inputs" : "Scaling", machine: machine(),
            versions: [], seed: common.seed, rounds: 3, names: [:])
    }

    private var base: GeneratorOptions {
        GeneratorOptions(seed: common.seed, bytes: common.quick ? 16 << 20 : 64 << 20)
    }

    mutating func run(_ wanted: Set<String>?) throws {
        let parts: [(name: String, make: (inout Scaling) throws -> Curve)] = [
            ("size", { try $0.size() }), ("events", { try $0.events() }),
            ("incidents", { try $0.incidents() }), ("patterns", { try $0.patterns() }),
            ("servers", { try $0.servers() }), ("files", { try $0.fileCount() }),
        ]
        for part in parts where wanted?.contains(part.name) ?? true {
            FileHandle.standardError.write(Data((part.name + "\n").utf8))
            let curve = try part.make(&self)
            curves.append(curve)
            results.sections.append(curve.markdown)
        }
    }

    /// One step: three runs after one that is checked and does not count.
    private func step(
        _ x: (ReportFigures) -> Int, _ input: Input, _ more: [String] = []
    ) throws -> Curve.Step {
        var figure = 0
        // The other curves are worth having, so that one wrong figure does not end the run.
        var wrong: [String] = []
        let runs = try launcher.paired(
            [
                Command(
                    "forktopsy",
                    [common.binary, "analyze", "--format", "json"] + more + [input.path])
            ], rounds: 3
        ) { _, output, _ in
            let report = try ReportFigures(output)
            wrong = report.disagreements(with: input.truth)
            figure = x(report)
        }
        return Curve.Step(
            x: figure, cpu: runs.spread(\.cpu, of: 0).median,
            peakMiB: runs.spread({ Double($0.peak) }, of: 0).largest / 1_048_576, wrong: wrong)
    }

    private func size() throws -> Curve {
        var curve = Curve(title: "Size", xLabel: "MiB")
        for power in 0...7 {
            var options = base
            options.bytes = base.bytes << power
            let input = try files.log(options)
            curve.steps.append(try step({ _ in options.bytes >> 20 }, input))
            if options.bytes > 1 << 30 { files.remove(input) }
        }
        return curve
    }

    private func events() throws -> Curve {
        var curve = Curve(title: "Events, at one size", xLabel: "events")
        for rate in [0, 0.001, 0.01, 0.03, 0.1, 0.3] {
            var options = base
            options.incidentRate = rate
            options.attempts = 1000
            curve.steps.append(try step(\.events, try files.log(options)))
        }
        return curve
    }

    private func incidents() throws -> Curve {
        var curve = Curve(title: "Incidents, at one size", xLabel: "incidents")
        for rate in [0.0001, 0.0003, 0.001, 0.003, 0.01] {
            var options = base
            options.incidentRate = rate
            options.attempts = 1
            curve.steps.append(try step(\.summary.incidents, try files.log(options)))
        }
        return curve
    }

    private func patterns() throws -> Curve {
        var curve = Curve(title: "Added patterns", xLabel: "patterns")
        let input = try files.log(base)
        for count in [1, 10, 30, 100, 300, 1000] {
            let folder = try PatternFolder(files).make(count)
            curve.steps.append(try step({ _ in count }, input, ["--patterns", folder]))
        }
        return curve
    }

    private func servers() throws -> Curve {
        var curve = Curve(title: "Servers in one journal", xLabel: "servers")
        for count in [1, 10, 100, 1000, 10_000] {
            var options = base
            options.instances = count
            options.serverPercent = 90
            curve.steps.append(try step(\.outlook.count, try files.journal(options)))
        }
        return curve
    }

    private func fileCount() throws -> Curve {
        var curve = Curve(title: "Files, each a server's", xLabel: "files")
        for count in [1, 10, 100, 1000, 10_000] {
            curve.steps.append(try step(\.inputs.count, try files.logs(base, count: count)))
        }
        return curve
    }
}

/// Pattern files that no line of the inputs matches, though half of them begin as lines do.
private struct PatternFolder {
    let files: InputFiles

    init(_ files: InputFiles) { self.files = files }

    func make(_ count: Int) throws -> String {
        let folder = files.path("patterns\(count)")
        try FileManager.default.createDirectory(
            atPath: folder + "/redis", withIntermediateDirectories: true)
        let beginnings = [
            "Client statistics", "Accepting policy", "Background job", "Table", "Shard", "Peer",
            "DB checkpoint", "Zone",
        ]
        for number in 0..<count {
            let text = "\(beginnings[number % beginnings.count]) \(number) took"
            let pattern = """
                id    = "redis.bench-\(number)"
                event = "replication_detail"
                means = "A message that no server prints."
                on    = "server"
                regex = '''^\(text) (?<count>\\d+) steps$'''
                captures = { count = "int" }

                [[source]]
                project = "redis"
                file    = "src/none.c"
                text    = '''\(text) %d steps'''
                first   = "7.0.0"
                last    = "7.2.4"

                [[match]]
                line = '''1:M 22 Nov 2024 10:15:02.123 * \(text) 5 steps'''
                from = "made up"
                captures = { count = "5" }

                [[reject]]
                line = '''1:M 22 Nov 2024 10:15:02.123 * \(text) steps'''
                why  = "no number"

                """
            try pattern.write(
                toFile: "\(folder)/redis/bench-\(number).toml", atomically: false, encoding: .utf8)
        }
        return folder
    }
}
