// SPDX-License-Identifier: Apache-2.0

internal import Model

/// `/proc/PID/limits` and the output of prlimit(1): soft and hard limits with their units.
///
/// Source: Linux v6.6, fs/proc/base.c (`proc_pid_limits`); util-linux 2.38, sys-utils/prlimit.c.
struct LimitsFormat: SnapshotFormat {
    static let name = "limits"
    static let openers = ["Limit  ", "Max processes", "Max address space", "RESOURCE "]

    static func isShown(in context: SnapshotContext) -> Bool {
        guard let path = context.path else { return false }
        return path.hasPrefix("/proc/") && path.hasSuffix("/limits")
    }

    private var snapshot: Snapshot?
    private var isTable = false
    /// Kept apart from `snapshot`: reading it through the optional crashes the optimiser of Swift 6.3.1.
    private var firstLine = 0

    mutating func begin(_ line: SnapshotLine, _ sink: inout SnapshotSink) -> Bool {
        isTable = line.words.starts(with: ["RESOURCE", "DESCRIPTION"])
        if isTable {
            guard line.words == ["RESOURCE", "DESCRIPTION", "SOFT", "HARD", "UNITS"] else {
                return false
            }
        } else {
            let isHeader = line.words == ["Limit", "Soft", "Limit", "Hard", "Limit", "Units"]
            guard isHeader || line.text.hasPrefix("Max ") else { return false }
        }
        firstLine = line.number
        snapshot = sink.snapshot(isTable ? "prlimit" : Self.name, .process, at: line)
        return take(line, &sink)
    }

    mutating func take(_ line: SnapshotLine, _ sink: inout SnapshotSink) -> Bool {
        let words = line.words
        if words.first == "Limit" || words.first == "RESOURCE" { return line.number == firstLine }
        if isTable {
            guard let key = words.first, Self.resources.contains(key) else { return false }
            guard let row = Self.rows.first(where: { $0.resource == key }) else { return true }
            return take(row, words.dropFirst(2), line, &sink)
        }
        guard words.first == "Max" else { return false }
        guard let row = Self.rows.first(where: { line.text.hasPrefix($0.name + " ") }) else {
            return true
        }
        let count = row.name.split(separator: " ").count
        return take(row, words.dropFirst(count), line, &sink)
    }

    mutating func end(_ sink: inout SnapshotSink) {
        if let snapshot { sink.emit(snapshot) }
    }

    /// The last three words are the soft limit, the hard one and their unit.
    private mutating func take(
        _ row: Row, _ words: ArraySlice<Substring>, _ line: SnapshotLine,
        _ sink: inout SnapshotSink
    ) -> Bool {
        guard words.count >= 3, words.last == row.unit[...],
            let soft = Amounts.limit(words[words.endIndex - 3]),
            let hard = Amounts.limit(words[words.endIndex - 2])
        else {
            sink.note("line \(line.number): the limit of \(row.name) is damaged; not read")
            return true
        }
        if snapshot?.value(row.soft) != nil { return true }
        snapshot?.set(row.soft, soft, line)
        if let measure = row.hard { snapshot?.set(measure, hard, line) }
        return true
    }

    private struct Row {
        var name: String
        var resource: Substring
        var unit: String
        var soft: Measure
        var hard: Measure?
    }

    private static let rows = [
        Row(
            name: "Max processes", resource: "NPROC", unit: "processes", soft: .limitProcesses,
            hard: .limitProcessesHard),
        Row(
            name: "Max address space", resource: "AS", unit: "bytes", soft: .limitAddressSpace),
        Row(name: "Max data size", resource: "DATA", unit: "bytes", soft: .limitData),
        Row(name: "Max file size", resource: "FSIZE", unit: "bytes", soft: .limitFileSize),
        Row(
            name: "Max cpu time", resource: "CPU", unit: "seconds", soft: .limitProcessorTime),
        Row(
            name: "Max locked memory", resource: "MEMLOCK", unit: "bytes",
            soft: .limitLockedMemory),
        Row(name: "Max open files", resource: "NOFILE", unit: "files", soft: .limitOpenFiles),
    ]
    private static let resources: Set<Substring> = [
        "AS", "CORE", "CPU", "DATA", "FSIZE", "LOCKS", "MEMLOCK", "MSGQUEUE", "NICE", "NOFILE",
        "NPROC", "RSS", "RTPRIO", "RTTIME", "SIGPENDING", "STACK",
    ]
}
