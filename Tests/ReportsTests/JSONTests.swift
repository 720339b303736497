// SPDX-License-Identifier: Apache-2.0
// The JSON report: valid by its schema, complete, deterministic, and safe to print.

import Foundation
import JSON
import Model
import Reports
import SchemaChecks
import TestSupport
import Testing

private func parsed(_ report: Report) throws -> JSONValue {
    try JSONValue(parsing: report.rendered(ReportOptions(format: .json)))
}

private func schema() throws -> JSONValue {
    try JSONValue(parsing: String(contentsOfFile: Tool.schemaPath, encoding: .utf8))
}

/// A report of many shapes: empty, full, everything unknown, several incidents.
private var reports: [Report] {
    var several = SampleReport.report
    several.incidents = Incident.kinds.map { kind in
        var incident = Incident(kind: kind, instance: Instance())
        incident.id = "\(kind)"
        incident.failures.total = nil
        return incident
    }
    return [Report(toolVersion: "0"), SampleReport.quiet, SampleReport.report, several]
}

extension Incident {
    fileprivate static var kinds: [Kind] { Kind.allCases }
}

@Test func theReportKeepsItsSchema() throws {
    let rules = try schema()
    for report in reports {
        #expect(SchemaCheck.problems(of: try parsed(report), schema: rules) == [])
    }
}

@Test func theReportsOfAllSamplesKeepTheSchema() throws {
    let rules = try schema()
    let root = Checkout.path + "/SampleLogs"
    let samples = try FileManager.default.contentsOfDirectory(atPath: root)
        .map { "\(root)/\($0)/expected/report.json" }
        .filter { FileManager.default.fileExists(atPath: $0) }
    #expect(samples.count > 40)
    for path in samples {
        let report = try JSONValue(parsing: String(contentsOfFile: path, encoding: .utf8))
        #expect(SchemaCheck.problems(of: report, schema: rules) == [], "\(path)")
    }
}

@Test func theBuiltInCheckFindsWhatIsWrong() throws {
    let rules = try schema()
    guard case .object(var members) = try parsed(SampleReport.report) else {
        Issue.record("the report is no object")
        return
    }
    members[0].value = .string("forktopsy.report/2")
    members.append(JSONMember("surprise", .null))
    #expect(SchemaCheck.problems(of: .object(members), schema: rules).count == 2)
}

@Test func anIndependentValidatorAgrees() throws {
    guard Tool.hasJSONSchema else {
        print("NOTE: python3 with jsonschema is missing; only the built-in check was made")
        return
    }
    let program = """
        import json, sys, jsonschema
        schema = json.load(open(sys.argv[1]))
        jsonschema.Draft202012Validator.check_schema(schema)
        validator = jsonschema.Draft202012Validator(schema)
        for error in validator.iter_errors(json.load(sys.stdin)):
            print(list(error.absolute_path), error.message)
        """
    for report in reports {
        let json = report.rendered(ReportOptions(format: .json))
        let said = try Tool.output(of: ["python3", "-c", program, Tool.schemaPath], input: json)
        #expect(said == "")
    }
}

@Test func everyEnumerationOfTheSchemaIsThatOfTheModel() throws {
    let definitions = try #require(try schema()["$defs"])
    func names(_ path: String...) throws -> Set<String> {
        var rule: JSONValue? = definitions
        for step in path { rule = rule?[step] }
        guard case .array(let values)? = rule?["enum"] else {
            Issue.record("\(path) has no enumeration")
            return []
        }
        return Set(values.compactMap { if case .string(let name) = $0 { name } else { nil } })
    }
    let kinds = try names("timeline_kind")
    let unknown = EventKind.allCases.map(\.rawValue).filter { !kinds.contains($0) }
    #expect(unknown == [], "add these to timeline_kind in docs/schema/report.schema.json")
    let ours: Set = ["memory_snapshot", "restart", "gap", "clock_change", "setting_changed"]
    let stale = kinds.subtracting(ours).filter { EventKind(rawValue: $0) == nil }
    #expect(stale == [], "remove these from timeline_kind in docs/schema/report.schema.json")
    #expect(try names("unit") == Set(Measure.Unit.allCases.map(\.rawValue) + ["bytes/s"]))
    #expect(try names("operation") == Set(Operation.allCases.map(\.rawValue)))
    #expect(try names("errno") == Set(Errno.allCases.map(\.rawValue)))
    #expect(try names("incident_kind") == Set(Incident.Kind.allCases.map(\.rawValue)))
    #expect(
        try names("incident", "properties", "status")
            == Set(Incident.Status.allCases.map(\.rawValue)))
    #expect(
        try names("incident", "properties", "severity")
            == Set(Incident.Severity.allCases.map(\.rawValue)))
    #expect(
        try names("persistence", "properties", "exposure")
            == Set(Persistence.Exposure.allCases.map(\.rawValue)))
    #expect(
        try names("cause", "properties", "verdict") == Set(Finding.Verdict.allCases.map(\.rawValue))
    )
    #expect(
        try names("cause", "properties", "confidence")
            == Set(Finding.Confidence.allCases.map(\.rawValue))
    )
    #expect(
        try names("timeline_entry", "properties", "severity")
            == Set(TimelineEntry.Severity.allCases.map(\.rawValue)))
    #expect(
        try names("memory_sample", "properties", "scope")
            == Set(MemorySample.Scope.allCases.map(\.rawValue)))
    #expect(try names("input", "properties", "kind") == Set(InputKind.allCases.map(\.rawValue)))
    #expect(
        try names("clock", "properties", "basis")
            == Set(ClockSegment.Basis.allCases.map(\.rawValue)))
    #expect(
        try names("clock", "properties", "year_basis")
            == Set(ClockSegment.YearBasis.allCases.map(\.rawValue)))
    #expect(
        try names("outlook", "properties", "would_fork")
            == Set(Outlook.Answer.allCases.map(\.rawValue)))
}

@Test func theSameReportGivesTheSameBytes() {
    let first = SampleReport.report.rendered(ReportOptions(format: .json))
    for _ in 0..<20 { #expect(SampleReport.report.rendered(ReportOptions(format: .json)) == first) }
}

@Test func whatIsWrittenReadsBackTheSame() throws {
    let value = JSONRenderer(redaction: Redaction(mode: .none)).value(of: SampleReport.report)
    #expect(try JSONValue(parsing: value.rendered(pretty: true)) == value.normalised)
    #expect(try JSONValue(parsing: value.rendered(pretty: false)) == value.normalised)
}

extension JSONValue {
    /// Whole numbers are written without a fraction and read back as integers.
    fileprivate var normalised: JSONValue {
        switch self {
        case .double(let number) where number == number.rounded(): .int(Int64(number))
        case .array(let items): .array(items.map(\.normalised))
        case .object(let members): .object(members.map { JSONMember($0.name, $0.value.normalised) })
        default: self
        }
    }
}

@Test(arguments: [
    "\u{0}\u{1B}[31m\u{7F}", "\u{202E}\u{2066}\u{200B}\u{FEFF}", "\"\\\n\r\t\u{2028}", "a\u{FFFD}b",
    "𝄞 日本 é", "\u{E0041}\u{10FFFF}",
])
func stringsAreEscapedAndComeBack(text: String) throws {
    let rendered = JSONValue.string(text).rendered(pretty: false)
    #expect(try JSONValue(parsing: rendered) == .string(text))
    #expect(
        rendered.unicodeScalars.allSatisfy {
            $0.value >= 0x20 && $0 != "\u{7F}" && $0 != "\u{202E}" && $0.value != 0x2028
        })
    let foundation = try JSONSerialization.jsonObject(
        with: Data(rendered.utf8), options: .fragmentsAllowed)
    #expect(foundation as? String == text)
}

@Test func numbersJSONCannotHoldBecomeNull() {
    #expect(JSONValue.double(.infinity).rendered(pretty: false) == "null")
    #expect(JSONValue.double(4.0).rendered(pretty: false) == "4")
    #expect(JSONValue.double(0.1).rendered(pretty: false) == "0.1")
}

@Test(arguments: [
    "", "{", "[1,]", "{\"a\" 1}", "\"\u{1}\"", "01x", "nul", "1 2", "\"\\u12\"", "+1",
])
func brokenJSONIsRefusedWithAPosition(text: String) {
    #expect(throws: JSONError.self) { try JSONValue(parsing: text) }
}

@Test func deepNestingIsRefused() {
    #expect(throws: JSONError.self) {
        try JSONValue(parsing: String(repeating: "[", count: 100_000))
    }
}

@Test func `JSON that is written incident by incident is that of the whole value`() {
    let renderer = JSONRenderer(redaction: Redaction(mode: .none))
    var report = SampleReport.report
    #expect(renderer.render(report) == renderer.value(of: report).rendered(pretty: true) + "\n")
    report.incidents = []
    report.summary = Summary()
    #expect(renderer.render(report) == renderer.value(of: report).rendered(pretty: true) + "\n")
}
