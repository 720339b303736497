// SPDX-License-Identifier: Apache-2.0

internal import Model

/// Decides whose a snapshot is: of which host, and of which server on it.
///
/// Where nothing names a host, a folder stands for one. Where several servers are in the data, a
/// process or an INFO must name the one it is about; numbers that would fit any are left out.
struct SnapshotOwners {
    let instances: [Instance]
    private let servers: Int
    /// The host that an input, and a folder, speaks of; `nil` as value where they differ.
    private var hostOfInput: [String: String?] = [:]
    private var hostOfFolder: [String: String?] = [:]
    private var hosts: Set<String> = []
    /// The logs of the servers.
    private let logs: Set<String>
    /// Process ids seen under a server's name, in snapshots of processes.
    private var familyPIDs: Set<Int32> = []
    /// Processes of servers, by the input and by the folder that names them.
    private(set) var serversOfInput: [String: Set<Int32>] = [:]
    private(set) var serversOfFolder: [String: Set<Int32>] = [:]
    /// Cgroups by process id, as /proc/PID/cgroup and INFO told; the root as `/`.
    private var cgroups: [Int32: Set<String>] = [:]

    init(_ instances: [Instance]) {
        self.instances = instances
        servers = instances.count { $0.role != .sentinel }
        logs = Set(instances.map(\.log))
        for instance in instances {
            guard let host = instance.host else { continue }
            hosts.insert(Self.short(host))
            note(host, of: instance.log)
        }
    }

    mutating func learn(_ snapshot: Snapshot, path: String) {
        let subject = snapshot.subject
        if let host = subject.host ?? snapshot.text(.hostName) { note(host, of: path) }
        guard let pid = subject.pid else { return }
        if subject.scope == .process, !subject.isChild,
            subject.command.map(Self.isServer) ?? (subject.port != nil)
        {
            familyPIDs.insert(pid)
        }
        // INFO in a crash report may be that of a child, whose id names no server.
        let isNamed = subject.scope == .server && !logs.contains(path)
        if isNamed || familyPIDs.contains(pid), !subject.isChild {
            serversOfInput[path, default: []].insert(pid)
            serversOfFolder[Self.folder(path), default: []].insert(pid)
        }
        for measure in [Measure.cgroupPath, .pidsCgroupPath] {
            if let path = snapshot.text(measure) { cgroups[pid, default: []].insert(path) }
        }
    }

    private mutating func note(_ host: String, of path: String) {
        let name = Self.short(host)
        hosts.insert(name)
        Self.note(name, under: path, in: &hostOfInput)
        Self.note(name, under: Self.folder(path), in: &hostOfFolder)
    }

    private static func note(
        _ host: String, under key: String, in table: inout [String: String?]
    ) {
        if let known = table[key] {
            if known != host { table[key] = .some(nil) }
        } else {
            table[key] = host
        }
    }

    // MARK: - Whose it is

    func applies(_ subject: SnapshotSubject, in path: String, to instance: Instance) -> Bool {
        guard isOnHost(subject, path, instance) else { return false }
        switch subject.scope {
        case .host, .fileSystem: return true
        case .process: return isProcess(subject, of: instance)
        case .server:
            // INFO in the server's own log is its own, also by the process id of a child.
            let ports = [subject.port, instance.port].compactMap(\.self)
            if path == instance.log, ports.count < 2 || ports[0] == ports[1] {
                return true
            }
            return isServer(subject, instance)
        case .cgroup: return isCgroup(subject, of: instance)
        }
    }

    /// The host that a snapshot is of, and that of the server, as far as they are named.
    func hosts(
        _ subject: SnapshotSubject, _ path: String, _ instance: Instance
    ) -> (here: String?, wanted: String?) {
        (
            subject.host.map(Self.short) ?? hostOfInput[path].flatMap(\.self)
                ?? hostOfFolder[Self.folder(path)].flatMap(\.self),
            instance.host.map(Self.short) ?? hostOfInput[instance.log].flatMap(\.self)
                ?? hostOfFolder[Self.folder(instance.log)].flatMap(\.self)
        )
    }

    /// The host that the server's own log names.
    func nameOfHost(_ instance: Instance) -> String? {
        instance.host.map(Self.short) ?? hostOfInput[instance.log].flatMap(\.self)
    }

    private func isOnHost(
        _ subject: SnapshotSubject, _ path: String, _ instance: Instance
    ) -> Bool {
        let (host, wanted) = hosts(subject, path, instance)
        if let host, let wanted { return host == wanted }
        // Of several hosts in one input or folder, which is the server's nobody says.
        if host != nil, case .some(.none) = hostOfFolder[Self.folder(path)] { return false }
        // One host in all the data, or the same folder, archive or file system.
        return hosts.count <= 1 || stand(path, besideLog: instance.log)
    }

    private func isProcess(_ subject: SnapshotSubject, of instance: Instance) -> Bool {
        if let port = subject.port, let own = instance.port, port != own { return false }
        guard let pid = subject.pid else { return servers <= 1 }
        if instance.pids.contains(pid) { return true }
        // A child, by the port that stands with it.
        if subject.isChild, subject.port != nil { return subject.port == instance.port }
        guard Self.mayDiffer(pid, instance) else { return false }
        if instances.contains(where: { $0.pids.contains(pid) }) { return false }
        // In a container the server's own pid is another than the host's.
        return servers <= 1 && (subject.isChild || familyPIDs == [pid])
    }

    /// Whether one process may have both ids: one of them is that of a container's name space,
    /// where numbers are small, or the log names none.
    private static func mayDiffer(_ pid: Int32, _ instance: Instance) -> Bool {
        instance.pids.isEmpty || pid < 100 || instance.pids.allSatisfy { $0 < 100 }
    }

    private func isServer(_ subject: SnapshotSubject, _ instance: Instance) -> Bool {
        if let port = subject.port, let own = instance.port, port != own { return false }
        if let pid = subject.pid {
            if instance.pids.contains(pid) { return true }
            guard Self.mayDiffer(pid, instance) else { return false }
            if !instance.pids.isEmpty, instances.contains(where: { $0.pids.contains(pid) }) {
                return false
            }
        }
        return servers <= 1
    }

    private func isCgroup(_ subject: SnapshotSubject, of instance: Instance) -> Bool {
        guard let path = subject.path else { return servers <= 1 }
        if let unit = instance.unit, path.contains(unit) { return true }
        if let container = instance.container, path.contains(container) { return true }
        // Where the groups of the very process were read, nothing else is its own; a container's
        // process sees its group as the root.
        let known = instance.pids.filter { $0 >= 100 }.compactMap { cgroups[$0] }
        if !known.isEmpty { return known.joined().contains { Self.holds(path, $0) } }
        let own = Set(
            (instance.pids + (servers <= 1 ? Array(familyPIDs) : [])).flatMap { cgroups[$0] ?? [] }
        ).subtracting(["/"])
        if own.contains(where: { Self.holds(path, $0) }) { return true }
        return servers <= 1 && own.isEmpty
    }

    /// Whether a cgroup's folder is that of `group` or of one above it.
    private static func holds(_ path: String, _ group: String) -> Bool {
        path == group || path.hasSuffix(group) || group.hasPrefix(path + "/") || path == "/"
    }

    static func isServer(_ command: String) -> Bool {
        ["redis-server", "valkey-server", "keydb-server", "dragonfly"].contains {
            command.hasPrefix($0)
        }
    }

    /// A host's name without its domain, in lower case.
    private static func short(_ host: String) -> String {
        String(host.split(separator: ".").first ?? "").lowercased()
    }

    static func folder(_ path: String) -> String {
        path.lastIndex(of: "/").map { String(path[..<$0]) } ?? ""
    }
}
