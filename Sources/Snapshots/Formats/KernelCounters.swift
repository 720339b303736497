// SPDX-License-Identifier: Apache-2.0

internal import Model

/// `/proc/vmstat`: counters since boot, `oom_kill 3`.
///
/// Source: Linux v6.6, mm/vmstat.c. Read are kills and major faults.
struct KernelCountersFormat: SnapshotFormat {
    static let name = "vmstat counters"
    static let openers = ["nr_free_pages "]

    static func isShown(in context: SnapshotContext) -> Bool { context.path == "/proc/vmstat" }

    private var snapshot: Snapshot?

    mutating func begin(_ line: SnapshotLine, _ sink: inout SnapshotSink) -> Bool {
        snapshot = sink.snapshot(Self.name, .host, at: line)
        return take(line, &sink)
    }

    mutating func take(_ line: SnapshotLine, _ sink: inout SnapshotSink) -> Bool {
        let words = line.words
        guard words.count == 2, let number = Int64(words[1]),
            words[0].utf8.allSatisfy({ $0 &- 0x61 < 26 || $0 == 0x5F || $0 &- 0x30 < 10 })
        else { return false }
        let measure: Measure
        switch words[0] {
        case "oom_kill": measure = .oomKills
        case "pgmajfault": measure = .majorFaults
        default: return true
        }
        if snapshot?.value(measure) == nil { snapshot?.set(measure, number, line) }
        return true
    }

    mutating func end(_ sink: inout SnapshotSink) {
        if let snapshot { sink.emit(snapshot) }
    }
}

/// `/proc/swaps` and `swapon --show`: one snapshot an area.
///
/// No row means no swap, but a list that was cut looks the same: nothing is said then. Sizes of
/// /proc/swaps (and of `swapon -s`) are KiB. Source: Linux v6.6, mm/swapfile.c; swapon(8).
struct SwapAreasFormat: SnapshotFormat {
    static let name = "swaps"
    static let openers = ["Filename", "NAME "]

    private var isTable = false

    mutating func begin(_ line: SnapshotLine, _ sink: inout SnapshotSink) -> Bool {
        isTable = line.words == ["Filename", "Type", "Size", "Used", "Priority"]
        return isTable || line.words == ["NAME", "TYPE", "SIZE", "USED", "PRIO"]
    }

    mutating func take(_ line: SnapshotLine, _ sink: inout SnapshotSink) -> Bool {
        let words = line.words
        guard words.count == 5, words[1] == "file" || words[1] == "partition",
            Int(words[4]) != nil,
            let size = Amounts.human(words[2], plain: isTable ? 1024 : 1),
            let used = Amounts.human(words[3], plain: isTable ? 1024 : 1)
        else { return false }
        var snapshot = sink.snapshot(Self.name, .host, at: line)
        snapshot.set(.swapArea, words[0], line)
        snapshot.set(.swapAreaSize, size, line)
        snapshot.set(.swapAreaUsed, used, line)
        sink.emit(snapshot)
        return true
    }

    mutating func end(_ sink: inout SnapshotSink) {}
}
