// SPDX-License-Identifier: Apache-2.0

internal import Model

/// A limit that refuses allocations of a process, though not its forks, and that was met: of the
/// address space, of data, of the number of mappings, or CommitLimit in mode 2.
///
/// Source: Linux v6.6, mm/mmap.c, `may_expand_vm`, `do_mmap`; mm/util.c, `__vm_enough_memory`.
struct AllocationLimit {
    var used: Measured
    var limit: Setting
    var measure: Measure

    /// The limit that the server had met, of those that were read.
    static func met(_ facts: Case) -> AllocationLimit? {
        let process = Case.isServerProcess
        if let size = facts.nearest(.vmSize, where: process) {
            for measure in [Measure.limitAddressSpace, .limitData] {
                guard let limit = facts.setting(measure, where: process), limit.isKnown,
                    limit.number < .max
                else { continue }
                let used =
                    measure == .limitData ? facts.nearest(.vmData, where: process) ?? size : size
                guard used.number >= limit.number / 10 * 9 else { continue }
                return AllocationLimit(used: used, limit: limit, measure: measure)
            }
        }
        if let most = facts.setting(.maxMapCount), most.isKnown,
            let count = facts.nearest(.mappings, where: process),
            count.number >= most.number / 100 * 98
        {
            return AllocationLimit(used: count, limit: most, measure: .maxMapCount)
        }
        return accounting(facts)
    }

    /// CommitLimit counts in mode 2 alone; the last hundredth of it is kept back.
    private static func accounting(_ facts: Case) -> AllocationLimit? {
        guard let mode = facts.overcommitMode, mode.isKnown, mode.number == 2,
            let committed = facts.before(.committedAS, where: Case.isHost),
            let limit = facts.before(.commitLimit, where: Case.isHost),
            committed.number >= limit.number / 100 * 99
        else { return nil }
        return AllocationLimit(
            used: committed, limit: Setting(reading: limit, reach: .before), measure: .commitLimit)
    }

    /// `its address space had reached RLIMIT_AS`
    var spoken: String {
        switch measure {
        case .limitAddressSpace: "its address space had reached RLIMIT_AS"
        case .limitData: "its data had reached RLIMIT_DATA"
        case .maxMapCount: "its mappings had reached vm.max_map_count"
        default: "Committed_AS had reached CommitLimit (vm.overcommit_memory=2)"
        }
    }

    func evidence(_ facts: Case) -> [Evidence] {
        [
            facts.cite(used, .for, "in use, \(facts.distance(of: used))"),
            facts.cite(limit.reading, .for, "the limit; \(facts.reach(of: limit))"),
        ]
    }

    func arithmetic(_ facts: Case) -> [Quantity] {
        [facts.quantity("in use", used), facts.quantity("limit", limit.reading)]
    }

    func remedy(_ facts: Case) -> Remedy? {
        switch measure {
        case .maxMapCount: mappings(facts)
        case .limitAddressSpace, .limitData: lift(facts)
        default: AccountingRemedies.strict(facts, nil).first
        }
    }

    private func mappings(_ facts: Case) -> Remedy {
        let now = (facts.newest(.maxMapCount, where: Case.isHost) ?? limit.reading).number
        return Remedy(
            order: 1, text: "Allow more mappings.",
            command: "sudo sysctl -w "
                + "vm.max_map_count=\(max(now, limit.number).clampedProduct(2))",
            precheck: "wc -l of the server's maps file in /proc: near the limit.",
            expect: "The next save ends with success.",
            rollback: "sudo sysctl -w vm.max_map_count=\(now)",
            caveat: "For good: the same line in /etc/sysctl.d. A mapping count that grows without "
                + "end is a leak.",
            permanent: false)
    }

    private func lift(_ facts: Case) -> Remedy {
        let option = measure == .limitData ? "--data" : "--as"
        let unit = measure == .limitData ? "LimitDATA" : "LimitAS"
        func set(_ soft: String) -> String {
            facts.aboutProcess { "sudo prlimit --pid \($0) \(option)=\(soft):unlimited" }
        }
        return Remedy(
            order: 1, text: "Lift the limit of the running server, which its children inherit.",
            command: set("unlimited"),
            precheck: facts.aboutProcess {
                "grep -E 'address space|data size' /proc/\($0)/limits"
            },
            expect: "The next save ends with success.",
            rollback: "The two limits that the check printed, with the same command.",
            caveat: "Gone with the next restart; for good: \(unit)=infinity in the unit. A limit "
                + "on the address space is no way to bound memory: use maxmemory or a cgroup.",
            permanent: false)
    }
}
