// SPDX-License-Identifier: Apache-2.0
// What a server says of itself: INFO, CONFIG, redis.conf, redis-cli --stat.
// Source: redis 7.2.4, src/server.c (`genRedisInfoString`), src/config.c.

extension Measure {
    package static let serverVersion = Measure("server_version", .text)
    package static let serverProduct = Measure("server_product", .text)
    package static let serverMode = Measure("server_mode", .text)
    package static let serverRole = Measure("server_role", .text)
    package static let runID = Measure("run_id", .text)
    package static let processID = Measure("process_id", .count)
    package static let tcpPort = Measure("tcp_port", .count)
    package static let configFile = Measure("config_file", .text)
    package static let serverUptime = Measure("server_uptime", .seconds)
    /// The server's own clock, seconds since 1970 (`server_time_usec`).
    package static let serverTime = Measure("server_time", .seconds)
    package static let allocator = Measure("allocator", .text)

    // Memory.
    package static let usedMemory = Measure("used_memory", .bytes)
    package static let usedMemoryRSS = Measure("used_memory_rss", .bytes)
    package static let usedMemoryPeak = Measure("used_memory_peak", .bytes)
    package static let usedMemoryDataset = Measure("used_memory_dataset", .bytes)
    package static let usedMemoryOverhead = Measure("used_memory_overhead", .bytes)
    package static let totalSystemMemory = Measure("total_system_memory", .bytes)
    package static let maxmemory = Measure("maxmemory", .bytes)
    package static let maxmemoryPolicy = Measure("maxmemory_policy", .text)
    package static let allocatorAllocated = Measure("allocator_allocated", .bytes)
    package static let allocatorActive = Measure("allocator_active", .bytes)
    package static let allocatorResident = Measure("allocator_resident", .bytes)
    package static let fragmentationRatio = Measure("mem_fragmentation_ratio", .ratio)
    package static let fragmentationBytes = Measure("mem_fragmentation_bytes", .bytes)
    package static let allocatorFragBytes = Measure("allocator_frag_bytes", .bytes)
    package static let clientsMemory = Measure("mem_clients_normal", .bytes)
    package static let replicasMemory = Measure("mem_clients_slaves", .bytes)
    package static let notCountedForEviction = Measure("mem_not_counted_for_evict", .bytes)
    package static let replicationBacklog = Measure("mem_replication_backlog", .bytes)
    package static let aofBufferMemory = Measure("mem_aof_buffer", .bytes)
    package static let activeDefrag = Measure("active_defrag_running", .flag)
    /// MemAvailable of the host as the server read it (KeyDB).
    package static let serverAvailableMemory = Measure("available_system_memory", .bytes)

    // Persistence.
    package static let changesSinceSave = Measure("rdb_changes_since_last_save", .count)
    package static let saveInProgress = Measure("rdb_bgsave_in_progress", .flag)
    /// Seconds since 1970.
    package static let lastSaveTime = Measure("rdb_last_save_time", .seconds)
    package static let lastSaveStatus = Measure("rdb_last_bgsave_status", .text)
    /// -1 where none has finished in this process; no sign of failure.
    package static let lastSaveSeconds = Measure("rdb_last_bgsave_time_sec", .seconds)
    package static let saves = Measure("rdb_saves", .count)
    package static let lastSaveCopied = Measure("rdb_last_cow_size", .bytes)
    package static let aofEnabled = Measure("aof_enabled", .flag)
    package static let rewriteInProgress = Measure("aof_rewrite_in_progress", .flag)
    package static let lastRewriteStatus = Measure("aof_last_bgrewrite_status", .text)
    package static let lastRewriteCopied = Measure("aof_last_cow_size", .bytes)
    package static let lastAOFWriteStatus = Measure("aof_last_write_status", .text)
    package static let lastRewriteSeconds = Measure("aof_last_rewrite_time_sec", .seconds)
    package static let aofCurrentSize = Measure("aof_current_size", .bytes)
    package static let aofBaseSize = Measure("aof_base_size", .bytes)
    package static let isLoading = Measure("loading", .flag)
    package static let currentForkCopied = Measure("current_cow_size", .bytes)
    package static let currentForkCopiedPeak = Measure("current_cow_peak", .bytes)
    /// How long the child that runs now has run; -1 where none runs.
    package static let currentSaveSeconds = Measure("rdb_current_bgsave_time_sec", .seconds)
    package static let currentRewriteSeconds = Measure("aof_current_rewrite_time_sec", .seconds)
    package static let rewriteScheduled = Measure("aof_rewrite_scheduled", .flag)
    /// Attempts since the start, also those that failed.
    package static let rewrites = Measure("aof_rewrites", .count)
    /// Children that failed since the last that did not.
    package static let rewriteFailures = Measure("aof_rewrites_consecutive_failures", .count)

    // Statistics and replication.
    /// Microseconds in INFO, seconds here.
    package static let latestForkSeconds = Measure("latest_fork_seconds", .seconds)
    package static let totalForks = Measure("total_forks", .count)
    package static let evictedKeys = Measure("evicted_keys", .count)
    package static let expiredKeys = Measure("expired_keys", .count)
    package static let fullSyncs = Measure("sync_full", .count)
    package static let outputBufferDisconnections = Measure(
        "client_output_buffer_limit_disconnections", .count)
    /// Replies `OOM command not allowed`, since the start or CONFIG RESETSTAT (`errorstat_OOM`).
    package static let memoryRefusals = Measure("errorstat_oom", .count)
    package static let connectedReplicas = Measure("connected_slaves", .count)
    /// One for each replica of an INFO (`slave0:…,state=online,…`): `online` once it is in step.
    package static let replicaState = Measure("replica_state", .text)
    /// Seconds since a replica last acknowledged (`lag` of `slave0`), behind its state.
    package static let replicaLag = Measure("replica_lag", .seconds)
    package static let connectedClients = Measure("connected_clients", .count)
    package static let keys = Measure("keys", .count)
    package static let masterLink = Measure("master_link_status", .text)

    // Configuration. Names are those of CONFIG GET behind `config.`.
    package static let configSave = Measure("config.save", .text)
    package static let configAppendonly = Measure("config.appendonly", .text)
    package static let configDirectory = Measure("config.dir", .text)
    package static let configFileName = Measure("config.dbfilename", .text)
    package static let configStopWrites = Measure("config.stop-writes-on-bgsave-error", .text)
    package static let configOOMScoreAdj = Measure("config.oom-score-adj", .text)
    package static let configDisableTHP = Measure("config.disable-thp", .text)
    package static let configDisklessSync = Measure("config.repl-diskless-sync", .text)
    package static let configOutputBufferLimit = Measure("config.client-output-buffer-limit", .text)
    package static let configBacklogSize = Measure("config.repl-backlog-size", .bytes)
    package static let configRewritePercentage = Measure(
        "config.auto-aof-rewrite-percentage", .percent)
    package static let configRewriteMinimum = Measure("config.auto-aof-rewrite-min-size", .bytes)
    package static let configActiveDefrag = Measure("config.activedefrag", .text)

    // File systems: the subject's path is the mount point.
    package static let diskSize = Measure("disk_size", .bytes)
    package static let diskUsed = Measure("disk_used", .bytes)
    package static let diskAvailable = Measure("disk_available", .bytes)
    package static let inodes = Measure("inodes", .count)
    package static let inodesFree = Measure("inodes_free", .count)
    package static let fileSystem = Measure("file_system", .text)
    package static let mountOptions = Measure("mount_options", .text)
    /// The device or file server that is mounted.
    package static let mountSource = Measure("mount_source", .text)
    /// Mode of the data directory in octal digits, `none` where there is no such directory.
    package static let directoryMode = Measure("directory_mode", .text)
    /// Numeric user id of its owner.
    package static let directoryOwner = Measure("directory_owner", .count)
    /// Its numeric group, and those of the server's process, with commas between.
    package static let directoryGroup = Measure("directory_group", .count)
    package static let processGroups = Measure("process_groups", .text)
}
