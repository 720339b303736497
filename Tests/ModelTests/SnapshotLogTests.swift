// SPDX-License-Identifier: Apache-2.0

import Model
import Testing

struct SnapshotLogTests {
    /// A row of a series, and now and then something else.
    private static func snapshot(_ i: Int) -> Snapshot {
        var subject = SnapshotSubject(SnapshotSubject.Scope.allCases[i % 5])
        if i % 7 == 0 { subject.host = "db\(i % 3)" }
        if i % 11 == 0 { subject.pid = Int32(i) }
        if i % 13 == 0 { subject.port = 6379 + i % 2 }
        if i % 17 == 0 { subject.path = "/système.slice/\(i)" }
        if i % 19 == 0 { subject.command = "redis-server" }
        subject.isChild = i % 23 == 0
        var snapshot = Snapshot(
            format: i % 2 == 0 ? "sar -r" : "vmstat", subject: subject,
            stamp: Stamp(
                form: i % 5 == 0 ? .none : .zoned, precision: .millisecond,
                offsetSeconds: i % 3 == 0 ? -12_600 : 0,
                nanoseconds: 1_795_348_258_433_000_000 + Int64(i) * 1_000_000_000),
            timeBasis: Snapshot.TimeBasis.allCases[i % 6], line: 1_000_000 - i,
            offset: Int64(i) << 33)
        snapshot.isChange = i % 29 == 0
        for k in 0..<i % 12 {
            let measure = Measure("m\(k)", Measure.Unit.allCases[k % 8])
            // A size below zero would not be kept.
            let least = measure.unit == .bytes ? 0 : SnapshotValue.credible.lowerBound
            let quantity: SnapshotValue.Quantity =
                switch (i + k) % 6 {
                case 0: .whole(SnapshotValue.credible.upperBound)
                case 1: .whole(least)
                case 2: .real(-0.1 * Double(i))
                case 3: .text("ok\(i % 4)")
                default: .whole(Int64(i) * 4096)
                }
            snapshot.values.append(SnapshotValue(measure, quantity, line: 1_000_000 - i + k))
        }
        return snapshot
    }

    private static func all(_ log: SnapshotLog) -> [Snapshot] {
        var out: [Snapshot] = []
        log.forEach { out.append($0) }
        return out
    }

    @Test func givesBackWhatItTook() {
        var log = SnapshotLog()
        let written = (0..<5000).map(Self.snapshot)
        for snapshot in written { log.append(snapshot) }
        #expect(log.count == 5000)
        #expect(Self.all(log) == written)
        log.finish()
        #expect(Self.all(log) == written)
        let again = Self.all(log) == written
        #expect(again, "it can be read again")
    }

    @Test func leavesMemoryForTheTemporaryFile() {
        let store = EventStore(
            limits: EventStore.Limits(memory: 100_000), directories: ["/tmp"])
        var log = SnapshotLog(store: store)
        var other = SnapshotLog(store: store)
        let written = (0..<20_000).map(Self.snapshot)
        for (i, snapshot) in written.enumerated() {
            if i % 3 == 0 { other.append(snapshot) } else { log.append(snapshot) }
        }
        log.finish()
        other.finish()
        #expect(store.spilledBytes > 200_000)
        #expect(store.warning == nil)
        #expect(Self.all(log) == written.enumerated().filter { $0.0 % 3 != 0 }.map(\.1))
        #expect(Self.all(other) == written.enumerated().filter { $0.0 % 3 == 0 }.map(\.1))
    }

    @Test func aRowOfASeriesIsSmall() {
        let store = EventStore(limits: EventStore.Limits(memory: 0), directories: ["/tmp"])
        var log = SnapshotLog(store: store)
        let measures = ["mem_free", "mem_available", "buffers", "cached", "committed_as"]
        for i in 0..<10_000 {
            log.append(
                Snapshot(
                    format: "sar -r", subject: SnapshotSubject(.host, host: "db1"),
                    stamp: Stamp(
                        form: .local, precision: .second,
                        nanoseconds: 1_795_348_258_000_000_000 + Int64(i) * 600_000_000_000),
                    timeBasis: .inFormat, line: 4 + i, offset: Int64(i) * 130,
                    values: measures.map {
                        SnapshotValue(
                            Measure($0, .bytes), .whole(Int64(i) << 10 + 18_683_518_976),
                            line: 4 + i, offset: Int64(i) * 130)
                    }))
        }
        log.finish()
        #expect(store.spilledBytes < 10_000 * 57)
    }
}
