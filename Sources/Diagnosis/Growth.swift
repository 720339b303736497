// SPDX-License-Identifier: Apache-2.0

internal import Model

/// How a figure rose before the first failure: a straight line through its readings.
struct Growth {
    var first: Measured
    var last: Measured
    var count: Int
    /// By least squares, in the measure's unit.
    var perSecond: Double

    var rise: Int64 { last.number - first.number }
    var seconds: Double { last.at.flatMap { l in first.at.map { l.seconds(since: $0) } } ?? 0 }
    var share: Double { first.number > 0 ? Double(rise) / Double(first.number) : 0 }

    /// When the line meets `limit`.
    func crossing(_ limit: Int64) -> Timestamp? {
        guard perSecond > 0, let at = last.at else { return nil }
        let seconds = Double(limit - last.number) / perSecond
        return seconds < 365 * 86_400 ? at.adding(seconds: seconds) : nil
    }

    /// Readings that a trend rests on, at least.
    static let fewest = 4
}

extension Case {
    /// The growth of a figure up to the first failure; `nil` where readings are few, span less
    /// than half a minute, or did not rise by a tenth.
    ///
    /// Where the server was restarted the readings of the last process count.
    func growth(
        _ measure: Measure, where accepts: (SnapshotSubject) -> Bool
    ) -> Growth? {
        guard let start else { return nil }
        let all = incident.readings.all(measure, where: accepts).filter {
            $0.at.map { $0 <= start.adding(seconds: 0.5) } ?? false && !$0.placed.isFileTime
                && !$0.placed.snapshot.isChange
        }
        guard let newest = all.last else { return nil }
        let mine = all.filter { $0.subject.pid == newest.subject.pid }
        // After a restart, or FLUSHALL, growth begins anew.
        let from = mine.indices.reversed().first {
            $0 > 0 && mine[$0].number < mine[$0 - 1].number / 2
        }
        let points = Array(mine[(from ?? 0)...])
        guard let first = points.first, points.count >= Growth.fewest else { return nil }
        let out = Growth(
            first: first, last: newest, count: points.count, perSecond: Self.slope(points))
        guard out.seconds >= 30, out.share >= 0.1, out.perSecond > 0 else { return nil }
        return out
    }

    private static func slope(_ points: [Measured]) -> Double {
        guard let origin = points.first?.at, let base = points.first?.number else { return 0 }
        let count = Double(points.count)
        var (x, y, xx, xy) = (0.0, 0.0, 0.0, 0.0)
        for point in points {
            let t = point.at?.seconds(since: origin) ?? 0
            let v = Double(point.number - base)
            (x, y, xx, xy) = (x + t, y + v, xx + t * t, xy + t * v)
        }
        let spread = count * xx - x * x
        return spread > 0 ? (count * xy - x * y) / spread : 0
    }

    // MARK: - Room for a fork, over time

    /// One moment at which Committed_AS was read, with what a fork had then to account.
    struct CommitPoint {
        var at: Timestamp
        var charge: CommitCharge
        /// What is left under the limit after a fork; negative where it is refused.
        var room: Int64 { charge.ceiling - charge.needAtLeast }
    }

    /// The arithmetic of strict accounting at each reading up to the first failure, the last one first;
    /// none where what a fork accounts is not known.
    private func commitPoints(_ body: (CommitPoint) -> Bool) {
        guard let start else { return }
        let readings = incident.readings
        var instant = start.adding(seconds: 0.5)
        while let reading = readings.last(.committedAS, atOrBefore: instant, where: Self.isHost),
            let at = reading.at
        {
            if !reading.placed.isFileTime, let charge = commitCharge(at: at),
                charge.atLeast.bytes > 0, !body(CommitPoint(at: at, charge: charge))
            {
                return
            }
            instant = Timestamp(nanoseconds: at.nanoseconds - 1)
        }
    }

    /// Whether the room for a fork is known at any moment up to the first failure.
    var hasCommitPoints: Bool {
        var out = false
        commitPoints { _ in
            out = true
            return false
        }
        return out
    }

    /// The last two readings between which the room for a fork was used up.
    var commitCrossing: (before: CommitPoint, after: CommitPoint)? {
        var out: (before: CommitPoint, after: CommitPoint)?
        var next: CommitPoint?
        commitPoints { point in
            if point.room >= 0 {
                out = next.map { (point, $0) }
                return false
            }
            next = point
            return true
        }
        return out
    }
}
