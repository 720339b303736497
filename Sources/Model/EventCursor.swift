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
    /// The reader holds the block at hand.
    private var isHeld = false

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
        hold()
        let event = event(of: EventGlance(block.entries[place], index: index, at: instant))
        skip()
        return event
    }

    /// What the next event is; there must be one.
    package mutating func glance() -> EventGlance {
        load()
        return EventGlance(block.entries[place], index: index, at: instant)
    }

    /// The whole number that a capture of the next event holds, of one that `glance` has shown.
    /// Mutating, so that it is asked where it lies: a copy of a cursor costs more than the answer.
    package mutating func number(_ slot: Int) -> Int? { block.number(slot, at: place) }

    /// Whether a capture of the event that `glance` has shown holds these bytes.
    package mutating func capture(_ slot: Int, is bytes: [UInt8]) -> Bool {
        block.capture(slot, at: place, is: bytes)
    }

    /// What a capture of that event holds, where it took part in the match and holds ASCII.
    package mutating func plainCapture(_ slot: Int) -> [UInt8]? {
        block.plainCapture(slot, at: place)
    }

    /// The event that `glance` has shown, then or later.
    package mutating func event(of glance: EventGlance) -> Event {
        if glance.index == index { hold() }
        let entry = glance.entry
        return Event(
            kind: entry.kind(reader.patterns.kinds[Int(entry.pattern)]), header: entry.header,
            at: glance.at, reader: reader,
            place: PackedPlace(index: glance.index, pattern: entry.pattern))
    }

    /// Leaves the next event out; there must be one.
    package mutating func skip() {
        advance()
        // There may be thousands of logs, and some of their events stay.
        if isAtEnd { reader.release() }
    }

    /// Events that come out of a block ask for it, until one of the next comes out.
    private mutating func hold() {
        guard !isHeld else { return }
        reader.hold(block, from: index - place)
        isHeld = true
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
            isHeld = false
        }
        instant = isAtEnd ? nil : log.instant(of: block.entries[place].stamp, at: index)
    }
}

/// What an event is, without its texts: for those who look at many and ask few what they say.
package struct EventGlance: Sendable {
    let entry: EventBlock.Entry
    let index: Int
    package let at: Timestamp?

    @inline(__always)
    init(_ entry: EventBlock.Entry, index: Int, at: Timestamp?) {
        self.entry = entry
        self.index = index
        self.at = at
    }

    /// The number of its pattern.
    package var pattern: Int { Int(entry.pattern) }
    package var pid: Int32 { entry.pid }
    package var stream: UInt16 { entry.stream }
    package var role: Role { Role(rawValue: entry.role) ?? .unknown }
    package var form: HeaderForm { HeaderForm(rawValue: entry.form) ?? .none }
}
