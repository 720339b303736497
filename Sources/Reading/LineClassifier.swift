// SPDX-License-Identifier: Apache-2.0

package import Model

/// A line taken apart: who speaks, when, and where the message is.
package struct ClassifiedLine: Sendable {
    package var header: RecordHeader
    /// Which patterns apply to the message.
    package var scope: PatternScope
    package var message: Range<Int>
    /// The message holds JSON escapes and must be decoded before it is matched.
    package var isEscaped = false
    /// The time that a wrapper (syslog, a container runtime) put before the record.
    package var wrapper: Stamp = .none

    /// Whether a header, or a wrapper that names the speaker, was recognised.
    package var isRecord: Bool { scope != .raw && scope != .any }
}

/// Takes lines apart: server headers, and what log shippers and terminals put before them.
///
/// One classifier serves one input: it numbers the writers it meets.
package struct LineClassifier {
    package private(set) var streams: [WriterStream] = [WriterStream()]
    private var numbers: [WriterStream: UInt16] = [:]
    /// Numbers of journal writers by hash, so that no text is made for each entry.
    private var numbersByHash: [UInt64: UInt16] = [:]

    /// How many wrappers may stand before a record.
    private static let depth = 8

    package init() {}

    package mutating func classify(_ line: Span<UInt8>) -> ClassifiedLine {
        if let parsed = ServerHeader.parse(line, at: 0) { return record(parsed, .init()) }
        var wrapper = Wrapper()
        var i = 0
        for _ in 0..<Self.depth {
            guard let next = wrapper.peel(line, at: i), next > i else { break }
            i = next
            if let parsed = ServerHeader.parse(line, at: i) { return record(parsed, wrapper, line) }
        }
        if let spoken = spokenByName(line, at: i, wrapper) { return spoken }
        if let parsed = Self.findHeader(line, from: i) { return record(parsed, wrapper, line) }
        return ClassifiedLine(
            header: RecordHeader(form: .none, stamp: wrapper.stamp, stream: stream(wrapper, line)),
            scope: wrapper.isSomebodyElse(in: line) ? .any : .raw, message: i..<line.count,
            wrapper: wrapper.stamp)
    }

    private func record(_ parsed: ParsedHeader, _ wrapper: Wrapper) -> ClassifiedLine {
        ClassifiedLine(
            header: parsed.header,
            scope: parsed.header.role == .sentinel ? .sentinel : .server,
            message: parsed.message, isEscaped: parsed.isEscaped, wrapper: wrapper.stamp)
    }

    private mutating func record(
        _ parsed: ParsedHeader, _ wrapper: Wrapper, _ line: Span<UInt8>
    ) -> ClassifiedLine {
        var out = record(parsed, wrapper)
        out.header.stream = stream(wrapper, line)
        return out
    }

    /// Classifies one line of a journal entry's message. `line` is that line; the entry's other
    /// fields count in `bytes`.
    mutating func classify(
        _ line: Span<UInt8>, of entry: JournalEntry, in bytes: Span<UInt8>
    ) -> ClassifiedLine {
        let speaker = entry.speaker(in: bytes)
        var out: ClassifiedLine
        if speaker != .kernel, speaker != .systemd, speaker != .journald,
            let parsed = ServerHeader.parse(line, at: 0)
        {
            out = record(parsed, .init())
        } else {
            out = bare(line, speaker, isOutput: entry.isOutput(in: bytes))
            out.header.stamp = entry.stamp
            out.header.pid = entry.syslogPID != 0 ? entry.syslogPID : entry.pid
        }
        out.header.stream = stream(entry, bytes)
        out.wrapper = entry.stamp
        return out
    }

    private func bare(
        _ line: Span<UInt8>, _ speaker: Wrapper.Speaker, isOutput: Bool
    ) -> ClassifiedLine {
        let all = 0..<line.count
        switch speaker {
        case .kernel:
            return ClassifiedLine(header: RecordHeader(form: .kernel), scope: .kernel, message: all)
        case .systemd:
            return ClassifiedLine(
                header: RecordHeader(form: .daemon), scope: .systemd, message: all)
        case .journald:
            return ClassifiedLine(
                header: RecordHeader(form: .daemon), scope: .journald, message: all)
        case .server, .sentinel:
            // What a server prints without a header is a raw block; what it sends to syslog is not.
            if isOutput {
                return ClassifiedLine(header: RecordHeader(form: .none), scope: .raw, message: all)
            }
            return ClassifiedLine(
                header: RecordHeader(form: .bareMessage),
                scope: speaker == .sentinel ? .sentinel : .server, message: all)
        case .somebody:
            if let parsed = Self.findHeader(line, from: 0) { return record(parsed, .init()) }
            return ClassifiedLine(header: RecordHeader(form: .none), scope: .any, message: all)
        }
    }

    private mutating func stream(_ entry: JournalEntry, _ bytes: Span<UInt8>) -> UInt16 {
        let hash = entry.writerHash(in: bytes)
        if let number = numbersByHash[hash] { return number }
        let number = number(of: entry.writer(in: bytes))
        numbersByHash[hash] = number
        return number
    }

    /// A record whose speaker the wrapper names: the kernel, systemd, or a server whose syslog
    /// messages come without a header of their own.
    private mutating func spokenByName(
        _ line: Span<UInt8>, at start: Int, _ wrapper: Wrapper
    ) -> ClassifiedLine? {
        let speaker = wrapper.speaker(in: line)
        guard speaker != .somebody else { return nil }
        let form: HeaderForm
        let scope: PatternScope
        switch speaker {
        case .kernel: (form, scope) = (.kernel, .kernel)
        case .systemd: (form, scope) = (.daemon, .systemd)
        case .journald: (form, scope) = (.daemon, .journald)
        case .sentinel: (form, scope) = (.bareMessage, .sentinel)
        case .server, .somebody: (form, scope) = (.bareMessage, .server)
        }
        return ClassifiedLine(
            header: RecordHeader(
                form: form, stamp: wrapper.stamp.form == .none ? wrapper.uptime : wrapper.stamp,
                pid: wrapper.pid, stream: stream(wrapper, line)),
            scope: scope, message: start..<line.count, wrapper: wrapper.stamp)
    }

    /// The header of a record that stands behind a prefix nobody knows.
    ///
    /// Where a quotation mark stands right before it, the record ends at the next one: it was a
    /// string inside somebody's JSON or CSV.
    static func findHeader(_ line: Span<UInt8>, from start: Int) -> ParsedHeader? {
        var i = start
        let end = min(line.count, start + 4096)
        while i < end {
            let byte = line[i]
            var candidate: Int?
            switch byte {
            case 0x3A:  // the colon of "123:M " or "123:signal-handler ("
                let next = line.byte(i + 1)
                let isRole = next == 0x4D || next == 0x53 || next == 0x43 || next == 0x58
                if (isRole && line.byte(i + 2) == 0x20) || line.has("signal-handler (", at: i + 1) {
                    candidate = pidStart(line, before: i, from: start)
                }
            case 0x5B where isDigit(line.byte(i + 1)): candidate = i
            case 0x70 where line.has("pid=", at: i): candidate = i
            case 0x7B where line.has("{\"pid\":", at: i): candidate = i
            default: break
            }
            if let candidate, let parsed = ServerHeader.parse(line, at: candidate) {
                return clipped(parsed, line, recordStart: candidate)
            }
            i += 1
        }
        return nil
    }

    /// Where a record begins whose role stands behind the colon at `colon`.
    static func recordStart(_ line: Span<UInt8>, colon: Int, from start: Int) -> Int? {
        let next = line.byte(colon + 1)
        guard next == 0x4D || next == 0x53 || next == 0x43 || next == 0x58,
            line.byte(colon + 2) == 0x20
        else { return nil }
        return pidStart(line, before: colon, from: start)
    }

    /// `123:M ` and no time behind it: a header that was damaged.
    static func looksLikeBrokenHeader(_ line: Span<UInt8>) -> Bool {
        guard line.count >= 30, let (_, end) = line.number(at: 0, limit: 10), line.byte(end) == 0x3A
        else { return false }
        let role = line.byte(end + 1)
        return (role == 0x4D || role == 0x53 || role == 0x43 || role == 0x58)
            && line.byte(end + 2) == 0x20
    }

    /// Where the process id before the colon at `colon` begins, KeyDB's thread id included.
    private static func pidStart(_ line: Span<UInt8>, before colon: Int, from start: Int) -> Int? {
        var first = colon
        while first > start, isDigit(line[first - 1]) { first -= 1 }
        guard first < colon, colon - first <= 10 else { return nil }
        if first > start, line[first - 1] == 0x3A {
            var outer = first - 1
            while outer > start, isDigit(line[outer - 1]) { outer -= 1 }
            // "1:22:M" after a blank is a process and its thread; "redis.log:12:1:M" is grep's.
            let before = outer == start ? 0x20 : line[outer - 1]
            let isFree = before != 0x3A && (before | 0x20) &- 0x61 >= 26 && !isDigit(before)
            if outer < first - 1, isFree { return outer }
        }
        guard first > start else { return first }
        // A line feed that was written out as two characters is no part of a word.
        if first - start >= 2, line[first - 1] == 0x6E, line[first - 2] == 0x5C { return first }
        let before = line[first - 1] | 0x20
        return before &- 0x61 < 26 ? nil : first
    }

    private static func clipped(
        _ parsed: ParsedHeader, _ line: Span<UInt8>, recordStart: Int
    ) -> ParsedHeader {
        guard recordStart > 0, line[recordStart - 1] == 0x22, !parsed.isEscaped else {
            return parsed
        }
        var out = parsed
        var i = parsed.message.lowerBound
        while i < parsed.message.upperBound, line[i] != 0x22 {
            if line[i] == 0x5C {
                out.isEscaped = true
                i += 1
            }
            i += 1
        }
        out.message = parsed.message.lowerBound..<min(i, parsed.message.upperBound)
        // A line feed that closes every record of a shipper's JSON is no part of the message.
        if out.message.count >= 2, line[out.message.upperBound - 2] == 0x5C,
            line[out.message.upperBound - 1] == 0x6E
        {
            out.message = out.message.lowerBound..<out.message.upperBound - 2
        }
        return out
    }

    private mutating func stream(_ wrapper: Wrapper, _ line: Span<UInt8>) -> UInt16 {
        guard wrapper.namesWriter else { return 0 }
        return number(of: wrapper.writer(in: line))
    }

    private mutating func number(of writer: WriterStream) -> UInt16 {
        if let number = numbers[writer] { return number }
        guard streams.count < Int(UInt16.max) else { return 0 }
        let number = UInt16(streams.count)
        streams.append(writer)
        numbers[writer] = number
        return number
    }
}
