// SPDX-License-Identifier: Apache-2.0

internal import Model

/// One server as one input shows it: processes that follow one another.
struct Lineage {
    var input: Int
    var stream: UInt16
    var isSentinel: Bool
    var pids: [Int32]
    /// The port that a line named, if one did.
    var port: Int?
    var lastLine: Int
    var first: Stamp
    var last: Stamp
}

/// What the events of one input tell of the processes that wrote it.
struct ProcessEvidence {
    struct Process: Hashable {
        var stream: UInt16
        var pid: Int32
    }

    /// Processes that wrote what only a server writes.
    private(set) var servers: Set<Process> = []
    /// Processes that a server named as its children.
    private(set) var announced: Set<Process> = []
    /// Processes of which every line is one that a child may write.
    private(set) var childLike: Set<Process> = []
    private(set) var ports: [Process: Int] = [:]

    /// What kinds of lines a process wrote.
    private struct Wrote: OptionSet {
        let rawValue: UInt8
        /// Only a server writes such.
        static let servers = Wrote(rawValue: 1)
        /// A child may write such.
        static let childLike = Wrote(rawValue: 2)
        static let others = Wrote(rawValue: 4)

        init(rawValue: UInt8) { self.rawValue = rawValue }

        init(_ kind: EventKind) {
            self = kind.isChildLike ? .childLike : .others
            if kind.isServersOwn || kind.isStart { insert(.servers) }
        }
    }

    /// Only processes that are asked about are noted: a log may name a million children.
    init(_ source: SourceEvents, _ patterns: [PatternInfo]) {
        var numbers: [Process: Int] = [:]
        for span in source.facts.processes where !span.isChild {
            let process = Process(stream: span.stream, pid: span.pid)
            // A damaged extract may name one twice.
            if numbers[process] == nil { numbers[process] = numbers.count }
        }
        var all = [Wrote](repeating: [], count: numbers.count)
        let wrote = patterns.map { Wrote($0.kind) }
        let namesPort = patterns.map(\.kind.mayNamePort)
        var last: (process: Process, number: Int?)?
        source.log.forEachHeader { i, pattern, header in
            let process = Process(stream: header.stream, pid: header.pid)
            if last?.process != process { last = (process, numbers[process]) }
            guard let number = last?.number else { return }
            all[number].formUnion(wrote[pattern])
            guard namesPort[pattern] else { return }
            notePort(source.log.event(at: i, input: 0, patterns: patterns), process)
        }
        for (process, number) in numbers {
            if all[number].contains(.servers) { servers.insert(process) }
            if all[number].contains(.childLike), !all[number].contains(.others) {
                childLike.insert(process)
            }
        }
        // What is known of the others already decides.
        if numbers.keys.contains(where: { !servers.contains($0) && !childLike.contains($0) }) {
            noteAnnounced(source.log, patterns, among: numbers)
        }
    }

    private mutating func noteAnnounced(
        _ log: EventLog, _ patterns: [PatternInfo], among processes: [Process: Int]
    ) {
        let children = patterns.map { pattern in
            pattern.kind == .child_started
                ? pattern.captures.firstIndex { $0.name == "child_pid" } ?? -1 : -1
        }
        log.forEachHeader(withNumber: children) { _, _, header, number in
            guard let number else { return }
            let child = Process(stream: header.stream, pid: Int32(clamping: number))
            if processes[child] != nil { announced.insert(child) }
        }
    }

    private mutating func notePort(_ event: Event, _ process: Process) {
        // A logo has no header, and its line is taken for the process before it.
        if event.header.form != .none, let port = event.int("port") { ports[process] = port }
    }

    /// Whether a process is some server's child. Up to redis 2.8 no header says so.
    func isChild(_ span: ProcessSpan) -> Bool {
        if span.isChild { return true }
        let process = Process(stream: span.stream, pid: span.pid)
        guard !servers.contains(process) else { return false }
        return announced.contains(process) || childLike.contains(process)
    }
}

extension EventKind {
    fileprivate var isStart: Bool {
        switch self {
        case .server_starting, .server_version, .server_mode, .server_initialized: true
        default: false
        }
    }

    fileprivate var mayNamePort: Bool {
        switch self {
        case .server_mode, .server_version, .ready: true
        default: false
        }
    }

    fileprivate var isChildLike: Bool {
        switch self {
        case .db_saved, .copy_on_write, .rdb_write_error, .rdb_file_error, .aof_write_error,
            .aof_file_error, .rewrite_detail, .save_detail, .parent_gone:
            true
        default: false
        }
    }
}

extension Lineage {
    /// The servers of one input: processes that follow one another are lives of one server,
    /// processes that interleave, or whose ports differ, are several.
    static func all(of facts: InputFacts, input: Int, _ evidence: ProcessEvidence) -> [Lineage] {
        var out: [Lineage] = []
        let processes = facts.processes.filter { !evidence.isChild($0) }
            .sorted { $0.firstLine < $1.firstLine }
        for process in processes {
            let port = evidence.ports[.init(stream: process.stream, pid: process.pid)]
            let before = out.indices.filter { out[$0].mayPrecede(process, port: port) }
                .max { out[$0].rank(port) < out[$1].rank(port) }
            if let before {
                out[before].append(process, port: port)
            } else {
                out.append(Lineage(process, port: port, input: input))
            }
        }
        return out
    }

    private init(_ process: ProcessSpan, port: Int?, input: Int) {
        self.init(
            input: input, stream: process.stream, isSentinel: process.isSentinel,
            pids: [process.pid], port: port, lastLine: process.lastLine, first: process.first,
            last: process.last)
    }

    /// A dying process may still write while its successor starts.
    private static let lineTolerance = 8
    private static let secondsTolerance = 5.0

    private func mayPrecede(_ process: ProcessSpan, port: Int?) -> Bool {
        guard stream == process.stream, isSentinel == process.isSentinel,
            lastLine < process.firstLine + Self.lineTolerance
        else { return false }
        if let port, let mine = self.port { return port == mine }
        // Without ports, a log that begins before the other has ended is another server's.
        guard last.form == process.first.form, last.form != .none else { return true }
        let overlap = Double(last.nanoseconds - process.first.nanoseconds) / 1e9
        return overlap <= Self.secondsTolerance
    }

    private func rank(_ port: Int?) -> (Int, Int) {
        (port != nil && port == self.port ? 1 : 0, lastLine)
    }

    private mutating func append(_ process: ProcessSpan, port: Int?) {
        pids.append(process.pid)
        self.port = self.port ?? port
        lastLine = max(lastLine, process.lastLine)
        last = process.last
    }
}
