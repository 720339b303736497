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
        let tell: (String) -> Void = { FileHandle.standardError.write(Data(($0 + "\n").utf8)) }
        if does("latency") {
            tell("latency")
            try Latency(binary: common.binary, files: files)
                .measure(appends: common.quick ? 200 : 2000, into: &results)
        }
        if does("idle") {
            tell("idle")
            try Idle(binary: common.binary, files: files)
                .measure(seconds: common.quick ? 10 : 120, into: &results)
        }
        if does("storm") {
            tell("storm")
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
