// SPDX-License-Identifier: Apache-2.0

/// A line that matched a pattern: what it says, who wrote it, when, and where it stands.
package struct Event: Sendable {
    package let kind: EventKind
    package let header: RecordHeader
    /// The instant the line was written, once the input's clock is known.
    package var at: Timestamp?
    /// How far `at` may be off for reasons of precision, in seconds.
    package var uncertainty: Double
    private let content: Content

    /// What else an event says. Most events of a healthy server pass by and are forgotten, so their
    /// texts are read from their log when somebody asks.
    private enum Content: Sendable {
        case made(Made)
        case packed(EventReader, PackedPlace)
    }

    /// A class, because events are handed on often and changed never: a copy costs one reference,
    /// and not one for each text.
    private final class Made: Sendable {
        let source: SourcePosition
        let patternID: String
        let values: [Capture]
        let line: String
        let cursor: String?

        init(
            source: SourcePosition, patternID: String, values: [Capture], line: String,
            cursor: String?
        ) {
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
        self.uncertainty = uncertainty
        content = .made(
            Made(
                source: source, patternID: patternID, values: values, line: line, cursor: cursor))
    }

    /// An event that lies packed in a log, at `place`.
    init(
        kind: EventKind, header: RecordHeader, at: Timestamp?, reader: EventReader,
        place: PackedPlace
    ) {
        self.kind = kind
        self.header = header
        self.at = at
        uncertainty = header.stamp.precision.seconds
        content = .packed(reader, place)
    }

    package var source: SourcePosition {
        switch content {
        case .made(let made): made.source
        case .packed(let reader, let place): reader.position(place)
        }
    }

    package var patternID: String {
        switch content {
        case .made(let made): made.patternID
        case .packed(let reader, let place): reader.patterns.infos[Int(place.pattern)].id
        }
    }

    /// The named groups that took part in the match, then the pattern's constants.
    package var values: [Capture] {
        switch content {
        case .made(let made): made.values
        case .packed(let reader, let place): reader.values(place)
        }
    }

    /// The line as it stands in the input, invalid UTF-8 repaired, cut at `Event.lineLimit`.
    package var line: String {
        switch content {
        case .made(let made): made.line
        case .packed(let reader, let place): reader.line(place)
        }
    }

    /// The entry's place in its journal, as `journalctl --after-cursor` takes it.
    package var cursor: String? {
        switch content {
        case .made(let made): made.cursor
        case .packed(let reader, let place): reader.cursor(place)
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
        case .packed(let reader, let place): return reader.text(of: name, place)
        }
    }

    /// The number that was captured as `name`; `nil` for one that no machine has.
    package func int(_ name: String) -> Int? {
        let number: Int? =
            switch content {
            case .made: self[name].flatMap { Int($0) }
            case .packed(let reader, let place): reader.number(of: name, place)
            }
        return number.flatMap { SnapshotValue.credible.contains(Int64($0)) ? $0 : nil }
    }

    package func double(_ name: String) -> Double? {
        self[name].flatMap { Double($0) }
    }

    package var operation: Operation? {
        switch content {
        case .made: self["operation"].flatMap { Operation(rawValue: $0) }
        case .packed(let reader, let place): reader.operation(place)
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
        return Self.serverNames.contains { family in parts.contains { $0.hasPrefix(family) } }
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
