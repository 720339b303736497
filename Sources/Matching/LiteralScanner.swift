// SPDX-License-Identifier: Apache-2.0

/// Finds any of many short texts in one pass that looks at few bytes (Wu and Manber, 1994).
///
/// A window as long as the shortest text slides over the bytes. Its last two or three bytes,
/// hashed, say how far it may move at least; where they say zero, the texts whose windows end with
/// those bytes are compared.
struct LiteralScanner: Sendable {
    /// Where a text was found, and which.
    struct Hit: Equatable {
        var start: Int
        /// The number it was added with.
        var owner: Int
    }

    /// A place between two hits.
    struct Cursor {
        /// The last byte of the window.
        fileprivate var at: Int
        fileprivate var entry: Int32 = -1
    }

    private struct Entry: Sendable {
        /// The text in `pool`.
        var start: Int32
        var length: Int32
        /// Bytes of the text before the last byte of its window.
        var lead: Int32
        var owner: Int32
        /// The next entry with the same hash; -1 ends the chain.
        var next: Int32
    }

    private var shift: [UInt8]
    private var heads: [Int32]
    private var entries: [Entry] = []
    private var pool: [UInt8] = []
    /// Bytes of the window; 0 where there is nothing to find.
    private let window: Int
    /// Bytes that are hashed: three where windows are long, since many texts share pairs.
    private let block: Int
    private let mask: UInt32

    private static let longestWindow = 32

    /// Looks for `texts`, each of at least two bytes; `owner` comes back with a hit.
    ///
    /// The window of a text lies where its last bytes are rarest, so hits do not come in the
    /// order in which they begin; `inOrder` puts all windows first, and they do.
    init(_ texts: [(text: [UInt8], owner: Int)], inOrder: Bool = false) {
        let shortest = texts.map(\.text.count).min() ?? 0
        precondition(texts.isEmpty || shortest >= 2)
        window = min(shortest, Self.longestWindow)
        block = window >= 6 ? 3 : 2
        let buckets = Self.buckets(for: texts.count * max(0, window - block + 1))
        mask = UInt32(max(1, buckets) - 1)
        shift = Array(repeating: UInt8(max(1, window - block + 1)), count: buckets)
        heads = Array(repeating: -1, count: buckets)
        for (text, owner) in texts { add(text, owner, inOrder: inOrder) }
    }

    /// Eight buckets for each block that is entered, so that most have none; 32 Ki at most, which
    /// stay in the cache.
    private static func buckets(for blocks: Int) -> Int {
        var buckets = 256
        while buckets < min(blocks * 8, 32_768) { buckets *= 2 }
        return blocks == 0 ? 0 : buckets
    }

    var isEmpty: Bool { entries.isEmpty }

    /// What is looked for.
    var texts: [[UInt8]] {
        entries.map { Array(pool[Int($0.start)..<Int($0.start + $0.length)]) }
    }

    private mutating func add(_ text: [UInt8], _ owner: Int, inOrder: Bool) {
        let offset = inOrder ? 0 : Self.rarestWindow(of: text, length: window)
        let last = offset + window - 1
        for end in offset + block - 1...last {
            let bucket = bucket(text.span, endingAt: end)
            shift[bucket] = min(shift[bucket], UInt8(last - end))
        }
        let bucket = bucket(text.span, endingAt: last)
        entries.append(
            Entry(
                start: Int32(pool.count), length: Int32(text.count),
                lead: Int32(last), owner: Int32(owner), next: heads[bucket]))
        heads[bucket] = Int32(entries.count - 1)
        pool += text
    }
}

// MARK: - Scanning

extension LiteralScanner {
    /// A cursor from which `next` finds texts that begin at `start` or later.
    func cursor(from start: Int) -> Cursor { Cursor(at: start + window - 1) }

    /// The next text in `bytes`. Texts may overlap; those that end their window at the same byte
    /// come in no particular order.
    func next(in bytes: Span<UInt8>, _ cursor: inout Cursor) -> Hit? {
        guard window > 0 else { return nil }
        while cursor.at < bytes.count {
            if cursor.entry < 0, !advance(in: bytes, &cursor) { return nil }
            while cursor.entry >= 0 {
                let entry = entries[Int(cursor.entry)]
                cursor.entry = entry.next
                if cursor.entry < 0 { cursor.at += 1 }
                let last = cursor.entry < 0 ? cursor.at - 1 : cursor.at
                let start = last - Int(entry.lead)
                if start >= 0, stands(entry, in: bytes, at: start) {
                    return Hit(start: start, owner: Int(entry.owner))
                }
            }
        }
        return nil
    }

    /// Moves to the next window whose end is that of a text's window.
    private func advance(in bytes: Span<UInt8>, _ cursor: inout Cursor) -> Bool {
        var at = cursor.at
        while at < bytes.count {
            let bucket = bucket(bytes, endingAt: at)
            let step = Int(shift[bucket])
            if step == 0 {
                cursor.at = at
                cursor.entry = heads[bucket]
                return true
            }
            at += step
        }
        cursor.at = at
        return false
    }

    private func stands(_ entry: Entry, in bytes: Span<UInt8>, at start: Int) -> Bool {
        let length = Int(entry.length)
        guard start + length <= bytes.count else { return false }
        let first = Int(entry.start)
        for i in 0..<length where pool[first + i] != bytes[start + i] { return false }
        return true
    }

    @inline(__always)
    private func bucket(_ bytes: Span<UInt8>, endingAt end: Int) -> Int {
        var hash = UInt32(bytes[end]) ^ UInt32(bytes[end - 1]) << 5
        if block == 3 { hash ^= UInt32(bytes[end - 2]) << 10 }
        return Int(hash & mask)
    }
}

// MARK: - Choosing windows

extension LiteralScanner {
    /// Where in `text` the window should lie: its last two bytes should be rare in logs.
    private static func rarestWindow(of text: [UInt8], length: Int) -> Int {
        let offsets = 0...(text.count - length)
        let cost = { (offset: Int) -> Int in
            let end = offset + length - 1
            return commonness(text[end]) * commonness(text[end - 1])
        }
        return offsets.min { cost($0) < cost($1) } ?? 0
    }

    /// A rough order of how often a byte stands in a server's log.
    static func commonness(_ byte: UInt8) -> Int {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: " "): 8
        case UInt8(ascii: "e"), UInt8(ascii: "t"), UInt8(ascii: "n"), UInt8(ascii: "i"),
            UInt8(ascii: "o"), UInt8(ascii: "s"), UInt8(ascii: "d"), UInt8(ascii: "c"):
            6
        case UInt8(ascii: "j"), UInt8(ascii: "k"), UInt8(ascii: "q"), UInt8(ascii: "v"),
            UInt8(ascii: "w"), UInt8(ascii: "x"), UInt8(ascii: "z"):
            2
        case UInt8(ascii: "a")...UInt8(ascii: "z"): 4
        case UInt8(ascii: "."), UInt8(ascii: ":"), UInt8(ascii: "="), UInt8(ascii: "-"): 5
        case UInt8(ascii: "A")...UInt8(ascii: "Z"): 2
        default: 1
        }
    }
}
