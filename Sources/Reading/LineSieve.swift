// SPDX-License-Identifier: Apache-2.0
// Passes over the ordinary records of a server, which nearly all lines of a log are.

internal import Model

/// Tells records that no pattern can match from those that have to be taken apart, by comparing
/// bytes: their headers are the last one's but for the time, which is later, and their messages
/// begin and go on as no pattern's do.
///
/// What such a record adds to what is known of an input is counted here, and put to the rest of it
/// before the next line is taken apart (`RecordReader.settle`).
struct LineSieve {
    private let screen: MessageScreen
    /// Whether the last line that was taken apart left a header to compare with.
    private(set) var isArmed = false

    /// What stands before the date: `pid:role `, 16 bytes at most, and which bits of it count.
    private var lead: (UInt64, UInt64) = (0, 0)
    private var leadMask: (UInt64, UInt64) = (0, 0)
    private var dateStart = 0
    /// `22 Nov 2024 10:15:`, and when that minute begins.
    private var date: (UInt64, UInt64, UInt16) = (0, 0, 0)
    private var minute: Int64 = 0

    /// What records that were passed over add to what is known of an input.
    struct Passed {
        var count = 0
        /// How many of them are later than the one before.
        var forwardSteps = 0
        /// The last one's line and header.
        var line = 0
        var header = RecordHeader(form: .none)
    }

    private var count = 0
    private var forwardSteps = 0
    /// The stamp of the last record and its line.
    private var nanoseconds: Int64 = 0
    private var line = 0
    /// The last record's level.
    private var level = Level.notice
    /// The header that all of them share.
    private var header = RecordHeader(form: .none)
    /// The line at hand is a record like those passed over, but a pattern may match its message.
    private var isCandidate = false
    /// The candidate's message holds no text that patterns look for anywhere.
    private(set) var isScreened = false
    private var candidateHeader = RecordHeader(form: .none)
    private var candidateMessage = 0

    init(_ screen: MessageScreen) { self.screen = screen }

    var fingerprints: [UInt8] { screen.fingerprints }

    /// `22 Nov 2024 10:15:02.123`, and ` * ` behind it.
    private static let dateLength = 24
    private static let headLength = dateLength + 3
    /// Longer lines are taken apart: servers cut messages at 1,023 bytes, which is counted.
    private static let longest = 1000

    /// Takes the header of a record that was just taken apart as the one to compare with.
    mutating func arm(_ header: RecordHeader, _ line: Span<UInt8>, message: Int) {
        isArmed = false
        let start = message - Self.headLength
        // What opens before a record (a string, a quotation) may close behind it.
        guard start > 0, start <= 16, isDigit(line[0]), header.stamp.form == .local,
            header.form == .roleWithYear || header.form == .threadRole,
            line.count >= message, setDate(line, at: start)
        else { return }
        lead = (0, 0)
        leadMask = (0, 0)
        for i in 0..<start {
            let shift = UInt64(8 * (i % 8))
            if i < 8 {
                lead.0 |= UInt64(line[i]) << shift
                leadMask.0 |= 0xFF << shift
            } else {
                lead.1 |= UInt64(line[i]) << shift
                leadMask.1 |= 0xFF << shift
            }
        }
        dateStart = start
        self.header = header
        nanoseconds = header.stamp.nanoseconds
        isArmed = true
    }

    mutating func disarm() { isArmed = false }

    /// Whether records were passed over since `settled`.
    var hasPassed: Bool { count > 0 }

    var passed: Passed {
        var header = header
        header.stamp.nanoseconds = nanoseconds
        header.level = level
        return Passed(count: count, forwardSteps: forwardSteps, line: line, header: header)
    }

    /// Forgets what `RecordReader` has taken over.
    mutating func settled() { (count, forwardSteps) = (0, 0) }

    /// What the line at hand was found to be, where only its message has to be looked at.
    mutating func candidate(length: Int) -> ClassifiedLine? {
        guard isCandidate else { return nil }
        nanoseconds = candidateHeader.stamp.nanoseconds
        return ClassifiedLine(
            header: candidateHeader,
            scope: candidateHeader.role == .sentinel ? .sentinel : .server,
            message: candidateMessage..<length)
    }

    /// Notes a record of another process that was taken apart: the next one is not to be earlier.
    mutating func note(_ stamp: Stamp) { nanoseconds = stamp.nanoseconds }

    /// Reads the date at `start`; false where there is none in this form.
    private mutating func setDate(_ line: Span<UInt8>, at start: Int) -> Bool {
        guard let (stamp, end) = StampParser.serverDate(line, at: start),
            end == start + Self.dateLength, stamp.form == .local, stamp.precision == .millisecond
        else { return false }
        date = (0, 0, 0)
        for i in 0..<8 {
            date.0 |= UInt64(line[start + i]) << UInt64(8 * i)
            date.1 |= UInt64(line[start + 8 + i]) << UInt64(8 * i)
        }
        date.2 = UInt16(line[start + 16]) | UInt16(line[start + 17]) << 8
        let within = stamp.nanoseconds % 60_000_000_000
        minute = stamp.nanoseconds - (within < 0 ? within + 60_000_000_000 : within)
        // A leap second belongs to the minute before.
        return line[start + 18] != 0x36
    }
}

// MARK: - Passing over lines

extension LineSieve {
    /// Where a block is read: the line that begins, and the line feeds that are left.
    struct Place {
        var lineStart: Int
        /// The number of the last line that has ended.
        var number: Int
        private var word = -1
        private var bits: UInt64 = 0

        init(lineStart: Int, number: Int) {
            self.lineStart = lineStart
            self.number = number
        }

        /// Where the next line feed stands.
        mutating func nextFeed(_ marks: borrowing BlockScan) -> Int? {
            nextFeed(marks.feeds.span, marks.start, marks.words)
        }

        @inline(__always)
        fileprivate mutating func nextFeed(
            _ feeds: Span<UInt64>, _ start: Int, _ words: Int
        ) -> Int? {
            while bits == 0 {
                word &+= 1
                guard word < words else { return nil }
                bits = feeds[word]
            }
            let end = start &+ word &* 64 &+ bits.trailingZeroBitCount
            bits &= bits &- 1
            return end
        }
    }

    /// Passes over ordinary records and returns where the first other line ends; `nil` where the
    /// block has no more line feeds.
    ///
    /// The pointers do not leave the closures. Reads lie within the line at hand, whose bounds the
    /// marks of the block give, and the words of the marks within these.
    mutating func nextEnd(
        _ place: inout Place, _ bytes: Span<UInt8>, _ marks: borrowing BlockScan
    ) -> Int? {
        let (start, words) = (marks.start, marks.words)
        let feeds = marks.feeds.span
        let flags = marks.flags.span
        let hashes = screen.beginnings
        let beginnings = hashes.span
        let endings = screen.pairs
        let pairs = endings.span
        precondition(words <= feeds.count && words <= flags.count)
        isCandidate = false
        while let end = place.nextFeed(feeds, start, words) {
            guard isArmed,
                passes(
                    bytes, place.lineStart, end, start, flags, beginnings, pairs, place.number &+ 1)
            else { return end }
            place.number &+= 1
            place.lineStart = end &+ 1
        }
        return nil
    }

    @inline(__always)
    private mutating func passes(
        _ bytes: Span<UInt8>, _ from: Int, _ end: Int, _ origin: Int, _ flags: Span<UInt64>,
        _ beginnings: Span<UInt64>, _ pairs: Span<UInt64>, _ number: Int
    ) -> Bool {
        // A header's date and time, and 16 bytes of the line, lie within it.
        guard from &+ dateStart &+ Self.headLength &+ 8 <= end, end &- from <= Self.longest else {
            return false
        }
        var childPID: Int32 = 0
        var leadEnd = dateStart
        if (bytes.word(from) ^ lead.0) & leadMask.0 != 0
            || (bytes.word(from &+ 8) ^ lead.1) & leadMask.1 != 0
        {
            guard header.form == .roleWithYear, number > 64,
                let child = Self.childLead(bytes, from)
            else { return false }
            (childPID, leadEnd) = child
        }
        let dateAt = from &+ leadEnd
        let message = dateAt &+ Self.headLength
        guard message &+ 8 <= end else { return false }
        if bytes.word(dateAt) != date.0 || bytes.word(dateAt &+ 8) != date.1
            || UInt16(truncatingIfNeeded: bytes.word(dateAt &+ 16)) != date.2
        {
            guard setDate(bytes.extracting(from..<end), at: leadEnd) else {
                isArmed = false
                return false
            }
        }
        guard let (within, level) = Self.clock(bytes.word(dateAt &+ 18)),
            bytes[dateAt &+ 26] == 0x20
        else { return false }
        let at = minute &+ within
        let tail = bytes.word(end &- 8)
        guard at >= nanoseconds,
            Self.isLast(
                UInt8(truncatingIfNeeded: tail >> 56), after: UInt8(truncatingIfNeeded: tail >> 48))
        else { return false }
        let isFlagged = isFlagged(flags, message &- origin, end &- origin)
        if isFlagged || level == .warning || childPID != 0 {
            // A flag may stand for a text that patterns look for, and then the record is as others are.
            if isFlagged || level == .warning,
                !Self.isOneRecord(bytes.extracting(message..<end), isWarning: level == .warning)
            {
                return false
            }
            found(at, level, message - from, childPID, isScreened: !isFlagged)
            return false
        }
        let first = UInt32(truncatingIfNeeded: bytes.word(message))
        let hash = MessageScreen.hash(first)
        if beginnings[hash >> 6] >> UInt64(hash & 63) & 1 != 0,
            mayEnd(first, UInt32(truncatingIfNeeded: tail >> 32), pairs),
            screen.mayMatch(bytes.extracting(message..<end))
        {
            found(at, level, message - from, isScreened: true)
            return false
        }
        if at > nanoseconds { forwardSteps &+= 1 }
        count &+= 1
        nanoseconds = at
        line = number
        self.level = level
        return true
    }

    /// Notes what a record is of which only the message is to be looked at.
    private mutating func found(
        _ at: Int64, _ level: Level, _ message: Int, _ childPID: Int32 = 0, isScreened: Bool
    ) {
        isCandidate = true
        self.isScreened = isScreened
        candidateHeader = header
        candidateHeader.stamp.nanoseconds = at
        candidateHeader.level = level
        candidateMessage = message
        if childPID != 0 {
            candidateHeader.pid = childPID
            candidateHeader.role = .child
        }
    }

    /// Whether a message that begins as some pattern's do ends as one of them may.
    @inline(__always)
    private func mayEnd(_ first: UInt32, _ last: UInt32, _ pairs: Span<UInt64>) -> Bool {
        let some = MessageScreen.hash(first, last)
        let any = MessageScreen.hash(first, MessageScreen.anyEnding)
        return pairs[some >> 6] >> UInt64(some & 63) & 1 != 0
            || pairs[any >> 6] >> UInt64(any & 63) & 1 != 0
    }

    /// Whether a message is of one record, and stands as its server wrote it: printable ASCII, without
    /// what might be another header. What copying does to warnings is taken back elsewhere
    /// (`RecordReader.isWorthRepair`).
    private static func isOneRecord(_ message: Span<UInt8>, isWarning: Bool) -> Bool {
        guard message.isPlain else { return false }
        var from = 0
        while let colon = message.first(0x3A, from: from) {
            if message.byte(colon + 2) == 0x20 { return false }
            from = colon + 1
        }
        return !isWarning || message.first(0x26, from: 0) == nil && message.find("''") == nil
    }

    /// The process id in `123:C ` and where that ends.
    private static func childLead(_ bytes: Span<UInt8>, _ from: Int) -> (Int32, Int)? {
        var pid: Int32 = 0
        var i = 0
        while i < 8 {
            let digit = bytes[from + i] &- 0x30
            guard digit < 10 else { break }
            pid = pid * 10 + Int32(digit)
            i += 1
        }
        guard pid > 0, bytes[from + i] == 0x3A, bytes[from + i + 1] == 0x43,
            bytes[from + i + 2] == 0x20
        else { return nil }
        return (pid, i + 3)
    }

    /// Nanoseconds within the minute, and the level, of `02.123 *`; `nil` where anything else stands.
    @inline(__always)
    private static func clock(_ text: UInt64) -> (Int64, Level)? {
        guard text & 0x00FF_0000_00FF_0000 == 0x0020_0000_002E_0000 else { return nil }
        let digits = (text & 0x0000_FFFF_FF00_FFFF) &- 0x0000_3030_3000_3030
        let isBeyond = (digits &+ 0x0000_7676_7600_7676) | digits
        guard isBeyond & 0x0000_8080_8000_8080 == 0 else { return nil }
        let seconds = (digits & 0xFF) &* 10 &+ (digits >> 8 & 0xFF)
        let milliseconds =
            (digits >> 24 & 0xFF) &* 100 &+ (digits >> 32 & 0xFF) &* 10 &+ (digits >> 40 & 0xFF)
        guard seconds < 60 else { return nil }
        let level: Level
        switch text >> 56 {
        case 0x2E: level = .debug
        case 0x2D: level = .verbose
        case 0x2A: level = .notice
        case 0x23: level = .warning
        default: return nil
        }
        let within = seconds &* 1_000_000_000 &+ milliseconds &* 1_000_000
        return (Int64(truncatingIfNeeded: within), level)
    }

    /// Whether a message may end so: what copying leaves behind messages is taken off first
    /// (`RecordReader.trimmed`).
    @inline(__always)
    private static func isLast(_ byte: UInt8, after before: UInt8) -> Bool {
        switch byte {
        case 0x20, 0x60, 0x5D, 0x2A, 0x3E, 0x7C: false
        case 0x6E: before != 0x5C
        default: true
        }
    }

    /// Whether a bit stands between two bytes of the block.
    @inline(__always)
    private func isFlagged(_ flags: Span<UInt64>, _ from: Int, _ end: Int) -> Bool {
        var word = from >> 6
        let last = (end &- 1) >> 6
        guard from >= 0, last < flags.count else { return true }
        var bits = flags[word] & (~0 << UInt64(from & 63))
        while word < last {
            if bits != 0 { return true }
            word &+= 1
            bits = flags[word]
        }
        return bits & (~0 >> UInt64(63 &- (end &- 1) & 63)) != 0
    }
}
