// SPDX-License-Identifier: Apache-2.0

/// A line that matched a pattern: what it says, who wrote it, when, and where it stands.
package struct Event: Sendable {
    package let header: RecordHeader
    package let kind: EventKind
    /// The number of the pattern of a packed event.
    private let pattern: UInt16
    /// The instant the line was written, once the input's clock is known.
    package var at: Timestamp?
    private let content: Content

    /// What else an event says. Most events of a healthy server pass by and are forgotten, so their
    /// texts are read from their log when somebody asks.
    private enum Content: Sendable {
        case made(Made)
        case packed(EventReader, index: Int)
    }

    /// A class, because events are handed on often and changed never: a copy costs one reference,
    /// and not one for each text.
    private final class Made: Sendable {
        let source: SourcePosition
        let patternID: String
        let values: [Capture]
        let line: String
        let cursor: String?
        let uncertainty: Double

        init(
            source: SourcePosition, patternID: String, values: [Capture], line: String,
            cursor: String?, uncertainty: Double
        ) {
            self.uncertainty = uncertainty
            self.source = source
            self.patternID = patternID
            self.values = values
            self.line = line
            self.cursor = cursor
        }
    }

    /// Bytes of a line that an event keeps as its quote.
    package static let lineLimit = 2048

    package init(
        kind: EventKind, patternID: String, header: RecordHeader, source: SourcePosition,
        values: [Capture], line: String, at: Timestamp? = nil, uncertainty: Double = 0,
        cursor: String? = nil
    ) {
        self.kind = kind
        self.header = header
        self.at = at
        pattern = 0
        content = .made(
            Made(
                source: source, patternID: patternID, values: values, line: line, cursor: cursor,
                uncertainty: uncertainty))
    }

    /// An event that lies packed in a log, at `place`.
    init(
        kind: EventKind, header: RecordHeader, at: Timestamp?, reader: EventReader,
        place: PackedPlace
    ) {
        self.kind = kind
        self.header = header
        self.at = at
        pattern = place.pattern
        content = .packed(reader, index: place.index)
    }

    private func place(_ index: Int) -> PackedPlace { PackedPlace(index: index, pattern: pattern) }

    /// How far `at` may be off for reasons of precision, in seconds.
    package var uncertainty: Double {
        switch content {
        case .made(let made): made.uncertainty
        case .packed: header.stamp.precision.seconds
        }
    }

    package var source: SourcePosition {
        switch content {
        case .made(let made): made.source
        case .packed(let reader, let index): reader.position(place(index))
        }
    }

    package var patternID: String {
        switch content {
        case .made(let made): made.patternID
        case .packed(let reader, _): reader.patterns.infos[Int(pattern)].id
        }
    }

    /// The named groups that took part in the match, then the pattern's constants.
    package var values: [Capture] {
        switch content {
        case .made(let made): made.values
        case .packed(let reader, let index): reader.values(place(index))
        }
    }

    /// The line as it stands in the input, invalid UTF-8 repaired, cut at `Event.lineLimit`.
    package var line: String {
        switch content {
        case .made(let made): made.line
        case .packed(let reader, let index): reader.line(place(index))
        }
    }

    /// The entry's place in its journal, as `journalctl --after-cursor` takes it.
    package var cursor: String? {
        switch content {
        case .made(let made): made.cursor
        case .packed(let reader, let index): reader.cursor(place(index))
        }
    }
}

// MARK: - Values

extension Event {
    package subscript(name: String) -> String? {
        switch content {
        case .made(let made):
            for value in made.values where value.name == name { return value.text }
            return nil
        case .packed(let reader, let index): return reader.text(of: name, place(index))
        }
    }

    /// The number that was captured as `name`; `nil` for one that no machine has.
    package func int(_ name: String) -> Int? {
        let number: Int? =
            switch content {
            case .made: self[name].flatMap { Int($0) }
            case .packed(let reader, let index): reader.number(of: name, place(index))
            }
        return number.flatMap { SnapshotValue.credible.contains(Int64($0)) ? $0 : nil }
    }

    package func double(_ name: String) -> Double? {
        self[name].flatMap { Double($0) }
    }

    package var operation: Operation? {
        switch content {
        case .made: self["operation"].flatMap { Operation(rawValue: $0) }
        case .packed(let reader, let index): reader.operation(place(index))
        }
    }

    /// Whether the process that the line names is a server of the family or one of its children,
    /// not a client or an exporter. The kernel cuts names at 15 bytes; a daemon's line may name a
    /// unit instead.
    package var isServerFamily: Bool {
        if let command = self["comm"] ?? self["process"] {
            return Self.serverNames.contains { command == $0 || command.hasPrefix($0 + "-") }
                && !Self.otherPrograms.contains { command.hasPrefix($0) }
        }
        let names = [self["unit"], self["cgroup"]].compactMap(\.self)
        guard !names.isEmpty else { return true }
        let parts = names.flatMap { $0.split(separator: "/") }
        return parts.contains { part in
            Self.serverNames.contains { part.hasPrefix($0) }
                && !Self.otherPrograms.contains { part.hasPrefix($0) }
        }
    }

    private static let serverNames = ["redis", "valkey", "keydb", "dragonfly"]
    /// What comes with the servers or is named after them, and holds no data.
    private static let otherPrograms = [
        "redis-cli", "redis-bench", "redis-export", "redis-command", "redis-check", "redis-senti",
        "redis-dump", "valkey-cli", "valkey-bench", "valkey-export", "valkey-check",
        "valkey-senti", "keydb-cli", "keydb-bench", "keydb-check", "keydb-senti", "keydb-diag",
    ]

    /// What a child's copy-on-write line says was copied at most, in MiB.
    package var copiedMebibytes: Int? {
        kind == .copy_on_write ? int("peak_mib") ?? int("current_mib") : nil
    }

    package var errno: Errno? {
        self["error"].map { Errno(message: $0) }
    }
}
