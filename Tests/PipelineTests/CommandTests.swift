// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// `extract` and `assemble` as a user runs them.
struct CommandTests {
    private let sample: String

    init() throws {
        sample = try #require(Samples.paths.first { $0.contains("strict-overcommit-save-rule") })
    }

    @Test(arguments: ["text", "markdown", "json"])
    func `Piped into assemble, extract gives what analyze gives`(format: String) throws {
        let options = ["--format", format, "--tz", "Europe/Berlin", "--redact", "none"]
        let extract = try Program.run(["extract", sample])
        #expect(extract.status == 0)
        let assembled = try Program.run(["assemble"] + options, input: extract.output)
        let analyzed = try Program.run(["analyze", sample] + options)
        #expect(assembled.output == analyzed.output && !analyzed.output.isEmpty)
        #expect(assembled.status == 1 && analyzed.status == 1)
    }

    @Test func `Standard input is extracted under its own name`() throws {
        let log = try Data(contentsOf: URL(fileURLWithPath: sample))
        let extract = try Program.run(["extract", "-"], input: log)
        let options = ["--format", "json"]
        try #expect(
            Program.run(["assemble", "-"] + options, input: extract.output).output
                == Program.run(["analyze", "-"] + options, input: log).output)
    }

    @Test func `Extracts are read from files, in any order`() throws {
        try withTemporaryFolder { folder in
            let paths = Array(Samples.paths.prefix(4))
            for (i, path) in paths.enumerated() {
                try #expect(
                    Program.run(["extract", "--output", "\(folder)/\(i)", path]).status == 0)
            }
            let files = [2, 0, 3, 1].map { "\(folder)/\($0)" }
            let assembled = try Program.run(["assemble", "--format", "json"] + files)
            try #expect(
                assembled.output == Program.run(["analyze", "--format", "json"] + paths).output)
        }
    }

    @Test func `Nothing extracted is an empty report`() throws {
        let assembled = try Program.run(["assemble", "--format", "json"])
        #expect(assembled.status == 0)
        try withTemporaryFolder { folder in
            try #expect(
                Program.run(["analyze", "--format", "json", folder]).output == assembled.output)
        }
    }

    @Test func `A file that is missing or foreign ends the run and prints nothing`() throws {
        for arguments in [
            ["extract", "/nonexistent"], ["assemble", "/nonexistent"], ["assemble", sample],
        ] {
            let run = try Program.run(arguments)
            #expect(run.status == 2 && run.output.isEmpty && run.errors.hasPrefix("forktopsy: "))
        }
    }

    @Test func `A cut extract is damage, and what stood before the cut is reported`() throws {
        let extract = try Program.run(["extract", sample]).output
        let cut = try Program.run(["assemble", "--format", "json"], input: extract.dropLast(100))
        #expect(cut.status == 3)
        #expect(String(decoding: cut.output, as: UTF8.self).contains("extracted lines are missing"))
        let short = try Program.run(["assemble", "--format", "json"], input: extract.prefix(50))
        #expect(short.status == 3)
    }

    @Test func `Damage of an input is damage of its extract`() throws {
        try withTemporaryFolder { folder in
            let path = folder + "/cut.gz"
            try Data([0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 3, 0x4B]).write(
                to: URL(fileURLWithPath: path))
            let extract = try Program.run(["extract", path])
            #expect(extract.status == 3)
            try #expect(Program.run(["assemble"], input: extract.output).status == 3)
        }
    }

    @Test func `An output file is written whole or not at all`() throws {
        try withTemporaryFolder { folder in
            let output = folder + "/out"
            try #expect(
                Program.run(["extract", "--output", output, sample, "/nonexistent"]).status == 2)
            try #expect(FileManager.default.contentsOfDirectory(atPath: folder) == [])
            try #expect(Program.run(["extract", "--output", output, sample]).status == 0)
            try #expect(FileManager.default.contentsOfDirectory(atPath: folder) == ["out"])
        }
    }

    // MARK: - Running the program

}
