// SPDX-License-Identifier: Apache-2.0

internal import Model

/// Which patterns a message may match, by how it begins.
///
/// The first four bytes find a chain in a hash table, most often none; each link compares the
/// next four bytes, then the whole prefix.
struct PrefixTable: Sendable {
    private struct Slot: Sendable {
        var key: UInt32
        /// The first entry of the chain; -1 marks an empty slot.
        var first: Int32
    }

    private struct Entry: Sendable {
        /// Bytes 4 to 7 of the prefix, and which of their bits count.
        var second: UInt32
        var mask: UInt32
        /// The last eight bytes of a prefix that has as many: prefixes that begin alike differ there.
        var last: UInt64
        /// The prefix in `pool`.
        var start: Int32
        var length: Int32
        var owner: Int32
        var next: Int32
    }

    private var slots: [Slot]
    private var entries: [Entry] = []
    private var pool: [UInt8] = []
    private let shift: UInt32

    /// Prefixes of at least four bytes, each with the number of the pattern it belongs to.
    init(_ prefixes: [(text: [UInt8], owner: Int)]) {
        var bits: UInt32 = 6
        while 1 << bits < prefixes.count * 4 { bits += 1 }
        shift = 32 - bits
        slots = Array(repeating: Slot(key: 0, first: -1), count: 1 << bits)
        entries.reserveCapacity(prefixes.count)
        for (text, owner) in prefixes { add(text, owner) }
    }

    private mutating func add(_ text: [UInt8], _ owner: Int) {
        precondition(text.count >= 4)
        let slot = slot(of: Self.word(text.span, at: 0))
        var mask: UInt32 = 0
        for i in 4..<min(8, text.count) { mask |= 0xFF << UInt32(8 * (i - 4)) }
        let padded = text + [0, 0, 0, 0]
        let second = Self.word(padded.span, at: 4) & mask
        entries.append(
            Entry(
                second: second, mask: mask,
                last: text.count < 8 ? 0 : text.span.word(text.count - 8), start: Int32(pool.count),
                length: Int32(text.count),
                owner: Int32(owner), next: slots[slot].first))
        slots[slot] = Slot(key: Self.word(text.span, at: 0), first: Int32(entries.count - 1))
        pool += text
    }
}

// MARK: - Looking up

extension PrefixTable {
    /// The chain of prefixes that share the first four bytes of `message`; -1 where there is none.
    @inline(__always)
    func chain(for message: Span<UInt8>) -> Int32 {
        guard message.count >= 4 else { return -1 }
        return slots[slot(of: Self.word(message, at: 0))].first
    }

    /// The owner of the next prefix that `message` begins with, from link `link` of its chain.
    func next(_ link: inout Int32, for message: Span<UInt8>) -> Int? {
        let second = Self.second(of: message)
        while link >= 0 {
            let entry = entries[Int(link)]
            link = entry.next
            if second & entry.mask == entry.second, begins(message, with: entry) {
                return Int(entry.owner)
            }
        }
        return nil
    }

    private func begins(_ message: Span<UInt8>, with entry: Entry) -> Bool {
        let length = Int(entry.length)
        guard length <= message.count else { return false }
        // The first eight bytes are compared already.
        guard length > 8 else { return true }
        guard message.word(length - 8) == entry.last else { return false }
        let first = Int(entry.start)
        let pool = pool.span
        var i = 8
        while i + 8 < length {
            if pool.word(first + i) != message.word(i) { return false }
            i += 8
        }
        return true
    }

    /// The slot that holds `key`, or the empty one where it belongs. A quarter of the slots at
    /// most is taken, so an empty one is always near.
    @inline(__always)
    private func slot(of key: UInt32) -> Int {
        var i = Int((key &* 0x9E37_79B1) >> shift)
        while slots[i].first >= 0, slots[i].key != key { i = (i + 1) & (slots.count - 1) }
        return i
    }

    private static func second(of message: Span<UInt8>) -> UInt32 {
        if message.count >= 8 { return word(message, at: 4) }
        var value: UInt32 = 0
        for i in 4..<max(4, message.count) { value |= UInt32(message[i]) << UInt32(8 * (i - 4)) }
        return value
    }

    @inline(__always)
    private static func word(_ bytes: Span<UInt8>, at i: Int) -> UInt32 {
        UInt32(bytes[i]) | UInt32(bytes[i + 1]) << 8 | UInt32(bytes[i + 2]) << 16
            | UInt32(bytes[i + 3]) << 24
    }
}
