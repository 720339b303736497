// SPDX-License-Identifier: Apache-2.0
// What is set on a host and holds until it is changed.
// Source: Linux v6.6, Documentation/admin-guide/sysctl/{vm,kernel}.rst.

extension Measure {
    package static let overcommitMemory = Measure("vm.overcommit_memory", .count)
    package static let overcommitRatio = Measure("vm.overcommit_ratio", .percent)
    package static let overcommitKbytes = Measure("vm.overcommit_kbytes", .bytes)
    package static let adminReserve = Measure("vm.admin_reserve_kbytes", .bytes)
    package static let userReserve = Measure("vm.user_reserve_kbytes", .bytes)
    package static let minFree = Measure("vm.min_free_kbytes", .bytes)
    package static let swappiness = Measure("vm.swappiness", .count)
    package static let maxMapCount = Measure("vm.max_map_count", .count)
    package static let panicOnOOM = Measure("vm.panic_on_oom", .count)
    package static let pidMax = Measure("kernel.pid_max", .count)
    package static let threadsMax = Measure("kernel.threads-max", .count)
    package static let somaxconn = Measure("net.core.somaxconn", .count)
    package static let transparentHugePages = Measure("transparent_hugepage", .text)
    package static let transparentHugePagesDefrag = Measure("transparent_hugepage_defrag", .text)
    /// `uname -r`.
    package static let kernelRelease = Measure("kernel_release", .text)
    /// Arguments of the kernel's command line that change memory, cgroups or huge pages.
    package static let kernelArguments = Measure("kernel_arguments", .text)
    /// Limits that a container engine cannot set on this host: `No swap limit support`.
    package static let containerWarnings = Measure("container_warnings", .text)
    package static let hostName = Measure("host_name", .text)
    package static let processors = Measure("processors", .count)
    package static let pageSize = Measure("page_size", .bytes)
    package static let bootedAt = Measure("booted_at", .seconds)
    /// From and until when the kernel wrote nothing, where somebody asked for just that time.
    package static let kernelQuietFrom = Measure("kernel_quiet_from", .seconds)
    package static let kernelQuietUntil = Measure("kernel_quiet_until", .seconds)
    package static let architecture = Measure("architecture", .text)
    /// What an operator ran that changes something, as written.
    package static let commandRun = Measure("command_run", .text)
    /// The command cannot have done what it says: in `sudo echo 1 > file` the redirection is the
    /// calling user's.
    package static let commandIsVain = Measure("command_is_vain", .flag)
}
