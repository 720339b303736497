// SPDX-License-Identifier: Apache-2.0

import Foundation
import Model
import TestSupport
import Testing

@testable import forktopsy

struct DamagedExtractTests {
    private let lines: [String]

    init() throws {
        let path = try #require(Samples.paths.first { $0.contains("strict-overcommit-save-rule") })
        lines = Pipeline.lines(try Pipeline.extractions(of: [path])[0])
    }

    // MARK: - Lines that are not ours

    @Test(arguments: [
        "1:M 22 Nov 2024 10:15:02.123 # Background saving error", "[]", "{}", "null",
        "{\"type\":1}",
        "{\"type\":\"else\"}", "{\"type\":\"event\"}", "{\"type\":\"input\"}",
        "{\"type\":\"input\",\"schema\":\"forktopsy.extract/2\"}",
        "{\"schema\":\"forktopsy.report/1\"}",
    ])
    func `A foreign line is refused`(line: String) {
        #expect(throws: ExtractError.self) { try Pipeline.read([line]) }
    }

    @Test func `An event without its input is refused`() {
        #expect(throws: ExtractError.self) { try Pipeline.read(Array(lines.dropFirst())) }
    }

    @Test func `More events than announced are refused`() {
        #expect(throws: ExtractError.self) { try Pipeline.read(lines + [lines[lines.count - 1]]) }
    }

    @Test(arguments: [
        ("\"pattern\":0", "\"pattern\":999"), ("\"kind\":\"fork_failed\"", "\"kind\":\"tea_time\""),
        ("\"captures\":[[", "\"captures\":[[9999,"), ("\"line\":", "\"line\":-"),
        ("\"seconds\":1", "\"seconds\":9999999999"), ("\"pid\":", "\"pid\":99999999999"),
        ("\"stream\":0", "\"stream\":1"), ("\"header\":\"role", "\"header\":\"cloak"),
    ])
    func `A value that cannot be is refused`(old: String, new: String) throws {
        let text = lines.joined()
        let range = try #require(text.firstRange(of: old))
        let damaged = text.replacingCharacters(in: range, with: new)
        #expect(throws: ExtractError.self) {
            try Pipeline.read(damaged.split(separator: "\n").map(String.init))
        }
    }

    @Test func `Two meanings of one pattern are refused`() {
        let other = lines[0].replacing("\"means\":\"", with: "\"means\":\"Not ")
        #expect(throws: ExtractError.self) {
            try Pipeline.read(lines + [other] + lines.dropFirst())
        }
    }

    @Test func `A process that is named twice is taken once`() throws {
        let named = lines.filter { $0.hasPrefix("{\"type\":\"process\"") }
        let first = try #require(named.first)
        let id = try #require(first.firstRange(of: /"pid":[0-9]+/).map { String(first[$0]) })
        let twice = lines.map {
            named.contains($0) ? $0.replacing(/"pid":[0-9]+/, with: id) : $0
        }
        #expect(named.count > 1)
        try #expect(Pipeline.assembled(twice).contains("\"fork_failure\""))
    }

    // MARK: - What is ours and unknown

    @Test func `A pattern that this catalogue does not have is taken at its word`() throws {
        let first = try #require(try firstPattern())
        let id = Pipeline.patterns[first].id
        let foreign = lines.map { $0.replacing("\"id\":\"\(id)\"", with: "\"id\":\"mine.own\"") }
        let reader = try Pipeline.read(foreign)
        #expect(reader.patterns.contains { $0.id == "mine.own" })
        #expect(
            Pipeline.report(reader.extractions, patterns: reader.patterns).contains(
                "\"fork_failure\""))
    }

    @Test func `Members that a later version adds are passed over`() throws {
        let later = lines.map {
            $0.replacing("{\"type\"", with: "{\"later\":[{\"a\":null}],\"type\"")
        }
        let report = try Pipeline.assembled(later)
        try #expect(Pipeline.assembled(lines) == report)
    }

    private func firstPattern() throws -> Int? {
        let path = Samples.paths.first { $0.contains("strict-overcommit-save-rule") }
        return try path.flatMap { try Pipeline.extractions(of: [$0])[0].log.pattern(at: 0) }
    }

    // MARK: - Truncation

    @Test func `Lines that are missing at the end are counted as damage`() throws {
        for kept in 1..<lines.count {
            let reader = try Pipeline.read(Array(lines.prefix(kept)))
            #expect(reader.extractions.count == 1)
            #expect(reader.extractions[0].facts.damage.entries == lines.count - kept)
            #expect(reader.extractions[0].facts.problems.count == 1)
        }
    }

    @Test func `A line that is cut is told from one that is foreign`() throws {
        for line in lines.prefix(4) {
            let bytes = Array(line.utf8.dropLast())
            for end in stride(from: 1, to: bytes.count, by: 7) {
                var reader = ExtractReader(store: EventStore(limits: .none))
                let error = #expect(throws: ExtractError.self) { try reader.take(bytes[..<end]) }
                #expect(error?.isCut == true)
            }
        }
    }

    @Test func `An input whose first line was cut is counted as damage`() {
        var reader = ExtractReader(store: EventStore(limits: .none))
        reader.endFile("part-7", isCut: true)
        #expect(reader.extractions.first?.facts.path == "part-7")
        #expect(reader.extractions.first?.facts.damage.entries == 1)
    }

    // MARK: - Anything

    @Test(arguments: 0..<300)
    func `Damaged lines never end the program`(seed: Int) {
        var random = Seeded(seed)
        var damaged = lines
        for _ in 0..<Int.random(in: 1...3, using: &random) {
            let number = Int.random(in: 0..<damaged.count, using: &random)
            damaged[number] = mutated(damaged[number], &random)
        }
        guard let reader = try? Pipeline.read(damaged) else { return }
        _ = Pipeline.report(reader.extractions, patterns: reader.patterns)
    }

    private func mutated(_ line: String, _ random: inout Seeded) -> String {
        var bytes = Array(line.utf8)
        let digits = bytes.indices.filter { (0x30...0x39).contains(bytes[$0]) }
        guard let place = digits.randomElement(using: &random) else { return line }
        switch Int.random(in: 0..<4, using: &random) {
        case 0: bytes[place] = UInt8.random(in: 0x30...0x39, using: &random)
        case 1: bytes.insert(contentsOf: Array("99999999".utf8), at: place)
        case 2: bytes.remove(at: place)
        default: bytes.insert(UInt8(ascii: "-"), at: place)
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
