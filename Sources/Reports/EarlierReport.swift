// SPDX-License-Identifier: Apache-2.0

internal import JSON

/// What an earlier JSON report said of each incident, as far as a ticket must be told of changes.
package struct EarlierReport: Sendable {
    /// Why a text is no report.
    package struct Problem: Error {
        package var reason: String
    }

    /// One entry of a timeline, as far as it tells one from another.
    struct Entry: Hashable, Sendable {
        var at: String?
        var kind: String
        var text: String
        var line: Int64?
        var count: Int64
    }

    /// An incident as it stood then.
    struct State: Sendable {
        var id: String
        var values: [String: String] = [:]
        var causes: [String: String] = [:]
        var entries: Set<Entry> = []
    }

    /// What was hidden in it; a report with other things hidden would differ everywhere.
    package var redaction: String
    let incidents: [State]

    /// Reads what `--format json` printed.
    package init(parsing text: String) throws(Problem) {
        let value: JSONValue
        do {
            value = try JSONValue(parsing: text)
        } catch {
            throw Problem(reason: "not JSON: \(error)")
        }
        guard value["schema"] == .string("forktopsy.report/1"),
            case .array(let incidents)? = value["incidents"]
        else { throw Problem(reason: "not a report of --format json") }
        redaction = value["redaction"]?["mode"]?.string ?? "none"
        self.incidents = incidents.map(State.init)
    }

    /// The state of an incident that is known by one of these ids.
    func state(of ids: [String]) -> State? { incidents.first { ids.contains($0.id) } }
}

extension EarlierReport.State {
    init(_ value: JSONValue) {
        id = value["id"]?.string ?? ""
        for (name, path) in Self.paths {
            let found = path.reduce(Optional(value)) { $0?[$1] }
            values[name] = found?.spoken
        }
        if case .array(let items)? = value["causes"] {
            for item in items {
                guard let id = item["id"]?.string else { continue }
                causes[id] = item["verdict"]?.string
            }
        }
        guard case .array(let items)? = value["timeline"] else { return }
        for item in items { entries.insert(EarlierReport.Entry(item)) }
    }

    /// What is compared, in the order in which it is told.
    static let paths: [(name: String, path: [String])] = [
        ("Status", ["status"]), ("Recovered", ["recovered_at"]),
        ("Forks refused", ["failures", "total"]),
        ("Last failure", ["last_failure_at"]), ("Severity", ["severity"]),
        ("Data", ["persistence", "exposure"]), ("Decision", ["verdict", "state"]),
        ("Verdict", ["verdict", "statement"]),
    ]

    /// A value as a sentence has it: an enum's name in words, a time as the report writes times;
    /// free text as it stands.
    static func spoken(_ value: String, of name: String) -> String {
        switch name {
        case "Status", "Severity", "Data", "Decision": value.replacingUnderscores
        case "Recovered", "Last failure": spokenTime(value)
        default: value
        }
    }

    /// `2026-11-22 12:01:38 UTC` for `2026-11-22T12:01:38.682Z`.
    private static func spokenTime(_ text: String) -> String {
        guard text.hasSuffix("Z"), text.utf8.count >= 20, text.dropFirst(10).hasPrefix("T") else {
            return text
        }
        return "\(text.prefix(10)) \(text.dropFirst(11).prefix(8)) UTC"
    }
}

extension EarlierReport.Entry {
    init(_ value: JSONValue) {
        at = value["at"]?.string
        kind = value["kind"]?.string ?? ""
        text = value["text"]?.string ?? ""
        line = value["source"]?["line"]?.integer
        count = value["count"]?.integer ?? 1
    }
}

extension JSONValue {
    fileprivate var string: String? {
        if case .string(let text) = self { text } else { nil }
    }

    fileprivate var integer: Int64? {
        if case .int(let number) = self { number } else { nil }
    }

    /// A value as a sentence has it; nothing for `null`.
    fileprivate var spoken: String? {
        switch self {
        case .string(let text): text
        case .int(let number): String(number)
        default: nil
        }
    }
}
