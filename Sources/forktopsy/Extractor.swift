// SPDX-License-Identifier: Apache-2.0

internal import Incidents
internal import Matching
internal import Model
internal import Reading

/// One input read and matched: its events as they stand, before clocks and correlation.
struct Extraction: Sendable {
    var facts: InputFacts
    var log = EventLog()
    var limitsHit = 0
}

/// Reads inputs and matches their records: the first half of an analysis.
struct Extractor: Sendable {
    let catalogue: Catalogue
    var usePrefilter = true

    /// Reads one input to its end. Throws only where it cannot be opened at all.
    func extract(_ input: InputWalker.Found) throws(ReadError) -> Extraction {
        var matcher = Matcher(catalogue, usePrefilter: usePrefilter)
        var log = EventLog()
        var carried = RecordHeader(form: .none)
        var undated = 0
        var reader = RecordReader(name: input.name)
        let patterns = catalogue.patterns
        var facts = try reader.read(path: input.path) { place, line, message, isDecoded in
            let classified = place.classified
            let isRaw = classified.scope == .raw
            if !isRaw, classified.header.stamp.form != .none, classified.header.form != .signalHandler {
                carried = classified.header
            }
            guard
                let hit = Self.match(
                    &matcher, line, message, classified, isDecoded: isDecoded, patterns: patterns)
            else { return }
            var header = classified.header
            if header.stamp.form == .none {
                // A raw block belongs to the record before it.
                undated += 1
                header.stamp = carried.stamp
                if header.pid == 0 { header.pid = carried.pid }
                if header.stream == 0 { header.stream = carried.stream }
            }
            log.append(
                pattern: hit.pattern, header: header, lineNumber: place.line, offset: place.offset,
                line: line, message: message, messageStart: hit.messageStart, isDecoded: isDecoded,
                captures: matcher.captures)
        }
        facts.undated = undated
        if facts.kind == .unknown, log.count > 0 { facts.kind = .log }
        return Extraction(facts: facts, log: log, limitsHit: matcher.counters.limitHits)
    }

    /// The pattern of a line, and where the message begins that its captures count from.
    private static func match(
        _ matcher: inout Matcher, _ line: Span<UInt8>, _ message: Span<UInt8>,
        _ classified: ClassifiedLine, isDecoded: Bool, patterns: [PatternInfo]
    ) -> (pattern: Int, messageStart: Int)? {
        if let pattern = matcher.match(message, scope: classified.scope) {
            return (pattern, classified.message.lowerBound)
        }
        guard classified.scope == .raw else { return nil }
        // Kernel and systemd lines come bare too (journalctl -o cat).
        for scope in [PatternScope.kernel, .systemd] {
            if let pattern = matcher.match(message, scope: scope) {
                return (pattern, classified.message.lowerBound)
            }
        }
        // Behind a prefix that nobody knows; captures then count from the start of the line.
        guard let found = matcher.search(line: line, from: 0),
            patterns[found.pattern].kind.standsAlone
        else { return nil }
        return (found.pattern, 0)
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
