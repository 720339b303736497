// SPDX-License-Identifier: Apache-2.0

internal import Model

/// While a child ran, clients changed so many pages that their copies did not fit.
///
/// Mechanism: parent and child share pages until one of them writes; the copy is charged to the
/// writer (Linux v6.6, mm/memory.c, `wp_page_copy`). At worst a save needs the server's memory a
/// second time; mostly it needs what is written meanwhile.
/// For: an OOM kill while a child ran, and a figure of what a child had copied: rdb_last_cow_size,
/// `Fork CoW for RDB`, Private_Dirty of the child.
/// Against: copies of a few per cent of what the server holds; a kill while no child ran.
/// Settled by: the figures of the child that was killed.
/// To do: leave room for the copies; save while little is written, or on a replica. It never
/// refuses a fork: the copies come afterwards.
enum CowGrowth: Cause {
    static let id = CauseID.cow_growth
    static let role = Finding.Role.contributing

    static func judge(_ facts: Case) -> Finding? {
        guard facts.isKilledForMemory, facts.childWasRunning, let copied = facts.copied else {
            return nil
        }
        let held = facts.heldNearby
        if let held, copied.bytes < held.number / 10 { return nil }
        if held == nil, copied.bytes < 64 << 20 { return nil }
        let share = held.map {
            ", \(facts.percent(copied.bytes, of: $0.number)) of what the server held"
        }
        var out = finding(
            copied.isMeasured ? .likely : .possible, copied.isMeasured ? .medium : .low,
            "A child had copied \(facts.spoken(copied.bytes))\(share ?? "") when it was read: pages "
                + "that change while it works are held twice."
                + (more(facts, copied).map {
                    " The limit had left \(facts.spoken($0)) for them, which was not enough."
                } ?? ""),
            evidence: [copied.evidence])
        out.arithmetic = arithmetic(facts, copied, held)
        if let held {
            out.evidence.append(
                facts.cite(held, .for, "held by the server, \(facts.distance(of: held))"))
            // Of a group above others have a part: what failed says nothing of the server's.
            if facts.groupAbove == nil { out.remedies = [remedy(facts, held.number, copied)] }
        }
        return out
    }

    /// What was left for copies, where it is more than was seen: less than that they cannot have been.
    private static func more(_ facts: Case, _ copied: Case.Copied) -> Int64? {
        facts.leftForCopies.flatMap { $0 > copied.bytes ? $0 : nil }
    }

    private static func arithmetic(
        _ facts: Case, _ copied: Case.Copied, _ held: Measured?
    ) -> [Quantity] {
        guard let held else { return [copied.quantity] }
        let both = held.number + copied.bytes
        var out = [
            facts.quantity("held by the server", held), copied.quantity,
            facts.quantity("both", bytes: both, "their sum"),
        ]
        if let room = facts.room { out.append(room.quantity) }
        return out
    }

    private static func remedy(_ facts: Case, _ held: Int64, _ copied: Case.Copied) -> Remedy {
        let more = more(facts, copied)
        let need = (held + (more ?? copied.bytes)) / 10 * 11
        return .reading(
            (more == nil
                ? "Plan for \(facts.spoken(need)): what the server held, the most that a child "
                    + "copied, and a tenth more."
                : "Plan for \(facts.spoken(need)) at least: the limit, which was not enough for the "
                    + "server and its child, and a tenth more.")
                + " Where that does not fit, save while little is written, or on a replica.",
            command: "\(facts.client) INFO persistence | grep cow_size",
            expect: "What the last save and the last rewrite copied; it grows with the writes "
                + "while they run.",
            caveat: "Fewer save points do not make one save copy less, and lose more at a crash; "
                + "save \"\" ends snapshots altogether.")
    }
}
