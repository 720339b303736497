// SPDX-License-Identifier: Apache-2.0

internal import Model

/// Saves ran side by side, or one after the other without a pause.
///
/// Claim: one server runs one child at a time (redis 7.2.4, src/server.c,
/// `hasActiveChildProcess`), but several servers of a host save at once: each child has its share
/// of accounting, and its own copied pages. A server whose saves take as long as its save points
/// are apart has a child nearly always, and copies nearly always.
/// For: children of other servers of the host that ran when the failure came; a save in progress
/// in nearly every reading; a save that takes longer than its save point's interval.
/// Against: a single server with long gaps between its saves.
/// Settled by: the logs of all servers of the host; rdb_last_bgsave_time_sec and CONFIG GET save.
/// To do: stagger the servers' saves; loosen save points to several times a save's length, knowing
/// that a crash then loses more.
enum OverlappingSaves: Cause {
    static let id = CauseID.overlapping_saves
    static let role = Finding.Role.contributing

    static func judge(_ facts: Case) -> Finding? {
        guard facts.isKilledForMemory || facts.isRefusedMemory && facts.isStrict != false else {
            return nil
        }
        let elsewhere = facts.incident.childrenElsewhere
        // A refused fork has no child of its own at the time: only other servers' count.
        let ownPace = facts.isKilledForMemory ? pace(facts) : nil
        guard !elsewhere.isEmpty || ownPace != nil else { return nil }
        var out =
            elsewhere.isEmpty
            ? finding(.likely, .medium, ownPace?.statement ?? "")
            : finding(
                .possible, .medium,
                "\(counted(elsewhere.count, "other server")) of the host had a child at work when "
                    + "it failed.")
        out.evidence =
            facts.cite(elsewhere, "a child of another server was at work")
            + (ownPace?.evidence ?? [])
        out.arithmetic = ownPace?.arithmetic ?? []
        return out
    }

    private struct Pace {
        var statement: String
        var evidence: [Evidence]
        var arithmetic: [Quantity]
    }

    private static func pace(_ facts: Case) -> Pace? {
        intervals(facts) ?? samples(facts)
    }

    /// A save that takes longer than its save points are apart.
    private static func intervals(_ facts: Case) -> Pace? {
        guard let last = facts.before(.lastSaveSeconds, where: Case.isServer), last.real >= 1,
            let save = facts.setting(.configSave, where: Case.isServer), save.isKnown,
            let shortest = shortestInterval(save.text), last.real >= Double(shortest)
        else { return nil }
        return Pace(
            statement: "A save took \(spokenDuration(seconds: last.real)), and save points are "
                + "\(spokenDuration(seconds: Double(shortest))) apart: with enough writes a child "
                + "is always at work.",
            evidence: [
                facts.cite(last, .for, "length of the last save, \(facts.distance(of: last))"),
                facts.cite(save.reading, .for, "save points: \(save.text)"),
            ], arithmetic: [facts.quantity("length of the last save", last)])
    }

    /// `900 1 300 10 60 10000`: seconds and changes in turn.
    static func shortestInterval(_ save: String) -> Int? {
        let numbers = save.split(separator: " ").map { Int($0) }
        guard !numbers.isEmpty, numbers.count.isMultiple(of: 2), !numbers.contains(nil) else {
            return nil
        }
        return numbers.enumerated().compactMap { $0.offset.isMultiple(of: 2) ? $0.element : nil }
            .filter { $0 > 0 }.min()
    }

    /// Readings before the failure that nearly all show a save in progress.
    private static func samples(_ facts: Case) -> Pace? {
        guard let start = facts.start else { return nil }
        let all = facts.incident.readings.all(.saveInProgress, where: Case.isServer).filter {
            $0.at.map { $0 <= start } ?? false && !$0.placed.isFileTime
        }
        guard let first = all.first, let last = all.last, all.count >= 10,
            let from = first.at, let to = last.at, to.seconds(since: from) >= 300
        else { return nil }
        let busy = all.count { $0.number == 1 }
        // One long save looks the same, unless some reading shows a gap.
        guard busy * 5 >= all.count * 4, busy < all.count else { return nil }
        return Pace(
            statement: "A save was in progress in \(grouped(busy)) of \(grouped(all.count)) "
                + "readings of the \(spokenDuration(seconds: to.seconds(since: from))) before.",
            evidence: [facts.cite(last, .for, "rdb_bgsave_in_progress, the last of them")],
            arithmetic: [])
    }
}
