// SPDX-License-Identifier: Apache-2.0
// Numbers that no machine has: noted, and not calculated with.

import Model
import Testing

@testable import Snapshots

struct CredibleTests {
    @Test(arguments: [
        ("MemTotal:       99999999999999999 kB", "mem_total"),
        ("Committed_AS:   9223372036854775807 kB", "committed_as"),
        ("MemFree:        -4 kB", "mem_free"),
    ])
    func `A size that no machine has is noted and not read`(line: String, name: String) {
        let text = "MemAvailable:    8000000 kB\n\(line)\nSwapTotal:             0 kB\n"
        let (snapshots, problems) = read(text)
        #expect(!snapshots.flatMap(\.values).contains { $0.measure.name == name })
        #expect(snapshots.flatMap(\.values).contains { $0.measure == .memAvailable })
        #expect(problems.contains { $0.contains("line 2") }, "\(problems)")
    }

    @Test func `No limit is a limit, and no memory`() {
        #expect(SnapshotValue(.cgroupLimit, .whole(.max), line: 1).isCredible)
        #expect(SnapshotValue(.pidsMax, .whole(.max), line: 1).isCredible)
        #expect(!SnapshotValue(.memTotal, .whole(.max), line: 1).isCredible)
        #expect(!SnapshotValue(.usedMemory, .whole(-1), line: 1).isCredible)
        #expect(SnapshotValue(.fragmentationBytes, .whole(-1), line: 1).isCredible)
        #expect(SnapshotValue(.lastSaveSeconds, .whole(-1), line: 1).isCredible)
        #expect(!SnapshotValue(.loadAverage1, .real(.infinity), line: 1).isCredible)
        #expect(!SnapshotValue(.loadAverage1, .real(.nan), line: 1).isCredible)
    }

    @Test func `Half of the largest numbers that are read can be added and shown as percent`() {
        let most = SnapshotValue.credible.upperBound
        #expect(!most.multipliedReportingOverflow(by: 100).overflow)
    }
}
