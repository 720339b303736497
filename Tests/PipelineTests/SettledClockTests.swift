// SPDX-License-Identifier: Apache-2.0
// One outage as many inputs tell of it, each by a clock of its own.

import Foundation
import Model
import Reading
import TestSupport
import Testing

@testable import forktopsy

/// Five refused forks in uneven steps and a save that succeeds, as seconds since a start.
private struct Outage {
    /// Seconds since 1970.
    var start: Int
    var pid = 4711

    private static let refusals = [25.0, 30.2, 36.3, 42.3, 47.4]
    private static let kernelText =
        "__vm_enough_memory: pid: %, comm: redis-server, bytes: 7518715904 not enough memory for "
        + "the allocation"
    private static let refused = "Can't save in background: fork: Cannot allocate memory"
    private static let saved = "Background saving terminated with success"

    static let origin = Outage(start: 1_795_348_258)

    private func at(_ seconds: Double) -> Timestamp {
        Timestamp(seconds: Int64(start)).adding(seconds: seconds)
    }

    var firstFailure: String { at(Self.refusals[0]).rfc3339 }
    var recovery: String { at(70.4).rfc3339 }

    private var records: [(at: Timestamp, mark: String, text: String)] {
        [(at(0), "#", "oO0OoO0OoO0Oo Redis is starting oO0OoO0OoO0Oo")]
            + Self.refusals.map { (at($0), "#", Self.refused) } + [(at(70.4), "*", Self.saved)]
    }

    /// The server's own log in the local time of `zone`.
    func log(_ zone: TimeZoneRules) -> [String] {
        records.map { "\(pid):M \(serverDate($0.at, zone)) \($0.mark) \($0.text)" }
    }

    /// `dmesg -T` in the local time of `zone`.
    func dmesgT(_ zone: TimeZoneRules) -> [String] {
        kernel.map { "[\(wallClock($0.at, zone))] \($0.text)" }
    }

    /// `dmesg` with times since a boot.
    func dmesg(boot: Int) -> [String] {
        kernel.map { moment in
            let seconds = moment.at.seconds(since: Timestamp(seconds: Int64(boot)))
            return "[\(String(format: "%12.6f", seconds))] \(moment.text)"
        }
    }

    /// `dmesg --time-format=iso` in UTC.
    var dmesgISO: [String] {
        kernel.map { moment in
            let time = CivilTime(timestamp: moment.at)
            let micros = padded(time.nanosecond / 1000, 6)
            return "\(time.date)T\(time.clockToSecond),\(micros)+00:00 \(moment.text)"
        }
    }

    private var kernel: [(at: Timestamp, text: String)] {
        Self.refusals.map {
            (at($0 - 0.001), Self.kernelText.replacing("%", with: String(pid)))
        }
    }

    /// Syslog in the local time of `outer`, around records in that of `inner`; without `inner` the
    /// bare messages.
    func syslog(_ outer: TimeZoneRules, around inner: TimeZoneRules?) -> [String] {
        let server = records.map { record in
            let own = inner.map { "\(pid):M \(serverDate(record.at, $0)) \(record.mark) " } ?? ""
            return (record.at, "redis-server[\(pid)]: \(own)\(record.text)")
        }
        return (server + kernel.map { ($0.at, "kernel: \($0.text)") }).sorted { $0.0 < $1.0 }
            .map { "\(syslogDate($0.0, outer)) cache-01 \($0.1)" }
    }

    /// A journal with the bare messages that the server sent to syslog.
    var bareJournal: [String] {
        records.enumerated().map { i, record in
            """
            {"__CURSOR":"i=\(i)","__REALTIME_TIMESTAMP":"\(record.at.nanoseconds / 1000 + 900)",\
            "_HOSTNAME":"cache-01","_TRANSPORT":"syslog","SYSLOG_IDENTIFIER":"redis",\
            "SYSLOG_PID":"\(pid)","_PID":"\(pid)","_COMM":"redis-server",\
            "MESSAGE":"\(record.text)"}
            """
        }
    }
}

private let months = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
]

private func civil(_ at: Timestamp, _ zone: TimeZoneRules) -> CivilTime {
    CivilTime(timestamp: at, offsetSeconds: zone.offset(at: at))
}

private func serverDate(_ at: Timestamp, _ zone: TimeZoneRules) -> String {
    let time = civil(at, zone)
    return "\(padded(time.day, 2)) \(months[time.month - 1]) \(time.year) \(time.clock)"
}

private func syslogDate(_ at: Timestamp, _ zone: TimeZoneRules) -> String {
    let time = civil(at, zone)
    let day = time.day < 10 ? " \(time.day)" : "\(time.day)"
    return "\(months[time.month - 1]) \(day) \(time.clockToSecond)"
}

private func wallClock(_ at: Timestamp, _ zone: TimeZoneRules) -> String {
    // Which day of the week it is plays no part.
    "Sun \(syslogDate(at, zone)) \(civil(at, zone).year)"
}

private func fixed(_ hours: Double) -> TimeZoneRules {
    TimeZoneRules(fixedOffsetSeconds: Int(hours * 3600))
}

private func berlin() throws -> TimeZoneRules {
    try #require(TimeZoneRules(posix: "CET-1CEST,M3.5.0,M10.5.0/3"))
}

private func manifest(_ zone: String) -> [String] {
    ["collected by forktopsy 0.1.0", "host name: cache-01", "zone: \(zone)"]
}

private func analyzed(
    _ files: [(String, [String])], zone: TimeZoneRules? = nil, newestYear: Int? = nil
) throws -> Report {
    try withTemporaryFolder { folder in
        for (name, lines) in files {
            let path = URL(fileURLWithPath: folder + "/" + name)
            try FileManager.default.createDirectory(
                at: path.deletingLastPathComponent(), withIntermediateDirectories: true)
            try Data((lines.joined(separator: "\n") + "\n").utf8).write(to: path)
            // A time that tells the year, and no zone.
            let written = Date(timeIntervalSince1970: 1_798_000_123.457)
            try FileManager.default.setAttributes(
                [.modificationDate: written], ofItemAtPath: path.path)
        }
        var assembler = Assembler()
        assembler.clocks.now = Timestamp(seconds: 1_798_000_200)
        assembler.clocks.newestYear = newestYear
        if let zone { assembler.clocks.zones = [(nil, zone)] }
        return assembler.report(try Pipeline.extractions(of: [folder]), patterns: Pipeline.patterns)
    }
}

extension Report {
    fileprivate func clock(_ name: String) -> [ClockSegment] {
        inputs.first { $0.facts.path.hasSuffix("/" + name) }?.clock ?? []
    }
}

/// One incident with all five failures, which is over, and no word of a kernel's beside it.
private func expectOne(
    _ report: Report, _ outage: Outage = .origin, isPlaced: Bool = true,
    _ place: SourceLocation = #_sourceLocation
) {
    #expect(report.incidents.count == 1, sourceLocation: place)
    guard let incident = report.incidents.first else { return }
    #expect(incident.failures.total == 5, sourceLocation: place)
    #expect(incident.failures.hiddenAtLeast == 0, sourceLocation: place)
    #expect(incident.status == .recovered, sourceLocation: place)
    guard isPlaced else { return }
    #expect(incident.startedAt?.rfc3339 == outage.firstFailure, sourceLocation: place)
    #expect(incident.recoveredAt?.rfc3339 == outage.recovery, sourceLocation: place)
}

struct SettledClockTests {
    static let zones = [8.0, 5.5, -5.0, -3.5, 1.0]
    private let outage = Outage.origin
    private let boot = 1_795_340_000

    /// The first life ends with its last refusal, the second begins minutes later; what only the
    /// journal shows is that the log's lines do stand in order.
    @Test(arguments: [(2.0, 0.0), (1.0, 2.0), (5.5, 0.0), (0.0, 2.0)], [7, 60, 119])
    func `A log whose zone changed while its server was down counts once beside the journal`(
        zones: (Double, Double), minutes: Int
    ) throws {
        let first = Outage.origin
        let second = Outage(start: first.start + 60 * minutes, pid: 4790)
        let refusals = { (lines: [String]) in lines.filter { $0.contains("fork:") } }
        let log =
            refusals(first.log(fixed(zones.0)))
            + second.log(fixed(zones.1)).filter { !$0.contains("starting") }
        let journal =
            refusals(first.bareJournal) + second.bareJournal.filter { !$0.contains("starting") }
        let report = try analyzed([("redis.log", log), ("journal.json", journal)])
        #expect(report.summary.forkFailures == 10)
        #expect(report.incidents.map(\.startedAt?.rfc3339) == [first.firstFailure])
        #expect(report.incidents.first?.recoveredAt?.rfc3339 == second.recovery)
    }

    // MARK: - Hosts

    @Test(arguments: zones)
    func `The zone that a collected archive names is that of the logs in it`(hours: Double) throws {
        let name = TimeZoneRules(fixedOffsetSeconds: Int(hours * 3600)).name
        let files = [
            ("c/MANIFEST.txt", manifest(name)), ("c/logs/redis.log", outage.log(fixed(hours))),
            ("c/dmesg", outage.dmesgT(fixed(hours))),
        ]
        let report = try analyzed(files)
        expectOne(report)
        #expect(report.clock("redis.log").map(\.utcOffsetSeconds) == [Int(hours * 3600)])
        #expect(report.clock("redis.log").first?.shownBy?.hasSuffix("c/MANIFEST.txt") == true)
        #expect(report.losses.zoneAssumed == 0)
    }

    @Test(arguments: zones)
    func `A container's log in UTC stays so on a host of another zone`(hours: Double) throws {
        let name = TimeZoneRules(fixedOffsetSeconds: Int(hours * 3600)).name
        let files = [
            ("c/MANIFEST.txt", manifest(name)), ("c/redis.log", outage.log(.utc)),
            ("c/dmesg", outage.dmesgT(fixed(hours))),
        ]
        expectOne(try analyzed(files))
    }

    @Test func `Two hosts keep two zones`() throws {
        let other = Outage(start: outage.start + 3600, pid: 815)
        let report = try analyzed([
            ("a/MANIFEST.txt", manifest("+08:00")), ("a/redis.log", outage.log(fixed(8))),
            ("b/MANIFEST.txt", manifest("-05:00")), ("b/redis.log", other.log(fixed(-5))),
        ])
        #expect(
            report.incidents.map { $0.startedAt?.rfc3339 } == [
                outage.firstFailure, other.firstFailure,
            ])
    }

    @Test(arguments: [
        ("etc/timezone", "CET-1CEST,M3.5.0,M10.5.0/3"),
        ("timedatectl", "                Time zone: Europe/Nowhere (CET, +0100)"),
        ("MANIFEST.txt", "zone: CET-1CEST,M3.5.0,M10.5.0/3"),
    ])
    func `What names the zone of the host is read`(name: String, line: String) throws {
        let files = [("s/" + name, [line]), ("s/redis.log", outage.log(fixed(1)))]
        let report = try analyzed(files)
        expectOne(report)
        #expect(report.inputs.contains { $0.facts.kind == .facts })
    }

    // MARK: - Chains

    @Test(arguments: zones)
    func `One input that knows its zone tells of all others in turn`(hours: Double) throws {
        let zone = fixed(hours)
        let report = try analyzed([
            ("dmesg.iso", outage.dmesgISO), ("dmesg.T", outage.dmesgT(zone)),
            ("dmesg", outage.dmesg(boot: boot)), ("redis.log", outage.log(zone)),
        ])
        expectOne(report)
        #expect(report.losses.zoneAssumed == 0)
        #expect(report.losses.linesUndated == 0)
        #expect(report.clock("dmesg.T").map(\.basis) == [.journalTwin])
        #expect(report.clock("dmesg").first?.shownBy?.hasSuffix("dmesg.iso") == true)
    }

    @Test func `Without any zone all stand beside each other`() throws {
        let report = try analyzed([
            ("dmesg.T", outage.dmesgT(fixed(8))), ("dmesg", outage.dmesg(boot: boot)),
            ("redis.log", outage.log(.utc)),
        ])
        expectOne(report)
        #expect(report.clock("dmesg.T").map(\.shiftSeconds) == [-28_800])
        #expect(report.clock("dmesg").map(\.basis) == [.neighbour])
        #expect(report.losses.linesUndated == 0)
    }

    @Test(arguments: zones)
    func `Syslog around records of another zone is one clock with them`(hours: Double) throws {
        let zone = fixed(hours)
        expectOne(try analyzed([("syslog", outage.syslog(zone, around: .utc))]))
        // Its kernel's lines are known, and so is the records' clock, so far apart as they stand.
        for (outer, inner) in [(zone, TimeZoneRules.utc), (.utc, zone)] {
            expectOne(
                try analyzed([
                    ("syslog", outage.syslog(outer, around: inner)), ("iso", outage.dmesgISO),
                ]))
            expectOne(try analyzed([("syslog", outage.syslog(outer, around: inner))], zone: zone))
        }
    }

    @Test(arguments: zones)
    func `A log beside bare messages of the journal or of syslog counts once`(hours: Double) throws
    {
        let log = ("redis.log", outage.log(fixed(hours)))
        expectOne(try analyzed([log, ("journal.json", outage.bareJournal)]))
        let syslog = ("syslog", outage.syslog(.utc, around: nil))
        expectOne(try analyzed([log, syslog]), isPlaced: false)
    }

    // MARK: - Changes

    @Test func `A zone that changes while a server writes keeps its log in order`() throws {
        let (before, after) = (outage.log(fixed(1)), outage.log(.utc))
        let report = try analyzed([("redis.log", Array(before[..<3] + after[3...]))])
        expectOne(report, isPlaced: false)
        #expect(report.clock("redis.log").map(\.utcOffsetSeconds) == [0, -3600])
    }

    @Test(arguments: [1_792_889_967, 1_774_745_967])
    func `Summer time that begins or ends in an outage leaves it whole`(change: Int) throws {
        let (zone, outage) = (try berlin(), Outage(start: change))
        let report = try analyzed([("redis.log", outage.log(zone))], zone: zone)
        expectOne(report, outage)
        #expect(
            report.clock("redis.log").map(\.utcOffsetSeconds)
                == (change == 1_792_889_967 ? [7200, 3600] : [3600, 7200]))
        let manifest = manifest("CET-1CEST,M3.5.0,M10.5.0/3")
        expectOne(
            try analyzed([
                ("c/MANIFEST.txt", manifest), ("c/redis.log", outage.log(zone)),
                ("c/dmesg", outage.dmesgT(zone)),
            ]), outage)
    }

    @Test func `Syslog over New Year takes its year from the records in it`() throws {
        // 31 December 2025, 23:59:27 in UTC.
        let outage = Outage(start: 1_767_225_567)
        for hours in Self.zones {
            let report = try analyzed([("syslog", outage.syslog(fixed(hours), around: .utc))])
            expectOne(report, outage)
        }
    }

    @Test func `A local time that comes twice may be an hour off`() throws {
        let lines = ["4711:M 25 Oct 2026 02:10:00.000 # Server initialized"]
        let report = try analyzed([("redis.log", lines)], zone: berlin())
        #expect(report.clock("redis.log").map(\.uncertaintySeconds) == [3600])
    }

    // MARK: - Kills

    @Test func `One kill in two listings without times counts once`() throws {
        let kill =
            "Out of memory: Killed process 23751 (redis-server) total-vm:1051052kB, "
            + "anon-rss:1048576kB, file-rss:1224kB, shmem-rss:0kB, UID:110 pgtables:2096kB "
            + "oom_score_adj:0"
        let report = try analyzed([
            (
                "dmesg",
                [
                    "[Nov22 11:32] redis-server invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), "
                        + "order=0, oom_score_adj=0", "[  +0.000047] \(kill)", "### dmesg -t",
                    kill,
                ]
            )
        ])
        #expect(report.summary.oomKills == 1)
        #expect(report.clock("dmesg").map(\.yearBasis) == [.fileTime])
    }
}
