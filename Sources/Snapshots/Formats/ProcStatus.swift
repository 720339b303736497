// SPDX-License-Identifier: Apache-2.0

internal import Model

/// `/proc/PID/status`. Source: Linux v6.6, fs/proc/array.c; proc(5).
struct ProcStatusFormat: SnapshotFormat {
    static let name = "status"
    static let openers = ["Name:", "VmPeak:", "VmSize:", "VmHWM:", "VmRSS:", "VmData:", "RssAnon:"]

    static func isShown(in context: SnapshotContext) -> Bool {
        guard let path = context.path else { return false }
        return path.hasPrefix("/proc/") && path.hasSuffix("/status")
    }

    private var snapshot: Snapshot?
    private var last = ""
    /// A block that begins with `Name:` could be anything until the next line.
    private var isSure = false

    mutating func begin(_ line: SnapshotLine, _ sink: inout SnapshotSink) -> Bool {
        guard let (name, value) = Self.parse(line) else { return false }
        isSure = name != "Name" || Self.isShown(in: sink.context)
        if !isSure {
            // kubectl and others write `Name:` with many blanks behind it.
            let gap = line.text.drop { $0 != ":" }.dropFirst().prefix { $0 == " " }
            guard gap.utf8.count <= 3, value.utf8.count <= 15 else { return false }
        }
        snapshot = sink.snapshot(Self.name, .process, at: line)
        return take(line, &sink)
    }

    mutating func take(_ line: SnapshotLine, _ sink: inout SnapshotSink) -> Bool {
        if line.text == last { return true }
        guard let (name, value) = Self.parse(line) else { return false }
        if !isSure, !last.isEmpty {
            guard ["Umask", "State", "Tgid", "Pid"].contains(name) || name.hasPrefix("Vm") else {
                return false
            }
            isSure = true
        }
        if !last.isEmpty, name == "Name" { return false }
        last = line.text
        switch name {
        case "Name": snapshot?.subject.command = String(value)
        case "Pid":
            guard let pid = Int32(value) else { break }
            snapshot?.subject.pid = pid
        case "Uid":
            // Real, effective, saved, file system: RLIMIT_NPROC counts the real one.
            let ids = value.split(whereSeparator: { $0 == "\t" || $0 == " " })
            if ids.count == 4, let id = Int64(ids[0]) { snapshot?.set(.userID, id, line) }
        case "NSpid": snapshot?.set(.nsPIDs, value, line)
        case "CapEff": snapshot?.set(.effectiveCapabilities, value, line)
        default:
            guard let measure = Self.measures[String(name)] else { break }
            guard let number = Amounts.kernel(value, for: measure) else {
                sink.note("line \(line.number): \(name) of /proc/PID/status is damaged; not read")
                break
            }
            if snapshot?.value(measure) != nil { return false }
            snapshot?.set(measure, number, line)
        }
        return true
    }

    mutating func end(_ sink: inout SnapshotSink) {
        if let snapshot, isSure { sink.emit(snapshot) }
    }

    private static func parse(_ line: SnapshotLine) -> (name: Substring, value: Substring)? {
        guard let (name, value) = line.split(at: ":"), !name.isEmpty, name.utf8.count < 32,
            name.utf8.first.map({ ($0 | 0x20) &- 0x61 < 26 }) == true,
            name.utf8.allSatisfy({
                ($0 | 0x20) &- 0x61 < 26 || $0 &- 0x30 < 10 || $0 == 0x5F
            })
        else { return nil }
        return (name, value)
    }

    private static let measures: [String: Measure] = [
        "PPid": .parentPID, "VmPeak": .vmPeak, "VmSize": .vmSize, "VmHWM": .vmHighWater,
        "VmRSS": .vmRSS, "RssAnon": .rssAnon, "RssFile": .rssFile, "RssShmem": .rssShmem,
        "VmData": .vmData, "VmStk": .vmStack, "VmPTE": .vmPageTables, "VmSwap": .vmSwap,
        "THP_enabled": .thpEnabled, "Threads": .threads, "Seccomp": .seccomp,
    ]
}
