// SPDX-License-Identifier: Apache-2.0

package import Model

/// Finds memory snapshots in the lines of one input, whatever they stand between.
///
/// It keeps the context (time, command, file) that lines above a reading give, offers lines to the
/// formats (`snapshotFormats`), and collects what they read. Lines that begin nothing known cost a
/// comparison of their first bytes.
package struct SnapshotReader {
    private var sink: SnapshotSink
    private var open: (any SnapshotFormat)?
    /// The formats that the command or file of the context asks for.
    private var shown: [any SnapshotFormat.Type] = []
    /// The context outside of lines that name their file themselves (`grep . *`).
    private var prefixedIn: SnapshotContext?
    private var formats: [String: Int] = [:]
    /// Kernel reports that are not yet over, by the stream of their records.
    private var kernel: [UInt16: KernelRecords] = [:]
    private var kernelStream: UInt16 = 0
    /// Whether the open reading stands behind prefixes.
    private var isInner = false
    /// Where the lines of readings that are under way begin.
    private var offsets: [Int: Int64] = [:]
    /// The stamp of the record above, not yet entered.
    private var noted: Stamp?

    /// `path` is what reports call the input.
    package init(path: String) {
        sink = SnapshotSink(context: SnapshotContext(inputPath: path))
        if let name = FileNameTime.stamp(in: path) {
            sink.context.stamp = name
            sink.context.timeBasis = .fileName
        }
        choose()
    }

    /// Whether no reading is under way.
    package var isAtRest: Bool { open == nil && kernel.isEmpty }

    /// What was wrong with readings, each once.
    package var problems: [String] { sink.problems }

    /// The formats that were read, the most frequent first.
    package var formatNames: [String] {
        formats.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.map(\.key)
    }

    /// Says when the records around the next lines were written: a log may hold INFO in a crash
    /// report. `isOwn` says that the next line itself carries the stamp: then a reading whose lines
    /// were written within a second goes on.
    package mutating func note(recordStamp stamp: Stamp, isOwn: Bool = false) {
        if isOwn, open != nil, stamp.isNear(noted ?? sink.context.stamp) { return }
        if open != nil { close() }
        noted = stamp
    }

    /// Enters the time of the record above, once a line is worth it.
    private mutating func enterNoted() {
        guard let stamp = noted else { return }
        noted = nil
        sink.context.printsDate = false
        sink.context.enter(TimeText(stamp: stamp, rest: ""))
        choose()
    }

    /// Takes the next line, without its line end, and returns the snapshots that it completes.
    ///
    /// `inner` is the line behind prefixes that others put there (quotation marks, a shipper's
    /// labels). A reading that begins behind a prefix goes on behind it.
    package mutating func take(
        _ line: Span<UInt8>, inner: Span<UInt8>, number: Int, offset: Int64
    ) -> [Snapshot] {
        if open == nil, kernel[kernelStream] != nil {
            offsets[number] = offset
            // dmesg leaves the stamp away where a message goes on behind a line feed.
            let line = SnapshotLine(line, number, offset)
            if kernel[kernelStream]?.goOn(line, &sink) == true { return fetch() }
        }
        if open != nil, isInner {
            offsets[number] = offset
            take(SnapshotLine(inner, number, offset))
        } else if isAwaited || mayMatter(line) {
            offsets[number] = offset
            isInner = false
            let isTaken = take(SnapshotLine(line, number, offset))
            if !isTaken, inner.count < line.count { takeInner(inner, number, offset) }
        } else if inner.count < line.count {
            takeInner(inner, number, offset)
        }
        return fetch()
    }

    /// Takes the message of a kernel record, and returns the snapshots that it completes.
    ///
    /// Reports of the kernel stand in many records; other records may stand between them. `stream`
    /// tells the kernels of several hosts apart.
    package mutating func take(
        kernelMessage message: Span<UInt8>, stamp: Stamp, stream: UInt16, host: String?,
        number: Int, offset: Int64
    ) -> [Snapshot] {
        guard kernel[stream] != nil || KernelRecords.mayBegin(message) else { return [] }
        let saved = sink.context
        defer { restore(saved) }
        sink.context.stamp = stamp
        sink.context.timeBasis = stamp.form == .none ? saved.timeBasis : .header
        if let host { sink.context.host = host }
        sink.context.pid = nil
        sink.context.port = nil
        offsets[number] = offset
        var records = kernel[stream] ?? KernelRecords(sink.context)
        records.take(SnapshotLine(message, number, offset), &sink)
        kernel[stream] = records.isOpen ? records : nil
        kernelStream = stream
        return fetch()
    }

    /// Goes back to what stood around the lines before a kernel record.
    private mutating func restore(_ context: SnapshotContext) { sink.context = context }

    /// Whether any line may be part of a reading: one is open, or its command was run.
    private var isAwaited: Bool {
        open != nil || prefixedIn != nil || !shown.isEmpty && !sink.context.isRead
    }

    private mutating func takeInner(_ inner: Span<UInt8>, _ number: Int, _ offset: Int64) {
        guard mayMatter(inner) else { return }
        isInner = true
        offsets[number] = offset
        take(SnapshotLine(inner, number, offset))
    }

    /// Ends the input; returns what was still open.
    package mutating func finish() -> [Snapshot] {
        close()
        for stream in kernel.keys.sorted() { kernel[stream]?.end(&sink) }
        kernel = [:]
        return fetch()
    }

    /// Whether a line can be worth a look.
    private mutating func mayMatter(_ line: Span<UInt8>) -> Bool {
        let hasMeaning = Self.screen.mayMatter(
            line, expectsDocument: sink.context.expectsDocument)
        if !hasMeaning, sink.context.expectsDocument, !Self.screen.isBlank(line) {
            sink.context.expectsDocument = false
        }
        return hasMeaning
    }

    // MARK: - Lines

    /// Whether the line said something.
    @discardableResult
    private mutating func take(_ line: SnapshotLine) -> Bool {
        if open?.isInside == true, give(line) { return true }
        enterNoted()
        if let (file, value) = PrefixedLine.split(line.text) {
            enterPrefixed(file)
            return offer(SnapshotLine(number: line.number, offset: line.offset, text: value))
        }
        if let outside = prefixedIn {
            close()
            prefixedIn = nil
            sink.context = outside
            choose()
        }
        // A number may be a time, but first whoever waits for one may have it.
        if ContextLine.isNumber(line.text) {
            if offer(line) { return true }
            guard let stamp = TimeText.epoch(word: line.text.trimmed) else { return false }
            enter(.time(TimeText(stamp: stamp, rest: "")), line)
            return true
        }
        if !isComment(line), let context = ContextLine(line.text) {
            enter(context, line)
            sink.context.expectsDocument = true
            return true
        }
        return offer(line)
    }

    /// Gives a line to the open format, or to one that begins with it.
    private mutating func offer(_ line: SnapshotLine) -> Bool {
        if open != nil, give(line) { return true }
        guard !line.isBlank else {
            // What the files hold is over, or there was nothing in them.
            if sink.context.isSystemFile { sink.context.isRead = true }
            return false
        }
        if !sink.context.isRead {
            for type in shown where begin(type, line) { return true }
        }
        let trimmed = line.text.trimmed
        for type in snapshotFormats where type.mayBegin(trimmed) && begin(type, line) {
            return true
        }
        sink.context.expectsDocument = false
        return false
    }

    /// Gives the line to the format that is open, or closes it.
    private mutating func give(_ line: SnapshotLine) -> Bool {
        guard var format = open else { return false }
        let isTaken = format.take(line, &sink)
        open = format
        if !isTaken { close() }
        return isTaken
    }

    /// Whether a line with a `#` is a comment of the file that the input is, and no prompt.
    private func isComment(_ line: SnapshotLine) -> Bool {
        guard sink.context.command.isEmpty, line.text.utf8.first == 0x23,
            !line.text.hasPrefix("### ")
        else { return false }
        return shown.contains { $0.hasHashComments }
    }

    private mutating func begin(_ type: any SnapshotFormat.Type, _ line: SnapshotLine) -> Bool {
        var format = type.init()
        guard format.begin(line, &sink) else { return false }
        open = format
        return true
    }

    private mutating func close() {
        guard var format = open else { return }
        open = nil
        format.end(&sink)
    }

    private mutating func fetch() -> [Snapshot] {
        var out = sink.drain()
        for i in out.indices {
            formats[out[i].format, default: 0] += 1
            for j in out[i].values.indices {
                out[i].values[j].offset = offsets[out[i].values[j].line] ?? out[i].offset
            }
        }
        if isAtRest, !offsets.isEmpty { offsets.removeAll(keepingCapacity: true) }
        return out
    }

    // MARK: - Context

    private mutating func enter(_ context: ContextLine, _ line: SnapshotLine) {
        if case .file(let path) = context {
            enterFile(String(path))
            return
        }
        close()
        switch context {
        case .time(let time):
            sink.context.enter(time)
            describe(time.rest, line)
        case .command(let text, let host):
            if let host { sink.context.host = host }
            enterCommand(text, line)
        case .host(let name):
            // Another machine: no command, file or process of the one before holds any more.
            var next = SnapshotContext(inputPath: sink.context.inputPath)
            (next.stamp, next.timeBasis) = (sink.context.stamp, sink.context.timeBasis)
            next.host = String(name)
            sink.context = next
        case .file: break
        }
        choose()
    }

    /// A file's content follows; the reading goes on where the format says so.
    private mutating func enterFile(_ path: String) {
        var next = sink.context
        next.enter(file: path)
        if let format = open, !format.goesOn(in: next) { close() }
        sink.context = next
        choose()
    }

    private mutating func enterPrefixed(_ path: String) {
        guard prefixedIn == nil || sink.context.path != path else { return }
        if prefixedIn == nil {
            close()
            prefixedIn = sink.context
        }
        enterFile(path)
    }

    /// What stands behind a time: whose reading follows, or the command that was run then.
    private mutating func describe(_ text: Substring, _ line: SnapshotLine) {
        let words = text.split(separator: " ").map(String.init)
        guard !words.isEmpty else { return }
        let pairs = words.filter { $0.contains("=") }
        guard words.contains(where: { $0.hasPrefix("pid=") }) else {
            enterCommand(String(text), line)
            return
        }
        for pair in pairs {
            let parts = pair.split(separator: "=", maxSplits: 1)
            guard parts.count == 2 else { continue }
            switch parts[0] {
            case "pid": sink.context.pid = Int32(parts[1])
            case "port": sink.context.port = Int(parts[1])
            default: break
            }
        }
        sink.context.isChild = words.contains("child")
    }

    private mutating func enterCommand(_ text: String, _ line: SnapshotLine) {
        let command = CommandLine(text)
        sink.context.enter(command)
        // Behind a bare `#` stands a command of root, or the comment of a runbook. What sysctl was told
        // it prints, and that is read.
        if !line.text.trimmed.hasPrefix("# ") { Changes.read(command, line, &sink) }
    }

    private mutating func choose() {
        let context = sink.context
        shown = snapshotFormats.filter { $0.isShown(in: context) }
    }

    private static let screen = LineScreen(
        openers: snapshotFormats.flatMap { $0.openers } + PrefixedLine.openers,
        closers: snapshotFormats.flatMap { $0.closers } + [" >>"])
}

extension Stamp {
    /// Whether two stamps of one form are less than a second apart.
    fileprivate func isNear(_ other: Stamp) -> Bool {
        guard form == other.form, form != .none else { return false }
        let (distance, isBeyond) = nanoseconds.subtractingReportingOverflow(other.nanoseconds)
        return !isBeyond && distance.magnitude < 1_000_000_000
    }
}
