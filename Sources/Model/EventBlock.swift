// SPDX-License-Identifier: Apache-2.0

/// A run of events of one log: an entry for each, and the bytes that the entries point into.
struct EventBlock: Sendable {
    var entries: [Entry] = []
    /// For each event: the bounds of its captures, its line, its decoded message, the journal's
    /// cursor, and in one byte how long that is.
    var bytes: [UInt8] = []

    /// Events in a full block.
    static let capacity = 256

    /// Whole numbers only, with no padding between them, so that a block may be written to a file
    /// and read back as it lies in memory: whatever the bytes are, they are a valid entry.
    struct Entry: BitwiseCopyable, Sendable {
        var nanoseconds: Int64
        var offset: Int64
        var start: UInt32 = 0
        var line: UInt32
        var pid: Int32
        var threadID: Int32
        var zoneSeconds: Int32
        var pattern: UInt16
        var length: UInt16 = 0
        var stream: UInt16
        var stampForm: UInt8
        var precision: UInt8
        var form: UInt8
        var role: UInt8
        var level: UInt8
        var captures: UInt8 = 0
    }

    /// What the block takes up in memory.
    var size: Int { entries.capacity * MemoryLayout<Entry>.stride + bytes.capacity }
}

// MARK: - Entries

extension EventBlock.Entry {
    init(_ header: RecordHeader, pattern: Int, line: Int, offset: Int64) {
        nanoseconds = header.stamp.nanoseconds
        self.offset = offset
        self.line = UInt32(clamping: line)
        pid = header.pid
        threadID = header.threadID
        zoneSeconds = header.stamp.offsetSeconds
        self.pattern = UInt16(pattern)
        stream = header.stream
        stampForm = header.stamp.form.rawValue
        precision = header.stamp.precisionBits
        form = header.form.rawValue
        role = header.role.rawValue
        level = header.level.rawValue
    }

    var stamp: Stamp {
        var out = Stamp(
            form: Stamp.Form(rawValue: stampForm) ?? .none, precision: .second,
            offsetSeconds: zoneSeconds, nanoseconds: nanoseconds)
        out.precisionBits = precision
        return out
    }

    var header: RecordHeader {
        RecordHeader(
            form: HeaderForm(rawValue: form) ?? .none, stamp: stamp, pid: pid, threadID: threadID,
            role: Role(rawValue: role) ?? .unknown, level: Level(rawValue: level) ?? .unknown,
            stream: stream)
    }

    func position(input: Int) -> SourcePosition {
        SourcePosition(input: input, line: Int(line), offset: offset)
    }

    /// What an event of a pattern of this kind is. What a guide quotes is no server's word.
    func kind(_ kind: EventKind) -> EventKind {
        kind == .fork_failed && form == HeaderForm.quoted.rawValue ? .fork_failed_reported : kind
    }
}

// MARK: - Writing

extension EventBlock {
    /// Adds an event. `captures` are bounds, moved by `origin` and clipped to what is kept; what
    /// begins beyond that is left out.
    mutating func append(
        _ entry: Entry, line: Span<UInt8>, decoded: Span<UInt8>, captures: [Int32], origin: Int,
        cursor: [UInt8]
    ) {
        var entry = entry
        entry.start = UInt32(bytes.count)
        entries.append(entry)
        let end = line.count + decoded.count
        // In one piece: a byte at a time would cost more than all else here.
        var bounds = InlineArray<64, UInt8>(repeating: 0)
        var used = 0
        for i in stride(from: 0, to: captures.count - 1, by: 2) {
            let (low, high) = (Int(captures[i]) + origin, Int(captures[i + 1]) + origin)
            let isEmpty = low == high && low == end
            let isThere = captures[i] >= 0 && low >= 0 && (low < end || isEmpty)
            if used == bounds.count {
                bytes.append(copying: bounds.span)
                used = 0
            }
            Self.put(isThere ? low : -1, &bounds, used)
            Self.put(isThere ? max(-1, min(high, end)) : -1, &bounds, used + 2)
            used += 4
        }
        bytes.append(copying: bounds.span.extracting(0..<used))
        bytes.append(copying: line)
        bytes.append(copying: decoded)
        let kept = min(cursor.count, Int(UInt8.max))
        if kept > 0 { bytes.append(copying: cursor.span.extracting(0..<kept)) }
        bytes.append(UInt8(kept))
    }

    /// Adds some of the records that were matched while they were read.
    mutating func append(_ matched: MatchedRecords, _ range: Range<Int>) {
        guard let first = range.first else { return }
        let start = Int(matched.entries[first].start)
        let end =
            range.upperBound < matched.count
            ? Int(matched.entries[range.upperBound].start) : matched.used
        let base = bytes.count - start
        let source = matched.bytes
        bytes.append(copying: source.span.extracting(start..<end))
        for i in range {
            var entry = matched.entries[i]
            entry.start = UInt32(Int(entry.start) + base)
            entries.append(entry)
        }
    }

    private static func put(_ bound: Int, _ bytes: inout InlineArray<64, UInt8>, _ place: Int) {
        let bits = UInt16(bitPattern: Int16(bound))
        bytes[place] = UInt8(truncatingIfNeeded: bits)
        bytes[place + 1] = UInt8(truncatingIfNeeded: bits >> 8)
    }

    mutating func removeAll() {
        entries.removeAll(keepingCapacity: true)
        bytes.removeAll(keepingCapacity: true)
    }
}

// MARK: - Reading

extension EventBlock {
    func event(at index: Int, input: Int, patterns: [PatternInfo]) -> Event {
        let entry = entries[index]
        let pattern = patterns[Int(entry.pattern)]
        return Event(
            kind: entry.kind(pattern.kind), patternID: pattern.id, header: entry.header,
            source: entry.position(input: input), values: values(at: index, pattern),
            line: line(at: index), uncertainty: entry.stamp.precision.seconds,
            cursor: cursorText(at: index))
    }

    /// The captures of an event that took part in its match, then the constants of its pattern.
    func values(at index: Int, _ pattern: PatternInfo) -> [Capture] {
        let entry = entries[index]
        let lineStart = lineStart(entry)
        var values: [Capture] = []
        values.reserveCapacity(pattern.captures.count + pattern.constants.count)
        for (i, slot) in pattern.captures.enumerated() {
            guard let range = capture(i, of: entry) else { continue }
            values.append(Capture(name: slot.name, text: text(lineStart, range)))
        }
        values.append(contentsOf: pattern.constants)
        return values
    }

    func line(at index: Int) -> String {
        let entry = entries[index]
        return text(lineStart(entry), 0..<Int(entry.length))
    }

    func cursorText(at index: Int) -> String? {
        let place = cursor(at: index)
        return place.isEmpty ? nil : String(decoding: bytes[place], as: UTF8.self)
    }

    /// Whether a group took part in the match of an event.
    func hasCapture(_ slot: Int, at index: Int) -> Bool {
        capture(slot, of: entries[index]) != nil
    }

    /// The text that a group of an event holds; `nil` where it took no part.
    func text(ofCapture slot: Int, at index: Int) -> String? {
        let entry = entries[index]
        return capture(slot, of: entry).map { text(lineStart(entry), $0) }
    }

    func packed(at index: Int) -> PackedEvent {
        let entry = entries[index]
        let lineEnd = lineStart(entry) + Int(entry.length)
        let cursor = cursor(at: index)
        return PackedEvent(
            pattern: Int(entry.pattern), header: entry.header, line: Int(entry.line),
            offset: entry.offset, bytes: Array(bytes[lineStart(entry)..<lineEnd]),
            decoded: Array(bytes[lineEnd..<cursor.lowerBound]),
            captures: (0..<Int(entry.captures)).map { capture($0, of: entry) },
            cursor: Array(bytes[cursor]))
    }

    /// Where the journal's cursor of an event lies.
    private func cursor(at index: Int) -> Range<Int> {
        let end = index + 1 < entries.count ? Int(entries[index + 1].start) : bytes.count
        // Of an event that was lost there are no bytes.
        guard end > Int(entries[index].start) else { return end..<end }
        return end - 1 - Int(bytes[end - 1])..<end - 1
    }

    func signature(at index: Int) -> UInt64 {
        let entry = entries[index]
        var hash = FNV1a()
        hash.combine(UInt64(entry.pattern))
        hash.combine(UInt64(UInt32(bitPattern: entry.pid)))
        let lineStart = lineStart(entry)
        for i in 0..<Int(entry.captures) {
            let range = capture(i, of: entry)
            hash.combine(UInt64(bitPattern: Int64(range?.count ?? -1)))
            guard let range else { continue }
            for k in range { hash.combine(bytes[lineStart + k]) }
        }
        return hash.value
    }

    private func lineStart(_ entry: Entry) -> Int { Int(entry.start) + Int(entry.captures) * 4 }

    /// The bytes of a group, counted from the start of the line.
    private func capture(_ number: Int, of entry: Entry) -> Range<Int>? {
        guard number < Int(entry.captures) else { return nil }
        let low = bound(at: Int(entry.start) + number * 4)
        let high = bound(at: Int(entry.start) + number * 4 + 2)
        return low >= 0 && high >= low ? low..<high : nil
    }

    /// The whole number that a group of an event holds.
    func number(_ slot: Int, at index: Int) -> Int? {
        let entry = entries[index]
        guard let range = capture(slot, of: entry) else { return nil }
        let start = lineStart(entry)
        var number = 0
        for i in range {
            let digit = bytes[start + i] &- 0x30
            guard digit < 10, range.count < 18 else { return Int(text(start, range)) }
            number = number &* 10 &+ Int(digit)
        }
        return range.isEmpty ? nil : number
    }

    /// Whether a group of an event holds these bytes.
    func capture(_ slot: Int, at index: Int, is text: [UInt8]) -> Bool {
        let entry = entries[index]
        guard let range = capture(slot, of: entry), range.count == text.count else { return false }
        let start = lineStart(entry) + range.lowerBound
        for i in text.indices where bytes[start + i] != text[i] { return false }
        return true
    }

    /// What a group of an event holds, where that is ASCII; `nil` also where it took no part.
    func plainCapture(_ slot: Int, at index: Int) -> [UInt8]? {
        let entry = entries[index]
        guard let range = capture(slot, of: entry) else { return nil }
        let start = lineStart(entry)
        let text = bytes[start + range.lowerBound..<start + range.upperBound]
        return text.allSatisfy { $0 < 0x80 } ? Array(text) : nil
    }

    private func bound(at index: Int) -> Int {
        Int(Int16(bitPattern: UInt16(bytes[index]) | UInt16(bytes[index + 1]) << 8))
    }

    private func text(_ lineStart: Int, _ range: Range<Int>) -> String {
        String(
            decoding: bytes[lineStart + range.lowerBound..<lineStart + range.upperBound],
            as: UTF8.self)
    }
}
