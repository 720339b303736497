// SPDX-License-Identifier: Apache-2.0

package import Model

/// What inputs say about each other's clocks: the same record, once with an instant and once with
/// local time only, or with time since boot.
package struct TwinClocks {
    private struct Written: Hashable {
        var signature: UInt64
        var stamp: Int64
    }

    private struct Sighting {
        var nanoseconds: Int64
        var input: Int
        /// The time counts in whole seconds, as dmesg -T prints it.
        var isCoarse: Bool
    }

    /// Records whose instant is known, by what they say and the local time they are written with.
    private var byStamp: [Written: Sighting] = [:]
    /// Events whose instant is known, by what they say.
    private var bySignature: [UInt64: [Sighting]] = [:]
    /// What inputs whose clock is open say; nothing else need be kept.
    private var wanted: Set<UInt64> = []

    /// Records that are compared per input; more would tell no more.
    private static let limit = 20_000
    /// Instants of one message beyond which it is too frequent to tell.
    private static let repeats = 256
    /// Messages of all inputs that are looked for.
    private static let wantedLimit = 65_536
    /// Records of all inputs that are kept.
    private static let keptLimit = 131_072
    private var kept = 0

    package init() {}

    /// Notes what an input says whose clock is to be found.
    package mutating func want(_ log: EventLog) {
        for i in 0..<min(log.count, Self.limit) where wanted.count < Self.wantedLimit {
            wanted.insert(log.signature(at: i))
        }
    }

    /// Learns from an input: of its local stamps only where its clock is settled.
    package mutating func learn(
        _ log: EventLog, _ clock: InputClock, input: Int, isSettled: Bool
    ) {
        guard !wanted.isEmpty else { return }
        var clock = clock
        for i in 0..<min(log.count, Self.limit) {
            let header = log.header(at: i)
            let stamp = header.stamp
            guard isSettled || stamp.isKnownInstant, !stamp.isBorrowed,
                let at = clock.instant(of: stamp, line: log.line(at: i))
            else { continue }
            let signature = log.signature(at: i)
            guard wanted.contains(signature), kept < Self.keptLimit else { continue }
            let sighting = Sighting(
                nanoseconds: at.nanoseconds, input: input, isCoarse: stamp.precision == .second)
            kept += 1
            if stamp.isLocal, !stamp.isOuter {
                byStamp[Written(signature: signature, stamp: Self.key(stamp))] = sighting
            }
            if bySignature[signature, default: []].count <= Self.repeats {
                bySignature[signature, default: []].append(sighting)
            }
        }
    }

    /// Milliseconds: what the coarser of two writings of the same time has.
    private static func key(_ stamp: Stamp) -> Int64 { stamp.nanoseconds / 1_000_000 }

    /// The input that most of the votes name; of several the first.
    private static func witness(_ votes: [Int: Int]) -> Int? {
        votes.max { ($0.value, $1.key) < ($1.value, $0.key) }?.key
    }
}

// MARK: - Offsets

extension TwinClocks {
    /// Offsets of the local stamps of an input's records, where another input shows its records with
    /// an instant, and which input that is. `starts`: lines from which on another process writes,
    /// which may have another zone.
    package func offsets(
        of log: EventLog, _ facts: InputFacts, starts: [Int]
    ) -> (spans: [OffsetSpan], input: Int)? {
        guard !bySignature.isEmpty else { return nil }
        var evidence = ClockEvidence()
        var votes: [Int: Int] = [:]
        for i in 0..<min(log.count, Self.limit) {
            let stamp = log.stamp(at: i)
            guard stamp.isLocal, !stamp.isOuter, !stamp.isBorrowed,
                let twin = byStamp[Written(signature: log.signature(at: i), stamp: Self.key(stamp))]
            else { continue }
            votes[twin.input, default: 0] += 1
            evidence.noteWrapper(
                Stamp(form: .epoch, precision: .millisecond, nanoseconds: twin.nanoseconds),
                beside: stamp, line: log.line(at: i))
        }
        evidence.settleOffsets()
        if !evidence.offsets.isEmpty, let input = Self.witness(votes) {
            return (evidence.offsets, input)
        }
        return relayedOffsets(of: log, facts, starts: starts)
    }

    /// The offsets under which an input's messages are those of others, which stamp them anew: a
    /// journal that has them from syslog, dmesg in another form.
    private func relayedOffsets(
        of log: EventLog, _ facts: InputFacts, starts: [Int]
    ) -> (spans: [OffsetSpan], input: Int)? {
        var whole = OffsetVotes()
        var parts = [OffsetVotes](repeating: OffsetVotes(), count: starts.count + 1)
        for i in 0..<min(log.count, Self.limit) {
            let stamp = log.stamp(at: i)
            guard stamp.isLocal, !stamp.isBorrowed,
                let sightings = bySignature[log.signature(at: i)], sightings.count <= Self.repeats
            else { continue }
            let line = log.line(at: i)
            let part = starts.count { $0 <= line }
            let fitting = fitting(stamp, line, facts.clock, sightings)
            whole.add(fitting)
            parts[part].add(fitting)
        }
        guard let all = whole.decision else { return split(parts, starts) }
        if all.votes < whole.compared, let split = split(parts, starts) { return split }
        return ([OffsetSpan(line: 1, offsetSeconds: all.seconds, year: all.year)], all.input)
    }

    /// The offsets of parts, where they differ.
    private func split(
        _ parts: [OffsetVotes], _ starts: [Int]
    ) -> (spans: [OffsetSpan], input: Int)? {
        var spans: [OffsetSpan] = []
        var input: Int?
        for (part, start) in zip(parts, [1] + starts) {
            guard let found = part.decision, found.votes > 1 else { continue }
            input = input ?? found.input
            if spans.last?.offsetSeconds == found.seconds { continue }
            spans.append(
                OffsetSpan(
                    line: spans.isEmpty ? 1 : start, offsetSeconds: found.seconds, year: found.year)
            )
        }
        guard spans.count > 1, let input else { return nil }
        return (spans, input)
    }

    /// What local time may be ahead of UTC in the input's records by one line and the same message
    /// elsewhere.
    private func fitting(
        _ stamp: Stamp, _ line: Int, _ evidence: ClockEvidence, _ sightings: [Sighting]
    ) -> [Int: OffsetVotes.Vote] {
        let reach: Int64 = stamp.precision == .second ? 1_500_000_000 : 500_000_000
        let ahead = evidence.outerAhead(of: stamp, line)
        var out: [Int: OffsetVotes.Vote] = [:]
        for twin in sightings {
            let at = Timestamp(nanoseconds: twin.nanoseconds &+ ahead)
            let year = stamp.form == .localWithoutYear ? stamp.year(near: at) : 0
            let local = (year == 0 ? stamp.nanoseconds : stamp.inYear(year)) &- ahead
            let difference = local &- twin.nanoseconds
            func miss(_ seconds: Int) -> Int64 {
                abs(difference &- Int64(seconds) * 1_000_000_000)
            }
            guard let seconds = ClockEvidence.zoneOffsets.min(by: { miss($0) < miss($1) }),
                miss(seconds) <= reach
            else { continue }
            out[seconds] = OffsetVotes.Vote(input: twin.input, year: year)
        }
        return out
    }
}

/// How many messages speak for each offset.
private struct OffsetVotes {
    struct Vote {
        var input: Int
        var year: Int
    }

    private var votes: [Int: [Vote]] = [:]
    /// Messages that were compared.
    private(set) var compared = 0

    mutating func add(_ fitting: [Int: Vote]) {
        compared += 1
        for (seconds, vote) in fitting { votes[seconds, default: []].append(vote) }
    }

    /// The offset that most speak for, if it is sure. A storm in even steps fits other offsets too,
    /// but not with all of its lines.
    var decision: (seconds: Int, votes: Int, input: Int, year: Int)? {
        guard
            let best = votes.max(by: {
                ($0.value.count, $1.key) < ($1.value.count, $0.key)
            }), let first = best.value.first
        else { return nil }
        let second = votes.filter { $0.key != best.key }.values.map(\.count).max() ?? 0
        let count = best.value.count
        guard count > 2 * second || count == compared && second < compared,
            count >= min(3, compared)
        else { return nil }
        let inputs = Dictionary(grouping: best.value, by: \.input).mapValues(\.count)
        let input = inputs.max { ($0.value, $1.key) < ($1.value, $0.key) }?.key ?? first.input
        return (best.key, count, input, first.year)
    }
}

// MARK: - Boots

extension TwinClocks {
    /// When the host of an input with stamps since boot had booted, by messages that another input
    /// shows with an instant.
    package func boot(of log: EventLog) -> (at: Timestamp, input: Int)? {
        var candidates: [(boot: Int64, index: Int, twin: Sighting)] = []
        var compared = 0
        for i in 0..<min(log.count, Self.limit) where log.stamp(at: i).form == .uptime {
            guard let sightings = bySignature[log.signature(at: i)],
                sightings.count <= Self.repeats, candidates.count < Self.keptLimit
            else { continue }
            compared += 1
            let uptime = log.stamp(at: i).nanoseconds
            for twin in sightings { candidates.append((twin.nanoseconds &- uptime, i, twin)) }
        }
        candidates.sort { ($0.boot, $0.index, $0.twin.input) < ($1.boot, $1.index, $1.twin.input) }
        guard let best = Self.densest(candidates.map { ($0.boot, $0.index) }) else { return nil }
        let rest = candidates.filter { abs($0.boot - best.boot) > 3 * Self.reach }
        let second = Self.densest(rest.map { ($0.boot, $0.index) })?.count ?? 0
        guard best.count > 2 * second || best.count == compared && second < compared,
            best.count >= min(3, compared)
        else { return nil }
        let near = candidates.filter { abs($0.boot - best.boot) <= Self.reach }
        let fine = near.filter { !$0.twin.isCoarse }
        let chosen = fine.isEmpty ? near : fine
        let inputs = Dictionary(grouping: chosen, by: \.twin.input).mapValues(\.count)
        // Whole seconds are cut off: the latest is the nearest.
        let boot = fine.isEmpty ? chosen.last : chosen[chosen.count / 2]
        guard let boot, let input = Self.witness(inputs) else { return nil }
        return (Timestamp(nanoseconds: boot.boot), input)
    }

    /// Nanoseconds by which one boot may differ as its messages tell it: dmesg -T counts in whole
    /// seconds, and its clock drifts from the wall's.
    private static let reach: Int64 = 2_000_000_000

    /// The boot that most messages tell of: the middle one of those that lie together.
    private static func densest(
        _ sorted: [(boot: Int64, index: Int)]
    ) -> (boot: Int64, count: Int)? {
        var best: (boot: Int64, count: Int)?
        var start = 0
        var indices: [Int: Int] = [:]
        for end in sorted.indices {
            indices[sorted[end].index, default: 0] += 1
            while sorted[end].boot - sorted[start].boot > reach {
                let index = sorted[start].index
                indices[index] = indices[index].flatMap { $0 > 1 ? $0 - 1 : nil }
                start += 1
            }
            if indices.count > best?.count ?? 0 {
                best = (sorted[(start + end) / 2].boot, indices.count)
            }
        }
        return best
    }
}
