// SPDX-License-Identifier: Apache-2.0

/// The causes and contributing factors that a report can name. Their ids are fixed.
package enum CauseID: String, Sendable, CaseIterable {
    // What refused or killed.
    case commit_limit_strict
    case overcommit_heuristic_refusal
    case cgroup_memory_limit
    case cgroup_memory_oom_kill
    case host_oom_kill
    case kernel_memory
    case task_limit_rlimit_nproc
    case task_limit_cgroup_pids
    case task_limit_system
    case pid_namespace_dead
    case sandbox_denied
    case another_child_active
    case file_descriptor_limit
    case child_killed_by_signal
    case child_crashed
    case child_allocation_failed
    case child_hung
    case server_allocation_failed
    case disk_full
    case dir_not_writable
    case io_error
    case maxmemory_noeviction
    case replica_output_buffer_limit
    case platform_fork_emulation

    // What made it worse.
    case cow_growth
    case thp_amplifies_cow
    case memory_growth
    case fragmentation
    case client_buffers
    case overlapping_saves
    case full_sync_storm
    case aof_rewrite_retry_storm
    case no_swap
    case overcommit_not_enabled
    case maxmemory_unset
    case maxmemory_too_close_to_limit
    case known_defect
    case oom_policy_stops_unit
}
