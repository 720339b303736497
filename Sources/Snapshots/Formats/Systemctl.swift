// SPDX-License-Identifier: Apache-2.0

internal import Model

/// `systemctl show UNIT`: `MemoryMax=infinity`, one property a line.
///
/// Source: systemd 252, org.freedesktop.systemd1(5). Old versions print the highest number for
/// `infinity`. Values with a suffix stand in unit files; they are not read.
struct SystemctlShowFormat: SnapshotFormat {
    static let name = "systemctl show"
    static let openers = [
        "MemoryMax=", "MemoryCurrent=", "MemoryLimit=", "TasksMax=", "TasksCurrent=", "LimitNPROC=",
        "OOMPolicy=", "ControlGroup=", "MainPID=", "Id=",
    ]

    static func isShown(in context: SnapshotContext) -> Bool {
        context.program == "systemctl" && context.command.contains("show")
    }

    private var snapshot: Snapshot?

    mutating func begin(_ line: SnapshotLine, _ sink: inout SnapshotSink) -> Bool {
        guard let (name, _) = Self.parse(line) else { return false }
        let isShown = Self.isShown(in: sink.context)
        guard isShown || Self.measures[String(name)] != nil || name == "ControlGroup" else {
            return false
        }
        snapshot = sink.snapshot(Self.name, .cgroup, at: line)
        let unit = sink.context.command.dropFirst().drop { $0 != "show" }.dropFirst().first {
            !$0.hasPrefix("-") && $0.contains(where: \.isLetter)
        }
        if isShown, let unit {
            snapshot?.set(.unitName, unit.contains(".") ? unit : unit + ".service", line)
        }
        return take(line, &sink)
    }

    mutating func take(_ line: SnapshotLine, _ sink: inout SnapshotSink) -> Bool {
        guard let (name, value) = Self.parse(line) else { return false }
        switch name {
        case "ControlGroup":
            if value.hasPrefix("/") { snapshot?.subject.path = String(value) }
        case "Id":
            if snapshot?.value(.unitName) == nil { snapshot?.set(.unitName, value, line) }
        case "MainPID":
            if let pid = Int32(value), pid > 0 { snapshot?.subject.pid = pid }
        case "OOMPolicy": set(.oomPolicy, line) { $0.set(.oomPolicy, value, line) }
        default:
            guard let measure = Self.measures[String(name)] else { break }
            guard let number = Amounts.limit(value) ?? Int64(value) else { break }
            set(measure, line) { $0.set(measure, number, line) }
        }
        return true
    }

    mutating func end(_ sink: inout SnapshotSink) {
        if let snapshot { sink.emit(snapshot) }
    }

    private mutating func set(
        _ measure: Measure, _ line: SnapshotLine, _ body: (inout Snapshot) -> Void
    ) {
        guard var snapshot, snapshot.value(measure) == nil else { return }
        body(&snapshot)
        self.snapshot = snapshot
    }

    private static func parse(_ line: SnapshotLine) -> (name: Substring, value: Substring)? {
        guard let (name, value) = line.split(at: "="), let first = name.utf8.first,
            first &- 0x41 < 26,
            name.utf8.allSatisfy({ ($0 | 0x20) &- 0x61 < 26 || $0 &- 0x30 < 10 })
        else { return nil }
        return (name, value)
    }

    private static let measures: [String: Measure] = [
        "MemoryCurrent": .cgroupUsage, "MemoryPeak": .cgroupPeak, "MemoryMax": .cgroupLimit,
        "MemoryLimit": .cgroupLimit, "MemoryHigh": .cgroupHigh, "MemorySwapMax": .cgroupSwapLimit,
        "MemorySwapCurrent": .cgroupSwapUsage, "EffectiveMemoryMax": .cgroupEffectiveLimit,
        "TasksCurrent": .pidsCurrent, "TasksMax": .pidsMax, "LimitNPROC": .limitProcessesHard,
        "LimitNPROCSoft": .limitProcesses, "LimitAS": .limitAddressSpace, "LimitDATA": .limitData,
        "LimitFSIZE": .limitFileSize, "LimitNOFILESoft": .limitOpenFiles,
        "OOMScoreAdjust": .oomScoreAdjustment,
    ]
}

/// `systemctl status UNIT`: `Tasks: 5 (limit: 4915)`, `Memory: 121.3M (limit: 512.0M)`.
///
/// Sizes are rounded to three digits or so. Source: systemd 252, src/systemctl/systemctl-show.c.
struct SystemctlStatusFormat: SnapshotFormat {
    static let name = "systemctl status"
    static let openers = ["● ", "○ ", "× ", "Loaded: loaded ("]

    private var snapshot: Snapshot?

    mutating func begin(_ line: SnapshotLine, _ sink: inout SnapshotSink) -> Bool {
        snapshot = sink.snapshot(Self.name, .cgroup, at: line)
        let words = line.words
        guard words.count > 1 else { return false }
        if words[0] != "Loaded:" {
            guard words[1].contains("."), let unit = words[1].split(separator: ".").last,
                ["service", "scope", "slice"].contains(unit)
            else { return false }
            snapshot?.set(.unitName, words[1], line)
        }
        return true
    }

    mutating func take(_ line: SnapshotLine, _ sink: inout SnapshotSink) -> Bool {
        guard !line.isBlank, line.text.first == " " || line.text.hasPrefix("\t") else {
            return false
        }
        guard let (name, value) = line.split(at: ":") else { return true }
        switch name {
        case "Main PID": snapshot?.subject.pid = Int32(value.prefix { $0 != " " })
        case "CGroup": if value.hasPrefix("/") { snapshot?.subject.path = String(value) }
        case "Tasks":
            set(.pidsCurrent, Int64(value.prefix { $0 != " " }), line)
            set(.pidsMax, Self.within("limit: ", value).flatMap { Amounts.limit($0) }, line)
        case "Memory":
            set(.cgroupUsage, Amounts.human(value.prefix { $0 != " " }), line)
            let limit = Self.within("limit: ", value) ?? Self.within("max: ", value)
            set(.cgroupLimit, limit.flatMap { Amounts.human($0) }, line)
            let high = Self.within("high: ", value)
            set(.cgroupHigh, high.flatMap { Amounts.human($0) }, line)
        default: break
        }
        return true
    }

    mutating func end(_ sink: inout SnapshotSink) {
        if let snapshot, snapshot.values.contains(where: { $0.measure != .unitName }) {
            sink.emit(snapshot)
        }
    }

    private mutating func set(_ measure: Measure, _ number: Int64?, _ line: SnapshotLine) {
        guard let number, snapshot?.value(measure) == nil else { return }
        snapshot?.set(measure, number, line)
    }

    /// What follows a label inside the parentheses. The last is only whole before `)`.
    private static func within(_ label: String, _ text: Substring) -> Substring? {
        guard let at = text.firstRange(of: label) else { return nil }
        let rest = text[at.upperBound...]
        guard let end = rest.firstIndex(where: { $0 == " " || $0 == ")" }) else { return nil }
        return rest[..<end]
    }
}
