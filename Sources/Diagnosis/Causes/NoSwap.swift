// SPDX-License-Identifier: Apache-2.0

internal import Model

/// The host had no swap, where swap would have helped.
///
/// Claim: swap raises CommitLimit by its whole size, used or not (Linux v6.6, mm/util.c,
/// `vm_commit_limit`), it counts in the heuristic of mode 0, and it takes pages that are seldom
/// used while a save copies others. Its absence refuses nothing and kills nothing by itself.
/// For: SwapTotal of zero, with strict accounting that refused or a host that ran out of memory.
/// Against: a limit of a cgroup, of tasks or of a disk, which swap does not change.
/// Settled by: SwapTotal of /proc/meminfo.
/// To do: add swap where accounting must stay strict; else there are better ways.
enum NoSwap: Cause {
    static let id = CauseID.no_swap
    static let role = Finding.Role.contributing

    static func judge(_ facts: Case) -> Finding? {
        guard let swap = facts.nearest(.swapTotal, where: Case.isHost), swap.number == 0 else {
            return nil
        }
        let evidence = [facts.cite(swap, .for, "SwapTotal is zero, \(facts.distance(of: swap))")]
        if facts.isRefusedMemory, facts.isStrict == true {
            return finding(
                .likely, .medium,
                "The host had no swap; under strict accounting swap raises CommitLimit by its "
                    + "size, even if it is never used.",
                evidence: evidence)
        }
        guard facts.isKilledForMemory, !facts.isKilledByCgroup,
            !facts.oomVictims.contains(where: { $0.killScope(facts) == .unknown })
        else { return nil }
        var out = finding(
            .possible, .medium,
            "The host had no swap that could have taken seldom used pages while a save copied "
                + "others.",
            evidence: evidence)
        out.remedies = [remedy(facts)].compactMap(\.self)
        return out
    }

    private static func remedy(_ facts: Case) -> Remedy? {
        guard let need = facts.copied?.bytes ?? facts.heldNearby.map({ $0.number / 4 }) else {
            return nil
        }
        let gibibytes = max(1, (need + (1 << 30) - 1) >> 30)
        let source =
            facts.copied != nil
            ? "what a child was seen to copy" : "a quarter of what the server held"
        return Remedy(
            order: 1, text: "Swap of \(gibibytes) GiB would take \(source).",
            command: "sudo fallocate -l \(gibibytes)G /swapfile && sudo chmod 600 /swapfile && "
                + "sudo mkswap /swapfile && sudo swapon /swapfile && sudo sysctl -w "
                + "vm.swappiness=1",
            precheck: "df -h /: room for \(gibibytes) GiB; sysctl vm.swappiness: the value to go "
                + "back to.",
            expect: "free shows the swap; vmstat 5 shows so and si near zero in everyday work.",
            rollback: "sudo swapoff /swapfile && sudo rm /swapfile",
            caveat: "A server whose pages are swapped out answers slowly. It buys time for a save, "
                + "and no room for growth. For good: a line in /etc/fstab.",
            permanent: false)
    }
}
