// SPDX-License-Identifier: Apache-2.0

import Incidents
import Live
import Model
import TestSupport

@testable import Live
@testable import forktopsy

/// A host as `doctor` sees it, file by file: one that passes every check, and what differs from it.
///
/// Files are as a host with 16 GiB and redis 7.2.6 has them (recorded, cut to what is read).
struct PreparedHost: Sendable {
    static let pid: Int32 = 900
    static let at = Timestamp(seconds: 1_795_000_000)
    private static let group = "/sys/fs/cgroup/system.slice/redis-server.service"

    var files = Self.healthy
    var info = Self.healthyInfo
    var settings = Self.healthySettings
    /// `nil` where the server does not answer.
    var answers = true
    var isRunning = true
    var address = "127.0.0.1:6379"
    var available: Int64? = 64 << 30
    var incidents: [Incident]? = []
    /// In which order the server tells its settings, which is another for each start.
    var order = 0
    /// Files that are there and cannot be read, and why.
    var unread: [String: String] = [:]

    /// The checks of one id.
    func checks(_ id: String) -> [Check] { view.checks().filter { $0.id == id } }

    var view: HostView {
        var server = Discovery.Server(pid: Self.pid, command: "redis-server")
        server.unit = "redis-server.service"
        server.address = ServerAddress(address)
        let space = available.map { DiskSpace(size: 128 << 30, available: $0) }
        var view = HostView(
            HostSample(readings, at: Self.at), servers: isRunning ? [server] : [],
            space: { _ in space })
        view.incidents = incidents
        return view
    }

    private var readings: HostReadings {
        var out = HostReadings()
        for (path, text) in files.sorted(by: { $0.key < $1.key }) {
            let isServer = path.hasPrefix("/proc/\(Self.pid)/")
            if isServer, !isRunning { continue }
            var item = HostReadings.Item(path: path, text: text)
            if isServer { item.pid = Self.pid }
            if path == Self.taskCount { item.command = "ps -L -u 112 -o pid= | wc -l" }
            out.items.append(item)
        }
        out.unread += unread.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
        guard isRunning else { return out }
        guard answers else {
            out.unread.append((HostReadings.serverAt + "127.0.0.1:6379", "the server is stuck"))
            return out
        }
        add("info_6379.txt", "INFO", info.map { "\($0):\($1)\r\n" }, to: &out)
        if settings.isEmpty {
            out.unread.append((HostReadings.settingsOf + "127.0.0.1:6379", "NOPERM"))
        } else {
            add("config_6379.txt", "CONFIG GET *", [HostReadings.numbered(answered)], to: &out)
        }
        return out
    }

    /// The settings in the order of this server, among others that look like something else.
    private var answered: [(String, String)] {
        var random = Seeded(order)
        let others = [
            ("client-query-buffer-limit", "1073741824"), ("notify-keyspace-events", ""),
            ("bind", "* -::*"), ("tls-key-file", "/etc/ssl/key.pem"), ("masterauth", ""),
            ("proc-title-template", "{title} {listen-addr} {server-mode}"),
        ]
        return (settings.sorted { $0.key < $1.key }.map { ($0.key, $0.value) } + others)
            .shuffled(using: &random)
    }

    private func add(
        _ path: String, _ command: String, _ lines: [String], to out: inout HostReadings
    ) {
        var item = HostReadings.Item(path: path, text: lines.sorted().joined())
        item.command = "redis-cli -h 127.0.0.1 -p 6379 \(command)"
        (item.pid, item.port) = (Self.pid, ServerAddress(address)?.port)
        item.address = address
        out.items.append(item)
    }
}

// MARK: - What differs

extension PreparedHost {
    static let taskCount = "tasks_112.txt"

    /// The host with one file in place of another; `nil` takes it away.
    func with(_ path: String, _ text: String?) -> PreparedHost {
        var out = self
        out.files[path] = text
        return out
    }

    /// Replaces words of a file.
    func with(_ path: String, _ old: String, _ new: String) -> PreparedHost {
        let text = files[path] ?? ""
        precondition(text.contains(old))
        return with(path, text.replacing(old, with: new))
    }

    /// The host with a file that cannot be read.
    func with(unread path: String, _ reason: String) -> PreparedHost {
        var out = with(path, nil)
        out.unread[path] = reason
        return out
    }

    /// The host without the files of the server's control group.
    var withoutGroup: PreparedHost {
        var out = self
        out.files = files.filter { !$0.key.hasPrefix(Self.group) }
        return out
    }

    func with(info name: String, _ value: String?) -> PreparedHost {
        var out = self
        out.info[name] = value
        return out
    }

    func with(setting name: String, _ value: String?) -> PreparedHost {
        var out = self
        out.settings[name] = value
        return out
    }

    func with(group file: String, _ text: String) -> PreparedHost {
        with("\(Self.group)/\(file)", text)
    }

    func with(available: Int64?) -> PreparedHost {
        var out = self
        out.available = available
        return out
    }

    func with(incidents: [Incident]?) -> PreparedHost {
        var out = self
        out.incidents = incidents
        return out
    }

    var withoutServer: PreparedHost {
        var out = self
        out.isRunning = false
        return out
    }

    /// INFO is answered, CONFIG GET is not.
    var withoutSettings: PreparedHost {
        var out = self
        out.settings = [:]
        return out
    }

    var withoutAnswer: PreparedHost {
        var out = self
        out.answers = false
        return out
    }
}

// MARK: - A healthy host

extension PreparedHost {
    private static let meminfo = """
        MemTotal:       16777216 kB
        MemFree:         9437184 kB
        MemAvailable:   12582912 kB
        Buffers:          131072 kB
        Cached:          2097152 kB
        SwapCached:            0 kB
        SwapTotal:       2097152 kB
        SwapFree:        2097152 kB
        CommitLimit:    10485760 kB
        Committed_AS:    4194304 kB
        AnonHugePages:         0 kB
        """

    private static let status = """
        Name:\tredis-server
        State:\tS (sleeping)
        Pid:\t900
        PPid:\t1
        Uid:\t112\t112\t112\t112
        VmPeak:\t 1100000 kB
        VmSize:\t 1048576 kB
        VmRSS:\t  900000 kB
        RssAnon:\t  890000 kB
        VmData:\t  950000 kB
        VmSwap:\t       0 kB
        THP_enabled:\t1
        Threads:\t5
        """

    private static let limits = """
        Limit                     Soft Limit           Hard Limit           Units     
        Max processes             63000                63000                processes 
        Max open files            10032                10032                files     
        Max address space         unlimited            unlimited            bytes     
        """

    static let healthy: [String: String] = [
        "/proc/meminfo": meminfo,
        "/proc/sys/vm/overcommit_memory": "1\n",
        "/proc/sys/kernel/osrelease": "6.1.0-18-amd64\n",
        "/proc/swaps":
            "Filename\tType\tSize\tUsed\tPriority\n/dev/sda2 partition\t2097148\t0\t-2\n",
        "/proc/pressure/memory": """
        some avg10=0.00 avg60=0.00 avg300=0.00 total=0
        full avg10=0.00 avg60=0.00 avg300=0.00 total=0
        """,
        "/sys/kernel/mm/transparent_hugepage/enabled": "always [madvise] never\n",
        "/proc/900/status": status,
        "/proc/900/limits": limits,
        "/proc/900/cgroup": "0::/system.slice/redis-server.service\n",
        group + "/memory.current": "943718400\n",
        group + "/memory.max": "8589934592\n",
        group + "/memory.stat": "anon 911212544\nfile 20971520\n",
        group + "/pids.current": "5\n",
        group + "/pids.max": "19000\n",
        taskCount: "6\n",
    ]

    private static let healthyInfo: [String: String] = [
        "redis_version": "7.2.6", "process_id": "900", "tcp_port": "6379",
        "used_memory": "858993459", "used_memory_rss": "921600000",
        "total_system_memory": "17179869184", "maxmemory": "4294967296",
        "mem_fragmentation_ratio": "1.07", "rdb_changes_since_last_save": "10",
        "rdb_last_save_time": "1794999700", "rdb_last_bgsave_status": "ok",
        "rdb_last_cow_size": "20971520", "aof_enabled": "1", "aof_last_bgrewrite_status": "ok",
        "aof_last_write_status": "ok", "aof_last_cow_size": "10485760",
    ]

    private static let healthySettings: [String: String] = [
        "save": "3600 1 300 100 60 10000", "stop-writes-on-bgsave-error": "yes",
        "maxmemory": "4294967296", "dir": "/var/lib/redis", "appendonly": "yes",
        "repl-diskless-sync": "yes",
    ]
}
