// SPDX-License-Identifier: Apache-2.0
// Whose time a log shows, where the moment of its last writing is known.

import Matching
import Model
import Testing

@testable import Live
@testable import Reading
@testable import forktopsy

struct ZoneOfFileTests {
    private static let berlin = TimeZoneRules(fixedOffsetSeconds: 3600)
    /// 22 Nov 2026 10:00:00 UTC.
    private static let moment = Timestamp(seconds: 1_795_341_600)

    /// The evidence of a log whose last stamp, read as UTC, lies so many seconds behind the moment
    /// of its last writing.
    private func evidence(ahead seconds: Double, _ form: Stamp.Form = .local) -> ClockEvidence {
        var out = ClockEvidence()
        out.last = Stamp(
            form: form, precision: .millisecond,
            nanoseconds: Self.moment.adding(seconds: seconds).nanoseconds)
        out.modifiedAt = Self.moment
        return out
    }

    @Test func `The host's zone and UTC are told apart by the last line`() {
        #expect(evidence(ahead: 3599.9).zoneOfFile(hostZone: Self.berlin) == .host)
        #expect(evidence(ahead: -0.001).zoneOfFile(hostZone: Self.berlin) == .utc)
        #expect(evidence(ahead: 7200).zoneOfFile(hostZone: Self.berlin) == nil)
        #expect(evidence(ahead: 3610).zoneOfFile(hostZone: Self.berlin) == nil)
        // A record with a zone, and a host that keeps UTC, leave nothing to find out.
        #expect(evidence(ahead: 0, .epoch).zoneOfFile(hostZone: Self.berlin) == nil)
        #expect(evidence(ahead: 0).zoneOfFile(hostZone: .utc) == nil)
    }

    @Test func `Stamps are placed by it, unless --tz says otherwise`() {
        var facts = InputFacts(path: "redis.log")
        facts.clock = evidence(ahead: 3599.9)
        facts.clock.zoneOfFile = .host
        var options = ClockOptions()
        options.hostZone = Self.berlin
        var clock = InputClock(facts, options)
        let at = clock.instant(of: facts.clock.last, line: 1)
        #expect(at == Self.moment.adding(seconds: -0.1))
        #expect(clock.zoneBasis == .fileTime)
        options.zones = [(nil, .utc)]
        #expect(InputClock(facts, options).zoneBasis == .explicit)
    }

    @Test func `A source keeps what it has found out when the file no longer tells`() {
        let source = LiveSource(
            number: 1, origin: "redis.log", name: "redis.log", store: .init(limits: .none))
        let line = "7:M 22 Nov 2026 11:00:00.000 # Can't save in background: fork: Cannot allocate "
        _ = source.take(
            Array((line + "memory\n").utf8).span, isLast: true, with: LiveMatcher(.builtIn))
        source.mark.modifiedAt = Self.moment.nanoseconds
        source.noteZone(host: Self.berlin)
        #expect(source.zone == .host)
        source.mark.modifiedAt += 90_000_000_000
        source.noteZone(host: Self.berlin)
        #expect(source.zone == .host)
        var reader = LiveStateReader(
            patterns: Catalogue.builtIn.patterns, store: .init(limits: .none))
        reader.take(source.unsavedLines(Catalogue.builtIn.patterns).flatMap { $0 })
        #expect(reader.sources[1]?.zone == .host)
    }
}

struct BeatTests {
    @Test(arguments: [(0.0, 30.0), (29.9, 30.0), (30.0, 60.0), (61.5, 90.0)])
    func `All that is done now and then falls on one moment`(now: Double, next: Double) {
        #expect(Beat.next(after: now) == next)
    }
}

struct MappingLinesTests {
    @Test(arguments: [1, 3, 17, 4096])
    func `Of smaps headers and flags are kept`(pieces: Int) {
        let header = "55ac794d7000-55ac794d9000 r--p 00000000 fe:00 253911   /usr/bin/cat\n"
        let flags = "VmFlags: rd mr mw me sd \n"
        let text = header + "Size:                  8 kB\nRss:  8 kB\nTHPeligible: 0\n" + flags
        var lines = MappingLines()
        var rest = Array((text + text).utf8)[...]
        while !rest.isEmpty {
            lines.take(rest.prefix(pieces))
            rest = rest.dropFirst(pieces)
        }
        #expect(String(decoding: lines.kept, as: UTF8.self) == header + flags + header + flags)
    }
}
