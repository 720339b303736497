// SPDX-License-Identifier: Apache-2.0

internal import Synchronization

/// How many bytes have been read so far, for a progress line; several readers add to it at once.
///
/// A class, because readers on several threads share the one counter.
package final class ReadProgress: Sendable {
    private let counter = Atomic<Int>(0)

    package init() {}

    /// Bytes read from files, before decompression.
    package var bytes: Int { counter.load(ordering: .relaxed) }

    func add(_ count: Int) { counter.wrappingAdd(count, ordering: .relaxed) }
}
