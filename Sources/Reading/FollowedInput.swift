// SPDX-License-Identifier: Apache-2.0

package import Model

/// Reads one input that is still being written, in pieces, as `RecordReader` reads a whole one.
///
/// The caller holds the bytes and the place in the input; what was not used of a piece comes again
/// with more behind it. All that reading on needs is in `state`, which can be kept and taken up by
/// another process: where it is taken between two calls of `take` and `isAtRest`, the records that
/// follow are those of an unbroken reading.
package struct FollowedInput: Sendable {
    /// What the input's first bytes show.
    package enum Form: UInt8, Sendable, CaseIterable {
        /// Too little was written to tell.
        case unknown
        case lines, journalExport, journalJSON
        /// No log: one of our own reports, binary data, something packed.
        case ignored
    }

    private var reader: RecordReader
    package private(set) var form = Form.unknown
    /// Bytes used so far: where in the input reading goes on.
    package private(set) var offset: Int64 = 0
    /// Lines used so far.
    private var lines = 0
    /// What is skipped is the rest of something too long.
    private var isSkipping = false
    /// The place of the last whole journal entry in its journal.
    package private(set) var cursor: JournalCursor?
    /// What is known of messages before they are matched; without it every line is taken apart.
    package var screen: MessageScreen?

    package init(name: String) { reader = RecordReader(name: name) }

    /// The longest piece that a caller need hold: what is longer is cut here.
    package var pieceLimit: Int {
        form == .journalExport || form == .journalJSON ? EntryWindow.limit : LineReader.lineLimit
    }

    /// Whether nothing waits for its other half, so that `state` says all.
    package var isAtRest: Bool { !reader.containers.isWaiting }

    /// Whether nothing in it was a record of a server, a kernel or a journal.
    package var hasNoRecords: Bool { reader.facts.records == 0 && !reader.isJournal }

    /// How many writers were met.
    package var streamCount: Int { reader.classifier.streams.count }

    /// Whether reading this input on makes no sense.
    package var isIgnored: Bool { form == .ignored }

    /// What reports call the input.
    package var name: String {
        get { reader.facts.path }
        set { reader.facts.path = newValue }
    }

    /// When the file was last written: a bound for the year of stamps without one.
    package var modifiedAt: Timestamp? {
        get { reader.facts.clock.modifiedAt }
        set { reader.facts.clock.modifiedAt = newValue }
    }

    /// What was learned of the input so far, as `RecordReader` would say it at its end.
    package var facts: InputFacts {
        var copy = reader
        copy.facts.bytes = offset
        copy.facts.lines = lines
        if form == .journalExport || form == .journalJSON {
            copy.facts.format = form == .journalExport ? "journal export" : "journal json"
        }
        copy.finish()
        return copy.facts
    }

    /// Notes something that the caller could not read.
    package mutating func note(problem: String, isDamage: Bool) {
        if !reader.facts.problems.contains(problem) { reader.facts.problems.append(problem) }
        if isDamage { reader.facts.damage.filesUnreadable += 1 }
    }
}

// MARK: - Reading

extension FollowedInput {
    /// Lends every whole record in `bytes`, which begin at `offset`, to `body`, and returns how
    /// many bytes were used. `isLast` says that nothing will follow: then what remains is a line.
    package mutating func take(_ bytes: Span<UInt8>, isLast: Bool, _ body: RecordBody) -> Int {
        if form == .unknown { recognise(bytes, isLast: isLast) }
        let used =
            switch form {
            case .unknown: 0
            case .ignored: bytes.count
            case .lines: takeLines(bytes, isLast: isLast, body)
            case .journalExport, .journalJSON: takeEntries(bytes, isLast: isLast, body)
            }
        offset += Int64(used)
        return used
    }

    /// Passes over a line that belongs to another input.
    package mutating func skipLine(_ length: Int) {
        offset += Int64(length)
        lines += 1
    }

    private mutating func recognise(_ bytes: Span<UInt8>, isLast: Bool) {
        let isEnough = bytes.count >= RecordReader.headSize || isLast
        guard let feed = bytes.first(0x0A, from: 0) ?? (isEnough ? bytes.count : nil) else {
            return
        }
        var head: [UInt8] = []
        for i in 0..<min(bytes.count, RecordReader.headSize) { head.append(bytes[i]) }
        if InputFormat.isOwnReport(head) {
            reader.isOwnReport = true
            form = .ignored
            return
        }
        if ArchiveFormat.sniff(head) != nil || JournalFile.isJournalFile(head.span) {
            note(problem: "packed: not followed; forktopsy analyze reads it", isDamage: false)
            form = .ignored
            return
        }
        switch InputFormat(head: head) {
        case .journalExport: form = .journalExport
        case .journalJSON: form = .journalJSON
        case .text, .binary, .gzip:
            // An object that goes on over the next lines may yet turn out to be a journal's.
            let mayBeObject =
                bytes.byte(0) == 0x7B && feed < 4 && bytes.first(0x7D, from: 0) == nil
            if !mayBeObject || isEnough { form = .lines }
            reader.classifier.hasLineNumbers = LineClassifier.hasLineNumbers(head)
        }
        reader.isJournal = form == .journalExport || form == .journalJSON
    }

    private mutating func takeLines(
        _ bytes: Span<UInt8>, isLast: Bool, _ body: RecordBody
    ) -> Int {
        var used = 0
        if let screen, !isSkipping, bytes.count >= Self.blockSize {
            guard let end = takeBlock(bytes, screen, body) else { return bytes.count }
            used = end
        }
        while let feed = firstIndex(of: 0x0A, in: bytes, from: used, to: bytes.count) {
            let start = used
            used = feed + 1
            if isSkipping {
                isSkipping = false
                reader.facts.damage.bytesSkipped += Int64(feed - start)
            } else if !takeLine(bytes.extracting(start..<feed), at: start, body) {
                return bytes.count
            }
        }
        // An entry that is still open is read again with what follows it.
        if reader.verbose.isOpen {
            if isLast {
                reader.giveVerbose(body)
            } else if reader.verbose.offset >= offset {
                used = Int(reader.verbose.offset - offset)
                lines = reader.verbose.line - 1
                _ = reader.verbose.close()
                return used
            }
        }
        let rest = bytes.count - used
        guard rest > 0, isLast || isSkipping || rest >= LineReader.lineLimit else { return used }
        if isSkipping {
            reader.facts.damage.bytesSkipped += Int64(rest)
        } else {
            _ = takeLine(bytes.extracting(used..<bytes.count), at: used, body)
            isSkipping = !isLast
        }
        return bytes.count
    }

    /// Bytes from which on lines are taken by the block: to look a block over costs something.
    private static let blockSize = 4096

    /// Takes whole lines, but for records that no pattern can match (`LineSieve`); gives the bytes
    /// used, `nil` where the input is no log.
    private mutating func takeBlock(
        _ bytes: Span<UInt8>, _ screen: MessageScreen, _ body: RecordBody
    ) -> Int? {
        var sieve: LineSieve? = LineSieve(
            screen, templatesAfter: ReadOptions().templatesAfter)
        var marks = BlockScan()
        marks.scan(bytes, 0..<bytes.count, fingerprints: screen.fingerprints)
        var place = LineSieve.Place(lineStart: 0, number: lines)
        var isLog = true
        while isLog, let feed = sieve?.nextEnd(&place, bytes, marks, offset, body) ?? nil {
            let start = place.lineStart
            place.number += 1
            let length = cutLength(feed - start)
            isLog = reader.take(
                bytes.extracting(start..<start + length), place.number, offset + Int64(start),
                &sieve, body)
            place.lineStart = feed + 1
        }
        if let passed = sieve?.passed { reader.settle(passed) }
        lines = place.number
        if !isLog { form = .ignored }
        return isLog ? place.lineStart : nil
    }

    /// The header of the last record that was passed over, where none was lent since.
    package mutating func takePassed() -> RecordHeader? {
        defer { reader.passed = nil }
        return reader.passed
    }

    /// The bytes of a line that are looked at; what is cut off is counted.
    private mutating func cutLength(_ count: Int) -> Int {
        guard count > LineReader.lineLimit else { return count }
        reader.facts.damage.linesCut += 1
        reader.facts.damage.bytesSkipped += Int64(count - LineReader.lineLimit)
        return LineReader.lineLimit
    }

    /// Takes one line, cut at the limit; false where the input is no log.
    private mutating func takeLine(
        _ line: Span<UInt8>, at position: Int, _ body: RecordBody
    ) -> Bool {
        lines += 1
        let length = cutLength(line.count)
        let place = offset + Int64(position)
        if reader.take(line.extracting(0..<length), lines, place, body) { return true }
        form = .ignored
        return false
    }

    private mutating func takeEntries(
        _ bytes: Span<UInt8>, isLast: Bool, _ body: RecordBody
    ) -> Int {
        var start = 0
        if isSkipping {
            guard let next = Self.entryStart(bytes, form) else {
                let skipped = max(0, bytes.count - 32)
                reader.facts.damage.bytesSkipped += Int64(skipped)
                return skipped
            }
            reader.facts.damage.bytesSkipped += Int64(next)
            isSkipping = false
            start = next
        }
        let used = start + takeWholeEntries(bytes.extracting(start..<bytes.count), start, body)
        if used == 0, bytes.count >= EntryWindow.limit || isLast && bytes.count > 0 {
            // Larger than anything that is looked at, or cut off.
            reader.facts.damage.entries += 1
            reader.facts.damage.bytesSkipped += Int64(bytes.count)
            isSkipping = !isLast
            return bytes.count
        }
        return used
    }

    /// Where the next entry begins that can be told from the inside of another.
    private static func entryStart(_ bytes: Span<UInt8>, _ form: Form) -> Int? {
        var from = 0
        while let feed = bytes.first(0x0A, from: from) {
            from = feed + 1
            let isStart =
                form == .journalExport
                ? bytes.has("__CURSOR=", at: from) || bytes.has("__REALTIME", at: from)
                : bytes.byte(from) == 0x7B
            if isStart { return from }
        }
        return nil
    }

    private mutating func takeWholeEntries(
        _ bytes: Span<UInt8>, _ start: Int, _ body: RecordBody
    ) -> Int {
        // The closure below must not hold on to `self`; nothing is copied.
        var reader = RecordReader(name: "")
        swap(&reader, &self.reader)
        defer { swap(&reader, &self.reader) }
        let base = offset + Int64(start)
        let isJSON = form == .journalJSON
        let known = cursor
        var mayRepeat = known != nil
        var last: Range<Int>?
        let take = { (entry: JournalEntry, piece: Span<UInt8>, place: Int64, line: Int) in
            if let range = entry.cursor {
                // journalctl -f begins with entries that were there before.
                if mayRepeat, let known {
                    mayRepeat = JournalCursor(piece, range).isUpTo(known)
                    if mayRepeat { return }
                }
                let shift = isJSON ? Int(place) : 0
                last = range.lowerBound + shift..<range.upperBound + shift
            }
            reader.take(entry, piece, base + place, line, body)
        }
        let used: Int
        if isJSON {
            var entries = JournalJSONReader()
            used = entries.forEachWholeObject(in: bytes, lines: &lines, take)
            reader.facts.damage.entries += entries.entriesDamaged
            reader.facts.damage.bytesSkipped += entries.bytesSkipped
        } else {
            var entries = JournalExportReader()
            used = entries.forEachWholeEntry(in: bytes, lines: &lines, take)
            reader.facts.damage.bytesSkipped += entries.bytesSkipped
        }
        if let last { cursor = JournalCursor(bytes, last) }
        return used
    }
}

extension FollowedInput {
    /// Whether a line begins as no line of a log does, and may be the second half of one.
    package static func mayBeContinuation(_ line: Span<UInt8>) -> Bool {
        var classifier = LineClassifier()
        return line.count > 0 && !classifier.classify(line).isRecord
    }
}

// MARK: - Keeping

extension FollowedInput {
    /// All that reading on needs, between two records.
    package struct State: Sendable {
        /// As `RecordReader` keeps them, with the streams known so far.
        package var facts: InputFacts
        package var form: Form
        package var offset: Int64
        package var lines: Int
        package var isSkipping: Bool
        /// Records by form of header (`HeaderForm.rawValue`).
        package var forms: [Int]
        package var serverRecords: Int
        package var kernelRecords: Int
        /// A signal handler's line that waits for a local stamp.
        package var anchor: (line: Int, instant: Timestamp)?
        package var isOwnReport: Bool
        package var isJournal: Bool
        package var cursor: String?

        /// An input of which nothing was read yet.
        package init(name: String) {
            facts = InputFacts(path: name)
            form = .unknown
            offset = 0
            lines = 0
            isSkipping = false
            forms = []
            serverRecords = 0
            kernelRecords = 0
            isOwnReport = false
            isJournal = false
        }
    }

    package var state: State {
        var out = State(name: name)
        out.facts = reader.facts
        out.facts.streams = reader.classifier.streams
        out.form = form
        out.offset = offset
        out.lines = lines
        out.isSkipping = isSkipping
        out.forms = reader.forms
        out.serverRecords = reader.serverRecords
        out.kernelRecords = reader.kernelRecords
        out.anchor = reader.pendingAnchor
        out.isOwnReport = reader.isOwnReport
        out.isJournal = reader.isJournal
        out.cursor = cursor?.text
        return out
    }

    package init(_ state: State) {
        reader = RecordReader(resuming: state.facts)
        for (i, count) in state.forms.prefix(reader.forms.count).enumerated() {
            reader.forms[i] = count
        }
        reader.serverRecords = state.serverRecords
        reader.kernelRecords = state.kernelRecords
        reader.pendingAnchor = state.anchor
        reader.isOwnReport = state.isOwnReport
        reader.isJournal = state.isJournal
        form = state.form
        offset = state.offset
        lines = state.lines
        isSkipping = state.isSkipping
        cursor = state.cursor.map { JournalCursor($0) }
    }
}
