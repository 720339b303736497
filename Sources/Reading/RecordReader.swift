// SPDX-License-Identifier: Apache-2.0

package import Model

/// One line of an input, lent to the pipeline while it is read.
package struct RecordPlace: Sendable {
    package var line: Int
    package var offset: Int64
    package var classified: ClassifiedLine
}

/// Reads one input to its end and says what it is, how much was understood and what was lost.
package struct RecordReader {
    private var facts: InputFacts
    private var classifier = LineClassifier()
    private var spans: [ProcessKey: Int] = [:]
    private var lastSpan: (key: ProcessKey, index: Int)?
    private var pendingAnchor: (line: Int, instant: Timestamp)?
    private var serverRecords = 0
    private var kernelRecords = 0
    private var forms = [Int](repeating: 0, count: HeaderForm.allCases.count)
    private var isOwnReport = false

    private struct ProcessKey: Hashable {
        var pid: Int32
        var stream: UInt16
    }

    /// `name` is what reports call the input.
    package init(name: String) { facts = InputFacts(path: name) }

    /// Reads `path` and lends every line to `body`: where it stands, the line, and its message,
    /// which lies within the line unless `decoded` is set.
    package mutating func read(
        path: String,
        _ body: (RecordPlace, _ line: Span<UInt8>, _ message: Span<UInt8>, _ decoded: Bool) -> Void
    ) throws(ReadError) -> InputFacts {
        if let status = FileStatus(path: path), path != "-" {
            if status.kind == .directory { throw ReadError(code: .unreadable, reason: "is a directory") }
            facts.clock.modifiedAt = Timestamp(seconds: status.modifiedAtSeconds)
        }
        let descriptor = try FileDescriptor(path: path)
        var head = [UInt8](repeating: 0, count: 4096)
        let count = try readBytes(descriptor.number, into: &head, at: 0, limit: head.count)
        head.removeLast(head.count - count)
        let isGzip = head.count > 2 && head[0] == 0x1F && head[1] == 0x8B
        var plain = PlainSource(descriptor: descriptor, head: head)
        if isGzip {
            facts.format = "gzip"
            var source = GzipSource(plain)
            readLines(&source, body)
        } else {
            readLines(&plain, body)
        }
        finish()
        return facts
    }

    private mutating func readLines<Source: ByteSource & ~Copyable>(
        _ source: inout Source,
        _ body: (RecordPlace, Span<UInt8>, Span<UInt8>, Bool) -> Void
    ) {
        var lines = LineReader()
        do throws(ReadError) {
            try lines.forEachLine(of: &source) { line, number, offset in
                take(line, number, offset, body)
            }
        } catch {
            facts.problems.append(error.reason)
            if error.code == .damaged { facts.damage.archives += 1 } else { facts.damage.filesUnreadable += 1 }
        }
        facts.lines = lines.lines
        facts.bytes = lines.bytes
        facts.damage.linesCut += lines.linesCut
        facts.damage.bytesSkipped += lines.bytesSkipped
    }

    /// Handles one line; false ends the reading of this input.
    private mutating func take(
        _ whole: Span<UInt8>, _ number: Int, _ offset: Int64,
        _ body: (RecordPlace, Span<UInt8>, Span<UInt8>, Bool) -> Void
    ) -> Bool {
        var end = whole.count
        if end > 0, whole[end - 1] == 0x0D { end -= 1 }
        let line = whole.extracting(skippedNULs(whole)..<end)
        guard line.count > 0 else { return true }
        if number == 1, Self.startsOwnReport(line) {
            isOwnReport = true
            return false
        }
        if number == 1, Self.isBinary(line) {
            facts.problems.append("binary data")
            return false
        }
        let classified = classifier.classify(line)
        note(classified, line, number)
        let place = RecordPlace(line: number, offset: offset, classified: classified)
        if classified.isEscaped {
            let decoded = decodedJSONString(line, classified.message)
            body(place, line, decoded.span, true)
        } else {
            body(place, line, line.extracting(classified.message), false)
        }
        return true
    }

    /// A run of NULs before a record is a hole that a truncated log leaves.
    private mutating func skippedNULs(_ line: Span<UInt8>) -> Int {
        var i = 0
        while i < line.count, line[i] == 0 { i += 1 }
        if i > 0 { facts.damage.bytesSkipped += Int64(i) }
        return i
    }

    // MARK: - What the input says about itself

    @inline(__always)
    private mutating func note(_ line: ClassifiedLine, _ bytes: Span<UInt8>, _ number: Int) {
        guard line.isRecord else { return }
        facts.records += 1
        forms[Int(line.header.form.rawValue)] &+= 1
        switch line.scope {
        case .server, .sentinel:
            serverRecords += 1
            noteProcess(line.header, number)
            if line.message.count == 1023 { facts.messagesCutByServer += 1 }
        case .kernel: kernelRecords += 1
        default: break
        }
        noteClock(line, number)
    }

    private mutating func noteProcess(_ header: RecordHeader, _ number: Int) {
        // Children come by the hundred thousand; what matters of them is in their events.
        if header.role == .child && number > 64 || header.pid == 0 { return }
        let key = ProcessKey(pid: header.pid, stream: header.stream)
        if let lastSpan, lastSpan.key == key {
            extend(lastSpan.index, header, number)
            return
        }
        if let index = spans[key] {
            extend(index, header, number)
            lastSpan = (key, index)
            return
        }
        let index = facts.processes.count
        facts.processes.append(
            ProcessSpan(
                pid: header.pid, stream: header.stream, records: 1, isChild: header.role == .child,
                isSentinel: header.role == .sentinel, firstLine: number, lastLine: number,
                first: header.stamp, last: header.stamp))
        spans[key] = index
        lastSpan = (key, index)
    }

    @inline(__always)
    private mutating func extend(_ index: Int, _ header: RecordHeader, _ number: Int) {
        facts.processes[index].records &+= 1
        facts.processes[index].lastLine = number
        if header.stamp.form != .none { facts.processes[index].last = header.stamp }
        if header.role != .child { facts.processes[index].isChild = false }
    }

    @inline(__always)
    private mutating func noteClock(_ line: ClassifiedLine, _ number: Int) {
        let stamp = line.header.stamp
        switch stamp.form {
        case .none: return
        case .local, .localWithoutYear:
            facts.clock.localStamps &+= 1
            if let anchor = pendingAnchor {
                pendingAnchor = nil
                if number - anchor.line <= 8 {
                    facts.clock.anchors.append(
                        ClockAnchor(line: anchor.line, instant: anchor.instant, local: stamp))
                }
            }
            if stamp.form == .localWithoutYear, facts.clock.last.form == .localWithoutYear,
                facts.clock.last.nanoseconds &- stamp.nanoseconds > 15_552_000_000_000_000
            {
                facts.clock.yearTurns.append(number)
            }
        case .zoned, .epoch, .uptime:
            facts.clock.instantStamps &+= 1
            if line.header.form == .signalHandler {
                pendingAnchor = (number, Timestamp(nanoseconds: stamp.nanoseconds))
                return
            }
        }
        if facts.clock.first.form == .none { facts.clock.first = stamp }
        facts.clock.last = stamp
    }

    private mutating func finish() {
        facts.streams = classifier.streams
        if isOwnReport {
            facts.kind = .ownReport
            facts.format = "forktopsy report"
            return
        }
        if serverRecords > 0 {
            facts.kind = .log
        } else if kernelRecords > 0 {
            facts.kind = .kernel
        }
        let seen = forms.enumerated().filter { $0.element > 0 }
            .sorted { $0.element != $1.element ? $0.element > $1.element : $0.offset < $1.offset }
            .compactMap { HeaderForm(rawValue: UInt8($0.offset))?.spoken }
        facts.format = ((facts.format.isEmpty ? [] : [facts.format]) + seen).joined(separator: " + ")
    }

    private static func startsOwnReport(_ line: Span<UInt8>) -> Bool {
        line.has("<!-- forktopsy.report/", at: 0)
            || line.has("{\"schema\":\"forktopsy.report/", at: 0)
            || (line.has("forktopsy ", at: 0) && line.count < 80 && line.find(" report") != nil)
    }

    /// More than one byte in ten that no text holds: not a log.
    private static func isBinary(_ line: Span<UInt8>) -> Bool {
        let looked = min(line.count, 1024)
        var odd = 0
        for i in 0..<looked where line[i] < 0x20 && line[i] != 0x09 && line[i] != 0x1B { odd += 1 }
        return odd * 10 > looked
    }
}

extension HeaderForm {
    /// How a report names the form.
    package var spoken: String {
        switch self {
        case .none: "headerless"
        case .bracketedPID: "redis 2.0-2.8"
        case .roleWithoutYear: "redis 3.0-4.0"
        case .roleWithYear: "redis 5.0+"
        case .threadRole: "keydb"
        case .roleISO8601: "valkey iso8601"
        case .roleMilliseconds: "valkey milliseconds"
        case .logfmt: "valkey logfmt"
        case .json: "valkey json"
        case .signalHandler: "signal handler"
        case .glog: "glog"
        case .kernel: "kernel"
        case .daemon: "daemon"
        case .bareMessage: "syslog message"
        }
    }
}
