// SPDX-License-Identifier: Apache-2.0

import Model
import Testing

@testable import Snapshots

struct SarTests {
    private static let kib: Int64 = 1024

    @Test(arguments: [
        "sar-r.C-locale.txt", "sar-r.ISO.txt", "sar-r.de_DE.txt", "sar-r.en_US.txt",
        "sar-r-ALL.C-locale.txt",
    ])
    func readsMemoryInEveryLocale(name: String) throws {
        let (found, problems) = try SeriesSample(name: name).read()
        #expect(found.map(\.clock) == ["07", "08", "09"].map { "2026-11-22 11:37:\($0)" })
        let first = try #require(found.first)
        #expect(first.format == "sar -r")
        #expect(first.stamp.form == .local)
        #expect(first.timeBasis == .inFormat)
        #expect(first.subject.host == "vm")
        #expect(first.line == 4)
        #expect(first[.memFree] == 18_245_624 * Self.kib)
        #expect(first[.memAvailable] == 24_006_464 * Self.kib)
        #expect(first[.buffers] == 17_060 * Self.kib)
        #expect(first[.cached] == 5_768_804 * Self.kib)
        #expect(first[.committedAS] == 241_168 * Self.kib)
        #expect(first[.active] == 3_315_888 * Self.kib)
        #expect(first[.inactive] == 2_594_924 * Self.kib)
        #expect(first[.memUsed] == nil)
        if name.contains("ALL") {
            #expect(first[.anonPages] == 144_916 * Self.kib)
            #expect(first[.pageTables] == 3796 * Self.kib)
            #expect(first[.kernelStack] == 1856 * Self.kib)
            #expect(first[.slab] == 340_304 * Self.kib)
        }
        #expect(problems.isEmpty)
    }

    /// What sysstat 12.6.1 printed in 48 locales on one host; these put more than a clock before a row.
    @Test(arguments: [
        ("2026년 11월 23일", "03시 36분 36초", "03시 36분 37초", "03:36:37"),
        ("23.11.26", "03:37:13.PD UTC", "03:37:14.PD UTC", "03:37:14"),
        ("23/11/26", "காலை 03:37:24 UTC", "காலை 03:37:25 UTC", "03:37:25"),
        ("23/11/26", "03:35:29 AM UTC", "03:35:30 AM UTC", "03:35:30"),
        ("23/11/26", "03:35:29 PM IST", "03:35:30 PM IST", "15:35:30"),
        ("۲۶/۱۱/۲۳", "۰۳:۳۵:۵۳", "۰۳:۳۵:۵۴", "03:35:54"),
        ("23/11/2026", " 3:34:56 ጡዋት", " 3:34:57 ጡዋት", "03:34:57"),
        ("23 نوف, 2026", "UTC 03:34:59 ص", "UTC 03:35:00 ص", "03:35:00"),
        ("23/11/26", "03:35:05 পূর্বাহ্ণ UTC", "03:35:06 পূর্বাহ্ণ UTC", "03:35:06"),
        ("23/11/26", "03:36:07 अपराह्न UTC", "03:36:08 अपराह्न UTC", "15:36:08"),
        ("23 វិច្ឆិកា 2026", "03:36:33   ", "03:36:34   ", "03:36:34"),
        ("၂၀၂၆ နို ၂၃ တနင်္လာ", "၀၃:၃၆:၅၁ နံနက်", "၀၃:၃၆:၅၂ နံနက်", "03:36:52"),
        ("23/11/2569", "03:37:26   ", "03:37:27   ", "03:37:27"),
        ("2026年11月23日 星期一", "上午 03時37分49秒 UTC", "上午 03時37分50秒 UTC", "03:37:50"),
        ("23. nov. 2026", "03:37:26", "03:37:27", "03:37:27"),
    ])
    func readsWhatStandsAroundTheClock(date: String, head: String, row: String, time: String) throws
    {
        let text = """
            Linux 6.18.44 (vm) \t\(date) \t_x86_64_\t(2 CPU)

            \(head) kbmemfree   kbavail kbmemused  %memused kbbuffers  kbcached  kbcommit   %commit
            \(row)  16638972  21962860   2315276      9.38    138128   4661636   4280452     17.34
            """
        let (found, problems) = SeriesSample.read(text, path: "sar.txt")
        #expect(found.map(\.clock) == ["2026-11-23 \(time)"])
        #expect(found.first?[.memFree] == 16_638_972 * Self.kib)
        #expect(found.first?[.committedAS] == 4_280_452 * Self.kib)
        #expect(problems.isEmpty)
    }

    /// AM and PM alone are of en_US; with a zone behind them, of en_IN, which puts the day first.
    @Test(arguments: [
        ("11:37:07 AM", "2026-11-05"), ("11:37:07 AM UTC", "2026-05-11"),
        ("11:37:07 पूर्वाह्न UTC", "2026-05-11"), ("11:37:07 ጡዋት", "2026-05-11"),
    ])
    func halvesOfTheDayTellTheOrderOfTheDate(clock: String, day: String) {
        let rows = [
            "\(clock) kbmemfree   kbavail kbmemused",
            "\(clock.replacing(":07", with: ":08"))  16638972  21962860   2315276",
        ]
        let (found, problems) = SeriesSample.read(Self.memory("11/05/26", rows), path: "sar.txt")
        #expect(found.map(\.clock) == ["\(day) 11:37:08"])
        #expect(problems.isEmpty)
    }

    @Test func roundedNumbersAreMarkedAsSuch() throws {
        let found = try series("sar-r-human.txt")
        #expect(found.count == 3)
        #expect(found[0].format == "sar -r -h")
        #expect(found[0][.memFree] == Int64((17.4 * 1024 * 1024 * 1024).rounded()))
        #expect(found[0][.committedAS] == Int64((235.5 * 1024 * 1024).rounded()))
    }

    @Test func readsTheOtherTables() throws {
        let swap = try series("sar-S.txt")
        #expect(swap.map(\.format) == ["sar -S", "sar -S", "sar -S"])
        #expect(swap[0][.swapFree] == 0)
        #expect(swap[0][.swapUsed] == 0)
        let swapping = try series("sar-W.txt")
        #expect(swapping.count == 3)
        #expect(swapping[2].real(.swapInRate) == 0)
        let paging = try series("sar-B.txt")
        #expect(paging.map { $0.real(.majorFaultRate) } == [12, 12, 13.86])
        let queue = try series("sar-q.txt")
        #expect(queue.map { $0[.tasks] } == [115, 116, 110])
        #expect(queue.map { $0.real(.loadAverage1) } == [6.78, 6.71, 6.71])
    }

    @Test func aRecordingIsReadWhole() throws {
        let (found, problems) = try SeriesSample(name: "sar-r-recording.txt").read()
        let lines = try SeriesSample(name: "sar-r-recording.txt").text().split(separator: "\n")
        #expect(found.count == lines.count - 2 - (lines.last?.hasPrefix("Average") == true ? 1 : 0))
        #expect(found[3][.committedAS] == 1_821_848 * Self.kib)
        #expect(found[3].subject.host == "cache-04")
        #expect(problems.isEmpty)
    }

    @Test func findsItsTablesAmongAllOthers() throws {
        let (found, problems) = try SeriesSample(name: "sar-A.txt").read()
        #expect(
            found.map(\.format) == [
                "sar -W", "sar -W", "sar -B", "sar -B", "sar -r", "sar -r", "sar -S", "sar -S",
                "sar -q", "sar -q", "sar -q MEM", "sar -q MEM",
            ])
        #expect(found[4][.memFree] == 22_982_856 * Self.kib)
        #expect(found[10].real(.pressureSome10) == 0)
        #expect(found.allSatisfy { $0.clock.hasPrefix("2026-11-22 17:18:1") })
        #expect(problems.isEmpty)
    }

    private static func memory(_ date: String, _ rows: [String]) -> String {
        (["Linux 5.14.0 (db1) \t\(date) \t_x86_64_\t(2 CPU)", ""] + rows).joined(separator: "\n")
    }

    @Test(arguments: [
        ("22.11.2026", "11:37:07"), ("22. 11. 2026", "11:37:07"), ("2026-11-22", "11:37:07"),
        ("2026年11月22日", "11時37分07秒"), ("2026年11月22日", "上午 11:37:07"),
        ("2026/11/22", "11:37:07"), ("22-11-2026", "11.37.07"), ("11/22/2026", "11:37:07 AM"),
        ("22/11/2026", "11:37:07"), ("11/22/26", "11:37:07"), ("22/11/26", "11:37:07"),
        ("22 Nov 2026", "11:37:07"), ("2026. 11. 22.", "11:37:07"), ("22.11.26", "11:37:07"),
    ])
    func readsDatesAndClocksOfLocales(date: String, clock: String) {
        let text = Self.memory(date, ["\(clock) kbmemfree kbcommit", "\(clock) 1000 2000"])
            .replacing("07秒 kb", with: "06秒 kb").replacing("07 kb", with: "06 kb")
            .replacing("07 AM kb", with: "06 AM kb")
        let found = snapshots(text)
        #expect(found.map(\.clock) == ["2026-11-22 11:37:07"])
        #expect(found.first?[.committedAS] == 2000 * Self.kib)
    }

    @Test func aDayIsToldFromAMonth() {
        func day(_ date: String, _ rows: [String], path: String = "x.txt") -> String? {
            snapshots(Self.memory(date, rows), path: path).first?.clock.prefix(10)
                .description
        }
        let plain = ["10:00:00 kbmemfree %memused", "10:10:00 1000 1.00"]
        let comma = ["10:00:00 kbmemfree %memused", "10:10:00 1000 1,00"]
        let noon = ["10:00:00 AM kbmemfree %memused", "10:10:00 AM 1000 1.00"]
        #expect(day("03/04/2026", noon) == "2026-03-04")
        #expect(day("03/04/2026", plain) == "2026-04-03")
        #expect(day("03/04/26", comma) == "2026-04-03")
        #expect(day("03/04/26", plain) == "2026-03-04")
        #expect(day("03/04/26", plain, path: "var/log/sysstat/sar03") == "2026-04-03")
        #expect(day("03/04/26", plain, path: "sa/sar20260403") == "2026-04-03")
        #expect(read(Self.memory("03/04/26", plain)).problems.count == 1, "the guess is told")
        #expect(day("31/31/26", plain) == nil)
    }

    @Test func goesOverMidnightAndRestarts() {
        let found = snapshots(
            Self.memory(
                "11/22/26",
                [
                    "11:50:01 PM kbmemfree kbcommit", "11:55:01 PM 1 2", "12:05:01 AM 3 4", "",
                    "12:07:00 AM  LINUX RESTART\t(2 CPU)", "",
                    "12:10:01 AM kbmemfree kbcommit", "12:20:01 AM 5 6", "Average:  3 4",
                ]))
        #expect(
            found.map(\.clock) == [
                "2026-11-22 23:55:01", "2026-11-23 00:05:01", "2026-11-23 00:20:01",
            ])
    }

    @Test func rowsAreReadByTheirHeader() {
        let old = snapshots(
            Self.memory(
                "11/22/26",
                [
                    "10:00:01    kbmemfree kbmemused  %memused kbbuffers kbswpfree kbswpused",
                    "10:10:01         1000      3000     75.00        10       400         0",
                ]))
        #expect(old.first?[.memFree] == 1000 * Self.kib)
        #expect(old.first?[.swapFree] == 400 * Self.kib)
        #expect(old.first?[.committedAS] == nil)
    }

    @Test func whatDoesNotFitIsNotRead() {
        let (found, problems) = read(
            Self.memory(
                "11/22/26",
                [
                    "10:00:01    kbmemfree   kbavail  kbcommit",
                    "10:10:01         1000      2000",
                    "10:20:01         1000      2000      3000",
                    "10:15:01         1000      2000      3000",
                    "10:30:01         1000      2000       300",
                    "10:40:01         1000      2000      30",
                ]))
        #expect(found.map(\.clock) == ["2026-11-22 10:20:01", "2026-11-22 10:30:01"])
        #expect(problems.count == 3)
        let (undated, reasons) = read(
            "10:00:01    kbmemfree   kbcommit  kbdirty\n10:10:01         1000     2000      300\n")
        #expect(undated.isEmpty)
        #expect(reasons.count == 1)
    }
}
