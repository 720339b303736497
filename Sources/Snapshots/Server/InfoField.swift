// SPDX-License-Identifier: Apache-2.0

internal import Model

/// One field of INFO that is read: what it measures, and how it is written.
struct InfoField: Sendable {
    enum Form: Sendable {
        case whole, real, text
        /// Whole microseconds, kept as seconds.
        case microseconds
        /// `ok` or `err`.
        case status
        /// `count=23`.
        case counted
    }

    let measure: Measure
    let form: Form

    /// The value as it is kept; nil where it is not written as the field is.
    func quantity(of text: Substring) -> SnapshotValue.Quantity? {
        switch form {
        case .whole: Int64(text).map { .whole($0) }
        case .real: Double(text).flatMap { $0.isFinite ? .real($0) : nil }
        case .text: text.isEmpty ? nil : .text(String(text))
        case .microseconds: Int64(text).map { .real(Double($0) / 1_000_000) }
        case .counted:
            text.hasPrefix("count=") ? Int64(text.dropFirst(6)).map { .whole($0) } : nil
        case .status: ["ok", "err"].contains(text) ? .text(String(text)) : nil
        }
    }

    /// Whether a word can be the name of a field: `db0`, `cmdstat_config|get`, `rdb_saves`.
    static func isName(_ name: String) -> Bool {
        guard let first = name.utf8.first, first | 0x20 >= 0x61, first | 0x20 <= 0x7A,
            name.utf8.count <= 96
        else { return false }
        return name.utf8.allSatisfy { byte in
            byte &- 0x30 < 10 || (byte | 0x20) &- 0x61 < 26 || byte == 0x5F || byte == 0x2D
                || byte == 0x2E || byte == 0x7C
        }
    }

    /// The state of a replica: `slave0:ip=10.0.0.2,port=6379,state=online,…`, and before 2.8
    /// `slave0:10.0.0.2,6379,online` (redis 2.6.17, src/redis.c, `genRedisInfoString`).
    static func replicaState(_ name: String, _ value: Substring) -> String? {
        guard name.hasPrefix("slave"), Int(name.dropFirst(5)) != nil else { return nil }
        let parts = value.split(separator: ",")
        let state =
            parts.first { $0.hasPrefix("state=") }?.dropFirst(6)
            ?? (parts.count >= 3 && !value.contains("=") ? parts[2] : nil)
        return state.flatMap { $0.isEmpty ? nil : String($0) }
    }

    /// The seconds since a replica was last heard of: `…,lag=1` (2.8 and later).
    static func replicaLag(_ value: Substring) -> Int64? {
        value.split(separator: ",").last { $0.hasPrefix("lag=") }.flatMap { Int64($0.dropFirst(4)) }
    }

    /// Whether a heading is one of INFO's. Modules add their own, `modulename_section`.
    static func isHeading(_ heading: String) -> Bool {
        headings.contains(heading)
            || (heading.contains("_") && isName(heading) && !heading.contains("."))
    }

    private static let headings: Set<String> = [
        "Server", "Clients", "Memory", "Persistence", "Stats", "Replication", "CPU", "Cpu",
        "Modules", "Commandstats", "Errorstats", "Latencystats", "Cluster", "Keyspace", "TLS",
        "Threads", "Debug", "KeyDB", "Keysizes", "Hotkeys", "Tiered", "Search", "Sentinel",
        "Cluster Info", "Scripting Engines",
    ]

    /// Fields that say by themselves that an excerpt is INFO's.
    static let openers = [
        "used_memory", "used_memory_rss", "used_memory_peak", "used_memory_human", "maxmemory",
        "maxmemory_policy", "mem_fragmentation_ratio", "mem_allocator", "total_system_memory",
        "rdb_bgsave_in_progress", "rdb_last_bgsave_status", "rdb_last_bgsave_time_sec",
        "rdb_last_save_time", "rdb_changes_since_last_save", "rdb_last_cow_size", "aof_enabled",
        "aof_last_bgrewrite_status", "aof_last_write_status", "aof_last_cow_size",
        "aof_rewrite_in_progress", "latest_fork_usec", "allocator_allocated", "current_cow_size",
        "bgsave_in_progress", "total_forks", "loading", "aof_current_size", "run_id",
    ]

    /// By name. Those of 2.4 stand last.
    static let all: [String: InfoField] = {
        var out: [String: InfoField] = [:]
        for (name, measure) in wholes { out[name] = InfoField(measure: measure, form: .whole) }
        for (name, measure) in texts { out[name] = InfoField(measure: measure, form: .text) }
        for (name, measure) in statuses { out[name] = InfoField(measure: measure, form: .status) }
        out["mem_fragmentation_ratio"] = InfoField(measure: .fragmentationRatio, form: .real)
        out["errorstat_OOM"] = InfoField(measure: .memoryRefusals, form: .counted)
        out["latest_fork_usec"] = InfoField(measure: .latestForkSeconds, form: .microseconds)
        return out
    }()

    /// Those that are counts or bytes, in order of name.
    static let wholeNumbers = all.filter { $0.value.form == .whole }.sorted { $0.key < $1.key }

    private static let texts: [String: Measure] = [
        "config_file": .configFile, "mem_allocator": .allocator,
        "maxmemory_policy": .maxmemoryPolicy, "master_link_status": .masterLink,
    ]

    private static let statuses: [String: Measure] = [
        "rdb_last_bgsave_status": .lastSaveStatus,
        "aof_last_bgrewrite_status": .lastRewriteStatus,
        "aof_last_write_status": .lastAOFWriteStatus,
    ]

    private static let wholes: [String: Measure] = [
        "uptime_in_seconds": .serverUptime, "connected_clients": .connectedClients,
        "used_memory": .usedMemory, "used_memory_rss": .usedMemoryRSS,
        "used_memory_peak": .usedMemoryPeak, "used_memory_dataset": .usedMemoryDataset,
        "used_memory_overhead": .usedMemoryOverhead, "total_system_memory": .totalSystemMemory,
        "maxmemory": .maxmemory, "allocator_allocated": .allocatorAllocated,
        "allocator_active": .allocatorActive, "allocator_resident": .allocatorResident,
        "mem_fragmentation_bytes": .fragmentationBytes,
        "allocator_frag_bytes": .allocatorFragBytes, "mem_clients_normal": .clientsMemory,
        "mem_clients_slaves": .replicasMemory,
        "mem_not_counted_for_evict": .notCountedForEviction,
        "mem_replication_backlog": .replicationBacklog, "mem_aof_buffer": .aofBufferMemory,
        "active_defrag_running": .activeDefrag,
        "available_system_memory": .serverAvailableMemory,

        "loading": .isLoading, "current_cow_size": .currentForkCopied,
        "current_cow_peak": .currentForkCopiedPeak,
        "rdb_changes_since_last_save": .changesSinceSave,
        "rdb_bgsave_in_progress": .saveInProgress, "rdb_last_save_time": .lastSaveTime,
        "rdb_last_bgsave_time_sec": .lastSaveSeconds,
        "rdb_current_bgsave_time_sec": .currentSaveSeconds, "rdb_saves": .saves,
        "rdb_last_cow_size": .lastSaveCopied, "aof_enabled": .aofEnabled,
        "aof_rewrite_in_progress": .rewriteInProgress,
        "aof_rewrite_scheduled": .rewriteScheduled,
        "aof_last_rewrite_time_sec": .lastRewriteSeconds,
        "aof_current_rewrite_time_sec": .currentRewriteSeconds, "aof_rewrites": .rewrites,
        "aof_rewrites_consecutive_failures": .rewriteFailures,
        "aof_last_cow_size": .lastRewriteCopied, "aof_current_size": .aofCurrentSize,
        "aof_base_size": .aofBaseSize,

        "total_forks": .totalForks, "evicted_keys": .evictedKeys, "expired_keys": .expiredKeys,
        "client_output_buffer_limit_disconnections": .outputBufferDisconnections,
        "sync_full": .fullSyncs, "connected_slaves": .connectedReplicas,

        "bgsave_in_progress": .saveInProgress, "last_save_time": .lastSaveTime,
        "changes_since_last_save": .changesSinceSave,
        "bgrewriteaof_in_progress": .rewriteInProgress,
    ]
}
