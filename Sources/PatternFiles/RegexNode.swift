// SPDX-License-Identifier: Apache-2.0

/// A piece of a regular expression, as far as the catalogue's simple syntax goes.
package struct RegexNode: Hashable, Sendable {
    package indirect enum Kind: Hashable, Sendable {
        case byte(UInt8)
        /// One byte of a set: a class, an escape such as `\d`, or `.`.
        case set(ByteSet)
        case sequence([RegexNode])
        case alternation([RegexNode])
        /// `name` is nil for a group that does not capture.
        case group(name: String?, RegexNode)
        /// `max` is nil where there is no bound.
        case repeated(RegexNode, min: Int, max: Int?)
        /// `^` or `\A`
        case start
        /// `$`, `\z` or `\Z`
        case end
        /// `\b` or `\B`
        case boundary
    }

    package var kind: Kind
    /// The bytes of the expression that it was read from.
    package var range: Range<Int>

    package init(kind: Kind, range: Range<Int>) {
        self.kind = kind
        self.range = range
    }
}

/// Syntax that the catalogue does not use, or that is wrong. The expression may still be good
/// PCRE2: it is then used without any knowledge of its literals.
package struct RegexSyntaxError: Error, Hashable, Sendable {
    /// Bytes before the place.
    package var offset: Int
    package var message: String

    package init(offset: Int, message: String) {
        self.offset = offset
        self.message = message
    }
}

// MARK: - Questions

extension RegexNode {
    /// The names of the capturing groups in the order of their numbers.
    package var groupNames: [String] {
        switch kind {
        case .group(let name, let inner): (name.map { [$0] } ?? []) + inner.groupNames
        case .sequence(let nodes), .alternation(let nodes): nodes.flatMap(\.groupNames)
        case .repeated(let inner, _, _): inner.groupNames
        case .byte, .set, .start, .end, .boundary: []
        }
    }

    /// Whether every match begins at the start of the subject.
    package var isAnchored: Bool {
        switch kind {
        case .start: return true
        case .group(_, let inner): return inner.isAnchored
        case .alternation(let nodes): return nodes.allSatisfy(\.isAnchored)
        case .repeated(let inner, let min, _): return min >= 1 && inner.isAnchored
        case .sequence(let nodes):
            for node in nodes {
                if node.isAnchored { return true }
                if node.kind != .boundary { return false }
            }
            return false
        case .byte, .set, .end, .boundary: return false
        }
    }

    /// The first unbounded repetition inside an unbounded repetition: a regex that can take
    /// exponential time.
    package func nestedRepetition(inside: Bool = false) -> RegexNode? {
        switch kind {
        case .repeated(let inner, _, let max):
            let isUnbounded = max.map { $0 > 64 } ?? true
            if isUnbounded, inside { return self }
            return inner.nestedRepetition(inside: inside || isUnbounded)
        case .group(_, let inner): return inner.nestedRepetition(inside: inside)
        case .sequence(let nodes), .alternation(let nodes):
            return nodes.lazy.compactMap { $0.nestedRepetition(inside: inside) }.first
        case .byte, .set, .start, .end, .boundary: return nil
        }
    }
}
