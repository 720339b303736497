// SPDX-License-Identifier: Apache-2.0

internal import Model

/// A file of a control group, by its path.
struct CgroupFile {
    let name: String
    /// The group's path as /proc/PID/cgroup writes it; nil where the path given is relative.
    let group: String?
    /// The controller whose hierarchy it is in; v1 only.
    let controller: String?

    /// `/sys/fs/cgroup/memory/system.slice/x.service/memory.stat`, `memory.max`.
    init?(path: String) {
        var parts = path.prefix { $0 != " " }.split(separator: "/")
        guard let name = parts.popLast().map(String.init), Self.names.contains(name) else {
            return nil
        }
        self.name = name
        guard let root = parts.lastIndex(of: "cgroup"), path.hasPrefix("/") else {
            (group, controller) = (nil, nil)
            return
        }
        var below = parts[(root + 1)...]
        let first = below.first.map(String.init) ?? ""
        if Self.controllers.contains(first) {
            controller = first
            below = below.dropFirst()
        } else {
            controller = nil
            if first == "unified" { below = below.dropFirst() }
        }
        group = "/" + below.joined(separator: "/")
    }

    private static let controllers: Set<String> = [
        "memory", "pids", "cpu", "cpuacct", "cpu,cpuacct", "cpuacct,cpu", "blkio", "systemd",
        "devices", "freezer", "cpuset",
    ]
    private static let names = Set(values.keys).union(tables.keys).union(["memory.pressure"])

    /// Files of one number, or `max`.
    static let values: [String: Measure] = [
        "memory.current": .cgroupUsage, "memory.max": .cgroupLimit, "memory.high": .cgroupHigh,
        "memory.peak": .cgroupPeak, "memory.swap.current": .cgroupSwapUsage,
        "memory.swap.max": .cgroupSwapLimit, "memory.oom.group": .cgroupOOMGroup,
        "memory.usage_in_bytes": .cgroupUsage, "memory.limit_in_bytes": .cgroupLimit,
        "memory.max_usage_in_bytes": .cgroupPeak, "memory.failcnt": .cgroupFailures,
        "memory.memsw.limit_in_bytes": .cgroupMemorySwapLimit,
        "memory.kmem.usage_in_bytes": .cgroupKernel,
        "memory.kmem.limit_in_bytes": .cgroupKernelLimit, "pids.current": .pidsCurrent,
        "pids.max": .pidsMax,
    ]

    /// Files of a name and a number a line. What is not listed is not read.
    static let tables: [String: [String: Measure]] = [
        "memory.stat": [
            // v2
            "anon": .cgroupAnon, "file": .cgroupFile, "kernel": .cgroupKernel,
            "pagetables": .cgroupPageTables,
            // v1: with all groups below, as the usage counts.
            "total_rss": .cgroupAnon, "total_cache": .cgroupFile, "total_shmem": .cgroupShmem,
            "hierarchical_memory_limit": .cgroupEffectiveLimit,
        ],
        "memory.events": [
            "high": .cgroupEventsHigh, "max": .cgroupEventsMax, "oom": .cgroupEventsOOM,
            "oom_kill": .cgroupOOMKills,
        ],
        "memory.oom_control": [
            "oom_kill_disable": .cgroupOOMKillDisabled, "under_oom": .cgroupUnderOOM,
            "oom_kill": .cgroupOOMKills,
        ],
        "pids.events": ["max": .pidsEventsMax],
    ]
}

/// The files of one control group, v1 or v2, each behind its name.
///
/// Shapes: `==> /sys/fs/cgroup/…/memory.max <==` with the content below (head, tail), the output of
/// `cat`, `memory.max:1073741824` (grep), a file of a collected tree. Files of the same group that
/// stand together are one snapshot.
/// Source: Linux v6.6, Documentation/admin-guide/cgroup-v2.rst, cgroup-v1/memory.rst.
struct CgroupFormat: SnapshotFormat {
    static let name = "cgroup"
    static let openers: [String] = []

    static func isShown(in context: SnapshotContext) -> Bool {
        context.path.map { CgroupFile(path: $0) != nil } ?? false
    }

    private var snapshot: Snapshot?
    private var path = ""
    private var file: CgroupFile?
    private var seen: Set<String> = []
    /// The line that held the file's only value.
    private var onlyLine: String?

    func goesOn(in context: SnapshotContext) -> Bool {
        guard let next = context.path.flatMap(CgroupFile.init), let file else { return false }
        return next.group == file.group && !seen.contains(next.name)
    }

    mutating func begin(_ line: SnapshotLine, _ sink: inout SnapshotSink) -> Bool {
        var snapshot = sink.snapshot(Self.name, .cgroup, at: line)
        snapshot.subject.path = sink.context.path.flatMap(CgroupFile.init)?.group
        self.snapshot = snapshot
        return read(line, &sink)
    }

    mutating func take(_ line: SnapshotLine, _ sink: inout SnapshotSink) -> Bool {
        if line.isBlank {
            sink.context.isRead = true
            return true
        }
        return read(line, &sink)
    }

    mutating func end(_ sink: inout SnapshotSink) {
        if let snapshot { sink.emit(snapshot) }
    }

    /// Two numbers below the name of a file that holds one: lines were lost or swapped, and which
    /// of the two is the file's is not known.
    private mutating func dropIfSecond(
        _ line: SnapshotLine, _ file: CgroupFile, _ sink: inout SnapshotSink
    ) {
        let text = line.text.trimmed
        // In a series, seconds since 1970 stand between the samples.
        let isTime = snapshot?.stamp.form == .epoch && TimeText(text, allowsEpoch: true) != nil
        guard onlyLine != nil, !isTime, let measure = CgroupFile.values[file.name],
            Amounts.limit(text) != nil
        else { return }
        snapshot?.values.removeAll { $0.measure == measure }
        sink.note("cgroup: \(file.name) holds two values and is not read (line \(line.number))")
    }

    private mutating func read(_ line: SnapshotLine, _ sink: inout SnapshotSink) -> Bool {
        guard let path = sink.context.path else { return false }
        if path != self.path {
            guard let next = CgroupFile(path: path) else { return false }
            self.path = path
            file = next
            seen.insert(next.name)
            onlyLine = nil
        }
        guard let file else { return false }
        if sink.context.isRead {
            if line.text == onlyLine { return true }
            dropIfSecond(line, file, &sink)
            return false
        }
        if let measure = CgroupFile.values[file.name] {
            guard let value = Amounts.limit(line.text.trimmed) else { return false }
            snapshot?.set(measure, value, line)
            onlyLine = line.text
            sink.context.isRead = true
            return true
        }
        if file.name == "memory.pressure" {
            return PressureFormat.read(line, into: &snapshot)
        }
        let words = line.words
        guard words.count == 2, let number = Amounts.limit(words[1]),
            let table = CgroupFile.tables[file.name]
        else { return false }
        if let measure = table[String(words[0])], snapshot?.value(measure) == nil {
            snapshot?.set(measure, number, line)
        }
        return true
    }
}
