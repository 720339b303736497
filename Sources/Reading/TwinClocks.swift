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
    /// Kernel lines whose instant is known, by what they say, in order.
    private var bySignature: [UInt64: [Timestamp]] = [:]
    private var boots: [Timestamp] = []

    /// Records that are compared per input; more would tell no more.
    private static let limit = 20_000

    package init() {}

    /// Learns from an input whose clock does not rest on an assumption.
    package mutating func learn(_ log: EventLog, _ facts: InputFacts, _ clock: InputClock) {
        boots += facts.clock.boots
        guard !clock.isAssumed else { return }
        var clock = clock
        for i in 0..<min(log.count, Self.limit) {
            let header = log.header(at: i)
            guard let at = clock.instant(of: header.stamp, line: log.position(at: i, input: 0).line)
            else { continue }
            if header.stamp.isLocal {
                byStamp[Written(signature: log.signature(at: i), stamp: Self.key(header.stamp))] =
                    at
            } else if header.form == .kernel {
                bySignature[log.signature(at: i), default: []].append(at)
            }
        }
    }

    /// Offsets of an input's local stamps, where another input shows its records with an instant.
    package func offsets(of log: EventLog) -> [OffsetSpan] {
        var evidence = ClockEvidence()
        guard !byStamp.isEmpty else { return [] }
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
        return evidence.offsets
    }

    /// When the host of an input with stamps since boot had booted.
    package func boot(of log: EventLog) -> Timestamp? {
        var found: [Int64] = []
        for i in 0..<min(log.count, Self.limit) where log.stamp(at: i).form == .uptime {
            guard let instants = bySignature[log.signature(at: i)], instants.count == 1 else {
                continue
            }
            found.append(instants[0].nanoseconds - log.stamp(at: i).nanoseconds)
        }
        if let first = found.min(), let last = found.max(), last - first < 5_000_000_000 {
            return Timestamp(nanoseconds: found.sorted()[found.count / 2])
        }
        guard let first = boots.min(), let last = boots.max(),
            last.nanoseconds - first.nanoseconds < 2_000_000_000
        else { return nil }
        return first
    }

    /// Milliseconds: what the coarser of two writings of the same time has.
    private static func key(_ stamp: Stamp) -> Int64 { stamp.nanoseconds / 1_000_000 }
}
