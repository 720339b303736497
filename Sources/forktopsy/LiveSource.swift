// SPDX-License-Identifier: Apache-2.0

internal import Live
internal import Matching
internal import Model
internal import Reading
internal import Reports

/// One log as `tail` reads it: one life of a file from its first byte to its rotation, a journal,
/// or standard input.
///
/// A class: it is the same log to whoever reads it, keeps it and reports on it.
final class LiveSource {
    /// Counts the sources of a state directory, in the order in which they were met.
    let number: Int
    /// What was asked to be followed: a path, `-`, or `journal`.
    let origin: String
    var input: FollowedInput
    var collector: EventCollector
    var mark = FileMark()
    /// Whether more may come.
    var isOpen = true
    /// Events of the log that the state on disk has.
    var savedEvents = 0
    /// Whether anything but the events is not on disk yet.
    var isChanged = true
    /// Bytes used since the place was last put on disk.
    var unsavedBytes = 0

    init(number: Int, origin: String, name: String, store: EventStore) {
        self.number = number
        self.origin = origin
        input = FollowedInput(name: name)
        collector = EventCollector(log: EventLog(store: store))
    }

    init(
        number: Int, origin: String, state: FollowedInput.State, carried: RecordHeader,
        undated: Int, limitsHit: Int, store: EventStore
    ) {
        self.number = number
        self.origin = origin
        input = FollowedInput(state)
        collector = EventCollector(log: EventLog(store: store))
        collector.carried = carried
        collector.undated = undated
        collector.limitsHit = limitsHit
    }

    /// Whether nothing was read of it.
    var isBlank: Bool { mark.isBlank && collector.log.count == 0 }

    var unsavedEvents: Int { collector.log.count - savedEvents }

    /// Takes what a log has new; returns how many bytes were used.
    func take(_ bytes: Span<UInt8>, isLast: Bool, with matcher: LiveMatcher) -> Int {
        let before = matcher.matcher.counters.limitHits
        let used = input.take(bytes, isLast: isLast) { place, line, message, isDecoded in
            collector.take(
                place, line, message, isDecoded, &matcher.matcher, matcher.catalogue.patterns)
        }
        collector.limitsHit += matcher.matcher.counters.limitHits - before
        if used > 0 {
            isChanged = true
            unsavedBytes += used
        }
        return used
    }

    func close() {
        isOpen = false
        isChanged = true
    }

    func note(problem: String) {
        input.note(problem: problem, isDamage: false)
        isChanged = true
    }

    /// What the second half of an analysis gets.
    func extraction(_ extractor: Extractor) -> Extraction {
        input.modifiedAt = mark.modifiedAt > 0 ? Timestamp(nanoseconds: mark.modifiedAt) : nil
        var out = extractor.finished(input.facts, collector)
        if out.facts.clock.modifiedAt == nil { out.readAt = now() }
        return out
    }
}

/// The compiled patterns of a run, with the memory they match in.
final class LiveMatcher {
    let catalogue: Catalogue
    fileprivate(set) var matcher: Matcher

    init(_ catalogue: Catalogue) {
        self.catalogue = catalogue
        matcher = Matcher(catalogue)
    }
}

// MARK: - Keeping

extension LiveSource {
    /// The lines that put this source and its new events on disk.
    func unsavedLines(_ patterns: [PatternInfo]) -> String {
        lines(savedEvents..<collector.log.count, patterns)
    }

    /// The same for all that is known, in batches of bounded size.
    func forEachBatch(
        _ patterns: [PatternInfo], _ body: ([UInt8]) throws(LiveError) -> Void
    ) throws(LiveError) {
        var start = 0
        repeat {
            let end = min(start + 1024, collector.log.count)
            try body(Array(lines(start..<end, patterns).utf8))
            start = end
        } while start < collector.log.count
    }

    private func lines(_ events: Range<Int>, _ patterns: [PatternInfo]) -> String {
        var out = line.rendered(pretty: false) + "\n"
        for i in events {
            let event = collector.log.packed(at: i)
            out += line(event, patterns).rendered(pretty: false) + "\n"
        }
        return out
    }

    func saved() {
        savedEvents = collector.log.count
        isChanged = false
        unsavedBytes = 0
    }

    private func line(_ event: PackedEvent, _ patterns: [PatternInfo]) -> JSONValue {
        guard case .object(let members) = event.json else { return .null }
        let own = [
            JSONMember("source", JSONValue(number)),
            JSONMember("id", .string(patterns[event.pattern].id)),
        ]
        return .object(own + members)
    }

    /// All but the events.
    private var line: JSONValue {
        let state = input.state
        let anchor = state.anchor.map { anchor in
            JSONValue.object([
                JSONMember("line", JSONValue(anchor.line)),
                JSONMember("instant", anchor.instant.json),
            ])
        }
        let carried = PackedEvent(
            pattern: 0, header: collector.carried, line: 0, offset: 0, bytes: [])
        return .object([
            JSONMember("type", .string("source")),
            JSONMember("number", JSONValue(number)),
            JSONMember("origin", .string(origin)),
            JSONMember("is_open", .bool(isOpen)),
            JSONMember("mark", mark.json),
            JSONMember("form", JSONValue(Int(state.form.rawValue))),
            JSONMember("offset", JSONValue(state.offset)),
            JSONMember("lines", JSONValue(state.lines)),
            JSONMember("is_skipping", .bool(state.isSkipping)),
            JSONMember("forms", .array(state.forms.map { JSONValue($0) })),
            JSONMember("server_records", JSONValue(state.serverRecords)),
            JSONMember("kernel_records", JSONValue(state.kernelRecords)),
            JSONMember("anchor", anchor ?? .null),
            JSONMember("is_own_report", .bool(state.isOwnReport)),
            JSONMember("is_journal", .bool(state.isJournal)),
            JSONMember("cursor", JSONValue(state.cursor)),
            JSONMember("carried", carried.json),
            JSONMember("undated", JSONValue(collector.undated)),
            JSONMember("limits_hit", JSONValue(collector.limitsHit)),
            JSONMember("input", Extraction(facts: state.facts).inputLine([])),
            JSONMember("streams", .array(state.facts.streams.map(\.json))),
            JSONMember("processes", .array(state.facts.processes.map(\.json))),
        ])
    }
}

extension FileMark {
    fileprivate var json: JSONValue {
        .object([
            JSONMember("device", .string(String(device))),
            JSONMember("inode", .string(String(inode))),
            JSONMember("modified_at", JSONValue(modifiedAt)),
            JSONMember("offset", JSONValue(offset)),
            JSONMember("head_length", JSONValue(headLength)),
            JSONMember("head_hash", .string(String(headHash, radix: 16))),
            JSONMember("tail_length", JSONValue(tailLength)),
            JSONMember("tail_hash", .string(String(tailHash, radix: 16))),
        ])
    }

    init(_ fields: ExtractFields) throws(ExtractError) {
        self.init()
        device = UInt64(try fields.text("device")) ?? 0
        inode = UInt64(try fields.text("inode")) ?? 0
        modifiedAt = Int64(try fields.int("modified_at", in: Int.min...Int.max))
        offset = Int64(try fields.int("offset"))
        headLength = try fields.int("head_length", in: 0...4096)
        headHash = UInt64(try fields.text("head_hash"), radix: 16) ?? 0
        tailLength = try fields.int("tail_length", in: 0...4096)
        tailHash = UInt64(try fields.text("tail_hash"), radix: 16) ?? 0
        guard Int64(headLength) <= offset, Int64(tailLength) <= offset else {
            throw ExtractError(reason: "a mark that lies before its own beginning")
        }
    }
}
