// SPDX-License-Identifier: Apache-2.0
// Purpose: what is said about the matches of a regex is never wrong, on cases by hand, on texts
// generated from random regexes, and on every example of the catalogue.

import Foundation
import PatternFiles
import Testing

@Suite struct SearchPlanTests {
    private func texts(_ bytes: [[UInt8]]) -> [String] {
        bytes.map { String(decoding: $0, as: UTF8.self) }
    }

    @Test(arguments: [
        ("^abcd", ["abcd"]),
        ("^(?:Slave|Replica) x", ["Replica x", "Slave x"]),
        ("^ab(?:cd)?ef", ["abcdef", "abef"]),
        (#"^ab\.c\d+x"#, ["ab.c"]),
        ("^[Cc]an't", ["Can't", "can't"]),
        ("^ab+c", ["ab"]),
        ("^a{3}b", ["aaab"]),
        ("^a*b", []),
        ("abc", []),
        ("^abc|def", []),
        ("^abc|^def", ["abc", "def"]),
        ("^(?:ab|abc)d", ["abcd", "abd"]),
        ("^(?:ab|abc)", ["ab"]),
        ("^.x", []),
        ("^x(?<n>.*)", ["x"]),
        ("(?i)^abcd", []),
        ("^abc(?=d)", []),
    ])
    func prefixes(regex: String, expected: [String]) {
        #expect(texts(SearchPlan(regex: regex).prefixes) == expected)
    }

    @Test(arguments: [
        ("abcd", ["abcd"]),
        (#"^\d+ changes in \d+ seconds\."#, [" changes in "]),
        ("a|b", []),
        ("alpha|beta", ["alpha", "beta"]),
        ("(?:alpha)?gamma", ["alphagamma", "gamma"]),
        ("(?:alpha)*gamma", ["gamma"]),
        ("(?:alpha)+x", ["alpha"]),
        (#"\d+"#, []),
        ("errno(?:=| = |: )12", ["errno = 12", "errno: 12", "errno=12"]),
        (#"abc\Qdef"#, []),
    ])
    func literals(regex: String, expected: [String]) {
        #expect(texts(SearchPlan(regex: regex).literals) == expected)
    }

    @Test func aStatedLiteralHelpsWhereNoneShows() {
        #expect(texts(SearchPlan(regex: #"\w+(?=x)"#, literal: "word").literals) == ["word"])
        #expect(texts(SearchPlan(regex: "seen", literal: "word").literals) == ["seen"])
    }

    /// Texts that a regex matches, drawn from the regex itself, pass every test of its plan.
    @Test func generatedMatchesPass() throws {
        var random = Lehmer(state: 7)
        for _ in 0..<1000 {
            let regex = (Bool.random(using: &random) ? "^" : "") + Self.regex(depth: 3, &random)
            let node = try RegexParser.parse(regex)
            let plan = SearchPlan(node)
            for _ in 0..<12 {
                let text = Self.text(of: node, &random)
                #expect(
                    Self.passes(text, plan),
                    "\(regex) against \(String(decoding: text, as: UTF8.self))")
            }
        }
    }

    private static func passes(_ text: [UInt8], _ plan: SearchPlan) -> Bool {
        let first = text.first.map(plan.firstBytes.contains) ?? (plan.firstBytes == .all)
        let begins = plan.prefixes.isEmpty || plan.prefixes.contains { text.starts(with: $0) }
        let holds = plan.literals.isEmpty || plan.literals.contains { find($0, in: text) }
        return first && begins && holds
    }

    private static func find(_ literal: [UInt8], in text: [UInt8]) -> Bool {
        text.indices.contains { text[$0...].starts(with: literal) }
    }

    private static func regex(depth: Int, _ random: inout Lehmer) -> String {
        let count = Int.random(in: 1...4, using: &random)
        return (0..<count).map { _ in piece(depth: depth, &random) }.joined()
    }

    private static func piece(depth: Int, _ random: inout Lehmer) -> String {
        let atoms = ["abc", "de", "f", #"\d"#, "[xyz]", ".", "[^a]", "long literal", #"\."#, ""]
        let quantifiers = ["", "", "", "?", "*", "+", "{2}", "{1,3}", "??", "{0,2}"]
        let quantifier = quantifiers.randomElement(using: &random) ?? ""
        guard depth > 0, Int.random(in: 0..<3, using: &random) == 0 else {
            let atom = atoms.randomElement(using: &random) ?? ""
            return atom.isEmpty ? "" : atom + quantifier
        }
        let branches = (0..<Int.random(in: 1...3, using: &random)).map { _ in
            regex(depth: depth - 1, &random)
        }
        return "(?:" + branches.joined(separator: "|") + ")" + quantifier
    }

    /// A text that `node` matches.
    private static func text(of node: RegexNode, _ random: inout Lehmer) -> [UInt8] {
        switch node.kind {
        case .byte(let byte): return [byte]
        case .set(let set): return [set.members.randomElement(using: &random) ?? 0]
        case .start, .end, .boundary: return []
        case .group(_, let inner): return text(of: inner, &random)
        case .sequence(let nodes): return nodes.flatMap { text(of: $0, &random) }
        case .alternation(let nodes):
            return nodes.randomElement(using: &random).map { text(of: $0, &random) } ?? []
        case .repeated(let inner, let min, let max):
            let times = Int.random(in: min...(max ?? min + 3), using: &random)
            return (0..<times).flatMap { _ in text(of: inner, &random) }
        }
    }

    @Test func everyExampleOfTheCataloguePasses() throws {
        for text in patternTexts() {
            guard let definition = PatternFile.read(text).file?.definition else { continue }
            let plan = SearchPlan(regex: definition.regex, literal: definition.literal)
            for example in definition.matches {
                let line = Array(example.line.utf8)
                // The header stands before the message, so the prefix may stand anywhere here.
                #expect(
                    plan.literals.isEmpty || plan.literals.contains { Self.find($0, in: line) },
                    "\(definition.id)")
                #expect(
                    plan.prefixes.isEmpty || plan.prefixes.contains { Self.find($0, in: line) },
                    "\(definition.id)")
            }
        }
    }
}

/// A small generator with a seed, so that failures can be repeated.
struct Lehmer: RandomNumberGenerator {
    var state: UInt64
    mutating func next() -> UInt64 {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return state ^ state >> 29
    }
}

@Suite struct RegexParserTests {
    @Test(arguments: [
        ("a(b)", 1, "without a name"),
        ("(?=a)", 0, "special group"),
        ("(?<!a)", 0, "special group"),
        ("(?>a)", 0, "special group"),
        (#"(?<a>x)\1"#, 7, "escape"),
        ("a**", 2, "after a quantifier"),
        ("*a", 0, "nothing before"),
        ("(?:a", 0, "never closed"),
        ("a)", 1, "closes nothing"),
        ("[abc", 0, "never closed"),
        ("[[:digit:]]", 1, "POSIX"),
        ("[z-a]", 4, "range"),
        ("a{,3}", 2, "bounds"),
        ("(*UTF)a", 0, "VERB"),
        (#"a\"#, 1, "backslash"),
        (#"\Qa\E"#, 0, "escape"),
        ("^*", 2, "anchor"),
    ])
    func whatIsNotAllowedIsPlaced(regex: String, offset: Int, message: String) {
        do {
            _ = try RegexParser.parse(regex)
            Issue.record("\(regex) was read")
        } catch {
            #expect(error.offset == offset, "\(error.message)")
            #expect(error.message.contains(message), "\(error.message)")
        }
    }

    @Test func groupsAreNamedInOrder() throws {
        let node = try RegexParser.parse("(?<a>x(?<b>y)?)|(?P<c>z)")
        #expect(node.groupNames == ["a", "b", "c"])
    }

    @Test(arguments: [
        ("(?:a+)+", true), ("(?:a+b)*", true), ("(?:a|b*)+", true), ("(?:a+)?b+", false),
        ("(?:ab){2,3}", false),
    ])
    func nestedRepetitionsAreFound(regex: String, isNested: Bool) throws {
        #expect((try RegexParser.parse(regex).nestedRepetition() != nil) == isNested)
    }

    @Test func deepNestingIsAnError() {
        let regex = String(repeating: "(?:", count: 5000) + String(repeating: ")", count: 5000)
        #expect(throws: RegexSyntaxError.self) { try RegexParser.parse(regex) }
    }
}
