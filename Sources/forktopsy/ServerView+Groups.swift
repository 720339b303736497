// SPDX-License-Identifier: Apache-2.0

internal import Live
internal import Model

// MARK: - Control groups

extension ServerView {
    /// How a control group's limit is raised: through the unit where it is the unit's own.
    private func raising(
        _ group: String, _ file: String, to value: String, _ setting: String
    ) -> String {
        if let unit = server.unit, group.hasSuffix("/" + unit) {
            return "systemctl set-property \(unit) \(setting)=\(value)"
        }
        return "echo \(value) > \(Self.quoted("/sys/fs/cgroup\(group)/\(file)"))  # cgroup v2"
    }

    /// Every control group up to the root has a limit of its own.
    var groups: [Check] {
        var memory: [Check?] = []
        var pids: [Check?] = []
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
                        source: Self.memorySource))
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
                        source: Self.pidsSource))
            }
        }
        if memory.isEmpty {
            memory = [unlimited("memory_limit", .cgroupPath, "memory", Self.memorySource)]
        }
        if pids.isEmpty {
            pids = [unlimited("pids_limit", .pidsCgroupPath, "tasks", Self.pidsSource)]
        }
        return (memory + pids).compactMap(\.self)
    }

    private static let memorySource = "Linux v6.6, Documentation/admin-guide/cgroup-v2.rst"
    private static let pidsSource = "Linux v6.6, Documentation/admin-guide/cgroup-v1/pids.rst"

    /// No group on the path has a limit, if the path and its groups could be read; a container shows
    /// none of those that it lies in.
    private func unlimited(
        _ id: String, _ path: Measure, _ what: String, _ source: String
    ) -> Check? {
        guard server.pid > 0 else { return nil }
        guard let own = group(by: path) ?? group(by: .cgroupPath) else {
            return check(
                id, .unknown, "The control groups of process \(server.pid) could not be read.",
                source: source)
        }
        let isSeen = view.sample.snapshots.contains {
            isOwnGroup($0, by: path) || isOwnGroup($0, by: .cgroupPath)
        }
        guard isSeen else {
            return check(
                id, .unknown, "Nothing of the control group \(own) could be read.",
                fix: "ls /sys/fs/cgroup", source: source)
        }
        return check(
            id, .passed, "No control group that can be seen here limits the server's \(what).",
            source: source)
    }
}
