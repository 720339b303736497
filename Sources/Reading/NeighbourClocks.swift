// SPDX-License-Identifier: Apache-2.0

package import Model

/// What the kernel and a server say of the same moment, each by its own clock: a refused fork, a
/// process that was killed.
///
/// A kernel log in local time and a container's log in UTC may lie hours apart in writing. Where no
/// zone is known of one of them, the moments that both recorded tell how far.
package struct NeighbourClocks: Sendable {
    private enum Kind: Sendable { case refusal, kill, start }

    private struct Moment: Sendable {
        var kind: Kind
        var nanoseconds: Int64
    }

    private var kernel: [Moment] = []
    private var server: [Moment] = []

    /// Moments that are kept of one input; more would tell no more.
    private static let limit = 4096

    package init() {}

    /// The moments of an input whose events have been placed in time.
    package init(_ log: EventLog, patterns: [PatternInfo]) {
        log.forEachHeader { i, pattern, _ in
            guard kernel.count + server.count < Self.limit, let at = log.instant(at: i) else {
                return
            }
            switch patterns[pattern].kind {
            case .kernel_commit_refused where Self.isServers(log, i, patterns):
                kernel.append(Moment(kind: .refusal, nanoseconds: at.nanoseconds))
            case .oom_victim where Self.isServers(log, i, patterns),
                .segfault where Self.isServers(log, i, patterns):
                kernel.append(Moment(kind: .kill, nanoseconds: at.nanoseconds))
            case .fork_failed: server.append(Moment(kind: .refusal, nanoseconds: at.nanoseconds))
            case .child_killed, .crash_signal:
                server.append(Moment(kind: .kill, nanoseconds: at.nanoseconds))
            case .server_starting:
                server.append(Moment(kind: .start, nanoseconds: at.nanoseconds))
            default: break
            }
        }
    }

    private static func isServers(_ log: EventLog, _ index: Int, _ patterns: [PatternInfo]) -> Bool
    {
        log.event(at: index, input: 0, patterns: patterns).isServerFamily
    }

    /// Whether these are moments of the kernel alone, or of servers alone.
    package var isKernelOnly: Bool { !kernel.isEmpty && server.isEmpty }
    package var isServerOnly: Bool { kernel.isEmpty && !server.isEmpty }

    package static func += (a: inout NeighbourClocks, b: NeighbourClocks) {
        a.kernel += b.kernel
        a.server += b.server
    }

    /// By how many seconds the kernel's moments must be moved to be those of `others`' servers, or
    /// the servers' to be those of the kernel of `others`; `nil` where they agree as they are, and
    /// where that is not certain.
    ///
    /// Zones differ by halves of an hour; one that fits must explain half of the moments, and more
    /// than twice as many as any other.
    package func shift(to others: NeighbourClocks) -> Int? {
        let (mine, theirs) = isKernelOnly ? (kernel, others.server) : (server, others.kernel)
        guard !mine.isEmpty, !theirs.isEmpty else { return nil }
        let times = Dictionary(grouping: theirs, by: \.kind).mapValues {
            $0.map(\.nanoseconds).sorted()
        }
        var best = (matched: 0, seconds: 0)
        var second = 0
        for step in -28...28 {
            let matched = mine.count { hasPartner($0, moved: step * 1800, in: times) }
            if step == 0, matched > 0 { return nil }
            if matched > best.matched {
                second = best.matched
                best = (matched, step * 1800)
            } else {
                second = max(second, matched)
            }
        }
        let wanted = isKernelOnly ? mine.count : min(mine.count, theirs.count)
        guard best.matched * 2 >= wanted, best.matched > 2 * second else { return nil }
        return best.seconds
    }

    /// The kernel's line comes first: the server sees its refusal at once, the end of its child with
    /// its next tick, and is started again within seconds. Starts have other reasons too, so that
    /// only whole hours count there. Clocks of one host agree; a shipper's may be seconds behind.
    private func hasPartner(
        _ moment: Moment, moved seconds: Int, in times: [Kind: [Int64]]
    ) -> Bool {
        let isHour = seconds % 3600 == 0
        switch moment.kind {
        case .refusal: return isNear(moment, moved: seconds, times[.refusal])
        case .kill:
            return isNear(moment, moved: seconds, times[.kill])
                || isHour && isNear(moment, moved: seconds, times[.start])
        case .start: return isHour && isNear(moment, moved: seconds, times[.kill])
        }
    }

    private func isNear(_ moment: Moment, moved seconds: Int, _ sorted: [Int64]?) -> Bool {
        guard let sorted else { return false }
        let at = moment.nanoseconds + Int64(seconds) * 1_000_000_000
        let before: Int64 = isKernelOnly ? 8_000_000_000 : 15_000_000_000
        let behind: Int64 = isKernelOnly ? 15_000_000_000 : 8_000_000_000
        var (low, high) = (0, sorted.count)
        while low < high {
            let middle = (low + high) / 2
            if sorted[middle] < at - before { low = middle + 1 } else { high = middle }
        }
        return low < sorted.count && sorted[low] <= at + behind
    }
}
