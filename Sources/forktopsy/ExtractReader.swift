// SPDX-License-Identifier: Apache-2.0

internal import JSON
internal import Model
internal import Reports

/// Puts the lines of extracts together again, in whatever order the inputs come.
struct ExtractReader {
    private let store: EventStore
    private(set) var extractions: [Extraction] = []
    private(set) var patterns: [PatternInfo] = []
    /// What each pattern id stands for, as written, and its index in `patterns`.
    private var known: [String: (definition: JSONValue, number: Int)] = [:]
    private var open: OpenInput?

    /// The input whose lines are being read.
    private struct OpenInput {
        var extraction: Extraction
        var expected: Counts
        /// The patterns of this input, as indices into `patterns`.
        var patterns: [Int]

        var received: Int {
            extraction.facts.streams.count + extraction.facts.processes.count
                + extraction.log.count + extraction.snapshots.count
        }
    }

    private struct Counts {
        var streams: Int
        var processes: Int
        var events: Int
        var snapshots: Int

        var total: Int { streams + processes + events + snapshots }
    }

    init(store: EventStore) { self.store = store }

    /// Takes the next line of an extract. Throws where it cannot be one.
    mutating func take(_ line: ArraySlice<UInt8>) throws(ExtractError) {
        let fields = ExtractFields(value: try Self.parsed(line))
        switch try fields.text("type") {
        case "input":
            closeInput()
            open = try openInput(fields)
        case "stream": try takeStream(fields)
        case "process": try takeProcess(fields)
        case "event": try takeEvent(fields)
        case "snapshot":
            _ = try inside()
            open?.extraction.snapshots.append(try Snapshot(fields))
        case let type:
            throw ExtractError(
                reason: "\"type\" is \"\(type)\", which this version of forktopsy does not know")
        }
    }

    /// Says that the extract called `name` has ended; `isCut` where its last line was not whole.
    mutating func endFile(_ name: String, isCut: Bool) {
        let isInside = open.map { $0.received < $0.expected.total } ?? false
        closeInput()
        guard isCut, !isInside else { return }
        // What was cut is the first line of an input, of which nothing is known but that it was
        // there.
        var facts = InputFacts(path: name)
        facts.problems = ["the extract ends in the middle of a line"]
        facts.damage.entries = 1
        extractions.append(Extraction(facts: facts))
    }

    private static func parsed(_ line: ArraySlice<UInt8>) throws(ExtractError) -> JSONValue {
        let text = String(decoding: line, as: UTF8.self)
        do {
            return try JSONValue(parsing: text)
        } catch {
            let isAtEnd = error.code == .unexpectedEnd || error.offset == text.utf8.count
            throw ExtractError(reason: error.description, isCut: isAtEnd && text.hasPrefix("{"))
        }
    }
}

// MARK: - Inputs

extension ExtractReader {
    private mutating func openInput(_ fields: ExtractFields) throws(ExtractError) -> OpenInput {
        let schema = try fields.text("schema")
        guard schema == ExtractFormat.schema else {
            throw ExtractError(
                reason:
                    "its schema is \"\(schema)\", and this version of forktopsy reads "
                    + "\(ExtractFormat.schema)"
            )
        }
        var extraction = Extraction(
            facts: try InputFacts(fields), log: EventLog(store: store),
            snapshots: SnapshotLog(store: store))
        extraction.limitsHit = try fields.int("pattern_limits_hit")
        extraction.readAt = try fields.timestamp("read_at")
        var indices: [Int] = []
        for pattern in try fields.list("patterns") {
            indices.append(try number(of: ExtractFields(value: pattern)))
        }
        return OpenInput(
            extraction: extraction,
            expected: Counts(
                streams: try fields.int("streams"), processes: try fields.int("processes"),
                events: try fields.int("events"),
                snapshots: try fields.optionalInt("snapshots") ?? 0),
            patterns: indices)
    }

    /// The index in `patterns` of a pattern that an input brought along.
    private mutating func number(of fields: ExtractFields) throws(ExtractError) -> Int {
        let pattern = try PatternInfo(fields)
        if let (definition, number) = known[pattern.id] {
            guard definition == fields.value else {
                throw ExtractError(
                    reason:
                        "the pattern \(pattern.id) is another than in an input before: extract "
                        + "all inputs with the same version of forktopsy and the same "
                        + "--patterns"
                )
            }
            return number
        }
        guard patterns.count < Int(UInt16.max) else {
            throw ExtractError(reason: "too many patterns")
        }
        known[pattern.id] = (fields.value, patterns.count)
        patterns.append(pattern)
        return patterns.count - 1
    }

    private mutating func closeInput() {
        guard var input = open else { return }
        open = nil
        let missing = input.expected.total - input.received
        if missing > 0 {
            input.extraction.facts.damage.entries += missing
            input.extraction.facts.problems.append(
                "\(missing) of \(input.expected.total) extracted lines are missing")
        }
        if input.extraction.facts.streams.isEmpty {
            input.extraction.facts.streams = [WriterStream()]
        }
        input.extraction.log.finish()
        input.extraction.snapshots.finish()
        extractions.append(input.extraction)
    }
}

// MARK: - What belongs to an input

extension ExtractReader {
    private mutating func inside() throws(ExtractError) -> OpenInput {
        guard let open else {
            throw ExtractError(reason: "the line of its input does not stand before it")
        }
        guard open.received < open.expected.total else {
            throw ExtractError(reason: "its input has more lines than it announced")
        }
        return open
    }

    private mutating func takeStream(_ fields: ExtractFields) throws(ExtractError) {
        guard try inside().extraction.log.count == 0 else {
            throw ExtractError(reason: "a stream after the first event of its input")
        }
        open?.extraction.facts.streams.append(try WriterStream(fields))
    }

    private mutating func takeProcess(_ fields: ExtractFields) throws(ExtractError) {
        let streams = try inside().extraction.facts.streams.count
        open?.extraction.facts.processes.append(try ProcessSpan(fields, streams: streams))
    }

    private mutating func takeEvent(_ fields: ExtractFields) throws(ExtractError) {
        let input = try inside()
        let number = try fields.int("pattern")
        guard number < input.patterns.count else {
            throw ExtractError(reason: "\"pattern\" is none of its input's")
        }
        let event = try PackedEvent(
            fields, pattern: input.patterns[number], streams: input.extraction.facts.streams.count)
        open?.extraction.log.append(event)
    }
}
