// SPDX-License-Identifier: Apache-2.0

package import Model

/// What inputs say about each other's clocks: the same record, once with an instant and once with
/// local time only, or with time since boot.
package struct TwinClocks {
    private struct Written: Hashable {
        var signature: UInt64
        var stamp: Int64
    }

    /// Records whose instant is known, by what they say and the local time they are written with.
    private var byStamp: [Written: Timestamp] = [:]
    /// Events whose instant is known, by what they say, in order.
    private var bySignature: [UInt64: [Timestamp]] = [:]
    private var boots: [Timestamp] = []

    /// Records that are compared per input; more would tell no more.
    private static let limit = 20_000
    /// Instants of one message beyond which it is too frequent to tell.
    private static let repeats = 256

    package init() {}

    /// Learns from an input: of its local stamps only where its clock rests on no assumption.
    package mutating func learn(_ log: EventLog, _ facts: InputFacts, _ clock: InputClock) {
        boots += facts.clock.boots
        var clock = clock
        for i in 0..<min(log.count, Self.limit) {
            let header = log.header(at: i)
            guard !clock.isInferable || header.stamp.isKnownInstant, !header.stamp.isBorrowed,
                let at = clock.instant(of: header.stamp, line: log.position(at: i, input: 0).line)
            else { continue }
            let signature = log.signature(at: i)
            if header.stamp.isLocal {
                byStamp[Written(signature: signature, stamp: Self.key(header.stamp))] = at
            }
            bySignature[signature, default: []].append(at)
        }
    }

    /// Offsets of an input's local stamps, where another input shows its records with an instant.
    package func offsets(of log: EventLog) -> [OffsetSpan] {
        var evidence = ClockEvidence()
        guard !byStamp.isEmpty else { return relayedOffset(of: log) }
        for i in 0..<min(log.count, Self.limit) {
            let stamp = log.stamp(at: i)
            guard stamp.isLocal,
                let at = byStamp[Written(signature: log.signature(at: i), stamp: Self.key(stamp))]
            else { continue }
            evidence.noteWrapper(
                Stamp(form: .epoch, precision: .millisecond, nanoseconds: at.nanoseconds),
                beside: stamp,
                line: log.position(at: i, input: 0).line)
        }
        evidence.settleOffsets()
        return evidence.offsets.isEmpty ? relayedOffset(of: log) : evidence.offsets
    }

    /// The one offset under which an input's messages are those of another, which stamps them anew: a
    /// journal that has them from syslog, dmesg in another form.
    private func relayedOffset(of log: EventLog) -> [OffsetSpan] {
        var votes: [Int: Int] = [:]
        var compared = 0
        var year = 0
        for i in 0..<min(log.count, Self.limit) {
            let header = log.header(at: i)
            guard header.stamp.isLocal, !header.stamp.isBorrowed,
                let instants = bySignature[log.signature(at: i)], instants.count <= Self.repeats
            else { continue }
            compared += 1
            let reach: Int64 = header.stamp.precision == .second ? 1_500_000_000 : 500_000_000
            var fitting: Set<Int> = []
            for at in instants {
                let stampYear =
                    header.stamp.form == .localWithoutYear ? header.stamp.year(near: at) : 0
                let local =
                    stampYear == 0 ? header.stamp.nanoseconds : header.stamp.inYear(stampYear)
                let difference = local &- at.nanoseconds
                let seconds = ClockEvidence.zoneOffsets.min {
                    abs(difference &- Int64($0) * 1_000_000_000)
                        < abs(difference &- Int64($1) * 1_000_000_000)
                }
                guard let seconds, abs(difference &- Int64(seconds) * 1_000_000_000) <= reach else {
                    continue
                }
                fitting.insert(seconds)
                year = stampYear
            }
            for seconds in fitting { votes[seconds, default: 0] += 1 }
        }
        guard let best = votes.max(by: { ($0.value, $1.key) < ($1.value, $0.key) }) else {
            return []
        }
        let second = votes.filter { $0.key != best.key }.values.max() ?? 0
        // A storm in even steps fits other offsets too, but not with all of its lines.
        let isSure = best.value > 2 * second || best.value == compared && second < compared
        guard isSure, best.value >= min(3, compared) else { return [] }
        return [OffsetSpan(line: 1, offsetSeconds: best.key, year: year)]
    }

    /// When the host of an input with stamps since boot had booted, and what tells that.
    package func boot(of log: EventLog) -> (at: Timestamp, basis: ClockSegment.Basis)? {
        var uptimes: [UInt64: [Int64]] = [:]
        for i in 0..<min(log.count, Self.limit) where log.stamp(at: i).form == .uptime {
            uptimes[log.signature(at: i), default: []].append(log.stamp(at: i).nanoseconds)
        }
        var found: [Int64] = []
        for (signature, uptimes) in uptimes {
            guard let instants = bySignature[signature], instants.count == uptimes.count else {
                continue
            }
            // As many of the same message on either side are the same ones, in order.
            found += zip(instants.sorted(), uptimes.sorted()).map { $0.nanoseconds - $1 }
        }
        if let first = found.min(), let last = found.max(), last - first < 5_000_000_000 {
            return (Timestamp(nanoseconds: found.sorted()[found.count / 2]), .journalTwin)
        }
        guard let first = boots.min(), let last = boots.max(),
            last.nanoseconds - first.nanoseconds < 2_000_000_000
        else { return nil }
        return (first, .neighbour)
    }

    /// Milliseconds: what the coarser of two writings of the same time has.
    private static func key(_ stamp: Stamp) -> Int64 { stamp.nanoseconds / 1_000_000 }
}
