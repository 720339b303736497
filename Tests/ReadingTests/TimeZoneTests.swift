// SPDX-License-Identifier: Apache-2.0
// Zones against the C library's own conversion, which date(1) asks.

import Foundation
import Model
import TestSupport
import Testing

@testable import Reading

/// What is known of the system's zones: their files, and offsets at many instants by date(1).
private enum SystemZones {
    static let directory = ProcessInfo.processInfo.environment["TZDIR"] ?? "/usr/share/zoneinfo"

    static func file(_ name: String, in directory: String = directory) -> [UInt8]? {
        (try? Data(contentsOf: URL(fileURLWithPath: "\(directory)/\(name)"))).map { Array($0) }
    }

    static let areThere: Bool = {
        if file("Europe/Berlin") == nil {
            print("NOTE: no zone files in \(directory); zones are not compared with the system's")
            return false
        }
        return Tool.has(["date", "-d", "@0", "+%::z"])
    }()

    /// Seconds east of UTC at each instant.
    static func offsets(_ zone: String, _ instants: [Int64]) throws -> [Int] {
        let input = instants.map { "@\($0)\n" }.joined()
        let command = ["env", "TZ=\(zone)", "TZDIR=\(directory)", "date", "-f", "-", "+%::z"]
        let output = try Tool.output(of: command, input: Array(input.utf8)) ?? []
        return String(decoding: output, as: UTF8.self).split(separator: "\n").map { line in
            let parts = line.dropFirst().split(separator: ":").compactMap { Int($0) }
            let seconds = zip(parts, [3600, 60, 1]).map { $0 * $1 }.reduce(0, +)
            return line.hasPrefix("-") ? -seconds : seconds
        }
    }

    /// The same zones without the transitions that the rule in the footer tells, by zic(8).
    static let slimFiles: [String: [UInt8]] = {
        let source = "\(directory)/tzdata.zi"
        let folder =
            FileManager.default.temporaryDirectory.path + "/forktopsy-zones-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let command = [
            "env", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "zic", "-b", "slim", "-d", folder, source,
        ]
        guard FileManager.default.fileExists(atPath: source), (try? Tool.output(of: command)) != nil
        else {
            print("NOTE: no zic or no \(source); only rules alone stand in for slim zone files")
            return [:]
        }
        return zones.reduce(into: [:]) { $0[$1] = file($1, in: folder) }
    }()
}

private let zones = [
    "UTC", "Europe/Berlin", "Europe/London", "Europe/Dublin", "America/New_York",
    "America/St_Johns",
    "America/Sao_Paulo", "America/Santiago", "Asia/Kolkata", "Asia/Kathmandu", "Asia/Tehran",
    "Asia/Gaza",
    "Africa/Casablanca", "Africa/Monrovia", "Australia/Lord_Howe", "Australia/Sydney",
    "Pacific/Chatham",
    "Pacific/Apia", "Antarctica/Troll", "Europe/Moscow",
]

private let from1970: Int64 = 0
private let to2040 = Int64(CivilTime.days(year: 2041, month: 1, day: 1)) * 86_400

/// Some thousands of instants: a grid, and dice between.
private let instants: [Int64] = {
    var dice = Seeded(1970)
    let grid = stride(from: from1970, to: to2040, by: 1_000_003)
    return grid + (0..<4000).map { _ in Int64(dice.roll(0..<Int(to2040))) }
}()

private func rules(_ name: String) throws -> TimeZoneRules {
    let bytes = try #require(SystemZones.file(name), "no zone \(name)")
    return try #require(TimeZoneRules(name: name, tzif: bytes))
}

/// The seconds around which a zone changes its offset, found by halving between grid points.
private func changes(_ rules: TimeZoneRules) -> [Int64] {
    func offset(_ seconds: Int64) -> Int { rules.offset(at: Timestamp(seconds: seconds)) }
    var out: [Int64] = []
    for start in stride(from: from1970, to: to2040, by: 5 * 86_400) {
        var (low, high) = (start, start + 5 * 86_400)
        if offset(low) == offset(high) { continue }
        while high - low > 1 {
            let middle = (low + high) / 2
            if offset(middle) == offset(low) { low = middle } else { high = middle }
        }
        out.append(high)
    }
    return out
}

/// Compares rules with the system's zone of that name, also one second around each change of ours.
private func compare(
    _ rules: TimeZoneRules, _ zone: String, since start: Int64 = from1970
) throws {
    let edges = changes(rules).flatMap { [$0 - 1, $0] }
    let asked = (instants + edges).filter { $0 >= start }
    let truth = try SystemZones.offsets(zone, asked)
    try #require(truth.count == asked.count && asked.count > 2000)
    for (seconds, offset) in zip(asked, truth) {
        let found = rules.offset(at: Timestamp(seconds: seconds))
        try #require(found == offset, "\(zone) at \(seconds)")
    }
}

@Test(.enabled(if: SystemZones.areThere), arguments: zones)
func offsetsAreTheSystemsOwn(zone: String) throws {
    try compare(try rules(zone), zone)
}

@Test(.enabled(if: SystemZones.areThere && !SystemZones.slimFiles.isEmpty), arguments: zones)
func slimFilesSayTheSame(zone: String) throws {
    let bytes = try #require(SystemZones.slimFiles[zone])
    try compare(try #require(TimeZoneRules(name: zone, tzif: bytes)), zone)
}

@Test(.enabled(if: SystemZones.areThere), arguments: zones)
func localTimesAreFoundOnceTwiceOrNever(zone: String) throws {
    let rules = try rules(zone)
    let edges = changes(rules)
    let all = Set((instants + edges).map { rules.offset(at: Timestamp(seconds: $0)) })
    var dice = Seeded(7)
    var near = Array(instants.prefix(500))
    for edge in edges {
        for _ in 0..<12 { near.append(edge + Int64(dice.roll(-14_000..<14_000))) }
        for offset in all { near += [-1, 0, 1].map { edge + Int64(offset + $0) } }
    }
    var counts = [0, 0, 0]
    for local in near {
        // The plain definition: instants whose offset leads to this local time.
        let truth = all.map { local - Int64($0) }
            .filter { $0 + Int64(rules.offset(at: Timestamp(seconds: $0))) == local }.sorted()
        let found = rules.instants(ofLocal: local * 1_000_000_000)
        guard found == truth.map({ Timestamp(seconds: $0) }), found.count < 3 else {
            Issue.record("\(zone) shows \(local) at \(truth), not \(found)")
            return
        }
        counts[found.count] += 1
    }
    // A zone that keeps changing has gaps and folds.
    if edges.count > 2 { #expect(counts.allSatisfy { $0 > 0 }) }
}

/// A TZif file of version 2 (RFC 8536) with an empty first body.
private func tzif(_ times: [(at: Int64, offset: Int)], first: Int, footer: String) -> [UInt8] {
    func big(_ value: Int64, _ width: Int) -> [UInt8] {
        (0..<width).reversed().map { UInt8(truncatingIfNeeded: value >> Int64($0 * 8)) }
    }
    func header(_ times: Int, _ types: Int) -> [UInt8] {
        var out = Array("TZif2".utf8) + [UInt8](repeating: 0, count: 15)
        for number in [0, 0, 0, times, types, 1] { out += big(Int64(number), 4) }
        return out
    }
    var out = header(0, 1) + [UInt8](repeating: 0, count: 7)
    out += header(times.count, times.count + 1)
    for time in times { out += big(time.at, 8) }
    for i in times.indices { out.append(UInt8(i + 1)) }
    for offset in [first] + times.map(\.offset) { out += big(Int64(offset), 4) + [0, 0] }
    return out + [0] + Array("\n\(footer)\n".utf8)
}

/// Rules and, in zones of which they are the whole truth over some years, what the system says.
@Test(
    .enabled(if: SystemZones.areThere),
    arguments: [
        ("Europe/Berlin", "CET-1CEST,M3.5.0,M10.5.0/3", 1997),
        ("Europe/Dublin", "IST-1GMT0,M10.5.0,M3.5.0/1", 1997),
        ("America/New_York", "EST5EDT,M3.2.0,M11.1.0", 2008),
        ("America/St_Johns", "NST3:30NDT,M3.2.0,M11.1.0", 2012),
        ("Australia/Sydney", "AEST-10AEDT,M10.1.0,M4.1.0/3", 2009),
        ("Australia/Lord_Howe", "<+1030>-10:30<+11>-11,M10.1.0,M4.1.0", 2009),
        ("Pacific/Chatham", "<+1245>-12:45<+1345>,M9.5.0/2:45,M4.1.0/3:45", 2009),
        ("Antarctica/Troll", "<+00>0<+02>-2,M3.5.0/1,M10.5.0/3", 2006),
        ("Asia/Kolkata", "IST-5:30", 1970),
    ])
func aRuleAloneTellsTheYearsItHolds(zone: String, footer: String, since: Int) throws {
    let rules = try #require(TimeZoneRules(name: zone, tzif: tzif([], first: 0, footer: footer)))
    try compare(rules, zone, since: Int64(CivilTime.days(year: since, month: 1, day: 2)) * 86_400)
}

/// date(1) reads POSIX rules from TZ itself, days of the year among them.
@Test(
    .enabled(if: SystemZones.areThere),
    arguments: [
        "<+0330>-3:30<+0430>,J79/24,J263/24", "AAA3BBB,59,300/1:30:15", "AAA-3BBB,J59/0,J300",
        "AAA-3BBB,J60/0,J300",
        "AAA3BBB4,M3.4.4/50,M10.4.4/-50", "EST5", "CET-1CEST,M3.5.0/-2,M10.5.0/27",
    ])
func rulesAreReadAsTheSystemReadsThem(rule: String) throws {
    let rules = try #require(TimeZoneRules(name: rule, tzif: tzif([], first: 0, footer: rule)))
    try compare(rules, rule)
}

@Test func transitionsComeBeforeTheRule() throws {
    let bytes = tzif(
        [(at: 1000, offset: 7200), (at: 2000, offset: 3600)], first: -600, footer: "AAA3")
    let rules = try #require(TimeZoneRules(name: "x", tzif: bytes))
    let offsets = [-5, 999, 1000, 1999, 2000, 90_000].map {
        rules.offset(at: Timestamp(seconds: $0))
    }
    #expect(offsets == [-600, -600, 7200, 7200, -10_800, -10_800])
    // Just before a whole second is still before it.
    #expect(rules.offset(at: Timestamp(nanoseconds: 999_999_999_999)) == -600)
}

@Test func footersThatSayNothingLeaveTheLastTransition() throws {
    for footer in [
        "", "nonsense!", "EST5EDT", "EST5EDT,M3.2", "EST5EDT,M13.1.0,M11.1.0", "E", "<", "<+03",
    ] {
        let bytes = tzif([(at: 1000, offset: 7200)], first: 0, footer: footer)
        let rules = try #require(TimeZoneRules(name: "x", tzif: bytes))
        #expect(rules.offset(at: Timestamp(seconds: 5000)) == 7200, "\(footer)")
    }
}

@Test(
    arguments: [
        ("+05:30", 19_800), ("-0800", -28_800), ("UTC", 0), ("Z", 0), ("GMT", 0), ("+00:00", 0),
        ("+14:00", 50_400), ("+15:00", nil), ("5:30", nil), ("+5:30", nil), ("+05:30x", nil),
        ("+05:", nil),
        ("", nil), ("Europe/Berlin", nil), ("+", nil),
    ] as [(String, Int?)])
func offsetsAreReadFromText(text: String, seconds: Int?) {
    #expect(TimeZoneRules(offset: text)?.offset(at: Timestamp(seconds: 0)) == seconds)
}

@Test(arguments: [
    (0, "+00:00"), (19_800, "+05:30"), (-12_600, "-03:30"), (50_400, "+14:00"), (-2670, "-00:44"),
])
func offsetsAreSpoken(seconds: Int, text: String) {
    #expect(spokenOffset(seconds) == text)
}

@Test func damagedZoneFilesAreReadOrRefusedButNeverCrash() {
    let whole =
        SystemZones.file("Europe/Dublin")
        ?? tzif([(at: 1000, offset: 7200)], first: 0, footer: "IST-1GMT0,M10.5.0,M3.5.0/1")
    let slim = tzif([(at: 1000, offset: 7200)], first: 0, footer: "CET-1CEST,M3.5.0,M10.5.0/3")
    let looked = [
        Int64.min, -1, 0, 1_732_270_502_000_000_000, Int64(Stamp.lastSecond) * 1_000_000_000,
    ]
    var read = 0
    func look(_ bytes: [UInt8]) {
        guard let rules = TimeZoneRules(name: "x", tzif: bytes) else { return }
        read += 1
        for at in looked {
            let offset = rules.offset(at: Timestamp(nanoseconds: at))
            // Footers may say nonsense; no clock is further off than their own limit.
            #expect(abs(offset) <= 10_000 * 3600 + 10_000 * 61)
            if at > 0 { _ = rules.instants(ofLocal: at) }
        }
    }
    for bytes in [whole, slim] {
        for length in 0..<bytes.count { look(Array(bytes[..<length])) }
        for seed in 0..<2000 {
            var dice = Seeded(seed)
            var damaged = bytes
            for _ in 0..<dice.roll(1..<6) { damaged[dice.roll(0..<damaged.count)] = dice.byte() }
            look(damaged)
        }
    }
    #expect(read > 1000)
}
