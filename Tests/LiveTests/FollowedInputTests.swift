// SPDX-License-Identifier: Apache-2.0
// Reading in pieces, with the state taken out and put back between them, is reading at once.

import Foundation
import JSON
import Matching
import Model
import Reading
import TestSupport
import Testing

@testable import forktopsy

struct FollowedInputTests {
    private static let patterns = Catalogue.builtIn.patterns

    @Test(arguments: Workshop.logs)
    func `A log in pieces gives the events of the whole`(path: String) throws {
        let bytes = Array(try Data(contentsOf: URL(fileURLWithPath: path)))
        var walker = InputWalker()
        try walker.add(path)
        let found = try #require(walker.found.first)
        let whole = try #require(try Extractor(catalogue: .builtIn).extract(found).first)
        guard whole.facts.kind != .unknown else { return }
        for (seed, parts) in [(0, 40), (1, 40), (2, 3)] {
            var random = Seeded(seed)
            let source = read(bytes, path, parts, &random)
            let facts = source.input.facts
            #expect(facts.lines == whole.facts.lines)
            #expect(facts.bytes == whole.facts.bytes)
            #expect(facts.records == whole.facts.records)
            #expect(facts.damage == whole.facts.damage)
            #expect(facts.processes.count == whole.facts.processes.count)
            #expect(facts.streams == whole.facts.streams)
            let log = source.collector.log
            try #require(log.count == whole.log.count)
            for i in 0..<log.count { #expect(log.packed(at: i) == whole.log.packed(at: i)) }
        }
    }

    @Test(arguments: Workshop.logs)
    func `The line that keeps an event is its JSON`(path: String) throws {
        let bytes = Array(try Data(contentsOf: URL(fileURLWithPath: path)))
        var random = Seeded(0)
        let log = read(bytes, path, 1, &random).collector.log
        for i in 0..<log.count {
            let event = log.packed(at: i)
            var line: [UInt8] = []
            event.appendStateLine(to: &line, source: 7, id: Self.patterns[event.pattern].id)
            let expected =
                "{\"source\":7,\"id\":\"\(Self.patterns[event.pattern].id)\","
                + event.json.rendered(pretty: false).dropFirst() + "\n"
            #expect(String(decoding: line, as: UTF8.self) == expected)
        }
    }

    /// Reads in some `parts` pieces of random size, and more; now and then as another process would
    /// go on.
    private func read(
        _ bytes: [UInt8], _ path: String, _ parts: Int, _ random: inout Seeded
    ) -> LiveSource {
        let matcher = LiveMatcher(.builtIn)
        let store = EventStore(limits: .none)
        var source = LiveSource(number: 1, origin: path, name: path, store: store)
        var start = 0
        var end = 0
        while end < bytes.count {
            end = min(
                bytes.count, end + Int.random(in: 1...max(2, bytes.count / parts), using: &random))
            start += source.take(bytes.span.extracting(start..<end), isLast: false, with: matcher)
            if source.isAtRest, !source.holdsSnapshots, Int.random(in: 0..<4, using: &random) == 0 {
                source = restarted(source)
            }
        }
        start += source.take(bytes.span.extracting(start..<end), isLast: true, with: matcher)
        return source
    }

    /// The source as the state on disk would give it back.
    private func restarted(_ source: LiveSource) -> LiveSource {
        var reader = LiveStateReader(patterns: Self.patterns, store: EventStore(limits: .none))
        reader.take(Array(source.unsavedLines(Self.patterns).joined()))
        #expect(reader.problem == nil)
        #expect(reader.unknownEvents == 0)
        // What was kept before is on the disk already; here there is but one batch.
        guard let next = reader.sources[1] else {
            Issue.record("the source was not read back")
            return source
        }
        next.savedEvents = 0
        next.savedSnapshots = 0
        return next
    }
}
