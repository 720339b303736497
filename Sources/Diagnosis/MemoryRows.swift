// SPDX-License-Identifier: Apache-2.0

internal import Model

extension Diagnosis {
    /// Rows of the timeline that tell what the host's memory was last read as before the first
    /// failure, and first after the last one, where that was within the hour.
    static func memoryRows(_ facts: Case, _ samples: [MemorySample]) -> [TimelineEntry] {
        guard let start = facts.start, let end = facts.end else { return [] }
        let host = samples.filter { $0.scope == .host && !spoken($0).isEmpty }
        let before = host.last { sample in
            sample.at.map { $0 <= start && start.seconds(since: $0) <= 3600 } ?? false
        }
        let after = host.first { sample in
            sample.at.map { $0 > end && $0.seconds(since: end) <= 3600 } ?? false
        }
        return [before, after].compactMap { sample in
            guard let sample, let at = sample.at else { return nil }
            let distance =
                at <= start
                ? Case.distance(at, from: start)
                : "\(spokenDuration(seconds: at.seconds(since: end))) after the last failure"
            return TimelineEntry(
                at: at, kind: TimelineEntry.memorySnapshot, severity: .info,
                text: "memory \(distance): \(spoken(sample))", source: sample.source)
        }
    }

    /// `MemAvailable 1.9 GiB, Committed_AS 7.5 GiB, CommitLimit 14 GiB`
    private static func spoken(_ sample: MemorySample) -> String {
        let names = [
            (Measure.memAvailable.name, "MemAvailable"), (Measure.committedAS.name, "Committed_AS"),
            (Measure.commitLimit.name, "CommitLimit"),
        ]
        return names.compactMap { key, name in
            sample.values.first { $0.name == key }.map {
                "\(name) \(ByteCount(bytes: $0.value).description)"
            }
        }.joined(separator: ", ")
    }

    /// Puts rows into a timeline, each behind what came before it.
    static func insert(_ rows: [TimelineEntry], into timeline: inout [TimelineEntry]) {
        for row in rows {
            let next = timeline.firstIndex { entry in
                entry.at.flatMap { at in row.at.map { at > $0 } } ?? false
            }
            timeline.insert(row, at: next ?? timeline.endIndex)
        }
    }
}
