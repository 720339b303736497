// SPDX-License-Identifier: Apache-2.0

internal import Model

/// What helps a server that met the limit of its memory cgroup.
enum CgroupRemedies {
    /// A limit with room for copy-on-write, as far as it was seen, and for what the kernel charges.
    static func raiseLimit(_ facts: Case) -> [Remedy] {
        let use = facts.cgroupUse
        if let raised = raised(facts, use) { return [raised] }
        return AccountingRemedies.numbered([
            wantedLimit(facts).map { raise(facts, use, to: $0) } ?? measure(facts),
            lower(facts),
        ])
    }

    private static func raise(_ facts: Case, _ use: CgroupUse?, to wanted: Int64) -> Remedy {
        let above = facts.groupAbove
        var out = Remedy(
            order: 0,
            text: above.map {
                "Raise the limit of \($0), which is above the server's own group, to "
                    + "\(ByteCount(bytes: wanted).description): what it holds, a copy of as much as "
                    + "changes during a save, page tables and a tenth more."
            }
                ?? "Raise the limit to \(ByteCount(bytes: wanted).description): what the server "
                + "holds, a copy of as much as changes during a save, page tables and a tenth more.",
            command: "",
            precheck: "The host has that much left for it by `free -b`.",
            expect: "The group's memory.max (limit_in_bytes) shows the new limit; the next save "
                + "ends with 'Background saving terminated with success'.",
            rollback: "", caveat: moves, permanent: true)
        if above != nil {
            out.caveat +=
                " The limit holds for all that runs in the group (systemd-cgtop -m "
                + "shows what); if that grew, it is what to move or limit."
        }
        set(&out, facts, (wanted + (1 << 20) - 1) >> 20, use.flatMap { now(facts, $0) }, above)
        return out
    }

    /// The limit to go back to; `nil` where there was none.
    private static func now(_ facts: Case, _ use: CgroupUse) -> Int64? {
        let newest = facts.newest(.cgroupLimit) {
            $0.scope == .cgroup && ($0.path ?? "") == use.path
        }
        let limit = newest?.number ?? use.limit.number
        return limit < Int64.max / 2 ? limit : nil
    }

    /// `340M`, or bytes where it is no whole number of them, as systemd and docker take both.
    private static func size(_ bytes: Int64, _ mebi: String = "M", _ byte: String = "") -> String {
        bytes % (1 << 20) == 0 ? "\(bytes >> 20)\(mebi)" : "\(bytes)\(byte)"
    }

    /// Who keeps the server has its limit, or `above` has; `wanted` is in MiB.
    private static func set(
        _ out: inout Remedy, _ facts: Case, _ wanted: Int64, _ old: Int64?, _ above: String?
    ) {
        if let above, let unit = Case.unitWord(ofGroup: above) {
            return set(&out, unit, wanted, old)
        }
        switch facts.keeper {
        case .pod(let pod):
            out.command = whoMade(pod)
            out.expect =
                "It prints what made the pod. Set resources.limits.memory of the server's "
                + "container to \(wanted)Mi there (in its manifest or Helm values) and apply it; "
                + "then kubectl describe pod shows the new limit."
            out.rollback =
                "The command only reads; the old limit"
                + (old.map { " was \(size($0, "Mi"))" } ?? " stands in the manifest") + "."
            out.caveat += " Applying it replaces the pod: see first that a save has succeeded."
            out.precheck = "The pod's node has that much left (kubectl describe node)."
        case .container(let name):
            guard let word = Keeper.word(name) else {
                out.command = "docker ps | grep -iE 'redis|valkey|keydb'"
                out.expect =
                    "It prints the container's name, for docker update --memory \(wanted)m."
                out.rollback = "Nothing to take back: the command only reads."
                return
            }
            out.command = "docker update --memory \(wanted)m --memory-swap \(wanted)m \(word)"
            out.precheck +=
                " docker inspect -f '{{.HostConfig.Memory}} {{.HostConfig.MemorySwap}}' \(word) "
                + "prints the limits as they are, in bytes."
            out.rollback = "The two limits that the check printed, with the same command."
            out.caveat += " In a compose file the same limit is set for the next container."
        case .unit, .unknown:
            out.precheck += facts.unitNote + inContainers
            set(&out, facts.unitWord, wanted, old)
        }
    }

    private static let inContainers =
        " In a container: docker update --memory, or the pod's resources.limits.memory."

    private static func set(_ out: inout Remedy, _ unit: String, _ wanted: Int64, _ old: Int64?) {
        out.command = "sudo systemctl set-property \(unit) MemoryMax=\(wanted)M"
        out.rollback =
            old.map { "sudo systemctl set-property \(unit) MemoryMax=\(size($0))" }
            ?? "The limit that systemctl show -p MemoryMax \(unit) printed before, with the "
            + "same command."
    }

    /// What made a pod; where its name is not known, the pods to choose from.
    private static func whoMade(_ pod: String?) -> String {
        Keeper.word(pod).map {
            "kubectl get pod \($0) -o jsonpath='{.metadata.ownerReferences[0].kind} "
                + "{.metadata.ownerReferences[0].name}{\"\\n\"}'"
        } ?? "kubectl get pods -A | grep -iE 'redis|valkey|keydb'"
    }

    private static let moves =
        "A limit above what the host can give moves the kill to the host. vm.overcommit_memory has "
        + "no part in it."

    /// How much the server holds is not known, and so not how high the limit must be.
    private static func measure(_ facts: Case) -> Remedy {
        if case .pod(let pod) = facts.keeper {
            guard let word = Keeper.word(pod) else {
                return .reading(
                    "Find the pod; then raise its container's resources.limits.memory to what the "
                        + "server holds, a copy of what changes during a save, and a tenth more.",
                    command: whoMade(nil), expect: "The pod of the server is among them.",
                    caveat: moves)
            }
            return .reading(
                "Read what the server holds and what its saves copied; then raise the container's "
                    + "resources.limits.memory to the sum of both and a tenth more.",
                command: "kubectl exec \(word) -- \(facts.client) INFO | grep -E "
                    + "'^(used_memory_rss|used_memory_peak|rdb_last_cow_size|maxmemory):'; kubectl "
                    + "get pod \(word) -o jsonpath='{.spec.containers[*].resources}{\"\\n\"}'",
                expect:
                    "used_memory_rss and rdb_last_cow_size in bytes, and the limits as they are. "
                    + "Name the namespace (-n) and the container (-c) where kubectl asks for them.",
                caveat: moves)
        }
        return .reading(
            "Read what the group uses and may use; then raise the limit"
                + (facts.groupAbove.map { " of \($0), which is above the server's own group," }
                    ?? "")
                + " to what the server holds, a copy of what changes during a save, and a tenth more.",
            command: FactCommands.cgroupMemory(facts.incident),
            expect: "memory.max (memory.limit_in_bytes of version 1) of the group is the limit to "
                + "raise: by systemctl set-property MemoryMax=, docker update --memory, or the pod's "
                + "resources.limits.memory.",
            caveat: moves)
    }

    private static func lower(_ facts: Case) -> Remedy {
        .reading(
            "Or let the server need less: lower maxmemory by CONFIG SET, so that a save's copies fit.",
            command: "\(facts.client) CONFIG GET 'maxmemory*'; \(facts.client) INFO memory | grep "
                + "-E '^(used_memory|used_memory_rss):'",
            expect: "used_memory stays below the value that is set.",
            caveat: "With an evicting policy keys are deleted down to the value, at once; with "
                + "noeviction writes are refused above it. Decide which before you set it.")
    }

    /// Where the newest reading, made after the last failure, shows a higher limit than that of the kill:
    /// that it is to be kept.
    private static func raised(_ facts: Case, _ use: CgroupUse?) -> Remedy? {
        guard let use, use.isLimited, let end = facts.end,
            let newest = facts.newest(
                .cgroupLimit, where: { $0.scope == .cgroup && ($0.path ?? "") == use.path }),
            newest.number > use.limit.number, newest.at.map({ $0 > end }) ?? false
        else { return nil }
        let above = facts.groupAbove.flatMap(Case.unitWord)
        let unit = above ?? facts.unitWord
        let worked = facts.incident.status == .recovered
        let limit = newest.number == .max ? "infinity" : size(newest.number)
        return Remedy(
            order: 1,
            text:
                "The limit\(facts.groupAbove.map { " of \($0)" } ?? "") is "
                + (newest.number == .max ? "gone" : ByteCount(bytes: newest.number).description)
                + " by the newest reading\(worked ? ", and saves work again" : ""). Keep it over a "
                + "restart.",
            command: "sudo systemctl set-property \(unit) MemoryMax=\(limit)",
            precheck:
                "In systemctl show -p MemoryMax \(unit) it may stand already."
                + (above == nil ? facts.unitNote : "")
                + " In a container it is docker update --memory, or the pod's "
                + "resources.limits.memory.",
            expect: "After the next restart the group's limit is still the higher one.",
            rollback: "The value that systemctl show -p MemoryMax \(unit) printed before, with the "
                + "same command.",
            caveat: "\(size(use.limit.number)) is what failed.", permanent: true)
    }

    /// What the group held, the share of the server that a save copied (all of it where that is not
    /// known, and no less than the limit left to it), page tables of a child and a tenth. More than the
    /// limit that was met in any case.
    static func wantedLimit(_ facts: Case) -> Int64? {
        let use = facts.cgroupUse
        let server = facts.held
        let group = use.flatMap { use in
            facts.before(.cgroupUsage) { $0.scope == .cgroup && ($0.path ?? "") == use.path }
        }
        guard let held = (group ?? server)?.number else { return nil }
        let copied = facts.incident.readings.all(.lastSaveCopied, where: Case.isServer)
            .map(\.number).max()
        let own = min(server?.number ?? held, held)
        let missed = use.flatMap { $0.isLimited ? $0.limit.number - held : nil } ?? 0
        let worst = max(copied ?? own, own / 4, missed)
        return (held + worst + own / 512) / 10 * 11
    }
}
