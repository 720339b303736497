// SPDX-License-Identifier: Apache-2.0

package import Model

/// What a kernel says of servers' processes and when, to be compared with another copy of its log and
/// with the servers' own: `dmesg` counts from the boot, by a clock that stands while the host is
/// suspended, so that its times may be off by any figure.
package struct KernelSkew {
    private struct Saying {
        var message: UInt64
        var nanoseconds: Int64
    }

    private var sayings: [Saying] = []
    /// When forks of each process were refused.
    private var refusals: [Int32: [Int64]] = [:]
    /// Which processes the OOM killer ended, and when.
    package private(set) var kills: [(pid: Int32, at: Int64)] = []
    /// Whether all times are whole seconds.
    package private(set) var isCoarse = true

    /// Records that are kept of one input; more would tell no more.
    private static let limit = 512
    /// By how much copies differ that nobody need move, in nanoseconds.
    private static let small: Int64 = 2_000_000_000

    package static let kinds: Set<EventKind> = [
        .kernel_commit_refused, .oom_victim, .pids_rejected,
    ]

    package init(_ log: EventLog, patterns: [PatternInfo]) {
        log.forEachHeader { i, pattern, header in
            guard header.form == .kernel, sayings.count < Self.limit,
                Self.kinds.contains(patterns[pattern].kind), !header.stamp.isBorrowed,
                let at = log.instant(at: i)?.nanoseconds
            else { return }
            let event = log.event(at: i, input: 0, patterns: patterns)
            guard event.isServerFamily else { return }
            sayings.append(Saying(message: log.signature(at: i), nanoseconds: at))
            if header.stamp.precision != .second { isCoarse = false }
            guard let pid = event.int("pid").flatMap(Int32.init(exactly:)) else { return }
            if case .oom_victim = event.kind { kills.append((pid, at)) }
            if case .kernel_commit_refused = event.kind {
                refusals[pid, default: []].append(at)
            }
        }
    }

    /// The records that are compared.
    package var count: Int { sayings.count }

    // MARK: - Another copy

    /// By how much all of `copy` is later than this, in nanoseconds, 0 where that is little; `nil` where
    /// it holds other records.
    package func delay(of copy: KernelSkew) -> Int64? {
        var candidates: [Candidate] = []
        for (i, own) in sayings.enumerated() {
            for other in copy.sayings where other.message == own.message {
                candidates.append((other.nanoseconds &- own.nanoseconds, i))
            }
        }
        // What one line says of a kill or a group, no other line does; a refusal may come again.
        let isUnique = refusals.isEmpty && copy.refusals.isEmpty
        return Self.decided(
            candidates, within: isCoarse || copy.isCoarse ? Self.second : 20_000_000,
            counts: (count, copy.count), least: isUnique ? 1 : 2)
    }

    /// A delay and the record that shows it.
    private typealias Candidate = (delay: Int64, record: Int)

    /// The delay that most candidates show, if it is sure. A storm in even steps fits itself after each
    /// step, but not with all of its records.
    private static func decided(
        _ candidates: [Candidate], within reach: Int64, counts: (Int, Int), least: Int
    ) -> Int64? {
        let sorted = candidates.sorted { $0 < $1 }
        guard let best = densest(sorted, within: reach) else { return nil }
        let rest = sorted.filter { abs($0.delay &- best.delay) > 2 * reach }
        let second = densest(rest, within: reach)?.count ?? 0
        let isWhole = counts.0 == counts.1 && best.count == counts.0 && second < best.count
        let isTelling =
            best.count >= 3 && best.count > 2 * second
            && best.count * 10 >= min(counts.0, counts.1) * 9
        guard isTelling || isWhole && best.count >= least else { return nil }
        return abs(best.delay) > small ? best.delay : 0
    }

    private static func densest(
        _ sorted: [Candidate], within reach: Int64
    ) -> (delay: Int64, count: Int)? {
        var best: (delay: Int64, count: Int)?
        var start = 0
        var records: [Int: Int] = [:]
        for end in sorted.indices {
            records[sorted[end].record, default: 0] += 1
            while sorted[end].delay &- sorted[start].delay > reach {
                let record = sorted[start].record
                records[record] = records[record].flatMap { $0 > 1 ? $0 - 1 : nil }
                start += 1
            }
            if records.count > best?.count ?? 0 {
                best = (sorted[(start + end) / 2].delay, records.count)
            }
        }
        return best
    }

    // MARK: - Servers

    /// By how much the kernel's moments come after those that servers tell of the same processes, in
    /// nanoseconds, 0 where that is little; `nil` where nothing shows it.
    package func delay(after servers: ServerMoments) -> Int64? {
        delayOfRefusals(servers) ?? delayOfKills(servers)
    }

    private func delayOfRefusals(_ servers: ServerMoments) -> Int64? {
        var candidates: [Candidate] = []
        var counts = (0, 0)
        var (least, most) = (Int64.min, Int64.max)
        for (pid, own) in refusals {
            guard let told = servers.refusals[pid]?.sorted(), let first = told.first,
                let last = told.last
            else { continue }
            for at in own {
                candidates += told.map { (at &- $0, counts.0) }
                counts.0 += 1
                (least, most) = (max(least, at &- last), min(most, at &- first))
            }
            counts.1 += told.count
        }
        let reach = isCoarse ? Self.second : 100_000_000
        if let found = Self.decided(candidates, within: reach, counts: counts, least: 1) {
            return abs(found) <= Self.furthest ? found : nil
        }
        return delayOfStorm(candidates, counts.0, least: least, most: most, reach)
    }

    /// A server tells of each fork that is refused. Where all that the kernel tells of lies outside of
    /// that, it is moved inside; of several places in a storm that fit, the one that most do.
    private func delayOfStorm(
        _ candidates: [Candidate], _ count: Int, least: Int64, most: Int64, _ reach: Int64
    ) -> Int64? {
        guard count >= 3, least > .min, most >= least, most &- least <= Self.storm,
            min(abs(least), abs(most)) <= Self.furthest
        else { return nil }
        if least <= Self.small, most >= -Self.small { return 0 }
        let inside = candidates.filter { $0.delay >= least && $0.delay <= most }.sorted { $0 < $1 }
        guard let best = Self.densest(inside, within: reach), best.count * 10 >= count * 9 else {
            return nil
        }
        return best.delay
    }

    /// A process is killed while it lives: the least that puts every kill there. What comes after the
    /// death tells when that was, what comes before may lie long before.
    private func delayOfKills(_ servers: ServerMoments) -> Int64? {
        var (least, most) = (Int64.min, Int64.max)
        for kill in kills {
            guard let lives = servers.lives[kill.pid] else { continue }
            guard lives.count == 1, let life = lives.first else { return nil }
            least = max(least, kill.at &- life.until)
            most = min(most, kill.at &- life.from)
        }
        guard least > .min, most >= least, abs(least) <= Self.furthest else { return nil }
        if least <= Self.small, most >= -Self.small { return 0 }
        return min(least &+ Self.noticed, most)
    }

    /// How long a server takes to notice that its child is gone: it looks ten times a second.
    private static let noticed: Int64 = 50_000_000
    /// Process ids come again; further apart than this, two need not be of one.
    private static let furthest: Int64 = 7 * 86_400_000_000_000
    /// By how much the place in a storm may be open.
    private static let storm: Int64 = 120_000_000_000
    /// By how much whole seconds may differ.
    private static let second: Int64 = 1_200_000_000
}

/// When servers say that their forks were refused, and when their processes lived.
package struct ServerMoments {
    fileprivate struct Life {
        var from: Int64
        var until: Int64
    }

    fileprivate private(set) var refusals: [Int32: [Int64]] = [:]
    /// Lives of processes that ended at some time without a word of their own.
    fileprivate private(set) var lives: [Int32: [Life]] = [:]

    /// Refusals of one process beyond which they are too many to compare.
    private static let limit = 512

    package static let kinds: Set<EventKind> = [.fork_failed, .child_started, .server_starting]

    package init() {}

    /// Notes what a server's log tells; of the lives, those of `pids`.
    package mutating func learn(_ log: EventLog, of pids: Set<Int32>, patterns: [PatternInfo]) {
        last = [:]
        log.forEachHeader { i, pattern, header in
            guard header.form != .kernel, header.form != .daemon, header.pid != 0,
                !header.stamp.isBorrowed, let at = log.instant(at: i)?.nanoseconds
            else { return }
            let kind = patterns[pattern].kind
            if kind == .fork_failed { noteRefusal(of: header.pid, at) }
            guard !pids.isEmpty else { return }
            noteProcess(header, at, of: pids)
            if kind == .child_started || kind == .child_killed {
                noteChild(log.event(at: i, input: 0, patterns: patterns), at, of: pids)
            }
        }
        for (pid, life) in ended { noteLife(of: pid, life) }
        (running, ended) = ([:], [:])
    }

    /// Notes a refusal once, though copies of the log tell of it.
    private mutating func noteRefusal(of pid: Int32, _ at: Int64) {
        let known = refusals[pid, default: []]
        guard known.count < Self.limit, known.allSatisfy({ abs($0 &- at) > Self.copy }) else {
            return
        }
        refusals[pid, default: []].append(at)
    }

    private mutating func noteLife(of pid: Int32, _ life: Life) {
        guard lives[pid, default: []].allSatisfy({ abs($0.until &- life.until) > Self.copy }) else {
            return
        }
        lives[pid, default: []].append(life)
    }

    /// Copies of one record stand at most so far apart, in nanoseconds.
    private static let copy: Int64 = 2_000_000

    private mutating func noteChild(_ event: Event, _ at: Int64, of pids: Set<Int32>) {
        let parent = Int64(event.header.stream) << 32 | Int64(event.header.pid)
        if case .child_started = event.kind {
            running[parent] = event.int("child_pid").flatMap(Int32.init(exactly:)).map { ($0, at) }
            return
        }
        if event["signal"] == "9", let own = running[parent], pids.contains(own.pid) {
            noteLife(of: own.pid, Life(from: own.from, until: at))
        }
        running[parent] = nil
    }

    /// Notes that another process writes than before: that one may have ended.
    private mutating func noteProcess(_ header: RecordHeader, _ at: Int64, of pids: Set<Int32>) {
        if let before = last[header.stream], before.pid != header.pid, pids.contains(before.pid),
            running.values.allSatisfy({ $0.pid != before.pid })
        {
            ended[before.pid] = Life(from: before.at, until: at)
        }
        ended[header.pid] = nil
        last[header.stream] = (header.pid, at)
    }

    /// The child of each process, by its parent's stream and id.
    private var running: [Int64: (pid: Int32, from: Int64)] = [:]
    /// Who wrote last in each stream.
    private var last: [UInt16: (pid: Int32, at: Int64)] = [:]
    /// Processes of which nothing more was read after another had begun to write.
    private var ended: [Int32: Life] = [:]
}
