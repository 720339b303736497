// SPDX-License-Identifier: Apache-2.0

package import Model

/// What servers say in one input and when, to be compared with another whose clock may be off by any
/// number of seconds.
package struct ClockSkew {
    /// Moments, in order, of each message; it names its process.
    private var times: [UInt64: [Int64]] = [:]
    private var first = Int64.max
    private var last = Int64.min
    /// Whether all times are whole seconds or of messages that syslog stamped anew.
    package private(set) var isCoarse = false
    package private(set) var count = 0

    /// Moments of one message beyond which it is too frequent to tell.
    private static let repeats = 256
    /// Pairs of records beyond which no more are compared.
    private static let compared = 500_000
    /// Nanoseconds by which two clocks that differ by days are no longer compared.
    private static let most: Int64 = 172_800_000_000_000

    /// Takes the first records; more would tell no more.
    package init(_ log: EventLog, limit: Int) {
        for i in 0..<min(log.count, limit) {
            let header = log.header(at: i)
            switch header.form {
            case .none, .kernel, .daemon: continue
            default: break
            }
            guard header.pid != 0, !header.stamp.isBorrowed, let at = log.instant(at: i) else {
                continue
            }
            if header.stamp.precision == .second || header.form == .bareMessage { isCoarse = true }
            times[log.signature(at: i), default: []].append(at.nanoseconds)
            (first, last) = (min(first, at.nanoseconds), max(last, at.nanoseconds))
            count += 1
        }
    }

    /// What is said, as far as it may tell.
    package var messages: Dictionary<UInt64, [Int64]>.Keys { times.keys }

    /// By how many nanoseconds all of `other` is later than this, where both hold the same records;
    /// `nil` where they do not, where it is nothing, or where more than one answer fits: a storm in
    /// even steps fits itself after each step.
    package func delay(of other: ClockSkew) -> Int64? {
        let isCoarse = isCoarse || other.isCoarse
        let reach: Int64 = isCoarse ? 2_000_000_000 : 3_000_000
        for rarity in [8, Self.repeats] {
            guard pairs(other, rarity) <= Self.compared else { return nil }
            var candidates: [(delay: Int64, at: Int64)] = []
            for (message, mine) in times where mine.count <= rarity {
                guard let theirs = other.times[message], theirs.count <= rarity else { continue }
                for at in theirs {
                    for own in mine where abs(at &- own) <= Self.most {
                        candidates.append((at &- own, at))
                    }
                }
            }
            candidates.sort { ($0.delay, $0.at) < ($1.delay, $1.at) }
            guard let best = Self.densest(candidates, within: reach) else { continue }
            let rest = candidates.filter { abs($0.delay - best.delay) > 3 * reach }
            let second = Self.densest(rest, within: reach)?.count ?? 0
            let near = Set(candidates.lazy.filter { abs($0.delay - best.delay) <= reach }.map(\.at))
            guard best.count > 2 * second, Self.moments(near) >= (isCoarse ? 6 : 4) else {
                continue
            }
            guard abs(best.delay) > reach, holds(other, later: best.delay, reach: reach) else {
                return nil
            }
            return best.delay
        }
        return nil
    }

    /// Pairs of records with the same message, each of them at most `rarity` times in either.
    private func pairs(_ other: ClockSkew, _ rarity: Int) -> Int {
        times.reduce(0) { sum, own in
            guard own.value.count <= rarity, let theirs = other.times[own.key],
                theirs.count <= rarity
            else { return sum }
            return sum + own.value.count * theirs.count
        }
    }

    /// Whether nearly all that either says while both do, the other says too.
    private func holds(_ other: ClockSkew, later delay: Int64, reach: Int64) -> Bool {
        let from = max(first &+ delay, other.first) &- reach
        let to = min(last &+ delay, other.last) &+ reach
        var (mine, theirs, shared) = (0, 0, 0)
        for (message, own) in times {
            let moved = own.map { $0 &+ delay }.filter { $0 >= from && $0 <= to }
            mine += moved.count
            guard let others = other.times[message] else { continue }
            var next = 0
            for at in moved.sorted() {
                while next < others.count, others[next] < at &- reach { next += 1 }
                guard next < others.count, others[next] <= at &+ reach else { continue }
                shared += 1
                next += 1
            }
        }
        for others in other.times.values { theirs += others.count { $0 >= from && $0 <= to } }
        return shared * 10 >= min(mine, theirs) * 9
    }

    /// How many moments more than a second apart there are.
    private static func moments(_ times: Set<Int64>) -> Int {
        var (count, latest) = (0, Int64.min)
        for at in times.sorted() where count == 0 || at &- latest > 1_000_000_000 {
            (count, latest) = (count + 1, at)
        }
        return count
    }

    /// The middle of the candidates that most records tell of, and how many do.
    private static func densest(
        _ sorted: [(delay: Int64, at: Int64)], within reach: Int64
    ) -> (delay: Int64, count: Int)? {
        var best: (delay: Int64, count: Int)?
        var start = 0
        var records: [Int64: Int] = [:]
        for end in sorted.indices {
            records[sorted[end].at, default: 0] += 1
            while sorted[end].delay - sorted[start].delay > reach {
                let at = sorted[start].at
                records[at] = records[at].flatMap { $0 > 1 ? $0 - 1 : nil }
                start += 1
            }
            if records.count > best?.count ?? 0 {
                best = (sorted[(start + end) / 2].delay, records.count)
            }
        }
        return best
    }
}
