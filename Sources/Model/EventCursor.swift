// SPDX-License-Identifier: Apache-2.0

/// Walks through a finished log in file order. It holds on to the block it stands in, so that an
/// event costs neither a lock nor a look-up; that is what `EventLog.event(at:…)` takes most of
/// its time for. What an event says is read when somebody asks.
package struct EventCursor: Sendable {
    private let log: EventLog
    private let reader: EventReader
    private var block = EventBlock()
    /// The place of the next event in its block.
    private var place = -1

    /// The index of the next event; the log's `count` at the end.
    package private(set) var index = -1
    /// The instant of the next event; `nil` where it has none, and at the end.
    package private(set) var instant: Timestamp?
    package private(set) var isAtEnd = false

    /// `input` is what positions call the log.
    package init(_ log: EventLog, input: Int, patterns: PatternTable) {
        self.log = log
        reader = EventReader(log, input: input, patterns: patterns)
        advance()
        // Of many inputs most have to wait; they need not hold a block until it is their turn.
        block = EventBlock()
    }

    /// A number that the next event shares with those that are the same message of the same process.
    package var signature: UInt64 {
        mutating get {
            load()
            return block.signature(at: place)
        }
    }

    /// Takes the next event; there must be one.
    package mutating func next() -> Event {
        load()
        // The events that come out of a block ask for it, until the first of the next comes out.
        if place == 0 { reader.hold(block, from: index) }
        let entry = block.entries[place]
        let event = Event(
            kind: entry.kind(reader.patterns.kinds[Int(entry.pattern)]), header: entry.header,
            at: instant, reader: reader, place: PackedPlace(index: index, pattern: entry.pattern))
        advance()
        // There may be thousands of logs, and some of their events stay.
        if isAtEnd { reader.release() }
        return event
    }

    private mutating func load() {
        if block.entries.isEmpty { block = log.block(from: index) }
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
