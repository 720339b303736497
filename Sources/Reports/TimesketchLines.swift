// SPDX-License-Identifier: Apache-2.0

internal import JSON
package import Model

/// Renders a report as lines of JSON that Timesketch imports as a timeline.
///
/// Each line has `message`, `datetime` (ISO 8601 with its offset) and `timestamp_desc`, which
/// Timesketch demands, and `timestamp` in microseconds. Source: Timesketch, docs/guides/user,
/// "Import from JSON/CSV". What carries no time is left out: it must not borrow one.
package struct TimesketchLines: Sendable {
    package init() {}

    /// All lines in order of time, each with its line end.
    package func render(_ report: Report) -> String {
        let rows = report.incidents.flatMap { incident in
            incident.timeline.flatMap { Self.rows(of: $0, in: incident) }
                + incident.memory.compactMap { Self.row(of: $0, in: incident) }
        }
        // A stable order: rows of one instant stay as they were.
        let order = rows.indices.sorted { (rows[$0].at, $0) < (rows[$1].at, $1) }
        return order.map { rows[$0].line + "\n" }.joined()
    }

    private struct Row {
        var at: Timestamp
        var line: String
    }

    /// The first of a run of alike events, and the last where there were several.
    private static func rows(of entry: TimelineEntry, in incident: Incident) -> [Row] {
        guard let at = entry.at else { return [] }
        let count = entry.count > 1 ? " (\(grouped(entry.count)) times)" : ""
        var members = [
            JSONMember("tag", JSONValue(strings: [entry.severity.rawValue, entry.kind])),
            JSONMember("event_kind", .string(entry.kind)),
            JSONMember("severity", .string(entry.severity.rawValue)),
            JSONMember("count", JSONValue(entry.count)),
            JSONMember("uncertainty_seconds", JSONValue(entry.uncertaintySeconds)),
        ]
        members += optional("quote", entry.quote) + optional("local_time", entry.local)
        members += source(entry.source) + identity(incident)
        let first = row(
            at, entry.text + count, entry.count > 1 ? "First of Several" : "Event Logged", members)
        guard entry.count > 1, let last = entry.lastAt, last > at else { return [first] }
        return [first, row(last, entry.text + count, "Last of Several", members)]
    }

    private static func row(of sample: MemorySample, in incident: Incident) -> Row? {
        guard let at = sample.at else { return nil }
        let values = sample.values.map { "\($0.name) \(grouped(Int(clamping: $0.value)))" }
        let members =
            [JSONMember("tag", JSONValue(strings: ["memory"]))]
            + sample.values.map { JSONMember("memory_" + $0.name, .int($0.value)) }
            + source(sample.source) + identity(incident)
        let text = "memory of the \(sample.scope.rawValue): " + values.joined(separator: ", ")
        return row(at, text, "Memory Sampled", members)
    }

    private static func row(
        _ at: Timestamp, _ message: String, _ description: String, _ members: [JSONMember]
    ) -> Row {
        let civil = CivilTime(timestamp: at)
        let micros = padded(civil.nanosecond / 1000, 6)
        let value = JSONValue.object(
            [
                JSONMember("message", .string(message)),
                JSONMember(
                    "datetime", .string("\(civil.date)T\(civil.clockToSecond).\(micros)+00:00")),
                JSONMember("timestamp_desc", .string(description)),
                JSONMember("timestamp", .int(at.nanoseconds.flooredQuotient(by: 1000).quotient)),
                JSONMember("data_type", .string("forktopsy:event")),
                JSONMember("schema", .string(EventLines.schema)),
            ] + members)
        return Row(at: at, line: value.rendered(pretty: false))
    }

    private static func source(_ source: SourceReference?) -> [JSONMember] {
        guard let source else { return [] }
        return [
            JSONMember("source_path", .string(source.path)),
            JSONMember("source_line", JSONValue(source.line)),
        ] + optional("source_cursor", source.cursor)
    }

    private static func identity(_ incident: Incident) -> [JSONMember] {
        [
            JSONMember("incident_id", .string(incident.id)),
            JSONMember("instance", .string(incident.instance.spoken)),
        ] + optional("hostname", incident.instance.host)
    }

    /// Timesketch makes a column of every name, so what is not known has none.
    private static func optional(_ name: String, _ text: String?) -> [JSONMember] {
        text.map { [JSONMember(name, .string($0))] } ?? []
    }
}

extension Report {
    /// Entries of timelines that a Timesketch timeline cannot hold, since they carry no time.
    package var undatedEntries: Int {
        incidents.reduce(0) { $0 + $1.timeline.count { $0.at == nil } }
    }
}
