// SPDX-License-Identifier: Apache-2.0

internal import Model

/// The output of `ulimit -a` in bash, dash and zsh, or of `ulimit -u` and its like.
///
/// These are limits of the shell that ran it, not of a server: the subject has no process.
/// Source: bash 5.2, builtins/ulimit.def; dash 0.5.12, src/miscbltin.c.
struct UlimitFormat: SnapshotFormat {
    static let name = "ulimit"
    static let openers = [
        "real-time non-blocking time", "core file size", "time(seconds)", "-t: cpu time",
        "max user processes",
    ]

    static func isShown(in context: SnapshotContext) -> Bool { context.program == "ulimit" }

    private var snapshot: Snapshot?
    private var isHard = false

    mutating func begin(_ line: SnapshotLine, _ sink: inout SnapshotSink) -> Bool {
        var snapshot = sink.snapshot(Self.name, .process, at: line)
        snapshot.subject.command = "shell"
        snapshot.subject.pid = nil
        self.snapshot = snapshot
        let options = sink.context.program == "ulimit" ? sink.context.command.dropFirst() : []
        isHard = options.contains { $0.hasPrefix("-") && $0.contains("H") }
        // The value alone.
        let asked = options.joined().filter { $0 != "-" && $0 != "H" && $0 != "S" }
        if !options.isEmpty, asked != "a" {
            guard asked.count == 1, line.words.count == 1 else { return false }
            sink.context.isRead = true
            return set(asked, line.words[0], line)
        }
        guard Self.parse(line) != nil else { return false }
        return take(line, &sink)
    }

    mutating func take(_ line: SnapshotLine, _ sink: inout SnapshotSink) -> Bool {
        guard !sink.context.isRead, let (letter, value) = Self.parse(line) else { return false }
        if !set(letter, value, line) {
            sink.note("line \(line.number): a limit is damaged; not read")
        }
        return true
    }

    mutating func end(_ sink: inout SnapshotSink) {
        if let snapshot { sink.emit(snapshot) }
    }

    /// False where the value is none.
    private mutating func set(
        _ letter: String, _ value: Substring, _ line: SnapshotLine
    ) -> Bool {
        guard let limit = Amounts.limit(value) else { return false }
        guard let (measure, unit) = Self.measures[letter], snapshot?.value(measure) == nil else {
            return true
        }
        let bytes = limit == Amounts.unlimited ? limit : Amounts.bytes(limit, times: unit)
        if !isHard {
            snapshot?.set(measure, bytes, line)
        } else if measure == .limitProcesses {
            snapshot?.set(.limitProcessesHard, bytes, line)
        }
        return true
    }

    /// The option's letter and the value of a line.
    private static func parse(_ line: SnapshotLine) -> (letter: String, value: Substring)? {
        let text = line.text.trimmed
        guard let value = text.split(separator: " ").last else { return nil }
        if text.hasPrefix("-"), text.dropFirst(2).hasPrefix(": ") {
            return (String(text.dropFirst().prefix(1)), value)
        }
        // `max user processes                  (-u) 96365`; words and units may be of any language.
        if let open = text.lastIndex(of: "("), let end = text[open...].firstIndex(of: ")") {
            let inside = text[text.index(after: open)..<end]
            let option = inside.split(separator: " ").last ?? ""
            if option.hasPrefix("-"), option.count == 2,
                text[text.index(after: end)...].trimmed == value
            {
                return (String(option.dropFirst()), value)
            }
        }
        // `vmemory(kbytes)      unlimited`
        let name = text.dropLast(value.count).trimmed
        guard let letter = dash[String(name)] else { return nil }
        return (letter, value)
    }

    /// By the option's letter; units of bash. -f counts in blocks whose size depends on the shell.
    private static let measures: [String: (Measure, Int64)] = [
        "u": (.limitProcesses, 1), "n": (.limitOpenFiles, 1), "v": (.limitAddressSpace, 1024),
        "d": (.limitData, 1024), "l": (.limitLockedMemory, 1024),
    ]
    private static let dash: [String: String] = [
        "time(seconds)": "t", "file(blocks)": "f", "data(kbytes)": "d", "stack(kbytes)": "s",
        "coredump(blocks)": "c", "memory(kbytes)": "m", "locked memory(kbytes)": "l",
        "process": "u", "nofiles": "n", "vmemory(kbytes)": "v", "locks": "x", "rtprio": "r",
    ]
}
