// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import Matching
internal import Model
internal import Reading

struct Analyze: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "analyze",
        abstract: "Read archived logs and print the incident report.",
        discussion: "PATH is a log, a directory of them, or - for standard input.")

    @Argument(help: "Files, directories, or - for standard input.")
    var paths: [String]

    @OptionGroup var reading: ReadingOptions
    @OptionGroup var shared: SharedOptions

    func run() async throws {
        let reporting = try Reporting(shared)
        let catalogue = try reading.catalogue()
        let store = makeEventStore()
        let inputs = try Inputs(paths)
        if let output = shared.output, inputs.contain(output) {
            throw Failure("\(output) is one of the inputs; write the report to another file")
        }
        let extractions = try await inputs.extract(
            with: Extractor(catalogue: catalogue, store: store),
            jobs: reading.jobs ?? processorCount(), verbose: shared.verbose, quiet: shared.quiet)
        try check(store, quiet: shared.quiet)
        try reporting.finish(extractions, patterns: catalogue.patterns, store: store)
    }
}

/// The inputs of a run, found and put in an order that does not depend on how they were named.
struct Inputs {
    private var named: [InputWalker.Found] = []
    private var below: [InputWalker.Found] = []
    private var unreadable: [(name: String, reason: String)] = []
    /// What is listed and not read: links out of what was named, pipes, devices.
    private var passedBy: [(name: String, reason: String)] = []

    init(_ paths: [String]) throws {
        for path in paths {
            var walker = InputWalker()
            do {
                try walker.add(path)
            } catch {
                throw Failure("\(path): \(error.reason)")
            }
            let isDirectory = FileStatus(path: path)?.kind == .directory && path != "-"
            if isDirectory { below += walker.found } else { named += walker.found }
            unreadable += walker.unreadable
            passedBy += walker.passedBy
        }
    }

    /// Whether a path is one of the inputs, under whatever name.
    func contain(_ path: String) -> Bool {
        guard let target = FileStatus(path: path), target.kind == .file else { return false }
        return (named + below).contains {
            guard let input = FileStatus(path: $0.path) else { return false }
            return input.device == target.device && input.inode == target.inode
        }
    }

    /// Extracts all inputs, several at once, and returns them in order of name.
    func extract(
        with extractor: Extractor, jobs: Int, verbose: Bool, quiet: Bool = false
    ) async throws -> [Extraction] {
        let all = distinct()
        var extractor = extractor
        let progress = ReadProgress()
        extractor.progress = progress
        let line = ProgressLine(
            progress: progress, total: all.reduce(0) { $0 + size(of: $1.input.path) })
        let showing = !quiet && isTerminal(2) ? Task { await line.run() } : nil
        defer { showing?.cancel() }
        return try await extract(all, with: extractor, jobs: jobs, verbose: verbose)
    }

    private func size(of path: String) -> Int {
        path == "-" ? 0 : FileStatus(path: path).map { Int($0.size) } ?? 0
    }

    private func extract(
        _ all: [(input: InputWalker.Found, isNamed: Bool)], with extractor: Extractor, jobs: Int,
        verbose: Bool
    ) async throws -> [Extraction] {
        var results: [[Extraction]] = Array(repeating: [], count: all.count)
        var failure: Failure?
        await withTaskGroup(of: (Int, Result<[Extraction], ReadError>).self) { group in
            var next = 0
            func start() {
                let index = next
                let input = all[index].input
                if verbose { printToStandardError("forktopsy: reading \(input.name)\n") }
                group.addTask {
                    do throws(ReadError) {
                        return (index, .success(try extractor.extract(input)))
                    } catch {
                        return (index, .failure(error))
                    }
                }
                next += 1
            }
            while next < min(max(1, jobs), all.count) { start() }
            while let (index, result) = await group.next() {
                switch result {
                case .success(let extractions): results[index] = extractions
                case .failure(let error) where all[index].isNamed:
                    failure = failure ?? Failure("\(all[index].input.path): \(error.reason)")
                case .failure(let error):
                    results[index] = [Self.unreadable(all[index].input.name, error.reason)]
                }
                if next < all.count { start() }
            }
        }
        if let failure { throw failure }
        var out: [Extraction] = []
        out.reserveCapacity(results.reduce(unreadable.count + passedBy.count) { $0 + $1.count })
        for i in results.indices {
            out += results[i]
            // There may be ten thousand; none need be there twice.
            results[i] = []
        }
        out += unreadable.map { Self.unreadable($0.name, $0.reason) }
        out += passedBy.map {
            var facts = InputFacts(path: $0.name)
            facts.problems = [$0.reason]
            return Extraction(facts: facts)
        }
        return out
    }

    /// All inputs in order of name, each file once.
    private func distinct() -> [(input: InputWalker.Found, isNamed: Bool)] {
        // By bytes: names that look alike in Unicode are different files.
        var seen: Set<[UInt8]> = []
        var out: [(input: InputWalker.Found, isNamed: Bool)] = []
        for (input, isNamed) in named.map({ ($0, true) }) + below.map({ ($0, false) })
        where seen.insert(Array(input.path.utf8)).inserted {
            out.append((input, isNamed))
        }
        return out.sorted { $0.input.name.utf8.lexicographicallyPrecedes($1.input.name.utf8) }
    }

    private static func unreadable(_ name: String, _ reason: String) -> Extraction {
        var facts = InputFacts(path: name)
        facts.problems = [reason]
        facts.damage.filesUnreadable = 1
        return Extraction(facts: facts)
    }
}
