// SPDX-License-Identifier: Apache-2.0

internal import Live
internal import Model

/// One server as `doctor` looks at it.
struct ServerView {
    let server: Discovery.Server
    let view: HostView

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
            settings, limit, copies, lastSave, saveAge, appendOnly, persistence, stopWrites,
            fragmentation, knownDefect, disk,
        ].compactMap(\.self)
        return out
    }

    // MARK: - Values

    func check(
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
    var client: String {
        let program = server.command.hasPrefix("valkey") ? "valkey-cli" : "redis-cli"
        guard let address = server.address else { return program }
        if let path = address.path { return "\(program) -s \(path)" }
        let host = address.host == "127.0.0.1" ? "" : " -h \(address.host)"
        return program + host + (address.port == 6379 ? "" : " -p \(address.port)")
    }

    /// What makes a limit of the unit last; nothing where no unit has started the server.
    func lasting(_ setting: String) -> String {
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
        if let address = view.sample.address(of: snapshot) {
            return address == server.address?.spoken
        }
        if let pid = snapshot.subject.pid { return pid == server.pid }
        return snapshot.subject.port == nil || snapshot.subject.port == server.address?.port
    }

    func info(_ measure: Measure) -> Int64? {
        view.sample.snapshots.last { isOwn($0) && $0[measure] != nil }?[measure]
    }

    func real(_ measure: Measure) -> Double? {
        view.sample.snapshots.last { isOwn($0) && $0.real(measure) != nil }?.real(measure)
    }

    func text(_ measure: Measure) -> String? {
        view.sample.snapshots.last { isOwn($0) && $0.text(measure) != nil }?.text(measure)
    }

    func size(_ bytes: Int64) -> String { ByteCount(bytes: bytes).description }

    static let none = Int64.max / 2

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

    /// A check of a limit of the process, where that could not be read; a server that is only asked
    /// has none.
    private func unread(_ id: String, _ source: String) -> Check? {
        guard server.pid > 0 else { return nil }
        let path = "/proc/\(server.pid)/limits"
        let reason =
            view.sample.unread.first { $0.what == path }?.reason ?? "it tells nothing of it"
        return check(id, .unknown, "\(path): \(reason).", source: source)
    }

    private var tasks: Check? {
        let source = "Linux v6.6, kernel/fork.c, copy_process; setrlimit(2), RLIMIT_NPROC"
        guard let limit = process(.limitProcesses) else { return unread("process_limit", source) }
        guard limit < Self.none else {
            return check(
                "process_limit", .passed, "The tasks of the server's user are not limited.",
                source: source)
        }
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
        let source = "redis 7.2.4, src/server.c, adjustOpenFilesLimit"
        guard let limit = process(.limitOpenFiles) else {
            return unread("open_files_limit", source)
        }
        return check(
            "open_files_limit", limit < 1024 ? .warning : .passed,
            limit < Self.none
                ? "The server may open \(limit) files."
                : "The server may open any number of files.",
            fix: "prlimit --pid \(server.pid) --nofile=65536" + lasting("LimitNOFILE=65536"),
            source: source)
    }

    private var addressSpace: Check? {
        let source = "setrlimit(2), RLIMIT_AS"
        guard let limit = process(.limitAddressSpace) else {
            return unread("address_space_limit", source)
        }
        return check(
            "address_space_limit", limit < Self.none ? .warning : .passed,
            limit < Self.none
                ? "The address space is limited to \(size(limit)): allocations fail beyond it."
                : "The address space is not limited.",
            fix: "prlimit --pid \(server.pid) --as=unlimited", source: source)
    }

    /// Whether a reading is of a control group that the server is in, which `path` tells, or of one
    /// above it.
    func isOwnGroup(_ snapshot: Snapshot, by path: Measure) -> Bool {
        guard snapshot.subject.scope == .cgroup else { return false }
        guard let own = group(by: path) else { return view.servers.count == 1 }
        let group = snapshot.subject.path ?? "/"
        return group == "/" || own == group || own.hasPrefix(group + "/")
    }

    /// The control group that the server is in.
    func group(by path: Measure) -> String? {
        view.sample.snapshots.last {
            $0.subject.scope == .process && $0.subject.pid == server.pid && $0.text(path) != nil
        }?.text(path)
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

    /// A word for the shell, which takes it as it is.
    static func quoted(_ text: String) -> String {
        "'"
            + text.split(separator: "'", omittingEmptySubsequences: false).joined(
                separator: "'\\''")
            + "'"
    }
}
