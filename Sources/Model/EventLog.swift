// SPDX-License-Identifier: Apache-2.0

/// The events of one input in file order, packed: 49 bytes an event, 4 for each of its captures,
/// and the bytes of its line and of its journal's cursor.
///
/// Nothing is decoded while an input is read. Values are named and texts made only when an event
/// is looked at (`event(at:input:patterns:)`), which is after the whole input is known. Full
/// blocks go to an `EventStore`, so that memory does not grow with the number of events.
package struct EventLog: Sendable {
    private let store: EventStore
    /// Events in each of its blocks but the last.
    private let capacity: Int
    private var sealed: [EventSlot] = []
    private var open = EventBlock()
    private var isFinished = false
    private var shifts = StampShifts()

    package private(set) var count = 0
    /// For each pattern, as far as there are events of it or of later ones: whether there are any.
    private var seen: [Bool] = []
    /// Whether there are messages without a header of their own, as syslog carries them.
    package private(set) var holdsBareMessages = false

    /// Logs of one run share a store, since they share its limits. Without one, all is kept in
    /// memory.
    package init(store: EventStore = EventStore(limits: .none)) {
        self.store = store
        capacity = store.beginLog()
    }
}

// MARK: - Writing

extension EventLog {
    /// Appends one event. `captures` holds a start and an end in `line` for each named group of
    /// the pattern, in group order; both are -1 where the group took no part. Where the message
    /// had to be decoded (JSON escapes) it lies outside the line, which `isDecoded` says.
    /// Captures count from the message's start.
    ///
    /// Of a long line only the beginning is kept as a quote. Captures that lie beyond it, behind a
    /// shipper's many labels say, are kept beside it; of those too far apart, the first ones.
    package mutating func append(
        pattern: Int, header: RecordHeader, lineNumber: Int, offset: Int64, line: Span<UInt8>,
        message: Span<UInt8>, messageStart: Int, isDecoded: Bool, captures: [Int32],
        cursor: [UInt8] = []
    ) {
        let kept = min(line.count, Event.lineLimit)
        let source = isDecoded ? message : line
        let start = isDecoded ? 0 : messageStart
        let beside = isDecoded ? 0..<min(message.count, Event.lineLimit) : 0..<0
        let extra =
            Self.far(captures, start, in: source.count, beyond: isDecoded ? beside.count : kept)
            ?? beside
        note(header, pattern)
        var entry = EventBlock.Entry(header, pattern: pattern, line: lineNumber, offset: offset)
        entry.length = UInt16(kept)
        entry.captures = UInt8(captures.count / 2)
        open.append(
            entry, line: line.extracting(0..<kept), decoded: source.extracting(extra),
            captures: captures, origin: extra.isEmpty ? start : start + kept - extra.lowerBound,
            cursor: cursor)
        grown()
    }

    /// The part of a text that holds its captures, where they go beyond what is kept of it.
    private static func far(
        _ captures: [Int32], _ start: Int, in count: Int, beyond kept: Int
    ) -> Range<Int>? {
        var low = count
        var high = 0
        for i in stride(from: 0, to: captures.count - 1, by: 2) where captures[i] >= 0 {
            low = min(low, Int(captures[i]) + start)
            high = max(high, Int(captures[i + 1]) + start)
        }
        high = min(high, count, low + Event.lineLimit)
        return high > kept && low < high ? low..<high : nil
    }

    /// Appends the events of records that were matched while they were read.
    package mutating func append(_ matched: MatchedRecords) {
        precondition(!isFinished, "a finished log takes no more events")
        var first = 0
        while first < matched.count {
            let end = min(matched.count, first + capacity - open.entries.count)
            for i in first..<end { note(Int(matched.entries[i].pattern)) }
            open.append(matched, first..<end)
            count += end - first
            if open.entries.count == capacity { seal() }
            first = end
        }
    }

    /// Appends an event that `packed(at:)` gave, of this log or of another.
    package mutating func append(_ event: PackedEvent) {
        note(event.header, event.pattern)
        var entry = EventBlock.Entry(
            event.header, pattern: event.pattern, line: event.line, offset: event.offset)
        let kept = min(event.bytes.count, Event.lineLimit)
        let extra = min(event.decoded.count, Event.lineLimit)
        entry.length = UInt16(kept)
        entry.captures = UInt8(clamping: event.captures.count)
        let captures = event.captures.prefix(Int(UInt8.max)).flatMap { range -> [Int32] in
            range.map { [Int32(clamping: $0.lowerBound), Int32(clamping: $0.upperBound)] } ?? [
                -1, -1,
            ]
        }
        open.append(
            entry, line: event.bytes.span.extracting(0..<kept),
            decoded: event.decoded.span.extracting(0..<extra), captures: captures, origin: 0,
            cursor: event.cursor)
        grown()
    }

    private mutating func note(_ header: RecordHeader, _ pattern: Int) {
        if header.form == .bareMessage { holdsBareMessages = true }
        note(pattern)
    }

    private mutating func note(_ pattern: Int) {
        while seen.count <= pattern { seen.append(false) }
        if !seen[pattern] { seen[pattern] = true }
    }

    private mutating func grown() {
        precondition(!isFinished, "a finished log takes no more events")
        count += 1
        if open.entries.count == capacity { seal() }
    }

    /// Its events in another order, given by their places in this one.
    package func reordered(_ order: some Sequence<Int>) -> EventLog {
        var out = EventLog(store: store)
        for i in order { out.append(packed(at: i)) }
        out.finish()
        return out
    }

    /// Says that no more events come, so that the last ones, too, may leave memory.
    package mutating func finish() {
        isFinished = true
        if !open.entries.isEmpty { seal() }
        open = EventBlock()
    }

    private mutating func seal() {
        sealed.append(store.keep(open))
        open.removeAll()
    }

    /// Gives each event its instant, which `instant` tells from the stamp and the line number.
    package mutating func place(_ instant: (Stamp, Int) -> Timestamp?) {
        shifts = StampShifts()
        for start in stride(from: 0, to: count, by: capacity) {
            for (i, entry) in entries(from: start).enumerated() {
                let stamp = entry.stamp
                shifts.note(start + i, stamp, instant(stamp, Int(entry.line)))
            }
        }
    }
}

// MARK: - Reading

extension EventLog {
    /// The block that holds an event, and where in it.
    private func locate(_ index: Int) -> (block: EventBlock, index: Int) {
        (block(from: index), index % capacity)
    }

    /// Lends the block of an event, and its place there.
    func read<Answer>(
        _ index: Int, _ body: (borrowing EventBlock, _ index: Int) -> Answer
    ) -> Answer {
        let (block, place) = locate(index)
        return body(block, place)
    }

    /// The entries of the block that holds an event.
    private func entries(from index: Int) -> [EventBlock.Entry] {
        let number = index / capacity
        return number < sealed.count ? store.entries(sealed[number]) : open.entries
    }

    func block(from index: Int) -> EventBlock {
        let number = index / capacity
        return number < sealed.count ? store.block(sealed[number]) : open
    }

    func instant(of stamp: Stamp, at index: Int) -> Timestamp? {
        shifts.instant(of: stamp, at: index)
    }

    /// Lends each event's index, its pattern and its header to `body`, in file order. Much cheaper
    /// than asking for one event after the other.
    package func forEachHeader(_ body: (Int, _ pattern: Int, RecordHeader) -> Void) {
        for start in stride(from: 0, to: count, by: capacity) {
            for (i, entry) in entries(from: start).enumerated() {
                body(start + i, Int(entry.pattern), entry.header)
            }
        }
    }

    /// The event at `index`, its values named after `patterns`.
    package func event(at index: Int, input: Int, patterns: [PatternInfo]) -> Event {
        let (block, i) = locate(index)
        var event = block.event(at: i, input: input, patterns: patterns)
        event.at = shifts.instant(of: event.header.stamp, at: index)
        return event
    }

    /// The event as it is kept, for writing it elsewhere.
    package func packed(at index: Int) -> PackedEvent {
        let (block, i) = locate(index)
        return block.packed(at: i)
    }

    package func header(at index: Int) -> RecordHeader {
        let (block, i) = locate(index)
        return block.entries[i].header
    }

    /// The line, from 1, on which an event stands.
    package func line(at index: Int) -> Int {
        let (block, i) = locate(index)
        return Int(block.entries[i].line)
    }

    package func pattern(at index: Int) -> Int {
        let (block, i) = locate(index)
        return Int(block.entries[i].pattern)
    }

    /// The indices of all patterns that events of this log matched.
    package var patterns: Set<Int> { Set(seen.indices.filter { seen[$0] }) }

    /// The same as `forEachHeader`, with the number that capture `slots[pattern]` of each event holds:
    /// `nil` where that is negative, and where no whole number stands there.
    package func forEachHeader(
        withNumber slots: [Int], _ body: (Int, _ pattern: Int, RecordHeader, Int?) -> Void
    ) {
        for start in stride(from: 0, to: count, by: capacity) {
            let block = block(from: start)
            for (i, entry) in block.entries.enumerated() {
                let slot = slots[Int(entry.pattern)]
                body(
                    start + i, Int(entry.pattern), entry.header,
                    slot < 0 ? nil : block.number(slot, at: i))
            }
        }
    }

    /// A number that two events share when they are the same message of the same process.
    package func signature(at index: Int) -> UInt64 {
        let (block, i) = locate(index)
        return block.signature(at: i)
    }

    package func stamp(at index: Int) -> Stamp {
        let (block, i) = locate(index)
        return block.entries[i].stamp
    }

    /// The instant that `place` gave; `nil` before, and where none could be told.
    package func instant(at index: Int) -> Timestamp? {
        let (block, i) = locate(index)
        return shifts.instant(of: block.entries[i].stamp, at: index)
    }

    /// Lends each instant to `body`, in file order; events without one are passed over.
    package func forEachInstant(_ body: (Timestamp) -> Void) {
        for start in stride(from: 0, to: count, by: capacity) {
            for (i, entry) in entries(from: start).enumerated() {
                if let at = shifts.instant(of: entry.stamp, at: start + i) { body(at) }
            }
        }
    }

    /// The first instant in file order.
    package var firstInstant: Timestamp? {
        (0..<count).lazy.compactMap { instant(at: $0) }.first
    }

    package func position(at index: Int, input: Int) -> SourcePosition {
        let (block, i) = locate(index)
        return block.entries[i].position(input: input)
    }
}

/// What lies between the stamps of a log and their instants. It seldom changes, so that it is kept
/// once for each change and not for each event.
private struct StampShifts: Sendable {
    private struct Shift: Sendable {
        /// The first event it applies to.
        var index: Int
        /// `nil` where the instant is not known.
        var nanoseconds: Int64?
    }

    /// One list for each form of stamp, since forms may alternate.
    private var byForm: [[Shift]] = []

    mutating func note(_ index: Int, _ stamp: Stamp, _ instant: Timestamp?) {
        let form = Int(stamp.form.rawValue)
        while byForm.count <= form { byForm.append([]) }
        let shift = instant.map { $0.nanoseconds &- stamp.nanoseconds }
        if let last = byForm[form].last, last.nanoseconds == shift { return }
        byForm[form].append(Shift(index: index, nanoseconds: shift))
    }

    func instant(of stamp: Stamp, at index: Int) -> Timestamp? {
        let form = Int(stamp.form.rawValue)
        guard form < byForm.count else { return nil }
        var (low, high) = (0, byForm[form].count)
        while low < high {
            let middle = (low + high) / 2
            if byForm[form][middle].index <= index { low = middle + 1 } else { high = middle }
        }
        guard low > 0, let shift = byForm[form][low - 1].nanoseconds else { return nil }
        return Timestamp(nanoseconds: stamp.nanoseconds &+ shift)
    }
}

/// One event of an `EventLog` with all that is kept of it, and nothing interpreted.
package struct PackedEvent: Hashable, Sendable {
    /// Index into the patterns of whoever made the log.
    package var pattern: Int
    package var header: RecordHeader
    /// Counted from 1.
    package var line: Int
    package var offset: Int64
    /// The line as read, at most `Event.lineLimit` bytes of it.
    package var bytes: [UInt8]
    /// The message without its JSON escapes, where it had any.
    package var decoded: [UInt8]
    /// For each named group, which bytes it took of `bytes` and, after them, `decoded`.
    package var captures: [Range<Int>?]
    /// The entry's place in its journal; empty elsewhere.
    package var cursor: [UInt8]

    package init(
        pattern: Int, header: RecordHeader, line: Int, offset: Int64, bytes: [UInt8],
        decoded: [UInt8] = [], captures: [Range<Int>?] = [], cursor: [UInt8] = []
    ) {
        self.pattern = pattern
        self.header = header
        self.line = line
        self.offset = offset
        self.bytes = bytes
        self.decoded = decoded
        self.captures = captures
        self.cursor = cursor
    }
}
