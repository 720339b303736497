// SPDX-License-Identifier: Apache-2.0
// Readings that are left out say nothing that those that are kept do not say.

import Model
import Testing

@testable import forktopsy

struct RepeatedReadingsTests {
    private static func reading(_ value: Int64) -> Snapshot {
        Snapshot(
            format: "sysctl", subject: SnapshotSubject(.host), line: 1, offset: 0,
            values: [.init(.overcommitMemory, .whole(value), line: 1)])
    }

    /// What is kept of readings a second apart: the seconds, and the values.
    private static func kept(_ values: [Int64], all: Bool = false) -> [[Int64]] {
        var readings = RepeatedReadings()
        return values.enumerated().flatMap { second, value in
            readings.kept(
                of: [reading(value)], at: Timestamp(seconds: Int64(second)), all: all)
        }.map { snapshot in
            guard case .whole(let value) = snapshot.values[0].quantity else { return [] }
            return [snapshot.stamp.nanoseconds / 1_000_000_000, value]
        }
    }

    @Test func `The last reading of an old value is kept beside the first of a new one`() {
        #expect(Self.kept([0, 0, 0, 0, 1, 1]) == [[0, 0], [3, 0], [4, 1]])
    }

    @Test func `A change right behind another is kept once`() {
        #expect(Self.kept([0, 1, 2, 2]) == [[0, 0], [1, 1], [2, 2]])
    }

    @Test func `What never changes is kept every thirty seconds`() {
        let kept = Self.kept([Int64](repeating: 2, count: 70))
        #expect(kept.map { $0[0] } == [0, 29, 58])
    }

    @Test func `Around a failure all readings are kept`() {
        #expect(Self.kept([2, 2, 2], all: true).count == 3)
    }
}
