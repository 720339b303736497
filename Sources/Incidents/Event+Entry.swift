// SPDX-License-Identifier: Apache-2.0

internal import Model

// MARK: - Events in timelines and ids

extension Event {
    func timelineEntry(
        severity: TimelineEntry.Severity, text: String, sources: [String]
    ) -> TimelineEntry {
        TimelineEntry(
            at: at, local: header.stamp.isBorrowed ? nil : header.stamp.asWritten,
            uncertaintySeconds: header.stamp.isBorrowed || at == nil ? nil : uncertainty,
            kind: kind.rawValue, severity: severity, text: text, quote: line,
            source: reference(sources))
    }

    func reference(_ sources: [String]) -> SourceReference? {
        guard source.input < sources.count else { return nil }
        return SourceReference(
            path: sources[source.input], line: source.line, offset: source.offset, cursor: cursor)
    }

    /// A hash of the record as its server wrote it: message, process and stamp before any clock
    /// correction. The same from every copy of the log, in every zone and behind every wrapper.
    var anchorID: String {
        var hash = FNV1a()
        hash.combine(kind.rawValue)
        for value in values {
            hash.combine(value.name)
            hash.combine(value.text)
        }
        hash.combine(UInt64(UInt32(bitPattern: header.pid)))
        hash.combine(UInt64(bitPattern: header.stamp.nanoseconds))
        return "fk-" + hash.short
    }

    /// The line's message for a sentence: what follows the header, cut short.
    var shortMessage: String {
        let message = line.split(separator: "# ", maxSplits: 1).last.map(String.init) ?? line
        return message.count > 160 ? String(message.prefix(160)) + "…" : message
    }

    /// Seconds from `other` to this; `nil` where either has no time.
    func seconds(after other: Event) -> Double? {
        guard let at, let before = other.at else { return nil }
        return at.seconds(since: before)
    }

    /// Whether this stands at most `seconds` behind `other`; undated neighbours are near.
    func isWithin(_ seconds: Double, after other: Event) -> Bool {
        self.seconds(after: other).map { $0 <= seconds } ?? true
    }

    /// Whether both may have been written by one process.
    func maySharePID(with other: Event) -> Bool {
        header.pid == other.header.pid || header.pid == 0 || other.header.pid == 0
    }
}

extension Stamp {
    /// The time in the zone of the log, as the log writes it.
    var asWritten: String? {
        let time = CivilTime(
            timestamp: Timestamp(nanoseconds: nanoseconds), offsetSeconds: Int(offsetSeconds))
        let clock = precision == .second ? time.clockToSecond : time.clock
        switch form {
        case .none, .uptime, .epoch: return nil
        case .local: return "\(time.date) \(clock)"
        case .zoned: return "\(time.date) \(clock) \(spokenZone(Int(offsetSeconds)))"
        case .localWithoutYear:
            return "\(padded(time.day, 2)) \(Self.months[time.month - 1]) \(clock)"
        }
    }

    private static let months = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]

    private func spokenZone(_ seconds: Int) -> String {
        let minutes = abs(seconds) / 60
        return "\(seconds < 0 ? "-" : "+")\(padded(minutes / 60, 2)):\(padded(minutes % 60, 2))"
    }
}

extension CivilTime {
    /// `2026-11-22 12:01:38`
    var spoken: String { "\(date) \(clockToSecond)" }
}

extension Timestamp {
    /// `2026-11-22 12:01:38 UTC`
    var spokenUTC: String { "\(CivilTime(timestamp: self).spoken) UTC" }
}
