// SPDX-License-Identifier: Apache-2.0

internal import Model

/// What helps a server whose user may have no more tasks (RLIMIT_NPROC).
enum ProcessLimitRemedies {
    /// `old` is the limit that refused, where it was read.
    static func raise(_ facts: Case, _ old: Measured?) -> [Remedy] {
        let keep = keep(facts, old)
        if facts.forksWorkAgain, facts.incident.status != .ended {
            // Forks work again: what is left is to keep it so.
            return AccountingRemedies.numbered([
                keep.with(text: "Forks work again. Keep the limit high over a restart.")
            ])
        }
        guard facts.incident.status != .ended else { return AccountingRemedies.numbered([keep]) }
        // What the limit is comes before any change of it.
        let first = old == nil ? [look(facts)] : []
        let now = raiseNow(facts, old)
        return AccountingRemedies.numbered(
            first + (facts.hasRestarted ? [keep, now] : [now, keep]))
    }

    private static func look(_ facts: Case) -> Remedy {
        .reading(
            "Read the limit that the server has now: at the failures it is not known.",
            command: facts.aboutProcess { "grep 'Max processes' /proc/\($0)/limits" },
            expect: "A soft limit below the number of the user's tasks is what refused.")
    }

    private static func raiseNow(_ facts: Case, _ old: Measured?) -> Remedy {
        let soft = wanted(facts, old)
        let hard = max(soft, highest(facts, .limitProcessesHard))
        return Remedy(
            order: 0, text: "Raise the limit of the running server, without a restart.",
            command: set(facts, soft, hard),
            precheck: facts.aboutProcess { "grep 'Max processes' /proc/\($0)/limits" }
                + "; ps -eLo user= | sort | uniq -c | sort -rn | head",
            expect: "The new limit stands where the check read the old one; the next save starts.",
            rollback: old.map { set(facts, $0.number, oldHard($0)) }
                ?? "The two limits that the check printed, with the same command.",
            caveat: "Gone with the next restart.", permanent: false)
    }

    private static func keep(_ facts: Case, _ old: Measured?) -> Remedy {
        let unit = facts.unitWord
        let limit = wanted(facts, old)
        let file = facts.dropIn("nproc", "LimitNPROC=\(limit == .max ? "infinity" : "\(limit)")")
        return Remedy(
            order: 0, text: "Set the limit for good, from the next start of the unit on.",
            command: file.set,
            precheck: "systemctl show -p LimitNPROC \(unit)\(facts.unitNote.isEmpty ? "" : ".")"
                + facts.unitNote,
            expect: "systemctl show -p LimitNPROC \(unit) prints the new limit, and after the next "
                + "restart the limits file of the process in /proc does.",
            rollback: file.undo,
            caveat: "Where systemd does not start the server, the user's limit counts "
                + "(/etc/security/limits.conf and limits.d). Do not restart the server for it "
                + "before a save has succeeded: what no file holds would be lost. "
                + "vm.overcommit_memory has no part in it.",
            permanent: true)
    }

    private static func set(_ facts: Case, _ soft: Int64, _ hard: Int64) -> String {
        facts.aboutProcess { "sudo prlimit --pid \($0) --nproc=\(spoken(soft)):\(spoken(hard))" }
    }

    /// Several thousand, and never less than a limit that the server is known to have had. Where that is
    /// no more than what refused, or than the user has, twice as much.
    private static func wanted(_ facts: Case, _ old: Measured?) -> Int64 {
        let usual = max(4096, highest(facts, .limitProcesses))
        let tasks = facts.serverUserTasks.map(\.number).max() ?? 0
        // Which one refused is not known where it was not read: then the highest may have.
        let failed = max(old?.number ?? highest(facts, .limitProcesses), tasks)
        return usual > failed ? usual : failed.clampedProduct(2)
    }

    private static func highest(_ facts: Case, _ measure: Measure) -> Int64 {
        facts.incident.readings.all(measure, where: Case.isServerProcess).map(\.number).max() ?? 0
    }

    private static func oldHard(_ soft: Measured) -> Int64 {
        max(soft.number, soft.placed.snapshot[.limitProcessesHard] ?? soft.number)
    }

    private static func spoken(_ limit: Int64) -> String {
        limit == .max ? "unlimited" : String(limit)
    }
}

extension Remedy {
    fileprivate func with(text: String) -> Remedy {
        var out = self
        out.text = text
        return out
    }
}
