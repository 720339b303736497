// SPDX-License-Identifier: Apache-2.0

internal import Model

// MARK: - Lines

extension RecordReader {
    mutating func readLines<Source: ByteSource & ~Copyable>(
        _ source: inout Source,
        _ body: RecordBody
    ) {
        var lines = LineReader(isPortable: isPortable)
        var sieve =
            unwrapper == nil && softBreaks == nil && !spreadsMessages
            ? screen.map {
                LineSieve($0, isPortable: isPortable, templatesAfter: templatesAfter)
            } : nil
        do throws(ReadError) {
            try lines.forEachLine(of: &source, sieve: &sieve, lending: body) {
                line, number, offset, sieve in
                if sieve != nil { return take(line, number, offset, &sieve, body) }
                guard var softBreaks else { return unwrap(line, number, offset, body) }
                defer { self.softBreaks = softBreaks }
                return softBreaks.take(line, number, offset) { unwrap($0, $1, $2, body) }
            }
        } catch {
            noteFailure(error)
        }
        if let sieve { settle(sieve.passed) }
        if var softBreaks { _ = softBreaks.flush { unwrap($0, $1, $2, body) } }
        if var unwrapper { _ = unwrapper.flush { take($0, $1, $2, body) } }
        giveVerbose(body)
        // What waits for its other parts stands with the input's last byte.
        for rest in containers.flush() {
            giveLines(rest, lines.lines, max(0, lines.bytes - 1), within: .none, body)
        }
        // A log that ends in mid-line was still being written.
        if lines.endsWithoutFeed, lastBrokenLine == lines.lines { facts.damage.entries -= 1 }
        facts.lines = lines.lines
        facts.bytes = lines.bytes
        facts.damage.linesCut += lines.linesCut
        facts.damage.bytesSkipped += lines.bytesSkipped
    }

    private mutating func unwrap(
        _ line: Span<UInt8>, _ number: Int, _ offset: Int64, _ body: RecordBody
    ) -> Bool {
        guard var unwrapper else { return take(line, number, offset, body) }
        defer { self.unwrapper = unwrapper }
        return unwrapper.take(line, number, offset) { take($0, $1, $2, body) }
    }

    mutating func noteFailure(_ error: ReadError) {
        facts.problems.append(error.reason)
        if error.code == .damaged {
            facts.damage.archives += 1
        } else {
            facts.damage.filesUnreadable += 1
        }
    }

    /// Handles one line; false ends the reading of this input.
    mutating func take(
        _ whole: Span<UInt8>, _ number: Int, _ offset: Int64,
        _ body: RecordBody
    ) -> Bool {
        var end = whole.count
        // A terminal puts a CR of its own before the line feed of a line that ends in CR LF.
        while end > 0, whole[end - 1] == 0x0D { end -= 1 }
        let mark = number == 1 && whole.has("\u{FEFF}", at: 0) ? 3 : 0
        let line = whole.extracting(max(mark, skippedNULs(whole, to: end))..<max(mark, end))
        guard line.count > 0 else { return true }
        if number == 1, InputFormat.isBinary(line) {
            facts.problems.append("binary data: no log, not read further")
            return false
        }
        isVerbatim = unwrapper == nil && softBreaks == nil
        isPlain = line.isPlain
        if !isPlain && line.first(0x1B, from: 0) != nil || holdsWrittenEscapes(line) {
            isVerbatim = false
            let plain = withoutEscapes(line)
            isPlain = plain.span.isPlain
            takePlain(plain.span, number, offset, body)
        } else {
            takePlain(line, number, offset, body)
        }
        return true
    }

    private mutating func takePlain(
        _ line: Span<UInt8>, _ number: Int, _ offset: Int64,
        _ body: RecordBody
    ) {
        if takeVerbose(line, number, offset, body) { return }
        if kernelJSON.isOpen {
            var kernelJSON = kernelJSON
            isVerbatim = false
            kernelJSON.take(line) { givePlain($0, number, offset, body) }
            self.kernelJSON = kernelJSON
            return
        }
        if ansible.isCopy(line, records: facts.records) { return }
        switch containers.unwrap(line) {
        case .plain: givePlain(line, number, offset, body)
        case .partial: break
        case .whole:
            giveLines(containers.text, number, offset, within: containers.stamp, body)
        }
    }

    /// Handles what a runtime had put into an object or cut into parts.
    private mutating func giveLines(
        _ text: [UInt8], _ number: Int, _ offset: Int64, within stamp: Stamp, _ body: RecordBody
    ) {
        isVerbatim = false
        let plain = text.contains(0x1B) ? withoutEscapes(text.span) : text
        isPlain = plain.span.isPlain
        let bytes = plain.span
        var start = 0
        while start < bytes.count {
            let end = bytes.first(0x0A, from: start) ?? bytes.count
            if end > start {
                givePlain(bytes.extracting(start..<end), number, offset, within: stamp, body)
            }
            start = end + 1
        }
    }

    /// Handles a line as it stands, or as it stood before it was copied through other programs: they
    /// change the text of a warning or a header, which then is no record's.
    /// `outer` is the time at which a container's runtime received the line.
    mutating func givePlain(
        _ line: Span<UInt8>, _ number: Int, _ offset: Int64, within outer: Stamp = .none,
        _ body: RecordBody
    ) {
        var classified = classifier.classify(line)
        let isSpread = spreadsMessages && classified.scope == .server
        if classified.scope == .raw || isSpread,
            let squeezed = isSpread ? TextRepair.withoutRuns(line) : TextRepair.squeezed(line)
        {
            let again = classifier.classify(squeezed.span)
            if again.isRecord {
                isVerbatim = false
                classified = again
                classified.receive(at: outer)
                return give(classified, squeezed.span, number, offset, body)
            }
        }
        if isWorthRepair(classified, line), let repaired = TextRepair.repaired(line) {
            isVerbatim = false
            classified = classifier.classify(repaired.span)
            classified.receive(at: outer)
            give(classified, repaired.span, number, offset, body)
        } else {
            classified.receive(at: outer)
            give(classified, line, number, offset, body)
        }
    }

    /// Whether what copying changes may stand in a line that means something: a warning, a line
    /// that is no record, several records in one line.
    private func isWorthRepair(_ classified: ClassifiedLine, _ line: Span<UInt8>) -> Bool {
        if classified.header.level == .warning, line.find("''") != nil { return true }
        guard !isPlain || line.first(0x26, from: 0) != nil else { return false }
        return classified.scope == .raw || classified.header.level == .warning
            || Self.joinedRecord(classified, line) != nil
    }

    /// Handles the lines of `journalctl -o verbose`.
    private mutating func takeVerbose(
        _ line: Span<UInt8>, _ number: Int, _ offset: Int64,
        _ body: RecordBody
    ) -> Bool {
        let first = line.byte(0)
        if first == 0x20, verbose.take(line) { return true }
        // What is neither a field nor a header ends the entry above it.
        guard first &- 0x41 < 26, VerboseEntries.isHeader(line) else {
            if verbose.isOpen { giveVerbose(body) }
            return false
        }
        giveVerbose(body)
        isJournal = true
        verbose.begin(line, line: number, offset: offset)
        return true
    }

    mutating func giveVerbose(
        _ body: RecordBody
    ) {
        guard verbose.close() else { return }
        let bytes = verbose.bytes
        take(verbose.entry, bytes.span, verbose.offset, verbose.line, body)
    }

    mutating func give(
        _ classified: ClassifiedLine, _ line: Span<UInt8>, _ number: Int, _ offset: Int64,
        _ body: RecordBody
    ) {
        if classified.scope == .raw, facts.clock.offsets.isEmpty,
            let zone = ZoneNames.ofHeader(line)
        {
            facts.clock.offsets = [
                OffsetSpan(line: number, offsetSeconds: zone.seconds, year: zone.year)
            ]
        }
        if classified.scope == .raw { noteHostClock(line, number) }
        if line.byte(classified.message.lowerBound) == 0x5B { noteMissingText(classified, line) }
        noteDamage(classified, line, number)
        giveRecords(classified, line, number, offset, body)
    }

    /// journalctl without --all prints the size of a message in place of one that holds a colour or a
    /// byte that is no text: `[89B blob data]` (systemd v252, src/shared/logs-show.c).
    private mutating func noteMissingText(_ classified: ClassifiedLine, _ line: Span<UInt8>) {
        guard classified.message.count < 32,
            line.has("B blob data]", at: classified.message.upperBound - 12)
        else { return }
        facts.damage.entries += 1
        if !facts.problems.contains(Self.blobMessage) { facts.problems.append(Self.blobMessage) }
    }

    private static let blobMessage =
        "journalctl left out messages that hold colours or other bytes (blob data); export with "
        + "--all to keep them"

    /// NULs inside a record, and headers that no longer parse, are damage.
    private mutating func noteDamage(
        _ classified: ClassifiedLine, _ line: Span<UInt8>, _ number: Int
    ) {
        if classified.scope == .raw {
            if LineClassifier.looksLikeBrokenHeader(line)
                || !isPlain && LineClassifier.holdsBrokenHeader(line)
            {
                facts.damage.entries += 1
                lastBrokenLine = number
            }
            return
        }
        guard !isPlain else { return }
        let isServers = classified.scope == .server || classified.scope == .sentinel
        // A few servers print a NUL where the level should be; it stands two before the message.
        for i in 0..<line.count where i != classified.message.lowerBound - 2 {
            let byte = line[i]
            let isControl = byte < 0x20 && byte != 0x09 && byte != 0x0D || byte == 0x7F
            if byte == 0 || isServers && isControl { facts.damage.bytesSkipped += 1 }
        }
    }

    /// Whether NULs at the start of a line stand where digits of a known process id were.
    private func replacesDigits(_ line: Span<UInt8>, _ nuls: Int) -> Bool {
        guard let (rest, end) = line.number(at: nuls, limit: 10), line.byte(end) == 0x3A else {
            return false
        }
        var scale = 1
        for _ in nuls..<end { scale *= 10 }
        return facts.processes.contains { process in
            let pid = Int(process.pid)
            return pid != rest && pid % scale == rest && "\(pid)".utf8.count == end
        }
    }

    /// A run of NULs before a record is a hole that a truncated log leaves.
    private mutating func skippedNULs(_ line: Span<UInt8>, to end: Int) -> Int {
        var i = 0
        while i < end, line[i] == 0 { i += 1 }
        if i > 0, i < 8, replacesDigits(line, i) { return 0 }
        if i > 0 { facts.damage.bytesSkipped += Int64(i) }
        return i
    }
}
