// SPDX-License-Identifier: Apache-2.0

internal import Model

/// The output of ps(1): the rows of servers, and of the process that was asked for.
///
/// Columns are known by the header; without one, by the command `ps aux` or `ps -ef` above it. VSZ and RSS count in KiB. Source: procps-ng 4.0.4, ps(1).
struct ProcessListFormat: SnapshotFormat {
    static let name = "ps"
    static let openers = [
        "PID", "USER", "UID", "PPID", "RSS", "VSZ", "NLWP", "COMMAND", "F S", "F ",
    ]

    private var header: [Substring] = []
    private var seen: Set<Int32> = []
    /// Whether the columns are those of the command, and no header was seen.
    private var isHeadless = false

    static func isShown(in context: SnapshotContext) -> Bool {
        ProcessRow.header(of: context) != nil
    }

    mutating func begin(_ line: SnapshotLine, _ sink: inout SnapshotSink) -> Bool {
        header = line.words
        if !header.contains("PID"), let asked = ProcessRow.header(of: sink.context) {
            // `ps aux | grep redis`: grep took the header away.
            header = asked
            isHeadless = true
            return ProcessRow.fits(line.words, asked) && take(line, &sink)
        }
        return header.count > 1 && header.contains("PID") && !header.contains("VIRT")
            && header.allSatisfy {
                $0.utf8.allSatisfy { $0 &- 0x41 < 26 || $0 == 0x25 || $0 == 0x5F }
            }
    }

    mutating func take(_ line: SnapshotLine, _ sink: inout SnapshotSink) -> Bool {
        let words = line.words
        guard let at = header.firstIndex(of: "PID"), at < words.count, let pid = Int32(words[at])
        else { return false }
        if isHeadless, !ProcessRow.fits(words, header) { return false }
        let row = ProcessRow(header: header, words: words)
        guard row.isServer || pid == sink.context.pid, seen.insert(pid).inserted else {
            return true
        }
        var snapshot = sink.snapshot(Self.name, .process, at: line)
        snapshot.subject.port = nil
        snapshot.subject.pid = pid
        row.describe(&snapshot, line)
        for (i, name) in header.enumerated() where i < row.sureColumns {
            guard let measure = Self.measures[String(name)], i < words.count else { continue }
            guard let number = Int64(words[i]) else {
                sink.note("line \(line.number): \(name) of a row of ps is no number; not read")
                continue
            }
            snapshot.set(
                measure, Amounts.bytes(number, times: measure.unit == .bytes ? 1024 : 1), line)
        }
        sink.emit(snapshot)
        return true
    }

    mutating func end(_ sink: inout SnapshotSink) {}

    private static let measures: [String: Measure] = [
        "RSS": .vmRSS, "RSZ": .vmRSS, "VSZ": .vmSize, "NLWP": .threads, "THCNT": .threads,
        "PPID": .parentPID,
    ]
}

/// A row of ps or top: which columns can be told apart, and whose it is.
struct ProcessRow {
    /// Columns before the first one that may hold blanks.
    let sureColumns: Int
    private let user: Substring?
    /// The words of the command.
    private let command: [Substring]

    init(header: [Substring], words: [Substring]) {
        let isLoose: (Substring) -> Bool = { ["COMMAND", "CMD", "STARTED", "ARGS"].contains($0) }
        let sure = header.firstIndex(where: isLoose) ?? header.count
        sureColumns = sure
        // A command's name, then the whole command line: the name has no blanks in servers.
        var at = sure
        if at + 1 < header.count, at + 1 == header.count - 1, isLoose(header[at + 1]) { at += 1 }
        command =
            at == header.count - 1 && at < words.count
            ? Array(words[at...]) : sure < words.count ? [words[sure]] : []
        let userAt = header.firstIndex { $0 == "USER" || $0 == "UID" || $0 == "RUSER" }
        user = userAt.flatMap { $0 < min(words.count, sure) ? words[$0] : nil }
    }

    /// The columns that a command of ps is known to print, where no more is asked of it.
    /// Source: procps-ng 4.0.4, ps(1), `u` and `-f`.
    static func header(of context: SnapshotContext) -> [Substring]? {
        guard context.program == "ps", context.command.count == 2 else { return nil }
        let options = context.command[1]
        let letters = Set(options.drop { $0 == "-" })
        if letters.isSuperset(of: "aux"), letters.isSubset(of: "auxw") {
            return "USER PID %CPU %MEM VSZ RSS TTY STAT START TIME COMMAND".split(separator: " ")
        }
        if options.hasPrefix("-"), letters.isSuperset(of: "ef"), letters.isSubset(of: "efw") {
            return "UID PID PPID C STIME TTY TIME CMD".split(separator: " ")
        }
        return nil
    }

    /// Whether a row can be one of these columns: numbers where they count, a time of CPU before the
    /// command.
    static func fits(_ words: [Substring], _ header: [Substring]) -> Bool {
        guard words.count >= header.count else { return false }
        return zip(words, header).allSatisfy { word, name in
            switch name {
            case "PID", "PPID", "VSZ", "RSS", "C": Int64(word).map { $0 >= 0 } ?? false
            case "%CPU", "%MEM": Double(word).map { $0 >= 0 } ?? false
            case "TTY": word == "?" || word.hasPrefix("pts/") || word.hasPrefix("tty")
            case "STAT": "RSDTtZIWX".contains(word.first ?? " ")
            case "TIME": word.contains(":") && word.allSatisfy { "0123456789:-".contains($0) }
            default: true
            }
        }
    }

    private var program: String {
        let first = command.first ?? ""
        return String((first.split(separator: "/").last ?? "").prefix { $0 != ":" })
    }

    var isServer: Bool {
        let names = ["redis", "valkey", "keydb", "dragonfly"]
        return names.contains { program.hasPrefix($0) }
            && !["-cli", "-benchmark", "_exporter"].contains { program.hasSuffix($0) }
    }

    /// Says in `snapshot` what the command tells: name, port, whether it is a child that saves.
    func describe(_ snapshot: inout Snapshot, _ line: SnapshotLine) {
        if !program.isEmpty { snapshot.subject.command = program }
        // Set by redis-server, src/server.c (`redisSetProcTitle`): `redis-server *:6379`.
        if isServer, let place = command.first(where: { $0.contains(":") }),
            let port = Int(place.split(separator: ":").last ?? ""), (1...65_535).contains(port)
        {
            snapshot.subject.port = port
        }
        let children = ["rdb-bgsave", "aof-rewrite", "rdb-to-slaves", "module-fork"]
        snapshot.subject.isChild = children.contains { program.hasSuffix($0) }
        if let user { snapshot.set(.userName, user, line) }
        if command.count > 0 { snapshot.set(.commandLine, command.joined(separator: " "), line) }
    }
}
