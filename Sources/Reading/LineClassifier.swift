// SPDX-License-Identifier: Apache-2.0

package import Model

/// A line taken apart: who speaks, when, and where the message is.
package struct ClassifiedLine: Sendable {
    package var header: RecordHeader
    /// Which patterns apply to the message.
    package var scope: PatternScope
    package var message: Range<Int>
    /// How often the message's JSON escapes must be decoded before it is matched: once for each
    /// string that it stands in.
    package var escapes = 0
    package var isEscaped: Bool { escapes > 0 }
    /// The time that a wrapper (syslog, a container runtime) put before the record.
    package var wrapper: Stamp = .none
    /// The time since boot that stands before the record.
    var uptime: Stamp = .none

    /// Notes when a container's runtime received the line, which is nearer to the record than what
    /// else stands before it.
    mutating func receive(at stamp: Stamp) {
        guard stamp.form != .none else { return }
        wrapper = stamp
        if header.stamp.form == .none { header.stamp = stamp }
    }

    /// Whether a header, or a wrapper that names the speaker, was recognised.
    package var isRecord: Bool {
        switch scope {
        case .raw, .any: false
        default: true
        }
    }
}

/// Takes lines apart: server headers, and what log shippers and terminals put before them.
///
/// One classifier serves one input: it numbers the writers it meets.
package struct LineClassifier {
    package private(set) var streams: [WriterStream] = [WriterStream()]
    /// Records whose writers came after as many as are told apart.
    private(set) var recordsOfUntoldWriters = 0
    private var numbers: [WriterStream: UInt16] = [:]
    /// Numbers of journal writers by hash, so that no text is made for each entry.
    private var numbersByHash: [UInt64: UInt16] = [:]

    /// What looks like KeyDB's `pid:thread:role` is a line number of grep before `pid:role`.
    var hasLineNumbers = false

    /// How many wrappers may stand before a record.
    private static let depth = 12

    package init() {}

    /// Goes on numbering behind the writers that are known.
    init(streams: [WriterStream]) {
        self.streams = streams.isEmpty ? [WriterStream()] : streams
        for (i, writer) in self.streams.enumerated() where numbers[writer] == nil {
            numbers[writer] = UInt16(i)
        }
    }

    package mutating func classify(_ line: Span<UInt8>) -> ClassifiedLine {
        if let parsed = ServerHeader.parse(line, at: 0) { return record(parsed, .init()) }
        var wrapper = Wrapper()
        var i = 0
        for _ in 0..<Self.depth {
            guard let next = wrapper.peel(line, at: i), next > i else { break }
            i = next
            if let parsed = ServerHeader.parse(line, at: i) { return record(parsed, wrapper, line) }
        }
        // A syslog line of a server, and of anybody else, may hold a full record further on.
        if !wrapper.namesSystem(in: line), let parsed = Self.findHeader(line, from: i) {
            if wrapper.stamp.form == .none {
                wrapper.stamp = Wrapper.shipperTime(line, around: parsed.message)
            }
            return record(parsed, wrapper, line)
        }
        if let spoken = spokenByName(line, at: i, wrapper) { return spoken }
        if let behind = spokenBehindPrefix(line, from: i, wrapper) { return behind }
        return ClassifiedLine(
            header: RecordHeader(
                form: .none, stamp: wrapper.stamp.outer, stream: stream(wrapper, line)),
            scope: wrapper.isSomebodyElse(in: line) ? .any : .raw, message: i..<line.count,
            wrapper: wrapper.stamp)
    }

    /// A line of the kernel, systemd or syslog whose time stands behind a prefix nobody knows, such
    /// as the file name that grep puts there.
    private mutating func spokenBehindPrefix(
        _ line: Span<UInt8>, from start: Int, _ outer: Wrapper
    ) -> ClassifiedLine? {
        guard outer.stamp.form == .none, outer.identifier == nil,
            var i = Wrapper.nextTime(line, from: start)
        else { return nil }
        var wrapper = outer
        for _ in 0..<Self.depth {
            guard let next = wrapper.peel(line, at: i), next > i else { break }
            i = next
        }
        return spokenByName(line, at: i, wrapper)
    }

    private func record(_ parsed: ParsedHeader, _ wrapper: Wrapper) -> ClassifiedLine {
        var header = parsed.header
        if hasLineNumbers, header.form == .threadRole { header.dropLineNumber() }
        return ClassifiedLine(
            header: header, scope: header.role == .sentinel ? .sentinel : .server,
            message: parsed.message, escapes: parsed.escapes, wrapper: wrapper.stamp,
            uptime: wrapper.uptime)
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

    /// The number of an entry's writer.
    mutating func stream(_ entry: JournalEntry, _ bytes: Span<UInt8>) -> UInt16 {
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
                form: form,
                stamp: wrapper.stamp.form == .none ? wrapper.uptime : wrapper.stamp.outer,
                pid: wrapper.pid, stream: stream(wrapper, line)),
            scope: scope, message: start..<line.count, wrapper: wrapper.stamp)
    }

    private mutating func stream(_ wrapper: Wrapper, _ line: Span<UInt8>) -> UInt16 {
        guard wrapper.namesWriter else { return 0 }
        return number(of: wrapper.writer(in: line))
    }

    private mutating func number(of writer: WriterStream) -> UInt16 {
        if let number = numbers[writer] { return number }
        guard streams.count < Int(UInt16.max) else {
            recordsOfUntoldWriters += 1
            return 0
        }
        let number = UInt16(streams.count)
        streams.append(writer)
        numbers[writer] = number
        return number
    }
}
