// SPDX-License-Identifier: Apache-2.0
// Purpose: every message of the surveyed releases gives the event that the coverage tables say,
// and the same words in another order give none.

import Foundation
import Matching
import Model
import Testing

@Suite struct CoverageTests {
    /// One row of `Patterns/coverage/*.tsv`.
    struct Row: Sendable {
        var place: String
        var products: [String]
        var category: String
        var format: String
        var arguments: [String]
        /// An event kind; `none`, or `reply` for what a server says to its client alone.
        var event: String
        /// What the event says: captures, and the constants that `Bench` compares.
        var captures: [String: String]
    }

    private static func rows() throws -> [Row] {
        let folder = repositoryFolder("Patterns/coverage")
        let names = try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
        return try names.filter { $0.hasSuffix(".tsv") }.flatMap { name in
            let text = String(
                decoding: FileManager.default.contents(atPath: folder + "/" + name) ?? Data(),
                as: UTF8.self)
            let lines = text.split(separator: "\n").enumerated().dropFirst()
            return try lines.map { try row($0.element, place: "\(name):\($0.offset + 1)") }
        }
    }

    private static func row(_ line: Substring, place: String) throws -> Row {
        let cells = line.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
        try #require(cells.count == 8, "\(place): \(cells.count) columns")
        let arguments = try JSONSerialization.jsonObject(with: Data(cells[5].utf8)) as? [Any]
        let captures =
            try JSONSerialization.jsonObject(with: Data(cells[7].utf8)) as? [String: String]
        return Row(
            place: place, products: cells[0].split(separator: ",").map(String.init),
            category: cells[3], format: cells[4],
            arguments: try #require(arguments, "\(place)").map { "\($0)" }, event: cells[6],
            captures: try #require(captures, "\(place)"))
    }

    /// A client may log a reply, and some server may log the same words: those have a row too.
    @Test func noReplyIsTakenForALogMessage() throws {
        var bench = Bench()
        let rows = try Self.rows()
        let logged = Set(rows.filter { !["reply", "none"].contains($0.event) }.map(\.format))
        let replies = rows.filter { $0.event == "reply" && !logged.contains($0.format) }
        #expect(!replies.isEmpty)
        for row in replies {
            let text = try #require(
                rendered(row.format, row.arguments, braces: false),
                "\(row.place): the arguments do not fit")
            bench.checkReply(row, text)
        }
    }

    @Test func everyMessageGivesItsEvent() throws {
        var bench = Bench()
        var tally: [String: (covered: Int, silent: Int)] = [:]
        for row in try Self.rows() where row.event != "reply" {
            let text = try #require(
                rendered(row.format, row.arguments, braces: row.products == ["dragonfly"]),
                "\(row.place): the arguments do not fit")
            bench.check(row, text)
            for product in row.products {
                tally["\(product) \(row.category)", default: (0, 0)].covered +=
                    row.event == "none" ? 0 : 1
                tally["\(product) \(row.category)", default: (0, 0)].silent +=
                    row.event == "none" ? 1 : 0
            }
        }
        print("coverage: product category, messages with an event, messages without")
        for (key, count) in tally.sorted(by: { $0.key < $1.key }) {
            print("  \(key): \(count.covered), \(count.silent)")
        }
    }
}

// MARK: - Trying one row

private struct Bench: ~Copyable {
    private var matcher = Matcher(.builtIn)
    private let patterns = Catalogue.builtIn.patterns

    /// These constants of a pattern are compared for every row, others where the row names them.
    private static let comparedConstants: Set = ["operation", "proves"]

    struct Hit: Equatable {
        var id: String
        var kind: String
        var scope: PatternScope
        var captures: [String: String]
        var constants: [String: String]

        func says(_ expected: [String: String]) -> Bool {
            let named = constants.filter {
                Bench.comparedConstants.contains($0.key) || expected[$0.key] != nil
            }
            return captures.merging(named) { captured, _ in captured } == expected
        }
    }

    /// Behind a server's header a reply may give at most what a pattern of any line gives.
    mutating func checkReply(_ row: CoverageTests.Row, _ text: String) {
        let wrong = hits(text, firstLine: .server).filter { $0.scope != .any }
        #expect(wrong == [], "\(row.place): \(text)")
    }

    mutating func check(_ row: CoverageTests.Row, _ text: String) {
        let headed = hits(text, firstLine: .server)
        let bare = hits(text, firstLine: .raw)
        if row.event == "none" {
            #expect(headed == [] && bare == [], "\(row.place): \(text)")
            return
        }
        for hits in [headed, bare] {
            // Some patterns want no header; then it is enough that the bare line gives the event.
            if hits.isEmpty, bare.contains(where: { [.raw, .any].contains($0.scope) }) { continue }
            let isRight =
                hits.count == 1 && hits[0].kind == row.event && hits[0].says(row.captures)
            #expect(
                isRight, "\(row.place): \(text) gave \(hits), expected \(row.event) \(row.captures)"
            )
        }
        for words in shuffled(text) {
            #expect(hits(words, firstLine: .raw) == [], "\(row.place): shuffled words: \(words)")
        }
    }

    /// What the lines of a message give. Only the first has the header.
    private mutating func hits(_ text: String, firstLine: PatternScope) -> [Hit] {
        var hits: [Hit] = []
        for (i, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated()
        {
            let message = Array(line.utf8.filter { $0 != 0x0D })
            guard let index = matcher.match(message.span, scope: i == 0 ? firstLine : .raw) else {
                continue
            }
            let pattern = patterns[index]
            hits.append(
                Hit(
                    id: pattern.id, kind: pattern.kind.rawValue, scope: pattern.scope,
                    captures: captures(matcher.captures, of: pattern, in: message),
                    constants: Dictionary(
                        uniqueKeysWithValues: pattern.constants.map { ($0.name, $0.text) })))
        }
        return hits
    }

    /// The words backwards, and odd before even ones.
    private func shuffled(_ text: String) -> [String] {
        let words = text.split(whereSeparator: \.isWhitespace)
        let backwards = Array(words.reversed())
        let odd = words.indices.filter { $0 % 2 == 1 }.map { words[$0] }
        let even = words.indices.filter { $0 % 2 == 0 }.map { words[$0] }
        return [backwards, words.count >= 4 ? odd + even : backwards]
            .filter { $0 != Array(words) }.map { $0.joined(separator: " ") }
    }
}

// MARK: - Rendering C format strings

/// `format` with `arguments` for its conversions; nil where they do not fit. `braces` takes `{}`
/// for a conversion too.
private func rendered(_ format: String, _ arguments: [String], braces: Bool) -> String? {
    var out = ""
    var arguments = arguments[...]
    var rest = format[...]
    while let first = rest.first {
        if first == "%",
            let conversion = rest.prefixMatch(
                of:
                    /%(?:%|[-+ #0]*(?:\d+|\*)?(?:\.(\d+|\*)?)?(?:hh|h|ll|l|z|j|t|L)?[diouxXeEfFgGcspa@])/
            )
        {
            rest = rest[conversion.range.upperBound...]
            if conversion.output.0 == "%%" {
                out += "%"
                continue
            }
            guard let argument = arguments.popFirst() else { return nil }
            let isCut = conversion.output.0.hasSuffix("s")
            let limit = isCut ? conversion.output.1.flatMap { Int($0) } : nil
            out += limit.map { String(argument.prefix($0)) } ?? argument
        } else if braces, rest.hasPrefix("{}") {
            rest = rest.dropFirst(2)
            guard let argument = arguments.popFirst() else { return nil }
            out += argument
        } else if first == "\\" {
            out += unescaped(&rest)
        } else {
            out.append(first)
            rest = rest.dropFirst()
        }
    }
    return arguments.isEmpty ? out : nil
}

/// Takes one C escape off `text`.
private func unescaped(_ text: inout Substring) -> String {
    if let hex = text.prefixMatch(of: /\\x([0-9a-fA-F]{2})/) {
        text = text[hex.range.upperBound...]
        return UInt32(hex.output.1, radix: 16).flatMap(Unicode.Scalar.init).map { String($0) } ?? ""
    }
    if let octal = text.prefixMatch(of: /\\([0-7]{1,3})/) {
        text = text[octal.range.upperBound...]
        return UInt32(octal.output.1, radix: 8).flatMap(Unicode.Scalar.init).map { String($0) }
            ?? ""
    }
    text = text.dropFirst()
    guard let letter = text.popFirst() else { return "\\" }
    let known: [Character: String] = [
        "n": "\n", "r": "\r", "t": "\t", "b": "\u{8}", "a": "\u{7}", "e": "\u{1B}",
    ]
    return known[letter] ?? String(letter)
}
