// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

@Suite("Damaged input")
struct DamageTests {
    static let sample = SampleCase(name: "strict-overcommit-save-rule")

    static func log() throws -> Data {
        try Data(contentsOf: sample.folder.appendingPathComponent("inputs/redis-server.log"))
    }

    static let refusal =
        "26720:M 22 Nov 2026 11:59:00.000 # Can't save in background: fork: Cannot allocate memory\n"

    /// Writes `files` into a folder of their own and analyses that folder, or the `paths` in it.
    static func analyze(
        _ files: [String: Data], paths: [String] = ["."],
        prepare: (URL) throws -> Void = { _ in }
    ) throws -> Run {
        try withTemporaryFolder { path in
            let folder = URL(fileURLWithPath: path)
            for (name, data) in files { try data.write(to: folder.appendingPathComponent(name)) }
            try prepare(folder)
            return try Program.run(
                ["analyze", "--format", "json", "--tz", "UTC"] + paths, in: folder.path)
        }
    }

    // MARK: Lines

    @Test("a log cut in mid-line is read to its end and is not damaged", arguments: 0..<24)
    func cutInMidLine(_ step: Int) throws {
        let log = try Self.log()
        let kept = log.prefix(log.count * (step + 1) / 25)
        let run = try Self.analyze(["redis.log": Data(kept)])
        let report = try run.report()
        let lines = String(decoding: kept, as: UTF8.self).split(separator: "\n")
        let whole = lines.dropLast().count { $0.contains("background: fork: ") }
        #expect((whole...whole + 1).contains(try #require(report.summary["fork_failures"])))
        #expect(report.losses.isUndamaged)
        #expect(run.status == (report.incidents.isEmpty ? 0 : 1))
    }

    @Test("lines that end with CRLF count as those that do not")
    func carriageReturns() throws {
        let text = String(decoding: try Self.log(), as: UTF8.self)
        let windows = text.replacingOccurrences(of: "\n", with: "\r\n")
        let run = try Self.analyze(["redis.log": Data(windows.utf8)])
        #expect(run.status == 1)
        #expect(try run.report().summary["fork_failures"] == 10)
    }

    @Test("NULs inside a record are damage, and the other records count")
    func zeros() throws {
        var log = try Self.log()
        let word = try #require(log.range(of: Data("Background saving started".utf8)))
        log.replaceSubrange(word.lowerBound + 2..<word.lowerBound + 9, with: Data(count: 7))
        let run = try Self.analyze(["redis.log": log])
        let report = try run.report()
        #expect(run.status == 3)
        #expect(report.losses.damage["bytes_skipped", default: 0] >= 7)
        #expect(report.summary["fork_failures"] == 10)
    }

    @Test("a hole of NULs before the log, as truncation under an open file leaves it")
    func hole() throws {
        let run = try Self.analyze(["redis.log": Data(count: 100_000) + (try Self.log())])
        #expect([1, 3].contains(run.status))
        #expect(try run.report().summary["fork_failures"] == 10)
    }

    @Test(
        "invalid UTF-8 is read past, and damage where a server writes none",
        arguments: [[0xFF], [0xC3], [0xED, 0xA0, 0x80]] as [[UInt8]])
    func invalidUTF8(_ bytes: [UInt8]) throws {
        var log = try Self.log()
        for needle in ["DB saved", "Cannot allocate memory"] {
            let word = try #require(log.range(of: Data(needle.utf8)))
            log.insert(contentsOf: bytes, at: word.upperBound)
        }
        let run = try Self.analyze(["redis.log": log])
        let report = try run.report()
        #expect(run.status == 3)
        #expect(report.losses.damage["entries", default: 0] >= 1)
        #expect(report.summary["fork_failures"] == 10)
        #expect(String(data: run.output, encoding: .utf8) != nil)
    }

    @Test("a line of 200 MB is cut and counted, and what follows is read")
    func hugeLine() throws {
        let run = try Self.analyze([:], paths: ["huge.log"]) { folder in
            let file = folder.appendingPathComponent("huge.log")
            try Data(Self.refusal.utf8).write(to: file)
            let handle = try FileHandle(forWritingTo: file)
            try handle.seekToEnd()
            let block = Data(repeating: UInt8(ascii: "x"), count: 10_000_000)
            for _ in 0..<20 { try handle.write(contentsOf: block) }
            try handle.write(contentsOf: Data(("\n" + Self.refusal).utf8))
            try handle.close()
        }
        let report = try run.report()
        #expect(run.status == 3)
        #expect(report.losses.damage["lines_cut"] == 1)
        #expect(report.losses.damage["bytes_skipped", default: 0] > 190_000_000)
        #expect(report.summary["fork_failures"] == 2)
    }

    // MARK: Files that are no logs

    @Test("an empty file is no incident and no damage")
    func emptyFile() throws {
        let run = try Self.analyze(["redis.log": Data()], paths: ["redis.log"])
        #expect(run.status == 0)
        #expect(try run.report().losses.isUndamaged)
    }

    @Test("a directory without logs is no incident; its files are listed as unknown")
    func noLogs() throws {
        let run = try Self.analyze([
            "notes.txt": Data("buy milk\n".utf8), "a.bin": Data([1, 2, 3]),
        ])
        let report = try run.report()
        #expect(run.status == 0)
        #expect(report.losses.isUndamaged)
        #expect(report.inputs.map(\.kind) == ["unknown", "unknown"])
    }

    @Test("an empty directory is no incident")
    func emptyDirectory() throws {
        let run = try Self.analyze([:])
        #expect(run.status == 0)
        #expect(try run.report().inputs.isEmpty)
    }

    @Test("a binary file is unknown, not damaged")
    func binaryFile() throws {
        var state: UInt64 = 1
        let noise = Data(
            (0..<300_000).map { _ in
                state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                return UInt8(truncatingIfNeeded: state >> 56)
            })
        // Noise that has a line break before NULs, as it must have somewhere.
        let core = noise + Data([0x0A, 0, 0, 0, 0, 0x41]) + noise
        let program = try Data(contentsOf: URL(fileURLWithPath: "/bin/ls"))
        let run = try Self.analyze(["core.log": core, "redis-server": program])
        let report = try run.report()
        #expect(run.status == 0, "\(report.losses.damage)")
        #expect(report.inputs.map(\.kind) == ["unknown", "unknown"])
    }

    @Test(
        "reports of Forktopsy among the inputs are not read as evidence",
        arguments: ["md", "txt", "json"])
    func ownReports(_ suffix: String) throws {
        let file = Self.sample.folder.appendingPathComponent("expected/report.\(suffix)")
        let run = try Self.analyze(["report.\(suffix)": try Data(contentsOf: file)])
        let report = try run.report()
        #expect(run.status == 0)
        #expect(report.inputs.map(\.kind) == ["own-report"])
    }

    // MARK: Archives

    @Test(
        "a truncated gzip file is damage, and what was whole counts",
        arguments: Array(stride(from: 12, to: 534, by: 29)))
    func truncatedArchive(_ length: Int) throws {
        let sample = SampleCase(name: "rotation-create")
        let whole = try Data(
            contentsOf: sample.folder.appendingPathComponent("inputs/redis-server.log.2.gz"))
        let run = try Self.analyze(["redis.log.gz": whole.prefix(length)])
        let report = try run.report()
        #expect(run.status == 3)
        #expect(report.losses.damage["archives"] == 1)
        #expect((0...3).contains(try #require(report.summary["fork_failures"])))
    }

    @Test("a gzip file with a flipped byte is damage")
    func corruptArchive() throws {
        let sample = SampleCase(name: "rotation-create")
        var file = try Data(
            contentsOf: sample.folder.appendingPathComponent("inputs/redis-server.log.2.gz"))
        file[file.startIndex + 200] ^= 0x55
        let run = try Self.analyze(["redis.log.gz": file])
        #expect(run.status == 3)
        #expect(try run.report().losses.damage["archives"] == 1)
    }

    // MARK: Files that cannot be read

    @Test("a dangling link inside a directory is damage; the rest is read")
    func danglingLink() throws {
        let run = try Self.analyze(["redis.log": try Self.log()]) { folder in
            try FileManager.default.createSymbolicLink(
                atPath: folder.path + "/gone.log", withDestinationPath: "nowhere")
        }
        let report = try run.report()
        #expect(run.status == 3)
        #expect(report.losses.damage["files_unreadable"] == 1)
        #expect(report.summary["fork_failures"] == 10)
    }

    @Test(
        "a file without permission inside a directory is damage",
        .enabled(if: geteuid() != 0, "root may read every file"))
    func noPermission() throws {
        let run = try Self.analyze(["secret.log": try Self.log()]) { folder in
            try FileManager.default.setAttributes(
                [.posixPermissions: 0], ofItemAtPath: folder.path + "/secret.log")
        }
        #expect(run.status == 3)
        #expect(try run.report().losses.damage["files_unreadable"] == 1)
    }

    // MARK: It did not run

    @Test(
        "what cannot be run ends with 2 and prints no report",
        arguments: [
            ["analyze", "no-such-directory/"], ["analyze", "no-such-file.log"], ["analyze"],
            ["analyze", "--format", "papyrus", "."], ["analyze", "--tz", "Mars/Olympus", "."],
            ["analyze", "--since", "yesterday", "."], ["analyze", "--patterns", "nowhere", "."],
            ["analyze", "--no-such-option", "."], ["no-such-command"],
        ])
    func didNotRun(_ arguments: [String]) throws {
        let run = try withTemporaryFolder { try Program.run(arguments, in: $0) }
        #expect(run.status == 2)
        #expect(run.output.isEmpty)
        #expect(!run.errors.isEmpty)
    }

    @Test("a broken pattern ends with 2 and names its file and line")
    func brokenPattern() throws {
        let run = try withTemporaryFolder { path in
            let folder = URL(fileURLWithPath: path)
            try Data("id = 'x'\nregex = '''('''\n".utf8)
                .write(to: folder.appendingPathComponent("broken.toml"))
            return try Program.run(
                ["analyze", "--patterns", "broken.toml", "/dev/null"], in: folder.path)
        }
        #expect(run.status == 2)
        #expect(run.output.isEmpty)
        #expect(run.errors.contains("broken.toml:"))
    }

    // MARK: Standard input

    @Test("standard input is read as a file is")
    func standardInput() throws {
        let run = try Program.run(
            ["analyze", "--format", "json", "--tz", "UTC", "-"], input: Self.log())
        #expect(run.status == 1)
        #expect(try run.report().summary["fork_failures"] == 10)
    }
}
