// SPDX-License-Identifier: Apache-2.0

internal import Model

/// The cgroup's memory in a kernel report: usage and limits, and its counters.
struct KernelCgroup {
    /// The cgroup whose limit was met: `oom_memcg`, or named with the victim before Linux 5.0.
    var owner: String?
    private var values: [SnapshotValue] = []
    private var path: String?
    private var isInStats = false

    /// Whether the line is one of the report's, which then is read.
    mutating func take(_ text: Substring, _ line: SnapshotLine) -> Bool {
        if let at = text.firstRange(of: ": usage ") {
            isInStats = false
            return takeUsage(text[..<at.lowerBound], text[at.upperBound...], line.number)
        }
        if text.hasPrefix("Memory cgroup stats for ") {
            isInStats = true
            if path == nil { path = Self.path(in: text.dropFirst(24)) }
            return true
        }
        if text.hasPrefix("Task in /"), let at = text.firstRange(of: " as a result of limit of ") {
            if owner == nil { owner = String(text[at.upperBound...]) }
            return true
        }
        guard isInStats else { return false }
        return takeCounter(text, line.number)
    }

    /// `usage 348160kB, limit 348160kB, failcnt 284`.
    private mutating func takeUsage(_ name: Substring, _ text: Substring, _ line: Int) -> Bool {
        let measures: (usage: Measure, limit: Measure?, failures: Measure?)
        switch name {
        case "memory": measures = (.cgroupUsage, .cgroupLimit, .cgroupFailures)
        case "swap": measures = (.cgroupSwapUsage, .cgroupSwapLimit, nil)
        case "kmem": measures = (.cgroupKernel, nil, nil)
        case "memory+swap": measures = (.cgroupMemorySwapUsage, .cgroupMemorySwapLimit, nil)
        default: return false
        }
        let parts = text.split(separator: ",").map { $0.trimmed }
        if let usage = parts.first.flatMap({ Self.bytes($0) }) {
            set(measures.usage, usage, line)
        }
        for part in parts.dropFirst() {
            if part.hasPrefix("limit "), let limit = Self.bytes(part.dropFirst(6)),
                let measure = measures.limit
            {
                set(measure, limit, line)
            }
            if part.hasPrefix("failcnt "), let count = Int64(part.dropFirst(8)),
                let measure = measures.failures
            {
                set(measure, count, line)
            }
        }
        return true
    }

    /// `anon 355102720`: bytes. The whole hierarchy's in v1 (`total_rss`), as in v2.
    private mutating func takeCounter(_ text: Substring, _ line: Int) -> Bool {
        let words = text.split(separator: " ")
        guard words.count == 2, let number = Int64(words[1]), InfoField.isName(String(words[0]))
        else {
            isInStats = false
            return false
        }
        guard let measure = Self.counters[String(words[0])] else { return true }
        let isLimit = measure == .cgroupEffectiveLimit
        set(measure, isLimit && number >= Self.noLimit ? Amounts.unlimited : number, line)
        return true
    }

    private mutating func set(_ measure: Measure, _ number: Int64, _ line: Int) {
        guard !values.contains(where: { $0.measure == measure }) else { return }
        values.append(SnapshotValue(measure, .whole(number), line: line))
    }

    func emit(at start: SnapshotLine, _ sink: inout SnapshotSink) {
        guard !values.isEmpty else { return }
        var snapshot = sink.snapshot(KernelReportFormat.name, .cgroup, at: start)
        snapshot.subject.path = owner ?? path
        snapshot.values = values
        sink.emit(snapshot)
    }

    /// `348160kB`.
    private static func bytes(_ text: Substring) -> Int64? {
        guard text.hasSuffix("kB"), let kib = Int64(text.dropLast(2)) else { return nil }
        let bytes = Amounts.bytes(kib, times: 1024)
        return bytes >= noLimit ? Amounts.unlimited : bytes
    }

    /// No limit is the most pages there can be: a little less than the largest number of bytes,
    /// by the size of a page. Before Linux 3.19 it was twice that.
    private static let noLimit: Int64 = 9_223_372_036_854_000_000

    /// The path in `/docker/0123: cache:4KB rss:…` and in `/lj:`.
    private static func path(in text: Substring) -> String? {
        if let at = text.firstRange(of: ": cache:") { return String(text[..<at.lowerBound]) }
        guard text.hasSuffix(":") else { return nil }
        return String(text.dropLast())
    }

    private static let counters: [String: Measure] = [
        "anon": .cgroupAnon, "file": .cgroupFile, "kernel": .cgroupKernel,
        "pagetables": .cgroupPageTables, "shmem": .cgroupShmem, "total_rss": .cgroupAnon,
        "total_cache": .cgroupFile, "total_shmem": .cgroupShmem,
        "hierarchical_memory_limit": .cgroupEffectiveLimit,
    ]
}
