// SPDX-License-Identifier: Apache-2.0

internal import Model

/// What a timeline says of an event: a clause without its count or time.
enum TimelineText {
    static func refusedFork(_ operation: Operation, _ event: Event) -> String {
        let reason = event["error"].map { ": \($0)" } ?? ""
        return "fork for \(article(operation)) refused\(reason)"
    }

    static func followUp(_ event: Event) -> String {
        switch event.kind {
        case .sync_refused: "waiting replicas were turned away"
        case .aof_enable_failed: "the append-only file could not be turned on"
        default: "the slot migration could not begin"
        }
    }

    static func childFailed(_ operation: Operation, because error: Event?) -> String {
        let reason = error.flatMap { $0["error"] }.map { ": \($0)" } ?? ""
        return "\(operation.spoken) failed in the child\(reason)"
    }

    static func childKilled(_ operation: Operation, signal: Int) -> String {
        "child of the \(operation.spoken) killed by signal \(signal)"
    }

    /// A server ended while its child ran.
    static func orphaned(_ operation: Operation) -> String {
        "\(operation.spoken) never finished: its server had gone"
    }

    static func fileError(_ event: Event) -> String {
        let reason = event["error"].map { ": \($0)" } ?? ""
        switch event.kind {
        case .rdb_write_error: return "writing the RDB file failed\(reason)"
        case .rdb_file_error: return "opening or renaming the RDB file failed\(reason)"
        case .aof_write_error where event.operation == .aof_rewrite:
            return "writing the new AOF failed\(reason)"
        case .aof_write_error: return "writing the AOF failed\(reason)"
        case .parent_gone: return "the child found its server gone\(reason)"
        default: return "a file of the AOF could not be handled\(reason)"
        }
    }

    static let outputBuffer = "a replica was dropped at its output buffer limit"
    static let crashed = "the server crashed"

    static func warning(_ event: Event) -> String {
        switch event.kind {
        case .overcommit_warning where event["proves"] == "zero":
            "the server warned that vm.overcommit_memory is 0"
        case .overcommit_warning: "the server warned that vm.overcommit_memory is not 1"
        case .thp_warning: "the server warned of transparent huge pages"
        default: "the server warned: \(event.shortMessage)"
        }
    }

    static func shutdown(_ event: Event) -> String {
        event.kind == .signal_received
            ? "the server received a signal to end" : "shutdown requested"
    }

    static func restarted(pid: Int32, wasUnclean: Bool) -> String {
        let who = pid == 0 ? "" : " (pid \(pid))"
        return "server started again\(who)"
            + (wasUnclean ? "; the process before it left no word of its end" : "")
    }

    static func loading(_ event: Event, fromAOF: Bool) -> String {
        if let age = event.int("age_seconds") {
            let what = fromAOF ? "the base of the AOF, which" : "an RDB file that"
            return "loaded \(what) was \(spokenDuration(seconds: Double(age))) old"
        }
        switch event["source"] {
        case "aof": return "loaded the data from the AOF"
        case "rdb": return "loaded the data from the RDB file"
        default: return "loaded the data"
        }
    }

    /// What a line of a crash adds; `nil` where it only says that there was one.
    static func crash(_ event: Event) -> String? {
        switch event.kind {
        case .crash_signal: "the server crashed by signal \(event["signal"] ?? "unknown")"
        case .panic: "the server panicked: \(event["reason"] ?? "unknown reason")"
        case .assertion_failed:
            event["reason"].map {
                "an assertion failed, and the server crashed: "
                    + "\(event["file"] ?? ""):\(event["line"] ?? "") '\($0)'"
            }
        case .allocation_failed:
            "the server could not allocate "
                + "\(event["bytes"].map { "\($0) bytes of " } ?? "")memory and gave up"
        default: nil
        }
    }

    static func oomKill(_ event: Event, child: Operation?) -> String {
        let who =
            child.map { "the child of the \($0.spoken)" }
            ?? (event["comm"].map { "process \($0)" } ?? "a process")
        if event.kind == .earlyoom_kill {
            return "earlyoom sent \(event["name"] ?? "a signal") to \(who) (pid "
                + "\(event["pid"] ?? "unknown"))"
        }
        if event.kind == .oomd_kill {
            let group = event["unit"] ?? event["cgroup"]
            return "systemd-oomd killed \(group ?? "the server's group")"
        }
        return "the OOM killer killed \(who) (pid \(event["pid"] ?? "unknown"))"
    }

    static func tookOver(port: Int) -> String { "the replica on port \(port) took over as master" }

    /// For events whose own words are the best description.
    static func plain(_ event: Event) -> String {
        replication(event) ?? failover(event) ?? host(event) ?? other(event)
    }

    private static func replication(_ event: Event) -> String? {
        switch event.kind {
        case .replica_refused_by_master: "the master turned this replica away"
        case .replica_sync_failed: "the synchronisation with the master failed"
        case .sync_failed: "the transfer to a replica failed"
        case .replica_lost:
            "connection with \(event["replica"].map { "replica \($0)" } ?? "a replica") lost"
        case .master_lost: "connection to the master lost"
        case .replication_error: "this replica had to refuse a command of its master"
        case .slot_migration_failed: "a slot migration failed"
        default: nil
        }
    }

    private static func failover(_ event: Event) -> String? {
        switch event.kind {
        case .sentinel_down where event["agreed"] == "yes":
            "the Sentinels agreed that the master was down"
        case .sentinel_down: "a Sentinel reported the master as down"
        case .sentinel_switch: "Sentinel switched the master"
        case .failover_started: "failover started"
        case .failover_finished: "failover finished"
        case .failover_failed: "failover failed"
        case .role_changed where event["mode"] == "replica": "the server became a replica"
        case .role_changed where event["mode"] == "master": "the server became the master"
        case .role_changed: "the server changed its role"
        case .node_failing: "a cluster node is marked as failing"
        case .cluster_state_changed: "the cluster changed its state"
        default: nil
        }
    }

    private static func host(_ event: Event) -> String? {
        switch event.kind {
        case .kernel_commit_refused:
            "the kernel refused a memory charge of \(event["comm"] ?? "a process")"
        case .pids_rejected: "the kernel refused a fork at a pids cgroup's limit"
        case .unit_oom: "systemd noticed an OOM kill in the unit"
        case .unit_failed: "the unit failed"
        case .unit_restarting: "systemd restarts the unit"
        default: nil
        }
    }

    private static func other(_ event: Event) -> String {
        switch event.kind {
        case .writes_refused where event["target"] == "aof":
            "a client was refused a write because the AOF could not be written (MISCONF)"
        case .writes_refused: "a client was refused a write because the last save failed (MISCONF)"
        case .memory_refused: "a client was refused a command at maxmemory"
        case .rewrite_limited: "automatic AOF rewrites are held back"
        case .shutdown_aborted: "the shutdown was called off"
        case .startup_failed, .thread_failed: "the server could not start: \(event.shortMessage)"
        case .loading_failed: "loading the data failed"
        default: String(event.kind.rawValue.map { $0 == "_" ? " " : $0 })
        }
    }

    private static func article(_ operation: Operation) -> String {
        operation == .aof_rewrite || operation == .unknown
            ? "an \(operation.spoken)" : "a \(operation.spoken)"
    }
}
