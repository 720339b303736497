// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import Live
internal import Model
internal import Reports

/// What `tail` does about an incident besides printing it.
struct HookOptions: ParsableArguments {
    @Option(help: ArgumentHelp("Keep one report for each incident here.", valueName: "dir"))
    var ticketDir: String?

    @Option(
        help: ArgumentHelp(
            "Run this on each change of an incident, with the incident as JSON on its input.",
            valueName: "program"))
    var onIncident: String?

    @Option(
        parsing: .unconditionalSingleValue,
        help: ArgumentHelp("An argument for that program. Repeatable.", valueName: "text"))
    var onIncidentArg: [String] = []

    @Option(
        help: ArgumentHelp(
            "Write metrics here, for the textfile collector of node_exporter.", valueName: "file"))
    var textfile: String?
}

/// Tickets, hooks and metrics.
struct LiveHooks {
    private let options: HookOptions
    private let quiet: Bool

    init(_ options: HookOptions, quiet: Bool) {
        self.options = options
        self.quiet = quiet
    }

    var writing: [Int32] { [] }
    var deadline: Double? { nil }

    mutating func tell(_ change: IncidentChange, now: Double) {}
    mutating func write(_ report: Report, _ sources: [LiveSource]) {}
    mutating func work(now: Double) {}
    mutating func finish() {}
    mutating func stop() {}
}
