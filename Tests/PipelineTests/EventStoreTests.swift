// SPDX-License-Identifier: Apache-2.0

import Foundation
import Model
import TestSupport
import Testing

@testable import forktopsy

struct EventStoreTests {
    private static let spilling = EventStore.Limits(memory: 0, withoutFile: 64 << 20, cache: 0)
    private static let folder = FileManager.default.temporaryDirectory.path

    @Test(arguments: [0, 1, 255, 256, 257, 1000, 4000])
    func `Events in the temporary file are those that were put there`(count: Int) {
        let store = EventStore(limits: Self.spilling, directories: [Self.folder])
        var spilled = EventLog(store: store)
        var kept = EventLog()
        for i in 0..<count {
            spilled.append(Self.event(i))
            kept.append(Self.event(i))
        }
        spilled.finish()
        #expect(spilled.count == count)
        #expect((store.spilledBytes > 0) == (count > 0))
        for i in 0..<count { #expect(spilled.packed(at: i) == Self.event(i)) }
        // In any order, and with all that is derived.
        var random = Seeded(count)
        for i in (0..<count).shuffled(using: &random) {
            #expect(spilled.packed(at: i) == kept.packed(at: i))
            #expect(spilled.signature(at: i) == kept.signature(at: i))
            #expect(spilled.header(at: i) == kept.header(at: i))
            #expect(spilled.stamp(at: i) == kept.stamp(at: i))
            #expect(spilled.pattern(at: i) == kept.pattern(at: i))
            #expect(spilled.position(at: i, input: 4) == kept.position(at: i, input: 4))
        }
        #expect(store.failure == nil && store.warning == nil)
    }

    @Test func `Instants are kept for each event`() {
        var log = EventLog(store: EventStore(limits: Self.spilling, directories: [Self.folder]))
        for i in 0..<600 { log.append(Self.event(i)) }
        log.finish()
        #expect(log.instant(at: 0) == nil)
        func instant(_ line: Int) -> Timestamp? {
            line % 7 == 0 ? nil : Timestamp(seconds: Int64(line / 100 * 3600 + line))
        }
        for _ in 0..<2 {
            log.place { _, line in instant(line) }
            for i in 0..<600 { #expect(log.instant(at: i) == instant(i + 1)) }
        }
        #expect(log.event(at: 41, input: 0, patterns: Pipeline.patterns).at == nil)
        #expect(log.event(at: 42, input: 0, patterns: Pipeline.patterns).at == instant(43))
    }

    @Test func `Events are the same in the small blocks of many logs`() {
        let store = EventStore(limits: Self.spilling, directories: [Self.folder])
        let logs = (0..<1100).map { number in
            var log = EventLog(store: store)
            // Two blocks of the first logs, many of the last.
            for i in 0..<(number % 100 == 99 ? 300 : 3) { log.append(Self.event(i)) }
            log.finish()
            return log
        }
        for log in logs {
            for i in 0..<log.count { #expect(log.packed(at: i) == Self.event(i)) }
            var placed = log
            placed.place { _, line in Timestamp(seconds: Int64(line)) }
            #expect(placed.instant(at: log.count - 1) == Timestamp(seconds: Int64(log.count)))
        }
    }

    @Test func `A copy of a log is a value of its own`() {
        var log = EventLog(store: EventStore(limits: Self.spilling, directories: [Self.folder]))
        for i in 0..<300 { log.append(Self.event(i)) }
        var copy = log
        copy.place { _, _ in Timestamp(seconds: 1) }
        for i in 300..<600 { copy.append(Self.event(i + 1)) }
        for i in 300..<600 { log.append(Self.event(i)) }
        #expect(log.count == 600)
        #expect(log.instant(at: 5) == nil && copy.instant(at: 5) == Timestamp(seconds: 1))
        for i in 300..<600 {
            #expect(log.packed(at: i) == Self.event(i))
            #expect(copy.packed(at: i) == Self.event(i + 1))
        }
    }

    @Test func `Logs that are read in turns do not disturb each other`() {
        let store = EventStore(limits: Self.spilling, directories: [Self.folder])
        let logs = (0..<5).map { number in
            var log = EventLog(store: store)
            for i in 0..<700 { log.append(Self.event(i * 5 + number)) }
            log.finish()
            return log
        }
        for i in 0..<700 {
            for number in 0..<5 {
                #expect(logs[number].packed(at: i) == Self.event(i * 5 + number))
            }
        }
    }

    @Test(arguments: [0, 1, 256, 600])
    func `A cursor gives the events of its log in order`(count: Int) {
        var log = EventLog(store: EventStore(limits: Self.spilling, directories: [Self.folder]))
        for i in 0..<count { log.append(Self.event(i)) }
        log.finish()
        log.place { stamp, line in line % 5 == 0 ? nil : Timestamp(nanoseconds: stamp.nanoseconds) }
        var cursor = EventCursor(
            log, input: 3, patterns: PatternTable(Pipeline.patterns))
        var headers = 0
        var kept: [(Event, Event)] = []
        log.forEachHeader { i, pattern, header in
            headers += 1
            #expect(!cursor.isAtEnd && cursor.index == i && cursor.instant == log.instant(at: i))
            let signature = cursor.signature
            let next = cursor.next()
            let event = log.event(at: i, input: 3, patterns: Pipeline.patterns)
            #expect(signature == log.signature(at: i))
            #expect(next.source == event.source && next.line == event.line)
            #expect(next.at == event.at && next.values == event.values)
            #expect(next.kind == event.kind && next.header == event.header)
            #expect(next.patternID == event.patternID && next.cursor == event.cursor)
            #expect(next.uncertainty == event.uncertainty && next.operation == event.operation)
            for name in event.values.map(\.name) + ["nothing"] {
                #expect(next[name] == event[name] && next.int(name) == event.int(name))
                #expect(next.double(name) == event.double(name))
            }
            kept.append((next, event))
            #expect(pattern == log.pattern(at: i) && header == log.header(at: i))
        }
        // They can still be asked when the cursor has gone on.
        for (next, event) in kept {
            #expect(next.values == event.values && next.line == event.line)
        }
        var instants: [Timestamp] = []
        log.forEachInstant { instants.append($0) }
        #expect(instants == (0..<count).compactMap { log.instant(at: $0) })
        #expect(log.firstInstant == instants.first)
        #expect(headers == count && cursor.isAtEnd && cursor.instant == nil)
    }

    @Test func `Reports do not depend on where events were kept`() throws {
        let paths = Array(Samples.paths.prefix(10))
        let store = EventStore(limits: Self.spilling, directories: [Self.folder])
        let spilled = try Pipeline.extractions(of: paths, store: store)
        #expect(store.spilledBytes > 0)
        try #expect(Pipeline.report(spilled) == Pipeline.report(Pipeline.extractions(of: paths)))
    }

    @Test func `Without a directory events stay in memory, and it is said`() {
        let store = EventStore(limits: Self.spilling, directories: ["/nonexistent", "/proc"])
        var log = EventLog(store: store)
        for i in 0..<600 { log.append(Self.event(i)) }
        log.finish()
        #expect(store.warning?.contains("temporary file") == true)
        #expect(store.failure == nil)
        for i in 0..<600 { #expect(log.packed(at: i) == Self.event(i)) }
    }

    @Test func `Without a directory memory is bounded, and the loss is said`() {
        let limits = EventStore.Limits(memory: 0, withoutFile: 100_000, cache: 0)
        let store = EventStore(limits: limits)
        var log = EventLog(store: store)
        for i in 0..<5000 { log.append(Self.event(i)) }
        log.finish()
        #expect(store.failure != nil)
        #expect(log.count == 5000)
        // Lost events are empty, and asking for them is no crash.
        for i in 0..<5000 { _ = log.event(at: i, input: 0, patterns: Pipeline.patterns) }
        log.place { stamp, _ in Timestamp(nanoseconds: stamp.nanoseconds) }
    }

    @Test func `The temporary file has no name`() throws {
        try withTemporaryFolder { folder in
            let store = EventStore(limits: Self.spilling, directories: [folder])
            var log = EventLog(store: store)
            for i in 0..<600 { log.append(Self.event(i)) }
            #expect(store.spilledBytes > 0)
            try #expect(FileManager.default.contentsOfDirectory(atPath: folder) == [])
        }
    }

    /// An event that differs from all others in nearly every part.
    private static func event(_ i: Int) -> PackedEvent {
        let forms: [Stamp.Form] = [.local, .epoch, .localWithoutYear, .zoned]
        let stamp = Stamp(
            form: forms[i % 4], precision: .millisecond, offsetSeconds: Int32(i % 3),
            nanoseconds: Int64(i) * 1_000_003)
        let text = Array("\(i): ".utf8) + [UInt8(truncatingIfNeeded: i), 0xFF, 0]
        let decoded = i.isMultiple(of: 3) ? Array("decoded \(i)".utf8) : []
        return PackedEvent(
            pattern: i % 20,
            header: RecordHeader(
                form: .roleWithYear, stamp: stamp, pid: Int32(i), threadID: Int32(i % 2),
                role: .master,
                level: .notice, stream: UInt16(i % 9)),
            line: i + 1, offset: Int64(i) << 20, bytes: text, decoded: decoded,
            captures: i.isMultiple(of: 2)
                ? [0..<2, nil, text.count..<text.count + decoded.count] : [])
    }
}
