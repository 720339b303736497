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
    private var isJournal = false
    private var containers = ContainerLines()
    private var verbose = VerboseEntries()

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
        var source = PeekedSource(PlainSource(try FileDescriptor(path: path)))
        if JournalFile.isJournalFile(source.head.span) {
            readJournalFile(path, body)
        } else if case .gzip = InputFormat(head: source.head) {
            facts.format = "gzip"
            var inflated = PeekedSource(GzipSource(source))
            readRecognised(&inflated, body)
        } else {
            readRecognised(&source, body)
        }
        finish()
        return facts
    }

    /// Recognises what `source` holds by its first bytes, and reads it.
    private mutating func readRecognised<Source: ByteSource & ~Copyable>(
        _ source: inout PeekedSource<Source>,
        _ body: (RecordPlace, Span<UInt8>, Span<UInt8>, Bool) -> Void
    ) {
        switch InputFormat(head: source.head) {
        case .journalExport: readExport(&source, body)
        case .journalJSON: readJSON(&source, body)
        case .text, .binary, .gzip: readLines(&source, body)
        }
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
            noteFailure(error)
        }
        giveVerbose(body)
        facts.lines = lines.lines
        facts.bytes = lines.bytes
        facts.damage.linesCut += lines.linesCut
        facts.damage.bytesSkipped += lines.bytesSkipped
    }

    private mutating func noteFailure(_ error: ReadError) {
        facts.problems.append(error.reason)
        if error.code == .damaged { facts.damage.archives += 1 } else { facts.damage.filesUnreadable += 1 }
    }

    /// Handles one line; false ends the reading of this input.
    private mutating func take(
        _ whole: Span<UInt8>, _ number: Int, _ offset: Int64,
        _ body: (RecordPlace, Span<UInt8>, Span<UInt8>, Bool) -> Void
    ) -> Bool {
        var end = whole.count
        if end > 0, whole[end - 1] == 0x0D { end -= 1 }
        let line = whole.extracting(skippedNULs(whole, to: end)..<end)
        guard line.count > 0 else { return true }
        if number == 1, Self.startsOwnReport(line) {
            isOwnReport = true
            return false
        }
        if number == 1, InputFormat.isBinary(line) {
            facts.problems.append("binary data")
            return false
        }
        if takeVerbose(line, number, offset, body) { return true }
        switch containers.unwrap(line) {
        case .plain: give(classifier.classify(line), line, number, offset, body)
        case .partial: break
        case .whole:
            let text = containers.text
            var classified = classifier.classify(text.span)
            classified.wrapper = containers.stamp
            if classified.header.stamp.form == .none { classified.header.stamp = containers.stamp }
            if text.count > 0 { give(classified, text.span, number, offset, body) }
        }
        return true
    }

    /// Handles the lines of `journalctl -o verbose`.
    private mutating func takeVerbose(
        _ line: Span<UInt8>, _ number: Int, _ offset: Int64,
        _ body: (RecordPlace, Span<UInt8>, Span<UInt8>, Bool) -> Void
    ) -> Bool {
        let first = line.byte(0)
        guard first == 0x20 || first &- 0x41 < 26 else { return false }
        if first == 0x20 { return verbose.take(line) }
        guard VerboseEntries.isHeader(line) else { return false }
        giveVerbose(body)
        isJournal = true
        verbose.begin(line, line: number, offset: offset)
        return true
    }

    private mutating func giveVerbose(
        _ body: (RecordPlace, Span<UInt8>, Span<UInt8>, Bool) -> Void
    ) {
        guard verbose.close() else { return }
        let bytes = verbose.bytes
        take(verbose.entry, bytes.span, verbose.offset, verbose.line, body)
    }

    private mutating func give(
        _ classified: ClassifiedLine, _ line: Span<UInt8>, _ number: Int, _ offset: Int64,
        _ body: (RecordPlace, Span<UInt8>, Span<UInt8>, Bool) -> Void
    ) {
        note(classified, line, number)
        let place = RecordPlace(line: number, offset: offset, classified: classified)
        if classified.isEscaped {
            let decoded = decodedJSONString(line, classified.message)
            body(place, line, decoded.span, true)
        } else {
            body(place, line, line.extracting(classified.message), false)
        }
    }

    /// A run of NULs before a record is a hole that a truncated log leaves.
    private mutating func skippedNULs(_ line: Span<UInt8>, to end: Int) -> Int {
        var i = 0
        while i < end, line[i] == 0 { i += 1 }
        if i > 0 { facts.damage.bytesSkipped += Int64(i) }
        return i
    }

    // MARK: - Journals

    private mutating func readJournalFile(
        _ path: String, _ body: (RecordPlace, Span<UInt8>, Span<UInt8>, Bool) -> Void
    ) {
        facts.format = "journal file"
        isJournal = true
        do throws(ReadError) {
            var source = try JournalFile.open(path)
            readExport(&source, body)
        } catch {
            noteFailure(error)
        }
    }

    private mutating func readExport<Source: ByteSource & ~Copyable>(
        _ source: inout Source,
        _ body: (RecordPlace, Span<UInt8>, Span<UInt8>, Bool) -> Void
    ) {
        isJournal = true
        var reader = JournalExportReader()
        reader.forEachEntry(of: &source) { entry, bytes, offset, line in
            take(entry, bytes, offset, line, body)
        }
        finishJournal(reader.window, reader.entriesDamaged, reader.bytesSkipped, "journal export")
    }

    private mutating func readJSON<Source: ByteSource & ~Copyable>(
        _ source: inout Source,
        _ body: (RecordPlace, Span<UInt8>, Span<UInt8>, Bool) -> Void
    ) {
        isJournal = true
        var reader = JournalJSONReader()
        reader.forEachEntry(of: &source) { entry, bytes, offset, line in
            take(entry, bytes, offset, line, body)
        }
        finishJournal(reader.window, reader.entriesDamaged, reader.bytesSkipped, "journal json")
    }

    private mutating func finishJournal(
        _ window: EntryWindow, _ damaged: Int, _ skipped: Int64, _ format: String
    ) {
        facts.lines = window.lines
        facts.bytes = window.offset
        facts.damage.entries += damaged
        facts.damage.bytesSkipped += skipped
        facts.format = facts.format.isEmpty ? format : "\(facts.format) + \(format)"
        if let failure = window.failure { noteFailure(failure) }
    }

    /// Handles one entry: each line of its message is looked at as a line of its writer.
    private mutating func take(
        _ entry: JournalEntry, _ bytes: Span<UInt8>, _ offset: Int64, _ firstLine: Int,
        _ body: (RecordPlace, Span<UInt8>, Span<UInt8>, Bool) -> Void
    ) {
        if entry.isMessageMissing {
            facts.damage.entries += 1
            if !facts.problems.contains(Self.nullMessage) { facts.problems.append(Self.nullMessage) }
        }
        noteBoot(entry)
        guard let range = entry.message else { return }
        let number = entry.messageLine > 0 ? entry.messageLine : firstLine
        if entry.isMessageBytes || entry.isMessageEscaped {
            let text = entry.isMessageBytes
                ? JournalJSONReader.byteArray(bytes, range) : decodedJSONString(bytes, range)
            takeMessage(text.span, entry, bytes, offset, number, body)
        } else {
            takeMessage(bytes.extracting(range), entry, bytes, offset, number, body)
        }
    }

    private mutating func noteBoot(_ entry: JournalEntry) {
        guard facts.clock.boots.count < 16, let realtime = entry.realtime,
            let monotonic = entry.monotonic, monotonic > 0
        else { return }
        let boot = Timestamp(seconds: (realtime - monotonic) / 1_000_000)
        if facts.clock.boots.allSatisfy({ abs($0.seconds(since: boot)) > 2 }) { facts.clock.boots.append(boot) }
    }

    private static let nullMessage =
        "journalctl left out long messages (null); export with --all to keep them"

    private mutating func takeMessage(
        _ message: Span<UInt8>, _ entry: JournalEntry, _ bytes: Span<UInt8>, _ offset: Int64,
        _ number: Int, _ body: (RecordPlace, Span<UInt8>, Span<UInt8>, Bool) -> Void
    ) {
        var start = 0
        while start < message.count {
            let end = message.first(0x0A, from: start) ?? message.count
            let cut = end > start && message[end - 1] == 0x0D ? end - 1 : end
            if cut > start {
                let line = message.extracting(start..<min(cut, start + LineReader.lineLimit))
                give(classifier.classify(line, of: entry, in: bytes), line, number, offset, body)
            }
            start = end + 1
        }
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
            if line.wrapper.isKnownInstant { facts.clock.noteWrapper(line.wrapper, beside: stamp, line: number) }
            if let anchor = pendingAnchor {
                pendingAnchor = nil
                if number - anchor.line <= 8 {
                    facts.clock.anchors.append(
                        ClockAnchor(line: anchor.line, instant: anchor.instant, local: stamp))
                }
            }
            if stamp.form == .localWithoutYear, facts.clock.last.form == .localWithoutYear {
                let back = facts.clock.last.nanoseconds &- stamp.nanoseconds
                if back > Self.halfYear { facts.clock.yearTurns.append(number) }
                // A line of the old year after one of the new: parent and child share the file.
                if -back > Self.halfYear, !facts.clock.yearTurns.isEmpty { return }
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

    private static let halfYear: Int64 = 15_552_000_000_000_000

    private mutating func finish() {
        facts.streams = classifier.streams
        if isOwnReport {
            facts.kind = .ownReport
            facts.format = "forktopsy report"
            return
        }
        if isJournal {
            facts.kind = .journal
        } else if serverRecords > 0 {
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
