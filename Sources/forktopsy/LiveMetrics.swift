// SPDX-License-Identifier: Apache-2.0

internal import Live
internal import Model

/// What is known, as metrics: the text format of Prometheus.
struct LiveMetrics {
    private(set) var text = ""

    init(_ report: Report, _ sources: [LiveSource], stateProblem: String?) {
        add(
            "forktopsy_heartbeat_timestamp_seconds", "When these metrics were written.",
            [([], wallClock())])
        add(
            "forktopsy_followed_logs", "Logs and streams that are being read.",
            [([], Double(sources.count { $0.isOpen && !$0.isSamples }))])
        add(
            "forktopsy_state_writable", "Whether the state directory can be written.",
            [([], stateProblem == nil ? 1 : 0)])
        addIncidents(report)
        addInstances(report)
    }

    private typealias Labels = [(name: String, value: String)]

    private mutating func addIncidents(_ report: Report) {
        let open = report.incidents.filter { $0.status == .ongoing_at_end }
        add(
            "forktopsy_incident_open", "An incident that has not recovered; the value is 1.",
            open.map { incident in
                (labels(incident) + [("cause", Self.cause(incident)), ("id", incident.id)], 1)
            })
        add(
            "forktopsy_incident_start_timestamp_seconds", "When an open incident began.",
            open.compactMap { incident in
                incident.startedAt.map {
                    ([("id", incident.id)], Double($0.nanoseconds) / 1e9)
                }
            })
        var forks: [String: (labels: Labels, count: Double)] = [:]
        for incident in report.incidents {
            for (errno, count) in incident.failures.byErrno {
                let labels = instance(incident.instance) + [("errno", errno.rawValue)]
                let key = Self.spoken(labels)
                forks[key, default: (labels, 0)].count += Double(count)
            }
        }
        add(
            "forktopsy_fork_failures_total", "Refused forks in the incidents that are stored.",
            forks.sorted { $0.key < $1.key }.map { ($0.value.labels, $0.value.count) })
        let kinds = Dictionary(grouping: report.incidents) { $0.kind.rawValue }
        add(
            "forktopsy_incidents_total", "Incidents that are stored.",
            kinds.sorted { $0.key < $1.key }.map { ([("kind", $0.key)], Double($0.value.count)) })
    }

    private mutating func addInstances(_ report: Report) {
        add(
            "forktopsy_saves_total", "Saves that the logs show.",
            report.outlook.flatMap { outlook in
                let labels = instance(outlook.instance)
                return [
                    (labels + [("result", "success")], Double(outlook.saves.succeeded)),
                    (labels + [("result", "failure")], Double(outlook.saves.failed)),
                ]
            })
    }

    /// The cause that answers the incident; `undecided` where none does.
    private static func cause(_ incident: Incident) -> String {
        incident.causes.first {
            $0.role == .primary && ($0.verdict == .confirmed || $0.verdict == .likely)
        }?.id ?? "undecided"
    }

    private func labels(_ incident: Incident) -> Labels {
        instance(incident.instance) + [
            ("kind", incident.kind.rawValue), ("severity", incident.severity.rawValue),
            (
                "errno",
                incident.failures.byErrno.max {
                    ($0.value, $1.key.rawValue) < ($1.value, $0.key.rawValue)
                }?
                .key.rawValue ?? ""
            ),
        ]
    }

    private func instance(_ instance: Instance) -> Labels {
        [
            ("log", instance.log), ("port", instance.port.map(String.init) ?? ""),
            ("product", instance.product ?? ""), ("unit", instance.unit ?? ""),
        ]
    }

    private mutating func add(_ name: String, _ help: String, _ samples: [(Labels, Double)]) {
        text += "# HELP \(name) \(help)\n"
        text += "# TYPE \(name) \(name.hasSuffix("_total") ? "counter" : "gauge")\n"
        for (labels, value) in samples {
            let number =
                value == value.rounded() && abs(value) < 1e15
                ? String(Int64(value)) : String(value)
            text += "\(name)\(Self.spoken(labels)) \(number)\n"
        }
    }

    private static func spoken(_ labels: Labels) -> String {
        guard !labels.isEmpty else { return "" }
        let parts = labels.map { label in
            var value = ""
            for scalar in label.value.unicodeScalars {
                switch scalar {
                case "\\": value += "\\\\"
                case "\"": value += "\\\""
                case "\n": value += "\\n"
                default: value.unicodeScalars.append(scalar)
                }
            }
            return "\(label.name)=\"\(value)\""
        }
        return "{\(parts.joined(separator: ","))}"
    }
}
