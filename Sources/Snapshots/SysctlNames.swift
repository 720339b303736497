// SPDX-License-Identifier: Apache-2.0

internal import Model

/// The sysctl settings that matter here.
enum SysctlNames {
    /// By the name that sysctl(8) prints, also with slashes.
    static func measure(_ name: Substring) -> Measure? {
        let dotted = String(name.map { $0 == "/" ? "." : $0 })
        return all[dotted]
    }

    /// The value in the measure's unit: names that end in `_kbytes` are written in KiB.
    static func value(_ number: Int64, _ measure: Measure) -> Int64 {
        measure.unit == .bytes && measure.name.hasSuffix("_kbytes")
            ? Amounts.bytes(number, times: 1024) : number
    }

    private static let all: [String: Measure] = Dictionary(
        uniqueKeysWithValues: [
            .overcommitMemory, .overcommitRatio, .overcommitKbytes, .adminReserve, .userReserve,
            .minFree, .swappiness, .maxMapCount, .panicOnOOM, .pidMax, .threadsMax, .somaxconn,
        ].map { ($0.name, $0) })
}
