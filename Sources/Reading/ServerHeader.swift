// SPDX-License-Identifier: Apache-2.0

package import Model

/// A record header that was recognised: what it says, and where the message is.
package struct ParsedHeader: Sendable {
    package var header: RecordHeader
    package var message: Range<Int>
    /// How often the message's JSON escapes must be decoded before it is matched.
    package var escapes: Int

    init(_ header: RecordHeader, _ message: Range<Int>, escapes: Int = 0) {
        self.header = header
        self.message = message
        self.escapes = escapes
    }
}

/// Reads the header of a server's own log line, in every form of Redis, Valkey, KeyDB and
/// Dragonfly. Forms are decided line by line: one file may hold several.
///
/// Sources: see `RecordHeader`; Dragonfly: glog's line prefix.
package enum ServerHeader {
    /// The header that starts at `start`, if one does.
    @inline(__always)
    static func parse(_ line: Span<UInt8>, at start: Int) -> ParsedHeader? {
        let first = line.byte(start)
        if isDigit(first) { return colonForm(line, at: start) }
        switch first {
        case 0x5B: return bracketForm(line, at: start)  // [
        case 0x70: return logfmt(line, at: start)  // p
        case 0x7B: return json(line, at: start)  // {
        case 0x49, 0x57, 0x45, 0x46: return glog(line, at: start)  // I W E F
        default: return nil
        }
    }

    // MARK: - pid:role

    @inline(__always)
    private static func colonForm(_ line: Span<UInt8>, at start: Int) -> ParsedHeader? {
        guard let (pid, pidEnd) = line.number(at: start, limit: 10), line.byte(pidEnd) == 0x3A,
            pid <= Int(Int32.max)
        else { return nil }
        var i = pidEnd + 1
        var thread = 0
        if isDigit(line.byte(i)) {
            guard let (value, end) = line.number(at: i, limit: 10), line.byte(end) == 0x3A,
                value <= Int(Int32.max)
            else { return nil }
            thread = value
            i = end + 1
        }
        guard let role = role(line.byte(i)) else {
            guard line.has("signal-handler (", at: i) else { return nil }
            return signalHandler(line, pid: pid, epochAt: i + 16)
        }
        guard line.byte(i + 1) == 0x20 else { return nil }
        i += 2
        let stamp: Stamp
        let end: Int
        var form: HeaderForm
        if let (date, dateEnd) = StampParser.serverDate(line, at: i) {
            stamp = date
            end = dateEnd
            form = date.form == .local ? .roleWithYear : .roleWithoutYear
        } else if line.byte(i + 4) == 0x2D, let (date, dateEnd) = StampParser.iso8601(line, at: i) {
            stamp = date
            end = dateEnd
            form = .roleISO8601
        } else if let (date, dateEnd) = StampParser.epoch(line, at: i) {
            stamp = date
            end = dateEnd
            form = .roleMilliseconds
        } else {
            return nil
        }
        guard let (level, message) = level(line, at: end) else { return nil }
        if thread != 0 { form = .threadRole }
        return ParsedHeader(
            RecordHeader(
                form: form, stamp: stamp, pid: Int32(pid), threadID: Int32(thread), role: role,
                level: level),
            message..<line.count)
    }

    @inline(__always)
    private static func role(_ byte: UInt8) -> Role? {
        switch byte {
        case 0x4D: .master
        case 0x53: .replica
        case 0x43: .child
        case 0x58: .sentinel
        default: nil
        }
    }

    /// ` # message`. A few calls pass a syslog constant by mistake, which prints a NUL byte
    /// (redis 6.0.7 – 6.2.16) or a blank (KeyDB) where the level should be.
    @inline(__always)
    private static func level(_ line: Span<UInt8>, at i: Int) -> (Level, Int)? {
        guard line.byte(i) == 0x20, i + 1 < line.count else { return nil }
        let level: Level
        // Markdown escapes the mark: "\*", "\#".
        if line[i + 1] == 0x5C { return escapedLevel(line, at: i) }
        switch line[i + 1] {
        case 0x2E: level = .debug
        case 0x2D: level = .verbose
        case 0x2A: level = .notice
        case 0x23: level = .warning
        case 0x00, 0x20: level = .unknown
        default: return nil
        }
        if i + 2 == line.count { return (level, line.count) }
        guard line[i + 2] == 0x20 else { return nil }
        return (level, i + 3)
    }

    private static func escapedLevel(_ line: Span<UInt8>, at i: Int) -> (Level, Int)? {
        guard line.byte(i + 3) == 0x20 else { return nil }
        let levels: [(UInt8, Level)] = [
            (0x2E, .debug), (0x2D, .verbose), (0x2A, .notice), (0x23, .warning),
        ]
        return levels.first { $0.0 == line.byte(i + 2) }.map { ($0.1, i + 4) }
    }

    // MARK: - Signal handlers

    private static func signalHandler(
        _ line: Span<UInt8>, pid: Int, epochAt i: Int
    ) -> ParsedHeader? {
        guard let (seconds, end) = line.number(at: i, limit: 12), line.byte(end) == 0x29,
            line.byte(end + 1) == 0x20, seconds <= Stamp.lastSecond
        else { return nil }
        let stamp = Stamp(
            form: .epoch, precision: .second, nanoseconds: Int64(seconds) * 1_000_000_000)
        return ParsedHeader(
            RecordHeader(form: .signalHandler, stamp: stamp, pid: Int32(pid), level: .warning),
            end + 2..<line.count)
    }

    // MARK: - [pid]

    private static func bracketForm(_ line: Span<UInt8>, at start: Int) -> ParsedHeader? {
        guard let (pid, pidEnd) = line.number(at: start + 1, limit: 10), pid <= Int(Int32.max)
        else { return nil }
        if line.has(" | signal handler]", at: pidEnd) {
            // Markdown takes "[…](…)" without the blank for a link, which is how it is pasted.
            let open = pidEnd + (line.byte(pidEnd + 18) == 0x20 ? 19 : 18)
            guard line.byte(open) == 0x28 else { return nil }
            return signalHandler(line, pid: pid, epochAt: open + 1)
        }
        guard line.byte(pidEnd) == 0x5D, line.byte(pidEnd + 1) == 0x20,
            let (stamp, end) = StampParser.serverDate(line, at: pidEnd + 2),
            let (level, message) = level(line, at: end)
        else { return nil }
        return ParsedHeader(
            RecordHeader(form: .bracketedPID, stamp: stamp, pid: Int32(pid), level: level),
            message..<line.count)
    }

    // MARK: - logfmt

    /// `pid=1 role=primary timestamp="…" level=warning message="…"` (valkey 8.1.1, src/server.c).
    private static func logfmt(_ line: Span<UInt8>, at start: Int) -> ParsedHeader? {
        guard line.has("pid=", at: start),
            let (pid, pidEnd) = line.number(at: start + 4, limit: 10),
            line.has(" role=", at: pidEnd), let roleEnd = line.first(0x20, from: pidEnd + 6),
            line.has(" timestamp=\"", at: roleEnd),
            let (stamp, stampEnd) = anyStamp(line, at: roleEnd + 12),
            line.has("\" level=", at: stampEnd),
            let levelEnd = line.first(0x20, from: stampEnd + 8),
            line.has(" message=\"", at: levelEnd)
        else { return nil }
        let messageStart = levelEnd + 10
        let closed = line.count > messageStart && line[line.count - 1] == 0x22
        return ParsedHeader(
            RecordHeader(
                form: .logfmt, stamp: stamp, pid: Int32(clamping: pid),
                role: roleWord(line, at: pidEnd + 6), level: levelWord(line, at: stampEnd + 8)),
            messageStart..<(closed ? line.count - 1 : line.count))
    }

    private static func anyStamp(_ line: Span<UInt8>, at i: Int) -> (Stamp, Int)? {
        StampParser.serverDate(line, at: i) ?? StampParser.iso8601(line, at: i)
            ?? StampParser.epoch(line, at: i)
    }

    private static func roleWord(_ line: Span<UInt8>, at i: Int) -> Role {
        if line.has("primary", at: i) || line.has("master", at: i) { return .master }
        if line.has("replica", at: i) || line.has("slave", at: i) { return .replica }
        if line.has("RDB/AOF", at: i) || line.has("child", at: i) { return .child }
        if line.has("sentinel", at: i) { return .sentinel }
        return .unknown
    }

    private static func levelWord(_ line: Span<UInt8>, at i: Int) -> Level {
        if line.has("warning", at: i) { return .warning }
        if line.has("notice", at: i) { return .notice }
        if line.has("info", at: i) || line.has("verbose", at: i) { return .verbose }
        if line.has("debug", at: i) { return .debug }
        return .unknown
    }

    // MARK: - JSON

    /// `{"pid":1,"role":"primary","timestamp":"…","level":"warning","message":"…"}`
    /// (valkey 9.1.2, src/server.c): always these keys in this order.
    private static func json(_ line: Span<UInt8>, at start: Int) -> ParsedHeader? {
        guard line.has("{\"pid\":", at: start),
            let (pid, pidEnd) = line.number(at: start + 7, limit: 10),
            line.has(",\"role\":\"", at: pidEnd), let roleEnd = line.first(0x22, from: pidEnd + 9),
            line.has("\",\"timestamp\":\"", at: roleEnd),
            let (stamp, stampEnd) = anyStamp(line, at: roleEnd + 15),
            line.has("\",\"level\":\"", at: stampEnd),
            let levelEnd = line.first(0x22, from: stampEnd + 11),
            line.has("\",\"message\":\"", at: levelEnd)
        else { return nil }
        let messageStart = levelEnd + 13
        var i = messageStart
        var escaped = false
        while i < line.count, line[i] != 0x22 {
            if line[i] == 0x5C {
                escaped = true
                i += 1
            }
            i += 1
        }
        return ParsedHeader(
            RecordHeader(
                form: .json, stamp: stamp, pid: Int32(clamping: pid),
                role: roleWord(line, at: pidEnd + 9), level: levelWord(line, at: stampEnd + 11)),
            messageStart..<min(i, line.count), escapes: escaped ? 1 : 0)
    }

    // MARK: - glog

    /// `I20240402 06:52:46.653319     1 dfly_main.cc:680] message` (dragonfly).
    private static func glog(_ line: Span<UInt8>, at start: Int) -> ParsedHeader? {
        guard let high = line.twoDigits(at: start + 1), let low = line.twoDigits(at: start + 3),
            let month = line.twoDigits(at: start + 5), let day = line.twoDigits(at: start + 7),
            month >= 1, month <= 12, day >= 1, day <= 31, Stamp.years.contains(high * 100 + low),
            line.byte(start + 9) == 0x20, let hour = line.twoDigits(at: start + 10),
            line.byte(start + 12) == 0x3A, let minute = line.twoDigits(at: start + 13),
            line.byte(start + 15) == 0x3A, let second = line.twoDigits(at: start + 16),
            hour < 24, minute < 60, second < 61,
            line.byte(start + 18) == 0x2E,
            let (micros, microsEnd) = line.number(at: start + 19, limit: 6), microsEnd == start + 25
        else { return nil }
        var i = microsEnd
        while line.byte(i) == 0x20 { i += 1 }
        guard let (thread, threadEnd) = line.number(at: i, limit: 10),
            let bracket = line.first(0x5D, from: threadEnd, to: threadEnd + 120),
            line.byte(bracket + 1) == 0x20
        else { return nil }
        let days = CivilTime.days(year: high * 100 + low, month: month, day: day)
        let seconds = Int64(days * 86_400 + hour * 3600 + minute * 60 + second)
        let level: Level = line[start] == 0x49 ? .notice : .warning
        return ParsedHeader(
            RecordHeader(
                form: .glog,
                stamp: Stamp(
                    form: .local, precision: .microsecond,
                    nanoseconds: seconds * 1_000_000_000 + Int64(micros) * 1000),
                threadID: Int32(clamping: thread), level: level),
            bracket + 2..<line.count)
    }
}
