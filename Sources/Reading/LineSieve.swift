// SPDX-License-Identifier: Apache-2.0
// Passes over the ordinary records of a server, which nearly all lines of a log are.

internal import CByteScan
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

    /// Does all of it in Swift.
    private let isPortable: Bool
    /// What stands before the date, `pid:role `, and the date down to the minute, `22 Nov 2024 10:15:`;
    /// the stamp of the last record, its line and level; what was counted since `settled`.
    private var run = forktopsy_run()

    /// What records that were passed over add to what is known of an input.
    struct Passed {
        var count = 0
        /// How many of them are later than the one before.
        var forwardSteps = 0
        /// The last one's header.
        var header = RecordHeader(form: .none)
        /// How many of them the server itself wrote, and not its children, and the last of these.
        var ownCount = 0
        var ownLine = 0
        var ownHeader = RecordHeader(form: .none)
    }

    /// The header that all of them share.
    private var header = RecordHeader(form: .none)
    /// The line at hand is a record like those passed over, but a pattern may match its message.
    private var isCandidate = false
    /// The candidate's message holds no text that patterns look for anywhere.
    private(set) var isScreened = false
    /// The candidate is a child's line; these are not counted with those of their server.
    private var isChilds = false
    private var candidateHeader = RecordHeader(form: .none)
    private var candidateMessage = 0
    /// How many there were.
    private var candidates = 0
    /// After how many of them templates are tried.
    private let templatesAfter: Int
    /// Records that templates match.
    private var matches = TemplateMatches()

    init(_ screen: MessageScreen, isPortable: Bool = false, templatesAfter: Int) {
        self.screen = screen
        self.isPortable = isPortable
        self.templatesAfter = templatesAfter
        if templatesAfter == 0, !isPortable { matches.begin(screen.templates()) }
    }

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
        run.lead = (0, 0)
        run.lead_mask = (0, 0)
        for i in 0..<start {
            let shift = UInt64(8 * (i % 8))
            if i < 8 {
                run.lead.0 |= UInt64(line[i]) << shift
                run.lead_mask.0 |= 0xFF << shift
            } else {
                run.lead.1 |= UInt64(line[i]) << shift
                run.lead_mask.1 |= 0xFF << shift
            }
        }
        run.date_start = Int64(start)
        self.header = header
        run.has_children = header.form == .roleWithYear ? 1 : 0
        run.nanoseconds = header.stamp.nanoseconds
        isArmed = true
    }

    mutating func disarm() { isArmed = false }

    /// Whether records were passed over since `settled`.
    var hasPassed: Bool { run.count > 0 }

    var passed: Passed {
        var own = header
        own.stamp.nanoseconds = run.own_nanoseconds
        return Passed(
            count: Int(run.count), forwardSteps: Int(run.forward_steps),
            header: Self.header(like: header, run.nanoseconds, run.level, child: run.child),
            ownCount: Int(run.count - run.child_count), ownLine: Int(run.own_line), ownHeader: own)
    }

    /// Forgets what `RecordReader` has taken over.
    mutating func settled() {
        (run.count, run.forward_steps, run.child_count) = (0, 0, 0)
    }

    /// The header of a record like those passed over, of the server or of a child of it.
    private static func header(
        like header: RecordHeader, _ at: Int64, _ level: UInt8, child: Int32
    ) -> RecordHeader {
        var out = header
        out.stamp.nanoseconds = at
        out.level = Level(rawValue: level) ?? .unknown
        if child != 0 { (out.pid, out.role) = (child, .child) }
        return out
    }

    /// What the line at hand was found to be, where only its message has to be looked at.
    mutating func candidate(length: Int) -> ClassifiedLine? {
        guard isCandidate else { return nil }
        run.nanoseconds = candidateHeader.stamp.nanoseconds
        return ClassifiedLine(
            header: candidateHeader,
            scope: candidateHeader.role == .sentinel ? .sentinel : .server,
            message: candidateMessage..<length)
    }

    /// Notes a record of another process that was taken apart: the next one is not to be earlier.
    mutating func note(_ stamp: Stamp) { run.nanoseconds = stamp.nanoseconds }

    /// Reads the date at `start`; false where there is none in this form.
    private mutating func setDate(_ line: Span<UInt8>, at start: Int) -> Bool {
        guard let (stamp, end) = StampParser.serverDate(line, at: start),
            end == start + Self.dateLength, stamp.form == .local, stamp.precision == .millisecond
        else { return false }
        run.date = (0, 0, 0)
        for i in 0..<8 {
            run.date.0 |= UInt64(line[start + i]) << UInt64(8 * i)
            run.date.1 |= UInt64(line[start + 8 + i]) << UInt64(8 * i)
        }
        run.date.2 = UInt64(line[start + 16]) | UInt64(line[start + 17]) << 8
        let within = stamp.nanoseconds % 60_000_000_000
        run.minute = stamp.nanoseconds - (within < 0 ? within + 60_000_000_000 : within)
        // A leap second belongs to the minute before.
        return line[start + 18] != 0x36
    }
}

// MARK: - Passing over lines

extension LineSieve {
    /// Where a block is read: the line that begins, and the line feeds that are left.
    struct Place {
        fileprivate var place: forktopsy_place

        init(lineStart: Int, number: Int) {
            place = forktopsy_place(
                line_start: Int64(lineStart), number: Int64(number), word: -1, bits: 0,
                is_full: 0)
        }

        var lineStart: Int {
            get { Int(place.line_start) }
            set { place.line_start = Int64(newValue) }
        }

        /// The number of the last line that has ended.
        var number: Int {
            get { Int(place.number) }
            set { place.number = Int64(newValue) }
        }

        /// Where the next line feed stands.
        mutating func nextFeed(_ marks: borrowing BlockScan) -> Int? {
            nextFeed(marks.feeds.span, marks.start, marks.words)
        }

        @inline(__always)
        fileprivate mutating func nextFeed(
            _ feeds: Span<UInt64>, _ start: Int, _ words: Int
        ) -> Int? {
            while place.bits == 0 {
                place.word &+= 1
                guard place.word < words else { return nil }
                place.bits = feeds[Int(place.word)]
            }
            let end = start &+ Int(place.word) &* 64 &+ place.bits.trailingZeroBitCount
            place.bits &= place.bits &- 1
            return end
        }
    }

    /// Passes over ordinary records and returns where the first other line ends; `nil` where the
    /// block has no more line feeds.
    ///
    /// C passes over what it can, and Swift looks at what is left. Records like those passed over whose
    /// messages some pattern may match are lent. `origin` is where the bytes begin in the input.
    mutating func nextEnd(
        _ place: inout Place, _ bytes: Span<UInt8>, _ marks: borrowing BlockScan, _ origin: Int64,
        _ lend: RecordBody
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
        defer { lendMatched(lend) }
        while true {
            if isArmed, !isPortable {
                matches.origin = origin + Int64(start)
                matches.pass(&run, &place.place, bytes, marks, screen.filter)
                if place.place.is_full != 0 {
                    lendMatched(lend)
                    continue
                }
            }
            guard let end = place.nextFeed(feeds, start, words) else { return nil }
            let from = place.lineStart
            guard isArmed else { return end }
            if !passes(bytes, from, end, start, flags, beginnings, pairs, place.number &+ 1),
                !isCandidate || isChilds
            {
                return end
            }
            place.number &+= 1
            if isCandidate {
                isCandidate = false
                lendCandidate(
                    bytes.extracting(from..<end), place.number, origin + Int64(from), lend)
            }
            place.lineStart = end &+ 1
        }
    }

    /// Lends the record at hand, and counts it with those passed over.
    private mutating func lendCandidate(
        _ line: Span<UInt8>, _ number: Int, _ offset: Int64, _ lend: RecordBody
    ) {
        let classified = ClassifiedLine(
            header: candidateHeader,
            scope: candidateHeader.role == .sentinel ? .sentinel : .server,
            message: candidateMessage..<line.count)
        lendMatched(lend)
        pass(candidateHeader.stamp.nanoseconds, candidateHeader.level, number)
        lend(
            RecordPlace(
                line: number, offset: offset, classified: classified, isScreened: isScreened),
            line, line.extracting(classified.message), false)
    }

    /// Lends the records that templates have matched since the last line that was lent.
    private mutating func lendMatched(_ lend: RecordBody) {
        guard matches.count > 0 else { return }
        let shared = header
        let matched = matches.take {
            Self.header(like: shared, $0.nanoseconds, $0.level, child: $0.child)
        }
        let none: [UInt8] = []
        lend(
            RecordPlace(
                line: 0, offset: 0,
                classified: ClassifiedLine(header: header, scope: .server, message: 0..<0),
                matched: matched),
            none.span, none.span, false)
    }

    /// Counts a record that was passed over.
    @inline(__always)
    private mutating func pass(_ at: Int64, _ level: Level, _ number: Int) {
        if at > run.nanoseconds { run.forward_steps &+= 1 }
        run.count &+= 1
        run.nanoseconds = at
        run.level = level.rawValue
        (run.child, run.own_nanoseconds, run.own_line) = (0, at, Int64(number))
    }

    @inline(__always)
    private mutating func passes(
        _ bytes: Span<UInt8>, _ from: Int, _ end: Int, _ origin: Int, _ flags: Span<UInt64>,
        _ beginnings: Span<UInt64>, _ pairs: Span<UInt64>, _ number: Int
    ) -> Bool {
        // A header's date and time, and 16 bytes of the line, lie within it.
        let dateStart = Int(run.date_start)
        guard from &+ dateStart &+ Self.headLength &+ 8 <= end, end &- from <= Self.longest else {
            return false
        }
        var childPID: Int32 = 0
        var leadEnd = dateStart
        if (bytes.word(from) ^ run.lead.0) & run.lead_mask.0 != 0
            || (bytes.word(from &+ 8) ^ run.lead.1) & run.lead_mask.1 != 0
        {
            guard header.form == .roleWithYear, number > 64,
                let child = Self.childLead(bytes, from)
            else { return false }
            (childPID, leadEnd) = child
        }
        let dateAt = from &+ leadEnd
        let message = dateAt &+ Self.headLength
        guard message &+ 8 <= end else { return false }
        if bytes.word(dateAt) != run.date.0 || bytes.word(dateAt &+ 8) != run.date.1
            || bytes.word(dateAt &+ 16) & 0xFFFF != run.date.2
        {
            guard setDate(bytes.extracting(from..<end), at: leadEnd) else {
                isArmed = false
                return false
            }
        }
        guard let (within, level) = Self.clock(bytes.word(dateAt &+ 18)),
            bytes[dateAt &+ 26] == 0x20
        else { return false }
        let at = run.minute &+ within
        let tail = bytes.word(end &- 8)
        guard at >= run.nanoseconds,
            Self.isLast(
                UInt8(truncatingIfNeeded: tail >> 56), after: UInt8(truncatingIfNeeded: tail >> 48))
        else { return false }
        let isFlagged = Self.isFlagged(flags, message &- origin, end &- origin)
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
        let beginning = bytes.word(message)
        let hash = MessageScreen.hash(UInt32(truncatingIfNeeded: beginning))
        if beginnings[hash >> 6] >> UInt64(hash & 63) & 1 != 0,
            mayMatch(
                beginning, UInt32(truncatingIfNeeded: tail >> 32), pairs,
                bytes.extracting(message..<end))
        {
            found(at, level, message - from, isScreened: true)
            return false
        }
        pass(at, level, number)
        return true
    }

    /// Notes what a record is of which only the message is to be looked at.
    private mutating func found(
        _ at: Int64, _ level: Level, _ message: Int, _ childPID: Int32 = 0, isScreened: Bool
    ) {
        isCandidate = true
        self.isScreened = isScreened
        candidates += 1
        if candidates == templatesAfter, !isPortable { matches.begin(screen.templates()) }
        candidateHeader = header
        candidateHeader.stamp.nanoseconds = at
        candidateHeader.level = level
        candidateMessage = message
        isChilds = childPID != 0
        if childPID != 0 {
            candidateHeader.pid = childPID
            candidateHeader.role = .child
        }
    }

    /// Whether a message that begins as some pattern's do may be matched by one of them: it ends as one
    /// of them may, or such messages may end in any way and it is worth a closer look.
    @inline(__always)
    private func mayMatch(
        _ beginning: UInt64, _ last: UInt32, _ pairs: Span<UInt64>, _ message: Span<UInt8>
    ) -> Bool {
        let four = UInt32(truncatingIfNeeded: beginning)
        let eight = MessageScreen.beginning(four, UInt32(truncatingIfNeeded: beginning >> 32))
        func isSet(_ first: UInt32, _ last: UInt32) -> Bool {
            let hash = MessageScreen.hash(first, last)
            return pairs[hash >> 6] >> UInt64(hash & 63) & 1 != 0
        }
        if isSet(four, last) || isSet(eight, last) { return true }
        let any = MessageScreen.anyEnding
        return (isSet(four, any) || isSet(eight, any)) && screen.mayMatch(message)
    }
}
