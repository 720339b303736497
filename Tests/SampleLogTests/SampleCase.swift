// SPDX-License-Identifier: Apache-2.0

import Foundation
import PatternFiles
import TestSupport
import Testing

/// One folder of `SampleLogs` and the truth in its `case.toml`.
struct SampleCase: CustomTestStringConvertible, Sendable {
    let name: String

    var testDescription: String { name }
    var isQuiet: Bool { name.hasPrefix("quiet-") }
    var folder: URL { Self.home.appendingPathComponent(name) }

    static let home = URL(fileURLWithPath: Checkout.path).appendingPathComponent("SampleLogs")

    /// All folders that hold a case, in order of name.
    static let all: [SampleCase] = {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: home.path)) ?? []
        return names.sorted().map(SampleCase.init)
            .filter { FileManager.default.fileExists(atPath: $0.folder.path + "/case.toml") }
    }()

    /// The files under `inputs`, as paths that begin there.
    func inputs() throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: folder.path + "/inputs")
            .sorted().map { "inputs/" + $0 }
    }

    func truth() throws -> Truth {
        try Truth(
            TOMLReader.read([UInt8](Data(contentsOf: folder.appendingPathComponent("case.toml")))))
    }

    func analyze(
        _ format: String, paths: [String] = ["inputs"], more: [String] = [],
        environment: [String: String] = Program.environment
    ) throws -> Run {
        let arguments = ["analyze", "--format", format] + (try truth().arguments) + more + paths
        return try Program.run(arguments, in: folder.path, environment: environment)
    }
}

/// What is true of a sample. Only what is written is checked.
struct Truth {
    var arguments: [String]
    var exit: Int?
    var trueCause: String?
    var mustNotConclude: [String]
    var summary: [String: Int]
    var incidents: [Incident]
    var says: [String]
    var neverSays: [String]

    struct Incident {
        var table: TOMLTable

        func text(_ key: String) -> String? { table.text(key) }
        func number(_ key: String) -> Int? { table.number(key) }
        func list(_ key: String) -> [String]? { table.list(key) }
        func counts(_ key: String) -> [String: Int]? { table.table(key)?.numbers }
    }

    private static let keys: Set = [
        "title", "story", "provenance", "product", "versions", "arguments", "exit", "true_cause",
        "must_not_conclude", "summary", "incident", "report",
    ]
    private static let incidentKeys: Set = [
        "kind", "status", "port", "fork_failures", "by_operation", "by_errno", "started_at",
        "last_failure_at", "recovered_at", "consequences", "never_consequences", "exposure",
        "cause",
    ]

    init(_ root: TOMLTable) throws {
        try root.allows(Self.keys)
        arguments = root.list("arguments") ?? []
        exit = root.number("exit")
        trueCause = root.text("true_cause")
        mustNotConclude = root.list("must_not_conclude") ?? []
        summary = root.table("summary")?.numbers ?? [:]
        incidents = root.tables("incident").map(Incident.init)
        for incident in incidents { try incident.table.allows(Self.incidentKeys) }
        let report = root.table("report") ?? TOMLTable()
        try report.allows(["says", "never_says"])
        says = report.list("says") ?? []
        neverSays = report.list("never_says") ?? []
        for key in ["title", "story", "provenance", "product"] where root.text(key) == nil {
            throw Problem(text: "\(key) is missing")
        }
    }

    struct Problem: Error { var text: String }
}

// MARK: - TOML values

extension TOMLTable {
    func allows(_ keys: Set<String>) throws {
        for entry in entries where !keys.contains(entry.key) {
            throw Truth.Problem(text: "line \(entry.position.line): no such key, \(entry.key)")
        }
    }

    func text(_ key: String) -> String? { self[key]?.value.text }

    func number(_ key: String) -> Int? {
        guard case .integer(let value)? = self[key]?.value.content else { return nil }
        return Int(value)
    }

    func list(_ key: String) -> [String]? {
        guard case .array(let values)? = self[key]?.value.content else { return nil }
        return values.compactMap(\.text)
    }

    func table(_ key: String) -> TOMLTable? {
        guard case .table(let table)? = self[key]?.value.content else { return nil }
        return table
    }

    func tables(_ key: String) -> [TOMLTable] {
        guard case .array(let values)? = self[key]?.value.content else { return [] }
        return values.compactMap {
            guard case .table(let table) = $0.content else { return nil }
            return table
        }
    }

    var numbers: [String: Int] {
        var out: [String: Int] = [:]
        for entry in entries { out[entry.key] = number(entry.key) }
        return out
    }
}

extension TOMLValue {
    var text: String? {
        guard case .string(let string) = content else { return nil }
        return string.text
    }
}
