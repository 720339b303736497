// SPDX-License-Identifier: Apache-2.0
internal import ArgumentParser
internal import Foundation
internal import Generator

struct TableCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "table",
        abstract: "The whole program against the fastest searches, in twelve rows.")

    @OptionGroup var common: CommonOptions

    @Option(help: "The folder of lnav's format file.")
    var lnav = "Benchmarks/lnav"

    @Option(help: "Only these rows, such as 1,9.")
    var rows: String?

    func run() throws {
        var table = try Table(common, lnav: lnav)
        let wanted = rows.map { Set($0.split(separator: ",").compactMap { Int($0) }) }
        try table.run(wanted)
        print(table.results.markdown)
        let name = common.quick ? "table-quick" : "table"
        print("written: " + (try table.results.write(to: common.results, name: name)))
        let missed = table.results.rows.filter { $0.verdict == .missed }.map(\.number)
        if !missed.isEmpty { print("missed: rows " + missed.joined(separator: ", ")) }
    }
}

/// Makes the inputs of the rows, checks every count, and measures.
struct Table {
    let common: CommonOptions
    let files: InputFiles
    let launcher: Launcher
    let commands: Commands
    var results: Results

    init(_ common: CommonOptions, lnav: String) throws {
        self.common = common
        files = try InputFiles(folder: common.data)
        launcher = Launcher(folder: common.data)
        let home = files.path("home")
        try FileManager.default.createDirectory(atPath: home, withIntermediateDirectories: true)
        commands = Commands(
            binary: common.binary, patterns: try files.write(Union.fileText, to: "patterns"),
            lnav: URL(fileURLWithPath: lnav).path, home: home)
        results = Results(
            title: common.quick ? "Benchmark, small inputs" : "Benchmark",
            machine: machine(), versions: Commands.versions(binary: common.binary),
            seed: common.seed, rounds: common.rounds,
            names: [
                common.data + "/": "", common.binary: "forktopsy", commands.lnav: "Benchmarks/lnav",
            ])
    }

    func options(_ bytes: Int) -> GeneratorOptions {
        GeneratorOptions(seed: common.seed, bytes: common.quick ? bytes / 16 : bytes)
    }

    mutating func run(_ wanted: Set<Int>?) throws {
        let parts: [(rows: Set<Int>, run: (inout Table) throws -> Void)] = [
            ([1, 2], { try $0.plainLog() }),
            ([3], { try $0.storm() }),
            ([4, 5], { try $0.journal() }),
            ([6, 7], { try $0.compressed() }),
            ([8], { try $0.redisAware() }),
            ([9], { try $0.memory() }),
            ([10], { try $0.start() }),
            ([11], { try $0.twoCores() }),
            ([12], { try $0.distribution() }),
        ]
        for part in parts where wanted.map({ !$0.isDisjoint(with: part.rows) }) ?? true {
            announce("rows " + part.rows.sorted().map(String.init).joined(separator: ", "))
            try part.run(&self)
        }
    }

    func announce(_ text: String) { FileHandle.standardError.write(Data((text + "\n").utf8)) }

    // MARK: - Comparing

    /// Runs all that are installed by turns, the program first, and holds every count against the
    /// truth. Nil where no peer is installed.
    func compare(
        _ subject: Command, _ peers: [Command], truth: Truth, plain: Bool = true,
        counts: [String: Int] = [:], rounds: Int? = nil
    ) throws -> Paired? {
        let present = peers.filter { command in
            Launcher.has(
                command.arguments.first { $0 != "env" && !$0.contains("=") } ?? "")
        }
        guard !present.isEmpty else { return nil }
        return try launcher.paired([subject] + present, rounds: rounds ?? common.rounds) {
            place, output, figures in
            if place == 0 {
                try Self.check(figures, output, truth, plain: plain)
                return
            }
            let peer = present[place - 1]
            let text = try String(contentsOfFile: output, encoding: .utf8)
            let said =
                peer.name == "jq"
                ? text.split(separator: "\n").count
                : text.split(separator: "\n").last.flatMap { Int($0) } ?? -1
            let wanted = counts[peer.name] ?? truth.matchingLines
            guard said == wanted else {
                throw BenchError("\(peer.text)\ncounts \(said), but there are \(wanted)")
            }
        }
    }

    static func check(_ figures: Figures, _ output: String, _ truth: Truth, plain: Bool) throws {
        let wrong = try ReportFigures(output).disagreements(with: truth, plain: plain)
        guard wrong.isEmpty, figures.status == (truth.incidents > 0 ? 1 : 0) else {
            throw BenchError(
                "forktopsy is wrong (exit code \(figures.status)):\n"
                    + wrong.joined(separator: "\n"))
        }
    }

    /// The place of the peer that needs least time among those named; nil where none was run.
    func best(_ paired: Paired, among names: [String], _ figure: (Figures) -> Double) -> Int? {
        paired.commands.indices.filter { names.contains(paired.commands[$0].name) }
            .min { paired.spread(figure, of: $0).median < paired.spread(figure, of: $1).median }
    }

    func ratio(
        _ paired: Paired?, to names: [String], _ figure: (Figures) -> Double = \.cpu
    ) -> Spread? {
        paired.flatMap { paired in
            best(paired, among: names, figure).map { paired.ratio(figure, to: $0) }
        }
    }
}
