// SPDX-License-Identifier: Apache-2.0
// Part of fuzzing builds, and of debug builds for the short run in the tests; never of a release.

#if DEBUG || FORKTOPSY_FUZZ
    internal import JSON
    internal import Live
    internal import Matching
    internal import Model
    internal import PatternFiles
    internal import Reading
    internal import Reports

    /// The readers that are fuzzed, each by itself. What must hold for every input stands in them as a
    /// precondition, so that breaking it is a finding like a crash.
    enum FuzzTarget: String, CaseIterable {
        /// A log, a journal or kernel lines, as `analyze` reads it alone.
        case log
        /// A memory snapshot of any format beside a log in which forks were refused.
        case snapshot
        /// A packed input: tar, zip and compressed streams.
        case archive
        /// What `extract` printed, as `assemble` reads it.
        case extract
        /// What `tail` has stored.
        case state
        /// A pattern file, checked and then used.
        case pattern
        /// What a server answers, in pieces.
        case reply
        /// JSON: parsing what was rendered gives the value again.
        case json

        func run(_ bytes: [UInt8]) {
            switch self {
            case .log, .archive: Self.analyze([Self.extractions(of: bytes)])
            case .snapshot: Self.analyze([Self.refusals, Self.extractions(of: bytes)])
            case .extract: Self.assemble(bytes)
            case .state: Self.readState(bytes)
            case .pattern: Self.checkPattern(bytes)
            case .reply: Self.takeReplies(bytes)
            case .json: Self.reparse(bytes)
            }
        }

        private static let file = InputInMemory()
        private static let patterns = Catalogue.builtIn.patterns

        private static func extractions(
            of bytes: [UInt8], with catalogue: Catalogue = .builtIn
        ) -> [Extraction] {
            file.hold(bytes)
            let extractor = Extractor(catalogue: catalogue)
            var walker = InputWalker()
            try? walker.add(file.path)
            return walker.found.flatMap { (try? extractor.extract($0)) ?? [] }
        }

        /// A log in which four forks failed, and when snapshots of SampleLogs were taken.
        private static let refusals: [Extraction] = {
            let refused = "Can't save in background: fork: Cannot allocate memory"
            let lines = (0..<4).map {
                "26720:M 22 Nov 2026 11:51:2\($0).430 # \(refused)\n"
            }
            return extractions(of: Array(lines.joined().utf8)).map { extraction in
                var out = extraction
                out.facts.path = "redis.log"
                return out
            }
        }()

        // MARK: - The pipeline

        private static func analyze(_ groups: [[Extraction]]) {
            let extractions = groups.flatMap(\.self)
            let report = report(extractions, patterns)
            let events = extractions.reduce(0) { $0 + $1.log.count }
            precondition(report.summary.forkFailures <= events, "more failures than events")
            let json = rendered(report, .json)
            if let problem = roundTrip(json) { preconditionFailure(problem) }
            let other = ReportFormat.allCases[json.utf8.count % ReportFormat.allCases.count]
            _ = rendered(report, other)
            // Both halves apart give the same bytes.
            var reader = ExtractReader(store: EventStore(limits: .none))
            for extraction in extractions {
                extraction.forEachJSONLine(patterns: patterns) { line in
                    do throws(ExtractError) {
                        try reader.take(Array(line.utf8)[...])
                    } catch {
                        preconditionFailure(
                            "extract printed what assemble refuses: \(error.reason)")
                    }
                }
            }
            reader.endFile("extract", isCut: false)
            let again = rendered(self.report(reader.extractions, reader.patterns), .json)
            precondition(again == json, "assemble gives another report than analyze")
        }

        private static func report(_ extractions: [Extraction], _ patterns: [PatternInfo]) -> Report
        {
            var assembler = Assembler()
            assembler.clocks.now = Timestamp(seconds: 1_795_000_000)
            return assembler.report(extractions, patterns: patterns)
        }

        private static func rendered(_ report: Report, _ format: ReportFormat) -> String {
            report.rendered(ReportOptions(format: format))
        }

        /// What is wrong with a JSON text that this program has written.
        private static func roundTrip(_ text: String) -> String? {
            guard let value = try? JSONValue(parsing: text) else {
                return "a report that is no JSON"
            }
            let again = value.rendered(pretty: true)
            return again == text || again + "\n" == text ? nil : "parsing a report changes it"
        }

        // MARK: - Other readers

        private static func assemble(_ bytes: [UInt8]) {
            var reader = ExtractReader(store: EventStore(limits: .none))
            for line in bytes.split(separator: 0x0A) {
                do throws(ExtractError) { try reader.take(line) } catch { return }
            }
            reader.endFile("input", isCut: false)
            _ = rendered(report(reader.extractions, reader.patterns), .json)
        }

        /// The batches as they are, and the bytes as one batch: a checksum keeps a fuzzer out.
        private static func readState(_ bytes: [UInt8]) {
            file.hold(bytes)
            var reader = LiveStateReader(patterns: patterns, store: EventStore(limits: .none))
            _ = try? StateLog.read(file.path) { reader.take($0) }
            reader.take(bytes)
            let extractor = Extractor(catalogue: .builtIn)
            let extractions = reader.sources.values.sorted { $0.number < $1.number }
                .map { $0.extraction(extractor) }
            _ = rendered(report(extractions, patterns), .json)
        }

        private static let lines = """
            26720:M 22 Nov 2026 11:51:23.430 # Can't save in background: fork: Cannot allocate memory
            1:M 22 Nov 2024 10:15:02.123 * 1 of 2 replicas are in sync when shutting down.
            aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!

            """

        private static func checkPattern(_ bytes: [UInt8]) {
            let text = PatternText(path: "x.toml", name: "redis/x.toml", bytes: bytes)
            _ = Workbench(catalogue: .builtIn, header: exampleRecord).check([text])
            guard let catalogue = try? Catalogue(adding: [text]) else { return }
            let found = extractions(of: Array(lines.utf8), with: catalogue)
            _ = rendered(report(found, catalogue.patterns), .json)
        }

        /// In pieces or whole, the answers are the same.
        private static func takeReplies(_ bytes: [UInt8]) {
            var whole = ReplyParser()
            whole.bytes = bytes
            var inPieces = ReplyParser()
            let (expected, _) = replies(&whole)
            var got: [Reply] = []
            for piece in stride(from: 0, to: bytes.count, by: 7) {
                inPieces.bytes += bytes[piece..<min(piece + 7, bytes.count)]
                let (some, isBad) = replies(&inPieces)
                got += some
                if isBad { break }
            }
            precondition(got == expected, "pieces of an answer give another answer")
        }

        private static func replies(_ parser: inout ReplyParser) -> ([Reply], isBad: Bool) {
            var out: [Reply] = []
            while true {
                switch parser.next() {
                case .reply(let reply): out.append(reply)
                case .needMore: return (out, false)
                case .bad: return (out, true)
                }
            }
        }

        private static func reparse(_ bytes: [UInt8]) {
            guard let value = try? JSONValue(parsing: String(decoding: bytes, as: UTF8.self)) else {
                return
            }
            for pretty in [false, true] {
                let text = value.rendered(pretty: pretty)
                precondition(
                    (try? JSONValue(parsing: text))?.rendered(pretty: pretty) == text,
                    "parsing changes what was rendered")
            }
        }
    }
#endif
