// SPDX-License-Identifier: Apache-2.0

internal import Model

/// All events of all inputs in one order: by time, within an input by file order.
///
/// A clock that jumps back does not tear a file apart: an event is never placed before one that
/// stands above it in the same file. Copies of such a file stay beside each other.
struct EventMerge {
    /// By input, whether it is alone with its servers; `nil` where no record can be a copy.
    private let alone: [Bool]?
    private var cursors: [EventCursor]
    /// The time under which each input's next event is placed.
    private var keys: [Int64]
    /// The time of each input's next event, or of the last before it that has one.
    private var moments: [Int64]
    /// The place of each input by its first moment, then by name: of two events of one moment the
    /// older log's comes first, whatever the order in which the inputs were given.
    private var ranks: [Int]
    /// The inputs that have events left: a binary heap by key, then by rank.
    private var heap: [Int] = []
    private(set) var origin = Origin()
    /// What each input waits for finer copies of its records, in nanoseconds.
    private let delays: [Int64]

    init(_ sources: [SourceEvents], patterns: [PatternInfo], alone: [Bool]?) {
        self.alone = alone
        delays = alone == nil ? Array(repeating: 0, count: sources.count) : Self.delays(sources)
        let patterns = PatternTable(patterns)
        cursors = sources.enumerated().map {
            EventCursor($0.element.log, input: $0.offset, patterns: patterns)
        }
        keys = Array(repeating: .min, count: sources.count)
        moments = keys
        ranks = Array(repeating: 0, count: sources.count)
        let firsts = sources.map { $0.log.firstInstant?.nanoseconds ?? .min }
        let order = sources.indices.sorted {
            (firsts[$0], sources[$0].facts.path) < (firsts[$1], sources[$1].facts.path)
        }
        for (rank, input) in order.enumerated() { ranks[input] = rank }
        for input in cursors.indices where !cursors[input].isAtEnd {
            raiseKey(input)
            heap.append(input)
            siftUp(heap.count - 1)
        }
    }

    /// Where the event that was taken last comes from.
    struct Origin {
        var input = 0
        /// No other input can hold the record.
        var isAlone = true
        /// 0 where the record is alone.
        var signature: UInt64 = 0
        var key: Int64 = 0
        /// Its own time; less than the key where a clock has jumped back.
        var moment: Int64 = 0
    }

    var isAtEnd: Bool { heap.isEmpty }

    /// Takes the next event; there must be one.
    mutating func next() -> Event {
        let input = heap[0]
        origin.input = input
        origin.key = keys[input]
        origin.moment = moments[input]
        origin.isAlone = alone.map { $0[input] && cursors[input].glance().isRecord } ?? true
        origin.signature = origin.isAlone ? 0 : cursors[input].signature
        let event = cursors[input].next()
        settle()
        return event
    }

    /// The input of the next event; there must be one.
    var nextInput: Int { heap[0] }

    /// What the next event is; there must be one.
    mutating func glance() -> EventGlance { cursors[heap[0]].glance() }

    /// The number in a capture of the event that `glance` has shown; `nil` where `slot` is -1.
    mutating func number(_ slot: Int) -> Int? {
        slot < 0 ? nil : cursors[heap[0]].number(slot)
    }

    /// Whether a capture of that event holds these bytes.
    mutating func capture(_ slot: Int, is bytes: [UInt8]) -> Bool {
        cursors[heap[0]].capture(slot, is: bytes)
    }

    /// What a capture of that event holds, where that is ASCII.
    mutating func plainCapture(_ slot: Int) -> [UInt8]? { cursors[heap[0]].plainCapture(slot) }

    /// The event that `glance` has shown of an input.
    mutating func event(of glance: EventGlance, input: Int) -> Event {
        cursors[input].event(of: glance)
    }

    /// Leaves the next event out; there must be one.
    mutating func skip() {
        cursors[heap[0]].skip()
        settle()
    }

    /// Puts the input of which an event was taken in its place.
    private mutating func settle() {
        let input = heap[0]
        if cursors[input].isAtEnd {
            heap.swapAt(0, heap.count - 1)
            heap.removeLast()
        } else {
            raiseKey(input)
        }
        siftDown()
    }

    private mutating func raiseKey(_ input: Int) {
        guard let at = cursors[input].instant else { return }
        moments[input] = at.nanoseconds &+ delays[input]
        keys[input] = max(keys[input], moments[input])
    }

    private func comesBefore(_ a: Int, _ b: Int) -> Bool {
        guard keys[a] == keys[b] else { return keys[a] < keys[b] }
        // An input whose clock is about to jump back waits for none whose clock has done so.
        let (hasJumpedA, hasJumpedB) = (moments[a] < keys[a], moments[b] < keys[b])
        guard hasJumpedA == hasJumpedB else { return hasJumpedB }
        return (moments[a], ranks[a]) < (moments[b], ranks[b])
    }

    private mutating func siftUp(_ start: Int) {
        var child = start
        while child > 0, comesBefore(heap[child], heap[(child - 1) / 2]) {
            heap.swapAt(child, (child - 1) / 2)
            child = (child - 1) / 2
        }
    }

    private mutating func siftDown() {
        var parent = 0
        while true {
            var least = parent
            for child in [2 * parent + 1, 2 * parent + 2] where child < heap.count {
                if comesBefore(heap[child], heap[least]) { least = child }
            }
            if least == parent { return }
            heap.swapAt(parent, least)
            parent = least
        }
    }
}

/// Keeps a record that stands in several inputs from counting more than once.
///
/// Sightings of one message are aligned in order: an input's n-th sighting of a moment is another
/// input's n-th. Within one input every line counts, since old logs have no milliseconds and
/// storms repeat; only a server's bare syslog message beside its full line is the same record.
struct TwinFilter {
    fileprivate struct Key: Hashable {
        var instance: Int
        var signature: UInt64
    }

    /// A way by which records arrive: an input, and in it full lines apart from bare messages.
    fileprivate struct Channel: Hashable {
        var input: Int
        var isBare: Bool
    }

    fileprivate struct Sighting {
        var at: Int64
        var channel: Channel
        /// The time counts in whole seconds.
        var isCoarse: Bool
    }

    fileprivate struct Track {
        var sightings: [Sighting] = []
        /// For each channel, the first sighting that it has not yet been aligned with.
        var cursors: [Channel: Int] = [:]
        /// For each channel, the sightings of others that it passed by: what stands out of order in
        /// it may still be one of them.
        var passed: [Channel: [Int]] = [:]
        /// For each channel, the latest moment at which it showed the message.
        var latest: [Channel: Int64] = [:]
    }

    private var tracks: [Key: Track] = [:]
    private var sweptAt: Int64 = .min
    /// Sightings that are remembered.
    private(set) var remembered = 0
    /// As many sightings bring about a sweep also where time does not pass.
    private var bound = Self.leastBound
    /// The earliest moment since the last sweep.
    private var earliest: Int64 = .max
    private(set) var folded = 0
    /// One input of full lines alone cannot hold a record twice.
    let isNeeded: Bool
    private let spans: [Span]

    /// The time that an input's events take up.
    fileprivate struct Span {
        var first = Int64.max
        var last = Int64.min
        /// The log that the input is a part of, by its name.
        var log = ""

        /// Whether the end of the one is the beginning of the other: parts of a log that was
        /// rotated, which share no records though they may share a moment. By their names they may
        /// be such parts also where all of one is but that moment. Copies of a kernel's log are stamped
        /// anew, so that the few lines of one may lie just beside those of another: `isKernels`.
        func touches(_ other: Span, isKernels: Bool) -> Bool {
            guard !isKernels || log == other.log else { return false }
            let isStaggered =
                log == other.log && (first, last) != (other.first, other.last)
                ? first <= other.first && last <= other.last
                    || other.first <= first && other.last <= last
                : first < other.first && last < other.last
                    || other.first < first && other.last < last
            return isStaggered && min(last, other.last) - max(first, other.first) < 100_000_000
        }
    }

    init(_ sources: [SourceEvents]) {
        isNeeded = sources.count > 1 || sources.contains { $0.log.holdsBareMessages }
        guard isNeeded else {
            spans = []
            return
        }
        spans = sources.map { source in
            var span = Span()
            span.log = RotatedName(source.facts.path).log
            source.log.forEachInstant { at in
                span.first = min(span.first, at.nanoseconds)
                span.last = max(span.last, at.nanoseconds)
            }
            return span
        }
    }

    /// Records written by the server itself carry the same milliseconds in every copy.
    private static let recordTolerance: Int64 = 1_500_000
    /// Kernel lines and syslog messages are stamped anew on each way (0.33 s seen for dmesg -T).
    private static let relayTolerance: Int64 = 2_000_000_000

    mutating func isTwin(_ event: Event, _ origin: EventMerge.Origin, instance: Int) -> Bool {
        guard isNeeded, !origin.isAlone, let at = event.at?.nanoseconds else { return false }
        earliest = min(earliest, origin.moment)
        sweep(now: origin.key)
        let form = event.header.form
        let isRelayed = form == .kernel || form == .daemon || form == .bareMessage
        let channel = Channel(input: origin.input, isBare: form == .bareMessage)
        let key = Key(instance: instance, signature: origin.signature)
        let isTwin = tracks[key, default: Track()].align(
            TwinFilter.Sighting(
                at: at, channel: channel, isCoarse: event.header.stamp.precision == .second),
            tolerance: isRelayed ? Self.relayTolerance : Self.recordTolerance,
            relayTolerance: Self.relayTolerance, spans: spans)
        if isTwin { folded += 1 } else { remembered += 1 }
        return isTwin
    }

    static let leastBound = 16_384

    /// Forgets messages whose moment has passed, so that memory follows the present and not the
    /// log. Where a clock has jumped back, what is given out next no longer gets later; then the
    /// events' own times tell.
    private mutating func sweep(now: Int64) {
        let isLater = sweptAt == .min || now > sweptAt &+ 60_000_000_000
        guard isLater || remembered >= bound else { return }
        let limit = (isLater ? now : min(now, earliest)) &- 60_000_000_000
        tracks = tracks.compactMapValues { $0.forgetting(before: limit) }
        remembered = tracks.values.reduce(0) { $0 + $1.sightings.count }
        bound = max(Self.leastBound, 2 * remembered)
        (sweptAt, earliest) = (now, .max)
    }
}

extension TwinFilter.Track {
    /// The track without what was seen before a moment; `nil` where nothing is left of it.
    fileprivate func forgetting(before limit: Int64) -> Self? {
        guard let first = sightings.firstIndex(where: { $0.at <= limit }) else { return self }
        // For each sighting, how many are kept of those before it.
        var places = Array(0..<first)
        var kept = self
        kept.sightings.removeSubrange(first...)
        for sighting in sightings[first...] {
            places.append(kept.sightings.count)
            if sighting.at > limit { kept.sightings.append(sighting) }
        }
        guard !kept.sightings.isEmpty else { return nil }
        places.append(kept.sightings.count)
        kept.cursors = cursors.mapValues { places[$0] }
        kept.passed = passed.mapValues {
            $0.filter { sightings[$0].at > limit }.map { places[$0] }
        }
        return kept
    }

    /// Whether the sighting is another channel's; else it is noted as new.
    fileprivate mutating func align(
        _ new: TwinFilter.Sighting, tolerance: Int64, relayTolerance: Int64,
        spans: [TwinFilter.Span]
    ) -> Bool {
        let (at, channel) = (new.at, new.channel)
        let isKernels = tolerance == relayTolerance && !channel.isBare
        func reach(_ other: TwinFilter.Sighting) -> Int64 {
            if other.channel.isBare { return relayTolerance }
            // A copy without fractions of seconds stands up to a second before the other.
            return other.isCoarse == new.isCoarse ? tolerance : max(tolerance, 1_000_000_000)
        }
        func isSame(_ other: TwinFilter.Sighting) -> Bool {
            abs(other.at - at) <= reach(other)
                && !spans[other.channel.input].touches(
                    spans[channel.input], isKernels: isKernels)
        }
        let isLate = latest[channel].map { at < $0 } ?? false
        if isLate, let i = passed[channel]?.firstIndex(where: { isSame(sightings[$0]) }) {
            passed[channel]?.remove(at: i)
            return true
        }
        latest[channel] = Swift.max(at, latest[channel] ?? at)
        var cursor = cursors[channel] ?? 0
        defer { cursors[channel] = cursor }
        while cursor < sightings.count {
            let other = sightings[cursor]
            if other.channel != channel, isSame(other) {
                cursor += 1
                return true
            }
            if other.channel != channel, other.at > at + reach(other) { break }
            if other.channel != channel { passed[channel, default: []].append(cursor) }
            cursor += 1
        }
        sightings.append(new)
        return false
    }
}

extension EventGlance {
    /// Whether a process wrote it that is named, and not the kernel or a daemon of a server's.
    fileprivate var isRecord: Bool {
        switch form {
        case .none, .kernel, .daemon, .bareMessage: false
        default: pid != 0
        }
    }
}
