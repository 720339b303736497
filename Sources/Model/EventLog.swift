// SPDX-License-Identifier: Apache-2.0

/// The events of one input in file order, packed: 64 bytes an event plus the bytes of its line.
///
/// Nothing is decoded while an input is read. Values are named and texts made only when an event
/// is looked at (`event(at:input:patterns:)`), which is after the whole input is known.
package struct EventLog: Sendable {
    private var entries: [Entry] = []
    private var bytes: [UInt8] = []

    package init() {}

    package var count: Int { entries.count }

    struct Entry: Sendable {
        var stamp: Stamp
        var offset: Int64
        var start: Int
        var line: UInt32
        var pid: Int32
        var threadID: Int32
        var pattern: UInt16
        var length: UInt16
        var form: HeaderForm
        var role: Role
        var level: Level
        var captures: UInt8
        var stream: UInt16
    }
}

// MARK: - Writing

extension EventLog {
    /// Appends one event. `captures` holds a start and an end in `line` for each named group of
    /// the pattern, in group order; both are -1 where the group took no part. Where the message
    /// had to be decoded (JSON escapes) it lies outside the line, which `isDecoded` says.
    /// Captures count from the message's start.
    package mutating func append(
        pattern: Int, header: RecordHeader, lineNumber: Int, offset: Int64, line: Span<UInt8>,
        message: Span<UInt8>, messageStart: Int, isDecoded: Bool, captures: [Int32]
    ) {
        let kept = min(line.count, Event.lineLimit)
        entries.append(
            Entry(
                stamp: header.stamp, offset: offset, start: bytes.count,
                line: UInt32(clamping: lineNumber), pid: header.pid, threadID: header.threadID,
                pattern: UInt16(pattern), length: UInt16(kept), form: header.form,
                role: header.role, level: header.level, captures: UInt8(captures.count / 2),
                stream: header.stream))
        let extra = isDecoded ? min(message.count, Event.lineLimit) : 0
        let base = Int32(isDecoded ? kept : messageStart)
        let end = Int32(kept + extra)
        for bound in captures {
            let clipped = UInt16(bitPattern: Int16(bound < 0 ? -1 : min(bound &+ base, end)))
            bytes.append(UInt8(truncatingIfNeeded: clipped))
            bytes.append(UInt8(truncatingIfNeeded: clipped >> 8))
        }
        for i in 0..<kept { bytes.append(line[i]) }
        for i in 0..<extra { bytes.append(message[i]) }
    }
}

// MARK: - Reading

extension EventLog {
    /// The event at `index`, its values named after `patterns`.
    package func event(at index: Int, input: Int, patterns: [PatternInfo]) -> Event {
        let entry = entries[index]
        let pattern = patterns[Int(entry.pattern)]
        let lineStart = entry.start + Int(entry.captures) * 4
        let line = lineStart..<lineStart + Int(entry.length)
        var values: [Capture] = []
        values.reserveCapacity(pattern.captures.count + pattern.constants.count)
        for (i, slot) in pattern.captures.enumerated() where i < Int(entry.captures) {
            let low = bound(at: entry.start + i * 4)
            let high = bound(at: entry.start + i * 4 + 2)
            guard low >= 0, high >= low else { continue }
            values.append(Capture(name: slot.name, text: text(lineStart + low..<lineStart + high)))
        }
        values.append(contentsOf: pattern.constants)
        return Event(
            kind: pattern.kind, patternID: pattern.id, header: header(at: index),
            source: position(at: index, input: input), values: values, line: text(line),
            uncertainty: entry.stamp.precision.seconds)
    }

    package func header(at index: Int) -> RecordHeader {
        let entry = entries[index]
        return RecordHeader(
            form: entry.form, stamp: entry.stamp, pid: entry.pid, threadID: entry.threadID,
            role: entry.role, level: entry.level, stream: entry.stream)
    }

    package func pattern(at index: Int) -> Int { Int(entries[index].pattern) }

    /// A number that two events share when they are the same message of the same process.
    package func signature(at index: Int) -> UInt64 {
        let entry = entries[index]
        var hash = FNV1a()
        hash.combine(UInt64(entry.pattern))
        hash.combine(UInt64(UInt32(bitPattern: entry.pid)))
        let lineStart = entry.start + Int(entry.captures) * 4
        for i in 0..<Int(entry.captures) {
            let low = bound(at: entry.start + i * 4)
            let high = bound(at: entry.start + i * 4 + 2)
            hash.combine(UInt64(bitPattern: Int64(high - low)))
            guard low >= 0, high >= low else { continue }
            for byte in bytes[lineStart + low..<lineStart + high] { hash.combine(byte) }
        }
        return hash.value
    }

    package func stamp(at index: Int) -> Stamp { entries[index].stamp }

    package func position(at index: Int, input: Int) -> SourcePosition {
        SourcePosition(
            input: input, line: Int(entries[index].line), offset: entries[index].offset)
    }

    private func bound(at index: Int) -> Int {
        Int(Int16(bitPattern: UInt16(bytes[index]) | UInt16(bytes[index + 1]) << 8))
    }

    private func text(_ range: Range<Int>) -> String {
        String(decoding: bytes[range], as: UTF8.self)
    }
}
