// SPDX-License-Identifier: Apache-2.0

/// What the reader of a journal may ask of a message of somebody who is no server and no part of the
/// system: whether a pattern can match it, or a server's record can stand in it.
///
/// `Matching` derives it from the catalogue. It never says no where that is so; a loop in C asks it
/// (`pass_entries.c` in `CByteScan`).
package struct EntryScreen: Sendable {
    /// 256 bytes each for the first, the second and the third of three bytes that stand side by side: where
    /// the three have a bit in common, one of the sorts of text may stand there that this bit is for.
    package let tables: [UInt8]
    /// A bit for each hash (`MessageScreen.hash`) of the first four bytes of a message: whether a pattern
    /// begins so.
    package let beginnings: [UInt64]

    /// The bits of `tables` for control characters and bytes beyond ASCII, for headers of records, and
    /// from which on there are those for texts.
    private static let (odd, role, bracket, name): (UInt8, UInt8, UInt8, UInt8) = (128, 1, 2, 4)
    private static let buckets: [UInt8] = [8, 16, 32, 64]

    /// `triples` are three bytes of each text that patterns look for anywhere.
    package init(triples: [[UInt8]], beginnings: [UInt64], commonness: (UInt8) -> Int) {
        precondition(triples.allSatisfy { $0.count == 3 })
        precondition(beginnings.count == 1 << Int(MessageScreen.hashBits) / 64)
        self.beginnings = beginnings
        var tables = [UInt8](repeating: 0, count: 768)
        func mark(_ bit: UInt8, _ sets: [any Sequence<UInt8>]) {
            for (i, set) in sets.enumerated() {
                for byte in set { tables[256 * i + Int(byte)] |= bit }
            }
        }
        let (all, digits) = (UInt8.min...UInt8.max, UInt8(ascii: "0")...UInt8(ascii: "9"))
        mark(Self.odd, [Array(0..<0x20) + Array(0x7F...0xFF), all, all])
        // How the headers of records begin: `123:M `, `123:signal-handler`, `[123]`, `pid=`, `{"pid":`.
        mark(Self.role, [":".utf8, "MSCX".utf8, " ".utf8])
        mark(Self.bracket, ["[".utf8, digits, all])
        mark(Self.name, [":p".utf8, "si".utf8, "id".utf8])
        var sets = Self.buckets.map { _ in [Set<UInt8>](repeating: [], count: 3) }
        for triple in triples {
            let costs = sets.map { Self.cost($0, with: triple, commonness) }
            let cheapest = sets.indices.min { costs[$0] < costs[$1] } ?? 0
            for (i, byte) in triple.enumerated() { sets[cheapest][i].insert(byte) }
        }
        for (bit, set) in zip(Self.buckets, sets) { mark(bit, set) }
        self.tables = tables
    }

    /// What more a bucket lets through when three bytes are added.
    private static func cost(
        _ sets: [Set<UInt8>], with triple: [UInt8], _ commonness: (UInt8) -> Int
    ) -> Int {
        func product(_ sets: [Set<UInt8>]) -> Int {
            sets.reduce(1) { $0 * $1.reduce(0) { $0 + commonness($1) } }
        }
        return product(zip(sets, triple).map { $0.union([$1]) }) - product(sets)
    }
}
