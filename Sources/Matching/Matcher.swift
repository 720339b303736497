// SPDX-License-Identifier: Apache-2.0

package import Model
internal import PCRE2
internal import PatternFiles

/// Says which pattern a message matches. One per thread: it keeps compiled patterns, room for
/// captures, and counts.
///
/// Nearly all messages of a log match nothing, and are turned away by their first four bytes; a
/// regex runs only where everything that is known of its matches is there.
package struct Matcher: ~Copyable {
    let catalogue: Catalogue
    private let usePrefilter: Bool
    /// The catalogue's groups, as far as messages of their scopes have come.
    private var groups: [PatternGroup]
    private var hasGroup: [Bool]
    /// Finds server messages inside lines whose beginning is not understood.
    private var serverPrefixes: LiteralScanner?
    private var compiled: [Compiled]
    private var data: MatchData
    private var candidates: [Candidate] = []

    /// For each named group of the pattern that matched last, in group order: start and end in
    /// the message, moved by `origin`; both -1 where the group took no part.
    package private(set) var captures: [Int32] = []
    /// What was done so far.
    package private(set) var counters = MatchCounters()

    /// Messages are matched by their first bytes only, so that no line can take long. Servers cut
    /// theirs at 1,023 bytes (redis 2.4.18 … 8.6.3, src/server.h, `LOG_MAX_LEN`).
    package static let messageLimit = 8192
    /// Places of one message at which a regex is tried.
    private static let candidateLimit = 64

    /// `usePrefilter: false` tries every pattern on every message: slow, with the same results.
    package init(_ catalogue: Catalogue, usePrefilter: Bool = true) {
        self.catalogue = catalogue
        self.usePrefilter = usePrefilter
        let count = PatternScope.grouped.count
        groups = Array(repeating: PatternGroup(members: [], of: []), count: count)
        hasGroup = Array(repeating: false, count: count)
        compiled = Array(repeating: .untried, count: catalogue.entries.count)
        data = MatchData()
        candidates.reserveCapacity(Self.candidateLimit)
        captures.reserveCapacity(2 * Pattern.groupLimit)
    }

    /// A pattern and the part of the message on which it is to be tried.
    private struct Candidate {
        var pattern: Int
        var start: Int
        var end: Int
    }

    private enum Compiled {
        case untried
        case ready(CompiledPattern)
        /// The regex does not compile. `Catalogue` and the tests see to it that none is left.
        case broken
    }
}

/// A class because an array cannot hold noncopyable values.
private final class CompiledPattern {
    let pattern: Pattern
    init(_ regex: String) throws(PatternError) { pattern = try Pattern(regex) }
}

/// What a matcher has done.
package struct MatchCounters: Hashable, Sendable {
    /// Messages that it was asked about.
    package var messages = 0
    /// Pairs of message and pattern that passed the prefilter.
    package var candidates = 0
    /// Runs of a regex.
    package var regexCalls = 0
    package var matches = 0
    /// Regexes given up because they took too much time or memory.
    package var limitHits = 0

    package init() {}

    package static func += (a: inout MatchCounters, b: MatchCounters) {
        a.messages += b.messages
        a.candidates += b.candidates
        a.regexCalls += b.regexCalls
        a.matches += b.matches
        a.limitHits += b.limitHits
    }
}

// MARK: - Matching

extension Matcher {
    /// The index in `Catalogue.patterns` of the pattern that `message` matches, if any.
    ///
    /// Scopes: `.server` and `.sentinel` try the patterns of both; `.raw` tries those of `.raw`,
    /// `.server` and `.sentinel`, then those of `.any`; the others try their own.
    /// `origin` is added to the captures: where the message begins in its line. `mayFloat` is false
    /// where it is known that `message` holds no text of a pattern which need not begin with it
    /// (`Catalogue.screen`).
    package mutating func match(
        _ message: Span<UInt8>, scope: PatternScope, origin: Int = 0, mayFloat: Bool = true
    ) -> Int? {
        counters.messages &+= 1
        let group = scope.group
        let found = match(message, group: group, origin: origin, mayFloat: mayFloat)
        if let found { return found }
        guard case .raw = scope else { return nil }
        return match(message, group: PatternScope.any.group, origin: origin, mayFloat: true)
    }

    /// The same for a message inside its line, with captures relative to the line.
    package mutating func match(
        line: Span<UInt8>, message: Range<Int>, scope: PatternScope
    ) -> Int? {
        match(line.extracting(message), scope: scope, origin: message.lowerBound)
    }

    private mutating func match(
        _ message: Span<UInt8>, group: Int, origin: Int, mayFloat: Bool
    ) -> Int? {
        if !hasGroup[group] {
            groups[group] = catalogue.groups.group(group)
            hasGroup[group] = true
        }
        guard usePrefilter else {
            takeAll(message, group: group)
            return confirm(message, origin: origin)
        }
        let chain = groups[group].prefixes.chain(for: message)
        let isFloating = mayFloat && groups[group].mayFloat(message)
        guard chain >= 0 || isFloating else { return nil }
        if !candidates.isEmpty { candidates.removeAll(keepingCapacity: true) }
        if chain >= 0 { collectDispatched(message, group: group, chain: chain) }
        if isFloating { collectFloating(message, group: group) }
        return candidates.isEmpty ? nil : confirm(message, origin: origin)
    }
}

// MARK: - Candidates

extension Matcher {
    private mutating func collectDispatched(_ message: Span<UInt8>, group: Int, chain: Int32) {
        var link = chain
        while let pattern = groups[group].prefixes.next(&link, for: message) {
            if catalogue.laterTexts.allow(pattern, for: message) {
                insert(pattern, message, near: 0)
            }
        }
    }

    private mutating func collectFloating(_ message: Span<UInt8>, group: Int) {
        for i in groups[group].unknown.indices {
            let pattern = groups[group].unknown[i]
            if passesFirstByte(message, pattern) { insert(pattern, message, near: 0) }
        }
        var cursor = groups[group].floating.cursor(from: 0)
        while let hit = groups[group].floating.next(in: message, &cursor) {
            if passesFirstByte(message, hit.owner) { insert(hit.owner, message, near: hit.start) }
        }
    }

    private mutating func takeAll(_ message: Span<UInt8>, group: Int) {
        candidates.removeAll(keepingCapacity: true)
        for pattern in groups[group].members {
            candidates.append(candidate(pattern, message, near: 0))
        }
        candidates.sort { catalogue.isMoreSpecific($0.pattern, than: $1.pattern) }
    }

    /// Keeps the most specific pattern first.
    private mutating func insert(_ pattern: Int, _ message: Span<UInt8>, near place: Int) {
        guard candidates.count < Self.candidateLimit else { return }
        let candidate = candidate(pattern, message, near: place)
        var i = candidates.count
        while i > 0 {
            let other = candidates[i - 1]
            if other.pattern == pattern, other.start == candidate.start { return }
            if !catalogue.isMoreSpecific(pattern, than: other.pattern) { break }
            i -= 1
        }
        candidates.insert(candidate, at: i)
    }

    /// A short message is tried whole. Of a longer one, an anchored pattern sees the beginning,
    /// and one that is not anchored what stands around its literal.
    private func candidate(
        _ pattern: Int, _ message: Span<UInt8>, near place: Int
    ) -> Candidate {
        let limit = Self.messageLimit
        let isWhole = message.count <= limit || catalogue.entries[pattern].plan.isAnchored
        let start = isWhole ? 0 : max(0, place - limit / 4) / (limit / 4) * (limit / 4)
        return Candidate(pattern: pattern, start: start, end: min(message.count, start + limit))
    }

    private func passesFirstByte(_ message: Span<UInt8>, _ pattern: Int) -> Bool {
        let first = catalogue.entries[pattern].plan.firstBytes
        return message.isEmpty ? first.count == 256 : first.contains(message[0])
    }
}

// MARK: - Confirmation

extension Matcher {
    private mutating func confirm(_ message: Span<UInt8>, origin: Int) -> Int? {
        counters.candidates &+= candidates.count
        for candidate in candidates {
            let subject = message.extracting(candidate.start..<candidate.end)
            if run(candidate.pattern, on: subject, origin: origin + candidate.start) {
                counters.matches &+= 1
                return candidate.pattern
            }
        }
        return nil
    }

    private mutating func run(_ pattern: Int, on subject: Span<UInt8>, origin: Int) -> Bool {
        if case .untried = compiled[pattern] { compile(pattern) }
        guard case .ready(let box) = compiled[pattern] else { return false }
        counters.regexCalls &+= 1
        switch data.match(box.pattern, in: subject) {
        case .matched:
            captures.removeAll(keepingCapacity: true)
            data.appendCaptures(to: &captures, origin: origin)
            return true
        case .limitHit:
            counters.limitHits &+= 1
            return false
        case .noMatch, .failed: return false
        }
    }

    private mutating func compile(_ pattern: Int) {
        do {
            compiled[pattern] = .ready(try CompiledPattern(catalogue.entries[pattern].regex))
        } catch {
            compiled[pattern] = .broken
        }
    }
}

// MARK: - Lines that are not understood

extension Matcher {
    /// A pattern and where its message begins.
    package struct Found: Hashable, Sendable {
        package var pattern: Int
        package var start: Int
    }

    /// The first place of `line`, from `start` on, at which a server's message begins that a
    /// pattern matches: for lines with a prefix that nobody knows. Captures are relative to the
    /// line.
    package mutating func search(line: Span<UInt8>, from start: Int = 0) -> Found? {
        var place = start
        for _ in 0..<Self.candidateLimit {
            guard let next = nextServerPrefix(in: line, from: place) else { return nil }
            let rest = next..<min(line.count, next + Self.messageLimit)
            if let pattern = match(line: line, message: rest, scope: .server) {
                return Found(pattern: pattern, start: next)
            }
            place = next + 1
        }
        return nil
    }

    /// The first place from `start` on at which a text stands that server messages begin with, at
    /// the start of the line or after something that is no letter and no digit.
    package mutating func nextServerPrefix(in line: Span<UInt8>, from start: Int = 0) -> Int? {
        let prefixes = serverPrefixes ?? catalogue.groups.serverPrefixes
        serverPrefixes = prefixes
        var cursor = prefixes.cursor(from: start)
        while let hit = prefixes.next(in: line, &cursor) {
            if hit.start == 0 || !line[hit.start - 1].isWord { return hit.start }
        }
        return nil
    }
}

extension UInt8 {
    /// A letter, a digit, or part of a character beyond ASCII.
    fileprivate var isWord: Bool {
        let letter = self | 0x20
        return self >= 0x80 || (letter >= UInt8(ascii: "a") && letter <= UInt8(ascii: "z"))
            || (self >= UInt8(ascii: "0") && self <= UInt8(ascii: "9"))
    }
}
