// SPDX-License-Identifier: Apache-2.0

internal import Diagnosis
internal import Incidents
internal import Live
internal import Model

/// What `doctor` looks at: one sample of the host with the servers' settings, and what the logs
/// tell of the past.
struct HostView {
    let sample: HostSample
    let servers: [Discovery.Server]
    /// The space in a directory; `nil` where it cannot be asked.
    let space: @Sendable (String) -> DiskSpace?
    /// `nil` where no log could be read.
    var incidents: [Incident]?
    /// Where they were read.
    var logs: [String] = []
    /// Whether logs were to be read.
    var readsLogs = true

    /// The servers that `targets` names, or all of this host.
    init(_ targets: SampleTargets) {
        let found = Discovery.servers()
        let servers =
            targets.addresses.isEmpty
            ? found
            : targets.addresses.map { address in
                if let known = found.first(where: { $0.address == address }) { return known }
                var named = Discovery.Server(pid: 0, command: "server")
                named.address = address
                return named
            }
        self.init(
            HostSample(targets, settings: ["*"]), servers: servers,
            space: { DiskSpace(path: $0) })
    }

    init(
        _ sample: HostSample, servers: [Discovery.Server],
        space: @escaping @Sendable (String) -> DiskSpace?
    ) {
        self.sample = sample
        self.servers = servers
        self.space = space
    }

    /// All checks, of the host first.
    func checks() -> [Check] {
        var out = [overcommit, commit, hugePages, swap, pressure].compactMap(\.self)
        if servers.isEmpty {
            out.append(
                Check(
                    "servers", .unknown, "No redis, valkey or keydb server runs here.",
                    source: "/proc"))
        }
        for server in servers { out += ServerView(server, self).checks() }
        if readsLogs { out.append(history) }
        return out
    }

    /// The newest value of the host itself.
    func host(_ measure: Measure) -> Int64? {
        sample.snapshots.last { $0.subject.scope == .host && $0[measure] != nil }?[measure]
    }

    func hostText(_ measure: Measure) -> String? {
        sample.snapshots.last { $0.text(measure) != nil }?.text(measure)
    }

    // MARK: - Checks of the host

    private var overcommit: Check {
        let source = "redis 7.2.4, src/syscheck.c; Linux v6.6, mm/util.c, __vm_enough_memory"
        let fix =
            "sysctl -w vm.overcommit_memory=1\n"
            + "echo 'vm.overcommit_memory = 1' > /etc/sysctl.d/60-redis.conf"
        switch host(.overcommitMemory) {
        case 1:
            return Check(
                "overcommit", .passed, "vm.overcommit_memory=1: a fork is not refused for memory.",
                source: source)
        case 0:
            return Check(
                "overcommit", .warning,
                "vm.overcommit_memory=0: a fork is refused where one mapping is larger than RAM "
                    + "and swap together.", fix: fix, source: source)
        case 2:
            return Check(
                "overcommit", .warning,
                "vm.overcommit_memory=2: a fork must fit under CommitLimit, whatever memory is "
                    + "free.", fix: fix, source: source)
        default:
            return Check(
                "overcommit", .unknown, "vm.overcommit_memory could not be read.", source: source)
        }
    }

    private var commit: Check {
        let source = "/proc/meminfo; Linux v6.6, Documentation/mm/overcommit-accounting.rst"
        guard let limit = host(.commitLimit), let used = host(.committedAS) else {
            return Check(
                "commit_limit", .unknown, "CommitLimit and Committed_AS could not be read.",
                source: source)
        }
        let left = limit - used
        let percent = limit > 0 ? used * 100 / limit : 0
        let figure = (name: "commit_left", value: left, unit: "B")
        guard host(.overcommitMemory) == 2 else {
            return Check(
                "commit_limit", .passed,
                "Committed_AS is \(percent) % of CommitLimit, which refuses nothing in this mode.",
                source: source, figure: figure)
        }
        return Check(
            "commit_limit", percent >= 95 ? .critical : percent >= 80 ? .warning : .passed,
            "\(ByteCount(bytes: max(0, left)).description) are left to commit: Committed_AS is "
                + "\(percent) % of CommitLimit.",
            fix: "sysctl vm.overcommit_ratio vm.overcommit_kbytes; grep -i commit /proc/meminfo",
            source: source, figure: figure)
    }

    private var hugePages: Check {
        let source = "redis 7.2.4, src/latency.c, THPIsEnabled; redis.io, latency"
        guard let mode = hostText(.transparentHugePages) else {
            return Check(
                "transparent_huge_pages", .unknown, "Their mode could not be read.", source: source)
        }
        guard mode == "always" else {
            return Check(
                "transparent_huge_pages", .passed, "Transparent huge pages are on \(mode).",
                source: source)
        }
        return Check(
            "transparent_huge_pages", .warning,
            "Transparent huge pages are always used: a write during a save copies 2 MiB and not "
                + "4 KiB, unless the server turns them off for itself (disable-thp).",
            fix: "echo madvise > /sys/kernel/mm/transparent_hugepage/enabled", source: source)
    }

    private var swap: Check {
        let source = "/proc/meminfo"
        guard let total = host(.swapTotal), let free = host(.swapFree) else {
            return Check("swap", .unknown, "The use of swap could not be read.", source: source)
        }
        if total == 0 {
            return Check(
                "swap", .passed,
                "There is no swap: what a save copies must fit into memory that is available.",
                source: source)
        }
        let used = (total - free) * 100 / total
        return Check(
            "swap", used >= 80 ? .warning : .passed, "\(used) % of the swap is used.",
            fix: "grep -H VmSwap /proc/*/status | sort -k2 -n | tail", source: source)
    }

    /// Left out where the kernel counts none, and has no such file.
    private var pressure: Check? {
        let source = "Linux v6.6, Documentation/accounting/psi.rst"
        let found = sample.snapshots.last { $0.real(.pressureFull10) != nil }
        guard let full = found?.real(.pressureFull10) else {
            let refused = sample.unread.first { $0.what == "/proc/pressure/memory" }
            return refused.map {
                Check(
                    "memory_pressure", .unknown, "/proc/pressure/memory: \($0.reason).",
                    source: source)
            }
        }
        let rounded = (full * 10).rounded() / 10
        return Check(
            "memory_pressure", full >= 20 ? .critical : full >= 5 ? .warning : .passed,
            "All tasks waited for memory \(rounded) % of the last 10 s.", source: source)
    }

    private var history: Check {
        let source = "the logs of the servers on this host"
        guard let incidents else {
            return Check("history", .unknown, "No log of a server could be read.", source: source)
        }
        let open = incidents.filter { $0.status == .ongoing_at_end }
        if let first = open.first {
            return Check(
                "history", .critical,
                "An incident is open: \(first.id), \(first.verdict.statement)",
                fix: analysis, source: source)
        }
        let week = sample.at.adding(seconds: -7 * 86_400)
        let recent = incidents.filter { ($0.startedAt ?? week) > week }
        return Check(
            "history", recent.isEmpty ? .passed : .warning,
            recent.isEmpty
                ? "The logs show no incident of the last seven days."
                : "The logs show \(counted(recent.count, "incident")) of the last seven days, "
                    + "all over.",
            fix: analysis, source: source)
    }

    private var analysis: String {
        let paths = logs.isEmpty ? ["/var/log/redis"] : logs
        return "forktopsy analyze " + paths.map(ServerView.quoted).joined(separator: " ")
    }

    // MARK: - The fork

    /// Whether the next fork of a server would succeed, as reports judge it.
    ///
    /// `concerns`: which readings say something of that server.
    func outlook(of instance: Instance, by concerns: (Snapshot) -> Bool) -> Outlook {
        var log = SnapshotLog()
        for var snapshot in sample.snapshots where concerns(snapshot) {
            snapshot.stamp = Stamp(
                form: .epoch, precision: .millisecond, nanoseconds: sample.at.nanoseconds)
            snapshot.timeBasis = .inFormat
            log.append(snapshot)
        }
        let source = SnapshotSource(path: "this host", log: log, modifiedAt: nil) { stamp, _ in
            Timestamp(nanoseconds: stamp.nanoseconds)
        }
        let linker = SnapshotLinker([source], instances: [instance])
        let readings = linker.readings(for: [.init(instance: instance, from: nil, to: nil)])
        return Diagnosis.outlook(
            InstanceSummary(instance: instance, saves: SaveTally()), readings.first ?? Readings(),
            isOpen: false)
    }
}
