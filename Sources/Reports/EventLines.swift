// SPDX-License-Identifier: Apache-2.0

package import JSON
package import Model

/// Renders a report as lines of JSON, `forktopsy.event/1`: one for the report, one for each
/// incident, one for each event of its timeline.
///
/// Names are those of the Elastic Common Schema and of OpenTelemetry's semantic conventions where
/// they have one, flat and with dots; all others begin with `forktopsy.`.
package struct EventLines: Sendable {
    package static let schema = "forktopsy.event/1"

    let redaction: Redaction

    package init(redaction: Redaction) { self.redaction = redaction }

    /// All lines, each with its line end.
    package func render(_ report: Report) -> String {
        opening(of: report) + report.incidents.map(text).joined()
    }

    /// The line that stands before the incidents.
    func opening(of report: Report) -> String { line(of: report).rendered(pretty: false) + "\n" }

    /// The lines of one incident, each with its line end.
    func text(of incident: Incident) -> String {
        lines(of: incident).map { $0.rendered(pretty: false) + "\n" }.joined()
    }

    /// The lines of one incident: its own, then those of its events, in order of time.
    package func lines(of incident: Incident) -> [JSONValue] {
        [line(of: incident)] + incident.timeline.map { line(of: $0, in: incident) }
    }

    private func line(of report: Report) -> JSONValue {
        .object(
            Self.head("forktopsy.report", at: report.inputs.compactMap(\.lastAt).max())
                + [
                    JSONMember("event.name", .string("report")),
                    JSONMember("severity_text", .string("INFO")),
                    JSONMember("severity_number", .int(9)),
                    JSONMember("message", .string(report.verdict)),
                    JSONMember("forktopsy.version", .string(report.toolVersion)),
                    JSONMember("forktopsy.redaction", redaction.json),
                    JSONMember("forktopsy.summary", report.summary.json),
                    JSONMember("forktopsy.losses", report.losses.json),
                ])
    }

    /// What an incident is, for an alert.
    package func line(of incident: Incident) -> JSONValue {
        let level = EventLevel(incident.severity)
        let headline = IncidentComposer(incident, detail: Detail()).headline.plain
        return .object(
            Self.head("forktopsy.incident", at: incident.startedAt)
                + [JSONMember("event.name", .string(incident.kind.rawValue))] + level.members
                + [
                    JSONMember("message", .string(headline)),
                    JSONMember("event.start", JSONValue(incident.startedAt)),
                    JSONMember("event.end", JSONValue(incident.recoveredAt)),
                ] + incident.instance.members
                + [
                    JSONMember("forktopsy.incident.id", .string(incident.id)),
                    JSONMember(
                        "forktopsy.incident.supersedes", JSONValue(strings: incident.supersedes)),
                    JSONMember("forktopsy.incident.status", .string(incident.status.rawValue)),
                    JSONMember("forktopsy.incident.severity", .string(incident.severity.rawValue)),
                    JSONMember(
                        "forktopsy.incident.last_failure_at", JSONValue(incident.lastFailureAt)),
                    JSONMember("forktopsy.incident.failures", JSONValue(incident.failures.total)),
                    JSONMember(
                        "forktopsy.incident.exposure",
                        .string(incident.persistence.exposure.rawValue)),
                    JSONMember(
                        "forktopsy.incident.verdict", .string(incident.verdict.state.rawValue)),
                    JSONMember("forktopsy.incident.statement", .string(incident.verdict.statement)),
                    JSONMember(
                        "forktopsy.incident.causes",
                        .array(
                            incident.causes.map { cause in
                                .object([
                                    JSONMember("id", .string(cause.id)),
                                    JSONMember("role", .string(cause.role.rawValue)),
                                    JSONMember("verdict", .string(cause.verdict.rawValue)),
                                ])
                            })),
                ])
    }

    /// One event of an incident.
    package func line(of entry: TimelineEntry, in incident: Incident) -> JSONValue {
        .object(
            Self.head("forktopsy.event", at: entry.at)
                + [JSONMember("event.name", .string(entry.kind))]
                + EventLevel(entry.severity).members
                + [
                    JSONMember("message", .string(entry.text)),
                    JSONMember("event.original", JSONValue(entry.quote)),
                    JSONMember("event.start", JSONValue(entry.at)),
                    JSONMember("event.end", JSONValue(entry.lastAt ?? entry.at)),
                    JSONMember("log.file.path", JSONValue(entry.source?.path)),
                ] + incident.instance.members
                + [
                    JSONMember("forktopsy.incident.id", .string(incident.id)),
                    JSONMember("forktopsy.severity", .string(entry.severity.rawValue)),
                    JSONMember("forktopsy.count", JSONValue(entry.count)),
                    JSONMember("forktopsy.local_time", JSONValue(entry.local)),
                    JSONMember(
                        "forktopsy.uncertainty_seconds", JSONValue(entry.uncertaintySeconds)),
                    JSONMember("forktopsy.source.line", JSONValue(entry.source?.line)),
                    JSONMember("forktopsy.source.offset", JSONValue(entry.source?.offset)),
                    JSONMember("forktopsy.source.cursor", JSONValue(entry.source?.cursor)),
                ])
    }

    private static func head(_ dataset: String, at: Timestamp?) -> [JSONMember] {
        [
            JSONMember("schema", .string(schema)), JSONMember("@timestamp", JSONValue(at)),
            JSONMember("event.dataset", .string(dataset)),
        ]
    }
}

/// A severity as OpenTelemetry numbers it. Source: OpenTelemetry specification, logs data model,
/// "Field: SeverityNumber" (INFO 9 to 12, WARN 13, ERROR 17, FATAL 21).
struct EventLevel {
    var text: String
    var number: Int64

    init(_ severity: TimelineEntry.Severity) {
        switch severity {
        case .info: (text, number) = ("INFO", 9)
        case .recovery: (text, number) = ("INFO2", 10)
        case .warning: (text, number) = ("WARN", 13)
        case .failure: (text, number) = ("ERROR", 17)
        }
    }

    init(_ severity: Incident.Severity) {
        switch severity {
        case .minor: (text, number) = ("WARN", 13)
        case .major: (text, number) = ("ERROR", 17)
        case .critical: (text, number) = ("FATAL", 21)
        }
    }

    var members: [JSONMember] {
        [
            JSONMember("severity_text", .string(text)), JSONMember("severity_number", .int(number)),
        ]
    }
}

extension Instance {
    /// Who it was, by names that both schemas know.
    fileprivate var members: [JSONMember] {
        [
            JSONMember("service.name", JSONValue(product)),
            JSONMember("service.version", JSONValue(version)),
            JSONMember("server.port", JSONValue(port)),
            JSONMember("host.name", JSONValue(host)),
            JSONMember("container.name", JSONValue(container)),
            JSONMember("process.pid", pids.count == 1 ? .int(Int64(pids[0])) : .null),
            JSONMember("forktopsy.instance.pids", .array(pids.map { .int(Int64($0)) })),
            JSONMember("forktopsy.instance.unit", JSONValue(unit)),
            JSONMember("forktopsy.instance.role", role == .unknown ? .null : .string(role.name)),
        ]
    }
}
