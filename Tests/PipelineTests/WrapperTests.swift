// SPDX-License-Identifier: Apache-2.0
// A record means the same behind any stack of wrappers, cut at any width, in any encoding.

import Foundation
import Model
import Reading
import TestSupport
import Testing

@testable import forktopsy

struct WrapperTests {
    /// Logs with refused forks, failed rewrites, EAGAIN and a full disk.
    static let logs = [
        "strict-overcommit-save-rule", "aof-rewrite-storm", "task-limit-nproc",
        "disk-full-save-and-rewrite", "two-servers-one-failing", "quiet-cow-growth-6.2",
    ]

    @Test(arguments: 0..<60)
    func `Events are the same behind up to four wrappers`(seed: Int) throws {
        var random = Seeded(seed)
        let log = Self.logs[seed % Self.logs.count]
        let lines = try Self.lines(of: log)
        let stack = (0..<Int.random(in: 1...4, using: &random)).map { _ in
            Wrapping.all[Int.random(in: 0..<Wrapping.all.count, using: &random)]
        }
        let times = Written.times(of: lines)
        var wrapped = lines
        for wrapping in stack { wrapped = wrapping.around(wrapped, times) }
        let names = stack.map(\.name).joined(separator: ", ")
        try #expect(
            Outcome(wrapped.joined(separator: "\n")) == Outcome(lines.joined(separator: "\n")),
            "\(names): \(wrapped.dropFirst(20).first ?? "")")
    }

    @Test(arguments: Wrapping.all)
    func `Events are the same behind every wrapper`(wrapping: Wrapping) throws {
        for log in Self.logs {
            let lines = try Self.lines(of: log)
            let wrapped = wrapping.around(lines, Written.times(of: lines))
            try #expect(
                Outcome(wrapped.joined(separator: "\n"))
                    == Outcome(lines.joined(separator: "\n")), "\(log)")
        }
    }

    @Test(arguments: logs)
    func `Events are the same when lines were cut`(log: String) throws {
        let lines = try Self.lines(of: log)
        let whole = try Outcome(lines.joined(separator: "\n"))
        for (name, cut) in Self.cuts(lines) {
            try #expect(Outcome(cut.joined(separator: "\n")) == whole, "\(name)")
        }
    }

    /// The log cut by terminals and by mail programs, before and after it was quoted.
    private static func cuts(_ lines: [String]) -> [(String, [String])] {
        let quoted = { (lines: [String]) in lines.map { "> " + $0 } }
        let composed = lines.map { "redis_1  | " + $0 }
        var out: [(String, [String])] = []
        for width in [80, 96, 100] {
            out.append(("terminal of \(width)", Cut.hard(lines, width)))
            out.append(("quoted terminal of \(width)", quoted(Cut.hard(lines, width))))
            out.append(("compose in a terminal of \(width)", Cut.hard(composed, width)))
        }
        for width in [60, 66, 72, 76, 78] {
            out.append(("mail of \(width)", Cut.byWords(lines, width)))
            out.append(("quoted mail of \(width)", quoted(Cut.byWords(lines, width))))
            out.append(("quoted, then cut at \(width)", Cut.byWords(quoted(lines), width)))
        }
        return out
    }

    @Test(arguments: logs)
    func `Events are the same in every encoding`(log: String) throws {
        let text = try Self.lines(of: log).joined(separator: "\r\n") + "\r\n"
        let whole = try Outcome(text)
        for (name, bytes) in Self.encodings(text) {
            try #expect(Outcome(bytes) == whole, "\(name)")
        }
    }

    private static func encodings(_ text: String) -> [(String, [UInt8])] {
        let typographic = text.replacing("'", with: "\u{2019}").replacing(" in", with: "\u{A0}in")
        let little = text.utf16.flatMap { [UInt8(truncatingIfNeeded: $0), UInt8($0 >> 8)] }
        let big = text.utf16.flatMap { [UInt8($0 >> 8), UInt8(truncatingIfNeeded: $0)] }
        return [
            ("UTF-16 LE", [0xFF, 0xFE] + little), ("UTF-16 BE", [0xFE, 0xFF] + big),
            ("UTF-16 without a mark", little),
            ("UTF-8 with a mark", [0xEF, 0xBB, 0xBF] + text.utf8),
            ("typographic", Array(typographic.utf8)),
            ("entities", Array(text.replacing("'", with: "&#39;").utf8)),
            ("Windows-1252", text.utf8.map { $0 == 0x27 ? 0x92 : $0 }),
        ]
    }

    private static func lines(of log: String) throws -> [String] {
        let folder = Samples.root + "/\(log)/inputs/"
        let name = try #require(
            try FileManager.default.contentsOfDirectory(atPath: folder).sorted().first {
                $0.hasSuffix(".log")
            })
        let text = try String(contentsOfFile: folder + name, encoding: .utf8)
        return text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
            .dropLast()
    }
}

/// What an analysis says of an input, apart from where it stands in it.
struct Outcome: Equatable {
    private var incidents: [[String]] = []

    init(_ text: String) throws { try self.init(Array(text.utf8)) }

    init(_ bytes: [UInt8]) throws {
        incidents = try withTemporaryFolder { folder in
            let path = folder + "/input.txt"
            try Data(bytes).write(to: URL(fileURLWithPath: path))
            return try Self.incidents(of: [path])
        }
    }

    init(paths: [String]) throws { incidents = try Self.incidents(of: paths) }

    private static func incidents(of paths: [String]) throws -> [[String]] {
        var assembler = Assembler()
        assembler.clocks.now = Timestamp(seconds: 1_795_000_000)
        let report = assembler.report(
            try Pipeline.extractions(of: paths), patterns: Pipeline.patterns)
        return report.incidents.map { incident in
            [
                incident.id, incident.kind.rawValue, incident.status.rawValue,
                "\(incident.startedAt?.rfc3339 ?? "-")",
                "\(incident.lastFailureAt?.rfc3339 ?? "-")",
                "\(incident.recoveredAt?.rfc3339 ?? "-")", Self.counts(incident.failures),
                "\(incident.instance.pids)", "\(incident.instance.port ?? 0)",
                "\(incident.consequences)",
            ]
        }
    }
}

extension Outcome {
    private static func counts(_ failures: FailureCounts) -> String {
        let operations = failures.byOperation.map { "\($0)" }.sorted()
        let errnos = failures.byErrno.map { "\($0)" }.sorted()
        return "\(failures.total ?? -1) \(failures.reported) \(failures.saveFailures) "
            + "\(failures.oomKills) \(operations) \(errnos)"
    }
}

/// How lines are cut.
private enum Cut {
    static func hard(_ lines: [String], _ width: Int) -> [String] {
        lines.flatMap { line -> [String] in
            let bytes = Array(line.utf8)
            return stride(from: 0, to: max(1, bytes.count), by: width).map {
                String(decoding: bytes[$0..<min($0 + width, bytes.count)], as: UTF8.self)
            }
        }
    }

    static func byWords(_ lines: [String], _ width: Int) -> [String] {
        lines.flatMap { line -> [String] in
            // Mail programs leave lines alone that begin with blanks, as a logo's do.
            if line.hasPrefix(" ") || line.utf8.count <= width { return [line] }
            var out = [""]
            for word in line.split(separator: " ") {
                let last = out[out.count - 1]
                if last.isEmpty {
                    out[out.count - 1] = String(word)
                } else if last.utf8.count + 1 + word.utf8.count <= width {
                    out[out.count - 1] += " " + word
                } else {
                    out.append(String(word))
                }
            }
            return out
        }
    }
}
