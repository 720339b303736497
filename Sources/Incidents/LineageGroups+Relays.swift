// SPDX-License-Identifier: Apache-2.0

internal import Model

extension LineageGroups {
    /// Joins what one process says in full to its standard output with what it says to syslog, where
    /// both are kept: each record comes twice, as a line with a header and as a bare message, under
    /// two identifiers and with two times.
    ///
    /// So are copies of a log joined that write their times in another way: without the year, without
    /// fractions of seconds, or by a clock that was found to be off.
    mutating func joinRelays() {
        guard sources.contains(where: { $0.log.holdsBareMessages }) || timesDiffer else { return }
        let messages = relayedMessages()
        var byPID: [Int32: [Int]] = [:]
        for i in lineages.indices {
            for pid in Set(lineages[i].pids) where pid >= Self.lowestTellingPID {
                byPID[pid, default: []].append(i)
            }
        }
        for members in byPID.values where members.count > 1 {
            for a in members {
                for b in members where b != a && areRelays(lineages[a], lineages[b]) {
                    guard messages[a].isBare || a < b && haveOtherTimes(a, b) else { continue }
                    if messages[a].repeats(messages[b]) { sets.union(a, b) }
                }
            }
        }
        joinContainersCopies(messages)
    }

    /// Joins copies of one container's log. Since processes of all containers count from 1, nothing
    /// less than the same records to the last shows that they are copies.
    private mutating func joinContainersCopies(_ messages: [RelayedMessages]) {
        let few = lineages.indices.filter {
            messages[$0].count > 2 && lineages[$0].pids.contains { $0 < Self.lowestTellingPID }
        }
        for members in Dictionary(grouping: few, by: { messages[$0].digest }).values {
            for (i, a) in members.enumerated() {
                for b in members[(i + 1)...] where haveOtherTimes(a, b) {
                    guard areRelays(lineages[a], lineages[b]),
                        lineages[a].input != lineages[b].input,
                        messages[a].repeats(messages[b])
                    else { continue }
                    sets.union(a, b)
                }
            }
        }
    }

    private var timesDiffer: Bool {
        guard let first = lineages.first else { return false }
        return sources.contains(where: \.isMoved)
            || lineages.contains { TimeForm($0.first) != TimeForm(first.first) }
    }

    private func haveOtherTimes(_ a: Int, _ b: Int) -> Bool {
        let (x, y) = (lineages[a], lineages[b])
        return TimeForm(x.first) != TimeForm(y.first)
            || sources[x.input].isMoved || sources[y.input].isMoved
    }

    /// What a way of writing times leaves out.
    private struct TimeForm: Equatable {
        var isWithoutYear: Bool
        var isCoarse: Bool

        init(_ stamp: Stamp) {
            isWithoutYear = stamp.form == .localWithoutYear
            isCoarse = stamp.precision == .second
        }
    }

    private func areRelays(_ x: Lineage, _ y: Lineage) -> Bool {
        guard x.input != y.input || x.stream != y.stream, x.isSentinel == y.isSentinel,
            !haveOtherUnits(x, y)
        else { return false }
        let (mine, theirs) = (writer(x), writer(y))
        return (mine.host == theirs.host || mine.host == nil || theirs.host == nil)
            && (mine.container == theirs.container || mine.container == nil
                || theirs.container == nil)
    }

    /// What each lineage says and when.
    private func relayedMessages() -> [RelayedMessages] {
        var out = [RelayedMessages](repeating: RelayedMessages(), count: lineages.count)
        let byInput = Dictionary(grouping: lineages.indices) { lineages[$0].input }
        for (input, members) in byInput {
            var owner: [ProcessEvidence.Process: Int] = [:]
            for i in members {
                for pid in lineages[i].pids {
                    owner[.init(stream: lineages[i].stream, pid: pid)] = i
                }
            }
            let log = sources[input].log
            log.forEachHeader { i, _, header in
                guard header.form != .none,
                    let lineage = owner[.init(stream: header.stream, pid: header.pid)],
                    out[lineage].count < RelayedMessages.limit, let at = log.instant(at: i)
                else { return }
                out[lineage].add(
                    log.signature(at: i), at, isBare: header.form == .bareMessage)
            }
        }
        return out
    }
}

/// The first messages of a lineage, by what they say.
private struct RelayedMessages {
    private var times: [UInt64: [Int64]] = [:]
    private(set) var count = 0
    private var bare = 0

    static let limit = 4096
    /// Nanoseconds that a message may take through syslog, where its time has no fractions.
    private static let reach: Int64 = 2_000_000_000

    /// The same for the same messages, whenever they came.
    var digest: UInt64 {
        times.reduce(UInt64(count)) { $0 &+ $1.key &* UInt64($1.value.count) }
    }

    /// Whether most of it comes without headers.
    var isBare: Bool { bare * 2 > count }

    mutating func add(_ signature: UInt64, _ at: Timestamp, isBare: Bool) {
        times[signature, default: []].append(at.nanoseconds)
        count += 1
        if isBare { bare += 1 }
    }

    /// Whether nearly all that either says while both do, the other says too.
    func repeats(_ other: RelayedMessages) -> Bool {
        let (mine, theirs) = (span, other.span)
        let from = max(mine.first, theirs.first) - Self.reach
        let to = min(mine.last, theirs.last) + Self.reach
        let all = count(from, to)
        let fewer = min(all, other.count(from, to))
        guard fewer > 0 else { return false }
        var shared = 0
        for (signature, times) in times {
            guard let others = other.times[signature] else { continue }
            for at in times where at >= from && at <= to {
                if others.contains(where: { abs($0 - at) <= Self.reach }) { shared += 1 }
            }
        }
        return shared * 10 >= fewer * 9
    }

    private var span: (first: Int64, last: Int64) {
        let all = times.values.joined()
        return (all.min() ?? .max / 2, all.max() ?? .min / 2)
    }

    private func count(_ from: Int64, _ to: Int64) -> Int {
        times.values.reduce(0) { $0 + $1.count { $0 >= from && $0 <= to } }
    }
}
