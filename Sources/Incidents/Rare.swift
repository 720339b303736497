// SPDX-License-Identifier: Apache-2.0

/// A value that most of its owners do not have, kept outside of them: there may be a tracker for each
/// of ten thousand logs, and an event takes more room in it than all the rest.
@propertyWrapper
struct Rare<Value: Sendable>: Sendable {
    private final class Box: Sendable {
        let value: Value

        init(_ value: Value) { self.value = value }
    }

    private var box: Box?

    init(wrappedValue: Value?) { box = wrappedValue.map(Box.init) }

    init() {}

    var wrappedValue: Value? {
        get { box?.value }
        set { box = newValue.map(Box.init) }
    }
}
