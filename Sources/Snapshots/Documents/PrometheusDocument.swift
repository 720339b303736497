// SPDX-License-Identifier: Apache-2.0

internal import Model

/// What Prometheus answers to `query` (vector) and `query_range` (matrix): for each series its
/// labels and `[seconds, "value"]` pairs.
///
/// Source: Prometheus, docs/querying/api.md. A point can be up to five minutes older than its time.
struct PrometheusDocument: DocumentReader {
    static let name = "Prometheus API"

    static func recognises(_ start: [JSONEvent]) -> Bool? {
        for event in start {
            switch event {
            case .open(nil, isArray: false), .open("data"?, isArray: false),
                .scalar("status"?, .string("success")), .close:
                continue
            case .scalar("resultType"?, .string(let type)):
                return ["vector", "matrix"].contains(type)
            case .open("result"?, isArray: true): return true
            default: return false
            }
        }
        return nil
    }

    private var names: [String?] = []
    /// Of the series that is open; `nil` where its labels are lost.
    private var labels: [String: String]?
    private var pair: [JSONScalar] = []

    mutating func take(_ event: JSONEvent, _ line: SnapshotLine, _ sink: inout SnapshotSink) {
        switch event {
        case .open(let name, _):
            if name == nil, names.last == "result" { labels = nil }
            if name == "metric" { labels = [:] }
            if name == "value" || name == nil && names.last == "values" { pair = [] }
            names.append(name)
        case .close:
            guard let name = names.popLast() else { return }
            if name == "value" || name == nil && names.last == "values" {
                point(line, &sink)
                pair = []
            }
            if name == "value" || name == "values" { labels = nil }
        case .scalar(let name?, let scalar):
            if names.last == "metric", let text = scalar.text { labels?[name] = text }
        case .scalar(nil, let scalar):
            if pair.count < 3 { pair.append(scalar) }
        }
    }

    mutating func end(_ sink: inout SnapshotSink) {}

    private func point(_ line: SnapshotLine, _ sink: inout SnapshotSink) {
        guard pair.count == 2, case .number(let time) = pair[0], case .string(let value) = pair[1],
            let stamp = TimeText.epoch(word: time[...])
        else { return }
        guard let labels, let name = labels["__name__"] else {
            sink.note("Prometheus: a series without a name (of an expression) is not read")
            return
        }
        guard let metric = PrometheusNames.metric(name), let quantity = metric.quantity(value),
            let subject = PrometheusNames.subject(metric.scope, labels)
        else { return }
        var snapshot = sink.snapshot(Self.name, metric.scope, at: line)
        snapshot.subject = subject
        snapshot.stamp = stamp
        snapshot.timeBasis = .inFormat
        snapshot.values.append(SnapshotValue(metric.measure, quantity, line: line.number))
        sink.emit(snapshot)
    }
}
