// SPDX-License-Identifier: Apache-2.0

/// Which instance started which child, for the last few thousand children: the others have ended,
/// and a log that spans years must not fill memory with them.
struct RecentOwners {
    private var young: [InstanceMap.ProcessKey: Int] = [:]
    private var old: [InstanceMap.ProcessKey: Int] = [:]

    /// Children in each of the two generations.
    private static let limit = 4096

    subscript(child: InstanceMap.ProcessKey) -> Int? {
        get { young[child] ?? old[child] }
        set {
            if young.count >= Self.limit {
                old = young
                young = [:]
            }
            young[child] = newValue
        }
    }
}
