// SPDX-License-Identifier: Apache-2.0

/// The children of a server that run, in the order in which they began, by process id; a thread that
/// saves is 0.
///
/// Every line is asked whether a child wrote it, and hardly any process is one. Servers have one or two
/// at a time, so that a list is searched sooner than a hash is made.
struct ChildTable {
    private(set) var all: [(key: Int32, value: InstanceTracker.Child)] = []

    var isEmpty: Bool { all.isEmpty }

    func contains(_ pid: Int32) -> Bool {
        for child in all.indices where all[child].key == pid { return true }
        return false
    }

    subscript(pid: Int32) -> InstanceTracker.Child? {
        get { all.first { $0.key == pid }?.value }
        set {
            let place = all.firstIndex { $0.key == pid }
            guard let newValue else {
                if let place { all.remove(at: place) }
                return
            }
            if let place { all[place].value = newValue } else { all.append((pid, newValue)) }
        }
    }

    mutating func remove(_ pid: Int32) -> InstanceTracker.Child? {
        all.firstIndex { $0.key == pid }.map { all.remove(at: $0).value }
    }

    mutating func removeAll() { all.removeAll() }

    /// Forgets all children but some.
    mutating func keep(where isKept: (InstanceTracker.Child) -> Bool) {
        all.removeAll { !isKept($0.value) }
    }
}
