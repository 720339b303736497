// SPDX-License-Identifier: Apache-2.0

/// A line that matched a pattern: what it says, who wrote it, when, and where it stands.
package struct Event: Sendable {
    private let content: Content
    /// The instant the line was written, once the input's clock is known.
    package var at: Timestamp?
    /// How far `at` may be off for reasons of precision, in seconds.
    package var uncertainty: Double

    /// What an event says. A class, because events are handed on often and changed never: a copy
    /// costs one reference, and not one for each text. What remembers events, as each server's
    /// tracker does of a dozen kinds, has 32 bytes for each.
    private final class Content: Sendable {
        let kind: EventKind
        let header: RecordHeader
        let source: SourcePosition
        let patternID: String
        let values: [Capture]
        let line: String
        let cursor: String?

        init(
            kind: EventKind, header: RecordHeader, source: SourcePosition, patternID: String,
            values: [Capture], line: String, cursor: String?
        ) {
            self.kind = kind
            self.header = header
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
        self.at = at
        self.uncertainty = uncertainty
        content = Content(
            kind: kind, header: header, source: source, patternID: patternID, values: values,
            line: line, cursor: cursor)
    }

    package var kind: EventKind { content.kind }
    package var header: RecordHeader { content.header }
    package var source: SourcePosition { content.source }
    package var patternID: String { content.patternID }
    /// The named groups that took part in the match, then the pattern's constants.
    package var values: [Capture] { content.values }
    /// The line as it stands in the input, invalid UTF-8 repaired, cut at `Event.lineLimit`.
    package var line: String { content.line }
    /// The entry's place in its journal, as `journalctl --after-cursor` takes it.
    package var cursor: String? { content.cursor }
}

// MARK: - Values

extension Event {
    package subscript(name: String) -> String? {
        for value in content.values where value.name == name { return value.text }
        return nil
    }

    /// The number that was captured as `name`; `nil` for one that no machine has.
    package func int(_ name: String) -> Int? {
        self[name].flatMap { Int($0) }.flatMap {
            SnapshotValue.credible.contains(Int64($0)) ? $0 : nil
        }
    }

    package func double(_ name: String) -> Double? {
        self[name].flatMap { Double($0) }
    }

    package var operation: Operation? {
        self["operation"].flatMap { Operation(rawValue: $0) }
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
