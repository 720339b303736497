// SPDX-License-Identifier: Apache-2.0

/// What the reader of a log may ask of a server's message before it takes the record apart: whether
/// any pattern can match it at all.
///
/// `Matching` derives it from the catalogue. It never says no of a message that a pattern matches.
package struct MessageScreen: Sendable {
    /// Three bytes that stand side by side in every message which is matched by a pattern that
    /// messages need not begin with, one after the other. Messages that hold some of them are to be
    /// matched.
    package let fingerprints: [UInt8]
    /// A bit for each hash of the first four bytes of a message: whether `mayMatch` must be asked.
    package let beginnings: [UInt64]
    /// A bit for each hash of how a message begins and its last four bytes: where neither that is set
    /// nor the one with `anyEnding`, for the first four bytes or for `beginning` of the first eight, no
    /// pattern matches.
    package let pairs: [UInt64]
    /// What the loop in C asks of a message first, and hardly an ordinary one passes: two tables of bytes.
    /// In the first, the place is told by the first four bytes of a message and the bit by the next four;
    /// in the second, both by its first four and last four, for patterns whose beginnings are shorter.
    package let filter: [UInt8]
    /// Whether a message without any fingerprint may be matched by a pattern.
    package let mayMatch: @Sendable (Span<UInt8>) -> Bool
    /// How messages look that are matched as they are read. Made when it is asked for, which a short log
    /// is not worth.
    package let templates: @Sendable () -> MessageTemplates?
    /// What is known of messages that are no server's; `nil` where all of them have to be matched.
    package let entries: @Sendable () -> EntryScreen?

    /// What stands for the last bytes where messages that begin so may end in any way.
    package static let anyEnding: UInt32 = 0

    /// Bits of `beginnings`, and of `pairs`.
    package static let hashBits: UInt32 = 16

    package init(
        fingerprints: [UInt8], beginnings: [UInt64], pairs: [UInt64], filter: [UInt8],
        templates: @escaping @Sendable () -> MessageTemplates? = { nil },
        entries: @escaping @Sendable () -> EntryScreen? = { nil },
        mayMatch: @escaping @Sendable (Span<UInt8>) -> Bool
    ) {
        precondition(fingerprints.count % 3 == 0)
        precondition(beginnings.count == 1 << Int(Self.hashBits) / 64)
        self.fingerprints = fingerprints
        precondition(pairs.count == beginnings.count)
        self.beginnings = beginnings
        self.pairs = pairs
        precondition(filter.count == 2 * Self.filterSize)
        self.filter = filter
        self.mayMatch = mayMatch
        self.templates = templates
        self.entries = entries
    }

    /// Bytes in each table of `filter`.
    package static let filterSize = 4096

    /// Where in `filter` the bit of a beginning stands: the byte, and which of its bits.
    package static func place(_ first: UInt32, beginning second: UInt32) -> (Int, UInt8) {
        (Int((first &* 0x9E37_79B1) >> 20), 1 << UInt8((second &* 0xC2B2_AE35) >> 29))
    }

    /// The same of a beginning of four bytes and the last four.
    package static func place(_ first: UInt32, ending last: UInt32) -> (Int, UInt8) {
        let pair = (first ^ (last &* 0x85EB_CA6B)) &* 0x9E37_79B1
        return (filterSize + Int(pair >> 20), 1 << UInt8(pair >> 17 & 7))
    }

    /// The place in `beginnings` of the first four bytes of a message, the first byte lowest.
    @inlinable @inline(__always)
    package static func hash(_ word: UInt32) -> Int { Int((word &* 0x9E37_79B1) >> 16) }

    /// What stands for the first eight bytes of a message, of four each.
    @inlinable @inline(__always)
    package static func beginning(_ first: UInt32, _ second: UInt32) -> UInt32 {
        first ^ (second &* 0xC2B2_AE35)
    }

    /// The place in `pairs` of the first four bytes of a message and of its last four.
    @inlinable @inline(__always)
    package static func hash(_ first: UInt32, _ last: UInt32) -> Int {
        Int(((first ^ (last &* 0x85EB_CA6B)) &* 0x9E37_79B1) >> 16)
    }
}
