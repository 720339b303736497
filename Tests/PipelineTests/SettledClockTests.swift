// SPDX-License-Identifier: Apache-2.0
// One outage as many inputs tell of it, each by a clock of its own.

import Foundation
import Model
import Reading
import TestSupport
import Testing

@testable import forktopsy

private func berlin() throws -> TimeZoneRules {
    try #require(TimeZoneRules(posix: "CET-1CEST,M3.5.0,M10.5.0/3"))
}

private func manifest(_ zone: String) -> [String] {
    ["collected by forktopsy 0.1.0", "host name: cache-01", "zone: \(zone)"]
}

private func fixed(_ hours: Double) -> TimeZoneRules { Outage.fixed(hours) }

private func analyzed(
    _ files: [(String, [String])], zone: TimeZoneRules? = nil, newestYear: Int? = nil
) throws -> Report {
    try Outage.analyzed(files, zone: zone, newestYear: newestYear)
}

private func expectOne(
    _ report: Report, _ outage: Outage = .origin, isPlaced: Bool = true,
    _ place: SourceLocation = #_sourceLocation
) {
    Outage.expectOne(report, outage, isPlaced: isPlaced, place)
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
        #expect(report.clock(of: "redis.log").map(\.utcOffsetSeconds) == [Int(hours * 3600)])
        #expect(report.clock(of: "redis.log").first?.shownBy?.hasSuffix("c/MANIFEST.txt") == true)
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

    // MARK: - Boots

    /// The outage's kernel counts from 2026-11-22T09:33:20Z.
    static let toldBoots: [(name: String, lines: [String], hours: Double, doubt: Double)] = [
        ("uptime_-s", ["2026-11-22 10:33:20"], 1, 1),
        ("facts.txt", ["root@h:~# uptime -s", "2026-11-22 10:33:20", "root@h:~# id"], 1, 1),
        ("who_-b", ["         system boot  2026-11-22 10:33"], 1, 60),
        (
            "journalctl_--list-boots",
            [
                "IDX BOOT ID                          FIRST ENTRY                 LAST ENTRY",
                " -1 4a1ba2d4b6c34c7fb1c3d1f0a6f4c1aa Sat 2026-11-21 08:00:00 UTC Sat 2026-11-21 "
                    + "20:10:11 UTC",
                "  0 0f1ba2d4b6c34c7fb1c3d1f0a6f4c1ab Sun 2026-11-22 09:33:20 UTC Sun 2026-11-22 "
                    + "13:10:11 UTC",
            ], 0, 15
        ),
        (
            "uptime.txt",
            [
                "root@h:~# date", "Sun Nov 22 12:33:20 UTC 2026", "root@h:~# cat /proc/uptime",
                "10800.00 20000.00",
            ], 0, 2
        ),
    ]

    @Test(arguments: toldBoots)
    func `What commands tell of the boot places the kernel's lines`(
        name: String, lines: [String], hours: Double, doubt: Double
    ) throws {
        let kernel = ("h/dmesg", outage.dmesg(boot: boot))
        let zone = TimeZoneRules(fixedOffsetSeconds: Int(hours * 3600)).name
        let named = try analyzed([kernel, ("h/" + name, lines), ("h/MANIFEST.txt", manifest(zone))])
        let clock = try #require(named.clock(of: "dmesg").first)
        #expect(clock.basis == .neighbour)
        #expect(clock.shownBy?.hasSuffix("h/" + name) == true)
        #expect(clock.uncertaintySeconds == doubt)
        #expect(named.losses.linesUndated == 0)
        let first = try #require(named.incidents.first?.startedAt?.rfc3339.prefix(16))
        #expect(first == outage.firstFailure.prefix(16))
        // Beside a container's log in UTC, with nothing that names the host's zone.
        let log = ("h/redis.log", outage.log(.utc))
        if doubt < 15 { expectOne(try analyzed([kernel, ("h/" + name, lines), log])) }
        // Of two that differ neither is believed.
        let other = ("h/uptime-s.txt", ["2026-11-20 10:33:20"])
        let differing = try analyzed([kernel, ("h/" + name, lines), other])
        if hours == 0 || name == "uptime_-s" { #expect(differing.losses.linesUndated > 0) }
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
        #expect(report.clock(of: "dmesg.T").map(\.basis) == [.journalTwin])
        #expect(report.clock(of: "dmesg").first?.shownBy?.hasSuffix("dmesg.iso") == true)
    }

    @Test func `Without any zone all stand beside each other`() throws {
        let report = try analyzed([
            ("dmesg.T", outage.dmesgT(fixed(8))), ("dmesg", outage.dmesg(boot: boot)),
            ("redis.log", outage.log(.utc)),
        ])
        expectOne(report)
        #expect(report.clock(of: "dmesg.T").map(\.shiftSeconds) == [-28_800])
        #expect(report.clock(of: "dmesg").map(\.basis) == [.neighbour])
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
        #expect(report.clock(of: "redis.log").map(\.utcOffsetSeconds) == [0, -3600])
    }

    @Test(arguments: [1_792_889_967, 1_774_745_967])
    func `Summer time that begins or ends in an outage leaves it whole`(change: Int) throws {
        let (zone, outage) = (try berlin(), Outage(start: change))
        let report = try analyzed([("redis.log", outage.log(zone))], zone: zone)
        expectOne(report, outage)
        #expect(
            report.clock(of: "redis.log").map(\.utcOffsetSeconds)
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
        #expect(report.clock(of: "redis.log").map(\.uncertaintySeconds) == [3600])
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
        #expect(report.clock(of: "dmesg").map(\.yearBasis) == [.fileTime])
    }
}
