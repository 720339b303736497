// SPDX-License-Identifier: Apache-2.0

internal import Model

/// Commands that change what snapshots show: `sysctl -w vm.overcommit_memory=1`.
///
/// A change is a snapshot of its own, marked as such. The command says what was meant; whether it
/// took effect only a later reading shows.
enum Changes {
    static func read(_ line: CommandLine, _ at: SnapshotLine, _ sink: inout SnapshotSink) {
        for (i, command) in line.commands.enumerated() {
            guard
                var snapshot = change(command, after: i > 0 ? line.commands[i - 1] : nil, at, sink)
            else { continue }
            snapshot.isChange = true
            if snapshot.value(.commandRun) == nil { snapshot.set(.commandRun, command.spoken, at) }
            sink.emit(snapshot)
        }
    }

    private static func change(
        _ command: CommandLine.Command, after source: CommandLine.Command?, _ at: SnapshotLine,
        _ sink: SnapshotSink
    ) -> Snapshot? {
        let words = command.words.dropFirst()
        switch command.program {
        case "sysctl": return sysctl(words, at, sink)
        case "echo", "printf":
            guard let file = command.output, let value = words.last else { return nil }
            var snapshot = write(value, to: file, at, sink)
            // The redirection is done by the shell, not by sudo.
            if command.isSudo {
                snapshot?.values.removeAll()
                snapshot?.set(.commandIsVain, Int64(1), at)
            }
            return snapshot
        case "tee":
            guard command.isPiped, let value = source?.words.last,
                let file = words.last(where: { !$0.hasPrefix("-") })
            else { return nil }
            var snapshot = write(value, to: file, at, sink)
            snapshot?.set(.commandRun, "echo \(value) | \(command.spoken)", at)
            return snapshot
        case "swapon", "swapoff":
            guard !words.isEmpty, !words.contains(where: { $0.hasPrefix("--s") || $0 == "-s" })
            else { return nil }
            return sink.snapshot("command", .host, at: at)
        case "fallocate", "mkswap", "dd":
            guard words.contains(where: { $0.contains("swap") }) else { return nil }
            return sink.snapshot("command", .host, at: at)
        case "systemctl": return unit(words, at, sink)
        case "kill", "pkill", "killall":
            guard !words.isEmpty, words != ["-l"] else { return nil }
            var snapshot = sink.snapshot("command", .process, at: at)
            snapshot.subject.pid = words.last.flatMap { Int32($0) }
            return snapshot
        case "prlimit": return limit(words, at, sink)
        case "ulimit": return shellLimit(words, at, sink)
        case "mount":
            guard words.contains(where: { $0.contains("remount") }), let place = words.last else {
                return nil
            }
            var snapshot = sink.snapshot("command", .fileSystem, at: at)
            snapshot.subject.path = place
            return snapshot
        case "redis-cli", "valkey-cli", "keydb-cli": return client(Array(words), at, sink)
        default: return nil
        }
    }

    // MARK: - Kernel settings

    private static func sysctl(
        _ words: ArraySlice<String>, _ at: SnapshotLine, _ sink: SnapshotSink
    ) -> Snapshot? {
        var snapshot = sink.snapshot("command", .host, at: at)
        if words.contains("-p") || words.contains("--system") || words.contains("--load") {
            return snapshot
        }
        for setting in words {
            let parts = setting.split(separator: "=", maxSplits: 1)
            guard parts.count == 2, let number = Int64(parts[1].trimmed),
                let measure = SysctlNames.measure(parts[0].trimmed)
            else { continue }
            snapshot.set(measure, SysctlNames.value(number, measure), at)
        }
        return snapshot.values.isEmpty ? nil : snapshot
    }

    /// `echo 1 > /proc/sys/vm/overcommit_memory` and its like.
    private static func write(
        _ value: String, to file: String, _ at: SnapshotLine, _ sink: SnapshotSink
    ) -> Snapshot? {
        if file.hasPrefix("/proc/sys/") {
            guard let measure = SysctlNames.measure(file.dropFirst(10)), let number = Int64(value)
            else { return nil }
            var snapshot = sink.snapshot("command", .host, at: at)
            snapshot.set(measure, SysctlNames.value(number, measure), at)
            return snapshot
        }
        if let measure = SystemFileFormat.hugePages(file), hugePageChoices.contains(value) {
            var snapshot = sink.snapshot("command", .host, at: at)
            snapshot.set(measure, value, at)
            return snapshot
        }
        if let group = CgroupFile(path: file), let measure = CgroupFile.values[group.name],
            let number = Amounts.limit(value) ?? Amounts.human(value)
        {
            var snapshot = sink.snapshot("command", .cgroup, at: at)
            snapshot.subject.path = group.group
            snapshot.set(measure, number, at)
            return snapshot
        }
        if file.hasPrefix("/proc/"), file.hasSuffix("/oom_score_adj"), let number = Int64(value) {
            var snapshot = sink.snapshot("command", .process, at: at)
            snapshot.subject.pid = Int32(file.dropFirst(6).prefix { $0.isASCII && $0.isNumber })
            snapshot.set(.oomScoreAdjustment, number, at)
            return snapshot
        }
        return nil
    }

    private static let hugePageChoices: Set<String> = [
        "always", "madvise", "never", "defer", "defer+madvise",
    ]

    // MARK: - Units and limits

    /// `systemctl set-property redis-server.service MemoryMax=2G`, `systemctl restart redis`.
    private static func unit(
        _ words: ArraySlice<String>, _ at: SnapshotLine, _ sink: SnapshotSink
    ) -> Snapshot? {
        let plain = words.filter { !$0.hasPrefix("-") }
        guard let verb = plain.first,
            ["set-property", "restart", "start", "stop", "reload", "kill"].contains(verb),
            plain.count > 1
        else { return nil }
        var snapshot = sink.snapshot("command", .cgroup, at: at)
        snapshot.set(.unitName, plain[1].contains(".") ? plain[1] : plain[1] + ".service", at)
        guard verb == "set-property" else { return snapshot }
        for setting in plain.dropFirst(2) {
            let parts = setting.split(separator: "=", maxSplits: 1)
            guard parts.count == 2, let measure = properties[String(parts[0])],
                let number = Amounts.limit(parts[1]) ?? Amounts.human(parts[1])
            else { continue }
            snapshot.set(measure, number, at)
        }
        return snapshot
    }

    private static let properties: [String: Measure] = [
        "MemoryMax": .cgroupLimit, "MemoryLimit": .cgroupLimit, "MemoryHigh": .cgroupHigh,
        "MemorySwapMax": .cgroupSwapLimit, "TasksMax": .pidsMax,
    ]

    /// `prlimit --pid 7 --nproc=4096:4096`.
    private static func limit(
        _ words: ArraySlice<String>, _ at: SnapshotLine, _ sink: SnapshotSink
    ) -> Snapshot? {
        guard let option = words.first(where: { $0.hasPrefix("--nproc=") || $0.hasPrefix("-u") })
        else { return nil }
        let value = option.drop { $0 != "=" }.dropFirst()
        let parts = value.split(separator: ":", omittingEmptySubsequences: false)
        guard let first = parts.first, let soft = Amounts.limit(first) else { return nil }
        var snapshot = sink.snapshot("command", .process, at: at)
        snapshot.set(.limitProcesses, soft, at)
        if parts.count < 2 {
            snapshot.set(.limitProcessesHard, soft, at)
        } else if let hard = Amounts.limit(parts[1]) {
            snapshot.set(.limitProcessesHard, hard, at)
        }
        return snapshot
    }

    /// `ulimit -u 4096`: of the shell and what it starts from then on.
    private static func shellLimit(
        _ words: ArraySlice<String>, _ at: SnapshotLine, _ sink: SnapshotSink
    ) -> Snapshot? {
        guard words.contains(where: { $0.hasPrefix("-") && $0.hasSuffix("u") }),
            let value = words.last, let number = Amounts.limit(value)
        else { return nil }
        var snapshot = sink.snapshot("command", .process, at: at)
        snapshot.subject.pid = nil
        snapshot.set(.limitProcesses, number, at)
        return snapshot
    }

    // MARK: - Servers

    /// `CONFIG SET maxmemory 4gb save ""`, and what starts a fork or ends a server. Other words of
    /// the command may hold a password; they are not kept.
    private static func client(
        _ words: [String], _ line: SnapshotLine, _ sink: SnapshotSink
    ) -> Snapshot? {
        var snapshot = sink.snapshot("command", .server, at: line)
        let verbs = ["BGSAVE", "BGREWRITEAOF", "SAVE", "SHUTDOWN"]
        let isConfig = words.contains { $0.lowercased() == "config" }
        if !isConfig, let verb = words.first(where: { verbs.contains($0.uppercased()) }) {
            snapshot.set(.commandRun, verb.uppercased(), line)
            return snapshot
        }
        guard
            let at = words.indices.dropLast().first(where: {
                words[$0].lowercased() == "config" && words[$0 + 1].lowercased() == "set"
            })
        else { return nil }
        var command = "CONFIG SET"
        var i = at + 2
        while i + 1 < words.count {
            let name = words[i].lowercased()
            if let setting = ServerSetting.all[name],
                let quantity = setting.quantity(of: words[i + 1])
            {
                snapshot.values.append(SnapshotValue(setting.measure, quantity, line: line.number))
                let isWord = !words[i + 1].isEmpty && !words[i + 1].contains(" ")
                command += " \(name) " + (isWord ? words[i + 1] : "\"\(words[i + 1])\"")
            }
            i += 2
        }
        guard !snapshot.values.isEmpty else { return nil }
        snapshot.set(.commandRun, command, line)
        return snapshot
    }
}
