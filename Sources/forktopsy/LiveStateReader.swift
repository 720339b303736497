// SPDX-License-Identifier: Apache-2.0
// How the state of `tail` is read back; `LiveSource` writes it.

internal import JSON
internal import Live
internal import Model
internal import Reading
internal import Reports

extension FollowedInput.State {
    fileprivate init(_ fields: ExtractFields) throws(ExtractError) {
        guard let input = try fields.object("input") else {
            throw ExtractError(reason: "a source without its input")
        }
        var facts = try InputFacts(input)
        facts.streams = try fields.objects("streams") { stream throws(ExtractError) in
            try WriterStream(stream)
        }
        let streams = facts.streams.count
        facts.processes = try fields.objects("processes") { process throws(ExtractError) in
            try ProcessSpan(process, streams: streams)
        }
        self.init(name: facts.path)
        self.facts = facts
        form = FollowedInput.Form(rawValue: try fields.number("form")) ?? .unknown
        offset = Int64(try fields.int("offset"))
        lines = try fields.int("lines")
        isSkipping = try fields.flag("is_skipping")
        forms = try fields.ints("forms")
        serverRecords = try fields.int("server_records")
        kernelRecords = try fields.int("kernel_records")
        if let fields = try fields.object("anchor"), let instant = try fields.timestamp("instant") {
            anchor = (try fields.int("line"), instant)
        }
        isOwnReport = try fields.flag("is_own_report")
        isJournal = try fields.flag("is_journal")
        cursor = try fields.optionalText("cursor")
    }
}

/// What a state file says, put together again batch by batch.
struct LiveStateReader {
    private let patterns: [String: Int]
    private let infos: [PatternInfo]
    private let store: EventStore
    private(set) var sources: [Int: LiveSource] = [:]
    /// Events of patterns that this version of the program does not have.
    private(set) var unknownEvents = 0
    /// Why a line could not be read, the first of them.
    private(set) var problem: String?
    private(set) var carry = Carry()

    init(patterns: [PatternInfo], store: EventStore) {
        infos = patterns
        self.patterns = Dictionary(
            patterns.enumerated().map { ($0.element.id, $0.offset) },
            uniquingKeysWith: { a, _ in a })
        self.store = store
    }

    mutating func take(_ batch: [UInt8]) {
        for line in batch.split(separator: 0x0A) {
            do throws(ExtractError) {
                try takeLine(line)
            } catch {
                problem = problem ?? error.reason
            }
        }
    }

    private mutating func takeLine(_ line: ArraySlice<UInt8>) throws(ExtractError) {
        let value: JSONValue
        do {
            value = try JSONValue(parsing: String(decoding: line, as: UTF8.self))
        } catch {
            throw ExtractError(reason: error.description)
        }
        let fields = ExtractFields(value: value)
        switch try fields.text("type") {
        case "source": try takeSource(fields)
        case "event": try takeEvent(fields)
        case "carry": carry = try Carry(fields)
        case "snapshot":
            guard let source = sources[try fields.int("source")] else {
                throw ExtractError(reason: "a snapshot without its source")
            }
            source.collector.snapshots.restore(try Snapshot(fields))
            source.saved()
        default: break
        }
    }

    private mutating func takeSource(_ fields: ExtractFields) throws(ExtractError) {
        let number = try fields.int("number")
        var header = RecordHeader(form: .none)
        let state = try FollowedInput.State(fields)
        if let carried = try fields.object("carried") {
            header = try PackedEvent(carried, pattern: 0, streams: state.facts.streams.count).header
        }
        let source = LiveSource(
            number: number, origin: try fields.text("origin"), state: state, carried: header,
            undated: try fields.int("undated"), limitsHit: try fields.int("limits_hit"),
            store: store)
        source.collector.damaged = try fields.int("damaged")
        if let mark = try fields.object("mark") { source.mark = try FileMark(mark) }
        source.zone = try fields.optionalText("zone").flatMap { ZoneOfFile(rawValue: $0) }
        source.isOpen = try fields.flag("is_open")
        if try !fields.flag("is_first"), let known = sources[number] {
            source.collector.log = known.collector.log
            source.collector.snapshots = known.collector.snapshots
        }
        source.mustBeReadAgain = try fields.flag("holds_snapshots") && source.isOpen
        source.saved()
        sources[number] = source
    }

    private mutating func takeEvent(_ fields: ExtractFields) throws(ExtractError) {
        let number = try fields.int("source")
        guard let source = sources[number] else {
            throw ExtractError(reason: "an event without its source")
        }
        guard let pattern = patterns[try fields.text("id")] else {
            unknownEvents += 1
            return
        }
        let event = try PackedEvent(
            fields, pattern: pattern, streams: source.input.streamCount)
        guard event.captures.count == infos[pattern].captures.count else {
            unknownEvents += 1
            return
        }
        source.collector.log.append(event)
        source.saved()
    }
}
