// SPDX-License-Identifier: Apache-2.0

internal import Model

/// Undoes what container runtimes do to lines: docker's json-file objects, and lines that docker
/// and CRI cut into parts.
///
/// Sources: docker's json-file driver (an object a line, cut at 16 KiB, only the last part ends in
/// a line feed); CRI logging (`TIME stdout P|F TEXT`, parts joined per stream).
struct ContainerLines {
    /// What a line turned out to be.
    enum Outcome {
        /// Not a container runtime's line.
        case plain
        /// Part of a line whose end is still to come.
        case partial
        /// A whole line, now in `text`, which the runtime received at `stamp`.
        case whole
    }

    private(set) var text: [UInt8] = []
    private(set) var stamp: Stamp = .none
    /// Where the newest line stands first: when the runtime received what waits.
    private var stampOfPending: Stamp = .none
    /// Parts whose end is still to come, by their stream and what stands before their lines.
    private var pending: [Source: [UInt8]] = [:]
    /// Lines of the runtime stand behind something else: a file's name, a pod's, `> `.
    var isPrefixed = false
    /// The newest line stands first, so that the last part of a record stands before the others.
    var isNewestFirst = false

    private struct Source: Hashable {
        var stream: UInt8
        var prefix: [UInt8]
    }

    /// Whether parts wait for the rest of their line.
    var isWaiting: Bool { !pending.isEmpty }

    mutating func unwrap(_ line: Span<UInt8>) -> Outcome {
        let start = isPrefixed ? Self.start(in: line) ?? 0 : 0
        return switch line.byte(start) {
        case 0x7B: dockerObject(line, at: start)
        case 0x30...0x39: criPart(line, at: start)
        default: .plain
        }
    }

    /// `{"log":"text\n","stream":"stdout","time":"2023-11-14T22:13:20.001412345Z"}`
    private mutating func dockerObject(_ line: Span<UInt8>, at start: Int) -> Outcome {
        guard line.has("{\"log\":", at: start), let text = opening(line, at: start + 7),
            let textEnd = stringEnd(line, from: text)
        else { return .plain }
        let stream =
            value(of: "\"stream\":", line, from: textEnd).map { line.byte($0.lowerBound + 3) }
            ?? 0
        stamp = .none
        if let time = value(of: "\"time\":", line, from: textEnd),
            let (parsed, _) = StampParser.iso8601(line, at: time.lowerBound)
        {
            stamp = parsed
        } else if (0..<start).contains(where: { StampParser.iso8601(line, at: $0) != nil }) {
            // The driver writes the time into the object. Who writes it before one cuts nothing.
            return .plain
        }
        return join(
            decodedJSONString(line, text..<textEnd),
            of: Source(stream: stream, prefix: Self.prefix(line, to: start)))
    }

    private mutating func join(_ part: [UInt8], of stream: Source) -> Outcome {
        var part = part
        let isLast = part.last == 0x0A
        if isLast { part.removeLast() }
        if part.last == 0x0D { part.removeLast() }
        if isNewestFirst { return joinBackwards(part, isLast: isLast, of: stream) }
        var whole = pending[stream] ?? []
        // A record begins no second part: what waits was whole, by a program that keeps no line feeds.
        if !whole.isEmpty, ServerHeader.parse(part.span, at: 0) != nil {
            pending[stream] = isLast ? nil : part
            text = stream.prefix + whole
            if isLast { text += [0x0A] + part }
            return .whole
        }
        if whole.count < LineReader.lineLimit { whole += part }
        if isLast {
            pending[stream] = nil
            text = stream.prefix + whole
            return .whole
        }
        pending[stream] = whole
        return .partial
    }

    /// Where the newest line stands first, a last part waits for those below it, until the next one.
    private mutating func joinBackwards(
        _ part: [UInt8], isLast: Bool, of stream: Source
    ) -> Outcome {
        let known = pending[stream]
        guard isLast else {
            pending[stream] = part + (known ?? []).prefix(LineReader.lineLimit)
            return .partial
        }
        pending[stream] = part
        guard let known else {
            stampOfPending = stamp
            return .partial
        }
        text = stream.prefix + known
        swap(&stamp, &stampOfPending)
        return .whole
    }

    /// `2023-11-14T22:13:27.1Z stdout P first part`
    private mutating func criPart(_ line: Span<UInt8>, at start: Int) -> Outcome {
        guard line.byte(start + 4) == 0x2D,
            let (parsed, end) = StampParser.iso8601(line, at: start),
            line.has(" stdout ", at: end) || line.has(" stderr ", at: end)
        else { return .plain }
        let tag = line.byte(end + 8)
        guard tag == 0x50 || tag == 0x46, line.byte(end + 9) == 0x20 || line.byte(end + 9) == 0x3A,
            let blank = line.first(0x20, from: end + 8)
        else { return .plain }
        let stream = Source(
            stream: line.byte(end + 4), prefix: Self.prefix(line, to: start))
        // A full line that no part precedes is an ordinary wrapped line.
        if tag == 0x46, pending[stream] == nil, !isNewestFirst { return .plain }
        stamp = parsed
        var part: [UInt8] = []
        for i in blank + 1..<max(blank + 1, line.count) { part.append(line[i]) }
        if tag == 0x46 { part.append(0x0A) }
        return join(part, of: stream)
    }

    private func stringEnd(_ line: Span<UInt8>, from start: Int) -> Int? {
        var i = start
        while let quote = line.first(0x22, from: i) {
            var slashes = 0
            while quote - 1 - slashes >= start, line[quote - 1 - slashes] == 0x5C { slashes += 1 }
            if slashes % 2 == 0 { return quote }
            i = quote + 1
        }
        return nil
    }

    /// The index behind the quotation mark of a value, before which a blank may stand.
    private func opening(_ line: Span<UInt8>, at start: Int) -> Int? {
        let quote = line.byte(start) == 0x20 ? start + 1 : start
        return line.byte(quote) == 0x22 ? quote + 1 : nil
    }

    private func value(of key: StaticString, _ line: Span<UInt8>, from start: Int) -> Range<Int>? {
        guard let at = line.find(key, from: start) else { return nil }
        guard let first = opening(line, at: at + key.utf8CodeUnitCount) else { return nil }
        return stringEnd(line, from: first).map { first..<$0 }
    }
}

// MARK: - What waits

extension ContainerLines {
    /// Gives out what still waits for the rest of its line when the input ends.
    mutating func flush() -> [[UInt8]] {
        let rest = pending.map { $0.key.prefix + $0.value }
        pending = [:]
        return rest.sorted { $0.lexicographicallyPrecedes($1) }
    }
}

// MARK: - What stands before

extension ContainerLines {
    /// Whether the first bytes of an input hold a runtime's lines with cut ones among them, the newest
    /// first.
    static func isNewestFirst(_ head: [UInt8]) -> Bool {
        let bytes = head.span
        var last: Int64?
        var (falls, rises, cuts) = (0, 0, 0)
        var start = 0
        while start < bytes.count {
            guard let end = bytes.first(0x0A, from: start) else { break }
            let line = bytes.extracting(start..<end)
            start = end + 1
            guard let first = Self.start(in: line) else { continue }
            let isObject = line.byte(first) == 0x7B
            let at = isObject ? line.find("\"time\":", from: first) : first
            guard let at,
                let digit = (at..<min(at + 10, line.count)).first(where: { isDigit(line[$0]) }),
                let (stamp, behind) = StampParser.iso8601(line, at: digit)
            else { continue }
            let isCut =
                isObject
                ? line.find("\\n\"", from: first) == nil
                : line.has("P ", at: behind + 8)
            if isCut { cuts += 1 }
            if let last, stamp.nanoseconds < last { falls += 1 }
            if let last, stamp.nanoseconds > last { rises += 1 }
            last = stamp.nanoseconds
        }
        return cuts > 0 && falls > 2 * rises
    }

    /// Whether lines of a runtime stand behind something else in the first bytes of an input: cut
    /// ones of CRI, or docker's objects.
    static func standBehindPrefix(_ head: [UInt8]) -> Bool {
        let bytes = head.span
        for mark in [" stdout P ", " stderr P ", "{\"log\":"] as [StaticString] {
            var from = 0
            while let at = bytes.find(mark, from: from) {
                var line = at
                while line > 0, bytes[line - 1] != 0x0A { line -= 1 }
                let end = bytes.first(0x0A, from: at) ?? bytes.count
                if let start = start(in: bytes.extracting(line..<end)), start > 0 { return true }
                from = end
            }
        }
        return false
    }

    /// Where a runtime's part of the line begins: its time before the stream's name, or its object.
    private static func start(in line: Span<UInt8>) -> Int? {
        if let object = line.find("{\"log\":") { return object }
        guard let stream = line.find(" stdout ") ?? line.find(" stderr ") else { return nil }
        var first = stream
        while first > 0, stream - first < 40, line[first - 1] > 0x20 { first -= 1 }
        for i in first..<stream where line.byte(i + 4) == 0x2D {
            if let (_, end) = StampParser.iso8601(line, at: i), end == stream { return i }
        }
        return nil
    }

    /// What names where the line is from; blanks, quotation marks and line numbers do not.
    private static func prefix(_ line: Span<UInt8>, to end: Int) -> [UInt8] {
        var out: [UInt8] = []
        var namesSomething = false
        for i in 0..<end {
            namesSomething = namesSomething || (line[i] | 0x20) &- 0x61 < 26
            out.append(line[i])
        }
        guard namesSomething else { return [] }
        // grep's line number tells the parts of one line apart.
        if out.last == 0x3A || out.last == 0x2D {
            var digits = out.count - 1
            while digits > 0, isDigit(out[digits - 1]) { digits -= 1 }
            if digits > 0, digits < out.count - 1, out[digits - 1] == out.last {
                out.removeSubrange(digits...)
            }
        }
        return out
    }
}
