// SPDX-License-Identifier: Apache-2.0

internal import Model

/// The table of processes in a kernel report, and the victim.
struct KernelTasks {
    struct Row {
        let pid: Int32
        let name: String
        let line: SnapshotLine
        /// By the name of the column.
        let fields: [String: Int64]

        var rss: Int64 { fields["rss"] ?? 0 }
    }

    var victim: KernelVictim?
    /// The victim's cgroup, where a line names it.
    var victimCgroup: String?
    /// Names of the columns behind the process id.
    private var columns: [String] = []
    private var servers: [Row] = []
    /// The largest others, the largest first.
    private var largest: [Row] = []

    private static let serverLimit = 256

    /// Whether the line is one of the table's, which then is read.
    mutating func take(_ text: Substring, _ line: SnapshotLine) -> Bool {
        if text.hasPrefix("Tasks state (memory") { return true }
        guard text.hasPrefix("["), let end = text.firstIndex(of: "]") else { return false }
        let first = text[text.index(after: text.startIndex)..<end].trimmed
        let rest = text[text.index(after: end)...]
        if first == "pid" {
            columns = rest.split(separator: " ").map(String.init)
            return true
        }
        guard columns.last == "name", let pid = Int32(first) else { return false }
        if let row = row(pid, rest, line) { keep(row) }
        return true
    }

    private func row(_ pid: Int32, _ text: Substring, _ line: SnapshotLine) -> Row? {
        let words = text.split(
            separator: " ", maxSplits: columns.count - 1, omittingEmptySubsequences: true)
        guard words.count == columns.count, let name = words.last else { return nil }
        var fields: [String: Int64] = [:]
        for (column, word) in zip(columns, words).dropLast() {
            guard let number = Int64(word) else { return nil }
            fields[column] = number
        }
        return Row(pid: pid, name: String(name.trimmed), line: line, fields: fields)
    }

    private mutating func keep(_ row: Row) {
        if Self.isServer(row.name) {
            guard servers.count < Self.serverLimit,
                !servers.contains(where: { $0.pid == row.pid })
            else { return }
            servers.append(row)
            return
        }
        guard !largest.contains(where: { $0.pid == row.pid }) else { return }
        let at = largest.firstIndex { $0.rss < row.rss } ?? largest.count
        largest.insert(row, at: at)
        if largest.count > 3 { largest.removeLast() }
    }

    /// The size of a page, from the victim's size in kB and in pages.
    var pageSize: Int64? {
        guard let victim, let bytes = victim.values.first(where: { $0.0 == .vmSize })?.1,
            let pages = (servers + largest).first(where: { $0.pid == victim.pid })?
                .fields["total_vm"], pages > 0, bytes % pages == 0,
            [4096, 16384, 65536].contains(bytes / pages)
        else { return nil }
        return bytes / pages
    }

    func emit(pageSize: Int64, at start: SnapshotLine, _ sink: inout SnapshotSink) {
        var isVictimShown = false
        for row in servers + largest {
            var snapshot = sink.snapshot(KernelReportFormat.name, .process, at: row.line)
            describe(row, pageSize, &snapshot)
            if let victim, victim.pid == row.pid {
                isVictimShown = true
                victim.describe(&snapshot, victimCgroup)
            }
            sink.emit(snapshot)
        }
        guard let victim, !isVictimShown else { return }
        var snapshot = sink.snapshot(KernelReportFormat.name, .process, at: start)
        victim.describe(&snapshot, victimCgroup)
        sink.emit(snapshot)
    }

    private func describe(_ row: Row, _ pageSize: Int64, _ snapshot: inout Snapshot) {
        snapshot.subject.pid = row.pid
        snapshot.subject.port = nil
        snapshot.subject.isChild = false
        snapshot.subject.command = row.name
        for (column, measure, unit) in Self.measures {
            guard let number = row.fields[column] else { continue }
            let factor = unit == .pages ? pageSize : 1
            snapshot.set(measure, Amounts.bytes(number, times: factor), row.line)
        }
        if let tables = row.fields["nr_ptes"] {
            let pages = tables.addingReportingOverflow(row.fields["nr_pmds"] ?? 0)
            guard !pages.overflow else { return }
            snapshot.set(
                .vmPageTables, Amounts.bytes(pages.partialValue, times: pageSize), row.line)
        }
    }

    private enum Unit { case pages, plain }

    private static let measures: [(String, Measure, Unit)] = [
        ("uid", .userID, .plain), ("total_vm", .vmSize, .pages), ("rss", .vmRSS, .pages),
        ("rss_anon", .rssAnon, .pages), ("rss_file", .rssFile, .pages),
        ("rss_shmem", .rssShmem, .pages), ("pgtables_bytes", .vmPageTables, .plain),
        ("swapents", .vmSwap, .pages), ("oom_score_adj", .oomScoreAdjustment, .plain),
    ]

    private static func isServer(_ name: String) -> Bool {
        ["redis", "valkey", "keydb", "dragonfly"].contains { name.hasPrefix($0) }
    }
}

/// `Killed process 13164 (valkey-server) total-vm:304068kB, anon-rss:252792kB, …`.
struct KernelVictim {
    let pid: Int32
    let name: String
    let line: Int
    private(set) var values: [(Measure, Int64)] = []

    init?(_ text: Substring, _ line: Int) {
        guard let at = text.firstRange(of: "Killed process "),
            at.lowerBound == text.startIndex || text.hasPrefix("Out of memory: ")
                || text.hasPrefix("Memory cgroup out of memory: ")
        else { return nil }
        let rest = text[at.upperBound...]
        let digits = rest.prefix { $0.isASCII && $0.isNumber }
        guard let pid = Int32(digits), let open = rest.firstIndex(of: "("),
            let sizes = rest.firstRange(of: ") total-vm:"), open < sizes.lowerBound
        else { return nil }
        self.pid = pid
        self.line = line
        name = String(rest[rest.index(after: open)..<sizes.lowerBound])
        let list = rest[rest.index(sizes.lowerBound, offsetBy: 2)...]
        // 2.6.32 names the user before the name.
        let user = rest[..<open].replacing(", UID ", with: " UID:")
        for word in (user + " " + list).split(whereSeparator: { $0 == " " || $0 == "," }) {
            let parts = word.split(separator: ":")
            guard parts.count == 2, let measure = Self.measures[String(parts[0])] else { continue }
            if measure.unit == .bytes {
                guard parts[1].hasSuffix("kB"), let kib = Int64(parts[1].dropLast(2)) else {
                    continue
                }
                values.append((measure, Amounts.bytes(kib, times: 1024)))
            } else if let number = Int64(parts[1]) {
                values.append((measure, number))
            }
        }
    }

    /// Adds what the victim's line says and the table does not.
    func describe(_ snapshot: inout Snapshot, _ cgroup: String?) {
        snapshot.subject.pid = pid
        snapshot.subject.port = nil
        snapshot.subject.isChild = false
        snapshot.subject.command = name
        snapshot.values.append(SnapshotValue(.wasOOMKilled, .whole(1), line: line))
        for (measure, number) in values where snapshot.value(measure) == nil {
            snapshot.values.append(SnapshotValue(measure, .whole(number), line: line))
        }
        if let cgroup {
            snapshot.values.append(SnapshotValue(.cgroupPath, .text(cgroup), line: line))
        }
    }

    private static let measures: [String: Measure] = [
        "total-vm": .vmSize, "anon-rss": .rssAnon, "file-rss": .rssFile, "shmem-rss": .rssShmem,
        "UID": .userID, "pgtables": .vmPageTables, "oom_score_adj": .oomScoreAdjustment,
    ]
}
