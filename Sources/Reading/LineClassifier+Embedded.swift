// SPDX-License-Identifier: Apache-2.0
// Records that stand behind a prefix nobody knows, or inside somebody's string.

internal import Model

extension LineClassifier {
    /// The header of a record that stands behind a prefix nobody knows.
    ///
    /// Where the record stands inside of a string (JSON in JSON, CSV), it ends with that string.
    static func findHeader(_ line: Span<UInt8>, from start: Int) -> ParsedHeader? {
        var i = start
        // A shipper's object may have pages of labels before the message.
        let isObject = line.byte(0) == 0x7B || line.byte(0) == 0x5B
        let end = min(line.count, start + (isObject ? 65_536 : 4096))
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

    /// Where a record begins whose role stands behind the colon at `colon`, in a line that began
    /// with a record of `pid`. It may follow without a blank: then the digits that are no part of
    /// that process id belong to what stands before.
    static func recordStart(
        _ line: Span<UInt8>, colon: Int, from start: Int, behind pid: Int32
    ) -> Int? {
        let next = line.byte(colon + 1)
        guard next == 0x4D || next == 0x53 || next == 0x43 || next == 0x58,
            line.byte(colon + 2) == 0x20
        else { return nil }
        var first = colon
        while first > start, isDigit(line[first - 1]) { first -= 1 }
        guard first < colon, first > start else {
            return pidStart(line, before: colon, from: start)
        }
        let followsLetter = (line[first - 1] | 0x20) &- 0x61 < 26
        guard followsLetter || line.has("pid ", at: first - 4) else {
            return pidStart(line, before: colon, from: start)
        }
        let known = Array("\(pid)".utf8)
        let own = colon - known.count
        if own > first, known.indices.allSatisfy({ line[own + $0] == known[$0] }) { return own }
        return colon - first <= 10 ? first : nil
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
        // A line feed or tab that was written out as two characters is no part of a word.
        if first - start >= 2, line[first - 2] == 0x5C,
            [0x6E, 0x72, 0x74].contains(line[first - 1])
        {
            return first
        }
        let before = line[first - 1]
        // A byte that no text holds was a digit of the process id before it was damaged.
        if before >= 0x80, !line.endsInUTF8(before: first) { return nil }
        if before < 0x20, before != 0x09, before != 0x0D { return nil }
        return (before | 0x20) &- 0x61 < 26 ? nil : first
    }

    /// Ends a record where the string ends in which it stands.
    ///
    /// A string inside of a string opens with a quotation mark behind one backslash, the next
    /// behind three: the number of backslashes tells the marks of the levels apart.
    private static func clipped(
        _ parsed: ParsedHeader, _ line: Span<UInt8>, recordStart: Int
    ) -> ParsedHeader {
        guard parsed.header.form != .json else { return parsed }
        let opened = openStrings(line, before: recordStart)
        // A mark right before the record opens its string, however others stand before it.
        let before = recordStart > 0 ? line[recordStart - 1] : 0
        // YAML's own quotation marks.
        if before == 0x27, line.count > parsed.message.lowerBound, line[line.count - 1] == 0x27 {
            var out = parsed
            out.message = parsed.message.lowerBound..<line.count - 1
            return out
        }
        let isOpened = before == 0x22
        let slashes = isOpened ? backslashes(line, before: recordStart - 1) : opened.last
        guard let slashes else { return parsed }
        var out = parsed
        out.message =
            parsed.message.lowerBound..<stringEnd(line, parsed.message, slashes: slashes)
        // A line feed that closes every record of a shipper's JSON is no part of the message.
        if out.message.count >= 2, line[out.message.upperBound - 2] == 0x5C,
            line[out.message.upperBound - 1] == 0x6E
        {
            var end = out.message.upperBound - 2
            while end > out.message.lowerBound, line[end - 1] == 0x5C { end -= 1 }
            out.message = out.message.lowerBound..<end
        }
        if line.extracting(out.message).first(0x5C, from: 0) != nil {
            // Each level doubles the backslashes; in CSV and prose there are none.
            out.escapes = opened.count(where: { $0 > 0 }) + 1
        }
        return out
    }

    /// The strings that are open at `end`, by the backslashes before their quotation marks.
    private static func openStrings(_ line: Span<UInt8>, before end: Int) -> [Int] {
        var open: [Int] = []
        var from = 0
        while let quote = line.first(0x22, from: from, to: end) {
            let slashes = backslashes(line, before: quote)
            if open.last == slashes {
                open.removeLast()
            } else if open.count < 8 {
                open.append(slashes)
            }
            from = quote + 1
        }
        return open
    }

    private static func stringEnd(
        _ line: Span<UInt8>, _ message: Range<Int>, slashes: Int
    ) -> Int {
        var from = message.lowerBound
        while let quote = line.first(0x22, from: from, to: message.upperBound) {
            let before = backslashes(line, before: quote)
            if before <= slashes { return max(message.lowerBound, quote - before) }
            from = quote + 1
        }
        return message.upperBound
    }

    private static func backslashes(_ line: Span<UInt8>, before quote: Int) -> Int {
        var first = quote
        while first > 0, line[first - 1] == 0x5C { first -= 1 }
        return quote - first
    }
}

// MARK: - Damage

extension LineClassifier {
    /// Whether a line that is no record holds a record's time and level near its start, before which
    /// stands what no server writes.
    static func holdsBrokenHeader(_ line: Span<UInt8>) -> Bool {
        for i in 2..<max(2, min(24, line.count)) {
            guard let (_, end) = StampParser.serverDate(line, at: i), line.byte(end) == 0x20,
                line.byte(end + 2) == 0x20
            else { continue }
            return !line.extracting(0..<i).isPlain
        }
        return false
    }

    /// `123:M ` and no time behind it: a header that was damaged.
    static func looksLikeBrokenHeader(_ line: Span<UInt8>) -> Bool {
        guard line.count >= 30, let (_, end) = line.number(at: 0, limit: 10), line.byte(end) == 0x3A
        else { return false }
        let role = line.byte(end + 1)
        return (role == 0x4D || role == 0x53 || role == 0x43 || role == 0x58)
            && line.byte(end + 2) == 0x20
    }
}

extension LineClassifier {
    /// Whether what looks like KeyDB's `pid:thread:role` in the first lines of an input is a line
    /// number of grep before a process id: the first number grows from line to line, or lies beyond
    /// the second or far from it. A thread's id is its process's or a little above.
    static func hasLineNumbers(_ head: [UInt8]) -> Bool {
        var classifier = LineClassifier()
        let bytes = head.span
        var pairs: [(first: Int32, second: Int32)] = []
        var start = 0
        while start < bytes.count {
            let end = bytes.first(0x0A, from: start) ?? bytes.count
            let header = classifier.classify(bytes.extracting(start..<end)).header
            if header.form == .threadRole { pairs.append((header.pid, header.threadID)) }
            start = end + 1
        }
        guard let only = pairs.first else { return false }
        if pairs.contains(where: { $0.first > $0.second }) { return true }
        if pairs.count == 1 { return only.second - only.first > 1000 }
        return zip(pairs, pairs.dropFirst()).allSatisfy { $0.first < $1.first }
    }
}

extension RecordHeader {
    /// Takes the first number for a line's and the second for the process id.
    mutating func dropLineNumber() {
        pid = threadID
        threadID = 0
        switch stamp.form {
        case .localWithoutYear: form = .roleWithoutYear
        case .zoned: form = .roleISO8601
        case .epoch: form = .roleMilliseconds
        default: form = .roleWithYear
        }
    }
}
