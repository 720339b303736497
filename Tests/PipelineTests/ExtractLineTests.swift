// SPDX-License-Identifier: Apache-2.0

import Foundation
import Model
import Reports
import TestSupport
import Testing

@testable import forktopsy

struct ExtractLineTests {
    // MARK: - Bytes

    @Test(
        arguments: [
            [], Array("plain".utf8), [0x00], [0x22, 0x5C, 0x0A, 0x0D, 0x09, 0x1B, 0x7F], [0xFF],
            [0xC3, 0xA9], [0xC3], [0xED, 0xA0, 0x80], [0xF4, 0x90, 0x80, 0x80], [0xEF, 0xBB, 0xBF],
            [0xE2, 0x80, 0xAE, 0x41], [0xF0, 0x9F, 0x98, 0x80], Array(0...255),
        ] as [[UInt8]])
    func `Bytes of a line survive, whatever they are`(bytes: [UInt8]) throws {
        try expectRoundTrip(event(bytes: bytes, decoded: bytes.reversed()))
    }

    @Test(arguments: 0..<200)
    func `Random bytes survive`(seed: Int) throws {
        var random = Seeded(seed)
        func bytes() -> [UInt8] {
            (0..<Int.random(in: 0...40, using: &random)).map { _ in
                UInt8.random(in: 0...255, using: &random)
            }
        }
        try expectRoundTrip(event(bytes: bytes(), decoded: bytes()))
    }

    @Test func `Composed and decomposed letters are not confused`() throws {
        try expectRoundTrip(event(bytes: Array("caf\u{E9}".utf8)))
        try expectRoundTrip(event(bytes: Array("cafe\u{301}".utf8)))
    }

    @Test(arguments: 0..<40)
    func `Base64 gives its bytes back`(count: Int) {
        let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 37 &+ 250) }
        #expect(Base64.text(of: bytes) == Data(bytes).base64EncodedString())
        #expect(Base64.bytes(of: Base64.text(of: bytes)) == bytes)
    }

    @Test(arguments: ["A", "AB", "AB=", "A===", "AB=C", "AB C", "====", "AAAA=", "\u{E9}AA="])
    func `What is no base64 is refused`(text: String) {
        #expect(Base64.bytes(of: text) == nil)
    }

    // MARK: - Headers and captures

    @Test(arguments: HeaderForm.allCases)
    func `Every form of header survives`(form: HeaderForm) throws {
        let header = RecordHeader(
            form: form,
            stamp: Stamp(
                form: .zoned, precision: .microsecond, offsetSeconds: -12_600, nanoseconds: -1),
            pid: 2_147_483_647, threadID: 7, role: .sentinel, level: .debug, stream: 1)
        try expectRoundTrip(event(header: header))
    }

    @Test(arguments: [Stamp.Form.none, .local, .localWithoutYear, .zoned, .epoch, .uptime])
    func `Every form of stamp survives`(form: Stamp.Form) throws {
        for nanoseconds in [
            0, 1, -1, 999_999_999, 1_732_270_502_123_456_789, -2_208_988_800_000_000_000,
        ] as [Int64] {
            let stamp = Stamp(form: form, precision: .millisecond, nanoseconds: nanoseconds)
            try expectRoundTrip(event(header: RecordHeader(form: .roleWithYear, stamp: stamp)))
        }
    }

    @Test func `Captures survive, also those of groups that took no part`() throws {
        try expectRoundTrip(event(bytes: Array("abc".utf8), captures: [0..<3, nil, 1..<1, 3..<3]))
        try expectRoundTrip(
            event(bytes: Array("abc".utf8), decoded: Array("de".utf8), captures: [3..<5, nil]))
    }

    private func event(
        header: RecordHeader = RecordHeader(form: .none), bytes: [UInt8] = [],
        decoded: [UInt8] = [],
        captures: [Range<Int>?] = []
    ) -> PackedEvent {
        PackedEvent(
            pattern: 3, header: header, line: 12, offset: 1 << 40, bytes: bytes, decoded: decoded,
            captures: captures, cursor: Array("s=1;i=2".utf8))
    }

    private func expectRoundTrip(
        _ event: PackedEvent, _ location: SourceLocation = #_sourceLocation
    ) throws {
        var extraction = Extraction(facts: InputFacts(path: "a"))
        extraction.facts.streams = [WriterStream(), WriterStream(host: "b")]
        extraction.log.append(event)
        let lines = Pipeline.lines(extraction)
        #expect(lines.allSatisfy { $0.utf8.count { $0 == 0x0A } == 1 }, sourceLocation: location)
        let reader = try Pipeline.read(lines)
        let read = try #require(reader.extractions.first).log.packed(at: 0)
        var expected = event
        expected.pattern = 0
        #expect(read == expected, sourceLocation: location)
        #expect(reader.patterns.first?.id == Pipeline.patterns[3].id, sourceLocation: location)
    }

    // MARK: - Facts

    @Test func `All that is known of an input survives`() throws {
        var extraction = Extraction(facts: fullFacts())
        extraction.limitsHit = 5
        extraction.readAt = Timestamp(nanoseconds: 1_795_000_000_123_456_789)
        let read = try #require(try Pipeline.read(Pipeline.lines(extraction)).extractions.first)
        #expect(described(read.facts) == described(extraction.facts))
        #expect(read.limitsHit == 5)
        #expect(read.readAt == extraction.readAt)
    }

    /// Whoever adds a fact finds out here that it must be written and read as well.
    @Test func `The facts of this test leave nothing at its default`() {
        let facts = fullFacts()
        #expect(unchanged(facts, InputFacts(path: "")) == [])
        // What one record shows and no other has confirmed is settled when an input ends; whose
        // time a file shows is found out, each time anew, only by who reads it where it is written.
        let own = ["candidate", "outerCandidate", "zoneOfFile"]
        #expect(unchanged(facts.clock, ClockEvidence()) == own)
        #expect(unchanged(facts.damage, Damage()) == [])
        #expect(unchanged(facts.streams[1], WriterStream()) == [])
    }

    private func fullFacts() -> InputFacts {
        let stamp = Stamp(form: .local, precision: .millisecond, offsetSeconds: 1, nanoseconds: 2)
        var facts = InputFacts(path: "dir/caf\u{E9} \u{202E}.log")
        facts.kind = .journal
        facts.format = "gzip + redis 5.0+"
        facts.bytes = 1 << 45
        facts.lines = 2
        facts.records = 3
        facts.undated = 4
        facts.messagesCutByServer = 5
        facts.damage.archives = 1
        facts.damage.entries = 2
        facts.damage.linesCut = 3
        facts.damage.bytesSkipped = 4
        facts.damage.filesUnreadable = 5
        facts.problems = ["a\nb", ""]
        facts.processes = [
            ProcessSpan(
                pid: 7, stream: 1, records: 9, isChild: true, isSentinel: true, firstLine: 1,
                lastLine: 2,
                first: stamp, last: .none)
        ]
        facts.streams = [
            WriterStream(), WriterStream(host: "h", identifier: "i", unit: "u", container: "c"),
        ]
        facts.clock.first = stamp
        facts.clock.last = Stamp(form: .uptime, precision: .microsecond, nanoseconds: 5)
        facts.clock.localStamps = 1
        facts.clock.instantStamps = 2
        facts.clock.yearTurns = [3, 4]
        facts.clock.anchors = [
            ClockAnchor(
                line: 3, instant: Timestamp(nanoseconds: 1_700_000_000_000_000_001), local: stamp)
        ]
        facts.clock.offsets = [OffsetSpan(line: 1, offsetSeconds: -3600, year: 2024)]
        facts.clock.setbacks = [ClockSetback(line: 9, seconds: 3600)]
        facts.clock.forwardSteps = 6
        facts.clock.backwardSteps = 7
        facts.clock.boots = [Timestamp(seconds: 1_700_000_000)]
        facts.clock.toldBoots = [ToldBoot(line: 5, stamp: stamp, doubtSeconds: 60)]
        facts.clock.uptimes = [
            ClockAnchor(line: 4, instant: Timestamp(nanoseconds: 937_219_873_000), local: stamp)
        ]
        facts.clock.modifiedAt = Timestamp(nanoseconds: -1)
        facts.clock.hostZones = [
            HostZone(line: 6, name: "Asia/Tokyo", offsetSeconds: 32_400),
            HostZone(line: 7, name: nil, offsetSeconds: -3600),
        ]
        facts.clock.leapDays = [5]
        facts.clock.outerOffsets = [OffsetSpan(line: 2, offsetSeconds: 900, year: 0)]
        facts.clock.wrappers.records = 3
        facts.clock.wrappers.agreeing = 2
        facts.clock.wrappers.outer = 1
        facts.clock.wrappers.instants = 4
        facts.clock.wrappers.written = -5_000_000_001...7
        facts.clock.wrappers.lag = -1...2
        return facts
    }

    private func described(_ value: Any) -> String {
        var out = ""
        dump(value, to: &out)
        return out
    }

    private func unchanged(_ value: Any, _ fresh: Any) -> [String] {
        zip(Mirror(reflecting: value).children, Mirror(reflecting: fresh).children)
            .filter { described($0.value) == described($1.value) }.map { $0.0.label ?? "" }
    }
}
