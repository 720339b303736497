// SPDX-License-Identifier: Apache-2.0

internal import Model

/// Files of one line below /proc and /sys, known by their path: settings, THP, OOM scores, load.
///
/// Of several files that one command prints (`cat a b`, `sysctl -n a b`) each line is one file's,
/// and only where there are as many lines as files.
struct SystemFileFormat: SnapshotFormat {
    static let name = "file"
    static let openers: [String] = []

    static func isShown(in context: SnapshotContext) -> Bool {
        guard context.filters.isEmpty else { return false }
        if let path = context.path { return scope(of: path) != nil }
        return context.files.count > 1
            && (context.program == "cat" || context.program == "sysctl")
            && context.files.allSatisfy { scope(of: $0) != nil }
    }

    private var lines: [SnapshotLine] = []
    private var files: [String] = []

    mutating func begin(_ line: SnapshotLine, _ sink: inout SnapshotSink) -> Bool {
        files = sink.context.path.map { [$0] } ?? sink.context.files
        lines = [line]
        if files.count == 1 { return emit(&sink) }
        return true
    }

    mutating func take(_ line: SnapshotLine, _ sink: inout SnapshotSink) -> Bool {
        guard !line.isBlank else { return false }
        if files.count == 1 { return line.text == lines.last?.text }
        guard lines.count < files.count else {
            // One too many: whose line is whose cannot be told any more.
            lines.append(line)
            return false
        }
        lines.append(line)
        return true
    }

    mutating func end(_ sink: inout SnapshotSink) {
        guard files.count > 1 else { return }
        if !emit(&sink) {
            sink.note(
                "line \(lines[0].number): \(files.count) files, but not as many lines; not read")
        }
    }

    private mutating func emit(_ sink: inout SnapshotSink) -> Bool {
        sink.context.isRead = true
        guard lines.count == files.count else { return false }
        var found: [Snapshot] = []
        for (file, line) in zip(files, lines) {
            guard let scope = Self.scope(of: file) else { return false }
            var snapshot = sink.snapshot(file, scope, at: line)
            if file.hasPrefix("/proc/sys/") { snapshot.format = "sysctl" }
            guard Self.read(file, line, &snapshot) else { return false }
            found.append(snapshot)
        }
        for snapshot in found { sink.emit(snapshot) }
        return true
    }

    // MARK: - Files

    /// What a file is about, where it is one that is read.
    private static func scope(of path: String) -> SnapshotSubject.Scope? {
        if path.hasPrefix("/proc/sys/") { return sysctl(path) == nil ? nil : .host }
        if hugePages(path) != nil { return .host }
        if ["/proc/loadavg", "/proc/uptime", "/proc/version"].contains(path) { return .host }
        if path.hasPrefix("/proc/"),
            path.hasSuffix("/oom_score_adj") || path.hasSuffix("/oom_score")
        {
            return .process
        }
        return nil
    }

    private static func read(
        _ path: String, _ line: SnapshotLine, _ snapshot: inout Snapshot
    ) -> Bool {
        let words = line.words
        guard let first = words.first else { return false }
        if let measure = sysctl(path) {
            if measure.unit == .text {
                snapshot.set(measure, line.text.trimmed, line)
                return true
            }
            guard words.count == 1, let number = Int64(first) else { return false }
            snapshot.set(measure, SysctlNames.value(number, measure), line)
            return true
        }
        if let measure = hugePages(path) {
            guard let choice = HugePagesChoice.chosen(line.text) else { return false }
            snapshot.set(measure, choice, line)
            return true
        }
        if path == "/proc/version" {
            guard words.count > 3, words[1] == "version" else { return false }
            snapshot.set(.kernelRelease, words[2], line)
            return true
        }
        if path == "/proc/uptime" {
            guard words.count == 2, let up = Double(first), up >= 0 else { return false }
            snapshot.set(.hostUptime, up, line)
            return true
        }
        if path == "/proc/loadavg" {
            let tasks = words.count == 5 ? words[3].split(separator: "/") : []
            guard tasks.count == 2, let load = Double(first), let all = Int64(tasks[1]) else {
                return false
            }
            snapshot.set(.loadAverage1, load, line)
            snapshot.set(.tasks, all, line)
            return true
        }
        guard words.count == 1, let number = Int64(first) else { return false }
        snapshot.set(
            path.hasSuffix("_adj") ? .oomScoreAdjustment : .oomScore, number, line)
        return true
    }

    private static func sysctl(_ path: String) -> Measure? {
        guard path.hasPrefix("/proc/sys/") else { return nil }
        let name = path.dropFirst(10)
        switch name {
        case "kernel/osrelease": return .kernelRelease
        case "kernel/hostname": return .hostName
        default: return SysctlNames.measure(name)
        }
    }

    /// Also of RHEL 6, below `redhat_transparent_hugepage`.
    static func hugePages(_ path: String) -> Measure? {
        guard path.hasPrefix("/sys/kernel/mm/"), path.contains("transparent_hugepage/") else {
            return nil
        }
        if path.hasSuffix("/enabled") { return .transparentHugePages }
        return path.hasSuffix("/defrag") ? .transparentHugePagesDefrag : nil
    }
}

/// `always [madvise] never`: the choice in brackets.
enum HugePagesChoice {
    static func chosen(_ text: String) -> Substring? {
        let words = text.split(separator: " ")
        guard words.count > 1, let chosen = words.first(where: { $0.hasPrefix("[") }),
            chosen.hasSuffix("]"),
            words.allSatisfy({ $0.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F } })
        else { return nil }
        return chosen.dropFirst().dropLast()
    }
}
