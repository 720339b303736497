// SPDX-License-Identifier: Apache-2.0
// Records that no pattern can match are passed over: faster, and the same to the last byte.

import Foundation
import Matching
import Model
import Reading
import Testing

@testable import forktopsy

private func lines(
    of path: String, passesOver: Bool = true, isPortable: Bool = false, usePrefilter: Bool = true
) throws -> [String] {
    var extractor = Extractor(catalogue: .builtIn)
    extractor.passesOver = passesOver
    extractor.isPortable = isPortable
    extractor.usePrefilter = usePrefilter
    var walker = InputWalker()
    try walker.add(path)
    return try walker.found.flatMap { try extractor.extract($0) }.flatMap(Pipeline.lines)
}

/// What a run of a log through the reader and the matcher took.
private struct Work {
    var lines = 0
    var lent = 0
    var counters = MatchCounters()
}

private func work(_ path: String) throws -> Work {
    var out = Work()
    var matcher = Matcher(.builtIn)
    let options = ReadOptions(screen: Catalogue.builtIn.screen)
    try InputReader.read(path: path, name: path, options: options) { _, run in
        let facts = run { place, line, message, _ in
            out.lent += 1
            _ = Extractor.match(
                &matcher, line, message, place.classified, patterns: Pipeline.patterns)
        }
        out.lines += facts.lines
    }
    out.counters = matcher.counters
    return out
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
            #expect(try lines(of: path, isPortable: true) == expected)
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
