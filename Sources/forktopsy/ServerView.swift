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
                    fix: "forktopsy doctor --server \(server.address?.spoken ?? "ADDRESS") "
                        + "--user NAME --password-file FILE",
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
        guard let address = server.address else { return "its address is not known" }
        let found = view.sample.unread.first {
            $0.what == HostReadings.serverAt + address.spoken
        }
        let text = found?.reason ?? "no answer"
        return text.hasSuffix(".") ? String(text.dropLast()) : text
    }

    /// The client that asks this server, and no other.
    private var client: String {
        let program = server.command.hasPrefix("valkey") ? "valkey-cli" : "redis-cli"
        guard let address = server.address else { return program }
        if let path = address.path { return "\(program) -s \(path)" }
        let host = address.host == "127.0.0.1" ? "" : " -h \(address.host)"
        return program + host + (address.port == 6379 ? "" : " -p \(address.port)")
    }

    /// What makes a limit of the unit last; nothing where no unit has started the server.
    private func lasting(_ setting: String) -> String {
        guard let unit = server.unit else { return "" }
        return "\nsystemctl edit \(unit)  # \(setting); it counts from the next start, "
            + "which may lose data while saves fail"
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
        let outlook = view.outlook(of: instance) { concerns($0) }
        let status: Check.Status =
            switch outlook.wouldFork {
            case .yes: .passed
            case .no: .critical
            case .unknown: .unknown
            }
        return check(
            "fork", status, outlook.statement, fix: forkFix,
            source: "Linux v6.6, mm/util.c, __vm_enough_memory; kernel/fork.c",
            figure: outlook.headroomBytes.map { ("fork_headroom_\(server.pid)", $0, "B") })
    }

    /// The fix of the limit that refuses, where a limit does; overcommit else.
    private var forkFix: String? {
        let limits = [tasks].compactMap(\.self) + groups
        if let full = limits.first(where: { $0.status == .critical }) { return full.fix }
        return view.host(.overcommitMemory) == 1 ? nil : "sysctl -w vm.overcommit_memory=1"
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
        guard let user = process(.userID), let counted = tasks(of: user) else {
            return check(
                "process_limit", .unknown, "The tasks of the server's user were not counted.",
                source: source)
        }
        let status: Check.Status =
            counted >= limit ? .critical : counted * 10 >= limit * 8 ? .warning : .passed
        return check(
            "process_limit", status,
            "The user of the server has \(counted) of \(limit) tasks that it may have.",
            fix: "prlimit --pid \(server.pid) --nproc=65536" + lasting("LimitNPROC=65536"),
            source: source)
    }

    private func tasks(of user: Int64) -> Int64? {
        view.sample.snapshots.last {
            $0[.userTasks] != nil && $0.text(.userName) == String(user)
        }?[.userTasks]
    }

    private var openFiles: Check? {
        guard let limit = process(.limitOpenFiles) else { return nil }
        return check(
            "open_files_limit", limit < 1024 ? .warning : .passed,
            "The server may open \(limit) files.",
            fix: "prlimit --pid \(server.pid) --nofile=65536" + lasting("LimitNOFILE=65536"),
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

    /// Whether a reading is of a control group that the server is in, which `path` tells, or of one
    /// above it.
    private func isOwnGroup(_ snapshot: Snapshot, by path: Measure) -> Bool {
        guard snapshot.subject.scope == .cgroup else { return false }
        let own = view.sample.snapshots.last {
            $0.subject.scope == .process && $0.subject.pid == server.pid && $0.text(path) != nil
        }?.text(path)
        guard let own else { return view.servers.count == 1 }
        let group = snapshot.subject.path ?? "/"
        return group == "/" || own == group || own.hasPrefix(group + "/")
    }

    /// Whether a reading says something of this server: readings of other servers, of their users
    /// and of their control groups do not.
    private func concerns(_ snapshot: Snapshot) -> Bool {
        switch snapshot.subject.scope {
        case .cgroup:
            return isOwnGroup(snapshot, by: .cgroupPath)
                || isOwnGroup(snapshot, by: .pidsCgroupPath)
        case .process:
            if let user = snapshot.text(.userName), snapshot[.userTasks] != nil {
                return process(.userID).map { user == String($0) } ?? false
            }
            return snapshot.subject.pid == server.pid || snapshot.subject.isChild
        case .server: return isOwn(snapshot)
        default: return true
        }
    }

    /// How a control group's limit is raised: through the unit where it is the unit's own.
    private func raising(
        _ group: String, _ file: String, to value: String, _ setting: String
    )
        -> String
    {
        if let unit = server.unit, group.hasSuffix("/" + unit) {
            return "systemctl set-property \(unit) \(setting)=\(value)"
        }
        return "echo \(value) > \(Self.quoted("/sys/fs/cgroup\(group)/\(file)"))  # cgroup v2"
    }

    /// Every control group up to the root has a limit of its own.
    private var groups: [Check] {
        var memory: [Check] = []
        var pids: [Check] = []
        for snapshot in view.sample.snapshots where snapshot.subject.scope == .cgroup {
            let path = snapshot.subject.path ?? "/"
            if isOwnGroup(snapshot, by: .cgroupPath), let limit = snapshot[.cgroupLimit],
                limit < Self.none,
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
                        fix: raising(path, "memory.max", to: "\(limit * 2)", "MemoryMax"),
                        source: "Linux v6.6, Documentation/admin-guide/cgroup-v2.rst"))
            }
            if isOwnGroup(snapshot, by: .pidsCgroupPath), let limit = snapshot[.pidsMax],
                limit < Self.none, limit > 0,
                let count = snapshot[.pidsCurrent]
            {
                pids.append(
                    check(
                        "pids_limit",
                        count >= limit ? .critical : count * 10 >= limit * 8 ? .warning : .passed,
                        "The group \(path) has \(count) of \(limit) tasks.",
                        fix: raising(path, "pids.max", to: "\(limit * 4)", "TasksMax"),
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
                fix: "\(client) CONFIG SET maxmemory \(total * 6 / 10)", source: source)
        }
        let limits = view.sample.snapshots.filter { isOwnGroup($0, by: .cgroupPath) }
            .compactMap { $0[.cgroupLimit] }.filter { $0 < Self.none }
        let room = min(total, limits.min() ?? total)
        let percent = maximum * 100 / max(1, room)
        return check(
            "maxmemory", percent > 90 ? .critical : percent > 75 ? .warning : .passed,
            "maxmemory is \(size(maximum)), \(percent) % of the \(size(room)) that there are; "
                + "buffers, fragmentation and what a save copies come on top.",
            fix: "\(client) CONFIG SET maxmemory \(room * 6 / 10)", source: source)
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
            fix: "\(client) BGSAVE; sleep 5; \(client) INFO persistence",
            source: "INFO persistence")
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
            fix: "\(client) BGSAVE", source: "INFO persistence",
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
            fix: "\(client) BGREWRITEAOF; sleep 5; \(client) INFO persistence",
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
            fix: "\(client) CONFIG SET save '3600 1 300 100 60 10000'",
            source: "redis 7.2.4, redis.conf, save")
    }

    private var stopWrites: Check? {
        guard let value = text(.configStopWrites) else { return nil }
        return check(
            "stop_writes", value == "yes" ? .passed : .warning,
            value == "yes"
                ? "Writes are refused while saves fail (stop-writes-on-bgsave-error yes)."
                : "Writes go on while saves fail: nobody notices that nothing is kept.",
            fix: "\(client) CONFIG SET stop-writes-on-bgsave-error yes",
            source: "redis 7.2.4, redis.conf, stop-writes-on-bgsave-error")
    }

    private var fragmentation: Check? {
        guard let ratio = real(.fragmentationRatio), let resident = info(.usedMemoryRSS) else {
            return nil
        }
        let isHigh = ratio > 1.5 && resident > 256 << 20
        return check(
            "fragmentation", isHigh ? .warning : .passed,
            isHigh || ratio <= 1.5
                ? "Resident memory is \((ratio * 100).rounded() / 100) times what the data takes."
                : "Resident memory is \(size(resident)), too little for its share to matter.",
            fix: "\(client) CONFIG SET activedefrag yes",
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
            fix: "\(client) CONFIG SET repl-diskless-sync no",
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

    /// A word for the shell, which takes it as it is.
    static func quoted(_ text: String) -> String {
        "'"
            + text.split(separator: "'", omittingEmptySubsequences: false).joined(
                separator: "'\\''")
            + "'"
    }
}
