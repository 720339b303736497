// SPDX-License-Identifier: Apache-2.0

import HandWritten
import Incidents
import Model
import Testing

/// The time of readings that bear none.
@Suite struct SnapshotTimeTests {
    @Test(
        "the time of the file dates what has no time, but not what counts from the boot",
        arguments: [(Stamp.none, true), (Stamp.uptime(3597), false)])
    func fileTime(stamp: Stamp, isDated: Bool) {
        var log = SnapshotLog()
        log.append(
            Snapshot(
                format: "oom", subject: SnapshotSubject(.host), stamp: stamp, timeBasis: .none,
                line: 1, offset: 0, values: []))
        let source = SnapshotSource(
            path: "dmesg.txt", log: log, modifiedAt: HandWrittenLog.epoch, place: { _, _ in nil })
        let readings = SnapshotLinker([source], instances: []).readings(for: [
            .init(instance: Instance(), from: nil, to: nil)
        ])
        #expect(readings.first?.snapshots.count == 1)
        #expect(readings.first?.snapshots.first?.at == (isDated ? HandWrittenLog.epoch : nil))
        #expect(readings.first?.snapshots.first?.isFileTime == isDated)
    }
}

extension Stamp {
    fileprivate static func uptime(_ seconds: Int64) -> Stamp {
        Stamp(form: .uptime, precision: .microsecond, nanoseconds: seconds * 1_000_000_000)
    }
}
