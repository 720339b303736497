// SPDX-License-Identifier: Apache-2.0

/// A line that matched a pattern: what it says, who wrote it, when, and where it stands.
package struct Event: Sendable {
    package var kind: EventKind
    package var patternID: String
    package var header: RecordHeader
    package var source: SourcePosition
    /// The named groups that took part in the match, then the pattern's constants.
    package var values: [Capture]
    /// The line as it stands in the input, invalid UTF-8 repaired, cut at `Event.lineLimit`.
    package var line: String
    /// The instant the line was written, once the input's clock is known.
    package var at: Timestamp?
    /// How far `at` may be off for reasons of precision, in seconds.
    package var uncertainty: Double

    /// Bytes of a line that an event keeps as its quote.
    package static let lineLimit = 2048

    package init(
        kind: EventKind, patternID: String, header: RecordHeader, source: SourcePosition,
        values: [Capture], line: String, at: Timestamp? = nil, uncertainty: Double = 0
    ) {
        self.kind = kind
        self.patternID = patternID
        self.header = header
        self.source = source
        self.values = values
        self.line = line
        self.at = at
        self.uncertainty = uncertainty
    }
}

// MARK: - Values

extension Event {
    package subscript(name: String) -> String? {
        values.first { $0.name == name }?.text
    }

    package func int(_ name: String) -> Int? {
        self[name].flatMap { Int($0) }
    }

    package func double(_ name: String) -> Double? {
        self[name].flatMap { Double($0) }
    }

    package var operation: Operation? {
        self["operation"].flatMap { Operation(rawValue: $0) }
    }

    package var errno: Errno? {
        self["error"].map { Errno(message: $0) }
    }
}
