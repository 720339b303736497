// SPDX-License-Identifier: Apache-2.0

package import Model
internal import PatternFiles

extension Catalogue {
    /// What tells ordinary messages of servers before they are matched; `nil` where some pattern
    /// would have to be tried on all of them.
    package var screen: MessageScreen? { groups.screen { madeScreen } }

    private var madeScreen: MessageScreen? {
        let group = groups.group(PatternScope.server.group)
        guard group.unknown.isEmpty,
            let fingerprints = Self.fingerprints(of: group.floating.texts)
        else { return nil }
        var beginnings = [UInt64](
            repeating: 0, count: 1 << Int(MessageScreen.hashBits) / 64)
        var pairs = beginnings
        var filter = [UInt8](repeating: 0, count: 2 * MessageScreen.filterSize)
        for member in group.members where entries[member].plan.hasUsefulPrefixes {
            let plan = entries[member].plan
            for prefix in plan.prefixes {
                let first = Self.word(prefix)
                Self.set(MessageScreen.hash(first), in: &beginnings)
                let beginning =
                    prefix.count < 8
                    ? first : MessageScreen.beginning(first, Self.word(Array(prefix[4...])))
                let endings =
                    plan.endings.isEmpty ? [MessageScreen.anyEnding] : plan.endings.map(Self.word)
                for ending in endings {
                    Self.set(MessageScreen.hash(beginning, ending), in: &pairs)
                }
                if prefix.count < 8, plan.endings.isEmpty {
                    filter[MessageScreen.place(first, beginning: 0).0] = 0xFF
                } else if prefix.count < 8 {
                    for ending in endings {
                        let (place, bit) = MessageScreen.place(first, ending: ending)
                        filter[place] |= bit
                    }
                } else {
                    let (place, bit) = MessageScreen.place(
                        first, beginning: Self.word(Array(prefix[4...])))
                    filter[place] |= bit
                }
            }
        }
        let (prefixes, laterTexts) = (group.prefixes, laterTexts)
        return MessageScreen(
            fingerprints: fingerprints.flatMap(\.self), beginnings: beginnings, pairs: pairs,
            filter: filter,
            templates: { templates }, entries: { entryScreen }
        ) { message in
            var link = prefixes.chain(for: message)
            while let pattern = prefixes.next(&link, for: message) {
                if laterTexts.allow(pattern, for: message) { return true }
            }
            return false
        }
    }

    /// What is known of messages of which nobody knows who wrote them; `nil` where some pattern would
    /// have to be tried on all of them.
    package var entryScreen: EntryScreen? {
        let group = groups.group(PatternScope.any.group)
        guard group.unknown.isEmpty, let triples = Self.triples(of: group.floating.texts)
        else { return nil }
        var beginnings = [UInt64](
            repeating: 0, count: 1 << Int(MessageScreen.hashBits) / 64)
        for member in group.members where entries[member].plan.hasUsefulPrefixes {
            for prefix in entries[member].plan.prefixes {
                Self.set(MessageScreen.hash(Self.word(prefix)), in: &beginnings)
            }
        }
        return EntryScreen(
            triples: triples, beginnings: beginnings, commonness: LiteralScanner.commonness)
    }

    private static func word(_ bytes: [UInt8]) -> UInt32 {
        UInt32(bytes[0]) | UInt32(bytes[1]) << 8 | UInt32(bytes[2]) << 16 | UInt32(bytes[3]) << 24
    }

    private static func set(_ bit: Int, in bits: inout [UInt64]) {
        bits[bit / 64] |= 1 << UInt64(bit % 64)
    }

    /// More would cost every line more than a search for the texts themselves.
    private static let fingerprintLimit = 6

    /// The same where there are few enough for a server's log.
    private static func fingerprints(of texts: [[UInt8]]) -> [[UInt8]]? {
        triples(of: texts).flatMap { $0.count <= fingerprintLimit ? $0 : nil }
    }

    /// The rarest three bytes of each text; `nil` where a text is shorter.
    private static func triples(of texts: [[UInt8]]) -> [[UInt8]]? {
        var out: [[UInt8]] = []
        for text in texts {
            guard text.count >= 3 else { return nil }
            if out.contains(where: { holds(text, $0) }) { continue }
            let starts = 0...(text.count - 3)
            let rarest = starts.min { cost(text, $0) < cost(text, $1) } ?? 0
            out.append(Array(text[rarest..<rarest + 3]))
        }
        return out
    }

    private static func cost(_ text: [UInt8], _ start: Int) -> Int {
        text[start..<start + 3].reduce(1) { $0 * LiteralScanner.commonness($1) }
    }

    private static func holds(_ text: [UInt8], _ triple: [UInt8]) -> Bool {
        text.indices.dropLast(2).contains { Array(text[$0..<$0 + 3]) == triple }
    }
}
