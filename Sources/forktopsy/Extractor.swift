// SPDX-License-Identifier: Apache-2.0

internal import Incidents
internal import Matching
internal import Model
internal import Reading
internal import Snapshots

/// One input read and matched: its events and snapshots as they stand, before clocks and
/// correlation.
struct Extraction: Sendable {
    var facts: InputFacts
    var log = EventLog()
    var snapshots = SnapshotLog()
    var limitsHit = 0
    /// When it was read, where that is not now and the file's own time is not known.
    var readAt: Timestamp?
}

/// Reads inputs and matches their records: the first half of an analysis.
struct Extractor: Sendable {
    let catalogue: Catalogue
    var store = EventStore(limits: .none)
    var usePrefilter = true
    /// Records that no pattern can match are counted and not taken apart.
    var passesOver = true
    /// Keeps to what runs on any processor.
    var isPortable = false
    /// `ReadOptions.templatesAfter`.
    var templatesAfter = ReadOptions().templatesAfter
    var progress: ReadProgress?

    /// Reads what a path names: one input, or all in an archive. Throws only where it cannot be
    /// opened at all.
    func extract(_ input: InputWalker.Found) throws(ReadError) -> [Extraction] {
        var out: [Extraction] = []
        var matcher = Matcher(catalogue, usePrefilter: usePrefilter)
        var options = ReadOptions(
            screen: usePrefilter && passesOver ? catalogue.screen : nil, isPortable: isPortable,
            directories: store.directories)
        options.templatesAfter = templatesAfter
        try InputReader.read(
            path: input.path, name: input.name, progress: progress, options: options
        ) { name, run in
            out.append(extract(name, run, &matcher))
        }
        return out
    }

    /// Reads one input to its end and keeps what matches.
    private func extract(
        _ name: String, _ run: (RecordBody) -> InputFacts, _ matcher: inout Matcher
    ) -> Extraction {
        var collector = EventCollector(path: name, store: store)
        let limitsBefore = matcher.counters.limitHits
        let facts = run { place, line, message, isDecoded in
            collector.take(place, line, message, isDecoded, &matcher, self)
        }
        collector.limitsHit = matcher.counters.limitHits - limitsBefore
        var out = finished(facts, collector)
        out.log.finish()
        out.snapshots.finish()
        return out
    }

    /// What was read of an input, as the second half of an analysis wants it. The logs are not
    /// finished by it, since more may follow.
    func finished(_ facts: InputFacts, _ collector: EventCollector) -> Extraction {
        var (facts, log) = (facts, collector.log)
        order(&facts, &log)
        if facts.records == 0, log.count > 0, collector.prose.isProse { quote(&log) }
        facts.undated = collector.undated
        facts.damage.entries += collector.damaged
        if let cut = collector.cut?.count, cut > 0 {
            facts.damage.entries += cut
            facts.problems.append(Self.cutMessage)
        }
        if facts.kind == .unknown, log.count > 0 {
            facts.kind = isInfo(log) ? .snapshot : .log
        }
        var snapshots = collector.snapshots
        snapshots.finish(&facts)
        return Extraction(
            facts: facts, log: log, snapshots: snapshots.log, limitsHit: collector.limitsHit)
    }

    private static let cutMessage =
        "messages of refused forks are cut across lines and do not count; give the log itself, or "
        + "paste it without line breaks"

    /// Whether an input holds nothing but INFO.
    private func isInfo(_ log: EventLog) -> Bool {
        var out = true
        log.forEachHeader { _, pattern, _ in
            if catalogue.patterns[pattern].kind != .save_status { out = false }
        }
        return out
    }

    /// A pattern that matched, and what its captures count from.
    struct Hit {
        var pattern: Int
        /// Where in the line captures count from.
        var origin: Int
        /// Captures count in the line, not in the message.
        var isInLine = false
    }

    /// The pattern of a line, if there is one.
    static func match(
        _ matcher: inout Matcher, _ line: Span<UInt8>, _ message: Span<UInt8>,
        _ classified: ClassifiedLine, patterns: [PatternInfo], isScreened: Bool = false
    ) -> Hit? {
        let mayFloat = !isScreened
        if let pattern = matcher.match(message, scope: classified.scope, mayFloat: mayFloat) {
            return Hit(pattern: pattern, origin: classified.message.lowerBound)
        }
        // A paraphrase behind a server's header; only warnings are worth the search.
        if classified.scope == .server, classified.header.level == .warning,
            let pattern = matcher.match(message, scope: .any)
        {
            return Hit(pattern: pattern, origin: classified.message.lowerBound)
        }
        guard classified.scope == .raw else { return nil }
        // Blanks that stand before the message may belong to it: the server's logo.
        if classified.message.lowerBound > 0, let pattern = matcher.match(line, scope: .raw) {
            return Hit(pattern: pattern, origin: 0, isInLine: true)
        }
        // Kernel and systemd lines come bare too (journalctl -o cat).
        for scope in [PatternScope.kernel, .systemd] {
            if let pattern = matcher.match(message, scope: scope) {
                return Hit(pattern: pattern, origin: classified.message.lowerBound)
            }
        }
        // Behind a prefix that nobody knows.
        guard let found = matcher.search(line: line, from: 0),
            patterns[found.pattern].kind.standsAlone,
            looksWrapped(line, found.start),
            namesKnownError(patterns[found.pattern], matcher.captures, line)
        else { return nil }
        return Hit(pattern: found.pattern, origin: 0, isInLine: true)
    }

    /// Whether what stands before a message is more than the number of a list: wrappers carry a
    /// time, a name with a mark behind it, a quotation.
    private static func looksWrapped(_ line: Span<UInt8>, _ start: Int) -> Bool {
        for i in 0..<min(start, line.count) {
            switch line[i] {
            case 0x3A, 0x7C, 0x5D, 0x3E, 0x23, 0x22: return true  // : | ] > # "
            default: continue
            }
        }
        return false
    }

    /// Prose that quotes a message goes on behind it: then the error is no system's text.
    private static func namesKnownError(
        _ pattern: PatternInfo, _ captures: [Int32], _ line: Span<UInt8>
    ) -> Bool {
        guard let slot = pattern.captures.firstIndex(where: { $0.type == .errno }) else {
            return true
        }
        let (low, high) = (Int(captures[2 * slot]), Int(captures[2 * slot + 1]))
        guard low >= 0, high > low, high <= line.count, high - low < 64 else { return false }
        var bytes: [UInt8] = []
        for i in low..<high { bytes.append(line[i]) }
        return Errno(message: String(decoding: bytes, as: UTF8.self)) != .UNKNOWN
    }
}

/// Takes the records of one input, in file order, and keeps those that match.
struct EventCollector: Sendable {
    var log: EventLog
    /// The last record with a time: a raw block belongs to the record before it.
    var carried = RecordHeader(form: .none)
    /// Events without a time of their own.
    var undated = 0
    /// The last event that a line without a header said again.
    var lastEchoed = -1
    /// Records in which bytes were flipped, and lines that were tried for that.
    var damaged = 0
    private var trials = 0
    var limitsHit = 0
    var snapshots: SnapshotCollector
    /// What stands around messages without a header.
    var prose = ProseSurvey()
    /// Messages that were cut across lines.
    private(set) var cut: CutMessages?

    init(path: String, store: EventStore) {
        log = EventLog(store: store)
        snapshots = SnapshotCollector(path: path, store: store)
    }

    mutating func take(
        _ place: RecordPlace, _ line: Span<UInt8>, _ message: Span<UInt8>, _ isDecoded: Bool,
        _ matcher: inout Matcher, _ extractor: Extractor
    ) {
        if let matched = place.matched {
            cut?.close()
            log.append(matched)
            return
        }
        let classified = place.classified
        if let passed = place.passed { carried = passed }
        takeSnapshots(place, line, message)
        if classified.isDatedRecord { carried = classified.header }
        let patterns = extractor.catalogue.patterns
        let hit = Extractor.match(
            &matcher, line, message, classified, patterns: patterns, isScreened: place.isScreened)
        guard let hit else {
            if repeatLast(line, place) { return }
            if classified.scope == .raw, carried.form == .none { prose.note(line) }
            noteCut(line, place, extractor)
            if !place.isPlain, classified.scope == .server, trials < Extractor.damageTrials {
                trials += 1
                if extractor.isDamaged(message, &matcher) { damaged += 1 }
            }
            return
        }
        cut?.close()
        if isEcho(line, place) { return }
        if !place.isPlain,
            Extractor.hasDamagedError(patterns[hit.pattern], matcher.captures, message)
        {
            damaged += 1
        }
        var header = classified.header
        if case .none = header.stamp.form {
            undated += 1
            header.stamp = carried.stamp
            header.stamp.isBorrowed = carried.stamp.form != .none
            if header.pid == 0 { header.pid = carried.pid }
            if header.stream == 0 { header.stream = carried.stream }
        }
        log.append(
            pattern: hit.pattern, header: header, lineNumber: place.line, offset: place.offset,
            line: line, message: message, messageStart: hit.origin,
            isDecoded: isDecoded && !hit.isInLine, captures: matcher.captures,
            cursor: place.cursor)
    }

    private mutating func noteCut(
        _ line: Span<UInt8>, _ place: RecordPlace, _ extractor: Extractor
    ) {
        if place.passed != nil || place.classified.scope != .raw { cut?.close() }
        guard place.classified.scope == .raw else { return }
        if cut == nil { cut = CutMessages(extractor.catalogue.refusals) }
        cut?.take(line)
    }

    private mutating func takeSnapshots(
        _ place: RecordPlace, _ line: Span<UInt8>, _ message: Span<UInt8>
    ) {
        let classified = place.classified
        switch (classified.scope, classified.header.form) {
        case (.raw, _): snapshots.take(line, message, place, after: carried.stamp)
        case (.kernel, _): snapshots.take(kernelMessage: message, place)
        case (_, .bareMessage):
            // A crash report that went through syslog: each of its lines is a record.
            snapshots.take(message, message, place, after: carried.stamp)
        default: break
        }
    }
}

extension ClassifiedLine {
    /// Whether it is a record whose header holds its time.
    fileprivate var isDatedRecord: Bool {
        switch (scope, header.stamp.form, header.form) {
        case (.raw, _, _), (_, .none, _), (_, _, .signalHandler): false
        default: true
        }
    }
}

extension EventKind {
    /// Kinds whose message is taken for a server's even behind an unknown prefix.
    var standsAlone: Bool {
        switch self {
        case .fork_failed, .sync_refused, .operation_failed, .child_killed, .operation_succeeded,
            .child_started, .save_triggered, .rewrite_triggered, .sync_started, .db_saved,
            .copy_on_write, .overcommit_warning, .thp_warning:
            true
        default: false
        }
    }
}
