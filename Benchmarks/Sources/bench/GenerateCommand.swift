// SPDX-License-Identifier: Apache-2.0
internal import ArgumentParser
internal import Foundation
internal import Generator

struct GenerateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "generate",
        abstract: "Make an input, and print what is true about it.")

    enum Kind: String, ExpressibleByArgument, CaseIterable { case log, logs, journal }

    @Argument(help: "log, logs (a folder of them) or journal (export and JSON lines).")
    var kind: Kind

    @Option var data = "/var/tmp/forktopsy-bench"
    @Option var size = Size(bytes: 64 << 20)
    @Option var seed: UInt64 = 7
    @Option(help: "Share of lines that tell of failures.") var incidents = 0.0001
    @Option(help: "The most failures of one incident.") var attempts = 8
    @Option(help: "Share of lines that only look as if.") var decoys = 0.000_02
    @Option(help: "Servers in a journal.") var instances = 1
    @Option(help: "Files of a folder of logs.") var files = 8

    func run() throws {
        var options = GeneratorOptions(seed: seed, bytes: size.bytes)
        options.incidentRate = incidents
        options.attempts = attempts
        options.decoyRate = decoys
        options.instances = instances
        let folder = try InputFiles(folder: data)
        let input =
            switch kind {
            case .log: try folder.log(options)
            case .logs: try folder.logs(options, count: files)
            case .journal: try folder.journal(options)
            }
        print(input.path)
        print(try String(contentsOfFile: input.path + ".truth.json", encoding: .utf8))
    }
}
