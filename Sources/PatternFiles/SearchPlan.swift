// SPDX-License-Identifier: Apache-2.0

/// What is known of every match of a regex without running it: cheap tests that a text must pass
/// before the regex is tried on it.
///
/// Conservative: a text that the regex matches passes every one of them. Where nothing is sure,
/// the plan says nothing, and the regex is tried on everything.
package struct SearchPlan: Hashable, Sendable {
    /// Every match begins at the first byte of the text.
    package var isAnchored = false
    /// Every matching text begins with one of these; empty where that is not known.
    package var prefixes: [[UInt8]] = []
    /// Every match contains at least one of these; empty where that is not known.
    package var literals: [[UInt8]] = []
    /// Every matching text begins with one of these bytes, or may be empty if it holds them all.
    /// Narrowed only where there are no useful prefixes.
    package var firstBytes = ByteSet.all

    /// Where `prefixes` say little: the last bytes of every matching text, `endingLength` of them,
    /// one of these; empty where that is not known. A line feed at its end does not count.
    package var endings: [[UInt8]] = []

    package init() {}

    /// Bytes of each of `endings`.
    package static let endingLength = 4
    /// A text that begins with so many bytes of a prefix is worth a regex.
    package static let tellingPrefix = 12
    /// Prefixes shorter than this are not worth a dispatch on them.
    package static let usefulPrefix = 4
    /// Literals shorter than this are not looked for.
    package static let usefulLiteral = 3

    /// The plan of `regex`; `literal` is what the pattern's author says every match contains,
    /// for regexes that do not show it.
    package init(regex: String, literal: String? = nil) {
        self = (try? RegexParser.parse(regex)).map { SearchPlan($0) } ?? SearchPlan()
        if literals.isEmpty, let literal, !literal.isEmpty { literals = [Array(literal.utf8)] }
    }

    package init(_ node: RegexNode) {
        isAnchored = node.isAnchored
        literals = LiteralSearch.required(by: node)
        guard isAnchored else { return }
        prefixes = PrefixSearch.prefixes(of: node)
        if hasUsefulPrefixes {
            if prefixes.contains(where: { $0.count < Self.tellingPrefix }) {
                endings = PrefixSearch.endings(of: node)
            }
            return
        }
        let (first, isNullable) = node.firstBytes
        firstBytes = isNullable ? .all : first
    }

    /// Whether the first bytes of a text decide which patterns are tried.
    package var hasUsefulPrefixes: Bool {
        !prefixes.isEmpty && prefixes.allSatisfy { $0.count >= Self.usefulPrefix }
    }

    /// How much sure text a match holds: where two patterns match, the one with more is taken.
    package var weight: Int {
        max(Self.shortest(prefixes), Self.shortest(literals))
    }

    private static func shortest(_ texts: [[UInt8]]) -> Int {
        var shortest = texts.first?.count ?? 0
        for text in texts where text.count < shortest { shortest = text.count }
        return shortest
    }
}

// MARK: - First bytes

extension RegexNode {
    /// The bytes a match can begin with, and whether it can be empty.
    var firstBytes: (ByteSet, isNullable: Bool) {
        switch kind {
        case .byte(let byte): return (ByteSet([byte]), false)
        case .set(let set): return (set, false)
        case .start, .end, .boundary: return (ByteSet(), true)
        case .group(_, let inner): return inner.firstBytes
        case .repeated(let inner, let min, _):
            let (first, isNullable) = inner.firstBytes
            return (first, isNullable || min == 0)
        case .alternation(let nodes):
            return nodes.reduce(into: (ByteSet(), false)) { sum, node in
                let (first, isNullable) = node.firstBytes
                sum.0.formUnion(first)
                sum.1 = sum.1 || isNullable
            }
        case .sequence(let nodes):
            var all = ByteSet()
            for node in nodes {
                let (first, isNullable) = node.firstBytes
                all.formUnion(first)
                if !isNullable { return (all, false) }
            }
            return (all, true)
        }
    }
}

// MARK: - Backwards

extension RegexNode {
    /// What matches the same texts read backwards.
    fileprivate var reversed: RegexNode {
        let reversedKind: Kind =
            switch kind {
            case .byte, .set, .boundary: kind
            case .sequence(let nodes): .sequence(nodes.reversed().map(\.reversed))
            case .alternation(let nodes): .alternation(nodes.map(\.reversed))
            case .group(let name, let inner): .group(name: name, inner.reversed)
            case .repeated(let inner, let min, let max):
                .repeated(inner.reversed, min: min, max: max)
            case .start: .end
            case .end: .start
            }
        return RegexNode(kind: reversedKind, range: range)
    }
}

// MARK: - Prefixes

/// Expands alternations, optional parts and small classes at the start of a regex.
struct PrefixSearch {
    /// Texts that the next piece continues.
    private var open: [[UInt8]] = [[]]
    /// Texts that end where expansion stopped.
    private var closed: [[UInt8]] = []

    private static let countLimit = 64
    private static let lengthLimit = 64
    private static let classLimit = 8

    static func prefixes(of node: RegexNode) -> [[UInt8]] {
        var search = PrefixSearch()
        search.append(node)
        let all = Set(search.open + search.closed)
        if all.contains([]) { return [] }
        // A text that begins with the longer one begins with the shorter one too.
        let shortest = all.filter { text in
            !(1..<text.count).contains { all.contains(Array(text[..<$0])) }
        }
        return shortest.sorted { $0.lexicographicallyPrecedes($1) }
    }

    /// The last bytes of every text that a regex matches; empty where they are not known.
    static func endings(of node: RegexNode) -> [[UInt8]] {
        let backwards = node.reversed
        guard backwards.isAnchored else { return [] }
        let all = prefixes(of: backwards)
        guard all.allSatisfy({ $0.count >= SearchPlan.endingLength }) else { return [] }
        return Set(all.map { Array($0[..<SearchPlan.endingLength].reversed()) })
            .sorted { $0.lexicographicallyPrecedes($1) }
    }

    private mutating func append(_ node: RegexNode) {
        if open.isEmpty { return }
        switch node.kind {
        case .byte(let byte): multiply(by: [byte])
        case .set(let set): set.count <= Self.classLimit ? multiply(by: set.members) : close()
        case .group(_, let inner): append(inner)
        case .sequence(let nodes): for node in nodes { append(node) }
        case .alternation(let nodes): branch(nodes.map { [$0] })
        case .repeated(let inner, let min, let max): repeated(inner, min, max)
        case .start where open != [[]] || !closed.isEmpty: close()
        case .start, .end, .boundary: break
        }
    }

    private mutating func close() {
        closed += open
        open = []
    }

    private mutating func multiply(by bytes: [UInt8]) {
        let isTooMuch = open.count * bytes.count + closed.count > Self.countLimit
        if isTooMuch || bytes.isEmpty || open.contains(where: { $0.count >= Self.lengthLimit }) {
            close()
            return
        }
        open = open.flatMap { text in bytes.map { text + [$0] } }
    }

    private mutating func branch(_ branches: [[RegexNode]]) {
        var result = PrefixSearch()
        result.open = []
        result.closed = closed
        for nodes in branches {
            var one = self
            one.closed = []
            for node in nodes { one.append(node) }
            result.open += one.open
            result.closed += one.closed
        }
        result.open = Array(Set(result.open))
        result.closed = Array(Set(result.closed))
        if result.open.count + result.closed.count > Self.countLimit {
            close()
        } else {
            self = result
        }
    }

    private mutating func repeated(_ inner: RegexNode, _ min: Int, _ max: Int?) {
        for _ in 0..<Swift.min(min, 16) { append(inner) }
        if min > 16 { return close() }
        if max == min { return }
        if max == min + 1 { branch([[inner], []]) } else { close() }
    }
}

// MARK: - Required literals

/// Finds texts one of which stands in every match.
struct LiteralSearch {
    /// The only texts a piece can match, where they are few.
    private typealias Exact = [[UInt8]]

    private static let exactLimit = 16
    private static let lengthLimit = 96
    private static let countLimit = 32

    static func required(by node: RegexNode) -> [[UInt8]] {
        let (exact, required) = knowledge(of: node)
        let best = better(exact.flatMap(usable), required)
        return (best ?? []).sorted { $0.lexicographicallyPrecedes($1) }
    }

    private static func knowledge(of node: RegexNode) -> (exact: Exact?, required: Exact?) {
        switch node.kind {
        case .byte(let byte): return ([[byte]], nil)
        case .set(let set) where (1...4).contains(set.count): return (set.members.map { [$0] }, nil)
        case .set: return (nil, nil)
        case .start, .end, .boundary: return ([[]], nil)
        case .group(_, let inner): return knowledge(of: inner)
        case .sequence(let nodes): return sequence(nodes)
        case .alternation(let nodes): return alternation(nodes)
        case .repeated(let inner, let min, let max): return repeated(inner, min, max)
        }
    }

    /// Joins neighbouring exact pieces into longer texts, and keeps the best set seen.
    private static func sequence(_ nodes: [RegexNode]) -> (exact: Exact?, required: Exact?) {
        var run: Exact = [[]]
        var best: Exact?
        var isExact = true
        for node in nodes {
            let (exact, required) = knowledge(of: node)
            best = better(best, required)
            if let exact, let longer = product(run, exact) {
                run = longer
                continue
            }
            best = better(best, usable(run))
            isExact = false
            run = exact ?? [[]]
        }
        return (isExact ? run : nil, better(best, usable(run)))
    }

    private static func product(_ a: Exact, _ b: Exact) -> Exact? {
        guard a.count * b.count <= exactLimit else { return nil }
        let all = a.flatMap { x in b.map { x + $0 } }
        return all.allSatisfy { $0.count <= lengthLimit } ? all : nil
    }

    private static func alternation(_ nodes: [RegexNode]) -> (exact: Exact?, required: Exact?) {
        var exact: Exact? = []
        var required: Exact? = []
        for node in nodes {
            let (one, needed) = knowledge(of: node)
            exact = exact.flatMap { all in one.map { all + $0 } }
            let best = better(one.flatMap(usable), needed)
            required = required.flatMap { all in best.map { all + $0 } }
        }
        return (
            exact.flatMap { $0.count <= exactLimit ? Array(Set($0)) : nil },
            required.flatMap { $0.count <= countLimit ? Array(Set($0)) : nil }
        )
    }

    private static func repeated(
        _ inner: RegexNode, _ min: Int, _ max: Int?
    ) -> (exact: Exact?, required: Exact?) {
        let (exact, required) = knowledge(of: inner)
        if min == 0 { return (max == 1 ? exact.map { Array(Set($0 + [[]])) } : nil, nil) }
        if min == 1, max == 1 { return (exact, required) }
        return (nil, better(exact.flatMap(usable), required))
    }

    /// The set itself if each of its texts is long enough to be looked for.
    private static func usable(_ set: Exact) -> Exact? {
        let isUsable = !set.isEmpty && set.allSatisfy { $0.count >= SearchPlan.usefulLiteral }
        return isUsable ? set : nil
    }

    /// Longer texts are better, fewer are better.
    private static func better(_ a: Exact?, _ b: Exact?) -> Exact? {
        guard let a else { return b }
        guard let b else { return a }
        return score(b) > score(a) ? b : a
    }

    private static func score(_ set: Exact) -> Int {
        2 * Swift.min(set.map(\.count).min() ?? 0, 24) - set.count
    }
}
