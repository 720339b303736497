// SPDX-License-Identifier: Apache-2.0
// What one process holds and may have.
// Source: Linux v6.6, fs/proc/task_mmu.c, fs/proc/array.c, fs/proc/base.c; proc(5).

extension Measure {
    package static let vmPeak = Measure("vm_peak", .bytes)
    package static let vmSize = Measure("vm_size", .bytes)
    package static let vmRSS = Measure("vm_rss", .bytes)
    package static let vmHighWater = Measure("vm_hwm", .bytes)
    package static let vmData = Measure("vm_data", .bytes)
    package static let vmStack = Measure("vm_stack", .bytes)
    package static let vmPageTables = Measure("vm_pte", .bytes)
    package static let vmSwap = Measure("vm_swap", .bytes)
    package static let rssAnon = Measure("rss_anon", .bytes)
    package static let rssFile = Measure("rss_file", .bytes)
    package static let rssShmem = Measure("rss_shmem", .bytes)
    package static let threads = Measure("threads", .count)
    package static let userID = Measure("uid", .count)
    package static let parentPID = Measure("ppid", .count)
    /// Process ids in the process's own and outer name spaces, outermost first (`NSpid`).
    package static let nsPIDs = Measure("ns_pids", .text)
    package static let effectiveCapabilities = Measure("cap_eff", .text)
    package static let seccomp = Measure("seccomp", .count)
    package static let thpEnabled = Measure("thp_enabled", .flag)

    // smaps and smaps_rollup.
    package static let pss = Measure("pss", .bytes)
    package static let privateDirty = Measure("private_dirty", .bytes)
    package static let privateClean = Measure("private_clean", .bytes)
    package static let sharedDirty = Measure("shared_dirty", .bytes)
    package static let sharedClean = Measure("shared_clean", .bytes)
    package static let processAnonHugePages = Measure("process_anon_huge_pages", .bytes)
    /// Sizes of all mappings whose VmFlags hold `ac`: what a fork has to account.
    package static let accounted = Measure("accounted_mappings", .bytes)
    package static let accountedLargest = Measure("accounted_largest_mapping", .bytes)
    /// Sizes of all private writable mappings whose VmFlags hold `nr`: never accounted.
    package static let unaccounted = Measure("unreserved_mappings", .bytes)
    package static let mappings = Measure("mappings", .count)

    // Limits: `unlimited` is the largest number there is.
    package static let limitProcesses = Measure("limit_processes", .count)
    package static let limitProcessesHard = Measure("limit_processes_hard", .count)
    package static let limitAddressSpace = Measure("limit_address_space", .bytes)
    package static let limitData = Measure("limit_data", .bytes)
    package static let limitOpenFiles = Measure("limit_open_files", .count)
    package static let limitFileSize = Measure("limit_file_size", .bytes)
    package static let limitProcessorTime = Measure("limit_processor_time", .seconds)
    package static let limitLockedMemory = Measure("limit_locked_memory", .bytes)
    /// Processes and threads of the process's user.
    package static let userTasks = Measure("user_tasks", .count)
    package static let openFiles = Measure("open_files", .count)

    package static let oomScore = Measure("oom_score", .count)
    package static let oomScoreAdjustment = Measure("oom_score_adj", .count)
    /// The process's cgroup: the path in the v2 hierarchy, or of the memory controller in v1.
    package static let cgroupPath = Measure("cgroup_path", .text)
    package static let pidsCgroupPath = Measure("pids_cgroup_path", .text)
    /// All controllers that /proc/PID/cgroup lists, with commas between: `pids,cpu,memory`.
    package static let cgroupControllers = Measure("cgroup_controllers", .text)
    package static let userName = Measure("user", .text)
    package static let commandLine = Measure("command_line", .text)
    package static let startedAt = Measure("started_at", .seconds)
    package static let exitCode = Measure("exit_code", .count)
    /// Seconds since 1970 at which a container's last run ended, and began.
    package static let finishedAt = Measure("finished_at", .seconds)
    package static let lastStartedAt = Measure("last_started_at", .seconds)
    /// Kubernetes' word for why a container's last run ended: `OOMKilled`, `Error`.
    package static let terminationReason = Measure("termination_reason", .text)
    package static let restarts = Measure("restarts", .count)
    package static let containerName = Measure("container_name", .text)
    package static let podName = Measure("pod_name", .text)
    /// The image that a container was made of: `redis:7.2-alpine`.
    package static let containerImage = Measure("container_image", .text)
    package static let wasOOMKilled = Measure("oom_killed", .flag)
}
