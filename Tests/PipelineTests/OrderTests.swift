// SPDX-License-Identifier: Apache-2.0
// Clocks that were set back, zones by name, and inputs that stand in another order than that of time.

import Foundation
import Model
import Reading
import TestSupport
import Testing

@testable import forktopsy

private let refused = "Can't save in background: fork: Cannot allocate memory"
private let saved = "Background saving terminated with success"

private func failure(_ at: String, pid: Int = 7) -> String { "\(pid):M \(at) # \(refused)" }
private func success(_ at: String, pid: Int = 7) -> String { "\(pid):M \(at) * \(saved)" }

struct OrderTests {
    /// The report on files of these lines.
    private func report(_ files: [String: [String]], zone: String? = nil) throws -> Report {
        try withTemporaryFolder { folder in
            for (name, lines) in files {
                let path = URL(fileURLWithPath: folder + "/" + name)
                try Data((lines.joined(separator: "\n") + "\n").utf8).write(to: path)
            }
            var assembler = Assembler()
            assembler.clocks.now = Timestamp(seconds: 1_795_000_000)
            return assembler.report(
                try Pipeline.extractions(of: [folder]), patterns: Pipeline.patterns)
        }
    }

    private func times(_ lines: [String]) throws -> [String?] {
        let report = try report(["redis.log": lines])
        let incident = try #require(report.incidents.first)
        #expect(report.incidents.count == 1)
        return [incident.startedAt, incident.lastFailureAt, incident.recoveredAt].map {
            $0?.rfc3339.dropLast(5).description
        }
    }

    @Test func `Clocks set back for the winter do not turn a log around`() throws {
        let lines = [
            success("25 Oct 2026 02:40:00.000"), failure("25 Oct 2026 02:58:00.000"),
            failure("25 Oct 2026 02:00:05.000"), success("25 Oct 2026 02:10:00.000"),
        ]
        let clock = try #require(try report(["redis.log": lines]).inputs.first).clock
        #expect(clock.map(\.utcOffsetSeconds) == [0, -3600])
        #expect(clock.map(\.basis) == [.assumedUTC, .assumedUTC])
        try #expect(
            times(lines) == ["2026-10-25T02:58:00", "2026-10-25T03:00:05", "2026-10-25T03:10:00"])
        // Without a year no weekday is known.
        try #expect(
            times(lines.map { $0.replacing(" 2026", with: "") })
                == ["2026-10-25T02:58:00", "2026-10-25T03:00:05", "2026-10-25T03:10:00"])
    }

    @Test func `An hour back on a working day, or by another process, is no end of summer`() throws
    {
        for lines in [
            [failure("22 Nov 2026 12:58:00.000"), success("22 Nov 2026 12:10:00.000")],
            [
                failure("25 Oct 2026 02:58:00.000"),
                success("25 Oct 2026 02:10:00.000", pid: 8),
            ],
        ] {
            let input = try #require(try report(["redis.log": lines]).inputs.first)
            #expect(input.clock.map(\.basis) == [.assumedUTC])
        }
    }

    @Test func `A restart in another zone begins a segment`() throws {
        let start = "7:C 22 Nov 2026 08:41:20.000 # oO0OoO0OoO0Oo Redis is starting oO0OoO0OoO0Oo"
        try #expect(
            times([
                failure("22 Nov 2026 16:40:00.000"), start,
                failure("22 Nov 2026 08:41:21.000"), success("22 Nov 2026 08:51:21.000"),
            ]) == ["2026-11-22T16:40:00", "2026-11-22T16:41:21", "2026-11-22T16:51:21"])
    }

    @Test(arguments: [
        [success("22 Nov 2026 16:41:00.000"), failure("22 Nov 2026 16:40:00.000")],
        [
            success("22 Nov 2026 16:41:00.000"), failure("22 Nov 2026 16:40:30.000"),
            failure("22 Nov 2026 16:40:00.000"),
        ],
    ])
    func `The newest line may stand first, even of two`(lines: [String]) throws {
        let found = try times(lines)
        #expect(found[0] == "2026-11-22T16:40:00" && found[2] == "2026-11-22T16:41:00")
    }

    @Test func `Parts in another order are read in the order of time`() throws {
        let parts = [
            [failure("22 Nov 2026 10:40:00.000"), failure("22 Nov 2026 10:41:00.000")],
            [failure("22 Nov 2026 12:40:00.000"), failure("22 Nov 2026 12:41:00.000")],
            [failure("22 Nov 2026 16:40:00.000"), success("22 Nov 2026 16:42:00.000")],
        ]
        for order in [[0, 1, 2], [1, 0, 2], [1, 2, 0], [2, 1, 0], [0, 2, 1], [2, 0, 1]] {
            try #expect(
                times(order.flatMap { parts[$0] })
                    == ["2026-11-22T10:40:00", "2026-11-22T16:40:00", "2026-11-22T16:42:00"],
                "\(order)")
        }
    }

    @Test(arguments: [
        ("CET", "2026-11-22T15:40:00", ClockSegment.Basis.wrapper),
        ("CEST", "2026-11-22T14:40:00", .wrapper), ("+08", "2026-11-22T08:40:00", .wrapper),
        // Chicago's, Shanghai's or Havana's
        ("CST", "2026-11-22T16:40:00", .assumedUTC),
    ])
    func `The header of a journal names the zone`(
        zone: String, started: String, basis: ClockSegment.Basis
    ) throws {
        let header =
            "-- Journal begins at Mon 2026-11-02 10:00:00 \(zone), ends at Sun 2026-11-22 17:00:00 \(zone). --"
        for header in [header, header.replacing("Journal begins", with: "Logs begin")] {
            let lines = [header, "Nov 22 16:40:00 h redis-server[5]: \(refused)"]
            try #expect(times(lines)[0] == started)
            try #expect(report(["j": lines]).inputs.map { $0.clock.map(\.basis) } == [[basis]])
        }
        let full = "Sun 2026-11-22 16:40:00 \(zone) h redis-server[5]: \(refused)"
        try #expect(times([full])[0] == started)
    }

    // MARK: - Neighbours

    private static func kill(_ time: String) -> String {
        "Nov 22 \(time) h kernel: Memory cgroup out of memory: Killed process 23456 (redis-server) "
            + "total-vm:9522604kB, anon-rss:8421376kB, file-rss:1024kB, shmem-rss:0kB"
    }

    private static let container = [
        "1:M 22 Nov 2026 12:14:50.000 * Background saving started by pid 35",
        "1:M 22 Nov 2026 12:15:06.000 # Background saving terminated by signal 9",
    ]

    @Test(arguments: [
        ("20:15:00", -28_800.0), ("06:45:00", 19_800), ("12:15:00", 0), ("20:25:00", 0),
        ("20:16:30", 0),
    ])
    func `A kernel log in local time is moved to what the server saw`(
        time: String, shift: Double
    ) throws {
        let report = try report(["kern.log": [Self.kill(time)], "redis.log": Self.container])
        let kernel = try #require(report.inputs.first { $0.facts.path.hasSuffix("kern.log") })
        #expect(kernel.clock.map(\.shiftSeconds) == [shift])
        #expect(kernel.clock.map(\.basis) == [shift == 0 ? .assumedUTC : .neighbour])
    }

    @Test func `A clock that is known is not moved, the other is`() throws {
        let known = Self.kill("20:15:00").replacing(
            "Nov 22 20:15:00", with: "2026-11-22T20:15:00+02:00")
        let report = try report([
            "kern.log": [known],
            "redis.log": Self.container.map { $0.replacing(" 12:1", with: " 20:1") },
        ])
        #expect(report.inputs.map { $0.clock.map(\.basis) } == [[.inRecord], [.neighbour]])
        let starts = report.inputs.map { $0.firstAt?.rfc3339 }
        #expect(starts == ["2026-11-22T18:15:00.000Z", "2026-11-22T18:14:50.000Z"])
    }

    @Test func `Moments that fit several zones move nothing`() throws {
        // A server that fails every six seconds for hours fits anything.
        let failures = (0..<2400).map { i in
            let second = i * 6
            let time = String(
                format: "%02d:%02d:%02d", 8 + second / 3600, second / 60 % 60, second % 60)
            return failure("22 Nov 2026 \(time).000")
        }
        let refusal =
            "Nov 22 20:15:01 h kernel: __vm_enough_memory: pid: 7, comm: redis-server, bytes: 9663676416 not enough memory for the allocation"
        let report = try report(["kern.log": [refusal], "redis.log": failures])
        #expect(report.inputs.allSatisfy { $0.clock.allSatisfy { $0.shiftSeconds == 0 } })
    }
}
