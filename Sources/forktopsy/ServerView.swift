// SPDX-License-Identifier: Apache-2.0

internal import Live
internal import Model

/// One server as `doctor` looks at it.
struct ServerView {
    private let server: Discovery.Server
    private let view: HostView

    init(_ server: Discovery.Server, _ view: HostView) {
        self.server = server
        self.view = view
    }

    private var name: String {
        "\(server.command) \(server.address?.spoken ?? "pid \(server.pid)")"
    }

    func checks() -> [Check] {
        var out = [fork, tasks, openFiles, addressSpace].compactMap(\.self)
        out += groups
        guard info(.usedMemory) != nil else {
            out.append(
                check(
                    "info", .unknown,
                    "The server could not be asked: \(reason). What INFO and CONFIG GET tell was "
                        + "not checked.",
                    fix: "forktopsy doctor --server ADDRESS --user NAME --password-file FILE",
                    source: "INFO"))
            return out
        }
        out += [
            limit, copies, lastSave, saveAge, appendOnly, persistence, stopWrites, fragmentation,
            knownDefect, disk,
        ].compactMap(\.self)
        return out
    }

    // MARK: - Values

    private func check(
        _ id: String, _ status: Check.Status, _ statement: String, fix: String? = nil,
        source: String, figure: (name: String, value: Int64, unit: String)? = nil
    ) -> Check {
        Check(
            id, status, statement, subject: name, fix: fix, source: source, figure: figure)
    }

    private var reason: String {
        view.sample.unread.first { $0.what.hasPrefix(HostReadings.serverAt) }?.reason
            ?? "its address is not known"
    }

    private func process(_ measure: Measure) -> Int64? {
        view.sample.snapshots.last {
            $0.subject.scope == .process && $0.subject.pid == server.pid && $0[measure] != nil
        }?[measure]
    }

    private func isOwn(_ snapshot: Snapshot) -> Bool {
        guard snapshot.subject.scope == .server else { return false }
        if let pid = snapshot.subject.pid { return pid == server.pid }
        return snapshot.subject.port == nil || snapshot.subject.port == server.address?.port
    }

    private func info(_ measure: Measure) -> Int64? {
        view.sample.snapshots.last { isOwn($0) && $0[measure] != nil }?[measure]
    }

    private func real(_ measure: Measure) -> Double? {
        view.sample.snapshots.last { isOwn($0) && $0.real(measure) != nil }?.real(measure)
    }

    private func text(_ measure: Measure) -> String? {
        view.sample.snapshots.last { isOwn($0) && $0.text(measure) != nil }?.text(measure)
    }

    private func size(_ bytes: Int64) -> String { ByteCount(bytes: bytes).description }

    private static let none = Int64.max / 2

    // MARK: - The fork and its limits

    private var fork: Check {
        var instance = Instance()
        instance.pids = [server.pid]
        instance.port = server.address?.path == nil ? server.address?.port : nil
        let outlook = view.outlook(of: instance)
        let status: Check.Status =
            switch outlook.wouldFork {
            case .yes: .passed
            case .no: .critical
            case .unknown: .unknown
            }
        return check(
            "fork", status, outlook.statement, fix: "sysctl -w vm.overcommit_memory=1",
            source: "Linux v6.6, mm/util.c, __vm_enough_memory; kernel/fork.c",
            figure: outlook.headroomBytes.map { ("fork_headroom_\(server.pid)", $0, "B") })
    }

    private var tasks: Check? {
        guard let limit = process(.limitProcesses), limit < Self.none else { return nil }
        let source = "Linux v6.6, kernel/fork.c, copy_process; setrlimit(2), RLIMIT_NPROC"
        if process(.userID) == 0 {
            return check(
                "process_limit", .passed,
                "The server runs as the superuser, whom it does not bind.",
                source: source)
        }
        let counted = view.sample.snapshots.last { $0[.userTasks] != nil }?[.userTasks]
        guard let counted else {
            return check(
                "process_limit", .unknown, "The tasks of the server's user were not counted.",
                source: source)
        }
        let status: Check.Status =
            counted >= limit ? .critical : counted * 10 >= limit * 8 ? .warning : .passed
        return check(
            "process_limit", status,
            "The user of the server has \(counted) of \(limit) tasks that it may have.",
            fix: "systemctl edit \(server.unit ?? "redis-server.service")  # LimitNPROC=65536",
            source: source)
    }

    private var openFiles: Check? {
        guard let limit = process(.limitOpenFiles) else { return nil }
        return check(
            "open_files_limit", limit < 1024 ? .warning : .passed,
            "The server may open \(limit) files.",
            fix: "systemctl edit \(server.unit ?? "redis-server.service")  # LimitNOFILE=65536",
            source: "redis 7.2.4, src/server.c, adjustOpenFilesLimit")
    }

    private var addressSpace: Check? {
        guard let limit = process(.limitAddressSpace) else { return nil }
        return check(
            "address_space_limit", limit < Self.none ? .warning : .passed,
            limit < Self.none
                ? "The address space is limited to \(size(limit)): allocations fail beyond it."
                : "The address space is not limited.",
            fix: "prlimit --pid \(server.pid) --as=unlimited", source: "setrlimit(2), RLIMIT_AS")
    }

    /// Every control group up to the root has a limit of its own.
    private var groups: [Check] {
        var memory: [Check] = []
        var pids: [Check] = []
        let own = view.sample.snapshots.filter { $0.subject.scope == .cgroup }
        for snapshot in own {
            let path = snapshot.subject.path ?? "/"
            if let limit = snapshot[.cgroupLimit], limit < Self.none,
                let usage = snapshot[.cgroupUsage]
            {
                // What the kernel can take back is not lost.
                let used = usage - (snapshot[.cgroupFile] ?? 0)
                let percent = limit > 0 ? used * 100 / limit : 100
                memory.append(
                    check(
                        "memory_limit",
                        percent >= 95 ? .critical : percent >= 75 ? .warning : .passed,
                        "The group \(path) uses \(percent) % of its limit of \(size(limit)), "
                            + "without page cache; a save adds what it copies.",
                        fix: "systemctl set-property \(server.unit ?? "redis-server.service") "
                            + "MemoryMax=\(limit * 2)",
                        source: "Linux v6.6, Documentation/admin-guide/cgroup-v2.rst"))
            }
            if let limit = snapshot[.pidsMax], limit < Self.none, limit > 0,
                let count = snapshot[.pidsCurrent]
            {
                pids.append(
                    check(
                        "pids_limit",
                        count >= limit ? .critical : count * 10 >= limit * 8 ? .warning : .passed,
                        "The group \(path) has \(count) of \(limit) tasks.",
                        fix: "systemctl set-property \(server.unit ?? "redis-server.service") "
                            + "TasksMax=infinity",
                        source: "Linux v6.6, Documentation/admin-guide/cgroup-v1/pids.rst"))
            }
        }
        return memory + pids
    }

    // MARK: - What the server says

    private var limit: Check? {
        guard let maximum = info(.maxmemory), let total = view.host(.memTotal) else { return nil }
        let source = "redis 7.2.4, redis.conf, maxmemory"
        if maximum == 0 {
            return check(
                "maxmemory", .warning, "maxmemory is not set: the data may grow until memory ends.",
                fix: "redis-cli CONFIG SET maxmemory \(total * 6 / 10)", source: source)
        }
        let limits = view.sample.snapshots.compactMap { $0[.cgroupLimit] }.filter { $0 < Self.none }
        let room = min(total, limits.min() ?? total)
        let percent = maximum * 100 / max(1, room)
        return check(
            "maxmemory", percent > 90 ? .critical : percent > 75 ? .warning : .passed,
            "maxmemory is \(size(maximum)), \(percent) % of the \(size(room)) that there are; "
                + "buffers, fragmentation and what a save copies come on top.",
            fix: "redis-cli CONFIG SET maxmemory \(room * 6 / 10)", source: source)
    }

    private var copies: Check? {
        guard let available = view.host(.memAvailable),
            let copied = [info(.lastSaveCopied), info(.lastRewriteCopied)].compactMap(\.self).max()
        else { return nil }
        return check(
            "copy_on_write",
            copied > available ? .critical : copied * 2 > available ? .warning : .passed,
            "The last child copied \(size(copied)); \(size(available)) are available.",
            source: "redis 7.2.4, src/rdb.c, rdb_last_cow_size")
    }

    private var lastSave: Check? {
        guard let status = text(.lastSaveStatus) else { return nil }
        return check(
            "last_save", status == "ok" ? .passed : .critical,
            status == "ok" ? "The last save succeeded." : "The last save failed.",
            fix: "redis-cli BGSAVE; sleep 5; redis-cli INFO persistence", source: "INFO persistence"
        )
    }

    private var saveAge: Check? {
        guard let last = info(.lastSaveTime), let changes = info(.changesSinceSave),
            let points = text(.configSave), !points.isEmpty
        else { return nil }
        let age = sample - last
        return check(
            "save_age", changes > 0 && age > 86_400 ? .warning : .passed,
            "\(changes) changes since the last save, "
                + "\(spokenDuration(seconds: Double(max(0, age)))) ago.",
            fix: "redis-cli BGSAVE", source: "INFO persistence",
            figure: ("save_age_\(server.pid)", max(0, age), "s"))
    }

    private var sample: Int64 { view.sample.at.nanoseconds / 1_000_000_000 }

    private var appendOnly: Check? {
        guard info(.aofEnabled) == 1 else { return nil }
        let states = [text(.lastRewriteStatus), text(.lastAOFWriteStatus)]
        let isBad = states.contains { $0 != nil && $0 != "ok" }
        return check(
            "append_only_file", isBad ? .critical : .passed,
            isBad
                ? "The last rewrite of the append-only file, or writing to it, failed."
                : "Writing and rewriting the append-only file last succeeded.",
            fix: "redis-cli BGREWRITEAOF; sleep 5; redis-cli INFO persistence",
            source: "INFO persistence")
    }

    private var persistence: Check? {
        guard let points = text(.configSave) else { return nil }
        let isNone = points.isEmpty && info(.aofEnabled) != 1
        return check(
            "persistence", isNone ? .warning : .passed,
            isNone
                ? "No save points and no append-only file: a restart loses everything."
                : "Save points: \(points.isEmpty ? "none" : points); append-only file: "
                    + "\(info(.aofEnabled) == 1 ? "on" : "off").",
            fix: "redis-cli CONFIG SET save '3600 1 300 100 60 10000'",
            source: "redis 7.2.4, redis.conf, save")
    }

    private var stopWrites: Check? {
        guard let value = text(.configStopWrites) else { return nil }
        return check(
            "stop_writes", value == "yes" ? .passed : .warning,
            value == "yes"
                ? "Writes are refused while saves fail (stop-writes-on-bgsave-error yes)."
                : "Writes go on while saves fail: nobody notices that nothing is kept.",
            fix: "redis-cli CONFIG SET stop-writes-on-bgsave-error yes",
            source: "redis 7.2.4, redis.conf, stop-writes-on-bgsave-error")
    }

    private var fragmentation: Check? {
        guard let ratio = real(.fragmentationRatio), let resident = info(.usedMemoryRSS) else {
            return nil
        }
        let isHigh = ratio > 1.5 && resident > 256 << 20
        return check(
            "fragmentation", isHigh ? .warning : .passed,
            "Resident memory is \((ratio * 100).rounded() / 100) times what the data takes.",
            fix: "redis-cli CONFIG SET activedefrag yes",
            source: "redis.io, INFO, mem_fragmentation_ratio")
    }

    /// valkey 8.0.1, 8.1.1 and 9.1.2 were recorded to abort after a refused fork.
    private var knownDefect: Check? {
        guard let version = text(.serverVersion), text(.serverProduct) == "valkey",
            text(.configDisklessSync) == "yes",
            ["8.0.", "8.1.", "9.0.", "9.1."].contains(where: { version.hasPrefix($0) })
        else { return nil }
        return check(
            "known_defect", .warning,
            "valkey \(version) may abort when the fork for a diskless synchronisation is refused "
                + "twice (seen with 8.0.1, 8.1.1 and 9.1.2).",
            fix: "valkey-cli CONFIG SET repl-diskless-sync no",
            source: "recorded: rdb.c, assertion on rdb_pipe_read")
    }

    private var disk: Check? {
        guard let folder = text(.configDirectory), let used = info(.usedMemory) else { return nil }
        let source = "statvfs(3) of the data directory; an RDB file is seldom larger than the data"
        guard let space = view.space(folder) else {
            return check(
                "disk_space", .unknown, "The space in \(folder) could not be read.",
                fix: "df -h \(Self.quoted(folder))", source: source)
        }
        return check(
            "disk_space",
            space.available < used / 2 ? .critical : space.available < used ? .warning : .passed,
            "\(size(space.available)) are free in \(folder); the data in memory take "
                + "\(size(used)).",
            fix: "df -h \(Self.quoted(folder)); df -i \(Self.quoted(folder))", source: source,
            figure: ("disk_free_\(server.pid)", space.available, "B"))
    }

    private static func quoted(_ text: String) -> String {
        "'"
            + text.split(separator: "'", omittingEmptySubsequences: false).joined(
                separator: "'\\''")
            + "'"
    }
}
