// SPDX-License-Identifier: Apache-2.0

package import Model

/// What INFO says of moments that a server's log tells of too: its last save and its start, in
/// seconds since 1970 whatever the server's zone. Beside the log's local time they show its offset.
///
/// Sources: redis 7.2.4, src/rdb.c, `backgroundSaveDoneHandlerDisk` and src/server.c, `initServer`,
/// both of which set `lastsave`; `genRedisInfoString`, which prints it as `rdb_last_save_time`, and
/// `uptime_in_seconds`.
package struct SaveTimes: Sendable {
    /// Seconds since 1970.
    private var told: Set<Int64> = []

    /// Moments that are compared; more would tell no more.
    private static let limit = 4096
    /// Some two centuries on. In nanoseconds it fits a stamp, with every offset of a zone.
    private static let latest: Int64 = 9_000_000_000

    package init() {}

    /// Learns from the snapshots of one input.
    package mutating func learn(_ snapshots: SnapshotLog) {
        snapshots.forEach { snapshot in
            guard snapshot.subject.scope == .server, told.count < Self.limit else { return }
            if let saved = snapshot[.lastSaveTime] { learn(saved) }
            if let uptime = snapshot[.serverUptime], uptime >= 0,
                case .real(let now)? = snapshot.value(.serverTime)?.quantity, now > 0,
                now < Double(Stamp.lastSecond)
            {
                learn(Int64(now) &- uptime)
            }
        }
    }

    /// Notes a moment, if it is one at which a server may have run.
    private mutating func learn(_ second: Int64) {
        if second > 0, second <= Self.latest { told.insert(second) }
    }

    /// What the local time of a server's log is ahead of UTC, in seconds, where one offset makes its
    /// saves and starts those that INFO tells of, and no other does so for half as many.
    package func offset(of log: EventLog, patterns: [PatternInfo]) -> Int? {
        guard !told.isEmpty else { return nil }
        let moments = Self.moments(log, patterns)
        guard !moments.isEmpty else { return nil }
        var best = (matched: 0, seconds: 0)
        var second = 0
        for seconds in ClockEvidence.zoneOffsets {
            let matched = told.count { Self.holds(moments, $0 + Int64(seconds)) }
            if matched > best.matched {
                second = best.matched
                best = (matched, seconds)
            } else {
                second = max(second, matched)
            }
        }
        return best.matched > 2 * second ? best.seconds : nil
    }

    /// When a server says that it has saved or is starting, in nanoseconds of its local time, sorted.
    private static func moments(_ log: EventLog, _ patterns: [PatternInfo]) -> [Int64] {
        var out: [Int64] = []
        log.forEachHeader { i, pattern, header in
            guard out.count < limit, header.stamp.form == .local, !header.stamp.isBorrowed else {
                return
            }
            switch patterns[pattern].kind {
            case .operation_succeeded where header.role != .child, .server_starting:
                out.append(header.stamp.nanoseconds)
            case .db_saved where header.role != .child: out.append(header.stamp.nanoseconds)
            default: break
            }
        }
        return out.sorted()
    }

    /// Whether one of `moments` lies in the second that is told, give or take a tenth: INFO rounds
    /// down, and servers without milliseconds round down too.
    private static func holds(_ moments: [Int64], _ second: Int64) -> Bool {
        let from = second * 1_000_000_000 - 100_000_000
        var (low, high) = (0, moments.count)
        while low < high {
            let middle = (low + high) / 2
            if moments[middle] < from { low = middle + 1 } else { high = middle }
        }
        return low < moments.count && moments[low] <= from + 1_200_000_000
    }
}
