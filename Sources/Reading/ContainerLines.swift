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
    private var pending: [UInt8: [UInt8]] = [:]

    /// Whether parts wait for the rest of their line.
    var isWaiting: Bool { !pending.isEmpty }

    mutating func unwrap(_ line: Span<UInt8>) -> Outcome {
        switch line.byte(0) {
        case 0x7B: dockerObject(line)
        case 0x30...0x39: criPart(line)
        default: .plain
        }
    }

    /// `{"log":"text\n","stream":"stdout","time":"2023-11-14T22:13:20.001412345Z"}`
    private mutating func dockerObject(_ line: Span<UInt8>) -> Outcome {
        guard line.has("{\"log\":", at: 0), let text = opening(line, at: 7),
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
        }
        return join(decodedJSONString(line, text..<textEnd), stream: stream)
    }

    private mutating func join(_ part: [UInt8], stream: UInt8) -> Outcome {
        var part = part
        let isLast = part.last == 0x0A
        if isLast { part.removeLast() }
        if part.last == 0x0D { part.removeLast() }
        var whole = pending[stream] ?? []
        if whole.count < LineReader.lineLimit { whole += part }
        if isLast {
            pending[stream] = nil
            text = whole
            return .whole
        }
        pending[stream] = whole
        return .partial
    }

    /// `2023-11-14T22:13:27.1Z stdout P first part`
    private mutating func criPart(_ line: Span<UInt8>) -> Outcome {
        guard line.byte(4) == 0x2D, let (parsed, end) = StampParser.iso8601(line, at: 0),
            line.has(" stdout ", at: end) || line.has(" stderr ", at: end)
        else { return .plain }
        let tag = line.byte(end + 8)
        let stream = line.byte(end + 4)
        guard tag == 0x50 || tag == 0x46, line.byte(end + 9) == 0x20 || line.byte(end + 9) == 0x3A,
            let blank = line.first(0x20, from: end + 8)
        else { return .plain }
        // A full line that no part precedes is an ordinary wrapped line.
        if tag == 0x46, pending[stream] == nil { return .plain }
        stamp = parsed
        var part: [UInt8] = []
        for i in blank + 1..<max(blank + 1, line.count) { part.append(line[i]) }
        if tag == 0x46 { part.append(0x0A) }
        return join(part, stream: stream)
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
