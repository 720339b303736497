// SPDX-License-Identifier: Apache-2.0

internal import Model

// MARK: - What is drawn

extension IncidentComposer {
    private static let markLimit = 80
    private static let seriesLimit = 8

    /// The incident over time; `nil` where no time is known or nothing lasted.
    var chart: Chart? {
        let instants = ownInstants
        guard let first = instants.min(), let last = instants.max() else { return nil }
        let length = max(last.seconds(since: first), 1)
        // Samples from far off would press the incident into one column; the table has them.
        let reach = max(length * 4, 600)
        let samples = incident.memory.filter { sample in
            guard let at = sample.at else { return false }
            return at >= first.adding(seconds: -reach) && at <= last.adding(seconds: reach)
        }
        let all = instants + samples.compactMap(\.at)
        let from = all.min() ?? first
        let to = max(all.max() ?? last, from.adding(seconds: 1))
        let series = Self.series(samples)
        let spans = spans(end: to)
        guard !series.isEmpty || !spans.isEmpty || all.count > 1 else { return nil }
        return Chart(
            title: "Incident \(incident.id) over time (UTC)", from: from, to: to,
            series: series, spans: spans, marks: marks)
    }

    private var ownInstants: [Timestamp] {
        let persistence = incident.persistence
        return [
            incident.startedAt, incident.lastFailureAt, incident.recoveredAt,
            persistence.exposedFrom, persistence.exposedUntil, persistence.writesRefused?.from,
            persistence.writesRefused?.until,
        ].compactMap(\.self) + incident.timeline.flatMap { [$0.at, $0.lastAt].compactMap(\.self) }
    }

    private func spans(end: Timestamp) -> [Chart.Span] {
        let persistence = incident.persistence
        var out: [Chart.Span] = []
        func add(_ label: String, _ tone: Tone, _ from: Timestamp?, _ to: Timestamp?) {
            guard let from, to.map({ $0 >= from }) ?? true else { return }
            out.append(
                Chart.Span(label: label, tone: tone, from: from, to: to ?? end, isOpen: to == nil))
        }
        add("first to last failure", .failure, incident.startedAt, incident.lastFailureAt)
        if [.exposed, .lost, .replica_covers].contains(persistence.exposure) {
            add("data exposed", .warning, persistence.exposedFrom, persistence.exposedUntil)
        }
        if let refused = persistence.writesRefused {
            add("writes refused", .warning, refused.from, refused.until)
        }
        return out
    }

    private var marks: [Chart.Mark] {
        let entries = incident.timeline.filter {
            $0.at != nil
                && ($0.severity != .info || $0.kind == TimelineEntry.settingChanged || $0.isSave)
        }
        let worths = entries.map { $0.severity == .warning ? 1 : 2 }
        return WorthSelection(worths, limit: Self.markLimit).indices.flatMap { index in
            let entry = entries[index]
            let label = entry.kind.replacingUnderscores
            guard entry.count > 1, let lastAt = entry.lastAt else {
                return entry.at.map {
                    [Chart.Mark(at: $0, label: label, tone: entry.isSave ? .muted : entry.tone)]
                } ?? []
            }
            let count = grouped(entry.count)
            return [
                Chart.Mark(
                    at: entry.at ?? lastAt, label: "\(label) (\(count) times)", tone: entry.tone),
                Chart.Mark(at: lastAt, label: "\(label) (last of \(count))", tone: entry.tone),
            ]
        }
    }
}

extension TimelineEntry {
    /// A save, rewrite or synchronisation that worked while no incident was to be recovered from.
    fileprivate var isSave: Bool {
        severity == .info && kind == EventKind.operation_succeeded.rawValue
    }
}

// MARK: - Memory

extension IncidentComposer {
    /// Quantities worth a line, in order: what is used, then what must not be exceeded.
    private static let quantities: [(measure: Measure, isLimit: Bool)] = [
        (.vmRSS, false), (.usedMemoryRSS, false), (.usedMemory, false), (.committedAS, false),
        (.cgroupUsage, false), (.lastSaveCopied, false), (.privateDirty, false),
        (.memAvailable, false), (.commitLimit, true), (.cgroupLimit, true), (.maxmemory, true),
        (.memTotal, true),
    ]

    private static func series(_ samples: [MemorySample]) -> [Chart.Series] {
        var out: [Chart.Series] = []
        for (measure, isLimit) in quantities where out.count < seriesLimit {
            // Of several processes at one time the largest is the server.
            var largest: [Timestamp: Int64] = [:]
            for sample in samples {
                guard let at = sample.at,
                    let value = sample.values.first(where: { $0.name == measure.name })?.value,
                    // No limit is written as 0 (INFO) or as nearly all there is (cgroup v1).
                    value > 0, value < 1 << 60
                else { continue }
                largest[at] = max(largest[at] ?? 0, value)
            }
            guard !largest.isEmpty else { continue }
            let points = largest.sorted { $0.key < $1.key }
                .map { Chart.Series.Point(at: $0.key, bytes: $0.value) }
            out.append(Chart.Series(name: measure.name, isLimit: isLimit, points: points))
        }
        // One value with nothing to hold it against makes no picture; the table has it.
        let isPicture = out.contains { $0.points.count > 1 } || out.contains(where: \.isLimit)
        return isPicture ? out : []
    }
}
