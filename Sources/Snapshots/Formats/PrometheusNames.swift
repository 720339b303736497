// SPDX-License-Identifier: Apache-2.0

internal import Model

/// What metrics of the common exporters are called here.
///
/// Sources: node_exporter 1.5.0 (also before 0.16: without `_bytes`), oliver006/redis_exporter
/// exporter.go, cadvisor docs/storage/prometheus.md.
enum PrometheusNames {
    struct Metric {
        var measure: Measure
        var scope: SnapshotSubject.Scope
        /// What a number is multiplied by.
        var factor = 1.0
        /// What 0 and 1 stand for, where the measure is a text.
        var words: [String] = []
        /// Whether 0 means that there is no limit (cadvisor).
        var zeroIsUnlimited = false

        func quantity(_ text: String) -> SnapshotValue.Quantity? {
            guard let number = Double(text), number.isFinite else { return nil }
            if !words.isEmpty {
                return number == 0 || number == 1 ? .text(words[Int(number)]) : nil
            }
            if zeroIsUnlimited, number == 0 || number >= 9e18 { return .whole(Amounts.unlimited) }
            switch measure.unit {
            case .bytes, .count, .flag:
                return Int64(exactly: (number * factor).rounded()).map { .whole($0) }
            default:
                let value = number * factor
                return Int64(exactly: value).map { .whole($0) } ?? .real(value)
            }
        }
    }

    /// How lines of an exposition that are read can begin.
    static let openers = [
        "# HELP ", "# TYPE ", "node_", "redis_", "valkey_", "container_",
    ]

    static func metric(_ name: String) -> Metric? {
        if let metric = all[name] { return metric }
        for prefix in ["redis_", "valkey_"] where name.hasPrefix(prefix) {
            return server[String(name.dropFirst(prefix.count))]
        }
        guard name.hasPrefix("node_memory_") else { return nil }
        let field = name.dropFirst(12)
        let plain = field.hasSuffix("_bytes") ? String(field.dropLast(6)) : String(field)
        return MeminfoFormat.measures[plain].map { Metric(measure: $0, scope: .host) }
    }

    private static let all: [String: Metric] = {
        var out: [String: Metric] = [:]
        let host: [(String, Measure)] = [
            ("node_vmstat_oom_kill", .oomKills), ("node_vmstat_pgmajfault", .majorFaults),
            ("node_load1", .loadAverage1), ("node_boot_time_seconds", .bootedAt),
            ("node_boot_time", .bootedAt), ("node_processes_threads", .tasks),
            ("node_processes_max_processes", .pidMax),
            ("node_processes_max_threads", .threadsMax),
        ]
        for (name, measure) in host { out[name] = Metric(measure: measure, scope: .host) }
        let disk: [(String, Measure)] = [
            ("node_filesystem_size_bytes", .diskSize),
            ("node_filesystem_avail_bytes", .diskAvailable),
            ("node_filesystem_files", .inodes), ("node_filesystem_files_free", .inodesFree),
        ]
        for (name, measure) in disk { out[name] = Metric(measure: measure, scope: .fileSystem) }
        let cgroup: [(String, Measure)] = [
            ("container_memory_usage_bytes", .cgroupUsage),
            ("container_memory_max_usage_bytes", .cgroupPeak),
            ("container_memory_rss", .cgroupAnon), ("container_memory_cache", .cgroupFile),
            ("container_memory_swap", .cgroupSwapUsage),
            ("container_memory_failcnt", .cgroupFailures),
            ("container_oom_events_total", .cgroupOOMKills),
            ("container_threads", .pidsCurrent),
        ]
        for (name, measure) in cgroup { out[name] = Metric(measure: measure, scope: .cgroup) }
        let limits: [(String, Measure)] = [
            ("container_spec_memory_limit_bytes", .cgroupLimit),
            ("container_threads_max", .pidsMax),
        ]
        for (name, measure) in limits {
            out[name] = Metric(measure: measure, scope: .cgroup, zeroIsUnlimited: true)
        }
        return out
    }()

    private static let server: [String: Metric] = {
        let numbers: [(String, Measure)] = [
            ("memory_used_bytes", .usedMemory), ("memory_used_rss_bytes", .usedMemoryRSS),
            ("memory_used_peak_bytes", .usedMemoryPeak),
            ("memory_used_dataset_bytes", .usedMemoryDataset),
            ("memory_used_overhead_bytes", .usedMemoryOverhead),
            ("memory_max_bytes", .maxmemory), ("config_maxmemory", .maxmemory),
            ("total_system_memory_bytes", .totalSystemMemory),
            ("allocator_allocated_bytes", .allocatorAllocated),
            ("allocator_active_bytes", .allocatorActive),
            ("allocator_resident_bytes", .allocatorResident),
            ("allocator_frag_bytes", .allocatorFragBytes),
            ("mem_fragmentation_ratio", .fragmentationRatio),
            ("memory_fragmentation_ratio", .fragmentationRatio),
            ("mem_fragmentation_bytes", .fragmentationBytes),
            ("mem_clients_normal", .clientsMemory), ("mem_clients_slaves", .replicasMemory),
            ("mem_not_counted_for_eviction_bytes", .notCountedForEviction),
            ("active_defrag_running", .activeDefrag),
            ("rdb_changes_since_last_save", .changesSinceSave),
            ("rdb_bgsave_in_progress", .saveInProgress),
            ("rdb_last_save_timestamp_seconds", .lastSaveTime),
            ("rdb_last_bgsave_duration_sec", .lastSaveSeconds),
            ("rdb_last_cow_size_bytes", .lastSaveCopied), ("aof_enabled", .aofEnabled),
            ("aof_rewrite_in_progress", .rewriteInProgress),
            ("aof_last_cow_size_bytes", .lastRewriteCopied),
            ("aof_last_rewrite_duration_sec", .lastRewriteSeconds),
            ("aof_current_size_bytes", .aofCurrentSize), ("aof_base_size_bytes", .aofBaseSize),
            ("loading_dump_file", .isLoading), ("latest_fork_seconds", .latestForkSeconds),
            ("evicted_keys_total", .evictedKeys), ("expired_keys_total", .expiredKeys),
            ("replica_resyncs_full", .fullSyncs), ("connected_slaves", .connectedReplicas),
            ("connected_clients", .connectedClients), ("uptime_in_seconds", .serverUptime),
            ("process_id", .processID),
        ]
        var out: [String: Metric] = [:]
        for (name, measure) in numbers { out[name] = Metric(measure: measure, scope: .server) }
        out["latest_fork_usec"] = Metric(
            measure: .latestForkSeconds, scope: .server, factor: 1e-6)
        let statuses: [(String, Measure)] = [
            ("rdb_last_bgsave_status", .lastSaveStatus),
            ("aof_last_bgrewrite_status", .lastRewriteStatus),
            ("aof_last_write_status", .lastAOFWriteStatus),
        ]
        for (name, measure) in statuses {
            out[name] = Metric(measure: measure, scope: .server, words: ["err", "ok"])
        }
        return out
    }()

    // MARK: - Whose value it is

    /// What the labels of a series say of its subject.
    static func subject(
        _ scope: SnapshotSubject.Scope, _ labels: [String: String]
    ) -> SnapshotSubject? {
        var subject = SnapshotSubject(scope)
        subject.host = labels["nodename"] ?? host(labels["instance"])
        switch scope {
        case .cgroup:
            guard let path = labels["id"] ?? podPath(labels) else { return nil }
            subject.path = path
            subject.command = labels["container"] ?? labels["name"]
        case .fileSystem:
            guard let path = labels["mountpoint"] else { return nil }
            subject.path = path
        case .server:
            // The port of `instance` is the exporter's, unless it is a server's address.
            let address =
                labels["addr"] ?? labels["instance"].flatMap { $0.contains("://") ? $0 : nil }
            if let address {
                subject.host = host(address) ?? subject.host
                subject.port = port(address)
            }
        case .host, .process: break
        }
        return subject
    }

    private static func podPath(_ labels: [String: String]) -> String? {
        guard let pod = labels["pod"], let container = labels["container"] else { return nil }
        return "\(labels["namespace"] ?? "")/\(pod)/\(container)"
    }

    /// `redis://10.0.0.5:6379`, `db1:9100`: the host; loopback names none.
    private static func host(_ address: String?) -> String? {
        guard let address else { return nil }
        let name = bare(address).prefix { $0 != ":" }
        return name.isEmpty || name.hasPrefix("127.") || name == "localhost" || name == "["
            ? nil
            : String(name)
    }

    private static func port(_ address: String) -> Int? {
        let parts = bare(address).split(separator: ":")
        return parts.count == 2 ? Int(parts[1]).flatMap { 1...65_535 ~= $0 ? $0 : nil } : nil
    }

    /// The address without scheme, user and path.
    private static func bare(_ address: String) -> Substring {
        let rest = address.firstRange(of: "://").map { address[$0.upperBound...] } ?? address[...]
        let authority = rest.prefix { $0 != "/" }
        return authority.lastIndex(of: "@").map { authority[authority.index(after: $0)...] }
            ?? authority
    }
}
