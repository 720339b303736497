// SPDX-License-Identifier: Apache-2.0

internal import Model

/// `docker stats` and `podman stats`: a snapshot a row. Sizes have three or four digits.
///
/// Source: docker cli 27, cli/command/container/formatter_stats.go. Usage is without the page
/// cache that can go; where a container has no limit, that of the host's memory stands there.
struct ContainerStatsFormat: SnapshotFormat {
    static let name = "docker stats"
    static let openers = ["CONTAINER ID ", "CONTAINER  ", "ID            NAME"]

    private var head = TableHead()

    mutating func begin(_ line: SnapshotLine, _ sink: inout SnapshotSink) -> Bool {
        head = TableHead(line.text)
        return head.column("MEM USAGE / LIMIT") != nil
            && (head.column("CONTAINER ID") ?? head.column("CONTAINER") ?? head.column("ID")) != nil
    }

    mutating func take(_ line: SnapshotLine, _ sink: inout SnapshotSink) -> Bool {
        guard !line.isBlank else { return false }
        if line.text.contains("MEM USAGE / LIMIT") {
            head = TableHead(line.text)
            return true
        }
        let cells = TableHead.cells(line.text)
        guard cells.count >= 4, let id = cells.first, let memory = cells.first(where: Self.isPair)
        else { return false }
        let parts = memory.split(separator: "/").map { String($0.trimmed) }
        guard parts.count == 2, let usage = Amounts.human(parts[0], isDecimal: true),
            let limit = Amounts.human(parts[1], isDecimal: true)
        else { return false }
        var snapshot = sink.snapshot(Self.name, .cgroup, at: line)
        snapshot.subject.path = id
        snapshot.set(.cgroupUsage, usage, line)
        snapshot.set(.cgroupLimit, limit, line)
        if let at = head.column("NAME"), cells.count == head.names.count {
            snapshot.set(.containerName, cells[at], line)
        }
        if let at = head.column("PIDS"), cells.count == head.names.count,
            let tasks = Int64(cells[at])
        {
            snapshot.set(.pidsCurrent, tasks, line)
        }
        sink.emit(snapshot)
        return true
    }

    mutating func end(_ sink: inout SnapshotSink) {}

    /// `2.305GiB / 3GiB`: the first pair of sizes in a row is memory.
    private static func isPair(_ cell: String) -> Bool { cell.contains(" / ") }
}

/// `kubectl top pod`: a snapshot a row, the working set as the metrics server knew it.
struct PodTopFormat: SnapshotFormat {
    static let name = "kubectl top"
    static let openers = ["NAME  ", "POD  ", "NAMESPACE  "]

    private var head = TableHead()

    mutating func begin(_ line: SnapshotLine, _ sink: inout SnapshotSink) -> Bool {
        head = TableHead(line.text)
        return head.column("MEMORY(bytes)") != nil && head.column("CPU(cores)") != nil
    }

    mutating func take(_ line: SnapshotLine, _ sink: inout SnapshotSink) -> Bool {
        let cells = TableHead.cells(line.text)
        guard cells.count == head.names.count, let at = head.column("MEMORY(bytes)"),
            let usage = ContainerState.quantity(cells[at])
        else { return false }
        // Nodes have a column of percents.
        let isNode = head.names.contains { $0.hasPrefix("MEMORY%") || $0.hasPrefix("MEMORY(%)") }
        var snapshot = sink.snapshot(Self.name, isNode ? .host : .cgroup, at: line)
        if isNode {
            snapshot.subject.host = cells[0]
            snapshot.set(.memUsed, usage, line)
        } else {
            snapshot.set(.cgroupUsage, usage, line)
            let pod = head.column("POD") ?? head.column("NAME")
            if let pod { snapshot.set(.podName, cells[pod], line) }
            if head.column("POD") != nil, let name = head.column("NAME") {
                snapshot.set(.containerName, cells[name], line)
            }
        }
        sink.emit(snapshot)
        return true
    }

    mutating func end(_ sink: inout SnapshotSink) {}
}

/// What `docker info` says of the host: its kernel, and which limits cannot be set.
struct ContainerHostFormat: SnapshotFormat {
    static let name = "docker info"
    static let openers = ["WARNING: No "]

    static func isShown(in context: SnapshotContext) -> Bool {
        ["docker", "podman"].contains(context.program) && context.command.contains("info")
    }

    private var snapshot: Snapshot?
    private var warnings: [String] = []
    private var warningLine: SnapshotLine?

    mutating func begin(_ line: SnapshotLine, _ sink: inout SnapshotSink) -> Bool {
        snapshot = sink.snapshot(Self.name, .host, at: line)
        if !Self.isShown(in: sink.context) { guard Self.warning(line) != nil else { return false } }
        return take(line, &sink)
    }

    mutating func take(_ line: SnapshotLine, _ sink: inout SnapshotSink) -> Bool {
        if let warning = Self.warning(line) {
            if !warnings.contains(warning) { warnings.append(warning) }
            warningLine = warningLine ?? line
            return true
        }
        guard Self.isShown(in: sink.context), !line.isBlank, let (name, value) = line.split(at: ":")
        else { return false }
        switch name {
        case "Kernel Version": snapshot?.set(.kernelRelease, value, line)
        case "Name": snapshot?.subject.host = String(value)
        case "CPUs":
            if let count = Int64(value) { snapshot?.set(.processors, count, line) }
        default: break
        }
        return true
    }

    mutating func end(_ sink: inout SnapshotSink) {
        guard var snapshot else { return }
        if let warningLine {
            snapshot.set(.containerWarnings, warnings.joined(separator: "; "), warningLine)
        }
        sink.emit(snapshot)
    }

    /// `WARNING: No swap limit support`.
    private static func warning(_ line: SnapshotLine) -> String? {
        let text = line.text.trimmed
        guard text.hasPrefix("WARNING: No "), text.hasSuffix(" support") else { return nil }
        return String(text.dropFirst(9))
    }
}

/// The head of a table whose columns stand two blanks or more apart.
struct TableHead {
    var names: [String] = []

    init() {}

    init(_ text: String) { names = Self.cells(text) }

    func column(_ name: String) -> Int? { names.firstIndex(of: name) }

    /// What stands between runs of two or more blanks, or tabs.
    static func cells(_ text: String) -> [String] {
        var cells: [String] = []
        var cell = ""
        var blanks = 0
        for character in text {
            if character == " " || character == "\t" {
                blanks += character == "\t" ? 2 : 1
                continue
            }
            if blanks > 1, !cell.isEmpty {
                cells.append(cell)
                cell = ""
            } else if blanks == 1, !cell.isEmpty {
                cell.append(" ")
            }
            blanks = 0
            cell.append(character)
        }
        if !cell.isEmpty { cells.append(cell) }
        return cells
    }
}
