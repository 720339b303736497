// SPDX-License-Identifier: Apache-2.0
// Logs whose lines were cut by a window, a mail program or a form: no refused fork may be lost in
// silence, at whatever width.

import Foundation
import Model
import TestSupport
import Testing

@testable import forktopsy

private let errors = [
    "Cannot allocate memory", "Resource temporarily unavailable", "Operation not permitted",
    "Cannot allocate memory", "Cannot allocate memory",
]

private func log(_ message: String, _ errors: [String]) -> [String] {
    var out = ["26720:M 22 Nov 2026 11:50:58.340 * Ready to accept connections"]
    for (i, error) in errors.enumerated() {
        let header = "26720:M 22 Nov 2026 11:51:\(10 + 3 * i).756 "
        out.append(header + "* 10 changes in 5 seconds. Saving...")
        out.append(header + "# " + message + " " + error)
    }
    return out
}

/// A way to cut lines.
private enum Cut: CaseIterable {
    /// Anywhere; with the blanks at the cut, or without them.
    case anywhere, anywhereTrimmed
    /// Between words; the blank is lost, or stays at the end of the line.
    case words, wordsKept

    func pieces(_ line: String, _ width: Int) -> [String] {
        var (out, rest) = ([String](), Substring(line))
        while rest.count > width {
            let end = rest.index(rest.startIndex, offsetBy: width)
            let blank = rest[..<end].lastIndex(of: " ").flatMap { $0 > rest.startIndex ? $0 : nil }
            switch (self, blank) {
            case (.words, let blank?), (.wordsKept, let blank?):
                out.append(String(self == .words ? rest[..<blank] : rest[...blank]))
                rest = rest[rest.index(after: blank)...]
            default:
                out.append(String(rest[..<end]))
                rest = rest[end...]
            }
        }
        out.append(String(rest))
        guard self == .anywhereTrimmed else { return out }
        return out.map { $0.trimmingCharacters(in: .whitespaces) }
    }
}

struct CutLineTests {
    static let messages = [
        "Can't save in background: fork:", "Can't rewrite append only file in background: fork:",
        "Can't fork for module:", "Can't begin slot migration snapshot in background: fork:",
    ]

    @Test(arguments: messages.prefix(2), ["", "> "])
    func `One record alone counts at any width`(message: String, quote: String) throws {
        let record = "4711:M 22 Nov 2026 11:51:10.756 # \(message) Cannot allocate memory"
        for width in 44..<record.count {
            for cut in [Cut.anywhere, .words] {
                let text = cut.pieces(record, width).map { quote + $0 }.lines
                let report = try reportOfText(text)
                #expect(report.summary.forkFailures == 1, "\(cut) at \(width)")
                #expect(report.losses.damage.entries == 0, "\(cut) at \(width)")
            }
        }
    }

    @Test(arguments: messages)
    func `No refused fork is lost in silence at any width`(message: String) throws {
        let whole = Int(ProcessInfo.processInfo.environment["FORKTOPSY_FAULT_RUNS"] ?? "") != nil
        for cut in Cut.allCases {
            for mark in ["", "> ", ">> ", "    "] {
                for width in stride(from: 20 + message.count % 13, through: 120, by: whole ? 1 : 13)
                {
                    for count in whole ? [5, 1, 2] : [5] {
                        let lines = log(message, Array(errors[..<count])).flatMap {
                            cut.pieces($0, width).map { mark + $0 }
                        }
                        let report = try reportOfText(lines.lines)
                        let damage = report.inputs.reduce(0) { $0 + $1.facts.damage.entries }
                        let found = report.summary.forkFailures
                        #expect(
                            found <= count && found + damage >= count,
                            "\(cut) \(mark)\(width): \(found) + \(damage) of \(count)")
                        // Wide enough for the header and the words that tell.
                        if width >= 60, count > 1 {
                            #expect(found == count, "\(cut) \(mark)\(width): \(found) of \(count)")
                        }
                    }
                }
            }
        }
    }

    @Test(arguments: [
        ["Can't save in ba", "ckground: fork:", "Cannot allocate memory"],
        ["x # Can't", " save in background", ": fork: Cannot alloc", "ate memory"],
        ["fork: Cannot allocate memory"], ["> ckground: fork: Cannot all"],
        ["k: Resource temporarily unavailable"], ["756 # Can't fork for module: Ca", "nnot"],
        ["for module: Operation not permitted"],
    ])
    func `Messages across lines are counted`(lines: [String]) throws {
        let facts = try #require(try reportOfText(lines.lines).inputs.first?.facts)
        #expect(facts.damage.entries == 1)
        #expect(facts.problems.count == 1)
    }

    @Test(arguments: [
        ["Can't save in the background", "fork: a verb"], ["C", "Cannot allocate memory"],
        ["Can't save in background", "", "without a fork"], ["fork: out of patience"],
        ["bash: fork: Cannot allocate memory"], ["background: fork it on GitHub"],
    ])
    func `Other text is none`(lines: [String]) throws {
        #expect(try reportOfText(lines.lines).inputs.first?.facts.damage.isNone == true)
    }

    @Test func `A message that lost its error counts once`() throws {
        let lines = log(Self.messages[0], errors).map { $0.replacing(/fork: .*/, with: "fork:") }
        try #expect(reportOfText(lines.lines).summary.forkFailures == errors.count)
    }
}
