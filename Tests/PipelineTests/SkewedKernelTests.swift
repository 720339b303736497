// SPDX-License-Identifier: Apache-2.0
// Kernel logs of `dmesg` whose clock is off, as it is after a suspend.

import Model
import Reading
import Testing

@testable import forktopsy

struct SkewedKernelTests {
    private static let shifts = [-4007, -20, 45, 200, 3137, 259_337]

    private func off(by seconds: Int) -> Outage { Outage(start: Outage.origin.start + seconds) }

    @Test(arguments: shifts)
    func `dmesg whose clock is off is the server's outage`(seconds: Int) throws {
        let kernel = off(by: seconds)
        for lines in [kernel.dmesgISO, kernel.dmesgT(.utc)] {
            let report = try Outage.analyzed([
                ("redis.log", Outage.origin.log(.utc)), ("dmesg.txt", lines),
            ])
            Outage.expectOne(report)
            let clock = try #require(report.clock(of: "dmesg.txt").first)
            #expect(abs(clock.shiftSeconds + Double(seconds)) < 1.1)
            #expect(clock.shownBy?.hasSuffix("redis.log") == true)
        }
    }

    @Test(arguments: shifts)
    func `dmesg whose clock is off is a copy of what syslog took down`(seconds: Int) throws {
        let report = try Outage.analyzed([
            ("syslog", Outage.origin.syslog(.utc, around: .utc)),
            ("dmesg.txt", off(by: seconds).dmesgISO),
            ("dmesg_T.txt", off(by: seconds).dmesgT(.utc)),
        ])
        Outage.expectOne(report)
    }

    @Test func `What the kernel refused another process is not moved`() throws {
        var other = off(by: 3600)
        other.pid = 999
        let report = try Outage.analyzed([
            ("redis.log", Outage.origin.log(.utc)), ("dmesg.txt", other.dmesgISO),
        ])
        #expect(report.incidents.count == 2)
        #expect(report.clock(of: "dmesg.txt").allSatisfy { $0.shiftSeconds == 0 })
    }

    @Test func `A storm in even steps of which dmesg holds another part is not moved`() throws {
        var outage = Outage.origin
        outage.refusals = (0..<9).map { 25 + 6 * Double($0) }
        var other = off(by: 3 * 3600 + 11)
        other.refusals = (0..<12).map { 25 + 6 * Double($0) }
        let report = try Outage.analyzed([
            ("redis.log", outage.log(.utc)), ("dmesg.txt", other.dmesgISO),
        ])
        #expect(report.clock(of: "dmesg.txt").allSatisfy { $0.shiftSeconds == 0 })
    }

    // MARK: - Kills

    private func kill(_ pid: Int, at time: String) -> [String] {
        [
            """
            2026-11-22T\(time)+00:00 Memory cgroup out of memory: Killed process \(pid) (redis-server) \
            total-vm:326580kB, anon-rss:297216kB, file-rss:2268kB, shmem-rss:0kB, UID:112 \
            pgtables:644kB oom_score_adj:0
            """
        ]
    }

    private static let childKilled = [
        "4711:M 22 Nov 2026 12:00:00.000 * Ready to accept connections",
        "4711:M 22 Nov 2026 12:17:26.923 * Background saving started by pid 4750",
        "4711:M 22 Nov 2026 12:17:35.140 # Background saving terminated by signal 9",
        "4711:M 22 Nov 2026 12:17:41.140 * Background saving started by pid 4760",
        "4711:M 22 Nov 2026 12:17:42.240 * Background saving terminated with success",
    ]

    private static let serverKilled = [
        "4711:M 22 Nov 2026 12:17:23.513 * Ready to accept connections",
        "4711:M 22 Nov 2026 12:17:26.923 * Background saving started by pid 4750",
        "4750:C 22 Nov 2026 12:17:35.140 # Child failed reporting info to parent, exiting. "
            + "Broken pipe",
        "4790:C 22 Nov 2026 12:17:37.807 # oO0OoO0OoO0Oo Redis is starting oO0OoO0OoO0Oo",
        "4790:M 22 Nov 2026 12:17:37.809 * Ready to accept connections",
        "4790:M 22 Nov 2026 12:17:42.852 * Background saving started by pid 4800",
        "4790:M 22 Nov 2026 12:17:43.332 * Background saving terminated with success",
    ]

    @Test(arguments: ["11:20:35,090000", "12:17:14,418000", "12:17:59,100000", "13:10:35,000000"])
    func `A kill by a clock that is off is the end of its process`(time: String) throws {
        for (pid, log) in [(4750, Self.childKilled), (4711, Self.serverKilled)] {
            let report = try Outage.analyzed([
                ("redis.log", log), ("dmesg.txt", kill(pid, at: time)),
            ])
            #expect(report.incidents.count == 1)
            #expect(report.summary.oomKills == 1)
            #expect(report.incidents.first?.status == .recovered)
            #expect(report.clock(of: "dmesg.txt").first?.shiftSeconds != 0)
        }
    }

    @Test func `A kill while the process lived is left at its time`() throws {
        for (pid, log) in [(4750, Self.childKilled), (4711, Self.serverKilled)] {
            let report = try Outage.analyzed([
                ("redis.log", log), ("dmesg.txt", kill(pid, at: "12:17:34,600000")),
            ])
            #expect(report.incidents.count == 1)
            #expect(report.clock(of: "dmesg.txt").first?.shiftSeconds == 0)
        }
    }
}
