// SPDX-License-Identifier: Apache-2.0

/// The snapshots of one input, in file order.
package struct SnapshotLog: Sendable {
    private var kept: [Snapshot] = []

    package init() {}

    package var count: Int { kept.count }

    package mutating func append(_ snapshot: Snapshot) { kept.append(snapshot) }

    package func forEach<Problem>(
        _ body: (Snapshot) throws(Problem) -> Void
    ) throws(Problem) {
        for snapshot in kept { try body(snapshot) }
    }
}
