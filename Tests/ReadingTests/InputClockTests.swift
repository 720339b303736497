// SPDX-License-Identifier: Apache-2.0
// From stamps as written to instants, and what that rests on.

import Model
import Testing

@testable import Reading

private func at(_ text: String) -> Timestamp? { instant(rfc3339: text) }

/// Reads a log last written at `written` and gives the instant of each of its stamps.
private func placed(
    _ lines: [String], written: String? = nil, name: String = "redis.log",
    _ change: (inout ClockOptions) -> Void = { _ in }
) throws -> (times: [String?], clock: [ClockSegment]) {
    var (facts, seen) = try readLog(lines.joined(separator: "\n"), name: name)
    facts.clock.modifiedAt = written.flatMap { at($0) }
    var options = ClockOptions()
    change(&options)
    var clock = InputClock(facts, options)
    let times = seen.map { clock.instant(of: $0.header.stamp, line: $0.line) }
    let known = times.compactMap { $0 }
    return (times.map { $0?.rfc3339 }, clock.segments(facts, from: known.min(), to: known.max()))
}

private func berlin() throws -> TimeZoneRules {
    // The rule of central Europe since 1996, as a file that holds nothing else.
    try #require(TimeZoneRules(name: "Europe/Berlin", tzif: ruleOnly("CET-1CEST,M3.5.0,M10.5.0/3")))
}

/// A TZif file (RFC 8536) without transitions.
private func ruleOnly(_ footer: String) -> [UInt8] {
    let header =
        Array("TZif2".utf8) + [UInt8](repeating: 0, count: 15) + [UInt8](repeating: 0, count: 12)
        + [0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1]
    let body = [UInt8](repeating: 0, count: 7)
    return header + body + header + body + Array("\n\(footer)\n".utf8)
}

// MARK: - Years

@Test(arguments: [
    // the last line, when the file was written, the year
    ("14 Oct 03:00:46.069", "2017-10-14T03:00:49Z", "2017-10-14"),
    ("14 Oct 03:00:46.069", "2018-01-02T00:00:00Z", "2017-10-14"),
    ("14 Oct 03:00:46.069", "2018-10-13T00:00:00Z", "2017-10-14"),
    // a clock up to a day ahead of UTC
    ("15 Oct 03:00:46.069", "2017-10-14T16:00:00Z", "2017-10-15"),
    ("16 Oct 03:00:46.069", "2017-10-14T16:00:00Z", "2016-10-16"),
    // New Year, in a zone east of UTC and west of it
    ("01 Jan 05:00:00.000", "2023-12-31T20:00:05Z", "2024-01-01"),
    ("31 Dec 20:00:00.000", "2024-01-01T04:00:05Z", "2023-12-31"),
    ("31 Dec 23:59:59.999", "2024-01-01T00:00:03Z", "2023-12-31"),
    // 29 February is in leap years only
    ("29 Feb 12:00:00.000", "2024-02-29T12:00:03Z", "2024-02-29"),
    ("29 Feb 12:00:00.000", "2025-03-05T00:00:00Z", "2024-02-29"),
    ("29 Feb 12:00:00.000", "2027-12-31T00:00:00Z", "2024-02-29"),
    ("28 Feb 12:00:00.000", "2025-03-05T00:00:00Z", "2025-02-28"),
])
func theFileTimeNamesTheYear(stamp: String, written: String, date: String) throws {
    let (times, clock) = try placed(["1:M \(stamp) # x"], written: written)
    #expect(times[0]?.prefix(10) == date[...])
    #expect(clock.map(\.yearBasis) == [.fileTime] && clock.map(\.basis) == [.assumedUTC])
}

@Test func theYearTurnsInTheMiddleOfALog() throws {
    let (times, _) = try placed(
        [
            "1:M 30 Jun 12:00:00.000 # a", "1:M 31 Dec 23:59:59.000 # b", "raw",
            "1:M 01 Jan 00:00:00.000 # c",
            "1:M 15 Jul 00:00:00.000 # d", "1:M 03 Jan 00:00:00.000 # e",
        ],
        written: "2018-01-03T00:00:00Z")
    #expect(
        times.map { $0?.prefix(10) } == [
            "2016-06-30", "2016-12-31", nil, "2017-01-01", "2017-07-15", "2018-01-03",
        ])
}

@Test func aLineOfTheOldYearBehindTheNewIsNoYearLate() throws {
    let (times, _) = try placed(
        [
            "9:M 31 Dec 23:59:59.990 # a", "9:M 01 Jan 00:00:00.001 # b",
            "12:C 31 Dec 23:59:59.999 # c",
            "9:M 01 Jan 00:00:00.002 # d", "9:M 02 Jan 00:00:00.000 # e",
        ],
        written: "2018-01-02T00:00:00Z")
    #expect(
        times.map { $0?.prefix(10) } == [
            "2017-12-31", "2018-01-01", "2017-12-31", "2018-01-01", "2018-01-02",
        ])
}

@Test func theUserNamesTheNewestYear() throws {
    let lines = ["[7] 31 Dec 10:00:00 # a", "[7] 01 Jan 10:00:00 # b"]
    let (times, clock) = try placed(lines, written: "2024-06-01T00:00:00Z") { $0.newestYear = 2013 }
    #expect(times == ["2012-12-31T10:00:00.000Z", "2013-01-01T10:00:00.000Z"])
    #expect(clock.map(\.yearBasis) == [.explicit])
    // A year that no stamp can have leaves the lines without a time.
    for year in [0, -5, 1899, 2200, 99_999, .max, .min + 2] {
        #expect(try placed(lines) { $0.newestYear = year }.times.last == .some(nil))
    }
}

@Test func withoutAFileTimeTheYearIsTheLastThatHadTheDay() throws {
    let (times, clock) = try placed(["1:M 14 Oct 03:00:46.069 # x"]) {
        $0.now = at("2020-03-01T00:00:00Z")
    }
    #expect(times == ["2019-10-14T03:00:46.069Z"])
    #expect(clock.map(\.yearBasis) == [.assumed])
    // A file time beyond all years is no reason to stop.
    for written in [
        Timestamp(nanoseconds: .max), Timestamp(nanoseconds: .min), Timestamp(seconds: .max),
    ] {
        var facts = try readLog("1:M 14 Oct 03:00:46.069 # x").facts
        facts.clock.modifiedAt = written
        var clock = InputClock(facts, ClockOptions())
        #expect(clock.instant(of: facts.clock.last, line: 1) != nil)
    }
}

@Test(arguments: [
    // An upgrade from 4.0 to 5.0 in one file, and back.
    (
        ["1:M 14 Oct 03:00:46.069 # a", "1:M 15 Oct 2018 03:00:46.069 # b"],
        ["2018-10-14", "2018-10-15"]
    ),
    (
        ["1:M 30 Dec 03:00:46.069 # a", "1:M 02 Jan 2019 03:00:46.069 # b"],
        ["2018-12-30", "2019-01-02"]
    ),
    (
        [
            "1:M 30 Dec 03:00:46.069 # a", "1:M 02 Jan 03:00:00.000 # b",
            "1:M 02 Feb 2019 03:00:46.069 # c",
        ],
        ["2018-12-30", "2019-01-02", "2019-02-02"]
    ),
    (
        ["1:M 30 Dec 2018 03:00:46.069 # a", "1:M 30 Dec 04:00:00.000 # b"],
        ["2018-12-30", "2018-12-30"]
    ),
    (
        ["1:M 30 Dec 2018 03:00:46.069 # a", "1:M 02 Jan 04:00:00.000 # b"],
        ["2018-12-30", "2019-01-02"]
    ),
    (
        ["1:M 1732270502123 # a", "2:M 23 Nov 04:00:00.000 # b", "1:M 1732370502123 # c"],
        ["2024-11-22", "2024-11-23", "2024-11-23"]
    ),
])
func filesWithAndWithoutYearsAgree(lines: [String], dates: [String]) throws {
    let (times, _) = try placed(lines, written: "2031-01-01T00:00:00Z")
    #expect(times.map { $0.map { String($0.prefix(10)) } } == dates)
}

// MARK: - Signal handlers

@Test(arguments: [
    // seconds since 1970, the local line that follows, the offset
    (1_732_270_502, "22 Nov 2024 10:15:02.301", 0),
    (1_732_270_502, "22 Nov 2024 11:15:03.001", 3600),
    (1_732_270_502, "22 Nov 2024 15:45:02.999", 19_800),
    (1_732_270_502, "22 Nov 2024 06:45:02.100", -12_600),
    (1_732_270_502, "23 Nov 2024 00:15:02.100", 50_400),
    (1_732_270_502, "22 Nov 11:15:03.001", 3600),
    // New Year on one side only: 2023-12-31T20:00:00Z and 2024-01-01T03:00:00Z
    (1_704_052_800, "01 Jan 05:00:00.200", 32_400), (1_704_078_000, "31 Dec 19:00:01.000", -28_800),
    (1_704_052_800, "01 Jan 2024 05:00:00.200", 32_400),
])
func signalHandlersShowTheOffset(epoch: Int, local: String, offset: Int) throws {
    let (times, clock) = try placed(
        [
            "7:signal-handler (\(epoch)) Received SIGTERM scheduling shutdown...",
            "7:M \(local) # User requested shutdown...",
        ],
        written: "2030-01-01T00:00:00Z")
    #expect(clock.map(\.utcOffsetSeconds) == [offset])
    #expect(clock.map(\.basis) == [.signalHandler])
    let exact = try #require(times[0].flatMap { at($0) })
    let placed = try #require(times[1].flatMap { at($0) })
    #expect(exact == Timestamp(seconds: Int64(epoch)))
    #expect((0..<2).contains(placed.seconds(since: exact)))
    #expect(clock[0].yearBasis == (local.contains("202") ? .inRecord : .neighbour))
}

@Test(arguments: [
    "22 Nov 2024 10:20:02.301", "22 Nov 2024 10:14:52.000", "24 Nov 2024 10:15:02.301",
    "01 Jan 2020 00:00:00.000",
])
func aLineThatIsNoPairShowsNoOffset(local: String) throws {
    let (_, clock) = try placed([
        "7:signal-handler (1732270502) Received SIGTERM", "7:M \(local) # x",
    ])
    #expect(clock.map(\.basis) == [.assumedUTC])
}

@Test func aTurnBesideTheSignalIsCountedOnce() throws {
    let (times, _) = try placed(
        [
            "7:M 31 Dec 23:59:58.000 # a", "7:signal-handler (1704067199) Received SIGTERM",
            "7:M 01 Jan 00:00:00.000 # User requested shutdown...",
        ])
    #expect(
        times == [
            "2023-12-31T23:59:58.000Z", "2023-12-31T23:59:59.000Z", "2024-01-01T00:00:00.000Z",
        ])
}

// MARK: - Zones

@Test func theLastMatchingZoneWins() throws {
    let line = "1:M 22 Nov 2024 10:15:02.123 # x"
    func zones(_ options: inout ClockOptions) {
        options.zones = [
            (nil, TimeZoneRules(fixedOffsetSeconds: 3600)),
            ("*.old", TimeZoneRules(fixedOffsetSeconds: 7200)),
            ("eu/*", TimeZoneRules(fixedOffsetSeconds: -3600)),
        ]
    }
    for (name, time) in [
        ("redis.log", "09:15"), ("logs/redis.old", "08:15"), ("eu/redis.log", "11:15"),
        ("eu/redis.old", "11:15"), ("europe.log", "09:15"),
    ] {
        let (times, clock) = try placed([line], name: name, zones)
        #expect(times[0]?.dropFirst(11).prefix(5) == time[...], "\(name)")
        #expect(clock.map(\.basis) == [.explicit])
    }
}

@Test func anExplicitZoneWinsOverASignalHandler() throws {
    let lines = [
        "7:signal-handler (1732270502) Received SIGTERM", "7:M 22 Nov 2024 11:15:02.400 # x",
    ]
    let (times, clock) = try placed(lines) { $0.zones = [(nil, .utc)] }
    #expect(times[1] == "2024-11-22T11:15:02.400Z")
    #expect(clock.map(\.basis) == [.explicit])
}

@Test func stampsWithAZoneNeedNoOther() throws {
    let (times, clock) = try placed(
        ["1:M 2024-11-22T10:15:02.123+01:00 # x", "1:M 1732270502123 # y"]
    ) { $0.zones = [(nil, TimeZoneRules(fixedOffsetSeconds: 50_400))] }
    #expect(times == ["2024-11-22T09:15:02.123Z", "2024-11-22T10:15:02.123Z"])
    #expect(clock.map(\.basis) == [.inRecord])
}

@Test func theHourThatComesTwiceIsToldByOrder() throws {
    // Clocks in Berlin went back from 03:00 to 02:00 on 27 October 2024, at 01:00 UTC.
    let lines = [
        "01:59:59", "02:00:00", "02:30:00", "02:59:59", "02:00:00", "02:30:00", "02:59:59",
        "03:00:00",
    ]
    .map { "1:M 27 Oct 2024 \($0).500 # x" }
    let zone = try berlin()
    let (times, clock) = try placed(lines) { $0.zones = [(nil, zone)] }
    #expect(
        times.map { $0?.dropFirst(11).prefix(8) } == [
            "23:59:59", "00:00:00", "00:30:00", "00:59:59", "01:00:00", "01:30:00", "01:59:59",
            "02:00:00",
        ])
    // A segment for each offset.
    #expect(clock.map(\.utcOffsetSeconds) == [7200, 3600])
}

@Test func aJumbleWithinAMinuteStaysInItsHour() throws {
    let zone = try berlin()
    let (times, _) = try placed(
        [
            "1:M 27 Oct 2024 02:30:00.500 # x", "9:C 27 Oct 2024 02:29:59.900 # x",
            "1:M 27 Oct 2024 02:30:01.000 # x",
        ]
    ) { $0.zones = [(nil, zone)] }
    #expect(times.map { $0?.dropFirst(11).prefix(8) } == ["00:30:00", "00:29:59", "00:30:01"])
}

@Test func theHourThatIsSkippedIsPlacedByTheOffsetBefore() throws {
    let zone = try berlin()
    let (times, _) = try placed(
        ["01:59:59", "02:30:00", "03:00:00"].map { "1:M 31 Mar 2024 \($0).000 # x" }
    ) { $0.zones = [(nil, zone)] }
    #expect(times.map { $0?.dropFirst(11).prefix(8) } == ["00:59:59", "01:30:00", "01:00:00"])
}

@Test(arguments: [
    ("redis.log", "redis.log", true), ("a/b/redis.log", "redis.log", true),
    ("a/b/redis.log", "*.log", true),
    ("a/b/redis.log", "a/*", true), ("a/b/redis.log", "a/?/redis.*", true),
    ("redis.log.1", "*.log", false),
    ("redis.log", "r?dis.log", true), ("redis.log", "", false), ("", "*", true),
    ("redis.log", "**", true),
    ("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab", "*a*a*a*a*a*a*a*a*a*c", false),
    ("redis.log", "REDIS.LOG", false),
])
func globsMatchPathsAndNames(path: String, glob: String, isMatch: Bool) {
    #expect(matches(path, glob: glob) == isMatch)
}

@Test(
    arguments: [
        ("2024-11-22T10:15:02Z", "2024-11-22T10:15:02.000Z"),
        ("2024-11-22T10:15:02.5+01:00", "2024-11-22T09:15:02.500Z"),
        ("2024-11-22 10:15:02", "2024-11-22T10:15:02.000Z"), ("2024-11-22", nil),
        ("2024-11-22T10:15:02Zx", nil),
        ("0001-01-01T00:00:00Z", nil), ("9999-12-31T23:59:59Z", nil), ("", nil), ("yesterday", nil),
    ] as [(String, String?)])
func boundsOfTimeAreRFC3339(text: String, time: String?) {
    #expect(instant(rfc3339: text)?.rfc3339 == time)
}
