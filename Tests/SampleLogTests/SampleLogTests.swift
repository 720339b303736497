// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

@Suite("Sample logs")
struct SampleLogTests {
    @Test("there are samples, quiet ones among them")
    func samplesAreFound() {
        #expect(SampleCase.all.count >= 30)
        #expect(SampleCase.all.count(where: \.isQuiet) >= 5)
    }

    @Test("the report tells what is true", arguments: SampleCase.all)
    func reportIsTrue(_ sample: SampleCase) throws {
        let truth = try sample.truth()
        let run = try sample.analyze("json")
        if let exit = truth.exit { #expect(run.status == Int32(exit), "\(run.errors)") }
        let report = try run.report()
        for (key, value) in truth.summary {
            #expect(report.summary[key] == value, "summary.\(key)")
        }
        if truth.summary["incidents"] != nil, report.incidents.count == truth.incidents.count {
            for (told, real) in zip(report.incidents, truth.incidents) { check(told, real) }
        }
        checkClaims(report, truth)
        try checkWords(sample.analyze("text").text, truth)
    }

    @Test("a quiet log gives no incident", arguments: SampleCase.all.filter(\.isQuiet))
    func quietIsQuiet(_ sample: SampleCase) throws {
        let run = try sample.analyze("json")
        #expect(run.status == 0)
        #expect(try run.report().incidents.isEmpty)
    }

    @Test(
        "the recorded reports are still printed, byte for byte",
        arguments: SampleCase.all, [("md", "markdown"), ("txt", "text"), ("json", "json")])
    func reportsAreAsRecorded(_ sample: SampleCase, _ form: (suffix: String, format: String)) throws
    {
        let file = sample.folder.appendingPathComponent("expected/report.\(form.suffix)")
        let printed = try sample.analyze(form.format).output
        let recorded = try? Data(contentsOf: file)
        if recorded == printed { return }
        guard recorded == nil || Self.isRecording else {
            Issue.record(
                "\(file.path) differs from what is printed; `make golden` records it anew")
            return
        }
        try FileManager.default.createDirectory(
            at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        try printed.write(to: file)
        // Nothing is blessed unseen: the run that records fails.
        Issue.record("recorded \(file.path); read the diff")
    }

    @Test("every source points at the beginning of its line", arguments: SampleCase.all)
    func sourcesAreRight(_ sample: SampleCase) throws {
        let printed = try sample.analyze("json").output
        var files: [String: Data] = [:]
        for (path, line, offset) in Self.sources(try JSONSerialization.jsonObject(with: printed)) {
            let file = sample.folder.appendingPathComponent(path)
            guard !path.hasSuffix(".gz"), let data = files[path] ?? (try? Data(contentsOf: file))
            else { continue }
            files[path] = data
            let before = data.prefix(offset)
            let isStart = offset == 0 || before.last == UInt8(ascii: "\n")
            let lines = before.count { $0 == UInt8(ascii: "\n") } + 1
            #expect(isStart && lines == line, "\(path):\(line) is said to begin at \(offset)")
        }
    }

    /// Every `{path, line, offset}` in a report.
    private static func sources(_ value: Any) -> [(path: String, line: Int, offset: Int)] {
        if let list = value as? [Any] { return list.flatMap(sources) }
        guard let object = value as? [String: Any] else { return [] }
        if let path = object["path"] as? String, let line = object["line"] as? Int,
            let offset = object["offset"] as? Int
        {
            return [(path, line, offset)]
        }
        return object.values.flatMap(sources)
    }

    @Test("a second run, elsewhere in the world, prints the same bytes", arguments: SampleCase.all)
    func runsAreRepeatable(_ sample: SampleCase) throws {
        var abroad = Program.environment
        abroad["TZ"] = "Pacific/Auckland"
        abroad["LANG"] = "tr_TR.UTF-8"
        for format in ["markdown", "text", "json"] {
            let first = try sample.analyze(format)
            let second = try sample.analyze(format, environment: abroad)
            #expect(first.output == second.output, "\(format)")
        }
    }

    @Test("neither the order of inputs nor the number of jobs matters", arguments: SampleCase.all)
    func orderDoesNotMatter(_ sample: SampleCase) throws {
        let inputs = try sample.inputs()
        let first = try sample.analyze("json", paths: inputs)
        let paths = [Array(inputs.reversed()), inputs + inputs, ["inputs"]]
        for (paths, jobs) in zip(paths, ["1", "4", "4"]) {
            let other = try sample.analyze("json", paths: paths, more: ["--jobs", jobs])
            #expect(first.output == other.output, "\(paths), \(jobs) jobs")
        }
    }

    private static let isRecording = ProcessInfo.processInfo.environment["FORKTOPSY_RECORD"] == "1"
}

// MARK: - Comparing with the truth

extension SampleLogTests {
    private func check(_ told: ReportJSON.Incident, _ real: Truth.Incident) {
        if let kind = real.text("kind") { #expect(told.kind == kind) }
        if let status = real.text("status") { #expect(told.status == status) }
        if let port = real.number("port") { #expect(told.instance.port == port) }
        if let total = real.number("fork_failures") { #expect(told.failures.total == total) }
        if let counts = real.counts("by_operation") {
            #expect(told.failures.by_operation == counts)
        }
        if let counts = real.counts("by_errno") { #expect(told.failures.by_errno == counts) }
        checkTime(told.started_at, real.text("started_at"), "started_at")
        checkTime(told.last_failure_at, real.text("last_failure_at"), "last_failure_at")
        checkTime(told.recovered_at, real.text("recovered_at"), "recovered_at")
        for consequence in real.list("consequences") ?? [] {
            #expect(told.consequences.contains(consequence))
        }
        for consequence in real.list("never_consequences") ?? [] {
            #expect(!told.consequences.contains(consequence))
        }
        if let cause = real.text("cause") {
            let answer = told.causes.first { ["confirmed", "likely"].contains($0.verdict) }
            #expect(answer?.id == cause)
        }
        if let exposures = real.list("exposure") {
            #expect(exposures.contains(told.persistence.exposure))
        }
    }

    /// Equal within a second; both may be unknown.
    private func checkTime(_ told: String?, _ real: String?, _ name: String) {
        guard let told, let real else {
            #expect(told == real, "\(name)")
            return
        }
        let formatter = ISO8601DateFormatter()
        formatter.formatOptions = [.withInternetDateTime, .withFractionalSeconds]
        let distance = (formatter.date(from: told), formatter.date(from: real))
        guard let (a, b) = distance as? (Date, Date) else {
            Issue.record("\(name): \(told) or \(real) is no time")
            return
        }
        #expect(abs(a.timeIntervalSince(b)) <= 1, "\(name): \(told), truly \(real)")
    }

    private func checkClaims(_ report: ReportJSON, _ truth: Truth) {
        let isLogOnly = report.inputs.allSatisfy { $0.kind == "log" || $0.kind == "unknown" }
        for cause in report.incidents.flatMap(\.causes) where cause.isClaimed {
            #expect(!truth.mustNotConclude.contains(cause.id))
            // A log alone carries no mechanism beyond `possible`.
            if isLogOnly { #expect(cause.role != "primary", "\(cause.id) is claimed") }
        }
    }

    private func checkWords(_ text: String, _ truth: Truth) throws {
        let words = text.split(whereSeparator: \.isWhitespace).joined(separator: " ")
        for phrase in truth.says { #expect(words.contains(phrase), "says \(phrase)") }
        for phrase in truth.neverSays { #expect(!words.contains(phrase), "says \(phrase)") }
    }
}
