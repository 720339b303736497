// SPDX-License-Identifier: Apache-2.0

/// The snapshots of one input in file order, packed: a row of a series takes some 10 bytes and 3
/// to 7 for each value.
///
/// A series has a row every few seconds, for days. Full chunks go to an `EventStore`, so that
/// memory does not grow with the number of snapshots. Each chunk says all that is needed to read
/// it: names stand where they first occur (`SnapshotPacker`).
package struct SnapshotLog: Sendable {
    private let store: EventStore
    private var sealed: [EventSlot] = []
    private var open = SnapshotPacker()

    package private(set) var count = 0

    /// Bytes after which a chunk is full.
    private static let chunkLimit = 32 << 10

    /// Logs of one run share a store, since they share its limits. Without one, all is kept in
    /// memory.
    package init(store: EventStore = EventStore(limits: .none)) { self.store = store }

    /// Keeps `snapshot` without the values that no machine can have.
    package mutating func append(_ snapshot: Snapshot) {
        var snapshot = snapshot
        if !snapshot.values.allSatisfy(\.isCredible) {
            snapshot.values.removeAll { !$0.isCredible }
        }
        open.append(snapshot)
        count += 1
        if open.bytes.count >= Self.chunkLimit { seal() }
    }

    /// Says that no more snapshots come for now, so that the last ones, too, may leave memory.
    package mutating func finish() {
        if !open.bytes.isEmpty { seal() }
    }

    /// Lends each snapshot to `body`, in file order.
    package func forEach<Problem>(
        _ body: (Snapshot) throws(Problem) -> Void
    ) throws(Problem) {
        for slot in sealed {
            var chunk = SnapshotUnpacker(store.block(slot).bytes)
            while let snapshot = chunk.next() { try body(snapshot) }
        }
        var chunk = SnapshotUnpacker(open.bytes)
        while let snapshot = chunk.next() { try body(snapshot) }
    }

    /// Goes over to another store where it is in `old`, which stays as long as any log is in it.
    package mutating func move(from old: EventStore, to new: EventStore) {
        guard store === old else { return }
        var next = SnapshotLog(store: new)
        forEach { next.append($0) }
        self = next
    }

    private mutating func seal() {
        sealed.append(store.keep(EventBlock(bytes: open.bytes)))
        open = SnapshotPacker()
    }
}
