// SPDX-License-Identifier: Apache-2.0
// What holds for every input, tried on changed copies of the samples.

import Foundation
import JSON
import Model
import Reports
import TestSupport
import Testing

@testable import forktopsy

/// The folders of `SampleLogs` that hold inputs.
private let sampleFolders: [String] = Set(
    Samples.paths.map { path in
        let below = path.dropFirst(Samples.root.count).components(separatedBy: "/inputs/")[0]
        return Samples.root + below + "/inputs"
    }
).sorted()

/// Whether a folder holds a file whose text cannot be changed in place.
private func holdsPacked(_ folder: String) -> Bool {
    Samples.paths.contains { $0.hasPrefix(folder) && $0.hasSuffix(".gz") }
}

/// The report of `paths` as JSON.
private func report(_ paths: [String]) throws -> JSONValue {
    try JSONValue(parsing: Pipeline.report(Pipeline.extractions(of: paths)))
}

/// Copies the files of `folder` into `copy`, each changed by `change`, and as old as they were.
private func copy(
    _ folder: String, to copy: String, aged seconds: Double = 0,
    _ change: (_ name: String, _ text: String) -> String
) throws {
    let files = FileManager.default
    for name in try files.contentsOfDirectory(atPath: folder) {
        let data = try Data(contentsOf: URL(fileURLWithPath: folder + "/" + name))
        let target = copy + "/" + name
        // What is packed stays as it is.
        if let text = String(data: data, encoding: .utf8) {
            try Data(change(name, text).utf8).write(to: URL(fileURLWithPath: target))
        } else {
            try data.write(to: URL(fileURLWithPath: target))
        }
        let date = Date(timeIntervalSince1970: 1_795_400_000 + seconds)
        try files.setAttributes([.modificationDate: date], ofItemAtPath: target)
    }
}

/// What a report says of its incidents, without paths and quotes.
private struct Essence: Hashable {
    var id: String?
    var started: String?
    var ended: String?
    var failures: Int64?
    var causes: [String]

    init(_ incident: JSONValue) {
        id = incident["id"]?.text
        started = incident["started_at"]?.text
        ended = incident["recovered_at"]?.text
        if case .int(let total)? = incident["failures"]?["total"] { failures = total }
        causes = (incident["causes"]?.items ?? []).map {
            "\($0["id"]?.text ?? "") \($0["verdict"]?.text ?? "")"
        }
    }

    static func of(_ report: JSONValue) -> [Essence] {
        (report["incidents"]?.items ?? []).map(Essence.init)
    }
}

extension JSONValue {
    fileprivate var items: [JSONValue] {
        guard case .array(let items) = self else { return [] }
        return items
    }

    fileprivate var text: String? {
        guard case .string(let text) = self else { return nil }
        return text
    }
}

struct PropertyTests {
    @Test(arguments: sampleFolders)
    func `An input that is given twice under two names changes nothing`(folder: String) throws {
        try withTemporaryFolder { twin in
            try FileManager.default.createDirectory(
                atPath: twin + "/a", withIntermediateDirectories: true)
            try FileManager.default.createDirectory(
                atPath: twin + "/b", withIntermediateDirectories: true)
            for part in ["a", "b"] { try copy(folder, to: twin + "/" + part) { $1 } }
            let once = Essence.of(try report([twin + "/a"]))
            let twice = Essence.of(try report([twin]))
            #expect(twice == once)
        }
    }

    /// Weeks, so that hours, and the names of days, stay as they are.
    @Test(arguments: sampleFolders.filter { !holdsPacked($0) })
    func `Shifting all times shifts the report and changes no verdict`(folder: String) throws {
        let shift = Shift(weeks: 8)
        try withTemporaryFolder { place in
            for part in ["/a", "/b"] {
                try FileManager.default.createDirectory(
                    atPath: place + part, withIntermediateDirectories: true)
            }
            try copy(folder, to: place + "/a") { $1 }
            try copy(folder, to: place + "/b", aged: shift.seconds) { shift.text($1) }
            let before = Essence.of(try report([place + "/a"]))
            let after = Essence.of(try report([place + "/b"]))
            #expect(after.map(\.failures) == before.map(\.failures))
            #expect(after.map(\.causes) == before.map(\.causes))
            #expect(after.map(\.started) == before.map { $0.started.map(shift.text) })
            #expect(after.map(\.ended) == before.map { $0.ended.map(shift.text) })
        }
    }

    @Test(arguments: sampleFolders)
    func `No number, however large, ends the program`(folder: String) throws {
        let extremes = [
            "18446744073709551615", "9223372036854775807", "-9223372036854775808",
            "9007199254740993", "72057594037927936", "999999999999999999999999", "-1", "0",
        ]
        var random = Seeded(folder.utf8.reduce(0) { ($0 &* 31 &+ Int($1)) & 0xFFFF })
        try withTemporaryFolder { place in
            try copy(folder, to: place) { _, text in
                text.replacing(/\d{3,}/) { match in
                    Int.random(in: 0..<12, using: &random) == 0
                        ? extremes.randomElement(using: &random) ?? "" : String(match.output)
                }
            }
            // It is enough that there is a report, and that it is JSON.
            #expect(try report([place])["incidents"] != nil)
        }
    }

    @Test(arguments: sampleFolders)
    func `Neighbours that changed places are not counted twice beside an ordered copy`(
        folder: String
    ) throws {
        var random = Seeded(11)
        try withTemporaryFolder { place in
            try copy(folder, to: place) { $1 }
            let before = try report([place])["summary"]?["fork_failures"]
            for name in try FileManager.default.contentsOfDirectory(atPath: folder)
            where name.hasSuffix(".log") {
                let text = try String(contentsOfFile: folder + "/" + name, encoding: .utf8)
                var lines = text.split(separator: "\n", omittingEmptySubsequences: false)
                for i in stride(from: 1, to: lines.count - 2, by: 5) {
                    lines.swapAt(i, i + Int.random(in: 0...1, using: &random))
                }
                try Data(lines.joined(separator: "\n").utf8).write(
                    to: URL(fileURLWithPath: place + "/copy-of-" + name))
            }
            #expect(try report([place])["summary"]?["fork_failures"] == before)
        }
    }
}

/// Moves every date and every count of seconds since 1970 that the samples of 2026 hold.
private struct Shift {
    let weeks: Int
    var seconds: Double { Double(weeks) * 604_800 }

    private static let months = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]

    /// Where a day of November 2026 goes.
    private func moved(_ day: Substring) -> CivilTime {
        let days = Double((Int(day) ?? 0) - 22)
        let noon = Timestamp(seconds: 1_795_348_800)
        return CivilTime(timestamp: noon.adding(seconds: days * 86_400 + seconds))
    }

    func text(_ text: String) -> String {
        text.replacing(/(\d\d) Nov 2026/) { match in
            let to = moved(match.1)
            return "\(padded(to.day, 2)) \(Self.months[to.month - 1]) \(to.year)"
        }
        .replacing(/2026-11-(\d\d)/) { match in
            let to = moved(match.1)
            return "\(padded(to.year, 4))-\(padded(to.month, 2))-\(padded(to.day, 2))"
        }
        .replacing(/11\/(\d\d)\/(20)?26/) { match in
            let to = moved(match.1)
            let year = match.2 == nil ? padded(to.year % 100, 2) : "\(to.year)"
            return "\(padded(to.month, 2))/\(padded(to.day, 2))/\(year)"
        }
        // `22 Nov 11:51:23.430` of old servers, and `Sun Nov 22 11:51:23 2026` of date and dmesg.
        .replacing(/\b(\d\d) Nov (\d\d:\d\d:\d\d)/) { match in
            let to = moved(match.1)
            return "\(padded(to.day, 2)) \(Self.months[to.month - 1]) \(match.2)"
        }
        .replacing(/Nov (\d\d) (\d\d:\d\d:\d\d)( UTC| [A-Z]+)?( 2026)?/) { match in
            let to = moved(match.1)
            let year = match.4 == nil ? "" : " \(to.year)"
            return
                "\(Self.months[to.month - 1]) \(padded(to.day, 2)) \(match.2)\(match.3 ?? "")\(year)"
        }
        .replacing(/\b(1795\d{6})(\d{3}|\d{6})?\b/) { match in
            "\((Int(match.1) ?? 0) + Int(seconds))\(match.2 ?? "")"
        }
    }
}
