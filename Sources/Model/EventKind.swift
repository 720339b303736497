// SPDX-License-Identifier: Apache-2.0

/// What a line says happened. Patterns name their kind; incidents are built from kinds alone.
///
/// The list is closed: `docs/schema` carries it, and a pattern with an unknown kind is refused.
package enum EventKind: String, Sendable, CaseIterable {
    // Fork refusals
    case fork_failed
    case fork_failed_reported
    case fork_test_failed
    case sync_refused
    case aof_enable_failed
    case slot_migration_refused

    // Saves and rewrites
    case save_triggered
    case rewrite_triggered
    case operation_scheduled
    case rewrite_limited
    case save_cancelled
    case child_started
    case db_saved
    case operation_succeeded
    case operation_failed
    case child_killed
    case child_stopped
    case rewrite_finished
    case rewrite_detail
    case save_detail
    case save_status
    case child_reap_problem
    case copy_on_write

    // Files and writes
    case rdb_write_error
    case rdb_file_error
    case aof_write_error
    case aof_file_error
    case aof_fsync_slow
    case aof_write_recovered
    case persistence_fatal
    case script_error
    case writes_refused
    case memory_refused

    // Synchronisation, master side
    case sync_requested
    case full_resync_requested
    case sync_started
    case sync_delayed
    case sync_waiting
    case sync_succeeded
    case sync_failed
    case partial_sync_accepted
    case partial_sync_refused

    // Synchronisation, replica side
    case replica_sync_started
    case replica_sync_progress
    case replica_sync_finished
    case replica_sync_failed
    case replica_refused_by_master
    case replica_connecting

    // Links and clients
    case replication_detail
    case replication_error
    case replica_lost
    case master_lost
    case output_buffer_exceeded
    case client_evicted
    case query_buffer_exceeded

    // Warnings at start
    case overcommit_warning
    case thp_warning
    case limit_warning
    case limit_raised
    case swap_file
    case kernel_defect_warning
    case oom_score_warning

    // Allocation failure and crash
    case allocation_failed
    case panic
    case crash_report_started
    case crash_signal
    case crash_detail
    case crash_report_ended
    case assertion_failed
    case info_dump_started

    // Start, load, shutdown
    case server_starting
    case server_version
    case config_loaded
    case server_mode
    case server_initialized
    case ready
    case logo_version
    case logo_port
    case logo_pid
    case loading_started
    case loading_detail
    case loading_finished
    case keys_loaded
    case loading_failed
    case signal_received
    case shutdown_requested
    case final_save
    case final_save_failed
    case exiting
    case shutdown_aborted
    case parent_gone
    case config_error
    case startup_failed
    case module_loaded
    case module_unloaded
    case module_failed
    case thread_failed

    // Roles, cluster, Sentinel
    case role_changed
    case failover_started
    case failover_finished
    case failover_failed
    case node_failing
    case node_recovered
    case cluster_state_changed
    case cluster_detail
    case sentinel_down
    case sentinel_up
    case sentinel_switch
    case sentinel_failover
    case sentinel_detail

    // Slot migration
    case slot_migration_started
    case slot_migration_finished
    case slot_migration_failed
    case slot_migration_detail

    // Memory housekeeping
    case defrag_started
    case defrag_finished
    case memory_doctor
    case memory_limit_set
    case memory_recovered
    case memory_low
    case memory_sample
    case latency_detail
    case config_changed
    case security_warning

    // Kernel
    case kernel_commit_refused
    case kernel_suppressed
    case oom_invoked
    case oom_constraint
    case oom_victim
    case oom_victim_chosen
    case oom_reaped
    case oom_detail
    case pids_rejected
    case segfault
    case page_allocation_failed
    case hung_task
    /// A device or a file system failed.
    case storage_error

    // systemd and other daemons
    case unit_oom
    case unit_exited
    case unit_failed
    case unit_restarting
    case unit_detail
    case journal_suppressed
    case oomd_kill
    case earlyoom_kill
}
