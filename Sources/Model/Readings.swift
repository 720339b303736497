// SPDX-License-Identifier: Apache-2.0

/// A snapshot placed in time, with the name of the input it stands in.
package struct PlacedSnapshot: Sendable {
    package var snapshot: Snapshot
    package var at: Timestamp?
    /// The instant is when the file was last written, which a copy may have changed.
    package var isFileTime: Bool
    /// Nothing says how far its clock lies from that of the server's log: the zone of one of them is
    /// only assumed. Then its instant decides no more than a file's time does.
    package private(set) var isZoneDoubtful = false
    package var path: String
    package var tie: Tie

    /// What says that a snapshot is of the host of the server that an incident is about.
    package enum Tie: UInt8, Sendable {
        /// It names the host, or a process of the server, or stands in one folder or archive with
        /// the server's log.
        case own
        /// Nothing does, and nothing speaks against it.
        case assumed
        /// It names processes of servers, and the server of the log is none of them.
        case doubtful
    }

    package init(
        _ snapshot: Snapshot, at: Timestamp?, isFileTime: Bool, path: String, tie: Tie = .own
    ) {
        self.snapshot = snapshot
        self.at = at
        self.isFileTime = isFileTime
        self.path = path
        self.tie = tie
    }

    /// The same with an instant that may be hours off.
    package var doubtful: PlacedSnapshot {
        var out = self
        out.isZoneDoubtful = true
        out.isFileTime = true
        return out
    }
}

/// One value that was read, with when and where.
package struct Measured: Sendable {
    package var value: SnapshotValue
    package var placed: PlacedSnapshot

    package init(value: SnapshotValue, placed: PlacedSnapshot) {
        self.value = value
        self.placed = placed
    }

    package var at: Timestamp? { placed.at }
    package var subject: SnapshotSubject { placed.snapshot.subject }
    package var measure: Measure { value.measure }

    /// Bytes or a count.
    package var number: Int64 {
        switch value.quantity {
        case .whole(let number): number
        case .real(let number): Int64(clamping: number)
        case .text: 0
        }
    }

    package var real: Double {
        switch value.quantity {
        case .whole(let number): Double(number)
        case .real(let number): number
        case .text: 0
        }
    }

    package var text: String {
        switch value.quantity {
        case .whole(let number): String(number)
        case .real(let number): oneDecimal(number)
        case .text(let text): text
        }
    }

    package var source: SourceReference {
        SourceReference(path: placed.path, line: value.line, offset: value.offset)
    }
}

/// What snapshots show around one incident, or up to now: those of its host, its cgroup, its
/// process and its server, in time order; those without a time last.
package struct Readings: Sendable {
    package let snapshots: [PlacedSnapshot]
    /// Which snapshots hold a measure. Causes ask some hundred times, and mostly for what is not there.
    private let places: [Measure: [Int]]

    package init(_ unordered: [PlacedSnapshot] = []) {
        snapshots = unordered.sorted(by: Self.precedes)
        var places: [Measure: [Int]] = [:]
        for i in snapshots.indices {
            for value in snapshots[i].snapshot.values
            where places[value.measure]?.last != i { places[value.measure, default: []].append(i) }
        }
        self.places = places
    }

    /// Equals by where they stand.
    private static func precedes(_ a: PlacedSnapshot, _ b: PlacedSnapshot) -> Bool {
        let (x, y) = (a.at?.nanoseconds ?? .max, b.at?.nanoseconds ?? .max)
        if x != y { return x < y }
        if a.path != b.path { return a.path.utf8.lexicographicallyPrecedes(b.path.utf8) }
        return (a.snapshot.line, a.snapshot.format) < (b.snapshot.line, b.snapshot.format)
    }

    package var isEmpty: Bool { snapshots.isEmpty }

    /// Those of which something says that they are of the server's host.
    package var own: Readings { Readings(snapshots.filter { $0.tie == .own }) }

    /// Every value of `measure`, in time order, changes by command included.
    package func all(
        _ measure: Measure, where accepts: (SnapshotSubject) -> Bool = { _ in true }
    ) -> [Measured] {
        (places[measure] ?? []).compactMap { value($0, measure, accepts) }
    }

    /// The last value at or before `instant`.
    package func last(
        _ measure: Measure, atOrBefore instant: Timestamp,
        where accepts: (SnapshotSubject) -> Bool = { _ in true }
    ) -> Measured? {
        guard let places = places[measure] else { return nil }
        for i in places[..<behind(instant, places)].reversed() {
            if let found = value(i, measure, accepts) { return found }
        }
        return nil
    }

    /// The first value after `instant`.
    package func first(
        _ measure: Measure, after instant: Timestamp,
        where accepts: (SnapshotSubject) -> Bool = { _ in true }
    ) -> Measured? {
        guard let places = places[measure] else { return nil }
        for i in places[behind(instant, places)...] where snapshots[i].at != nil {
            if let found = value(i, measure, accepts) { return found }
        }
        return nil
    }

    /// The first value of all, by time if it has one.
    package func first(
        _ measure: Measure, where accepts: (SnapshotSubject) -> Bool = { _ in true }
    ) -> Measured? {
        for i in places[measure] ?? [] {
            if let found = value(i, measure, accepts) { return found }
        }
        return nil
    }

    private func value(
        _ index: Int, _ measure: Measure, _ accepts: (SnapshotSubject) -> Bool
    ) -> Measured? {
        guard accepts(snapshots[index].snapshot.subject),
            let value = snapshots[index].snapshot.value(measure)
        else { return nil }
        return Measured(value: value, placed: snapshots[index])
    }

    /// Where in `places` the first snapshot after `instant` stands, or one without a time.
    private func behind(_ instant: Timestamp, _ places: [Int]) -> Int {
        var low = 0
        var high = places.count
        while low < high {
            let middle = (low + high) / 2
            if let at = snapshots[places[middle]].at, at <= instant {
                low = middle + 1
            } else {
                high = middle
            }
        }
        return low
    }
}
