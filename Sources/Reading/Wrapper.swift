// SPDX-License-Identifier: Apache-2.0

internal import Model

/// What stood before a record: syslog, container runtimes, terminals, mail. Wrappers stack.
struct Wrapper {
    var stamp: Stamp = .none
    /// A kernel line's time since boot.
    var uptime: Stamp = .none
    var host: Range<Int>?
    var identifier: Range<Int>?
    var container: Range<Int>?
    var pid: Int32 = 0
    private var sawUptime = false

    enum Speaker { case kernel, systemd, journald, server, sentinel, somebody }

    /// Whether a program other than a server, the kernel or systemd is named as the speaker.
    func isSomebodyElse(in line: Span<UInt8>) -> Bool {
        guard let identifier else { return false }
        return Self.speaker(named: identifier, in: line) == .somebody
    }

    /// Whether the kernel or systemd is named as the speaker: no server's record stands there.
    func namesSystem(in line: Span<UInt8>) -> Bool {
        guard let identifier else { return false }
        switch Self.speaker(named: identifier, in: line) {
        case .kernel, .systemd, .journald: return true
        default: return false
        }
    }

    var namesWriter: Bool { host != nil || identifier != nil || container != nil }

    func writer(in line: Span<UInt8>) -> WriterStream {
        WriterStream(
            host: host.map { line.text($0) }, identifier: identifier.map { line.text($0) },
            container: container.map { line.text($0) })
    }

    func speaker(in line: Span<UInt8>) -> Speaker {
        guard let identifier else { return sawUptime ? .kernel : .somebody }
        return Self.speaker(named: identifier, in: line)
    }

    /// Who speaks under a syslog identifier or a command's name.
    static func speaker(named name: Range<Int>, in line: Span<UInt8>) -> Speaker {
        let i = name.lowerBound
        if line.has("kernel", at: i) { return .kernel }
        if line.has("systemd-journal", at: i) { return .journald }
        if line.has("systemd", at: i) || line.has("earlyoom", at: i) { return .systemd }
        // journalctl -o with-unit names the unit in place of the program: this is systemd's own.
        if name.count == 10, line.has("init.scope", at: i) { return .systemd }
        if line.has("redis", at: i) || line.has("valkey", at: i) || line.has("keydb", at: i) {
            return line.extracting(name).find("sentinel") == nil ? .server : .sentinel
        }
        return .somebody
    }

    /// Peels one wrapper that begins at `i`; the index behind it, or nothing.
    mutating func peel(_ line: Span<UInt8>, at i: Int) -> Int? {
        switch line.byte(i) {
        case 0x1B: return ansi(line, at: i)
        case 0x20, 0x09: return blanks(line, at: i)
        case 0x3E: return line.byte(i + 1) == 0x20 ? i + 2 : i + 1  // "> ", ">> "
        case 0x3C: return priority(line, at: i)
        case 0x5B: return bracket(line, at: i)
        case 0x30...0x39: return dateOrEpoch(line, at: i)
        default:
            return named(line, at: i) ?? syslogDate(line, at: i) ?? weekday(line, at: i)
                ?? compose(line, at: i)
        }
    }

    // MARK: - Terminals and mail

    private func ansi(_ line: Span<UInt8>, at i: Int) -> Int? {
        guard line.byte(i + 1) == 0x5B else { return i + 1 }
        var end = i + 2
        while end < line.count, line[end] < 0x40 { end += 1 }
        return min(end + 1, line.count)
    }

    func blanks(_ line: Span<UInt8>, at i: Int) -> Int {
        var end = i
        while line.byte(end) == 0x20 || line.byte(end) == 0x09 { end += 1 }
        return end
    }

    // MARK: - Times

    private mutating func dateOrEpoch(_ line: Span<UInt8>, at i: Int) -> Int? {
        guard
            let (stamp, end) = StampParser.iso8601(line, at: i)
                ?? epochWithFraction(line, at: i),
            line.byte(end) == 0x20
        else {
            return named(line, at: i) ?? compose(line, at: i) ?? kernelRecord(line, at: i)
                ?? lineNumber(line, at: i) ?? syslogDate(line, at: i)
        }
        if self.stamp.form == .none { self.stamp = stamp }
        // dmesg --time-format iso writes a comma before six digits, and the offset behind them.
        if line.byte(i + 10) == 0x54, line.byte(i + 19) == 0x2C, stamp.form == .zoned {
            sawUptime = true
            return namedWithPID(line, at: end + 1) ?? end + 1
        }
        return containerStream(line, at: end + 1) ?? named(line, at: end + 1) ?? end + 1
    }

    private func epochWithFraction(_ line: Span<UInt8>, at i: Int) -> (Stamp, Int)? {
        guard line.byte(i + 10) == 0x2E else { return nil }
        return StampParser.epoch(line, at: i)
    }

    private mutating func syslogDate(_ line: Span<UInt8>, at i: Int) -> Int? {
        guard
            let (stamp, end) = StampParser.syslogDate(line, at: i)
                ?? StampParser.localisedSyslogDate(line, at: i), line.byte(end) == 0x20
        else { return nil }
        if self.stamp.form == .none { self.stamp = stamp }
        return named(line, at: end + 1) ?? end + 1
    }

    /// `Tue 2023-11-14 22:13:20 UTC host …` (journalctl -o short-full).
    private mutating func weekday(_ line: Span<UInt8>, at i: Int) -> Int? {
        guard line.byte(i + 3) == 0x20, var (stamp, end) = StampParser.iso8601(line, at: i + 4),
            line.byte(end) == 0x20
        else { return nil }
        guard let zone = ZoneNames.zone(line, at: end + 1), line.byte(zone.end) == 0x20 else {
            return nil
        }
        if let seconds = zone.seconds, stamp.form == .local {
            stamp.form = .zoned
            stamp.offsetSeconds = Int32(seconds)
            stamp.nanoseconds -= Int64(seconds) * 1_000_000_000
        }
        if self.stamp.form == .none { self.stamp = stamp }
        end = zone.end + 1
        return named(line, at: end) ?? end
    }

    /// `[  937.219873] ` (dmesg), `[Sun Nov 22 11:32:48 2026] ` (dmesg -T), `[host] out: `,
    /// `[pod/name/container] ` (kubectl --prefix).
    private mutating func bracket(_ line: Span<UInt8>, at i: Int) -> Int? {
        guard let close = line.first(0x5D, from: i + 1, to: i + 160) else { return nil }
        if let (uptime, end) = uptime(line, at: i + 1), deltaEnd(line, at: end) == close {
            self.uptime = uptime
            sawUptime = true
            let next = line.byte(close + 1) == 0x20 ? close + 2 : close + 1
            return namedWithPID(line, at: next) ?? next
        }
        if let stamp = relative(line, at: i + 1), line.byte(close + 1) == 0x20 {
            if self.stamp.form == .none { self.stamp = stamp }
            sawUptime = true
            return close + 2
        }
        if let (stamp, end) = wallClock(line, at: i + 1), deltaEnd(line, at: end) == close,
            line.byte(close + 1) == 0x20
        {
            if self.stamp.form == .none { self.stamp = stamp }
            sawUptime = true
            return close + 2
        }
        guard line.byte(close + 1) == 0x20 else { return nil }
        for k in i + 1..<close where !isNameByte(line[k]) && line[k] != 0x2F { return nil }
        if line.has(" out: ", at: close + 1) || line.has(" err: ", at: close + 1) {
            host = i + 1..<close
            return close + 7
        }
        if line.has("[pod/", at: i) {
            container = i + 1..<close
            return close + 2
        }
        return nil
    }

    /// Past ` <    0.000998 >`, the time since the line before (`journalctl -o short-delta`,
    /// `dmesg -d`), or the blanks in its place on the first line.
    private func deltaEnd(_ line: Span<UInt8>, at start: Int) -> Int {
        var i = blanks(line, at: start)
        guard i > start, line.byte(i) == 0x3C else { return i }
        i += 1
        while isDigit(line.byte(i)) || line.byte(i) == 0x2E || line.byte(i) == 0x20 { i += 1 }
        return line.byte(i) == 0x3E ? i + 1 : start
    }

    /// `Nov22 11:33`, to the minute, or `  +0.000047`, since the line above (dmesg -e).
    private func relative(_ line: Span<UInt8>, at i: Int) -> Stamp? {
        if line.byte(blanks(line, at: i)) == 0x2B { return Stamp.none }
        guard let month = StampParser.month(line, at: i), let day = line.twoDigits(at: i + 3),
            line.byte(i + 5) == 0x20, let hour = line.twoDigits(at: i + 6),
            line.byte(i + 8) == 0x3A, let minute = line.twoDigits(at: i + 9),
            line.byte(i + 11) == 0x5D, (1...31).contains(day), hour < 24, minute < 60
        else { return nil }
        let days = CivilTime.days(year: Stamp.placeholderYear, month: month, day: day)
        return Stamp(
            form: .localWithoutYear, precision: .second,
            nanoseconds: Int64(days * 86_400 + hour * 3600 + minute * 60) * 1_000_000_000)
    }

    /// `6,626,937219873,-;` (/dev/kmsg): priority, number, microseconds since boot, flags.
    private mutating func kernelRecord(_ line: Span<UInt8>, at i: Int) -> Int? {
        guard let (_, first) = line.number(at: i, limit: 4), line.byte(first) == 0x2C,
            let (_, second) = line.number(at: first + 1, limit: 12), line.byte(second) == 0x2C,
            let (micros, third) = line.number(at: second + 1, limit: 15), line.byte(third) == 0x2C,
            let semicolon = line.first(0x3B, from: third, to: third + 64)
        else { return nil }
        uptime = Stamp(
            form: .uptime, precision: .microsecond, nanoseconds: Int64(micros) &* 1000)
        sawUptime = true
        return semicolon + 1
    }

    private func uptime(_ line: Span<UInt8>, at i: Int) -> (Stamp, Int)? {
        let digits = blanks(line, at: i)
        guard let (seconds, dot) = line.number(at: digits, limit: 10), line.byte(dot) == 0x2E,
            let (fraction, end) = line.number(at: dot + 1, limit: 6), end == dot + 7,
            seconds < 4_000_000_000
        else { return nil }
        return (
            Stamp(
                form: .uptime, precision: .microsecond,
                nanoseconds: Int64(seconds) * 1_000_000_000 + Int64(fraction) * 1000), end
        )
    }

    /// `Nov 22 11:32:48` behind a day of the week; both in the words of any locale, since dmesg keeps
    /// to that of its user (util-linux 2.38, sys-utils/dmesg.c, record_ctime).
    private func dayAndClock(_ line: Span<UInt8>, at i: Int) -> (Stamp, Int)? {
        if line.byte(i + 3) == 0x20, let found = StampParser.syslogDate(line, at: i + 4) {
            return found
        }
        guard line.byte(i) >= 0x41, let blank = line.first(0x20, from: i, to: i + 16) else {
            return nil
        }
        return StampParser.localisedSyslogDate(line, at: blanks(line, at: blank))
    }

    /// `Sun Nov 22 11:32:48 2026`
    private func wallClock(_ line: Span<UInt8>, at i: Int) -> (Stamp, Int)? {
        guard let (stamp, end) = dayAndClock(line, at: i), line.byte(end) == 0x20,
            let (year, yearEnd) = line.number(at: end + 1, limit: 4),
            yearEnd == end + 5, Stamp.years.contains(year)
        else { return nil }
        let time = CivilTime(timestamp: Timestamp(nanoseconds: stamp.nanoseconds))
        var out = stamp
        out.form = .local
        let shift =
            CivilTime.days(year: year, month: time.month, day: time.day)
            - CivilTime.days(year: Stamp.placeholderYear, month: time.month, day: time.day)
        out.nanoseconds += Int64(shift) * 86_400_000_000_000
        return (out, yearEnd)
    }

    /// Where a time begins behind a prefix that nobody knows: `messages:12:Nov 22 …`.
    static func nextTime(_ line: Span<UInt8>, from start: Int) -> Int? {
        for i in start + 1..<max(start + 1, min(line.count - 10, start + 160)) {
            switch line[i - 1] {
            case 0x20, 0x09, 0x22, 0x2D, 0x3A, 0x3E, 0x5D, 0x7C: break  // blanks " - : > ] |
            default: continue
            }
            let isTime =
                switch line[i] {
                case 0x30...0x39:
                    line[i + 4] == 0x2D && StampParser.iso8601(line, at: i) != nil
                case 0x41...0x5A: StampParser.syslogDate(line, at: i) != nil
                case 0x5B: Wrapper().uptime(line, at: i + 1) != nil
                default: false
                }
            if isTime { return i }
        }
        return nil
    }

    // MARK: - Names

    /// `<134>` and, for RFC 5424, `<134>1 2024-… host app procid msgid - `.
    private mutating func priority(_ line: Span<UInt8>, at i: Int) -> Int? {
        guard let (_, end) = line.number(at: i + 1, limit: 3), line.byte(end) == 0x3E else {
            return nil
        }
        guard line.has("1 ", at: end + 1),
            let (stamp, stampEnd) = StampParser.iso8601(line, at: end + 3)
        else { return end + 1 }
        self.stamp = stamp
        var fields: [Range<Int>] = []
        var from = stampEnd + 1
        while fields.count < 4, let blank = line.first(0x20, from: from) {
            fields.append(from..<blank)
            from = blank + 1
        }
        guard fields.count == 4 else { return stampEnd }
        host = fields[0]
        identifier = fields[1]
        if let (value, _) = line.number(at: fields[2].lowerBound, limit: 9) { pid = Int32(value) }
        return structuredDataEnd(line, at: from)
    }

    private func structuredDataEnd(_ line: Span<UInt8>, at start: Int) -> Int {
        var i = start
        if line.byte(i) == 0x2D { return min(i + 2, line.count) }
        while line.byte(i) == 0x5B, let close = elementEnd(line, at: i) { i = close + 1 }
        return line.byte(i) == 0x20 ? i + 1 : i
    }

    /// The bracket that closes an element; inside of a value it may stand (RFC 5424, 6.3.3).
    private func elementEnd(_ line: Span<UInt8>, at start: Int) -> Int? {
        var isInValue = false
        var i = start
        while i < line.count {
            switch line[i] {
            case 0x5C where isInValue: i += 1
            case 0x22: isInValue.toggle()
            case 0x5D where !isInValue: return i
            default: break
            }
            i += 1
        }
        return line.first(0x5D, from: start)
    }

    /// `host ident[pid]: ` or `host ident: ` behind a time; also `ident[pid]: ` alone.
    private mutating func named(_ line: Span<UInt8>, at start: Int) -> Int? {
        if sawUptime { return namedWithPID(line, at: start) }
        guard stamp.form != .none, identifier == nil else { return nil }
        guard let first = word(line, at: start) else { return nil }
        if let end = ident(line, at: start, end: first) { return end }
        guard line.byte(first) == 0x20, let second = word(line, at: first + 1),
            let end = ident(line, at: first + 1, end: second)
        else { return nil }
        host = start..<first
        return end
    }

    /// `host ident[pid]: `, `host kernel: ` or `ident[pid]: ` behind a time since boot. A word with
    /// a colon alone is the kernel's own: `cgroup: fork rejected …`.
    private mutating func namedWithPID(_ line: Span<UInt8>, at start: Int) -> Int? {
        guard identifier == nil, let first = word(line, at: start) else { return nil }
        // "systemd[1]: …" is systemd's; "redis-server[1301]: segfault …" is the kernel's own.
        if line.byte(first) == 0x5B {
            return line.has("systemd", at: start) ? ident(line, at: start, end: first) : nil
        }
        guard line.byte(first) == 0x20, line[first - 1] != 0x3A,
            let second = word(line, at: first + 1),
            line.byte(second) == 0x5B || line.has("kernel: ", at: first + 1),
            let end = ident(line, at: first + 1, end: second)
        else { return nil }
        host = start..<first
        return end
    }

    private mutating func ident(_ line: Span<UInt8>, at start: Int, end: Int) -> Int? {
        if line.byte(end) == 0x5B, let (value, close) = line.number(at: end + 1, limit: 9),
            line.byte(close) == 0x5D, line.byte(close + 1) == 0x3A
        {
            identifier = start..<end
            pid = Int32(value)
            return line.byte(close + 2) == 0x20 ? close + 3 : close + 2
        }
        // "redis: " ends in the colon that `word` took for part of the name.
        guard end > start + 1, line[end - 1] == 0x3A, line.byte(end) == 0x20 else { return nil }
        for k in start..<end - 1 where line[k] == 0x3A { return nil }
        identifier = start..<end - 1
        return end + 1
    }

    func word(_ line: Span<UInt8>, at start: Int) -> Int? {
        var i = start
        while i < line.count, i - start < 128, isNameByte(line[i]) || line[i] == 0x2F { i += 1 }
        return i > start ? i : nil
    }

    /// `123:` (grep -n) before anything but a number.
    private func lineNumber(_ line: Span<UInt8>, at i: Int) -> Int? {
        guard let (_, end) = line.number(at: i, limit: 9), line.byte(end) == 0x3A,
            !isDigit(line.byte(end + 1)), line.byte(end + 2) != 0x20
        else { return nil }
        return end + 1
    }
}
