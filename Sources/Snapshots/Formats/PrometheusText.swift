// SPDX-License-Identifier: Apache-2.0

internal import Model

/// The text that an exporter answers a scrape with: `name{label="value",…} number [milliseconds]`.
///
/// Source: Prometheus, docs/instrumenting/exposition_formats.md. The time is that of the sample
/// where it has one, else `node_time_seconds` of the same scrape, else that of the lines above.
struct PrometheusText: SnapshotFormat {
    static let name = "Prometheus"
    static let openers = PrometheusNames.openers

    /// Subjects of one scrape; beyond that what was read is given out.
    private static let limit = 2048

    private struct Key: Hashable {
        var subject: SnapshotSubject
        var stamp: Stamp?
    }

    private var snapshots: [Snapshot] = []
    private var places: [Key: Int] = [:]
    private var hostTime: Stamp?
    private var nodeName: String?

    mutating func begin(_ line: SnapshotLine, _ sink: inout SnapshotSink) -> Bool {
        take(line, &sink)
    }

    mutating func take(_ line: SnapshotLine, _ sink: inout SnapshotSink) -> Bool {
        let text = line.text.trimmed
        if text.hasPrefix("#") {
            return text.hasPrefix("# HELP ") || text.hasPrefix("# TYPE ") || text == "# EOF"
                || text.hasPrefix("# UNIT ")
        }
        guard let sample = PrometheusSample(text) else { return false }
        add(sample, line, &sink)
        return true
    }

    mutating func end(_ sink: inout SnapshotSink) {
        for var snapshot in snapshots {
            if let hostTime, snapshot.timeBasis != .inFormat {
                snapshot.stamp = hostTime
                snapshot.timeBasis = .inFormat
            }
            if snapshot.subject.host == nil { snapshot.subject.host = nodeName }
            sink.emit(snapshot)
        }
        snapshots = []
        places = [:]
        hostTime = nil
        nodeName = nil
    }

    private mutating func add(
        _ sample: PrometheusSample, _ line: SnapshotLine, _ sink: inout SnapshotSink
    ) {
        switch sample.name {
        case "node_time_seconds", "node_time":
            if hostTime != nil { end(&sink) }
            hostTime = Double(sample.value).flatMap {
                guard $0 > 1e9, $0 < 4.1e9 else { return nil }
                return Stamp(
                    form: .epoch, precision: .millisecond,
                    nanoseconds: Int64($0 * 1000) * 1_000_000)
            }
        case "node_uname_info":
            nodeName = sample.labels["nodename"]
            let texts: [(String, Measure)] = [
                ("nodename", .hostName), ("release", .kernelRelease), ("machine", .architecture),
            ]
            for (label, measure) in texts {
                guard let text = sample.labels[label] else { continue }
                set(measure, .text(text), .host, sample, line, &sink)
            }
        case "redis_instance_info", "valkey_instance_info": describe(sample, line, &sink)
        default:
            guard let metric = PrometheusNames.metric(sample.name),
                let quantity = metric.quantity(sample.value)
            else { return }
            set(metric.measure, quantity, metric.scope, sample, line, &sink)
        }
    }

    /// A server's identity stands in the labels of one metric.
    private mutating func describe(
        _ sample: PrometheusSample, _ line: SnapshotLine, _ sink: inout SnapshotSink
    ) {
        var shared = sample
        let own = [
            "role", "redis_version", "redis_build_id", "redis_mode", "os", "maxmemory_policy",
            "tcp_port", "run_id", "process_id",
        ]
        for label in own { shared.labels[label] = nil }
        let texts: [(String, Measure)] = [
            ("redis_version", .serverVersion), ("role", .serverRole), ("redis_mode", .serverMode),
            ("maxmemory_policy", .maxmemoryPolicy), ("run_id", .runID),
        ]
        for (label, measure) in texts {
            guard let text = sample.labels[label], !text.isEmpty else { continue }
            set(measure, .text(text), .server, shared, line, &sink)
        }
        guard let subject = PrometheusNames.subject(.server, shared.labels),
            let at = places[Key(subject: subject, stamp: shared.stamp)]
        else { return }
        if let pid = sample.labels["process_id"].flatMap({ Int32($0) }) {
            snapshots[at].subject.pid = pid
        }
        if let port = sample.labels["tcp_port"].flatMap({ Int($0) }) {
            snapshots[at].subject.port = port
        }
    }

    private mutating func set(
        _ measure: Measure, _ quantity: SnapshotValue.Quantity, _ scope: SnapshotSubject.Scope,
        _ sample: PrometheusSample, _ line: SnapshotLine, _ sink: inout SnapshotSink
    ) {
        guard let subject = PrometheusNames.subject(scope, sample.labels) else { return }
        let key = Key(subject: subject, stamp: sample.stamp)
        // The next scrape begins where a value comes again.
        if let at = places[key], snapshots[at].value(measure) != nil { end(&sink) }
        if places[key] == nil {
            if snapshots.count >= Self.limit { end(&sink) }
            var snapshot = sink.snapshot(Self.name, scope, at: line)
            snapshot.subject = subject
            if let stamp = sample.stamp {
                snapshot.stamp = stamp
                snapshot.timeBasis = .inFormat
            }
            places[key] = snapshots.count
            snapshots.append(snapshot)
        }
        guard let at = places[key] else { return }
        snapshots[at].values.append(SnapshotValue(measure, quantity, line: line.number))
    }
}

/// One line of an exposition.
struct PrometheusSample {
    var name: String
    var labels: [String: String] = [:]
    var value: String
    /// The sample's own time.
    var stamp: Stamp?

    init?(_ text: Substring) {
        let name = text.prefix {
            $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_" || $0 == ":")
        }
        var rest = text[name.endIndex...]
        guard !name.isEmpty, name.contains("_") else { return nil }
        self.name = String(name)
        if rest.first == "{" {
            guard let end = Self.labels(rest.dropFirst(), &labels) else { return nil }
            rest = rest[end...]
        } else if rest.first != " ", rest.first != "\t" {
            return nil
        }
        let words = rest.split(whereSeparator: { $0 == " " || $0 == "\t" })
        guard words.count == 1 || words.count == 2, Double(words[0]) != nil else { return nil }
        value = String(words[0])
        if words.count == 2 {
            guard let stamp = TimeText.epoch(word: words[1]) else { return nil }
            self.stamp = stamp
        }
    }

    /// Reads `name="value",…}` and says where what follows begins.
    private static func labels(
        _ text: Substring, _ labels: inout [String: String]
    ) -> Substring.Index? {
        var name = ""
        var value = ""
        var isInside = false
        var isEscaped = false
        for at in text.indices {
            let character = text[at]
            if isInside {
                if isEscaped {
                    value.append(character == "n" ? "\n" : character)
                    isEscaped = false
                } else if character == "\\" {
                    isEscaped = true
                } else if character == "\"" {
                    labels[name.trimmingEquals] = value
                    (name, value, isInside) = ("", "", false)
                } else {
                    value.append(character)
                }
            } else if character == "\"" {
                isInside = true
            } else if character == "}" {
                return text.index(after: at)
            } else if character != "," {
                name.append(character)
            }
        }
        return nil
    }
}

extension String {
    fileprivate var trimmingEquals: String {
        String((hasSuffix("=") ? self[...].dropLast() : self[...]).trimmed)
    }
}
