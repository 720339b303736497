// SPDX-License-Identifier: Apache-2.0

/// The children of a server that run, by process id; a thread that saves is 0.
///
/// Every line is asked whether a child wrote it, and hardly any process is one: a bit for each value of
/// an id's last bits answers most of it without a hash.
struct ChildTable {
    private(set) var all: [Int32: InstanceTracker.Child] = [:]
    /// Set where `all` may hold a process whose id ends in these bits.
    private var bits: UInt64 = 0

    private static func bit(_ pid: Int32) -> UInt64 { 1 << UInt64(UInt32(bitPattern: pid) & 63) }

    var isEmpty: Bool { all.isEmpty }

    func contains(_ pid: Int32) -> Bool { bits & Self.bit(pid) != 0 && all[pid] != nil }

    subscript(pid: Int32) -> InstanceTracker.Child? {
        get { bits & Self.bit(pid) == 0 ? nil : all[pid] }
        set {
            bits |= Self.bit(pid)
            all[pid] = newValue
        }
    }

    mutating func remove(_ pid: Int32) -> InstanceTracker.Child? {
        contains(pid) ? all.removeValue(forKey: pid) : nil
    }

    mutating func removeAll() {
        all.removeAll()
        bits = 0
    }

    /// Forgets all children but some.
    mutating func keep(where isKept: (InstanceTracker.Child) -> Bool) {
        if all.isEmpty { return }
        all = all.filter { isKept($0.value) }
        bits = all.keys.reduce(0) { $0 | Self.bit($1) }
    }
}
