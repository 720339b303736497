// SPDX-License-Identifier: Apache-2.0
// Before Linux 5.2: one mapping larger than what is free, cached or could be reclaimed.

internal import Model

extension OvercommitHeuristicRefusal {
    /// What the old rule lets pass: free memory, page cache without shared memory, free swap and
    /// reclaimable slab (Linux v4.19, mm/util.c, `__vm_enough_memory`). The kernel's reserves come
    /// off it.
    private struct Room {
        var terms: [Quantity]
        var bytes: Int64
        /// What of it was not read, so that the sum is a lower bound.
        var missing: [String]
        /// When it was read: free memory moves from one second to the next.
        var moment: Moment
    }

    private enum Moment { case before, after }

    static func old(_ facts: Case, isZero: Bool) -> Finding {
        let room = room(facts)
        let (least, most) = mapping(facts)
        guard let room, let size = least ?? most else {
            return finding(
                .possible, isZero ? .medium : .low,
                "Heuristic accounting (vm.overcommit_memory=0) may have refused one mapping larger "
                    + "than free memory, page cache and free swap together.")
        }
        var out = judged(facts, room, least, most, isZero: isZero)
        out.arithmetic =
            [facts.quantity("need", size)] + room.terms
            + [
                facts.quantity(
                    room.missing.isEmpty ? "limit" : "limit, at least", bytes: room.bytes,
                    room.missing.isEmpty
                        ? "their sum; the kernel's own reserves come off it"
                        : "their sum, without what was not read: "
                            + room.missing.joined(separator: ", "))
            ]
        return out
    }

    private static func judged(
        _ facts: Case, _ room: Room, _ least: Measured?, _ most: Measured?, isZero: Bool
    ) -> Finding {
        if let least, least.number > room.bytes, room.missing.isEmpty {
            let isAccounted = facts.heapIsAccounted == .yes || !facts.heapIsSeldomAccounted
            let isLikely = isZero && isAccounted
            return finding(
                isLikely ? .likely : .possible, room.moment == .before ? .medium : .low,
                isLikely
                    ? "Heuristic accounting (vm.overcommit_memory=0) before Linux 5.2 refuses one "
                        + "mapping larger than what is free or could be freed: the server's heap "
                        + "(\(spoken(least.number))) was larger than that "
                        + "(\(spoken(room.bytes)))."
                    : "Heuristic accounting (vm.overcommit_memory=0) before Linux 5.2 refuses one "
                        + "mapping larger than what is free or could be freed, which the server's "
                        + "heap may have been.")
        }
        // Reserves (min_free_kbytes, lowmem_reserve_ratio, admin_reserve_kbytes) seldom take more
        // than a sixteenth of what is there.
        let sure = room.bytes - room.bytes / 16
        if room.moment == .before, let most, most.number < sure {
            return finding(
                .ruled_out, .medium,
                "What was free or could be freed (\(spoken(room.bytes))) was more than all that the "
                    + "server can have in one mapping (\(spoken(most.number))).",
                evidence: [facts.cite(most, .against, "an upper bound of every mapping")])
        }
        if room.moment == .before, let least, least.number < sure / 2 {
            return finding(
                .ruled_out, .low,
                "What was free or could be freed (\(spoken(room.bytes))) was more than twice what "
                    + "the server held (\(spoken(least.number))).",
                evidence: [facts.cite(least, .against, "resident memory of the server")])
        }
        return finding(
            .possible, .low,
            "Heuristic accounting (vm.overcommit_memory=0) may have refused one large mapping. What "
                + "was free or could be freed was \(room.missing.isEmpty ? "" : "at least ")"
                + "\(spoken(room.bytes))"
                + (least.map { ", and the server held \(spoken($0.number))" } ?? "")
                + ": how large its largest mapping was is not known.")
    }

    /// The server's largest mapping: at least and at most.
    private static func mapping(_ facts: Case) -> (least: Measured?, most: Measured?) {
        let flagged = facts.nearest(.accountedLargest, where: Case.isServerProcess)
        if let flagged, !facts.isOutgrown(flagged) { return (flagged, flagged) }
        let least =
            facts.resident() ?? facts.nearest(.vmRSS, where: Case.isServerProcess)
            ?? facts.nearest(.usedMemoryRSS, where: Case.isServer)
        return (least, facts.processSize(.vmData) ?? facts.processSize(.vmSize))
    }

    /// From one reading of the host: terms of different moments make no sum.
    private static func room(_ facts: Case) -> Room? {
        let all = facts.incident.readings.all(.memFree, where: Case.isHost).filter {
            $0.at != nil && !$0.placed.isFileTime
        }
        guard let start = facts.start, let end = facts.end, facts.clockConflict == nil else {
            return nil
        }
        let before = all.last {
            guard let at = $0.at else { return false }
            return at <= start && start.seconds(since: at) <= 120
        }
        let after = all.first {
            guard let at = $0.at, facts.stillRefused(at: at) else { return false }
            return at.seconds(since: end) <= 60
        }
        if let before { return sum(facts, before.placed, free: before, .before) }
        return after.flatMap { sum(facts, $0.placed, free: $0, .after) }
    }

    /// `Buffers`, `Cached` and `SwapCached` less `Shmem`; of free(1) `buff/cache`, which holds the
    /// reclaimable slab as well since procps-ng 3.3.10, less `shared`.
    private static func sum(
        _ facts: Case, _ placed: PlacedSnapshot, free: Measured, _ moment: Moment
    ) -> Room? {
        func read(_ measure: Measure) -> Int64? { placed.snapshot[measure] }
        var terms = [facts.quantity("free", free)]
        var missing: [String] = []
        var bytes = free.number
        func add(_ name: String, _ value: Int64?, _ source: String) {
            guard let value else {
                missing.append(name)
                return
            }
            bytes += value
            terms.append(facts.quantity(name, bytes: value, source))
        }
        let shared = read(.shmem)
        if let cached = read(.cached) {
            let cache = cached + (read(.buffers) ?? 0) + (read(.swapCached) ?? 0)
            add(
                "page cache", shared.map { max(0, cache - $0) },
                "Buffers, Cached and SwapCached less Shmem")
            add("reclaimable slab", read(.slabReclaimable), "SReclaimable")
        } else {
            let both = read(.buffersAndCached)
            add(
                "page cache and reclaimable slab",
                both.flatMap { both in shared.map { max(0, both - $0) } },
                "buff/cache less shared, of free(1)")
        }
        let none = read(.swapTotal) == 0
        add("free swap", none ? 0 : read(.swapFree), "SwapFree")
        return Room(terms: terms, bytes: bytes, missing: missing, moment: moment)
    }

    private static func spoken(_ bytes: Int64) -> String { ByteCount(bytes: bytes).description }
}
