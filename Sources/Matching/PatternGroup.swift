// SPDX-License-Identifier: Apache-2.0

internal import Model
internal import PatternFiles

/// Patterns that are tried together on one sort of message, arranged by what is known of their
/// matches beforehand.
struct PatternGroup: Sendable {
    /// Every pattern of the group, in the order of ids.
    let members: [Int]
    /// Patterns by how their matches begin.
    let prefixes: PrefixTable
    /// Patterns whose matches do not begin with known text but contain some.
    let floating: LiteralScanner
    /// The bytes with which messages for `floating` and `unknown` begin.
    private let floatingFirst: ByteSet
    /// Whether they may be empty.
    private let mayBeEmpty: Bool
    /// Patterns of which nothing is known but perhaps the first byte.
    let unknown: [Int]

    init(members: [Int], of entries: [PatternEntry]) {
        self.members = members
        var dispatched: [(text: [UInt8], owner: Int)] = []
        var scanned: [(text: [UInt8], owner: Int)] = []
        var unknown: [Int] = []
        var first = ByteSet()
        for member in members {
            let plan = entries[member].plan
            if plan.hasUsefulPrefixes {
                for text in plan.prefixes { dispatched.append((text, member)) }
                continue
            }
            first.formUnion(plan.firstBytes)
            if plan.literals.isEmpty {
                unknown.append(member)
            } else {
                for text in plan.literals { scanned.append((text, member)) }
            }
        }
        prefixes = PrefixTable(dispatched)
        floating = LiteralScanner(scanned)
        floatingFirst = first
        self.unknown = unknown
        mayBeEmpty = !unknown.isEmpty
    }

    /// Whether `message` begins as a match of a pattern without a known prefix may begin.
    @inline(__always)
    func mayFloat(_ message: Span<UInt8>) -> Bool {
        message.isEmpty ? mayBeEmpty : floatingFirst.contains(message[0])
    }
}

// MARK: - Which patterns a scope means

extension PatternScope {
    /// Whether patterns of scope `other` are tried on a message of this scope.
    func tries(_ other: PatternScope) -> Bool {
        switch (self, other) {
        // Servers before 3.0 do not name their role, and a sentinel starts as a server does.
        case (.server, .server), (.server, .sentinel), (.sentinel, .server), (.sentinel, .sentinel):
            true
        case (.raw, .raw), (.raw, .server), (.raw, .sentinel): true
        case (.kernel, .kernel), (.systemd, .systemd), (.journald, .journald), (.any, .any): true
        default: false
        }
    }

    /// The place of the scope's group among the catalogue's groups.
    @inline(__always)
    var group: Int {
        switch self {
        case .server, .sentinel: 0
        case .raw: 1
        case .kernel: 2
        case .systemd: 3
        case .journald: 4
        case .any: 5
        }
    }

    /// One scope for each group, in their order.
    static let grouped: [PatternScope] = [.server, .raw, .kernel, .systemd, .journald, .any]
}
