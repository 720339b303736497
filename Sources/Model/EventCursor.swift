// SPDX-License-Identifier: Apache-2.0

/// Walks through a finished log in file order. It holds on to the block it stands in, so that an
/// event costs neither a lock nor a look-up; that is what `EventLog.event(at:…)` takes most of
/// its time for.
package struct EventCursor: Sendable {
    private let log: EventLog
    private let input: Int
    private var block = EventBlock()
    /// The place of the next event in its block.
    private var place = -1

    /// The index of the next event; the log's `count` at the end.
    package private(set) var index = -1
    /// The instant of the next event; `nil` where it has none, and at the end.
    package private(set) var instant: Timestamp?
    package private(set) var isAtEnd = false

    /// `input` is what positions call the log.
    package init(_ log: EventLog, input: Int) {
        self.log = log
        self.input = input
        advance()
        // Of many inputs most have to wait; they need not hold a block until it is their turn.
        block = EventBlock()
    }

    /// The next event and, where it is asked for, its signature. `nil` at the end.
    package mutating func next(
        patterns: [PatternInfo], withSignature: Bool
    ) -> (event: Event, signature: UInt64)? {
        guard !isAtEnd else { return nil }
        if block.entries.isEmpty { block = log.block(from: index) }
        var event = block.event(at: place, input: input, patterns: patterns)
        event.at = instant
        let signature = withSignature ? block.signature(at: place) : 0
        advance()
        return (event, signature)
    }

    private mutating func advance() {
        index += 1
        place += 1
        isAtEnd = index >= log.count
        if isAtEnd || place >= block.entries.count {
            block = isAtEnd ? EventBlock() : log.block(from: index)
            place = 0
        }
        instant = isAtEnd ? nil : log.instant(of: block.entries[place].stamp, at: index)
    }
}
