// SPDX-License-Identifier: Apache-2.0

internal import Model

/// All events of all inputs in one order: by time, within an input by file order.
///
/// A clock that jumps back does not tear a file apart: an event is never placed before one that
/// stands above it in the same file.
struct EventMerge {
    private let sources: [SourceEvents]
    private let patterns: [PatternInfo]
    private var cursors: [Cursor]

    private struct Cursor {
        var next = 0
        /// The time under which the next event is placed.
        var key: Int64 = .min
    }

    init(_ sources: [SourceEvents], patterns: [PatternInfo]) {
        self.sources = sources
        self.patterns = patterns
        cursors = Array(repeating: Cursor(), count: sources.count)
        for i in sources.indices { advanceKey(i) }
    }

    struct Item {
        var event: Event
        var input: Int
        var signature: UInt64
        var key: Int64
    }

    /// The next event; `nil` at the end.
    mutating func next() -> Item? {
        var best: Int?
        for i in cursors.indices where cursors[i].next < sources[i].log.count {
            if best.map({ cursors[i].key < cursors[$0].key }) ?? true { best = i }
        }
        guard let input = best else { return nil }
        let index = cursors[input].next
        var event = sources[input].log.event(at: index, input: input, patterns: patterns)
        event.at = sources[input].instants[index]
        let item = Item(
            event: event, input: input, signature: sources[input].log.signature(at: index),
            key: cursors[input].key)
        cursors[input].next += 1
        advanceKey(input)
        return item
    }

    private mutating func advanceKey(_ input: Int) {
        let index = cursors[input].next
        guard index < sources[input].log.count else { return }
        if let at = sources[input].instants[index] {
            cursors[input].key = max(cursors[input].key, at.nanoseconds)
        }
    }
}

/// Keeps a record that stands in several inputs from counting more than once.
///
/// For each moment, a message of an instance counts as often as the input that shows it most
/// often: within one file every line counts, since old logs have no milliseconds and storms repeat.
struct TwinFilter {
    private struct Key: Hashable {
        var instance: Int
        var signature: UInt64
    }

    private var moment: Int64 = .min
    private var seen: [Key: [Int: Int]] = [:]
    private(set) var folded = 0

    mutating func isTwin(_ item: EventMerge.Item, instance: Int) -> Bool {
        if item.key != moment {
            moment = item.key
            seen.removeAll(keepingCapacity: true)
        }
        let key = Key(instance: instance, signature: item.signature)
        var counts = seen[key] ?? [:]
        let most = counts.values.max() ?? 0
        counts[item.input, default: 0] += 1
        seen[key] = counts
        guard counts[item.input, default: 0] <= most else { return false }
        folded += 1
        return true
    }
}
