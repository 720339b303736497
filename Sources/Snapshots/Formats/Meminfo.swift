// SPDX-License-Identifier: Apache-2.0

internal import Model

/// `/proc/meminfo`: `Name: number kB`, one thing a line.
///
/// Source: Linux v6.6, fs/proc/meminfo.c. Names come and go with versions; kB are 1,024 bytes.
struct MeminfoFormat: SnapshotFormat {
    static let name = "meminfo"
    static let openers = [
        "MemTotal:", "MemFree:", "MemAvailable:", "SwapTotal:", "SwapFree:", "SwapCached:",
        "CommitLimit:", "Committed_AS:", "AnonPages:", "SReclaimable:", "HugePages_Total:",
        "Hugetlb:",
    ]

    static func isShown(in context: SnapshotContext) -> Bool { context.path == "/proc/meminfo" }

    private var snapshot: Snapshot?
    private var last = ""

    mutating func begin(_ line: SnapshotLine, _ sink: inout SnapshotSink) -> Bool {
        guard Self.parse(line) != nil else { return false }
        snapshot = sink.snapshot(Self.name, .host, at: line)
        return take(line, &sink)
    }

    mutating func take(_ line: SnapshotLine, _ sink: inout SnapshotSink) -> Bool {
        // A line that stands twice.
        if line.text == last { return true }
        guard let (name, value) = Self.parse(line) else { return false }
        guard let measure = Self.measures[String(name)] else { return true }
        guard let number = Amounts.kernel(value, for: measure) else {
            sink.note("line \(line.number): \(name) of /proc/meminfo is damaged; not read")
            return true
        }
        // The next reading begins where a name comes again.
        if snapshot?.value(measure) != nil { return false }
        last = line.text
        snapshot?.set(measure, number, line)
        return true
    }

    mutating func end(_ sink: inout SnapshotSink) {
        if let snapshot { sink.emit(snapshot) }
    }

    /// A name and what follows it: a number, and kB or nothing.
    private static func parse(_ line: SnapshotLine) -> (name: Substring, value: Substring)? {
        guard let (name, value) = line.split(at: ":"), !name.isEmpty,
            name.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }),
            measures[String(name)] != nil || Amounts.kernel(value) != nil
        else { return nil }
        return (name, value)
    }

    static let measures: [String: Measure] = [
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
