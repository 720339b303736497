// SPDX-License-Identifier: Apache-2.0
// The records of a line: one, several where line feeds were lost or an array stands in it, or as many
// as syslog says.

internal import Model

extension RecordReader {
    /// Gives the records of a line: one, or several where line feeds were lost.
    mutating func giveRecords(
        _ classified: ClassifiedLine, _ line: Span<UInt8>, _ number: Int, _ offset: Int64,
        _ body: RecordBody
    ) {
        var current = classified
        var rest = line
        var offset = offset
        while let start = Self.joinedRecord(current, rest) {
            var first = current
            first.message = Self.trimmed(rest, current.message.lowerBound..<start)
            // The mark that closes logfmt's message.
            if case .logfmt = current.header.form, let end = first.message.last,
                rest[end] == 0x22
            {
                first.message = first.message.dropLast()
            }
            giveRecord(first, rest.extracting(0..<start), number, offset, body)
            rest = rest.extracting(start..<rest.count)
            if isVerbatim { offset += Int64(start) }
            guard let parsed = ServerHeader.parse(rest, at: 0) else { return }
            current.header = parsed.header
            current.header.stream = classified.header.stream
            current.message = parsed.message
        }
        if !current.isEscaped { current.message = Self.trimmed(rest, current.message) }
        giveRecord(current, rest, number, offset, body)
        if rest.count == line.count { taken = current }
        giveElements(current, rest, number, offset, body)
    }

    /// Handles the further elements of an array that stands in one line, as the answers of search
    /// engines and of cloud providers' log services do: each is looked at as a line.
    private mutating func giveElements(
        _ first: ClassifiedLine, _ line: Span<UInt8>, _ number: Int, _ offset: Int64,
        _ body: RecordBody
    ) {
        guard first.isRecord, first.message.upperBound < line.count,
            line[0] == 0x7B || line[0] == 0x5B,
            var start = Self.nextElement(line, from: first.message.upperBound)
        else { return }
        var last = (first.header.stamp, first.header.pid, first.message)
        while start < line.count {
            let end = Self.nextElement(line, from: start) ?? line.count
            let element = line.extracting(start..<end)
            var classified = classifier.classify(element)
            let message =
                start + classified.message.lowerBound..<start + classified.message.upperBound
            // A shipper may keep the text that it was given beside the message.
            let isCopy =
                classified.header.stamp == last.0 && classified.header.pid == last.1
                && classified.header.stamp.precision != .second
                && Self.isSame(line, message, last.2)
            if classified.isRecord, !isCopy {
                last = (classified.header.stamp, classified.header.pid, message)
                if !classified.isEscaped {
                    classified.message = Self.trimmed(element, classified.message)
                }
                giveRecord(
                    classified, element, number, isVerbatim ? offset + Int64(start) : offset, body)
            }
            start = end
        }
    }

    private static func isSame(_ line: Span<UInt8>, _ one: Range<Int>, _ other: Range<Int>) -> Bool
    {
        guard one.count == other.count else { return false }
        for i in 0..<one.count
        where line[one.lowerBound + i] != line[other.lowerBound + i] { return false }
        return true
    }

    /// Where the next element of an array begins: behind `},` or `],`; or the next object of several
    /// that stand side by side.
    private static func nextElement(_ line: Span<UInt8>, from start: Int) -> Int? {
        let glued = line.find("}{\"", from: start).map { $0 + 1 }
        var from = start
        while let comma = line.first(0x2C, from: from), comma < glued ?? .max {
            from = comma + 1
            let before = comma > 0 ? line[comma - 1] : 0
            var next = comma + 1
            while line.byte(next) == 0x20 { next += 1 }
            let open = line.byte(next)
            if before == 0x7D && open == 0x7B || before == 0x5D && open == 0x5B { return next }
        }
        return glued
    }

    /// A message without what copying and joining leave behind it: blanks, line ends, also written
    /// out as `\\n`, and the marks of Markdown and HTML.
    @inline(__always)
    private static func trimmed(_ line: Span<UInt8>, _ message: Range<Int>) -> Range<Int> {
        var end = message.upperBound
        while end > message.lowerBound {
            let last = line[end - 1]
            if last == 0x20 || last == 0x09 || last == 0x0D || last == 0x60 {
                end -= 1
            } else if last == 0x6E, end - 2 >= message.lowerBound, line[end - 2] == 0x5C {
                end -= 2
            } else if last == 0x5D, end - 3 > message.lowerBound, line[end - 2] == 0x5B,
                line[end - 3] == 0x20
            {
                end -= 3  // " []", which PHP's Monolog puts behind every message
            } else if last == 0x5C, line.byte(end - 2) != 0x5C {
                end -= 1  // what continues a line in a shell
            } else if last == 0x4D, end - 2 > message.lowerBound, line[end - 2] == 0x5E {
                end -= 2  // "^M", a CR as pagers show it
            } else if last == 0x2A || last == 0x3E || last == 0x7C,
                let less = markStart(line, message.lowerBound..<end)
            {
                end = less
            } else if let arrow = arrowStart(line, message.lowerBound..<end) {
                end = arrow
            } else {
                break
            }
        }
        return message.lowerBound..<end
    }

    /// Where an arrow begins that somebody drew behind a message: ` <---- HERE`, ` <== this one`,
    /// ` <--`. An arrow with two heads (` <-> `) is the message's own.
    private static func arrowStart(_ line: Span<UInt8>, _ message: Range<Int>) -> Int? {
        for i in (max(message.lowerBound + 1, message.upperBound - 40)..<message.upperBound)
            .reversed() where line[i] == 0x3C
        {
            let shaft = line.byte(i + 1)
            guard line[i - 1] == 0x20 || line[i - 1] == 0x09, shaft == 0x2D || shaft == 0x3D else {
                return nil
            }
            var end = i + 1
            while end < message.upperBound, line[end] == shaft { end += 1 }
            let isWhole = end == message.upperBound || line[end] == 0x20
            return isWhole && (end - i > 2 || shaft == 0x2D) ? i : nil
        }
        return nil
    }

    /// Where the mark begins that ends a message: `**`, a table's ` |`, `<br>` or `</code>`.
    private static func markStart(_ line: Span<UInt8>, _ message: Range<Int>) -> Int? {
        let end = message.upperBound
        switch line[end - 1] {
        case 0x2A: return end - 2 >= message.lowerBound && line[end - 2] == 0x2A ? end - 2 : nil
        case 0x7C: return end - 2 >= message.lowerBound && line[end - 2] == 0x20 ? end - 2 : nil
        default:
            for i in (max(message.lowerBound, end - 12)..<end).reversed() where line[i] == 0x3C {
                return line.has("</", at: i) || line.has("<br", at: i) ? i : nil
            }
            return nil
        }
    }

    @inline(__always)
    mutating func giveRecord(
        _ classified: ClassifiedLine, _ line: Span<UInt8>, _ number: Int, _ offset: Int64,
        _ body: RecordBody
    ) {
        note(classified, line, number)
        if line.byte(classified.message.lowerBound) == 0x6D,
            let (count, message) = Self.repetition(classified, line)
        {
            return giveRepeatedly(classified, count, message, line, number, offset, body)
        }
        giveNoted(classified, line, number, offset, body)
    }

    /// Gives a message as often as syslog says that it came again.
    private mutating func giveRepeatedly(
        _ classified: ClassifiedLine, _ count: Int, _ message: Range<Int>, _ line: Span<UInt8>,
        _ number: Int, _ offset: Int64, _ body: RecordBody
    ) {
        var one = classified
        one.message = message
        let allowed = min(count, Self.repetitionsOfLine, Self.repetitionsOfInput - repetitions)
        if allowed < count, !facts.problems.contains(Self.repetitionMessage) {
            facts.problems.append(Self.repetitionMessage)
        }
        repetitions += allowed
        for _ in 0..<max(1, allowed) { giveNoted(one, line, number, offset, body) }
    }

    private static let repetitionsOfLine = 1000
    private static let repetitionsOfInput = 1_000_000
    private static let repetitionMessage =
        "syslog says that messages were repeated more often than is believed of a line (1,000) or "
        + "an input (1,000,000); what is beyond that is not counted"

    /// `message repeated 3 times: [ …]`, which rsyslog writes in place of equal messages that follow
    /// each other (rsyslog 8, action.c; Ubuntu turns it on).
    private static func repetition(
        _ classified: ClassifiedLine, _ line: Span<UInt8>
    ) -> (count: Int, message: Range<Int>)? {
        let start = classified.message.lowerBound
        let end = classified.message.upperBound
        guard line.has("message repeated ", at: start),
            let (count, digits) = line.number(at: start + 17, limit: 9), count > 0,
            line.has(" times: [", at: digits), end - digits > 10, line[end - 1] == 0x5D
        else { return nil }
        switch classified.header.form {
        case .bareMessage, .kernel, .daemon: break
        default: return nil
        }
        let open = digits + 9
        return (count, (line[open] == 0x20 ? open + 1 : open)..<end - 1)
    }

    @inline(__always)
    private mutating func giveNoted(
        _ classified: ClassifiedLine, _ line: Span<UInt8>, _ number: Int, _ offset: Int64,
        _ body: RecordBody
    ) {
        var place = RecordPlace(
            line: number, offset: offset, classified: classified, cursor: cursor,
            isPlain: isPlain, isScreened: isScreened, passed: passed)
        passed = nil
        if case .kernel = classified.scope {
            place.kernelHost = classifier.streams[Int(classified.header.stream)].host
        }
        if classified.isEscaped {
            let decoded = classified.decodedMessage(of: line)
            let feed = classified.header.form == .json ? nil : decoded.span.first(0x0A, from: 0)
            body(place, line, decoded.span.extracting(0..<(feed ?? decoded.count)), true)
            if let feed { giveRest(decoded.span, from: feed + 1, number, offset, body) }
        } else {
            body(place, line, line.extracting(classified.message), false)
        }
    }

    /// Handles what stands behind the first line of a string: a whole log may be one, as Ansible
    /// prints the output of a command.
    private mutating func giveRest(
        _ text: Span<UInt8>, from start: Int, _ number: Int, _ offset: Int64, _ body: RecordBody
    ) {
        var start = start
        while start < text.count {
            let end = text.first(0x0A, from: start) ?? text.count
            if end > start {
                isVerbatim = false
                givePlain(text.extracting(start..<end), number, offset, body)
            }
            start = end + 1
        }
    }

    /// Where a second record of logfmt begins behind the message's closing quotation mark.
    private static func joinedLogfmt(_ classified: ClassifiedLine, _ line: Span<UInt8>) -> Int? {
        var from = classified.message.lowerBound
        while let mark = line.find("pid=", from: from) {
            from = mark + 1
            let isBehindMark =
                line[mark - 1] == 0x22 || line[mark - 1] == 0x20 && line[mark - 2] == 0x22
            guard isBehindMark, ServerHeader.parse(line, at: mark)?.header.form == .logfmt else {
                continue
            }
            return mark
        }
        return nil
    }

    /// Where a second record begins in the same line.
    static func joinedRecord(_ classified: ClassifiedLine, _ line: Span<UInt8>) -> Int? {
        switch classified.header.form {
        case .bracketedPID, .roleWithoutYear, .roleWithYear, .threadRole, .roleISO8601,
            .roleMilliseconds:
            break
        case .logfmt: return joinedLogfmt(classified, line)
        default: return nil
        }
        let message = classified.message
        guard !classified.isEscaped, message.upperBound == line.count else { return nil }
        let mark: UInt8 = classified.header.form == .bracketedPID ? 0x5B : 0x3A
        var from = message.lowerBound
        while let at = line.first(mark, from: from) {
            from = at + 1
            let start =
                mark == 0x5B
                ? at
                : LineClassifier.recordStart(
                    line, colon: at, from: message.lowerBound, behind: classified.header.pid)
            guard let start,
                ServerHeader.parse(line, at: start)?.header.form == classified.header.form
            else { continue }
            return start
        }
        return nil
    }
}
