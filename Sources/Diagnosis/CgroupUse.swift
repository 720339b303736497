// SPDX-License-Identifier: Apache-2.0

internal import Model

/// The memory cgroup around the server whose limit the kernel says was met, else the one that has the
/// lowest: its own, or one above it.
struct CgroupUse {
    var path: String
    var limit: Setting
    /// What the kernel's own report of a kill says; else the last reading before the first failure,
    /// else the one nearest to it.
    var usage: Measured?

    var isLimited: Bool { limit.number < Int64.max / 2 }
}

extension Case {
    /// `nil` where no limit of a memory cgroup was read.
    var cgroupUse: CgroupUse? {
        let limits = incident.readings.all(.cgroupLimit, where: Self.isCgroup)
        let paths = Set(limits.map { $0.subject.path ?? "" })
        let uses = paths.sorted().compactMap { path -> CgroupUse? in
            let isThis: (SnapshotSubject) -> Bool = {
                $0.scope == .cgroup && ($0.path ?? "") == path
            }
            guard let limit = setting(.cgroupLimit, where: isThis) else { return nil }
            return CgroupUse(
                path: path, limit: limit,
                usage: usageAtKill(where: isThis) ?? nearest(.cgroupUsage, where: isThis))
        }
        let named = namedLimit.flatMap { met in uses.first { Self.group($0.path) == met.limit } }
        return named ?? uses.min { $0.limit.number < $1.limit.number }
    }

    /// Whose limit was met, and where the victim stood, by the kernel's lines about a kill.
    private var namedLimit: (limit: String, own: String)? {
        let lines = events(.oom_constraint, .oom_detail).filter {
            $0["comm"] == nil || $0.isServerFamily
        }
        return lines.lazy.compactMap { line in
            guard let limit = line["limit_cgroup"], let own = line["cgroup"] else { return nil }
            return (limit, own)
        }.first
    }

    /// The group whose limit was met, where it is one above the server's own: what else runs in it
    /// has a part in it.
    var groupAbove: String? {
        let limit: String
        let own: String
        if let namedLimit {
            (limit, own) = namedLimit
        } else if let use = cgroupUse, use.isLimited,
            let path = nearest(.cgroupPath, where: Self.isServerProcess)
        {
            (limit, own) = (Self.group(use.path), path.text)
        } else {
            return nil
        }
        return own.hasPrefix(limit.hasSuffix("/") ? limit : limit + "/") && own != limit
            ? limit : nil
    }

    /// A group by its path in the hierarchy, not in the file system.
    private static func group(_ path: String) -> String {
        guard let below = path.split(separator: "/sys/fs/cgroup", maxSplits: 1).last,
            path.hasPrefix("/sys/fs/cgroup/")
        else { return path }
        return below.hasPrefix("/memory/") ? String(below.dropFirst(7)) : String(below)
    }

    /// A group's usage when the OOM killer took a process of it: as the kernel's report of the kill
    /// says, else as it was read last before. What is read a moment later is what the kill has left.
    private func usageAtKill(where accepts: (SnapshotSubject) -> Bool) -> Measured? {
        guard let kill = (oomVictims + kills(9) + vanished).compactMap(\.at).min() else {
            return nil
        }
        let all = incident.readings.all(.cgroupUsage, where: accepts).filter {
            !$0.placed.isFileTime && !$0.placed.snapshot.isChange
        }
        func isNear(_ reading: Measured) -> Bool {
            reading.at.map { abs($0.seconds(since: kill)) <= 2 } ?? false
        }
        return all.first { $0.placed.snapshot.format == "kernel OOM report" && isNear($0) }
            ?? all.last { $0.at.map { $0 < kill } ?? false }
    }

    /// How much a counter of the server's cgroups rose from before the first failure to after the
    /// last, with the readings that show it.
    func rise(
        _ measure: Measure, where accepts: (SnapshotSubject) -> Bool = { _ in true }
    ) -> (by: Int64, from: Measured, to: Measured)? {
        let all = around(measure, where: accepts)
        let byPath = Dictionary(grouping: all) { $0.subject.path ?? "" }
        return byPath.values.compactMap { readings in
            guard let first = readings.first, let last = readings.last, readings.count > 1 else {
                return nil
            }
            return (last.number - first.number, first, last)
        }.max { $0.by < $1.by }
    }

    /// A counter that had counted no more after the last child was killed than before the first of them
    /// was forked; `nil` where it had, or where nothing bounds the kills so closely. Between the kill
    /// and the server's word on it seconds may pass, so that a reading between the two tells nothing.
    func unmoved(
        _ measure: Measure, where accepts: (SnapshotSubject) -> Bool
    ) -> Measured? {
        let killed = kills(9) + vanished
        guard let first = killed.compactMap(\.at).min(), let last = killed.compactMap(\.at).max()
        else { return nil }
        let forks = events(.child_started).compactMap(\.at).filter { $0 <= first }
        let from = forks.max() ?? first.adding(seconds: -Self.wordReach)
        let all = incident.readings.all(measure, where: accepts).filter {
            $0.at != nil && !$0.placed.isFileTime && !$0.placed.snapshot.isChange
        }
        let groups = Dictionary(grouping: all) { $0.subject.path ?? "" }
        let pairs = groups.values.map { readings in
            (
                readings.last { $0.at.map { $0 <= from } ?? false },
                readings.first { $0.at.map { $0 > last } ?? false }
            )
        }
        guard let (_, after) = pairs.first(where: { $0 != nil && $1 != nil }), let after,
            pairs.allSatisfy({ before, after in
                before.flatMap { b in after.map { $0.number <= b.number } } ?? true
            })
        else { return nil }
        return after
    }

    /// For how long a server may not have told of a child that was killed.
    private static let wordReach = 30.0

    /// The counter of OOM kills in the server's groups, where it rose over the incident.
    ///
    /// It counts every process of a group that an OOM killer took, for whatever limit, that of the
    /// whole host included (Linux v6.6, mm/oom_kill.c, `__oom_kill_process`, MEMCG_OOM_KILL).
    var countedKills: (by: Int64, from: Measured, to: Measured)? {
        rise(.cgroupOOMKills, where: Self.isCgroup).flatMap { $0.by > 0 ? $0 : nil }
    }

    /// What shows that a group met its limit over the incident: a counter of that which rose, else
    /// usage within a fiftieth of the limit, else that there is a limit and no such counter.
    var metLimit: Evidence? {
        let counters: [Measure] = [.cgroupEventsOOM, .cgroupEventsMax, .cgroupFailures]
        let rises = counters.compactMap { rise($0, where: Self.isCgroup) }
        if let rise = rises.first(where: { $0.by > 0 }) {
            return cite(
                rise.to, .for, "the group met its limit: \(rise.to.measure.name) rose by \(rise.by)"
            )
        }
        guard let use = cgroupUse, use.isLimited else { return nil }
        if let usage = use.usage, usage.number >= use.limit.number / 50 * 49 {
            return cite(usage, .for, "usage, at the limit, \(distance(of: usage))")
        }
        return rises.isEmpty ? cite(use.limit.reading, .for, "the group has a limit") : nil
    }

    /// That the server stands in the root of the host's groups. Inside a container, whose processes
    /// are numbered from 1, `/` is the container's own group, which may have any limit.
    func rootGroup(_ measure: Measure) -> Measured? {
        guard let path = nearest(measure, where: Self.isServerProcess), path.text == "/",
            let pid = path.subject.pid, incident.instance.container == nil
        else { return nil }
        let ids = nearest(.nsPIDs, where: { $0.scope == .process && $0.pid == pid })
        let isFromOutside = ids.map { $0.text.split(separator: " ").count > 1 } ?? false
        return isFromOutside || pid >= Self.lowestHostPID ? path : nil
    }

    /// Below it a process may be one of a container.
    private static let lowestHostPID: Int32 = 300

    /// What shows that no control group counts the server's memory: it stands in the root, or
    /// /proc/PID/cgroup lists version 1 controllers and memory is none of them.
    var isOutsideMemoryCgroups: Measured? {
        if let root = rootGroup(.cgroupPath) { return root }
        guard let listed = nearest(.cgroupControllers, where: Self.isServerProcess) else {
            return nil
        }
        let names = listed.text.split(separator: ",")
        return names.contains("cpu") && !names.contains("memory") ? listed : nil
    }
}
