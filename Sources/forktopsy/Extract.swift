// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import Matching
internal import Model
internal import Reading

struct Extract: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "extract",
        abstract: "Read archived logs and print their events, for assemble.",
        discussion: """
            The first half of analyze, for engines that spread the work: lines of JSON that \
            `forktopsy assemble` makes the report from, wherever and in whatever parts they were \
            extracted. Lines are quoted as they are: secrets in them are not hidden.
            """)

    @Argument(help: "Files, directories, or - for standard input.")
    var paths: [String]

    @OptionGroup var reading: ReadingOptions

    @Option(help: "Write to a file, whole or not at all.")
    var output: String?

    @Flag(help: "Say nothing on standard error but what ends the run.")
    var quiet = false

    @Flag(help: "Say on standard error what is being read.")
    var verbose = false

    func run() async throws {
        let catalogue = try reading.catalogue()
        let store = makeEventStore()
        let inputs = try Inputs(paths)
        let extractions = try await inputs.extract(
            with: Extractor(catalogue: catalogue, store: store),
            jobs: reading.jobs ?? processorCount(), verbose: verbose)
        try check(store, quiet: quiet)
        let now = now()
        try write(extractions.map { $0.noting(now) }, catalogue.patterns)
        // A block that cannot be read back would have left events empty.
        try check(store, quiet: true)
        let isDamaged = extractions.contains { !$0.facts.damage.isNone }
        throw ExitCode(isDamaged ? 3 : 0)
    }

    private func write(_ extractions: [Extraction], _ patterns: [PatternInfo]) throws {
        var out = try Output(output)
        for extraction in extractions {
            try extraction.forEachJSONLine(patterns: patterns) { line throws(Failure) in
                try out.write(line)
            }
        }
        try out.finish()
    }
}

extension Extraction {
    /// Notes when the input was read, where nothing else bounds the year of its stamps.
    fileprivate func noting(_ now: Timestamp) -> Extraction {
        guard facts.clock.modifiedAt == nil else { return self }
        var out = self
        out.readAt = now
        return out
    }
}

/// Where the events of a run are kept. Large files belong in /var/tmp, since /tmp is often memory
/// (file-hierarchy(7)).
func makeEventStore(limits: EventStore.Limits = .init()) -> EventStore {
    EventStore(
        limits: limits, directories: environment("TMPDIR").map { [$0] } ?? ["/var/tmp", "/tmp"])
}

/// Ends the run where events were lost, and says where they stayed in memory.
func check(_ store: EventStore, quiet: Bool) throws(Failure) {
    if let failure = store.failure {
        throw Failure("\(failure). Set TMPDIR to a directory with room")
    }
    if let warning = store.warning, !quiet {
        printToStandardError("forktopsy: \(warning); events stay in memory\n")
    }
}
