// SPDX-License-Identifier: Apache-2.0

import Model
import Testing

@testable import Snapshots

struct SadfTests {
    private static let kib: Int64 = 1024

    @Test(arguments: [
        ("sadf-d.txt", Stamp.Form.zoned), ("sadf-d-T-localtime.txt", .local),
        ("sadf-d-U-epoch.txt", .epoch), ("sadf-p.txt", .zoned), ("sadf-j.json", .zoned),
        ("sadf-x.xml", .zoned),
    ])
    func readsEveryOutput(name: String, form: Stamp.Form) throws {
        let (found, problems) = try SeriesSample(name: name).read()
        #expect(found.count == (name == "sadf-p.txt" ? 2 : 3))
        let first = try #require(found.first)
        #expect(first.stamp.form == form)
        #expect(first.stamp.nanoseconds == 1_795_347_427_000_000_000)
        #expect(first.timeBasis == .inFormat)
        #expect(first.subject == SnapshotSubject(.host, host: "vm"))
        #expect(first[.memFree] == 18_245_624 * Self.kib)
        #expect(first[.memAvailable] == 24_006_464 * Self.kib)
        #expect(first[.buffers] == 17_060 * Self.kib)
        #expect(first[.cached] == 5_768_804 * Self.kib)
        #expect(first[.committedAS] == 241_168 * Self.kib)
        #expect(problems.isEmpty)
    }

    @Test func valuesHaveTheirLines() throws {
        let pairs = try series("sadf-p.txt")
        #expect(pairs[0].value(.committedAS)?.line == 7)
        let xml = try series("sadf-x.xml")
        #expect(xml[0].value(.committedAS)?.line == 26)
        let json = try series("sadf-j.json")
        #expect(json[1].value(.committedAS)?.line == 21)
    }

    @Test(arguments: ["sadf-d-A.txt", "sadf-j-A.json", "sadf-x-A.xml"])
    func findsItsActivitiesAmongAllOthers(name: String) throws {
        let (found, problems) = try SeriesSample(name: name).read()
        #expect(problems.isEmpty)
        func values(_ measure: Measure) -> [Double] { found.compactMap { $0.real(measure) } }
        #expect(values(.memFree) == [22_982_856 * 1024, 22_982_856 * 1024])
        #expect(values(.slab) == [405_112 * 1024, 405_112 * 1024])
        #expect(values(.pageTables) == [1512 * 1024, 1512 * 1024])
        #expect(values(.swapFree) == [0, 0])
        #expect(values(.swapInRate) == [0, 0])
        #expect(values(.majorFaultRate) == [0, 0])
        #expect(values(.tasks) == [90, 90])
        #expect(values(.loadAverage1) == [2.56, 2.36])
        #expect(values(.pressureSome10) == [0, 0])
        #expect(values(.pressureFull60) == [0, 0])
    }

    @Test func activitiesMayStandSideBySide() throws {
        let found = try series("sadf-d-h.txt")
        #expect(found.count == 2)
        #expect(found[1][.memAvailable] == 24_230_300 * Self.kib)
        #expect(found[1].real(.swapOutRate) == 0)
        #expect(found[1][.swapUsed] == 0)
    }

    @Test func aValueWithoutItsTimeIsNotRead() throws {
        let text = try SeriesSample(name: "sadf-j.json").text()
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        // The time of the second moment, and the bracket before it.
        let kept = lines.enumerated().filter { ![17, 18].contains($0.0) }.map(\.1)
        let (found, problems) = read(kept.joined(separator: "\n"))
        #expect(found.map { $0[.committedAS] } == [241_168 * Self.kib, 221_560 * Self.kib])
        #expect(problems.count == 3, "two sections, and the document")
    }

    @Test func theStartOfAHostIsNoRow() {
        let (found, problems) = read(
            """
            # hostname;interval;timestamp;kbmemfree;kbavail
            db1;600;2026-11-22 10:10:01 UTC;1000;2000
            db1;-1;2026-11-22 10:12:00 UTC;LINUX-RESTART\t(2 CPU)
            db1;600;2026-11-22 10:20:01 UTC;1000;2001
            db1;600;2026-11-22 10:30:01 UTC;1000
            """)
        #expect(found.map { $0[.memAvailable] } == [2000 * Self.kib, 2001 * Self.kib])
        #expect(problems.count == 1)
    }
}
