// SPDX-License-Identifier: Apache-2.0
// What a control group uses and may use. A limit of `Int64.max` means none.
// Source: Linux v6.6, Documentation/admin-guide/cgroup-v2.rst, cgroup-v1/memory.rst, cgroup-v1/pids.rst.

extension Measure {
    package static let cgroupUsage = Measure("cgroup_usage", .bytes)
    package static let cgroupPeak = Measure("cgroup_peak", .bytes)
    package static let cgroupLimit = Measure("cgroup_limit", .bytes)
    package static let cgroupHigh = Measure("cgroup_high", .bytes)
    /// The lowest limit on the way up to the root (`hierarchical_memory_limit`).
    package static let cgroupEffectiveLimit = Measure("cgroup_effective_limit", .bytes)
    package static let cgroupSwapUsage = Measure("cgroup_swap_usage", .bytes)
    package static let cgroupSwapLimit = Measure("cgroup_swap_limit", .bytes)
    /// Memory and swap together (v1: `memsw`).
    package static let cgroupMemorySwapUsage = Measure("cgroup_memory_swap_usage", .bytes)
    package static let cgroupMemorySwapLimit = Measure("cgroup_memory_swap_limit", .bytes)
    /// The kernel's own memory for the group (v1, `memory.kmem.limit_in_bytes`).
    package static let cgroupKernelLimit = Measure("cgroup_kernel_limit", .bytes)
    package static let cgroupAnon = Measure("cgroup_anon", .bytes)
    package static let cgroupFile = Measure("cgroup_file", .bytes)
    package static let cgroupKernel = Measure("cgroup_kernel", .bytes)
    package static let cgroupPageTables = Measure("cgroup_page_tables", .bytes)
    package static let cgroupShmem = Measure("cgroup_shmem", .bytes)
    /// How often usage met the limit; no kills. Since the group was made.
    package static let cgroupFailures = Measure("cgroup_limit_hits", .count)
    package static let cgroupEventsHigh = Measure("cgroup_events_high", .count)
    package static let cgroupEventsMax = Measure("cgroup_events_max", .count)
    package static let cgroupEventsOOM = Measure("cgroup_events_oom", .count)
    package static let cgroupOOMKills = Measure("cgroup_oom_kills", .count)
    package static let cgroupOOMKillDisabled = Measure("cgroup_oom_kill_disable", .flag)
    package static let cgroupUnderOOM = Measure("cgroup_under_oom", .flag)
    package static let cgroupOOMGroup = Measure("cgroup_oom_group", .flag)
    package static let pidsCurrent = Measure("pids_current", .count)
    package static let pidsMax = Measure("pids_max", .count)
    package static let pidsEventsMax = Measure("pids_events_max", .count)
    /// The unit of systemd that the group is made for.
    package static let unitName = Measure("unit", .text)
    /// systemd's `OOMPolicy=`: `stop`, `continue`, `kill`.
    package static let oomPolicy = Measure("oom_policy", .text)
}
