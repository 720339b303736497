// SPDX-License-Identifier: Apache-2.0
internal import ArgumentParser

@main
struct Bench: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Measures Forktopsy beside the programs that one would use without it.",
        subcommands: [
            GenerateCommand.self, TableCommand.self, ScalingCommand.self, TailCommand.self,
            LinesCommand.self,
        ])
}

/// A size with a unit: `64M`, `8G`.
struct Size: ExpressibleByArgument {
    let bytes: Int

    init(bytes: Int) { self.bytes = bytes }

    init?(argument: String) {
        let units: [Character: Int] = ["K": 1 << 10, "M": 1 << 20, "G": 1 << 30]
        let unit = argument.last.flatMap { units[$0] }
        guard let number = Int(unit == nil ? argument : String(argument.dropLast())), number > 0
        else { return nil }
        bytes = number * (unit ?? 1)
    }

    /// `256 MiB`.
    static func text(_ bytes: Int) -> String {
        if bytes >= 1 << 30, bytes % (1 << 30) == 0 { return "\(bytes >> 30) GiB" }
        if bytes >= 1 << 20 { return "\(bytes >> 20) MiB" }
        return "\(bytes >> 10) KiB"
    }
}

/// What every measurement is told.
struct CommonOptions: ParsableArguments {
    @Option(help: "The program that is measured, built for release.")
    var binary: String

    @Option(help: "Where inputs are made; they are kept for the next run. A tmpfs spares the disk.")
    var data = "/var/tmp/forktopsy-bench"

    @Option(help: "Where the results are written.")
    var results = "Benchmarks/results"

    @Option(help: "The seed of all inputs.")
    var seed: UInt64 = 7

    @Option(help: "How often everything is run, by turns, after a round that does not count.")
    var rounds = 5

    @Flag(help: "Small inputs and few rounds: a look, not a measurement.")
    var quick = false
}
