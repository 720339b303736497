// SPDX-License-Identifier: Apache-2.0

internal import Model

/// Commands that print one line: uname, nproc, hostname, uptime, getconf, and counts by `wc -l`.
struct OneLineFormat: SnapshotFormat {
    static let name = "command"
    static let openers = ["Linux "]

    static func isShown(in context: SnapshotContext) -> Bool {
        switch context.program {
        case "uname", "nproc", "hostname", "uptime", "getconf": context.filters.isEmpty
        case "ps", "ls": context.filters.last.map { ["wc", "-l"] == $0 } ?? false
        default: false
        }
    }

    private var text = ""

    mutating func begin(_ line: SnapshotLine, _ sink: inout SnapshotSink) -> Bool {
        text = line.text
        let program = Self.isShown(in: sink.context) ? sink.context.program : nil
        if let snapshot = Self.unixName(line, sink) {
            // A host that names itself is the host of what follows.
            if let host = snapshot.text(.hostName), sink.context.remoteHost == nil {
                sink.context.host = host
            }
            sink.emit(snapshot)
            if program == "uname" { sink.context.isRead = true }
            return true
        }
        guard let program, let snapshot = Self.read(program, line, &sink) else { return false }
        sink.context.isRead = true
        sink.emit(snapshot)
        return true
    }

    mutating func take(_ line: SnapshotLine, _ sink: inout SnapshotSink) -> Bool {
        line.text == text
    }

    mutating func end(_ sink: inout SnapshotSink) {}

    // MARK: - uname -a

    /// `Linux cache-06 6.18.44 #1 SMP PREEMPT_DYNAMIC @0 x86_64 GNU/Linux`.
    private static func unixName(_ line: SnapshotLine, _ sink: SnapshotSink) -> Snapshot? {
        let words = line.words
        guard words.count >= 5, words[0] == "Linux", isRelease(words[2]), words[3].hasPrefix("#")
        else { return nil }
        var snapshot = sink.snapshot("uname", .host, at: line)
        if sink.context.remoteHost == nil { snapshot.subject.host = String(words[1]) }
        snapshot.set(.hostName, words[1], line)
        snapshot.set(.kernelRelease, words[2], line)
        if let machine = words.last(where: { machines.contains($0) }) {
            snapshot.set(.architecture, machine, line)
        }
        return snapshot
    }

    private static func isRelease(_ word: Substring) -> Bool {
        let parts = word.split(separator: ".")
        return parts.count >= 2 && Int(parts[0]) != nil
            && parts[1].utf8.first.map { $0 &- 0x30 < 10 } == true
    }

    private static let machines: Set<Substring> = [
        "x86_64", "aarch64", "i686", "armv7l", "ppc64le", "s390x", "riscv64",
    ]

    // MARK: - Others

    private static func read(
        _ program: String, _ line: SnapshotLine, _ sink: inout SnapshotSink
    ) -> Snapshot? {
        let words = line.words
        let arguments = sink.context.command.dropFirst()
        guard let first = words.first else { return nil }
        if program == "uptime" { return uptime(line, sink) }
        guard words.count == 1 else { return nil }
        if program == "ps" || program == "ls" { return count(line, arguments, sink) }
        var snapshot = sink.snapshot(program, .host, at: line)
        switch program {
        case "uname":
            guard arguments.contains("-r"), isRelease(first) else { return nil }
            snapshot.set(.kernelRelease, first, line)
        case "nproc":
            guard arguments.isEmpty || arguments == ["--all"], let number = Int64(first) else {
                return nil
            }
            snapshot.set(.processors, number, line)
        case "hostname":
            guard arguments.allSatisfy({ ["-f", "-s", "--fqdn", "--short"].contains($0) }) else {
                return nil
            }
            if sink.context.remoteHost == nil {
                sink.context.host = String(first)
                snapshot.subject.host = String(first)
            }
            snapshot.set(.hostName, first, line)
        case "getconf":
            guard let name = arguments.last, let number = Int64(first) else { return nil }
            switch name {
            case "PAGE_SIZE", "PAGESIZE": snapshot.set(.pageSize, number, line)
            case "_NPROCESSORS_ONLN": snapshot.set(.processors, number, line)
            default: return nil
            }
        default: return nil
        }
        return snapshot
    }

    /// ` 17:17:21 up  3:22,  0 user,  load average: 3.43, 1.62, 1.33`.
    private static func uptime(_ line: SnapshotLine, _ sink: SnapshotSink) -> Snapshot? {
        guard let at = line.text.firstRange(of: "load average: ") else { return nil }
        // `3.43, 1.62` and, where the comma is decimal, `3,43, 1,62`.
        let words = line.text[at.upperBound...].split(separator: " ")
        guard words.count == 3, let word = words.first, word.hasSuffix(","),
            let load = Double(word.dropLast().replacing(",", with: "."))
        else { return nil }
        var snapshot = sink.snapshot("uptime", .host, at: line)
        snapshot.set(.loadAverage1, load, line)
        return snapshot
    }

    /// What `ps … | wc -l` and `ls /proc/PID/… | wc -l` count, where nothing else is filtered.
    private static func count(
        _ line: SnapshotLine, _ arguments: ArraySlice<String>, _ sink: SnapshotSink
    ) -> Snapshot? {
        guard sink.context.filters.count == 1, var number = Int64(line.text.trimmed) else {
            return nil
        }
        if sink.context.program == "ls" {
            guard let path = sink.context.command.last, sink.context.pid != nil else { return nil }
            // `ls -l` prints a line with the total first.
            if arguments.contains(where: { $0.hasPrefix("-") && $0.contains("l") }) { number -= 1 }
            let folder = path.split(separator: "/").last ?? ""
            guard folder == "task" || folder == "fd", number >= 0 else { return nil }
            var snapshot = sink.snapshot("ls", .process, at: line)
            snapshot.set(folder == "task" ? .threads : .openFiles, number, line)
            return snapshot
        }
        // The header is a line as well, unless `-o name=` or --no-headers leaves it out.
        let hasHeader = !arguments.contains { $0.hasSuffix("=") || $0.hasPrefix("--no-head") }
        if hasHeader { number -= 1 }
        let letters = arguments.filter { !$0.hasPrefix("--") }.joined()
        guard number >= 0, letters.contains("L") || letters.contains("T") else { return nil }
        if sink.context.pid != nil {
            var snapshot = sink.snapshot("ps", .process, at: line)
            snapshot.set(.threads, number, line)
            return snapshot
        }
        var snapshot = sink.snapshot("ps", .host, at: line)
        if let at = arguments.firstIndex(where: { ["-u", "-U", "-Lu", "-LU"].contains($0) }),
            at + 1 < arguments.endIndex
        {
            snapshot.subject.scope = .process
            snapshot.set(.userName, arguments[at + 1], line)
            snapshot.set(.userTasks, number, line)
            return snapshot
        }
        guard letters.contains("e") || letters.contains("A") else { return nil }
        snapshot.set(.tasks, number, line)
        return snapshot
    }
}
