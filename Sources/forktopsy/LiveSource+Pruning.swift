// SPDX-License-Identifier: Apache-2.0

internal import Model
internal import Reading

extension LiveSource {
    /// Which events of a log stay when a storm is pruned.
    struct Kept {
        /// Events that are not looked at: those before and behind stay.
        var middle: Range<Int>
        /// Messages that came no more often than this in the middle stay.
        var rare: Int
        /// Lines that incidents show: the attempts to save that they tell of stay.
        var shown: Set<Int> = []
        /// Attempts on either side of those that stay with them.
        var reach = 1
    }

    /// The same source with fewer events, in another store: attempts to save that are like
    /// thousands of others are left out.
    func pruned(_ kept: Kept, patterns: [PatternInfo], store: EventStore) -> LiveSource {
        let log = collector.log
        let attempts = Attempts(log, patterns)
        let staying = attempts.staying(kept, log)
        var next = EventLog(store: store)
        for i in 0..<log.count
        where !kept.middle.contains(i) || staying.contains(attempts.numbers[i]) {
            next.append(log.packed(at: i))
        }
        let out = LiveSource(
            number: number, origin: origin, state: input.state, carried: collector.carried,
            undated: collector.undated, limitsHit: collector.limitsHit, store: store)
        out.collector = collector
        out.collector.log = next
        out.mark = mark
        out.zone = zone
        out.isOpen = isOpen
        return out
    }
}

/// Which attempt to save, rewrite or synchronise each event of a log belongs to: from the line that
/// says why to the next attempt's, so that what belongs together stays or goes together.
private struct Attempts {
    /// By event: the attempts of one stream count up.
    private(set) var numbers: [Int] = []

    /// Events within which the end of a child is looked for.
    private static let childSpan = 64

    /// Events after which another attempt begins in any case, if no child is running.
    private static let longest = 32

    private struct State {
        var number: Int
        /// The event with which the attempt began.
        var start = 0
        /// The event with which a child began that has not ended.
        var child: Int?
        var isBeginning = false
    }

    init(_ log: EventLog, _ patterns: [PatternInfo]) {
        numbers.reserveCapacity(log.count)
        var states: [UInt16: State] = [:]
        log.forEachHeader { i, pattern, header in
            let kind = patterns[pattern].kind
            var state = states[header.stream] ?? State(number: Int(header.stream) << 40)
            let isRunning = state.child.map { i - $0 <= Self.childSpan } ?? false
            // A refused fork without a line that says why stands for itself.
            let isAlone = kind == .fork_failed || kind == .child_started
            let isLong = i - state.start >= Self.longest
            if kind.beginsAttempt || isAlone || isLong, !isRunning, !state.isBeginning {
                state.number += 1
                state.start = i
            }
            state.isBeginning = kind.beginsAttempt
            switch kind {
            case .child_started: state.child = i
            case .operation_succeeded, .operation_failed, .child_killed: state.child = nil
            default: break
            }
            states[header.stream] = state
            numbers.append(state.number)
        }
    }

    /// The attempts of the middle that stay.
    func staying(_ kept: LiveSource.Kept, _ log: EventLog) -> Set<Int> {
        var counts: [Int: Int] = [:]
        log.forEachHeader { i, pattern, _ in
            if kept.middle.contains(i) { counts[pattern, default: 0] += 1 }
        }
        var out: Set<Int> = []
        log.forEachHeader { i, pattern, _ in
            if kept.middle.contains(i), counts[pattern, default: 0] <= kept.rare {
                out.insert(numbers[i])
            }
        }
        guard !kept.shown.isEmpty else { return out }
        for i in 0..<log.count where kept.shown.contains(log.line(at: i)) {
            out.formUnion(numbers[i] - kept.reach...numbers[i] + kept.reach)
        }
        return out
    }
}

extension EventKind {
    /// Whether the line says why the server is about to fork.
    fileprivate var beginsAttempt: Bool {
        switch self {
        case .save_triggered, .rewrite_triggered, .operation_scheduled, .sync_requested,
            .full_resync_requested, .sync_started:
            true
        default: false
        }
    }
}
