// SPDX-License-Identifier: Apache-2.0

internal import Model

/// What a reading is of: the same values of the same thing.
struct ReadingKey: Hashable {
    let format: String
    let subject: SnapshotSubject
    let measures: [Measure]

    init(_ snapshot: Snapshot) {
        format = snapshot.format
        subject = snapshot.subject
        measures = snapshot.values.map(\.measure)
    }
}

/// Leaves out readings that say what the one before said: most settings and limits never change.
///
/// What is kept tells the same: one of them every 30 s, and when a value changes the last reading that
/// showed the old one.
struct RepeatedReadings {
    private struct Latest {
        var quantities: [SnapshotValue.Quantity]
        var keptAt: Timestamp
        /// The last reading that was left out.
        var waiting: Snapshot?
    }

    private var latest: [ReadingKey: Latest] = [:]
    /// Kinds of readings that are known; processes come and go.
    private static let limit = 1000

    /// Those of a sample's readings that are to be kept, with the moment of the sample.
    mutating func kept(
        of snapshots: [Snapshot], at moment: Timestamp, all: Bool
    ) -> [Snapshot] {
        if latest.count > Self.limit { latest = [:] }
        var out: [Snapshot] = []
        for var snapshot in snapshots {
            snapshot.stamp = Stamp(
                form: .epoch, precision: .millisecond, nanoseconds: moment.nanoseconds)
            snapshot.timeBasis = .inFormat
            let key = ReadingKey(snapshot)
            let quantities = snapshot.values.map(\.quantity)
            let last = latest[key]
            if !all, let last, last.quantities == quantities,
                moment.seconds(since: last.keptAt) < Beat.seconds - 1
            {
                latest[key]?.waiting = snapshot
                continue
            }
            if let last, last.quantities != quantities, let waiting = last.waiting {
                out.append(waiting)
            }
            out.append(snapshot)
            latest[key] = Latest(quantities: quantities, keptAt: moment)
        }
        return out
    }
}
