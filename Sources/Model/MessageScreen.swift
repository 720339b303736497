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
    /// Whether a message without any fingerprint may be matched by a pattern.
    package let mayMatch: @Sendable (Span<UInt8>) -> Bool

    /// What stands for the last bytes where messages that begin so may end in any way.
    package static let anyEnding: UInt32 = 0

    /// Bits of `beginnings`, and of `pairs`.
    package static let hashBits: UInt32 = 16

    package init(
        fingerprints: [UInt8], beginnings: [UInt64], pairs: [UInt64],
        mayMatch: @escaping @Sendable (Span<UInt8>) -> Bool
    ) {
        precondition(fingerprints.count % 3 == 0)
        precondition(beginnings.count == 1 << Int(Self.hashBits) / 64)
        self.fingerprints = fingerprints
        precondition(pairs.count == beginnings.count)
        self.beginnings = beginnings
        self.pairs = pairs
        self.mayMatch = mayMatch
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
