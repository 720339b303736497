// SPDX-License-Identifier: Apache-2.0

internal import Model

/// The server held much more than its data needs, because its heap was fragmented.
///
/// Mechanism: pages that are partly used stay resident (redis 7.2.4, src/zmalloc.c; jemalloc's
/// allocator_active against allocator_allocated). It adds to what an OOM killer counts and, where
/// the heap is accounted, to what a fork must account. It never refuses a fork by itself: virtual
/// memory needs no contiguous pages.
/// For: mem_fragmentation_ratio above 1.5 together with hundreds of megabytes of
/// mem_fragmentation_bytes, and a kill.
/// Against: a high ratio of a small server; a ratio below 1, which says that pages are swapped out.
/// Settled by: INFO memory: allocator_frag_bytes is the part that defragmentation can mend.
/// To do: active defragmentation where the build has it; a restart after a save. MEMORY PURGE gives
/// back what is free, and mends no fragmentation.
enum Fragmentation: Cause {
    static let id = CauseID.fragmentation
    static let role = Finding.Role.contributing

    static func judge(_ facts: Case) -> Finding? {
        guard facts.isRefusedMemory || facts.isKilledForMemory,
            let ratio = facts.nearest(.fragmentationRatio, where: Case.isServer),
            ratio.real >= 1.5, let excess = excess(facts), excess.bytes >= 128 << 20
        else { return nil }
        let evidence = facts.cite(
            ratio, facts.isKilledForMemory ? .for : .against,
            "mem_fragmentation_ratio, \(facts.distance(of: ratio))")
        if facts.isRefusedMemory, facts.heapIsAccounted != .yes || facts.isStrict != true {
            return finding(
                .ruled_out, .high,
                "Fragmentation (a ratio of \(ratio.text)) does not refuse a fork: a fork needs no "
                    + "contiguous memory, and \(excess.words) more that is resident is not what "
                    + "was counted.",
                evidence: [evidence])
        }
        var out = finding(
            facts.isKilledForMemory ? .likely : .possible,
            facts.isKilledForMemory ? .medium : .low,
            facts.isKilledForMemory
                ? "\(excess.words) of what the server held was fragmentation, not data."
                : "Fragmentation refuses no fork, but \(excess.words) of the heap that the fork "
                    + "had to account held no data.",
            evidence: [evidence])
        out.arithmetic = [excess.quantity]
        out.remedies = [remedy(facts)]
        return out
    }

    /// What is resident beyond the data, by the best figure that there is.
    private static func excess(
        _ facts: Case
    ) -> (bytes: Int64, words: String, quantity: Quantity)? {
        for measure in [Measure.allocatorFragBytes, .fragmentationBytes] {
            guard let reading = facts.nearest(measure, where: Case.isServer), reading.number > 0
            else { continue }
            return (
                reading.number, facts.spoken(reading.number),
                facts.quantity("fragmentation", reading)
            )
        }
        guard let rss = facts.nearest(.usedMemoryRSS, where: Case.isServer),
            let used = facts.nearest(.usedMemory, where: Case.isServer), rss.number > used.number
        else { return nil }
        let bytes = rss.number - used.number
        return (
            bytes, facts.spoken(bytes),
            facts.quantity(
                "fragmentation", bytes: bytes,
                "used_memory_rss less used_memory, \(rss.source.spoken)")
        )
    }

    private static func remedy(_ facts: Case) -> Remedy {
        if facts.newest(.configActiveDefrag, where: Case.isServer)?.text == "yes" {
            return .reading(
                "activedefrag is on by the newest reading: see whether it keeps up.",
                command: "\(facts.client) INFO memory | grep -E "
                    + "'allocator_frag|active_defrag|mem_allocator'",
                expect: "active_defrag_running above 0, and allocator_frag_bytes falls.")
        }
        return Remedy(
            order: 1, text: "Let the server move its data together while it runs.",
            command: "\(facts.client) CONFIG SET activedefrag yes",
            precheck: "\(facts.client) INFO memory | grep -E 'allocator_frag_bytes|mem_allocator': "
                + "jemalloc, and hundreds of megabytes.",
            expect: "active_defrag_running of INFO memory is above 0, and allocator_frag_bytes "
                + "falls over minutes. A build without it refuses the command.",
            rollback: "\(facts.client) CONFIG SET activedefrag no",
            caveat: "It takes CPU from commands, and what it moves while a child runs is copied. "
                + "MEMORY PURGE only gives back pages that are free already.",
            permanent: false)
    }
}
