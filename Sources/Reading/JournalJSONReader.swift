// SPDX-License-Identifier: Apache-2.0

/// Reads journal entries as JSON objects: one a line, pretty-printed, as a JSON sequence (RFC 7464)
/// or as server-sent events.
///
/// Values are strings, `null`, arrays of byte values (text that is not UTF-8) or arrays of strings
/// (a repeated field). Keys come in any order. Source: journalctl(1), systemd 252.
struct JournalJSONReader {
    private(set) var window = EntryWindow()
    private(set) var entriesDamaged = 0
    private(set) var bytesSkipped: Int64 = 0
    /// Quotation marks and backslashes.
    private var marks: PairScan

    /// What passes over the entries that mean nothing.
    private let ordinary: OrdinaryEntries?

    /// `isPortable` keeps to what runs on any processor.
    init(isPortable: Bool = false, ordinary: OrdinaryEntries? = nil) {
        marks = PairScan(0x22, 0x5C, isPortable: isPortable)
        self.ordinary = isPortable ? nil : ordinary
    }

    private enum Outcome {
        case object(end: Int)
        case needMore
        case bad(end: Int)
    }

    mutating func forEachEntry<Source: ByteSource & ~Copyable>(
        of source: inout Source, _ body: (JournalEntry, Span<UInt8>, Int64, Int) -> Void
    ) {
        while true {
            if let ordinary, passOrdinary(ordinary, body) { continue }
            guard let start = nextObject(&source) else { return }
            window.advance(to: start.position, lines: start.lines)
            var entry = JournalEntry()
            var outcome = object(&entry)
            while case .needMore = outcome, window.grow(from: &source) {
                entry = JournalEntry()
                outcome = object(&entry)
            }
            switch outcome {
            case .object(let end):
                window.withBytes { body(entry, $0, window.offset, window.lines + 1) }
                pass(end)
            case .bad(let end):
                entriesDamaged += 1
                pass(end)
            case .needMore:
                // Cut off, or larger than the window.
                entriesDamaged += 1
                bytesSkipped += Int64(window.count)
                pass(window.count)
            }
        }
    }

    /// Passes over the objects that mean nothing; true where an object came behind them.
    private mutating func passOrdinary(
        _ ordinary: OrdinaryEntries, _ body: (JournalEntry, Span<UInt8>, Int64, Int) -> Void
    ) -> Bool {
        let shift = marks.follow(window)
        let next = window.withBytes {
            ordinary.pass($0, .objects, marks, shift, lines: window.lines)
        }
        window.advance(to: next.position, lines: next.lines)
        guard var entry = next.entry else {
            ordinary.forget()
            return false
        }
        // In a line the place is the object's.
        entry.messageLine = 0
        window.withBytes { body(entry, $0, window.offset, window.lines + 1) }
        window.advance(to: next.length, lines: 0)
        return true
    }

    /// The object that the window begins with.
    private mutating func object(_ entry: inout JournalEntry) -> Outcome {
        let shift = marks.follow(window)
        let (quotes, slashes) = (marks.firsts, marks.seconds)
        return window.withBytes {
            Self.object($0, &entry, quotes.span, slashes.span, shift)
        }
    }

    /// Lends each whole object in `bytes`, with its offset in them and the number of its first
    /// line, which counts on from `lines`. Returns how many bytes they take up; what follows is the
    /// beginning of one.
    mutating func forEachWholeObject(
        in bytes: Span<UInt8>, lines: inout Int,
        _ body: (JournalEntry, Span<UInt8>, Int64, Int) -> Void
    ) -> Int {
        var used = 0
        var scan = PairScan(0x22, 0x5C, isPortable: false)
        _ = scan.follow(bytes, at: 0)
        while let brace = bytes.first(0x7B, from: used) {
            bytesSkipped += Self.garbage(bytes, used..<brace)
            for i in used..<brace where bytes[i] == 0x0A { lines += 1 }
            used = brace
            var entry = JournalEntry()
            let object = bytes.extracting(brace..<bytes.count)
            let end: Int
            switch Self.object(object, &entry, scan.firsts.span, scan.seconds.span, brace) {
            case .needMore: return used
            case .object(let found):
                body(entry, object, Int64(brace), lines + 1)
                end = found
            case .bad(let found):
                // Its line may still be written.
                if found == object.count, object[found - 1] != 0x0A { return used }
                entriesDamaged += 1
                end = found
            }
            for i in brace..<brace + end where bytes[i] == 0x0A { lines += 1 }
            used = brace + end
        }
        bytesSkipped += Self.garbage(bytes, used..<bytes.count)
        for i in used..<bytes.count where bytes[i] == 0x0A { lines += 1 }
        return bytes.count
    }

    private mutating func pass(_ end: Int) {
        let lines = window.withBytes { bytes in
            var count = 0
            var from = 0
            while let feed = bytes.first(0x0A, from: from, to: end) {
                count += 1
                from = feed + 1
            }
            return count
        }
        window.advance(to: end, lines: lines)
    }

    /// The next opening brace; what else lies between objects is passed over.
    private mutating func nextObject<Source: ByteSource & ~Copyable>(
        _ source: inout Source
    ) -> (position: Int, lines: Int)? {
        while true {
            let found = window.withBytes { bytes -> (Int, Int)? in
                guard let brace = bytes.first(0x7B, from: 0) else { return nil }
                var lines = 0
                for i in 0..<brace where bytes[i] == 0x0A { lines += 1 }
                return (brace, lines)
            }
            if let found {
                noteGarbage(before: found.0)
                return found
            }
            noteGarbage(before: window.count)
            pass(window.count)
            if !window.grow(from: &source) { return nil }
        }
    }

    /// Blanks, the record separator and `data:` belong between objects; anything else is damage.
    private mutating func noteGarbage(before end: Int) {
        bytesSkipped += window.withBytes { Self.garbage($0, 0..<end) }
    }

    private static func garbage(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Int64 {
        var count: Int64 = 0
        for i in range {
            switch bytes[i] {
            case 0x20, 0x09, 0x0A, 0x0D, 0x1E, 0x2C, 0x5B, 0x5D, 0x64, 0x61, 0x74, 0x3A: break
            default: count += 1
            }
        }
        return count
    }

    // MARK: - One object

    /// Reads the object that `bytes` begin with; their first byte has the bit `shift` among the marks
    /// of quotation marks and backslashes.
    private static func object(
        _ bytes: Span<UInt8>, _ entry: inout JournalEntry, _ quotes: Span<UInt64>,
        _ slashes: Span<UInt64>, _ shift: Int
    ) -> Outcome {
        var i = 1
        while true {
            i = blanks(bytes, i)
            guard i < bytes.count else { return .needMore }
            switch bytes[i] {
            case 0x7D: return .object(end: i + 1)
            case 0x2C:
                i += 1
                continue
            case 0x22: break
            default: return .bad(end: lineEnd(bytes, i))
            }
            guard let key = string(bytes, i, quotes, slashes, shift) else { return .needMore }
            var value = blanks(bytes, key.end)
            guard value < bytes.count else { return .needMore }
            guard bytes[value] == 0x3A else { return .bad(end: lineEnd(bytes, i)) }
            value = blanks(bytes, value + 1)
            guard value < bytes.count else { return .needMore }
            entry.fields += 1
            let field = JournalEntry.Field(bytes, key.range)
            guard let end = takeValue(bytes, value, field, &entry, quotes, slashes, shift) else {
                return bytes[value] == 0x7B ? .bad(end: lineEnd(bytes, value)) : .needMore
            }
            i = end
        }
    }

    private static func takeValue(
        _ bytes: Span<UInt8>, _ i: Int, _ field: JournalEntry.Field?, _ entry: inout JournalEntry,
        _ quotes: Span<UInt64>, _ slashes: Span<UInt64>, _ shift: Int
    ) -> Int? {
        switch bytes[i] {
        case 0x22:
            guard let value = string(bytes, i, quotes, slashes, shift) else { return nil }
            if let field {
                if field == .message, entry.message == nil {
                    entry.isMessageEscaped = value.isEscaped
                }
                entry.set(field, value.range, in: bytes)
            }
            return value.end
        case 0x5B: return array(bytes, i, field, &entry, quotes, slashes, shift)
        case 0x7B: return nil
        default:
            // null, a number, true, false
            var end = i
            while end < bytes.count, bytes[end] != 0x2C, bytes[end] != 0x7D, bytes[end] > 0x20 {
                end += 1
            }
            guard end < bytes.count else { return nil }
            if field == .message, bytes.has("null", at: i) {
                entry.isMessageMissing = true
            } else if let field, field != .message {
                entry.set(field, i..<end, in: bytes)
            }
            return end
        }
    }

    /// An array of byte values is a text; of an array of strings the first counts.
    private static func array(
        _ bytes: Span<UInt8>, _ start: Int, _ field: JournalEntry.Field?,
        _ entry: inout JournalEntry, _ quotes: Span<UInt64>, _ slashes: Span<UInt64>, _ shift: Int
    ) -> Int? {
        var i = blanks(bytes, start + 1)
        guard i < bytes.count else { return nil }
        if bytes[i] == 0x22 {
            var isFirst = true
            while i < bytes.count, bytes[i] != 0x5D {
                if bytes[i] == 0x22 {
                    guard let value = string(bytes, i, quotes, slashes, shift) else { return nil }
                    if isFirst, let field {
                        if field == .message { entry.isMessageEscaped = value.isEscaped }
                        entry.set(field, value.range, in: bytes)
                    }
                    isFirst = false
                    i = value.end
                } else {
                    i += 1
                }
            }
            return i < bytes.count ? i + 1 : nil
        }
        guard let close = bytes.first(0x5D, from: i) else { return nil }
        if field == .message, entry.message == nil {
            entry.message = start + 1..<close
            entry.isMessageBytes = true
        }
        return close + 1
    }

    @inline(__always)
    private static func string(
        _ bytes: Span<UInt8>, _ quote: Int, _ quotes: Span<UInt64>, _ slashes: Span<UInt64>,
        _ shift: Int
    ) -> (range: Range<Int>, end: Int, isEscaped: Bool)? {
        var from = quote + 1
        while let bit = PairScan.next(quotes, from: from + shift) {
            let close = bit - shift
            guard close < bytes.count else { return nil }
            var before = 0
            while close - 1 - before > quote, bytes[close - 1 - before] == 0x5C { before += 1 }
            if before % 2 == 0 {
                let slash = PairScan.next(slashes, from: quote + 1 + shift, before: bit)
                return (quote + 1..<close, close + 1, slash != nil)
            }
            from = close + 1
        }
        return nil
    }

    private static func blanks(_ bytes: Span<UInt8>, _ start: Int) -> Int {
        var i = start
        while i < bytes.count, bytes[i] <= 0x20 { i += 1 }
        return i
    }

    private static func lineEnd(_ bytes: Span<UInt8>, _ i: Int) -> Int {
        bytes.first(0x0A, from: i).map { $0 + 1 } ?? bytes.count
    }

    /// `[98,105,110]` as bytes.
    static func byteArray(_ bytes: Span<UInt8>, _ range: Range<Int>) -> [UInt8] {
        var out: [UInt8] = []
        var i = range.lowerBound
        while i < range.upperBound {
            if let (value, end) = bytes.number(at: i, limit: 3), value < 256 {
                out.append(UInt8(value))
                i = end
            } else {
                i += 1
            }
        }
        return out
    }
}
