// SPDX-License-Identifier: Apache-2.0

internal import Model

/// A run of text within a line. All text is literal: renderers escape it for their target.
package enum Inline: Hashable, Sendable {
    case text(String)
    case strong(String, Tone)
    /// A command, a name or a piece of a log, as it stands.
    case code(String)
    /// Only to addresses of our own, never to what a log says.
    case link(String, to: String)

    /// What the reader sees of the run.
    package var plain: String {
        switch self {
        case .text(let text), .strong(let text, _), .code(let text), .link(let text, to: _): text
        }
    }
}

/// What a run or a row means, for targets that have colours.
package enum Tone: String, Hashable, Sendable {
    case plain, failure, warning, recovery, muted
}

/// One or more sentences, as runs. Interpolate `\(code: …)` and `\(strong: …)`.
package struct Prose: Hashable, Sendable {
    package var runs: [Inline]

    package init(_ runs: [Inline] = []) { self.runs = runs }

    package var isEmpty: Bool { runs.allSatisfy { $0.plain.isEmpty } }
    package var plain: String { runs.map(\.plain).joined() }
}

// MARK: - Composition

extension Prose {
    package static func + (a: Prose, b: Prose) -> Prose { Prose(a.runs + b.runs) }
    package static func += (a: inout Prose, b: Prose) { a.runs += b.runs }

    /// The sentences, with one space between them; empty ones are left out.
    package static func sentences(_ sentences: [Prose]) -> Prose {
        sentences.filter { !$0.isEmpty }.reduce(Prose()) { $0.isEmpty ? $1 : $0 + " " + $1 }
    }

    /// `a`, `a and b`, `a, b and c`.
    package static func list(_ items: [Prose], _ conjunction: String = "and") -> Prose {
        guard let last = items.last else { return Prose() }
        guard items.count > 1 else { return last }
        let head = items.dropLast().reduce(Prose()) { $0.isEmpty ? $1 : $0 + ", " + $1 }
        return head + " \(conjunction) " + last
    }
}

extension Prose: ExpressibleByStringInterpolation {
    package init(stringLiteral text: String) { self.init([.text(text)]) }
    package init(stringInterpolation: Interpolation) { self.init(stringInterpolation.runs) }

    package struct Interpolation: StringInterpolationProtocol {
        var runs: [Inline] = []

        package init(literalCapacity: Int, interpolationCount: Int) {}

        package mutating func appendLiteral(_ text: String) {
            if !text.isEmpty { runs.append(.text(text)) }
        }
        package mutating func appendInterpolation(_ text: String) { appendLiteral(text) }
        package mutating func appendInterpolation(_ number: Int) { appendLiteral(grouped(number)) }
        package mutating func appendInterpolation(_ prose: Prose) { runs += prose.runs }
        package mutating func appendInterpolation(code: String) { runs.append(.code(code)) }
        package mutating func appendInterpolation(strong: String, _ tone: Tone = .plain) {
            runs.append(.strong(strong, tone))
        }
    }
}
