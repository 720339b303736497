// SPDX-License-Identifier: Apache-2.0
// Copies of one log that write its times in another way, or by a clock that is off.

import Foundation
import Model
import Reading
import Testing

@testable import forktopsy

private func without(_ pattern: String, _ lines: [String], keeps: String) -> [String] {
    lines.map { $0.replacingOccurrences(of: pattern, with: keeps, options: .regularExpression) }
}

struct SkewedClockTests {
    private static let pids = [4711, 1]

    /// Each line as `docker logs -t` prints it, by a clock that is so much ahead.
    private func container(_ outage: Outage, ahead seconds: Int) -> [String] {
        let moved = Outage(start: outage.start + seconds, pid: outage.pid).records
        return zip(outage.log(.utc), moved).map { "\($1.at.rfc3339) \($0)" }
    }

    private func copies(_ report: Report, _ place: SourceLocation = #_sourceLocation) {
        Outage.expectOne(report, isPlaced: false, place)
        #expect(report.losses.duplicatesFolded == 7, sourceLocation: place)
    }

    @Test(arguments: [7, 137, 433, -2017, 3737, 40_000], pids)
    func `A copy whose clock is off by any time counts once`(seconds: Int, pid: Int) throws {
        let outage = Outage(start: Outage.origin.start, pid: pid)
        let ahead = Outage(start: outage.start + seconds, pid: pid)
        let report = try Outage.analyzed([("a.log", outage.log(.utc)), ("b.log", ahead.log(.utc))])
        copies(report)
        let shifts = report.inputs.flatMap(\.clock).map(\.shiftSeconds)
        #expect(shifts.map { abs($0) }.sorted() == [0, Double(abs(seconds))])
        let moved = try #require(report.inputs.first { $0.clock.first?.shiftSeconds != 0 })
        #expect(moved.clock.map(\.basis) == [.neighbour])
        #expect(moved.clock.first?.shownBy != nil)
    }

    @Test(arguments: [2, 137, 3737], pids)
    func `A container's log whose clock is off counts once beside the server's own`(
        seconds: Int, pid: Int
    ) throws {
        let outage = Outage(start: Outage.origin.start, pid: pid)
        copies(
            try Outage.analyzed([
                ("redis.log", outage.log(.utc)), ("c.log", container(outage, ahead: seconds)),
            ]))
    }

    @Test func `Syslog whose clock is off counts once beside the server's own log`() throws {
        let ahead = Outage(start: Outage.origin.start + 437)
        let syslog = ahead.syslog(.utc, around: nil).filter { !$0.contains("kernel") }
        copies(
            try Outage.analyzed([("redis.log", Outage.origin.log(.utc)), ("syslog", syslog)]))
    }

    @Test(arguments: pids)
    func `Servers that fail at times of their own are not moved onto each other`(pid: Int) throws {
        let outage = Outage(start: Outage.origin.start, pid: pid)
        var other = Outage(start: outage.start + 60, pid: pid)
        other.refusals = [25.7, 31.1, 36.8, 43.4, 48.2]
        let report = try Outage.analyzed([("a.log", outage.log(.utc)), ("b.log", other.log(.utc))])
        #expect(report.summary.forkFailures == 10)
        #expect(report.inputs.flatMap(\.clock).allSatisfy { $0.shiftSeconds == 0 })
    }

    @Test func `Servers that fail in even steps are not moved onto each other`() throws {
        var outage = Outage(start: Outage.origin.start, pid: 1)
        outage.refusals = (0..<9).map { 25 + 6 * Double($0) }
        var other = Outage(start: outage.start + 3 * 3600 + 11, pid: 1)
        other.refusals = (0..<12).map { 25 + 6 * Double($0) }
        let report = try Outage.analyzed([("a.log", outage.log(.utc)), ("b.log", other.log(.utc))])
        #expect(report.summary.forkFailures == 21)
    }

    // MARK: - Other ways of writing a time

    @Test(arguments: pids)
    func `Of two copies the one with fractions of seconds gives the times`(pid: Int) throws {
        let outage = Outage(start: Outage.origin.start, pid: pid)
        let coarse = without(#"\.\d{3} "#, outage.log(.utc), keeps: " ")
        for names in [("a.log", "b.log"), ("b.log", "a.log")] {
            let report = try Outage.analyzed([
                (names.0, coarse), (names.1, outage.log(.utc)),
            ])
            Outage.expectOne(report, outage)
            #expect(report.losses.duplicatesFolded == 7)
        }
    }

    @Test(arguments: pids)
    func `A copy without years counts once`(pid: Int) throws {
        let outage = Outage(start: Outage.origin.start, pid: pid)
        let stripped = without(" 2026 ", outage.log(.utc), keeps: " ")
        for names in [("a.log", "b.log"), ("b.log", "a.log")] {
            let report = try Outage.analyzed([
                (names.0, stripped), (names.1, outage.log(.utc)),
            ])
            Outage.expectOne(report, outage)
            #expect(report.losses.duplicatesFolded == 7)
        }
    }
}
