// SPDX-License-Identifier: Apache-2.0

internal import Model

// MARK: - Journals

extension RecordReader {
    mutating func readJournalFile(
        _ path: String, _ body: RecordBody
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

    /// Reads a `.journal` file that lies in an archive or comes through a pipe: journalctl must be able to
    /// move in it, so it goes into a temporary file.
    mutating func readJournalStream<Source: ByteSource & ~Copyable>(
        _ stream: inout Source, _ directories: [String], _ body: RecordBody
    ) {
        let packing = facts.format
        facts.format = packing.isEmpty ? "journal file" : "\(packing) + journal file"
        isJournal = true
        do throws(ReadError) {
            let unpacked = try JournalFile.unpack(&stream, directories)
            var source = try JournalFile.open(unpacked.file.path, isCopy: true)
            readExport(&source, body)
            if let problem = unpacked.problem { noteFailure(problem) }
        } catch {
            noteFailure(error)
        }
    }

    mutating func readExport<Source: ByteSource & ~Copyable>(
        _ source: inout Source,
        _ body: RecordBody
    ) {
        isJournal = true
        let ordinary = isPortable ? nil : screen?.entries().map { OrdinaryEntries($0) }
        var reader = JournalExportReader(isPortable: isPortable, ordinary: ordinary)
        reader.forEachEntry(of: &source) { entry, bytes, offset, line in
            if let header = ordinary?.takePassed() { passed = header }
            take(entry, bytes, offset, line, body)
            if let ordinary { settle(ordinary, entry, bytes) }
        }
        finishJournal(reader.window, reader.entriesDamaged, reader.bytesSkipped, "journal export")
    }

    mutating func readJSON<Source: ByteSource & ~Copyable>(
        _ source: inout Source,
        _ body: RecordBody
    ) {
        isJournal = true
        let ordinary = isPortable ? nil : screen?.entries().map { OrdinaryEntries($0) }
        var reader = JournalJSONReader(isPortable: isPortable, ordinary: ordinary)
        reader.forEachEntry(of: &source) { entry, bytes, offset, line in
            if let header = ordinary?.takePassed() { passed = header }
            take(entry, bytes, offset, line, body)
            if let ordinary { settle(ordinary, entry, bytes) }
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

    /// Tells what passes over entries what was learned from one that was read.
    private mutating func settle(
        _ ordinary: OrdinaryEntries, _ entry: JournalEntry, _ bytes: Span<UInt8>
    ) {
        ordinary.know(facts.clock.boots)
        if ordinary.isWriterUnknown, entry.speaker(in: bytes) == .somebody {
            ordinary.learn(bytes, stream: classifier.stream(entry, bytes))
        }
    }

    /// Handles one entry: each line of its message is looked at as a line of its writer.
    mutating func take(
        _ entry: JournalEntry, _ bytes: Span<UInt8>, _ offset: Int64, _ firstLine: Int,
        _ body: RecordBody
    ) {
        if entry.isMessageMissing {
            facts.damage.entries += 1
            if !facts.problems.contains(Self.nullMessage) {
                facts.problems.append(Self.nullMessage)
            }
        }
        noteBoot(entry)
        noteCursor(entry, bytes)
        // What follows in the input need not be of the journal.
        defer { cursor.removeAll(keepingCapacity: true) }
        guard let range = entry.message else { return }
        let number = entry.messageLine > 0 ? entry.messageLine : firstLine
        if entry.isMessageBytes || entry.isMessageEscaped {
            let text =
                entry.isMessageBytes
                ? JournalJSONReader.byteArray(bytes, range) : decodedJSONString(bytes, range)
            takeMessage(text.span, entry, bytes, offset, number, body)
        } else {
            takeMessage(bytes.extracting(range), entry, bytes, offset, number, body)
        }
    }

    private mutating func noteCursor(_ entry: JournalEntry, _ bytes: Span<UInt8>) {
        cursor.removeAll(keepingCapacity: true)
        guard let range = entry.cursor, range.count <= 255 else { return }
        cursor.append(copying: bytes.extracting(range))
    }

    private mutating func noteBoot(_ entry: JournalEntry) {
        guard facts.clock.boots.count < 16, let realtime = entry.realtime,
            let monotonic = entry.monotonic, monotonic > 0
        else { return }
        let boot = Timestamp(seconds: (realtime - monotonic) / 1_000_000)
        if facts.clock.boots.allSatisfy({ abs($0.seconds(since: boot)) > 2 }) {
            facts.clock.boots.append(boot)
        }
    }

    private static let nullMessage =
        "journalctl left out long messages (null); export with --all to keep them"

    private mutating func takeMessage(
        _ message: Span<UInt8>, _ entry: JournalEntry, _ bytes: Span<UInt8>, _ offset: Int64,
        _ number: Int, _ body: RecordBody
    ) {
        if message.first(0x1B, from: 0) != nil {
            let plain = withoutEscapes(message)
            return takeMessage(plain.span, entry, bytes, offset, number, body)
        }
        var start = 0
        while start < message.count {
            let end = message.first(0x0A, from: start) ?? message.count
            let cut = end > start && message[end - 1] == 0x0D ? end - 1 : end
            if cut > start {
                let line = message.extracting(start..<min(cut, start + LineReader.lineLimit))
                isPlain = line.isPlain
                give(classifier.classify(line, of: entry, in: bytes), line, number, offset, body)
            }
            start = end + 1
        }
    }
}
