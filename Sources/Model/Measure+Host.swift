// SPDX-License-Identifier: Apache-2.0
// What a host's memory looks like: /proc/meminfo and whatever shows the same numbers.
// Source: Linux v6.6, fs/proc/meminfo.c; Documentation/filesystems/proc.rst.

extension Measure {
    package static let memTotal = Measure("mem_total", .bytes)
    /// All pages the kernel knows, those it reserved for itself at boot included.
    package static let physicalMemory = Measure("physical_memory", .bytes)
    package static let memFree = Measure("mem_free", .bytes)
    package static let memAvailable = Measure("mem_available", .bytes)
    package static let memUsed = Measure("mem_used", .bytes)
    package static let buffers = Measure("buffers", .bytes)
    package static let cached = Measure("cached", .bytes)
    /// Where a tool shows both as one: `buff/cache` of free(1).
    package static let buffersAndCached = Measure("buffers_and_cached", .bytes)
    package static let swapCached = Measure("swap_cached", .bytes)
    package static let active = Measure("active", .bytes)
    package static let inactive = Measure("inactive", .bytes)
    package static let dirty = Measure("dirty", .bytes)
    package static let writeback = Measure("writeback", .bytes)
    package static let anonPages = Measure("anon_pages", .bytes)
    package static let mapped = Measure("mapped", .bytes)
    package static let shmem = Measure("shmem", .bytes)
    package static let slab = Measure("slab", .bytes)
    package static let slabReclaimable = Measure("slab_reclaimable", .bytes)
    package static let slabUnreclaimable = Measure("slab_unreclaimable", .bytes)
    package static let kernelStack = Measure("kernel_stack", .bytes)
    package static let pageTables = Measure("page_tables", .bytes)
    /// Enforced in mode 2 only, though the kernel shows it in every mode.
    package static let commitLimit = Measure("commit_limit", .bytes)
    package static let committedAS = Measure("committed_as", .bytes)
    package static let swapTotal = Measure("swap_total", .bytes)
    package static let swapFree = Measure("swap_free", .bytes)
    package static let swapUsed = Measure("swap_used", .bytes)
    package static let anonHugePages = Measure("anon_huge_pages", .bytes)
    package static let hugePagesTotal = Measure("huge_pages_total", .count)
    package static let hugePagesFree = Measure("huge_pages_free", .count)
    package static let hugePageSize = Measure("huge_page_size", .bytes)
    /// All huge pages of all sizes together (`Hugetlb:`).
    package static let hugeTLB = Measure("huge_tlb", .bytes)
    /// Since boot: `oom_kill` of /proc/vmstat.
    package static let oomKills = Measure("oom_kills", .count)
    /// Pages each second, as sar -W shows it.
    package static let swapInRate = Measure("swap_in_rate", .rate)
    package static let swapOutRate = Measure("swap_out_rate", .rate)
    /// Bytes each second, as vmstat shows it.
    package static let swapInBytesRate = Measure("swap_in_bytes_rate", .rate)
    package static let swapOutBytesRate = Measure("swap_out_bytes_rate", .rate)
    package static let majorFaultRate = Measure("major_fault_rate", .rate)
    package static let majorFaults = Measure("major_faults", .count)
    package static let loadAverage1 = Measure("load_average_1", .ratio)
    /// All tasks of the host, threads counted.
    package static let tasks = Measure("tasks", .count)

    /// Since boot.
    package static let hostUptime = Measure("host_uptime", .seconds)
    /// A file or device to swap to, by its name; its size and what is used of it.
    package static let swapArea = Measure("swap_area", .text)
    package static let swapAreaSize = Measure("swap_area_size", .bytes)
    package static let swapAreaUsed = Measure("swap_area_used", .bytes)

    // Pressure stall information: Linux v6.6, Documentation/accounting/psi.rst.
    package static let pressureSome10 = Measure("pressure_some_avg10", .percent)
    package static let pressureSome60 = Measure("pressure_some_avg60", .percent)
    package static let pressureFull10 = Measure("pressure_full_avg10", .percent)
    package static let pressureFull60 = Measure("pressure_full_avg60", .percent)
}
