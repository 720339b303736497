// SPDX-License-Identifier: Apache-2.0

internal import JSON
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
    /// Whose time its stamps show; `nil` where that is not known.
    var zone: ZoneOfFile?
    /// Whether more may come.
    var isOpen = true
    /// Whether the file is to be read from its beginning, since it holds snapshots.
    var mustBeReadAgain = false
    /// Whether the state on disk has nothing of it that holds.
    private var isFresh = true
    /// Events of the log that the state on disk has.
    var savedEvents = 0
    var savedSnapshots = 0
    /// Whether anything but the events is not on disk yet.
    var isChanged = true
    /// The source that has given up the other half of a line: they go to disk together.
    var partner: Int?
    /// Bytes used since the place was last put on disk.
    var unsavedBytes = 0

    init(number: Int, origin: String, name: String, store: EventStore) {
        self.number = number
        self.origin = origin
        input = FollowedInput(name: name)
        collector = EventCollector(path: name, store: store)
    }

    init(
        number: Int, origin: String, state: FollowedInput.State, carried: RecordHeader,
        undated: Int, limitsHit: Int, store: EventStore
    ) {
        self.number = number
        self.origin = origin
        input = FollowedInput(state)
        collector = EventCollector(path: state.facts.path, store: store)
        collector.carried = carried
        collector.undated = undated
        collector.limitsHit = limitsHit
    }

    /// Whether nothing was read of it.
    var isBlank: Bool {
        mark.isBlank && collector.log.count == 0 && collector.snapshots.log.count == 0
    }

    /// Events and snapshots that the state on disk does not have.
    var unsavedEvents: Int {
        let snapshots = holdsSnapshots ? 0 : collector.snapshots.log.count - savedSnapshots
        return collector.log.count - savedEvents + snapshots
    }

    /// Whether nothing waits for its other half.
    var isAtRest: Bool { input.isAtRest && (collector.snapshots.isAtRest || holdsSnapshots) }

    /// Whether it holds snapshots alone. What gives them their meaning (times and commands above
    /// them) is not kept: after a restart such a file is read from its beginning.
    var holdsSnapshots: Bool {
        !isSamples && input.hasNoRecords
            && (collector.snapshots.log.count > 0 || !collector.snapshots.isAtRest)
    }

    /// Takes what a log has new; returns how many bytes were used.
    func take(_ bytes: Span<UInt8>, isLast: Bool, with matcher: LiveMatcher) -> Int {
        let before = matcher.matcher.counters.limitHits
        input.screen = matcher.screen
        let used = input.take(bytes, isLast: isLast) { place, line, message, isDecoded in
            collector.take(
                place, line, message, isDecoded, &matcher.matcher, matcher.extractor)
        }
        if let passed = input.takePassed() { collector.carried = passed }
        collector.limitsHit += matcher.matcher.counters.limitHits - before
        if used > 0 {
            isChanged = true
            unsavedBytes += used
        }
        return used
    }

    /// Takes over the events of a pruned copy.
    func replaceEvents(by other: LiveSource) {
        collector.log = other.collector.log
        savedEvents = 0
        isChanged = true
    }

    /// Takes back what `replaceEvents` did.
    func restoreEvents(_ log: EventLog, saved: Int) {
        collector.log = log
        savedEvents = saved
    }

    /// Leaves out the samples for whose number, from 0, `stays` is false.
    func keepSamples(in store: EventStore, where stays: (Int) -> Bool) {
        var kept = SnapshotCollector(path: input.name, store: store)
        var number = 0
        collector.snapshots.log.forEach { snapshot in
            if stays(number) { kept.restore(snapshot) }
            number += 1
        }
        collector.snapshots = kept
        savedSnapshots = 0
        isFresh = true
        isChanged = true
    }

    func close() {
        isOpen = false
        isChanged = true
    }

    /// More has come after all.
    func reopen() {
        isOpen = true
        isChanged = true
    }

    func note(problem: String) {
        input.note(problem: problem, isDamage: false)
        isChanged = true
    }

    /// What the second half of an analysis gets.
    func extraction(_ extractor: Extractor) -> Extraction {
        noteModification()
        var out = extractor.finished(input.facts, collector)
        out.facts.clock.zoneOfFile = zone
        if out.facts.clock.modifiedAt == nil { out.readAt = now() }
        return out
    }
}

extension LiveSource {
    /// Tells the input when its file was last written, in whole seconds, as an analysis has them.
    func noteModification() {
        input.modifiedAt =
            mark.modifiedAt > 0 ? Timestamp(seconds: mark.modifiedAt / 1_000_000_000) : nil
    }

    /// Finds out whose time the stamps show, which stays known when the file no longer tells.
    func noteZone(host: TimeZoneRules) {
        guard zone == nil, mark.modifiedAt > 0 else { return }
        var clock = input.facts.clock
        clock.modifiedAt = Timestamp(nanoseconds: mark.modifiedAt)
        zone = clock.zoneOfFile(hostZone: host)
        if zone != nil { isChanged = true }
    }
}

/// The compiled patterns of a run, with the memory they match in.
final class LiveMatcher {
    let extractor: Extractor
    /// What is known of messages before they are matched.
    let screen: MessageScreen?
    fileprivate(set) var matcher: Matcher

    init(_ catalogue: Catalogue) {
        extractor = Extractor(catalogue: catalogue)
        screen = catalogue.screen
        matcher = Matcher(catalogue)
    }
}

// MARK: - Keeping

extension LiveSource {
    /// The lines that put this source and its new events on disk, in pieces.
    func unsavedLines(_ patterns: [PatternInfo]) -> [[UInt8]] {
        let isWhole = holdsSnapshots
        var out = [Array((line(isFirst: isWhole || isFresh).rendered(pretty: false) + "\n").utf8)]
        var start = isWhole ? 0 : savedEvents
        while start < collector.log.count {
            let end = min(start + Self.pieceSize, collector.log.count)
            out.append(lines(of: start..<end, patterns))
            start = end
        }
        forEachPiece(ofSnapshotsFrom: isWhole ? 0 : savedSnapshots) { out.append($0) }
        return out
    }

    /// Events, and snapshots, that are written in one piece.
    private static let pieceSize = 256

    /// The same for all that is known, in batches of bounded size.
    func forEachBatch(
        _ patterns: [PatternInfo], _ body: ([[UInt8]]) throws(LiveError) -> Void
    ) throws(LiveError) {
        var start = 0
        repeat {
            let end = min(start + Self.pieceSize, collector.log.count)
            let head = line(isFirst: start == 0).rendered(pretty: false) + "\n"
            try body([Array(head.utf8), lines(of: start..<end, patterns)])
            start = end
        } while start < collector.log.count
        try forEachPiece(ofSnapshotsFrom: 0) { piece throws(LiveError) in try body([piece]) }
    }

    private func forEachPiece<Problem>(
        ofSnapshotsFrom start: Int, _ body: ([UInt8]) throws(Problem) -> Void
    ) throws(Problem) {
        var snapshots = collector.snapshots
        if holdsSnapshots {
            // A reading that is still open shows something all the same.
            var facts = InputFacts(path: "")
            snapshots.finish(&facts)
        }
        guard start < snapshots.log.count else { return }
        var piece: [UInt8] = []
        var index = 0
        try snapshots.log.forEach { snapshot throws(Problem) in
            defer { index += 1 }
            guard index >= start, case .object(let members) = snapshot.json else { return }
            let own = [JSONMember("source", JSONValue(number))]
            piece += (JSONValue.object(own + members).rendered(pretty: false) + "\n").utf8
            guard (index - start + 1).isMultiple(of: Self.pieceSize) else { return }
            try body(piece)
            piece = []
        }
        if !piece.isEmpty { try body(piece) }
    }

    private func lines(of events: Range<Int>, _ patterns: [PatternInfo]) -> [UInt8] {
        var out: [UInt8] = []
        for i in events {
            let event = collector.log.packed(at: i)
            event.appendStateLine(to: &out, source: number, id: patterns[event.pattern].id)
        }
        return out
    }

    func saved() {
        savedEvents = collector.log.count
        savedSnapshots = collector.snapshots.log.count
        isChanged = false
        isFresh = false
        partner = nil
        unsavedBytes = 0
    }

    /// All but the events.
    private func line(isFirst: Bool) -> JSONValue {
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
            JSONMember("is_first", .bool(isFirst)),
            JSONMember("is_open", .bool(isOpen)),
            JSONMember("holds_snapshots", .bool(holdsSnapshots)),
            JSONMember("mark", mark.json),
            JSONMember("zone", JSONValue(zone?.rawValue)),
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
            JSONMember("damaged", JSONValue(collector.damaged)),
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
