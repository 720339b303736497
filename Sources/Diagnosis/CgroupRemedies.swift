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
        let limit = use.flatMap { $0.isLimited ? $0.limit.number : nil }
        var out = Remedy(
            order: 0,
            text: "Raise the limit to \(ByteCount(bytes: wanted).description): what the server "
                + "holds, a copy of as much as changes during a save, page tables and a tenth more.",
            command: "",
            precheck: "The host has that much left for it by `free -b`.",
            expect: "The group's memory.max (limit_in_bytes) shows the new limit; the next save "
                + "ends with 'Background saving terminated with success'.",
            rollback: "", caveat: moves, permanent: true)
        set(&out, facts, (wanted + (1 << 20) - 1) >> 20, limit.map { $0 >> 20 })
        return out
    }

    /// Who keeps the server has its limit; sizes in MiB.
    private static func set(_ out: inout Remedy, _ facts: Case, _ wanted: Int64, _ old: Int64?) {
        switch facts.keeper {
        case .pod(let pod):
            out.command = whoMade(pod)
            out.expect =
                "It prints what made the pod. Set resources.limits.memory of the server's "
                + "container to \(wanted)Mi there (in its manifest or Helm values) and apply it; "
                + "then kubectl describe pod shows the new limit."
            out.rollback =
                "The command only reads; the old limit"
                + (old.map { " was \($0)Mi" } ?? " stands in the manifest") + "."
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
            out.rollback =
                old.map { "docker update --memory \($0)m --memory-swap \($0)m \(word)" }
                ?? "The limits that docker inspect showed before, with the same command."
            out.caveat += " In a compose file the same limit is set for the next container."
        case .unit, .unknown:
            let unit = facts.unitWord
            out.command = "sudo systemctl set-property \(unit) MemoryMax=\(wanted)M"
            out.precheck +=
                facts.unitNote + " In a container: docker update --memory, or the pod's "
                + "resources.limits.memory."
            out.rollback =
                old.map { "sudo systemctl set-property \(unit) MemoryMax=\($0)M" }
                ?? "The limit that systemctl show -p MemoryMax \(unit) printed before, with the "
                + "same command."
        }
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
            "Read what the group uses and may use; then raise the limit to what the server holds, a "
                + "copy of what changes during a save, and a tenth more.",
            command: FactCommands.cgroupMemory(facts.incident),
            expect: "MemoryMax is the limit to raise: by systemctl set-property, docker update "
                + "--memory, or the pod's resources.limits.memory.",
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

    /// Where the newest reading shows a higher limit than that of the kill: that it is to be kept.
    private static func raised(_ facts: Case, _ use: CgroupUse?) -> Remedy? {
        guard let use, use.isLimited,
            let newest = facts.incident.readings.all(.cgroupLimit, where: Case.isCgroup).last(
                where: { ($0.subject.path ?? "") == use.path && $0.at != nil }),
            newest.number > use.limit.number
        else { return nil }
        let unit = facts.unitWord
        let worked = facts.incident.status == .recovered
        let size = newest.number == .max ? "infinity" : "\(newest.number >> 20)M"
        return Remedy(
            order: 1,
            text:
                "The limit is \(newest.number == .max ? "gone" : ByteCount(bytes: newest.number).description) "
                + "by the newest reading\(worked ? ", and saves work again" : ""). Keep it over a "
                + "restart.",
            command: "sudo systemctl set-property \(unit) MemoryMax=\(size)",
            precheck:
                "In systemctl show -p MemoryMax \(unit) it may stand already.\(facts.unitNote) In a "
                + "container it is docker update --memory, or the pod's resources.limits.memory.",
            expect: "After the next restart the group's limit is still the higher one.",
            rollback: "sudo systemctl set-property \(unit) MemoryMax=\(use.limit.number >> 20)M",
            caveat: "That old value is the one that failed.", permanent: true)
    }

    /// What the server held, the share of it that a save copied (all of it where that is not
    /// known), page tables of a child and a tenth.
    static func wantedLimit(_ facts: Case) -> Int64? {
        guard
            let held =
                (facts.before(.cgroupUsage, where: Case.isCgroup) ?? facts.held)?.number
        else { return nil }
        let copied = facts.incident.readings.all(.lastSaveCopied, where: Case.isServer)
            .map(\.number).max()
        let worst = max(copied ?? held, held / 4)
        return (held + worst + held / 512) / 10 * 11
    }
}
