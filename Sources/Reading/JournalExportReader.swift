// SPDX-License-Identifier: Apache-2.0

/// Reads the journal export format: fields by line, or by length where they hold other bytes
/// than text.
///
/// Source: systemd 257, docs/JOURNAL_EXPORT_FORMATS.md. A length is never believed before the
/// bytes are there; a field beyond the window's limit is skipped and counted.
struct JournalExportReader {
    private(set) var window = EntryWindow()
    private(set) var entriesDamaged = 0
    private(set) var bytesSkipped: Int64 = 0
    /// Line feeds and equals signs.
    private var marks: PairScan

    /// What passes over the entries that mean nothing.
    private let ordinary: OrdinaryEntries?

    /// `isPortable` keeps to what runs on any processor.
    init(isPortable: Bool = false, ordinary: OrdinaryEntries? = nil) {
        marks = PairScan(0x0A, 0x3D, isPortable: isPortable)
        self.ordinary = isPortable ? nil : ordinary
    }

    private enum Step {
        case field(end: Int)
        case endOfEntry(end: Int)
        case needMore
        case bad(end: Int)
    }

    /// Lends each entry with the bytes that its ranges count in, its offset and first line.
    mutating func forEachEntry<Source: ByteSource & ~Copyable>(
        of source: inout Source, _ body: (JournalEntry, Span<UInt8>, Int64, Int) -> Void
    ) {
        while true {
            if let ordinary {
                let shift = marks.follow(window)
                let next = window.withBytes {
                    ordinary.pass($0, .export, marks, shift, lines: window.lines)
                }
                window.advance(to: next.position, lines: next.lines)
                if let entry = next.entry {
                    deliver(entry, body)
                    window.advance(to: next.length, lines: next.entryLines)
                    continue
                }
                ordinary.forget()
            }
            var entry = JournalEntry()
            let outcome = readEntry(&entry, &source, body)
            if !outcome { return }
        }
    }

    /// Lends each whole entry in `bytes`, with its offset in them and the number of its first
    /// line, which counts on from `lines`. Returns how many bytes the whole entries take up; what
    /// follows is the beginning of one.
    mutating func forEachWholeEntry(
        in bytes: Span<UInt8>, lines: inout Int,
        _ body: (JournalEntry, Span<UInt8>, Int64, Int) -> Void
    ) -> Int {
        var used = 0
        var scan = PairScan(0x0A, 0x3D, isPortable: false)
        let shift = scan.follow(bytes, at: 0)
        while used < bytes.count {
            var entry = JournalEntry()
            var walk = Walk(position: used)
            let step = walk.go(through: bytes, &entry, base: lines, scan, shift)
            guard case .endOfEntry(let end) = step else { return used }
            bytesSkipped += walk.skipped
            if entry.fields > 0 { body(entry, bytes, Int64(used), lines + 1) }
            lines += walk.lines
            used = end
        }
        return used
    }

    /// Reads one entry; false at the end of the input.
    private mutating func readEntry<Source: ByteSource & ~Copyable>(
        _ entry: inout JournalEntry, _ source: inout Source,
        _ body: (JournalEntry, Span<UInt8>, Int64, Int) -> Void
    ) -> Bool {
        var walk = Walk(position: 0)
        while true {
            let shift = marks.follow(window)
            let step = window.withBytes {
                walk.go(through: $0, &entry, base: window.lines, marks, shift)
            }
            bytesSkipped += walk.skipped
            walk.skipped = 0
            if case .endOfEntry(let end) = step {
                if entry.fields > 0 { deliver(entry, body) }
                window.advance(to: end, lines: walk.lines)
                return true
            }
            if window.grow(from: &source) { continue }
            return finishShort(entry, walk.position, walk.lines, &source, body)
        }
    }

    /// Where the reading of an entry has come to.
    private struct Walk {
        var position: Int
        var lines = 0
        var skipped: Int64 = 0

        /// Reads fields up to the end of the entry or of the bytes at hand, the first of which has the
        /// bit `shift`.
        mutating func go(
            through bytes: Span<UInt8>, _ entry: inout JournalEntry, base: Int,
            _ marks: borrowing PairScan, _ shift: Int
        ) -> Step {
            let (feeds, equals) = (marks.firsts.span, marks.seconds.span)
            while true {
                if !marks.isPortable, entry.walk(bytes, marks, shift, &position, &lines, base: base)
                {
                    return .endOfEntry(end: position)
                }
                guard let feed = PairScan.next(feeds, from: position + shift).map({ $0 - shift })
                else { return .needMore }
                let step = JournalExportReader.step(
                    bytes, at: position, feed: feed, &entry, &lines, base: base, equals, shift)
                switch step {
                case .field(let end): position = end
                case .bad(let end):
                    skipped += Int64(end - position)
                    position = end
                case .needMore, .endOfEntry: return step
                }
            }
        }
    }

    private func deliver(
        _ entry: JournalEntry, _ body: (JournalEntry, Span<UInt8>, Int64, Int) -> Void
    ) {
        window.withBytes { body(entry, $0, window.offset, window.lines + 1) }
    }

    /// The input ends within an entry, or a field is larger than the window.
    private mutating func finishShort<Source: ByteSource & ~Copyable>(
        _ entry: JournalEntry, _ position: Int, _ lines: Int, _ source: inout Source,
        _ body: (JournalEntry, Span<UInt8>, Int64, Int) -> Void
    ) -> Bool {
        let rest = window.count - position
        if !window.isAtEnd {
            // Larger than the window: the entry is given up, reading goes on behind what is held.
            entriesDamaged += 1
            bytesSkipped += Int64(window.count)
            window.advance(to: window.count, lines: lines)
            return skipToEntry(&source)
        }
        let isWhole = rest == 0 && entry.realtime != nil && entry.message != nil
        if entry.fields > 0 || rest > 0 {
            if entry.realtime != nil, entry.message != nil { deliver(entry, body) }
            if !isWhole {
                entriesDamaged += 1
                bytesSkipped += Int64(rest)
            }
        }
        window.advance(to: window.count, lines: lines)
        return false
    }

    /// Goes on at the next line that begins an entry.
    private mutating func skipToEntry<Source: ByteSource & ~Copyable>(
        _ source: inout Source
    ) -> Bool {
        while true {
            let found = window.withBytes { bytes -> Int? in
                var from = 0
                while let feed = bytes.first(0x0A, from: from) {
                    if bytes.has("__CURSOR=", at: feed + 1) || bytes.has("__REALTIME", at: feed + 1)
                    {
                        return feed + 1
                    }
                    from = feed + 1
                }
                return nil
            }
            if let found {
                bytesSkipped += Int64(found)
                window.advance(to: found, lines: 1)
                return true
            }
            let keep = min(window.count, 16)
            bytesSkipped += Int64(window.count - keep)
            window.advance(to: window.count - keep, lines: 0)
            if !window.grow(from: &source) {
                bytesSkipped += Int64(window.count)
                window.advance(to: window.count, lines: 0)
                return false
            }
        }
    }

    /// Reads one field, whose line ends at `feed`, or the empty line that ends an entry.
    @inline(__always)
    private static func step(
        _ bytes: Span<UInt8>, at position: Int, feed: Int, _ entry: inout JournalEntry,
        _ lines: inout Int, base: Int, _ equals: Span<UInt64>, _ shift: Int
    ) -> Step {
        if feed == position {
            lines += 1
            return .endOfEntry(end: feed + 1)
        }
        let first = bytes[position]
        guard first == 0x5F || first &- 0x41 < 26 else {
            lines += 1
            return .bad(end: feed + 1)
        }
        let nameLimit = min(feed, position + 65)
        guard
            let equals = PairScan.next(
                equals, from: position + shift, before: nameLimit + shift
            ).map({ $0 - shift })
        else { return binary(bytes, name: position..<feed, &entry, &lines, base: base) }
        entry.fields += 1
        if let field = JournalEntry.Field(bytes, position..<equals) {
            if field == .message { entry.messageLine = base + lines + 1 }
            entry.set(field, equals + 1..<feed, in: bytes)
        }
        lines += 1
        return .field(end: feed + 1)
    }

    /// `NAME`, a line feed, the length as 64 bits little endian, the bytes, a line feed.
    private static func binary(
        _ bytes: Span<UInt8>, name: Range<Int>, _ entry: inout JournalEntry, _ lines: inout Int,
        base: Int
    ) -> Step {
        guard name.count <= 64 else { return .bad(end: name.upperBound + 1) }
        let start = name.upperBound + 9
        guard start <= bytes.count else { return .needMore }
        var length: UInt64 = 0
        for i in 0..<8 { length |= UInt64(bytes[name.upperBound + 1 + i]) << UInt64(8 * i) }
        guard length < UInt64(Int32.max), let end = Int(exactly: length).map({ start + $0 }) else {
            lines += 1
            return .bad(end: name.upperBound + 1)
        }
        guard end < bytes.count else { return .needMore }
        guard bytes[end] == 0x0A else {
            lines += 1
            return .bad(end: name.upperBound + 1)
        }
        entry.fields += 1
        if let field = JournalEntry.Field(bytes, name) {
            if field == .message { entry.messageLine = base + lines + 1 }
            entry.set(field, start..<end, in: bytes)
        }
        lines += 2
        for i in start..<end where bytes[i] == 0x0A { lines += 1 }
        return .field(end: end + 1)
    }
}
