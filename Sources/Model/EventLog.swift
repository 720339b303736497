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
    ///
    /// Of a long line only the beginning is kept as a quote. Captures that lie beyond it, behind a
    /// shipper's many labels say, are kept beside it; of those too far apart, the first ones.
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
        let source = isDecoded ? message : line
        let origin = isDecoded ? 0 : messageStart
        let extra = Self.kept(of: captures, origin: origin, in: source.count, beyond: isDecoded ? 0 : kept)
        // What is kept beside the line stands behind it.
        let shift = extra.isEmpty ? origin : origin + kept - extra.lowerBound
        let end = extra.isEmpty ? kept : kept + extra.count
        for i in stride(from: 0, to: captures.count - 1, by: 2) {
            let (low, high) = (Int(captures[i]) + shift, Int(captures[i + 1]) + shift)
            let isThere = captures[i] >= 0 && (low < end || (low == high && low == end))
            append(bound: isThere ? low : -1)
            append(bound: isThere ? min(high, end) : -1)
        }
        for i in 0..<kept { bytes.append(line[i]) }
        for i in extra { bytes.append(source[i]) }
    }

    /// The part of the source that must be kept beside the line for `captures` to be read again.
    private static func kept(
        of captures: [Int32], origin: Int, in count: Int, beyond kept: Int
    ) -> Range<Int> {
        var low = Int.max
        var high = 0
        for i in stride(from: 0, to: captures.count - 1, by: 2) where captures[i] >= 0 {
            low = min(low, Int(captures[i]) + origin)
            high = max(high, Int(captures[i + 1]) + origin)
        }
        guard high > kept, low < min(high, count) else { return 0..<0 }
        return low..<min(high, count, low + Event.lineLimit)
    }

    private mutating func append(bound: Int) {
        let bits = UInt16(bitPattern: Int16(bound))
        bytes.append(UInt8(truncatingIfNeeded: bits))
        bytes.append(UInt8(truncatingIfNeeded: bits >> 8))
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
