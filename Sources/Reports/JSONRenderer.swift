// SPDX-License-Identifier: Apache-2.0

package import JSON
package import Model

/// Renders a report as `forktopsy.report/1`: every field, `null` where nothing is known.
package struct JSONRenderer: Sendable {
    let redaction: Redaction

    package init(redaction: Redaction) { self.redaction = redaction }

    /// The report as indented JSON with a line end.
    package func render(_ report: Report) -> String {
        let (opening, closing) = frame(of: report)
        return opening + report.incidents.map(Self.text).joined(separator: Self.separator)
            + closing
    }

    /// What stands between two incidents.
    static let separator = ","

    /// One incident as it stands in the report.
    static func text(of incident: Incident) -> String {
        "\n    " + incident.json.rendered(level: 2)
    }

    /// What stands before the incidents and behind them.
    func frame(of report: Report) -> (opening: String, closing: String) {
        let end = report.incidents.isEmpty && report.summary.incidents == 0 ? "" : "\n  "
        let lines = members(of: report).map {
            "\n  " + JSONValue.string($0.name).rendered(level: 1) + ": "
                + $0.value.rendered(level: 1)
        }
        let place = lines.count - 2
        return (
            "{" + lines[..<place].joined(separator: ",") + ",\n  \"incidents\": [",
            end + "]," + lines[place...].joined(separator: ",") + "\n}\n"
        )
    }

    /// One incident as a value.
    package static func value(of incident: Incident) -> JSONValue { incident.json }

    /// The report as a value, in the order of the schema.
    package func value(of report: Report) -> JSONValue {
        var all = members(of: report)
        all.insert(
            JSONMember("incidents", .array(report.incidents.map(\.json))), at: all.count - 2)
        return .object(all)
    }

    /// All members but the incidents, which stand before the last two.
    private func members(of report: Report) -> [JSONMember] {
        [
            JSONMember("schema", .string(Report.schema)),
            JSONMember(
                "tool",
                .object([
                    JSONMember("name", .string("forktopsy")),
                    JSONMember("version", .string(report.toolVersion)),
                ])),
            JSONMember("redaction", redaction.json),
            JSONMember("summary", report.summary.json),
            JSONMember("verdict", .string(report.verdict)),
            JSONMember("inputs", .array(report.inputs.map(\.json))),
            JSONMember("outlook", .array(report.outlook.map(\.json))),
            JSONMember("losses", report.losses.json),
        ]
    }
}

extension JSONValue {
    init(_ instant: Timestamp?) { self.init(instant?.rfc3339) }
    init(strings: [String]) { self = .array(strings.map { .string($0) }) }
}

extension Redaction {
    var json: JSONValue {
        .object([
            JSONMember("mode", .string(mode.rawValue)),
            JSONMember("secrets_replaced", JSONValue(secretsReplaced)),
            JSONMember("addresses_replaced", JSONValue(addressesReplaced)),
        ])
    }
}

// MARK: - The whole input

extension Summary {
    var json: JSONValue {
        .object([
            JSONMember("incidents", JSONValue(incidents)),
            JSONMember("fork_failures", JSONValue(forkFailures)),
            JSONMember("reported_failures", JSONValue(reportedFailures)),
            JSONMember("save_failures", JSONValue(saveFailures)),
            JSONMember("oom_kills", JSONValue(oomKills)),
        ])
    }
}

extension InputReport {
    fileprivate var json: JSONValue {
        .object([
            JSONMember("path", .string(facts.path)),
            JSONMember("kind", .string(facts.kind.rawValue)),
            JSONMember("format", JSONValue(facts.format.isEmpty ? nil : facts.format)),
            JSONMember("bytes", JSONValue(facts.bytes)),
            JSONMember("lines", JSONValue(facts.lines)),
            JSONMember("records", JSONValue(facts.records)),
            JSONMember("events", JSONValue(events)),
            JSONMember("snapshots", JSONValue(snapshots)),
            JSONMember("undated", JSONValue(facts.undated)),
            JSONMember("first_at", JSONValue(firstAt)),
            JSONMember("last_at", JSONValue(lastAt)),
            JSONMember("clock", .array(clock.map(\.json))),
            JSONMember("problems", JSONValue(strings: facts.problems)),
        ])
    }
}

extension ClockSegment {
    fileprivate var json: JSONValue {
        .object([
            JSONMember("from", JSONValue(from)),
            JSONMember("to", JSONValue(to)),
            JSONMember("utc_offset_seconds", JSONValue(utcOffsetSeconds)),
            JSONMember("shift_seconds", JSONValue(shiftSeconds)),
            JSONMember("basis", .string(basis.rawValue)),
            JSONMember("year_basis", .string(yearBasis.rawValue)),
            JSONMember("uncertainty_seconds", JSONValue(uncertaintySeconds)),
            JSONMember("shown_by", JSONValue(shownBy)),
            JSONMember("wrapper_later_seconds", wrapperLag?.json ?? .null),
        ])
    }
}

extension WrapperLag {
    fileprivate var json: JSONValue {
        .object([
            JSONMember("least", JSONValue(least)),
            JSONMember("most", JSONValue(most)),
        ])
    }
}

extension Outlook {
    fileprivate var json: JSONValue {
        .object([
            JSONMember("instance", instance.json),
            JSONMember("would_fork", .string(wouldFork.rawValue)),
            JSONMember("headroom_bytes", JSONValue(headroomBytes)),
            JSONMember("exhausted_at", JSONValue(exhaustedAt)),
            JSONMember("statement", .string(statement)),
            JSONMember("saves", saves.json),
            JSONMember("evidence", .array(evidence.map(\.json))),
        ])
    }
}

extension Losses {
    var json: JSONValue {
        .object([
            JSONMember(
                "damage",
                .object([
                    JSONMember("archives", JSONValue(damage.archives)),
                    JSONMember("entries", JSONValue(damage.entries)),
                    JSONMember("lines_cut", JSONValue(damage.linesCut)),
                    JSONMember("bytes_skipped", JSONValue(damage.bytesSkipped)),
                    JSONMember("files_unreadable", JSONValue(damage.filesUnreadable)),
                ])),
            JSONMember(
                "notes",
                .object([
                    JSONMember("lines_undated", JSONValue(linesUndated)),
                    JSONMember("zone_assumed", JSONValue(zoneAssumed)),
                    JSONMember("messages_cut_by_server", JSONValue(messagesCutByServer)),
                    JSONMember("duplicates_folded", JSONValue(duplicatesFolded)),
                    JSONMember("pattern_limits_hit", JSONValue(patternLimitsHit)),
                    JSONMember("suppressed_by_journald", JSONValue(suppressedByJournald)),
                ])),
        ])
    }
}
