// SPDX-License-Identifier: Apache-2.0

import Model
import Testing

@testable import Snapshots

struct VmstatTests {
    private static let mib: Int64 = 1_048_576
    private static let kib: Int64 = 1024

    @Test func readsTheTimeOfEachRow() throws {
        let (found, problems) = try SeriesSample(name: "vmstat-t.txt").read()
        #expect(found.map(\.clock) == ["2026-11-22 11:37:04", "2026-11-22 11:37:05"])
        #expect(found[0].stamp.form == .zoned)
        #expect(found[0].timeBasis == .inFormat)
        #expect(found[0][.memFree] == 18_188_448 * Self.kib)
        #expect(found[0][.buffers] == 16_528 * Self.kib)
        #expect(found[0][.cached] == 6_127_212 * Self.kib)
        #expect(found[0][.swapUsed] == 0)
        #expect(found[0].real(.swapInBytesRate) == nil, "the first row's rates are since boot")
        #expect(found[1].real(.swapInBytesRate) == 0)
        #expect(problems.isEmpty)
    }

    @Test func theCommandTellsTheUnit() throws {
        let table = try SeriesSample(name: "vmstat-wt-SM.txt").text()
        let found = snapshots("$ vmstat -wt -S M 1 2\n" + table)
        #expect(found.count == 2)
        #expect(found[1][.memFree] == 17_834 * Self.mib)
        #expect(found[1][.cached] == 5914 * Self.mib)
        for (command, unit) in [("-t -Sm 1", 1_000_000), ("-wSk", 1000), ("-S K 5", 1024)] {
            let other = snapshots("[root@db1 ~]# vmstat \(command)\n" + table)
            #expect(other.first?[.memFree] == 17_834 * Int64(unit))
        }
    }

    @Test func numbersOfAnUnknownUnitAreNotRead() throws {
        let (found, problems) = try SeriesSample(name: "vmstat-wt-SM.txt").read()
        #expect(found.isEmpty)
        #expect(problems.count == 1)
    }

    @Test func aTableWithoutTimesGoesOnFromTheTimeAboveIt() throws {
        let table = try SeriesSample(name: "vmstat.txt").text()
        let found = snapshots("### 2026-11-22T11:40:00Z vmstat 5 3\n" + table)
        #expect(
            found.map(\.clock) == [
                "2026-11-22 11:40:00", "2026-11-22 11:40:05", "2026-11-22 11:40:10",
            ])
        #expect(found.map(\.timeBasis) == [.header, .neighbour, .neighbour])
        #expect(found[2][.cached] == 6_202_256 * Self.kib)
        let undated = try series("vmstat.txt")
        #expect(undated.count == 3)
        #expect(undated.allSatisfy { $0.stamp == .none && $0.timeBasis == .none })
    }

    @Test func aRecordingIsReadWhole() throws {
        let (found, problems) = try SeriesSample(name: "vmstat-wt-recording.txt").read()
        let rows = try SeriesSample(name: "vmstat-wt-recording.txt").text().split(separator: "\n")
            .filter { $0.contains("2026-") }
        #expect(found.count == rows.count)
        #expect(found[0][.memFree] == 22_732_904 * Self.kib)
        #expect(problems.isEmpty)
    }

    @Test func otherLanguagesAndOptions() {
        let german = snapshots(
            """
            procs -----------memory---------- ---swap-- -----io---- -system-- ------cpu-----
             r  b   swpd   frei   buff  Cache   si   so    bi    bo   in   cs us sy id wa st
             8  0     12 18100004  16776 6202256    0    0  4817  6103  422 1133 43 11 45  1  0
            """)
        #expect(german.first?[.memFree] == 18_100_004 * Self.kib)
        #expect(german.first?[.swapUsed] == 12 * Self.kib)
        let chinese = snapshots(
            """
            procs -----------memory---------- ---swap-- -----io---- -system-- ------cpu-----
             r  b 交换 空闲 不活动 活动   si   so    bi    bo   in   cs us sy id wa st
             8  0     12 18100004  16776 6202256    0    0  4817  6103  422 1133 43 11 45  1  0
            """)
        #expect(chinese.first?[.active] == 6_202_256 * Self.kib)
        #expect(chinese.first?[.cached] == nil)
        let summer = snapshots(
            """
            procs -----------memory---------- ---swap-- -----io---- -system-- ------cpu----- ---timestamp---
             r  b   swpd   free   buff  cache   si   so    bi    bo   in   cs us sy id wa st
             0  0      0 4002104 200680 930560    0    0     1     4    5    8  1  0 99  0  0\t2026-07-22 22:54:08 CEST
            """)
        #expect(summer.first?.clock == "2026-07-22 20:54:08")
        #expect(summer.first?.stamp.offsetSeconds == 7200)
    }

    @Test func readsTheSummary() throws {
        let found = try series("vmstat-s.txt")
        #expect(found.count == 1)
        #expect(found[0].format == "vmstat -s")
        #expect(found[0][.memTotal] == 24_684_084 * Self.kib)
        #expect(found[0][.memFree] == 18_265_332 * Self.kib)
        #expect(found[0][.buffers] == 16_656 * Self.kib)
        #expect(found[0][.active] == 3_325_120 * Self.kib)
        #expect(found[0][.swapTotal] == 0)
        #expect(found[0][.bootedAt] == 1_795_346_231)
        #expect(found[0].value(.swapTotal)?.line == 8)
        let german = snapshots(
            "   24684 M Gesamtspeicher\n   18265 M freier Speicher\n  0 M Gesamt-Auslagerungsspeicher\n"
        )
        #expect(german.first?[.memTotal] == 24_684 * Self.mib)
        #expect(german.first?[.swapTotal] == 0)
        let polish = snapshots(
            "Pamięć razem:                   24684084 K\nPamięć wolna:                   100 K\n")
        #expect(polish.first?[.memTotal] == 24_684_084 * Self.kib)
        #expect(polish.first?[.memFree] == 100 * Self.kib)
    }
}
