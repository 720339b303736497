// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import Model
internal import Reports

/// What `tail` prints, and the report that it keeps beside.
struct TailReportOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "text or jsonl while it follows; any other format of analyze is one report, printed at "
                + "the end. Default: text on a terminal, else jsonl."))
    var format: String?

    @Option(
        help: ArgumentHelp(
            "Keep the report of all incidents in a file, replaced whole with each change. Default "
                + "format: markdown.", valueName: "FILE"))
    var output: String?

    @Option(help: ArgumentHelp("Characters that this report may have.", valueName: "CHARS"))
    var budget: Int?

    @Option(help: "Taken as analyze takes it; logs that are followed are read by one thread.")
    var jobs: Int?

    func validate() throws {
        if let jobs, jobs < 1 { throw ValidationError("--jobs \(jobs): give at least 1") }
    }

    /// Whether lines are printed while it follows.
    var isStreaming: Bool { format == nil || format == "text" || format == "jsonl" }

    /// The report that is kept or printed at the end, if one is asked for.
    func report(_ speech: SpeechOptions) throws -> TailReport? {
        let form = try format.map(ReportFormat.init(named:))
        if output == nil, isStreaming {
            if budget != nil { throw Failure("--budget: name a report with --output or --format") }
            return nil
        }
        var options = ReportOptions(format: form ?? .markdown)
        options.redact = try speech.redaction()
        options.budget = try options.format.checked(budget: budget)
        options.width = terminalWidth()
        options.color = output == nil && isTerminal(1) && speech.allowsColor
        return TailReport(options: options, path: output)
    }
}

/// The report of all incidents that `tail` knows.
struct TailReport {
    let options: ReportOptions
    /// `nil`: it is printed once, at the end.
    let path: String?

    func write(_ report: Report) throws(Failure) {
        var out = try Output(path)
        try out.write(report.rendered(options))
        try out.finish()
    }
}
