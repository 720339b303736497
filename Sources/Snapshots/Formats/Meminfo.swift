// SPDX-License-Identifier: Apache-2.0

internal import Model

/// `/proc/meminfo`: `Name: number kB`, one thing a line.
///
/// Source: Linux v6.6, fs/proc/meminfo.c. Names come and go with versions; kB are 1,024 bytes.
struct MeminfoFormat: SnapshotFormat {
    static let name = "meminfo"
    static let openers = ["MemTotal:", "MemFree:", "CommitLimit:", "Committed_AS:"]

    static func isShown(in context: SnapshotContext) -> Bool { context.path == "/proc/meminfo" }

    private var snapshot: Snapshot?

    mutating func begin(_ line: SnapshotLine, _ sink: inout SnapshotSink) -> Bool {
        guard let (measure, number) = Self.parse(line) else { return false }
        snapshot = sink.snapshot(Self.name, .host, at: line)
        if let measure { snapshot?.set(measure, number, line) }
        return true
    }

    mutating func take(_ line: SnapshotLine, _ sink: inout SnapshotSink) -> Bool {
        guard let (measure, number) = Self.parse(line) else { return false }
        guard let measure else { return true }
        // The next reading begins where a name comes again.
        if snapshot?.value(measure) != nil { return false }
        snapshot?.set(measure, number, line)
        return true
    }

    mutating func end(_ sink: inout SnapshotSink) {
        if let snapshot { sink.emit(snapshot) }
    }

    /// The number of a line, and what it measures where that is known.
    private static func parse(_ line: SnapshotLine) -> (measure: Measure?, number: Int64)? {
        guard let (name, value) = line.split(at: ":"), !name.isEmpty,
            name.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }),
            let number = Amounts.kernel(value)
        else { return nil }
        return (measures[String(name)], number)
    }

    private static let measures: [String: Measure] = [
        "MemTotal": .memTotal, "MemFree": .memFree, "MemAvailable": .memAvailable,
        "Buffers": .buffers, "Cached": .cached, "SwapCached": .swapCached, "Active": .active,
        "Inactive": .inactive, "Dirty": .dirty, "Writeback": .writeback,
        "AnonPages": .anonPages, "Mapped": .mapped, "Shmem": .shmem, "Slab": .slab,
        "SReclaimable": .slabReclaimable, "SUnreclaim": .slabUnreclaimable,
        "KernelStack": .kernelStack, "PageTables": .pageTables, "CommitLimit": .commitLimit,
        "Committed_AS": .committedAS, "SwapTotal": .swapTotal, "SwapFree": .swapFree,
        "AnonHugePages": .anonHugePages, "HugePages_Total": .hugePagesTotal,
        "HugePages_Free": .hugePagesFree, "Hugepagesize": .hugePageSize, "Hugetlb": .hugeTLB,
    ]
}
