// SPDX-License-Identifier: Apache-2.0

package import Model

/// One line of an input, lent to the pipeline while it is read.
package struct RecordPlace: Sendable {
    package var line: Int
    package var offset: Int64
    package var classified: ClassifiedLine
    /// The entry's place in its journal; empty elsewhere.
    package var cursor: [UInt8] = []
    /// The host whose kernel wrote the record, where the line names it.
    package var kernelHost: String?
    /// The line is printable ASCII throughout.
    package var isPlain = true
    /// No text stands in the message that patterns look for anywhere and not at its beginning.
    package var isScreened = false
    /// The header of the last record between this line and the one that was lent before it: records
    /// that no pattern can match are not lent. `nil` where there are none.
    package var passed: RecordHeader?
    /// Records between this place and the one that was lent before it which were matched already: then
    /// nothing else is lent with them.
    package var matched: MatchedRecords?
}

/// What gets every line of an input: where it stands, the line, and its message, which lies within
/// the line unless it had to be decoded.
package typealias RecordBody = (
    RecordPlace, _ line: Span<UInt8>, _ message: Span<UInt8>, _ isDecoded: Bool
) -> Void

/// Reads one input to its end and says what it is, how much was understood and what was lost.
package struct RecordReader {
    var facts: InputFacts
    /// Messages that were given again because syslog says that they came again.
    var repetitions = 0
    var classifier = LineClassifier()
    /// What is known of messages before they are matched; without it every line is taken apart.
    var screen: MessageScreen?
    /// Keeps to what runs on any processor.
    var isPortable = false
    /// `ReadOptions.templatesAfter`.
    private(set) var templatesAfter = 0
    /// Where a temporary file may be made.
    private var directories: [String] = []
    private var spans: [ProcessKey: Int] = [:]
    private var lastSpan: (key: ProcessKey, index: Int)?
    /// The header of the last record that was passed over, until a line is lent.
    var passed: RecordHeader?
    var pendingAnchor: (line: Int, instant: Timestamp)?
    var serverRecords = 0
    var kernelRecords = 0
    var forms = [Int](repeating: 0, count: HeaderForm.allCases.count)
    var isOwnReport = false
    var isJournal = false
    /// What the input is that tells of the host's clock.
    var hostClock: String?
    /// The line at which somebody asks when the host had booted.
    var askedForBoot = -1
    var containers = ContainerLines()
    var verbose = VerboseEntries()
    var kernelJSON = KernelJSON()
    var ansible = AnsibleOutput()
    var unwrapper: LineUnwrapper?
    /// Runs of blanks stand in messages, which somebody copied from a page.
    var spreadsMessages = false
    var softBreaks: SoftBreaks?
    /// The line at hand is printable ASCII throughout.
    var isPlain = true
    /// The line at hand stands in the input byte for byte, so that positions in it are the input's.
    var isVerbatim = false
    /// The cursor of the journal entry at hand.
    var cursor: [UInt8] = []
    /// The sieve stopped at the line at hand only because a pattern begins like it.
    var isScreened = false
    /// What the line at hand was taken for, if it was one record.
    var taken: ClassifiedLine?
    /// The last line whose header no longer parses.
    var lastBrokenLine = 0

    private struct ProcessKey: Hashable {
        var pid: Int32
        var stream: UInt16
    }

    /// `name` is what reports call the input.
    package init(name: String) { facts = InputFacts(path: name) }

    init(name: String, _ options: ReadOptions) {
        self.init(name: name)
        screen = options.screen
        isPortable = options.isPortable
        templatesAfter = options.templatesAfter
        directories = options.directories
    }

    /// Goes on where a reader stopped that had learned `facts`.
    init(resuming facts: InputFacts) {
        self.facts = facts
        classifier = LineClassifier(streams: facts.streams)
        for (i, process) in facts.processes.enumerated() {
            spans[ProcessKey(pid: process.pid, stream: process.stream)] = i
        }
    }

    /// Reads a source to its end. `packing` says what it was packed in.
    mutating func readStream<Source: ByteSource & ~Copyable>(
        _ source: inout PeekedSource<Source>, modifiedAt: Timestamp?, packing: String = "",
        _ body: RecordBody
    ) -> InputFacts {
        facts.clock.modifiedAt = modifiedAt
        facts.format = packing
        readRecognised(&source, body)
        finish()
        return facts
    }

    /// Reads a `.journal` file, which only the system's own reader can.
    mutating func readJournal(
        at path: String, modifiedAt: Timestamp?, _ body: RecordBody
    ) -> InputFacts {
        facts.clock.modifiedAt = modifiedAt
        readJournalFile(path, body)
        finish()
        return facts
    }

    /// Reads a file of sysstat, which only the system's own reader can.
    mutating func readActivities(
        at path: String, modifiedAt: Timestamp?, _ body: RecordBody
    ) -> InputFacts {
        facts.clock.modifiedAt = modifiedAt
        facts.format = ActivityFile.format
        do throws(ReadError) {
            var source = try ActivityFile.open(path)
            readLines(&source, body)
        } catch {
            noteFailure(error)
        }
        finish()
        return facts
    }

    /// An input of which nothing can be read, and why.
    mutating func unreadable(_ error: ReadError, format: String) -> InputFacts {
        facts.format = format
        noteFailure(error)
        return facts
    }

    /// Bytes that are read ahead to recognise an input.
    static let headSize = 16_384

    /// Recognises what `source` holds by its first bytes, and reads it.
    private mutating func readRecognised<Source: ByteSource & ~Copyable>(
        _ source: inout PeekedSource<Source>, _ body: RecordBody
    ) {
        if JournalFile.isJournalFile(source.head.span) {
            readJournalStream(&source, directories, body)
            return
        }
        if ActivityFile.isActivityFile(source.head.span) {
            facts.format =
                facts.format.isEmpty
                ? ActivityFile.format : "\(facts.format) + \(ActivityFile.format)"
            noteFailure(
                ReadError(
                    code: .unreadable,
                    reason:
                        "a binary file of sysstat cannot be read inside an archive or from standard "
                        + "input: unpack it, or give the output of sadf -d X -- -A"
                ))
            return
        }
        if source.decodeUTF16() {
            facts.format = facts.format.isEmpty ? "UTF-16" : "\(facts.format) + UTF-16"
        }
        if InputFormat.isOwnReport(source.head) {
            isOwnReport = true
            return
        }
        switch InputFormat(head: source.head) {
        case .journalExport: readExport(&source, body)
        case .journalJSON: readJSON(&source, body)
        case .text, .binary, .gzip:
            kernelJSON = KernelJSON(head: source.head)
            softBreaks = SoftBreaks(head: source.head)
            containers.isPrefixed = ContainerLines.standBehindPrefix(source.head)
            containers.isNewestFirst = ContainerLines.isNewestFirst(source.head)
            // What a runtime cut looks like what a terminal cut.
            if !containers.isPrefixed {
                unwrapper = LineUnwrapper(head: softBreaks?.decoded(source.head) ?? source.head)
            }
            spreadsMessages = TextRepair.spreadsMessages(source.head)
            classifier.hasLineNumbers = LineClassifier.hasLineNumbers(source.head)
            readLines(&source, body)
        }
    }

    // MARK: - What the input says about itself

    @inline(__always)
    mutating func note(_ line: ClassifiedLine, _ bytes: Span<UInt8>, _ number: Int) {
        guard line.isRecord else { return }
        facts.records += 1
        forms[Int(line.header.form.rawValue)] &+= 1
        switch line.scope {
        case .server, .sentinel:
            serverRecords += 1
            if line.message.count == 1023 { facts.messagesCutByServer += 1 }
            noteClock(line, number)
            noteProcess(line.header, number)
        case .kernel:
            kernelRecords += 1
            noteClock(line, number)
        default: noteClock(line, number)
        }
    }

    mutating func noteProcess(_ header: RecordHeader, _ number: Int, records: Int = 1) {
        // Children come by the hundred thousand; what matters of them is in their events.
        if header.pid == 0 { return }
        if case .child = header.role, number > 64 { return }
        let key = ProcessKey(pid: header.pid, stream: header.stream)
        if let lastSpan, lastSpan.key == key {
            extend(lastSpan.index, header, number, records)
            return
        }
        if let index = spans[key] {
            extend(index, header, number, records)
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
    private mutating func extend(
        _ index: Int, _ header: RecordHeader, _ number: Int, _ records: Int
    ) {
        facts.processes[index].records &+= records
        facts.processes[index].lastLine = number
        switch header.stamp.form {
        case .none: break
        default: facts.processes[index].last = header.stamp
        }
        switch header.role {
        case .child: break
        default: facts.processes[index].isChild = false
        }
    }

    @inline(__always)
    private mutating func noteClock(_ line: ClassifiedLine, _ number: Int) {
        let stamp = line.header.stamp
        if case .uptime = line.uptime.form, stamp.form != .uptime {
            facts.clock.noteUptime(line.uptime, beside: stamp, line: number)
        }
        switch stamp.form {
        case .none: return
        case .local, .localWithoutYear:
            facts.clock.localStamps &+= 1
            if line.wrapper.form != .none { noteWrapper(line, number) }
            if let anchor = pendingAnchor {
                pendingAnchor = nil
                if number - anchor.line <= 8 {
                    facts.clock.anchors.append(
                        ClockAnchor(line: anchor.line, instant: anchor.instant, local: stamp))
                }
            }
            if case .localWithoutYear = stamp.form,
                case .localWithoutYear = facts.clock.last.form
            {
                let back =
                    facts.clock.recordTime(of: facts.clock.last)
                    &- facts.clock.recordTime(of: stamp)
                if back > Self.halfYear { facts.clock.yearTurns.append(number) }
                noteLeapDay(stamp, number)
                // A line of the old year after one of the new: parent and child share the file.
                if stamp.nanoseconds >= Self.lastDayOfYear, let turn = facts.clock.yearTurns.last,
                    number - turn <= 64
                {
                    return
                }
            }
        case .zoned, .epoch, .uptime:
            facts.clock.instantStamps &+= 1
            if line.header.form == .signalHandler {
                pendingAnchor = (number, Timestamp(nanoseconds: stamp.nanoseconds))
                return
            }
            if line.wrapper.isKnownInstant { noteWrapper(line, number) }
        }
        if case .none = facts.clock.first.form {
            facts.clock.first = stamp
            noteLeapDay(stamp, number)
        }
        if stamp.form.rawValue == facts.clock.last.form.rawValue {
            let isMixed = stamp.isOuter != facts.clock.last.isOuter
            let back =
                isMixed
                ? facts.clock.recordTime(of: facts.clock.last) &- facts.clock.recordTime(of: stamp)
                : facts.clock.last.nanoseconds &- stamp.nanoseconds
            if back < 0 { facts.clock.forwardSteps &+= 1 }
            if back > 0 {
                facts.clock.backwardSteps &+= 1
                noteSetback(line.header, number, back)
            }
        }
        facts.clock.last = stamp
    }

    /// Notes a time that stands before a record with a time of its own.
    private mutating func noteWrapper(_ line: ClassifiedLine, _ number: Int) {
        switch line.header.form {
        case .none, .kernel, .daemon, .bareMessage, .quoted, .signalHandler: return
        default:
            let stamp = line.header.stamp
            guard stamp.isLocal else {
                return facts.clock.wrappers.note(line.wrapper, beside: stamp)
            }
            facts.clock.noteWrapper(line.wrapper, beside: stamp, line: number)
        }
    }

    /// Notes where a 29 February begins in stamps without a year: it tells leap years.
    private mutating func noteLeapDay(_ stamp: Stamp, _ number: Int) {
        guard stamp.form == .localWithoutYear, stamp.isLeapDay, facts.clock.leapDays.count < 64,
            facts.clock.leapDays.isEmpty || !facts.clock.last.isLeapDay
        else { return }
        facts.clock.leapDays.append(number)
    }

    /// Notes a step back of more than clocks are corrected by. More than a few of them are those of
    /// several clocks in one input.
    private mutating func noteSetback(_ header: RecordHeader, _ number: Int, _ back: Int64) {
        let last = facts.clock.last
        guard header.stamp.isLocal, back >= 1_500_000_000_000, back <= Self.halfYear,
            facts.clock.setbacks.count <= ClockEvidence.setbackLimit
        else { return }
        let isKnown =
            header.pid == 0 || spans[ProcessKey(pid: header.pid, stream: header.stream)] != nil
        facts.clock.setbacks.append(
            ClockSetback(
                line: number, seconds: Int((back + 999_999_999) / 1_000_000_000),
                mayBeDaylightSaving: isKnown && back <= 3_602_000_000_000
                    && last.mayBeEndOfDaylightSaving,
                isWithinProcess: isKnown && header.pid != 0,
                repeatsHours: header.stamp.nanoseconds > facts.clock.first.nanoseconds))
    }

    private static let halfYear: Int64 = 15_552_000_000_000_000
    /// 31 December in the year that stands in for a missing one.
    private static let lastDayOfYear =
        Int64(
            CivilTime.days(year: Stamp.placeholderYear, month: 12, day: 31)) * 86_400_000_000_000

    mutating func finish() {
        facts.streams = classifier.streams
        if classifier.recordsOfUntoldWriters > 0 {
            facts.problems.append(
                "\(classifier.recordsOfUntoldWriters) records have other writers (host, container, "
                    + "unit) than the first \(UInt16.max - 1): these are told as one writer's")
        }
        facts.clock.settleOffsets()
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
        } else if let hostClock {
            facts.kind = .facts
            if facts.format.isEmpty { facts.format = hostClock }
        }
        let seen = forms.enumerated().filter { $0.element > 0 }
            .sorted { $0.element != $1.element ? $0.element > $1.element : $0.offset < $1.offset }
            .compactMap { HeaderForm(rawValue: UInt8($0.offset))?.spoken }
        facts.format = ((facts.format.isEmpty ? [] : [facts.format]) + seen).joined(
            separator: " + ")
    }
}
