// SPDX-License-Identifier: Apache-2.0
// Lines of JSON for other programs: their contracts, and that nothing is lost on the way.

import Foundation
import JSON
import Model
import Reports
import SchemaChecks
import TestSupport
import Testing

private func lines(_ report: Report, _ format: ReportFormat) throws -> [JSONValue] {
    try TargetText.body(report, format).split(separator: "\n").map {
        try JSONValue(parsing: String($0))
    }
}

private func eventSchema() throws -> JSONValue {
    let path = Checkout.path + "/docs/schema/event.schema.json"
    return try JSONValue(parsing: String(contentsOfFile: path, encoding: .utf8))
}

// MARK: - JSON lines

@Test func everyEventLineKeepsItsSchema() throws {
    let schema = try eventSchema()
    var several = SampleReport.report
    several.incidents.append(Incident(kind: .oom_kill, instance: Instance()))
    for report in [several, SampleReport.quiet, HostileText.report("\u{1B}[31m\n\"x\"")] {
        for line in try lines(report, .jsonl) {
            #expect(SchemaCheck.problems(of: line, schema: schema) == [], "\(line)")
        }
    }
}

@Test func anIndependentValidatorAgreesOnEventLines() throws {
    guard Tool.hasJSONSchema else { return }
    let program = """
        import json, sys, jsonschema
        schema = json.load(open(sys.argv[1]))
        jsonschema.Draft202012Validator.check_schema(schema)
        validator = jsonschema.Draft202012Validator(schema)
        for line in sys.stdin:
            for error in validator.iter_errors(json.loads(line)): print(error.message)
        """
    let path = Checkout.path + "/docs/schema/event.schema.json"
    let body = TargetText.body(SampleReport.report, .jsonl)
    #expect(try Tool.output(of: ["python3", "-c", program, path], input: body) == "")
}

@Test func theEnumerationsOfBothSchemasAreTheSame() throws {
    let report = try JSONValue(parsing: String(contentsOfFile: Tool.schemaPath, encoding: .utf8))
    let event = try eventSchema()["$defs"]
    #expect(
        event?["event"]?["properties"]?["event.name"]?["enum"]
            == report["$defs"]?["timeline_kind"]?["enum"],
        "copy timeline_kind to docs/schema/event.schema.json")
    let causes = event?["incident"]?["properties"]?["forktopsy.incident.causes"]
    guard case .array(let ids)? = causes?["items"]?["properties"]?["id"]?["enum"] else {
        Issue.record("the causes have no enumeration")
        return
    }
    #expect(Set(ids) == Set(CauseID.allCases.map { .string($0.rawValue) }))
}

@Test func everyEntryAndEveryIncidentHasItsLine() throws {
    let lines = try lines(SampleReport.report, .jsonl)
    let datasets = lines.map { $0["event.dataset"] }
    #expect(datasets.first == .string("forktopsy.report"))
    #expect(datasets.count { $0 == .string("forktopsy.incident") } == 1)
    let events = lines.filter { $0["event.dataset"] == .string("forktopsy.event") }
    #expect(events.map { $0["message"] } == SampleReport.timeline.map { .string($0.text) })
    #expect(events[1]["@timestamp"] == .string("2026-11-22T12:01:38.682Z"))
    #expect(events[1]["event.original"] == .string(SampleReport.refusedLine))
    #expect(events[1]["severity_number"] == .int(17))
    #expect(events[1]["forktopsy.count"] == .int(8))
    #expect(events[1]["host.name"] == .string("db1.prod.internal"))
}

// MARK: - Timesketch

@Test func timesketchGetsWhatItDemands() throws {
    let rows = try lines(SampleReport.report, .timesketch)
    for row in rows {
        guard case .string(let date)? = row["datetime"], case .int(let micros)? = row["timestamp"],
            case .string? = row["message"], case .string? = row["timestamp_desc"]
        else {
            Issue.record("\(row)")
            continue
        }
        #expect(date.wholeMatch(of: #/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}\+00:00/#) != nil)
        let seconds = Timestamp(nanoseconds: micros * 1000).rfc3339.dropLast(5)
        #expect(date.hasPrefix(seconds))
        // A column that is empty would be a column all the same.
        if case .object(let members) = row { #expect(!members.contains { $0.value == .null }) }
    }
    // Three entries, the last repetition of one of them, one memory sample.
    #expect(rows.count == 5)
    let times = rows.compactMap { row -> Int64? in
        if case .int(let time)? = row["timestamp"] { time } else { nil }
    }
    #expect(times == times.sorted())
}

@Test func whatHasNoTimeBorrowsNone() throws {
    var report = SampleReport.report
    report.incidents[0].timeline[1].at = nil
    report.incidents[0].memory = []
    #expect(try lines(report, .timesketch).count == 2)
    #expect(report.undatedEntries == 1)
}
