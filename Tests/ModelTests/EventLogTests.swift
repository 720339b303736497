// SPDX-License-Identifier: Apache-2.0
// Events are packed while an input is read; what comes out is what went in.

import Model
import Testing

private let slots = ["first", "second", "third"].map { CaptureSlot(name: $0, type: .text) }
private let pattern = PatternInfo(
    id: "test.pattern", kind: .fork_failed, scope: .server, means: "A test.",
    constants: [Capture(name: "operation", text: "bgsave")], captures: slots)

private let header = RecordHeader(
    form: .threadRole,
    stamp: Stamp(form: .local, precision: .millisecond, nanoseconds: 1_732_270_502_123_000_000),
    pid: 4711, threadID: 22, role: .replica, level: .warning, stream: 3)

/// A log with one event; `captures` are texts of the message, or `nil` where a group took no part.
private func log(
    line: String, message: String, captures: [String?], decoded: Bool = false
) -> EventLog {
    let lineBytes = Array(line.utf8)
    let messageBytes = Array(message.utf8)
    let start = decoded ? 40 : lineBytes.firstRange(of: messageBytes)?.lowerBound ?? 0
    let bounds = captures.flatMap { text -> [Int32] in
        guard let text, let range = messageBytes.firstRange(of: Array(text.utf8)) else {
            return [-1, -1]
        }
        return [Int32(range.lowerBound), Int32(range.upperBound)]
    }
    var log = EventLog()
    log.append(
        pattern: 0, header: header, lineNumber: 12, offset: 3456, line: lineBytes.span,
        message: messageBytes.span, messageStart: start, isDecoded: decoded, captures: bounds)
    return log
}

extension Array where Element: Equatable {
    fileprivate func firstRange(of other: [Element]) -> Range<Int>? {
        guard !other.isEmpty, other.count <= count else { return nil }
        return (0...(count - other.count)).first { Array(self[$0..<$0 + other.count]) == other }
            .map { $0..<$0 + other.count }
    }
}

private let prefix = "1:22:S 22 Nov 2024 10:15:02.123 # "
private let message = "Can't save in background: fork: Cannot allocate memory"

@Test func anEventIsReadAsItWasWritten() {
    let event = log(
        line: prefix + message, message: message, captures: ["save", nil, "Cannot allocate memory"]
    ).event(at: 0, input: 5, patterns: [pattern])
    #expect(event.kind == .fork_failed)
    #expect(event.patternID == "test.pattern")
    #expect(event.header == header)
    #expect(event.source == SourcePosition(input: 5, line: 12, offset: 3456))
    #expect(event.line == prefix + message)
    #expect(event["first"] == "save")
    #expect(event["second"] == nil)
    #expect(event.errno == nil)
    #expect(event["third"] == "Cannot allocate memory")
    #expect(event.operation == .bgsave)
    #expect(event.uncertainty == 0.001)
}

@Test func capturesOfADecodedMessageLieBesideTheLine() {
    let line = #"{"pid":1,"message":"say \"yes\" \u00e9"}"#
    let event = log(
        line: line, message: "say \"yes\" é", captures: ["\"yes\"", "é"], decoded: true
    )
    .event(at: 0, input: 0, patterns: [pattern])
    #expect(event.line == line)
    #expect(event["first"] == "\"yes\"")
    #expect(event["second"] == "é")
}

@Test func emptyAndLastCapturesKeepTheirPlaces() {
    let bytes = Array("abc".utf8)
    for isDecoded in [false, true] {
        var log = EventLog()
        log.append(
            pattern: 0, header: header, lineNumber: 1, offset: 0, line: bytes.span,
            message: bytes.span, messageStart: 0, isDecoded: isDecoded,
            captures: [3, 3, 0, 3, -1, -1])
        let event = log.event(at: 0, input: 0, patterns: [pattern])
        #expect(event["first"] == "")
        #expect(event["second"] == "abc")
        #expect(event["third"] == nil)
    }
}

@Test(arguments: [2000, 2046, 2047, 2048, 2049, 3000, 100_000, 1 << 20])
func capturesBehindTheQuoteAreKept(labels: Int) {
    // A shipper's labels before the record: the quote is cut, what the record says is not lost.
    let line = String(repeating: "x", count: labels) + prefix + message + "!"
    let start = labels + prefix.utf8.count
    let bytes = Array(line.utf8)
    let length = Int32(message.utf8.count)
    var log = EventLog()
    log.append(
        pattern: 0, header: header, lineNumber: 1, offset: 0, line: bytes.span,
        message: bytes.span.extracting(start..<bytes.count), messageStart: start, isDecoded: false,
        captures: [6, 10, -1, -1, length - 22, length])
    let event = log.event(at: 0, input: 0, patterns: [pattern])
    #expect(event["first"] == "save")
    #expect(event["second"] == nil)
    #expect(event["third"] == "Cannot allocate memory")
    #expect(event.line == String(line.prefix(Event.lineLimit)))
}

@Test(arguments: [0, 1, 2, 2047, 2048, 2049, 4096, 5000, 70_000])
func everyCaptureThatIsGivenBackIsTrue(length: Int) {
    // Whatever the bounds: no crash, and each value is a beginning of the text it stands for.
    var text: [UInt8] = []
    for i in 0..<length { text.append(UInt8(ascii: "a") + UInt8(i % 23)) }
    let places = [0, 1, 2046, 2048, 2050, 4095, 4097, length - 1, length].filter {
        $0 >= 0 && $0 <= length
    }
    for isDecoded in [false, true] {
        for low in places {
            for high in places where high >= low {
                var log = EventLog()
                log.append(
                    pattern: 0, header: header, lineNumber: 1, offset: 0, line: text.span,
                    message: text.span, messageStart: 0, isDecoded: isDecoded,
                    captures: [Int32(low), Int32(high), 0, Int32(min(1, length)), -1, -1])
                let event = log.event(at: 0, input: 0, patterns: [pattern])
                let whole = String(decoding: text[low..<high], as: UTF8.self)
                if let value = event["first"] {
                    #expect(whole.hasPrefix(value) && value.isEmpty == whole.isEmpty)
                } else {
                    #expect(low >= Event.lineLimit)
                }
                #expect(event["third"] == nil)
                _ = log.signature(at: 0)
            }
        }
    }
}

@Test func boundsOutsideTheLineAreNoValues() {
    let bytes = Array("short".utf8)
    for bounds in [
        [9, 12], [5, 9], [2, 400_000], [Int32.max - 1, Int32.max], [-1, 4], [3, -1],
    ] as [[Int32]] {
        for isDecoded in [false, true] {
            var log = EventLog()
            log.append(
                pattern: 0, header: header, lineNumber: 1, offset: 0, line: bytes.span,
                message: bytes.span, messageStart: 0, isDecoded: isDecoded, captures: bounds)
            let event = log.event(at: 0, input: 0, patterns: [pattern])
            #expect("short".hasSuffix(event["first"] ?? ""))
            _ = log.signature(at: 0)
        }
    }
}

@Test func manyEventsDoNotMix() {
    var log = EventLog()
    for i in 0..<500 {
        let line = Array("event \(i) of many, value=\(i * 7);".utf8)
        let digits = Int32("\(i)".utf8.count)
        var header = header
        header.pid = Int32(i)
        log.append(
            pattern: i % 2, header: header, lineNumber: i + 1, offset: Int64(i) << 33,
            line: line.span,
            message: line.span, messageStart: 0, isDecoded: i % 3 == 0, captures: [6, 6 + digits])
    }
    var other = pattern
    other.kind = .db_saved
    #expect(log.count == 500)
    for i in 0..<500 {
        let event = log.event(at: i, input: 1, patterns: [pattern, other])
        #expect(event.kind == (i % 2 == 0 ? .fork_failed : .db_saved))
        #expect(event["first"] == "\(i)" && event.int("first") == i)
        #expect(event.header.pid == Int32(i))
        #expect(event.source == SourcePosition(input: 1, line: i + 1, offset: Int64(i) << 33))
        #expect(event.line == "event \(i) of many, value=\(i * 7);")
    }
}

@Test func anEventCanMoveToAnotherLog() {
    // As `extract` writes events and `assemble` reads them: more than one block of them.
    var log = EventLog()
    for i in 0..<600 {
        let labels = String(repeating: "x", count: i % 5 * 700)
        let line = Array("\(labels)\(i): value".utf8)
        let start = labels.utf8.count
        log.append(
            pattern: 0, header: header, lineNumber: i, offset: Int64(i), line: line.span,
            message: line.span.extracting(start..<line.count), messageStart: start,
            isDecoded: i % 3 == 0,
            captures: [
                0, Int32("\(i)".utf8.count), -1, -1, Int32(line.count - start),
                Int32(line.count - start),
            ])
    }
    log.finish()
    var copy = EventLog()
    for i in 0..<log.count { copy.append(log.packed(at: i)) }
    for i in 0..<log.count {
        let (one, other) = (
            log.event(at: i, input: 0, patterns: [pattern]),
            copy.event(at: i, input: 0, patterns: [pattern])
        )
        #expect(one.values == other.values && one.line == other.line && one.header == other.header)
        #expect(one["first"] == "\(i)" && one["second"] == nil)
        #expect(log.signature(at: i) == copy.signature(at: i))
    }
}

@Test func signaturesTellMessagesApart() {
    let same = log(line: prefix + message, message: message, captures: ["Cannot allocate memory"])
    let elsewhere = log(
        line: "x " + prefix + message, message: message, captures: ["Cannot allocate memory"])
    let other = log(line: prefix + message, message: message, captures: ["Cannot allocate"])
    let decoded = log(
        line: "{}", message: message, captures: ["Cannot allocate memory"], decoded: true)
    #expect(same.signature(at: 0) == elsewhere.signature(at: 0))
    #expect(same.signature(at: 0) == decoded.signature(at: 0))
    #expect(same.signature(at: 0) != other.signature(at: 0))
}

@Test func invalidUTF8IsRepairedOnceItIsLookedAt() {
    let line: [UInt8] = [0x61, 0xFF, 0xFE, 0x62]
    var log = EventLog()
    log.append(
        pattern: 0, header: header, lineNumber: 1, offset: 0, line: line.span, message: line.span,
        messageStart: 0, isDecoded: false, captures: [1, 3])
    let event = log.event(at: 0, input: 0, patterns: [pattern])
    #expect(event.line == "a\u{FFFD}\u{FFFD}b")
    #expect(event["first"] == "\u{FFFD}\u{FFFD}")
}
