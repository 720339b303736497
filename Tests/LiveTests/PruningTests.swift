// SPDX-License-Identifier: Apache-2.0
// A pruned storm keeps its figures, and nothing else is lost by pruning.

import Matching
import Model
import Reports
import TestSupport
import Testing

@testable import forktopsy

struct PruningTests {
    private static let patterns = Catalogue.builtIn.patterns

    private func kept(_ source: LiveSource, _ first: Int, _ last: Int, rare: Int) -> LiveSource.Kept
    {
        .init(middle: first..<source.collector.log.count - last, rare: rare)
    }

    private func storm(_ refusals: Int) -> [UInt8] {
        var text = "7:M 22 Nov 2026 10:00:00.000 * Ready to accept connections\n"
        for i in 0..<refusals {
            let stamp = "22 Nov 2026 10:\(padded(i / 60 % 60, 2)):\(padded(i % 60, 2)).000"
            text +=
                "7:M \(stamp) * 1 changes in 60 seconds. Saving...\n"
                + "7:M \(stamp) # Can't save in background: fork: Cannot allocate memory\n"
        }
        text +=
            "7:M 22 Nov 2026 11:00:01.000 * Background saving started by pid 9\n"
            + "7:M 22 Nov 2026 11:00:02.000 * Background saving terminated with success\n"
        return Array(text.utf8)
    }

    @Test func `The figures of a storm are those of the whole after pruning, also read back`()
        throws
    {
        let store = EventStore(limits: .none)
        let source = LiveSource(number: 1, origin: "redis.log", name: "redis.log", store: store)
        let bytes = storm(3000)
        #expect(source.take(bytes.span, isLast: true, with: LiveMatcher(.builtIn)) == bytes.count)
        let reporter = LiveReporter(catalogue: .builtIn, assembler: Assembler(), redact: .none)
        reporter.changes([source], carry: Carry())
        let whole = reporter.report
        let pruned = source.pruned(
            kept(source, 40, 60, rare: 10), patterns: Self.patterns, store: store)
        #expect(pruned.collector.log.count < 200)
        let carry = try #require(reporter.carry(without: [pruned]))
        var reader = LiveStateReader(patterns: Self.patterns, store: store)
        reader.take(Array(carry.line.utf8))
        #expect(reader.carry == carry)
        reporter.changes([pruned], carry: reader.carry)
        #expect(reporter.report.summary == whole.summary)
        #expect(reporter.report.incidents.map(\.failures) == whole.incidents.map(\.failures))
        #expect(
            reporter.report.incidents.map(\.persistence.saves)
                == whole.incidents.map(\.persistence.saves))
        #expect(reporter.report.outlook.map(\.saves) == whole.outlook.map(\.saves))
    }

    @Test func `What a storm adds is written in pieces, and read back whole`() throws {
        let store = EventStore(limits: .none)
        let source = LiveSource(number: 1, origin: "redis.log", name: "redis.log", store: store)
        let bytes = storm(3000)
        #expect(source.take(bytes.span, isLast: true, with: LiveMatcher(.builtIn)) == bytes.count)
        let pieces = source.unsavedLines(Self.patterns)
        #expect(pieces.count > 3)
        #expect(pieces.map(\.count).max() ?? 0 < pieces.joined().count / 3)
        var reader = LiveStateReader(patterns: Self.patterns, store: store)
        reader.take(Array(pieces.joined()))
        let read = try #require(reader.sources[1])
        #expect(reader.problem == nil)
        #expect(read.collector.log.count == source.collector.log.count)
        #expect(read.unsavedLines(Self.patterns).count == 1, "no event is new")
    }

    @Test func `Pruning leaves nothing of the store that events waited in`() throws {
        try withTemporaryFolder { folder in
            let store = try LiveStore(directory: folder, patterns: Self.patterns) { _ in }
            let source = store.makeSource(origin: "redis.log", name: "redis.log")
            _ = store.makeSource(origin: "samples", name: "samples")
            let bytes = storm(6000)
            _ = source.take(bytes.span, isLast: true, with: LiveMatcher(.builtIn))
            let reporter = LiveReporter(catalogue: .builtIn, assembler: Assembler(), redact: .none)
            reporter.notesLines = true
            reporter.changes(store.inOrder, carry: store.carry)
            let before = source.collector.log.count
            weak let old = store.events
            let shown = reporter.lines
            store.prune(shown: { _ in shown["redis.log"] ?? [] }) { reporter.carry(without: $0) }
            #expect(source.collector.log.count < before)
            #expect(old == nil)
        }
    }

    @Test func `Refusals without a line that says why are pruned as well`() throws {
        let store = EventStore(limits: .none)
        let source = LiveSource(number: 1, origin: "redis.log", name: "redis.log", store: store)
        let bytes = (0..<3000).flatMap { i in
            Array(
                ("7:M 22 Nov 2026 10:\(padded(i / 60, 2)):\(padded(i % 60, 2)).000 # Can't save in "
                    + "background: fork: Cannot allocate memory\n").utf8)
        }
        _ = source.take(bytes.span, isLast: true, with: LiveMatcher(.builtIn))
        let reporter = LiveReporter(catalogue: .builtIn, assembler: Assembler(), redact: .none)
        reporter.notesLines = true
        reporter.changes([source], carry: Carry())
        var some = kept(source, 40, 60, rare: 10)
        some.shown = reporter.lines["redis.log"] ?? []
        let pruned = source.pruned(some, patterns: Self.patterns, store: store)
        #expect(pruned.collector.log.count < 200)
        #expect(try #require(reporter.carry(without: [pruned])) != Carry())
    }

    @Test func `What would lose more than figures is not pruned`() throws {
        let store = EventStore(limits: .none)
        let source = LiveSource(number: 1, origin: "redis.log", name: "redis.log", store: store)
        let bytes = storm(500)
        _ = source.take(bytes.span, isLast: true, with: LiveMatcher(.builtIn))
        let reporter = LiveReporter(catalogue: .builtIn, assembler: Assembler(), redact: .none)
        reporter.changes([source], carry: Carry())
        // Without its beginning the incident is another.
        let pruned = source.pruned(
            kept(source, 1, 4, rare: 0), patterns: Self.patterns, store: store)
        #expect(reporter.carry(without: [pruned]) == nil)
    }

    /// Healthy cycles, with an incident in their middle that is over.
    private func healthy(_ cycles: Int, failingAt failing: Int) -> [UInt8] {
        var text = "7:M 22 Nov 2026 00:00:00.000 * Ready to accept connections\n"
        for i in 0..<cycles {
            let stamp =
                "22 Nov 2026 \(padded(i / 3600, 2)):\(padded(i / 60 % 60, 2)):"
                + padded(i % 60, 2)
            text += "7:M \(stamp).000 * 1 changes in 60 seconds. Saving...\n"
            text +=
                i == failing
                ? "7:M \(stamp).001 # Can't save in background: fork: Cannot allocate memory\n"
                : "7:M \(stamp).001 * Background saving started by pid \(100 + i)\n"
                    + "\(100 + i):C \(stamp).100 * DB saved on disk\n"
                    + "7:M \(stamp).200 * Background saving terminated with success\n"
        }
        return Array(text.utf8)
    }

    @Test func `Of an incident in the pruned middle what it rests on stays`() throws {
        let store = EventStore(limits: .none)
        let source = LiveSource(number: 1, origin: "redis.log", name: "redis.log", store: store)
        let bytes = healthy(1000, failingAt: 500)
        _ = source.take(bytes.span, isLast: true, with: LiveMatcher(.builtIn))
        let reporter = LiveReporter(catalogue: .builtIn, assembler: Assembler(), redact: .none)
        reporter.notesLines = true
        reporter.changes([source], carry: Carry())
        let whole = reporter.report
        #expect(whole.incidents.count == 1)
        let bare = source.pruned(
            kept(source, 40, 60, rare: 0), patterns: Self.patterns, store: store)
        #expect(reporter.carry(without: [bare]) == nil)
        var some = kept(source, 40, 60, rare: 0)
        some.shown = reporter.lines["redis.log"] ?? []
        let pruned = source.pruned(some, patterns: Self.patterns, store: store)
        #expect(pruned.collector.log.count < 300)
        let carry = try #require(reporter.carry(without: [pruned]))
        reporter.changes([pruned], carry: carry)
        #expect(reporter.report.summary == whole.summary)
        #expect(reporter.report.incidents.map(\.id) == whole.incidents.map(\.id))
        #expect(reporter.report.incidents.map(\.startedAt) == whole.incidents.map(\.startedAt))
        #expect(reporter.report.outlook.map(\.saves) == whole.outlook.map(\.saves))
    }
}
