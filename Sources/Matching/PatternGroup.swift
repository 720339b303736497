// SPDX-License-Identifier: Apache-2.0

internal import Model
internal import PatternFiles

/// Patterns that are tried together on one sort of message, arranged by what is known of their
/// matches beforehand.
struct PatternGroup: Sendable {
    /// Every pattern of the group, the most specific first.
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
        self.members = members.sorted { isMoreSpecific($0, $1, in: entries) }
        var dispatched: [(text: [UInt8], owner: Int)] = []
        var scanned: [(text: [UInt8], owner: Int)] = []
        var unknown: [Int] = []
        var first = ByteSet()
        for member in members {
            let plan = entries[member].plan
            if plan.hasUsefulPrefixes {
                dispatched += plan.prefixes.map { ($0, member) }
                continue
            }
            first.formUnion(plan.firstBytes)
            if plan.literals.isEmpty {
                unknown.append(member)
            } else {
                scanned += plan.literals.map { ($0, member) }
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

/// Where two patterns match one message, the one with the longer sure text is taken; among
/// equals, the one whose id comes first. Indices are in the order of ids.
func isMoreSpecific(_ a: Int, _ b: Int, in entries: [PatternEntry]) -> Bool {
    let (x, y) = (entries[a].plan.weight, entries[b].plan.weight)
    return x != y ? x > y : a < b
}

// MARK: - Which patterns a scope means

extension PatternScope {
    /// The scopes of the patterns that are tried on a message of this scope.
    var tried: [PatternScope] {
        switch self {
        // Servers before 3.0 do not name their role, and a sentinel starts as a server does.
        case .server, .sentinel: [.server, .sentinel]
        case .raw: [.raw, .server, .sentinel]
        case .kernel: [.kernel]
        case .systemd: [.systemd]
        case .journald: [.journald]
        case .any: [.any]
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
