// SPDX-License-Identifier: Apache-2.0
// Records that no pattern can match are passed over: faster, and the same to the last byte.

import Foundation
import Matching
import Model
import PatternFiles
import Reading
import Testing

@testable import forktopsy

private func lines(
    of path: String, passesOver: Bool = true, isPortable: Bool = false, usePrefilter: Bool = true,
    templatesAfter: Int = 0
) throws -> [String] {
    var extractor = Extractor(catalogue: .builtIn)
    extractor.passesOver = passesOver
    extractor.isPortable = isPortable
    extractor.templatesAfter = templatesAfter
    extractor.usePrefilter = usePrefilter
    var walker = InputWalker()
    try walker.add(path)
    return try walker.found.flatMap { try extractor.extract($0) }.flatMap(Pipeline.lines)
}

/// What a run of a log through the reader and the matcher took.
private struct Work {
    var lines = 0
    var lent = 0
    /// Records that templates matched.
    var taken = 0
    var counters = MatchCounters()
}

private func work(_ path: String, templatesAfter: Int = .max) throws -> Work {
    var out = Work()
    var matcher = Matcher(.builtIn)
    var options = ReadOptions(screen: Catalogue.builtIn.screen)
    options.templatesAfter = templatesAfter
    try InputReader.read(path: path, name: path, options: options) { _, run in
        let facts = run { place, line, message, _ in
            if let matched = place.matched {
                out.taken += matched.count
                return
            }
            out.lent += 1
            _ = Extractor.match(
                &matcher, line, message, place.classified, patterns: Pipeline.patterns)
        }
        out.lines += facts.lines
    }
    out.counters = matcher.counters
    return out
}

/// The messages of the examples that the patterns of servers give.
private func exampleMessages() -> [String] {
    let catalogue = Catalogue.builtIn
    return catalogue.patterns.indices.flatMap { i -> [String] in
        guard catalogue.patterns[i].scope == .server else { return [] }
        return (catalogue.definition(at: i)?.matches ?? []).map { example in
            let marks = [" * ", " # ", " - ", " . "]
            let ends = marks.compactMap { example.line.range(of: $0)?.upperBound }
            return ends.min().map { String(example.line[$0...]) } ?? example.line
        }
    }.filter { !$0.contains("\n") }
}

struct SieveTests {
    @Test func `The sample logs give the same with and without it`() throws {
        for path in Samples.paths {
            let expected = try lines(of: path, passesOver: false)
            #expect(try lines(of: path) == expected, "\(path)")
            #expect(try lines(of: path, isPortable: true) == expected, "\(path)")
        }
    }

    @Test func `Quiet logs give the same without any prefilter`() throws {
        for path in Samples.paths where path.contains("/quiet-7.2") || path.contains("/quiet-2.8") {
            #expect(try lines(of: path) == lines(of: path, usePrefilter: false), "\(path)")
        }
    }

    @Test(arguments: 0..<60)
    func `Odd records among ordinary ones give the same with and without it`(seed: Int) throws {
        var log = OrdinaryLog(seed: seed)
        log.oddity = 12
        try log.withFile(lines: 400) { path, _ in
            let expected = try lines(of: path, passesOver: false)
            #expect(try lines(of: path) == expected)
            #expect(try lines(of: path, templatesAfter: 9) == expected)
            #expect(try lines(of: path, isPortable: true) == expected)
        }
    }

    @Test(arguments: 0..<24)
    func `Messages of all patterns, whole and damaged, give the same with templates`(
        seed: Int
    ) throws {
        var log = OrdinaryLog(seed: seed)
        log.messages = exampleMessages()
        log.oddity = 40
        try log.withFile(lines: 2500) { path, _ in
            let expected = try lines(of: path, passesOver: false)
            #expect(try lines(of: path) == expected)
            #expect(try lines(of: path, templatesAfter: 200) == expected)
        }
    }

    @Test func `Templates match nearly all that a server writes while its saves work`() throws {
        var log = OrdinaryLog(seed: 7)
        try log.withFile(lines: 20_000) { path, routine in
            let work = try work(path, templatesAfter: 0)
            #expect(work.taken > routine * 9 / 10)
            #expect(work.counters.matches + work.taken == routine)
        }
    }

    @Test func `Of what clients do nothing is lent, and no regex runs in vain`()
        throws
    {
        var log = OrdinaryLog(seed: 7)
        try log.withFile(lines: 20_000) { path, routine in
            let work = try work(path)
            #expect(work.lines == 20_000)
            // The lines of saves, a few at the start, and those of which hashes cannot tell.
            #expect(work.lent < routine + 20 + work.lines / 200)
            #expect(work.counters.matches == routine)
            #expect(work.counters.regexCalls == work.counters.matches)
        }
    }

    @Test func `On the quiet samples regexes run for what they match`() throws {
        for path in Samples.paths where path.contains("/quiet-") && path.hasSuffix(".log") {
            let work = try work(path)
            #expect(
                work.counters.regexCalls <= work.counters.matches + 4 + work.lines / 20,
                "\(path): \(work)")
        }
    }
}
