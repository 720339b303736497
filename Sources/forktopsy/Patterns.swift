// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import Matching
internal import Model
internal import PatternFiles
internal import Reading

/// The pattern workbench.
struct Patterns: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "patterns",
        abstract: "List, check, try and explain the patterns that say what a line means.",
        subcommands: [
            PatternsList.self, PatternsCheck.self, PatternsTest.self, PatternsExplain.self,
        ])
}

/// A directory of pattern files beside the built-in ones.
struct PatternsList: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List all patterns: id, kind of event, what they mean.")

    @OptionGroup var source: CatalogueOption

    func run() throws {
        let patterns = try source.catalogue().patterns
        let width = patterns.map(\.id.count).max() ?? 0
        let kindWidth = patterns.map(\.kind.rawValue.count).max() ?? 0
        var out = ""
        for pattern in patterns {
            out +=
                pad(pattern.id, width) + "  " + pad(pattern.kind.rawValue, kindWidth) + "  "
                + pattern.means + "\n"
        }
        _ = writeAll(out, to: 1)
    }

    private func pad(_ text: String, _ width: Int) -> String {
        text + String(repeating: " ", count: max(0, width - text.count))
    }
}

struct PatternsCheck: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract:
            "Check pattern files, or the built-in catalogue, and print problems as a compiler "
            + "does.",
        discussion: "Exit codes: 0 nothing wrong, 2 problems were found or a file cannot be read.")

    @Argument(help: "Pattern files or directories of them. Without any: the built-in catalogue.")
    var files: [String] = []

    func run() throws {
        let bench = Workbench(catalogue: .builtIn, header: exampleRecord)
        let problems = files.isEmpty ? bench.check() : bench.check(try readPatternTexts(files))
        for problem in problems { printToStandardError(problem.description + "\n") }
        let errors = problems.count { $0.severity == .error }
        let checked =
            files.isEmpty
            ? "\(Catalogue.builtIn.patterns.count) patterns" : counted(files.count, "path")
        printToStandardError(
            "\(checked) checked: \(counted(errors, "error")), "
                + "\(counted(problems.count - errors, "warning"))\n"
        )
        if errors > 0 { throw ExitCode(Failure.code) }
    }
}

struct PatternsExplain: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "explain", abstract: "Explain one pattern: meaning, regex, sources, examples.")

    @Argument(help: "The id of a pattern.")
    var id: String

    @OptionGroup var source: CatalogueOption

    func run() throws {
        let bench = Workbench(catalogue: try source.catalogue(), header: exampleRecord)
        guard let text = bench.explain(id: id) else {
            throw Failure("no pattern \"\(id)\"; `forktopsy patterns list` lists all")
        }
        _ = writeAll(text, to: 1)
    }
}

/// Takes the header off a full line, as reading a log does.
func exampleRecord(_ line: [UInt8]) -> ExampleRecord? {
    var classifier = LineClassifier()
    let classified = classifier.classify(line.span)
    guard classified.isRecord else { return nil }
    let message =
        classified.isEscaped
        ? classified.decodedMessage(of: line.span) : Array(line[classified.message])
    return ExampleRecord(scope: classified.scope, message: message)
}

/// What an id stands for: a pattern, or a kind of event.
func explanation(of id: String, in catalogue: Catalogue) -> String? {
    if let text = Workbench(catalogue: catalogue, header: exampleRecord).explain(id: id) {
        return text
    }
    guard let kind = EventKind(rawValue: id) else { return nil }
    var out = "\(id)  a kind of event\n\nPatterns that give it:\n"
    for pattern in catalogue.patterns where pattern.kind == kind {
        out += "  \(pattern.id)\n      \(pattern.means)\n"
    }
    return out
}
