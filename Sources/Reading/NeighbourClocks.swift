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
        var line: Int
    }

    private var kernel: [Moment] = []
    private var server: [Moment] = []

    /// Moments that are kept of one input; more would tell no more.
    private static let limit = 1024

    /// What kernels tell of such moments, and servers.
    package static let kernelKinds: Set<EventKind> = [
        .kernel_commit_refused, .oom_victim, .segfault,
    ]
    package static let serverKinds: Set<EventKind> = [
        .fork_failed, .child_killed, .crash_signal, .server_starting,
    ]

    package init() {}

    /// The moments of an input whose events have been placed in time.
    package init(_ log: EventLog, patterns: [PatternInfo]) {
        log.forEachHeader { i, pattern, header in
            guard kernel.count + server.count < Self.limit, !header.stamp.isBorrowed,
                let at = log.instant(at: i)
            else { return }
            func moment(_ kind: Kind) -> Moment {
                Moment(kind: kind, nanoseconds: at.nanoseconds, line: log.line(at: i))
            }
            switch patterns[pattern].kind {
            case .kernel_commit_refused where Self.isServers(log, i, patterns):
                kernel.append(moment(.refusal))
            case .oom_victim where Self.isServers(log, i, patterns),
                .segfault where Self.isServers(log, i, patterns):
                kernel.append(moment(.kill))
            case .fork_failed: server.append(moment(.refusal))
            case .child_killed, .crash_signal: server.append(moment(.kill))
            case .server_starting: server.append(moment(.start))
            default: break
            }
        }
    }

    private static func isServers(_ log: EventLog, _ index: Int, _ patterns: [PatternInfo]) -> Bool
    {
        log.event(at: index, input: 0, patterns: patterns).isServerFamily
    }

    /// Whether these are moments of the kernel alone.
    package var isKernelOnly: Bool { !kernel.isEmpty && server.isEmpty }
    /// Whether there are moments of servers.
    package var hasServers: Bool { !server.isEmpty }
    package var isEmpty: Bool { kernel.isEmpty && server.isEmpty }

    package static func += (a: inout NeighbourClocks, b: NeighbourClocks) {
        a.kernel += b.kernel
        a.server += b.server
    }
}

// MARK: - Alignment

extension NeighbourClocks {
    /// By how many seconds these moments must be moved to be those of `others`, the kernel's to be the
    /// servers' or the servers' to be the kernel's, from line to line; empty where that is not
    /// certain. `starts`: lines from which on another process writes, which may have another zone.
    package func shifts(to others: NeighbourClocks, starts: [Int]) -> [OffsetSpan] {
        let partners = Partners(others)
        let whole = shift(to: partners)
        let all = kernel.count + server.count
        if let whole, whole.matched >= all || starts.isEmpty { return [whole.span(line: 1)] }
        var spans: [OffsetSpan] = []
        var matched = 0
        for (i, start) in ([1] + starts).enumerated() {
            let end = i < starts.count ? starts[i] : .max
            let part = part { $0 >= start && $0 < end }
            guard let found = part.shift(to: partners), found.matched > 1 else { continue }
            matched += found.matched
            if spans.last?.offsetSeconds != found.seconds {
                spans.append(found.span(line: spans.isEmpty ? 1 : start))
            }
        }
        if spans.count > 1, matched > whole?.matched ?? 0 { return spans }
        return whole.map { [$0.span(line: 1)] } ?? []
    }

    /// A shift and how many moments it explains.
    private struct Shift {
        var seconds: Int
        var matched: Int

        func span(line: Int) -> OffsetSpan {
            OffsetSpan(line: line, offsetSeconds: seconds, year: 0)
        }
    }

    private func part(_ isWanted: (Int) -> Bool) -> NeighbourClocks {
        var out = NeighbourClocks()
        out.kernel = kernel.filter { isWanted($0.line) }
        out.server = server.filter { isWanted($0.line) }
        return out
    }

    /// The one shift that explains half of the moments, and more than twice as many as any other;
    /// `nil` where there is none. Zones differ by quarters of an hour at least.
    private func shift(to partners: Partners) -> Shift? {
        let mine = (partners.servers.isEmpty ? 0 : kernel.count)
        let ours = (partners.kernels.isEmpty ? 0 : min(server.count, partners.kernelCount))
        guard mine + ours > 0 else { return nil }
        var best = Shift(seconds: 0, matched: 0)
        var second = 0
        for seconds in Self.steps {
            let matched =
                kernel.count {
                    partners.holdServers($0.kind == .kill, $0.nanoseconds, moved: seconds)
                }
                + server.count {
                    partners.holdKernels(
                        $0.kind == .refusal, isStart: $0.kind == .start, $0.nanoseconds,
                        moved: seconds)
                }
            if matched > best.matched {
                second = best.matched
                best = Shift(seconds: seconds, matched: matched)
            } else {
                second = max(second, matched)
            }
        }
        guard best.matched * 2 >= mine + ours, best.matched > 2 * second else { return nil }
        return best
    }

    /// Half hours up to 14 hours, and what the zones of Nepal, Eucla and the Chatham Islands have.
    private static let steps: [Int] =
        [0] + (1...28).flatMap { [$0 * 1800, -$0 * 1800] }
        + [20_700, 31_500, 45_900, 49_500].flatMap { [$0, -$0] }

    /// The moments of other inputs, to be looked up.
    private struct Partners {
        /// Of servers, by kind, sorted.
        var servers: [Kind: [Int64]]
        var kernels: [Kind: [Int64]]
        var kernelCount: Int

        init(_ others: NeighbourClocks) {
            func sorted(_ moments: [Moment]) -> [Kind: [Int64]] {
                Dictionary(grouping: moments, by: \.kind).mapValues {
                    $0.map(\.nanoseconds).sorted()
                }
            }
            servers = sorted(others.server)
            kernels = sorted(others.kernel)
            kernelCount = others.kernel.count
        }

        /// Whether a server saw what the kernel did at `instant`: a refusal at once, the end of its
        /// child with its next tick; or it was started again within seconds. Starts have other
        /// reasons too, so that only whole hours count there. Clocks of one host agree; a shipper's
        /// may be seconds behind.
        func holdServers(_ isKill: Bool, _ instant: Int64, moved seconds: Int) -> Bool {
            let at = instant + Int64(seconds) * 1_000_000_000
            let range = at - Self.early...at + Self.late
            guard isKill else { return Self.holds(servers[.refusal], range) }
            return Self.holds(servers[.kill], range)
                || seconds % 3600 == 0 && Self.holds(servers[.start], range)
        }

        /// Whether the kernel did what a server saw at `instant`.
        func holdKernels(
            _ isRefusal: Bool, isStart: Bool, _ instant: Int64, moved seconds: Int
        ) -> Bool {
            guard !isStart || seconds % 3600 == 0 else { return false }
            let at = instant + Int64(seconds) * 1_000_000_000
            return Self.holds(
                kernels[isRefusal ? .refusal : .kill], at - Self.late...at + Self.early)
        }

        private static let early: Int64 = 8_000_000_000
        private static let late: Int64 = 15_000_000_000

        private static func holds(_ sorted: [Int64]?, _ range: ClosedRange<Int64>) -> Bool {
            guard let sorted else { return false }
            var (low, high) = (0, sorted.count)
            while low < high {
                let middle = (low + high) / 2
                if sorted[middle] < range.lowerBound { low = middle + 1 } else { high = middle }
            }
            return low < sorted.count && sorted[low] <= range.upperBound
        }
    }
}
