// SPDX-License-Identifier: Apache-2.0

internal import Model

/// What the kernel prints when it is out of memory: the host's or the cgroup's memory, the table of
/// processes, the victim. One snapshot each; processes are the family's servers, the largest others
/// and the victim.
///
/// Source: Linux 2.6.32 … 6.18, mm/oom_kill.c (`dump_header`, `dump_tasks`), mm/show_mem.c and
/// mm/page_alloc.c (`show_free_areas`), mm/memcontrol.c (`mem_cgroup_print_oom_meminfo`).
/// Counts are pages. Their size follows where the report gives one thing in both units; else it is
/// taken to be 4 KiB.
struct KernelReportFormat: SnapshotFormat {
    static let name = "kernel OOM report"
    static let openers = [
        "Mem-Info:", "memory: usage ", "Task in /", "Memory cgroup stats for ",
        "Tasks state (memory", "[ pid ]", "[  pid  ]", "Killed process ", "oom-kill:constraint=",
        "Out of memory: Kill", "Memory cgroup out of memory: Kill",
    ]

    private var host = KernelMemory()
    private var cgroup = KernelCgroup()
    private var tasks = KernelTasks()
    private var start: SnapshotLine?
    /// Whether the victim was named, which ends the report.
    private(set) var isOver = false

    mutating func begin(_ line: SnapshotLine, _ sink: inout SnapshotSink) -> Bool {
        start = line
        return take(line, &sink)
    }

    mutating func take(_ line: SnapshotLine, _ sink: inout SnapshotSink) -> Bool {
        guard !isOver, !line.isBlank else { return false }
        let text = line.text.trimmed
        if let victim = KernelVictim(text, line.number) {
            tasks.victim = victim
            isOver = true
            return true
        }
        if text.hasPrefix("oom-kill:") {
            readConstraint(text)
            return true
        }
        if text.hasSuffix("Mem-Info:") {
            // The next report begins: of another kind, or its victim was lost.
            guard host.isEmpty else { return false }
            host.isOpen = true
            return true
        }
        return cgroup.take(text, line) || tasks.take(text, line)
            || host.take(text, line.number) || Self.isVerdict(text)
    }

    mutating func end(_ sink: inout SnapshotSink) {
        guard let start else { return }
        let pageSize = host.pageSize ?? tasks.pageSize ?? 4096
        host.emit(pageSize: pageSize, at: start, &sink)
        cgroup.emit(at: start, &sink)
        tasks.emit(pageSize: pageSize, at: start, &sink)
    }

    /// `oom-kill:constraint=…,oom_memcg=/lj,task_memcg=/lj/x,task=mf,pid=23751,uid=0`.
    private mutating func readConstraint(_ text: Substring) {
        for part in text.split(separator: ",") {
            if part.hasPrefix("oom_memcg=") { cgroup.owner = String(part.dropFirst(10)) }
            if part.hasPrefix("task_memcg=") { tasks.victimCgroup = String(part.dropFirst(11)) }
        }
    }

    private static func isVerdict(_ text: Substring) -> Bool {
        text.contains("ut of memory: Kill")
    }
}

/// Lines of a boot that say which kernel runs, with which memory. Also /proc/version.
///
/// Source: Linux v6.6, init/version.c (`linux_banner`), init/main.c, mm/mm_init.c
/// (`mem_init_print_info`).
struct KernelBootFormat: SnapshotFormat {
    static let name = "kernel boot"
    static let openers = ["Linux version ", "Command line: ", "Kernel command line: ", "Memory: "]

    private var snapshot: Snapshot?

    mutating func begin(_ line: SnapshotLine, _ sink: inout SnapshotSink) -> Bool {
        var found = sink.snapshot(Self.name, .host, at: line)
        let text = line.text.trimmed
        if text.hasPrefix("Linux version ") {
            guard let release = line.words.dropFirst(2).first, release.first?.isNumber == true,
                text.contains("(")
            else { return false }
            found.set(.kernelRelease, release, line)
        } else if text.hasPrefix("Memory: ") {
            guard let bytes = Self.physical(text) else { return false }
            found.set(.physicalMemory, bytes, line)
        } else if let (_, arguments) = line.split(at: ":") {
            let kept = arguments.split(separator: " ").filter(Self.isKept)
            guard !kept.isEmpty else { return arguments.contains("BOOT_IMAGE") }
            found.set(.kernelArguments, kept.joined(separator: " "), line)
        }
        snapshot = found
        return true
    }

    mutating func take(_ line: SnapshotLine, _ sink: inout SnapshotSink) -> Bool { false }

    mutating func end(_ sink: inout SnapshotSink) {
        if let snapshot { sink.emit(snapshot) }
    }

    /// `Memory: 24345012K/25165424K available (…)`: the second is all there is.
    private static func physical(_ text: Substring) -> Int64? {
        let words = text.split(separator: " ")
        guard words.count > 2, words[2] == "available" else { return nil }
        let parts = words[1].split(separator: "/")
        guard parts.count == 2, parts.allSatisfy({ $0.hasSuffix("K") || $0.hasSuffix("k") }),
            let kib = Int64(parts[1].dropLast())
        else { return nil }
        return Amounts.bytes(kib, times: 1024)
    }

    /// Arguments that change memory, cgroups or huge pages.
    private static func isKept(_ argument: Substring) -> Bool {
        [
            "transparent_hugepage=", "hugepages", "mem=", "cgroup", "swapaccount=", "memmap=",
            "systemd.unified_cgroup_hierarchy=", "default_hugepagesz=", "systemd.legacy_systemd",
        ].contains { argument.hasPrefix($0) }
    }
}
