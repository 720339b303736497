// SPDX-License-Identifier: Apache-2.0

internal import PatternFiles

/// For patterns that begin like many other messages: texts of which a message must contain one.
///
/// `Client closed connection …` and `Client … scheduled to be closed ASAP …` differ late; a search
/// that leaps by the length of what it looks for (Horspool, 1980) tells them apart sooner than a
/// regex does. All patterns share three arrays, so that asking touches no reference count.
struct LaterTexts: Sendable {
    private struct Entry: Sendable {
        /// The text in `pool`, and its 64 leaps in `leaps`.
        var start: Int32
        var length: Int32
        var leap: Int32
        /// The next text of the same pattern; -1 ends the chain.
        var next: Int32
    }

    /// The first text of each pattern; -1 where nothing is looked for.
    private var heads: [Int32] = []
    private var entries: [Entry] = []
    private var pool: [UInt8] = []
    /// For each value of a byte's low six bits: how far the text may move when such a byte stands
    /// at its end.
    private var leaps: [UInt8] = []

    /// One plan for each pattern, in the order of their indices.
    init(_ plans: [SearchPlan]) {
        heads.reserveCapacity(plans.count)
        for plan in plans {
            heads.append(-1)
            if Self.isWanted(for: plan) {
                for text in plan.literals { add(text) }
            }
        }
    }

    private static func isWanted(for plan: SearchPlan) -> Bool {
        guard plan.hasUsefulPrefixes,
            plan.prefixes.contains(where: { $0.count < SearchPlan.tellingPrefix })
        else { return false }
        return !plan.prefixes.allSatisfy { prefix in
            plan.literals.contains { stands($0, in: prefix) }
        }
    }

    private static func stands(_ text: [UInt8], in bytes: [UInt8]) -> Bool {
        text.count <= bytes.count
            && (0...bytes.count - text.count).contains { bytes[$0...].starts(with: text) }
    }

    private mutating func add(_ text: [UInt8]) {
        var leaps = [UInt8](repeating: UInt8(clamping: text.count), count: 64)
        for (i, byte) in text.dropLast().enumerated() {
            leaps[Int(byte & 63)] = UInt8(clamping: text.count - 1 - i)
        }
        entries.append(
            Entry(
                start: Int32(pool.count), length: Int32(text.count), leap: Int32(self.leaps.count),
                next: heads[heads.count - 1]))
        heads[heads.count - 1] = Int32(entries.count - 1)
        pool += text
        self.leaps += leaps
    }
}

// MARK: - Asking

extension LaterTexts {
    /// Whether one of the texts of `pattern` stands in `message`, or it has none.
    func allow(_ pattern: Int, for message: Span<UInt8>) -> Bool {
        var link = heads[pattern]
        if link < 0 { return true }
        while link >= 0 {
            let entry = entries[Int(link)]
            if stands(entry, in: message) { return true }
            link = entry.next
        }
        return false
    }

    private func stands(_ entry: Entry, in bytes: Span<UInt8>) -> Bool {
        let first = Int(entry.start)
        let last = Int(entry.length) - 1
        let leap = Int(entry.leap)
        var end = last
        while end < bytes.count {
            var back = 0
            while back <= last, bytes[end - back] == pool[first + last - back] { back += 1 }
            if back > last { return true }
            end += Int(leaps[leap + Int(bytes[end] & 63)])
        }
        return false
    }
}
