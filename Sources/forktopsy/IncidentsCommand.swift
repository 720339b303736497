// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import Live
internal import Matching
internal import Model
internal import Reading
internal import Reports

struct IncidentsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "incidents",
        abstract: "Print the incidents that tail has stored, as one report.",
        discussion: "May run while tail does; it takes no lock and changes nothing.")

    @Option(help: ArgumentHelp("The state directory of tail.", valueName: "dir"))
    var state: String?

    @OptionGroup var source: CatalogueOption
    @OptionGroup var shared: SharedOptions

    func run() throws {
        var assembler = try shared.selection.assembler(sinceNow: true)
        assembler.clocks.hostZone = SelectionOptions.hostZone()
        let options = try shared.reportOptions()
        let catalogue = try source.catalogue()
        let directory = try stateDirectory(state)
        let store = makeEventStore()
        var reader = LiveStateReader(patterns: catalogue.patterns, store: store)
        do throws(LiveError) {
            let path = directory + "/events.state"
            let reading = try StateLog.read(path) { reader.take($0) }
            if let problem = reading.problem, !shared.quiet {
                printToStandardError("forktopsy: \(path): \(problem); read as far as it is whole\n")
            }
        } catch {
            throw Failure("no state of forktopsy tail in \(directory): \(error.reason)")
        }
        assembler.carry = reader.carry
        let sources = reader.sources.sorted { $0.key < $1.key }.map(\.value)
        let report = LiveReporter.report(sources, Extractor(catalogue: catalogue), assembler)
        try check(store, quiet: shared.quiet)
        var out = try Output(shared.output)
        try out.write(report.rendered(options))
        try out.finish()
        throw ExitCode(
            !report.losses.damage.isNone ? 3 : report.incidents.isEmpty ? 0 : 1)
    }
}
