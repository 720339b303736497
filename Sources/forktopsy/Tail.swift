// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import Live
internal import Matching
internal import Model
internal import Reading
internal import Reports

struct Tail: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tail",
        abstract: "Follow logs and the journal, and print incidents as they form.",
        discussion: """
            PATH is a log, a directory of them, a pattern such as '/var/log/redis/*.log', or - for \
            standard input. Without any, the servers on this host are looked for. What was read \
            is kept in the state directory: after a restart nothing is lost and nothing counts \
            twice.

            TERM and INT end it, with the state saved; HUP opens all logs again; USR1 prints \
            what is followed.
            """)

    @Argument(help: "Logs, directories, patterns, or - for standard input.")
    var paths: [String] = []

    @Flag(help: "Follow the systemd journal, kernel lines included.")
    var journal = false

    @Option(help: "Follow only this unit of the journal, and the kernel. Repeatable.")
    var unit: [String] = []

    @Option(
        help: ArgumentHelp(
            "Where to keep what was read. Default: /var/lib/forktopsy for root, else "
                + "$XDG_STATE_HOME/forktopsy.", valueName: "dir"))
    var state: String?

    @Flag(help: "Begin with the oldest rotated part of each log.")
    var fromStart = false

    @Flag(help: "Begin with what will be written.")
    var fromEnd = false

    @Option(
        help: ArgumentHelp(
            "End when nothing was written for so long.", valueName: "seconds"))
    var untilIdle: Double?

    @Option(help: "Which events to print: none, urgent or all.")
    var events: EventChoice = .urgent

    @Flag(help: "Do not look at memory while following.")
    var noSamples = false

    @OptionGroup var servers: ServerOptions
    @OptionGroup var hooks: HookOptions
    @OptionGroup var report: TailReportOptions
    @OptionGroup var source: CatalogueOption
    @OptionGroup var selection: SelectionOptions
    @OptionGroup var speech: SpeechOptions

    enum EventChoice: String, ExpressibleByArgument, CaseIterable, Sendable {
        case none, urgent, all
    }

    func validate() throws {
        if fromStart && fromEnd { throw ValidationError("give --from-start or --from-end") }
    }

    func run() throws {
        SignalPipe.takeOver()
        Directory.raiseFileLimit()
        let run = try TailRun(self)
        throw ExitCode(try run.run())
    }
}

/// Where `tail` keeps its state, and `incidents` reads it.
func stateDirectory(_ given: String?) throws -> String {
    if let given { return given }
    if isSuperuser() { return "/var/lib/forktopsy" }
    if let base = environment("XDG_STATE_HOME"), base.hasPrefix("/") { return base + "/forktopsy" }
    guard let home = environment("HOME"), home.hasPrefix("/") else {
        throw Failure("neither XDG_STATE_HOME nor HOME is set; name a directory with --state")
    }
    return home + "/.local/state/forktopsy"
}
