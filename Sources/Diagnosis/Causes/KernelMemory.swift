// SPDX-License-Identifier: Apache-2.0

internal import Model

/// The kernel could not get memory for the new process itself.
///
/// Mechanism: stacks and page tables of the child need kernel memory; an order-2 stack could fail
/// on kernels without VMAP_STACK (Linux v4.8, kernel/fork.c). Rare: the OOM killer comes first.
/// For: `page allocation failure` of the server's process at the time.
/// Against: no such line in a kernel log that covers the time.
/// Settled by: the kernel log.
/// To do: free memory on the host; find what holds it.
enum KernelMemory: Cause {
    static let id = CauseID.kernel_memory
    static let answers: Set<Incident.Kind> = [.fork_failure]

    static func judge(_ facts: Case) -> Finding? {
        let refusals = facts.refusals(.ENOMEM)
        guard !refusals.isEmpty else { return nil }
        let failures = facts.events(.page_allocation_failed).filter(\.isServerFamily)
        if let line = facts.kernelRefusals.first, failures.isEmpty {
            return finding(
                .ruled_out, .high, "The kernel names accounting as what refused.",
                evidence: [facts.cite(line, .against, "an accounting refusal")])
        }
        if failures.isEmpty, let available = facts.recent(.memAvailable, where: Case.isHost),
            available.number > 1 << 30
        {
            return finding(
                .ruled_out, .medium,
                "The host had \(ByteCount(bytes: available.number).description) available, and no "
                    + "line tells of a failed page allocation.",
                evidence: [
                    facts.cite(
                        available, .against, "MemAvailable, \(facts.distance(of: available))")
                ])
        }
        return finding(
            failures.isEmpty ? .possible : .likely, failures.isEmpty ? .low : .medium,
            failures.isEmpty
                ? "The kernel itself may have been short of memory for the new process; this is rare."
                : "The kernel could not allocate pages for the new process.",
            evidence: facts.citeRefused(refusals)
                + facts.cite(failures, "the kernel could not allocate pages"),
            missing: [
                MissingFact(
                    what: "kernel lines around the failure",
                    why: "a page allocation failure leaves one",
                    command: FactCommands.kernelLines(facts.incident))
            ],
            remedies: failures.isEmpty
                ? []
                : [
                    .reading(
                        "See what held the kernel's memory, and free some before the next save.",
                        command: FactCommands.kernelLines(facts.incident)
                            + "; grep -E 'Slab|KernelStack|PageTables' /proc/meminfo; cat "
                            + "/proc/buddyinfo",
                        expect:
                            "The failed order, and which orders are left: an order above 0 fails "
                            + "by fragmentation while memory is free.")
                ])
    }
}
