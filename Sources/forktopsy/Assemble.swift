// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import Model
internal import Reports

struct Assemble: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "assemble",
        abstract: "Print the incident report of what extract has printed.",
        discussion: """
            The second half of analyze. Extracts may come in any order and number; the lines of \
            one input must stay together. The report is that of analyze on the same inputs.
            """)

    @Argument(help: "What forktopsy extract printed: files, or - for standard input.")
    var files: [String] = ["-"]

    @OptionGroup var shared: SharedOptions

    /// The longest line of an extract. What grows with a log has lines of its own.
    private static let lineLimit = 64 << 20

    func run() throws {
        let reporting = try Reporting(shared)
        let store = makeEventStore()
        var reader = ExtractReader(store: store)
        for file in files {
            if shared.verbose { printToStandardError("forktopsy: reading \(file)\n") }
            try read(file, into: &reader)
        }
        try check(store, quiet: shared.quiet)
        try reporting.finish(reader.extractions, patterns: reader.patterns, store: store)
    }

    private func read(_ file: String, into reader: inout ExtractReader) throws {
        let name = file == "-" ? "standard input" : file
        var isCut = false
        try forEachLine(of: file, limit: Self.lineLimit) { line, number, isWhole in
            if line.allSatisfy({ $0 == 0x20 || $0 == 0x0D }) { return }
            do {
                try reader.take(line)
            } catch let error as ExtractError {
                isCut = !isWhole && error.isCut
                if isCut { return }
                throw Failure("\(name):\(number): not a line of forktopsy extract: \(error.reason)")
            }
        }
        reader.endFile(name, isCut: isCut)
    }
}

/// The second half of an analysis, with the options that steer it.
struct Reporting {
    private let assembler: Assembler
    private let options: ReportOptions
    private let output: String?
    private let isQuiet: Bool

    /// Checks all options, so that nothing is read in vain.
    init(_ shared: SharedOptions) throws {
        assembler = try shared.selection.assembler()
        options = try shared.reportOptions()
        output = shared.output
        isQuiet = shared.quiet
    }

    /// Prints the report and ends the run with its exit code.
    func finish(
        _ extractions: [Extraction], patterns: [PatternInfo], store: EventStore
    ) throws -> Never {
        var assembler = assembler
        let waiting = makeEventStore(limits: .init(memory: 1 << 20, withoutFile: .max))
        assembler.store = waiting
        let assembly = assembler.assemble(extractions, patterns: patterns)
        try check(store, quiet: true)
        if var stream = ReportStream(assembly.report, options) {
            try write(assembly, &stream, waiting)
            throw ExitCode(Self.exitCode(of: assembly.report))
        }
        var report = assembly.report
        report.incidents = []
        assembly.forEachIncident { report.incidents.append($0) }
        try check(waiting, quiet: true)
        var out = try Output(output)
        try out.write(report.rendered(options))
        try out.finish()
        if options.format == .timesketch, report.undatedEntries > 0, !isQuiet {
            printToStandardError(
                "forktopsy: \(counted(report.undatedEntries, "event")) without a time left out; "
                    + "--format json has all\n")
        }
        throw ExitCode(Self.exitCode(of: report))
    }

    /// Writes a report that is made incident by incident. Nothing is written before all are made.
    private func write(
        _ assembly: Assembly, _ stream: inout ReportStream, _ store: EventStore
    ) throws(Failure) {
        var text = TextLog(store: store)
        var isFirst = true
        assembly.forEachIncident { incident in
            if !isFirst { text.append(stream.separator) }
            isFirst = false
            text.append(stream.text(of: incident))
        }
        let (opening, closing) = stream.frame()
        try check(store, quiet: true)
        var out = try Output(output)
        try out.write(opening)
        try text.forEach { piece throws(Failure) in try out.write(piece) }
        try out.write(closing)
        try check(store, quiet: true)
        try out.finish()
    }

    private static func exitCode(of report: Report) -> Int32 {
        if !report.losses.damage.isNone { return 3 }
        return report.incidents.isEmpty ? 0 : 1
    }
}
