// SPDX-License-Identifier: Apache-2.0

internal import Model

/// What lets a fork pass that accounting refused.
enum AccountingRemedies {
    static func strict(_ facts: Case, _ charge: CommitCharge?) -> [Remedy] {
        if let done = kept(facts, failedIn: 2) { return [done] }
        if let done = keptLimit(facts, charge) { return [done] }
        var out = [modeOne(facts), modeForGood(facts, 1)]
        // Without what the fork accounts at most no limit can be computed.
        if let charge, charge.atMost != nil, wanted(charge) > limitNow(facts, charge).number {
            out += [raiseLimit(facts, charge), addSwap(facts, charge)]
        }
        if !hasRoom(facts) {
            // Without room for copy-on-write the mode is the last thing to change.
            out = Array(out.dropFirst(2)) + out.prefix(2)
        }
        return numbered(out)
    }

    static func heuristic(_ facts: Case) -> [Remedy] {
        if let done = kept(facts, failedIn: 0) { return [done] }
        return numbered([modeOne(facts), modeForGood(facts, 1)])
    }

    // MARK: - What was done

    /// Where the mode is another one by the newest reading, made after the last failure, and forks pass
    /// again or can be tried: that it is to be kept.
    private static func kept(_ facts: Case, failedIn old: Int64) -> Remedy? {
        guard let mode = facts.newest(.overcommitMemory, where: Case.isHost), let at = mode.at,
            mode.number == 1 || mode.number == 0 && old == 2
        else { return nil }
        let isOver = facts.forksWorkAgain
        guard isOver || facts.end.map({ at > $0 }) ?? false && mode.number == 1 else { return nil }
        var out = modeForGood(facts, mode.number)
        out.order = 1
        let helped = AccountingEvidence.fix(facts).contains { $0.direction == .for }
        out.text =
            "vm.overcommit_memory is \(mode.number) by the newest reading"
            + (isOver
                ? ", and \(helped ? "it helped" : "forks pass again"). Keep it over a reboot."
                : "; no fork is seen to have been tried since. "
                    + "\(facts.client) BGSAVE tries one. Keep it over a reboot.")
        return out
    }

    /// Where CommitLimit is large enough by the newest reading for what was refused, and forks pass.
    private static func keptLimit(_ facts: Case, _ charge: CommitCharge?) -> Remedy? {
        guard facts.forksWorkAgain, let charge else { return nil }
        let now = limitNow(facts, charge)
        let need = max(charge.needAtMost ?? 0, charge.needAtLeast)
        guard charge.atLeast.bytes > 0, now.number > charge.limit.number,
            now.number >= need + charge.adminReserve + charge.userReserve
        else { return nil }
        return .reading(
            "CommitLimit is \(spoken(now.number)) by the newest reading, enough for what was refused, and "
                + "forks pass again. Keep it over a reboot.",
            command: "sysctl vm.overcommit_ratio vm.overcommit_kbytes; swapon --show; grep -rs "
                + "overcommit_ /etc/sysctl.conf /etc/sysctl.d /usr/lib/sysctl.d; grep swap /etc/fstab",
            expect: "What holds now stands in a file of /etc/sysctl.d, and swap in /etc/fstab.",
            caveat: copies(facts) + "The server's growth uses the room up again.")
    }

    static func numbered(_ remedies: [Remedy]) -> [Remedy] {
        remedies.enumerated().map { i, remedy in
            var remedy = remedy
            remedy.order = i + 1
            return remedy
        }
    }

    // MARK: - The mode

    /// The mode to go back to; `nil` where none was read.
    private static func modeNow(_ facts: Case) -> Int64? {
        facts.newest(.overcommitMemory, where: Case.isHost)?.number
    }

    private static func modeOne(_ facts: Case) -> Remedy {
        Remedy(
            order: 0, text: "Let fork pass without accounting, at once and without a restart.",
            command: "sudo sysctl -w vm.overcommit_memory=1",
            precheck: (modeNow(facts) == nil
                ? "Note what sysctl vm.overcommit_memory prints. " : "")
                + "Compare with free -b: \(room(facts))",
            expect: "The next save logs 'Background saving started by pid …'; "
                + "\(FactCommands.client(facts.incident)) BGSAVE tries it now.",
            rollback: modeNow(facts).map { "sudo sysctl -w vm.overcommit_memory=\($0)" }
                ?? "The value that the check printed, with the same command.",
            caveat: risk(facts), permanent: false)
    }

    private static func modeForGood(_ facts: Case, _ mode: Int64) -> Remedy {
        // What is in force already is not to be set again.
        let now = modeNow(facts).flatMap { $0 == mode ? nil : $0 }
        let back = now.map { " && sudo sysctl -w vm.overcommit_memory=\($0)" } ?? ""
        return Remedy(
            order: 0, text: "Keep it over a reboot.",
            command: "echo 'vm.overcommit_memory = \(mode)' | sudo tee "
                + "/etc/sysctl.d/90-redis.conf && sudo sysctl --system",
            precheck: "grep -rs overcommit_memory /etc/sysctl.conf /etc/sysctl.d /run/sysctl.d "
                + "/usr/lib/sysctl.d",
            expect:
                "No other file sets it otherwise, and sysctl vm.overcommit_memory prints \(mode), "
                + "also after the next boot.",
            rollback: "sudo rm /etc/sysctl.d/90-redis.conf\(back)",
            caveat: "In a container or pod it is set on the host, and holds for all of it."
                + (mode == 0
                    ? " It still refuses one mapping that is larger than RAM and swap together."
                    : "")
                + (mode == 1 && !hasRoom(facts) ? " " + risk(facts) : ""),
            permanent: true)
    }

    /// How much copy-on-write there is room for, in words.
    private static func room(_ facts: Case) -> String {
        guard let available = facts.before(.memAvailable, where: Case.isHost),
            let held = resident(facts)
        else {
            return "available RAM and free swap must hold the pages that clients change while a "
                + "save runs."
        }
        return "available was \(spoken(available.number)) before the failure; the server held "
            + "\(spoken(held)), and a save can copy as much at worst."
    }

    private static func risk(_ facts: Case) -> String {
        let base =
            "The setting is host-wide. It does not add memory: when clients change much during a "
            + "save, the copies need RAM, and a refused fork becomes an OOM kill."
        return hasRoom(facts)
            ? base
            : base + " By the last snapshot there was not room for a copy of everything."
    }

    /// Whether RAM would hold a full copy of the server; true where figures are missing.
    static func hasRoom(_ facts: Case) -> Bool {
        guard let available = facts.before(.memAvailable, where: Case.isHost),
            let held = resident(facts)
        else { return true }
        let swap = facts.before(.swapFree, where: Case.isHost)?.number ?? 0
        return available.number + swap >= held
    }

    private static func resident(_ facts: Case) -> Int64? {
        facts.held?.number
    }

    // MARK: - The limit

    /// What the limit must be for this fork to pass, a twentieth on top.
    private static func wanted(_ charge: CommitCharge) -> Int64 {
        let need = max(charge.needAtMost ?? 0, charge.needAtLeast)
        return need / 20 * 21 + charge.adminReserve + charge.userReserve + charge.slack
    }

    private static func limitNow(_ facts: Case, _ charge: CommitCharge) -> Measured {
        let newest = facts.newest(.commitLimit, where: Case.isHost)
        guard let newest, let at = newest.at, charge.limit.at.map({ at > $0 }) ?? false else {
            return charge.limit
        }
        return newest
    }

    private static func raiseLimit(_ facts: Case, _ charge: CommitCharge) -> Remedy {
        let swap = facts.before(.swapTotal, where: Case.isHost)?.number ?? 0
        let target = max(0, wanted(charge) - swap)
        var setting = "vm.overcommit_kbytes=\(target / 1024 + 1)"
        if !((facts.newest(.overcommitKbytes)?.number ?? 0) > 0),
            let total = facts.nearest(.memTotal, where: Case.isHost)?.number,
            total > AccountingEvidence.hugePages(facts)
        {
            let base = total - AccountingEvidence.hugePages(facts)
            let ratio = (Double(target) * 100 / Double(base)).rounded(.up)
            setting = "vm.overcommit_ratio=\(Int64(clamping: ratio))"
        }
        return Remedy(
            order: 0,
            text: "Where strict accounting is policy: raise CommitLimit to "
                + "\(spoken(wanted(charge))), what this fork needed and a twentieth more.",
            command: "sudo sysctl -w \(setting)",
            precheck: "sysctl vm.overcommit_ratio vm.overcommit_kbytes",
            expect: "CommitLimit in /proc/meminfo is the new limit; the next save starts.",
            rollback: settingNow(facts, charge).map { "sudo sysctl -w \($0)" }
                ?? "That of the two values that the check printed and that is not 0, by sysctl -w.",
            caveat: copies(facts)
                + "Writing one of ratio and kbytes sets the other to 0. A ratio above 100 is "
                + "allowed. The server's growth uses the room up again. For good: the same line "
                + "in /etc/sysctl.d.",
            permanent: false)
    }

    /// The setting behind CommitLimit, where the newest words on both agree: else one of them is older,
    /// and to go back to it may take away what the host uses by now.
    private static func settingNow(_ facts: Case, _ charge: CommitCharge) -> String? {
        let limit = limitNow(facts, charge).number
        let swap = facts.newest(.swapTotal, where: Case.isHost)?.number ?? 0
        func agrees(_ base: Int64) -> Bool { abs(base + swap - limit) <= limit / 200 }
        if let kbytes = facts.newest(.overcommitKbytes)?.number, kbytes > 0 {
            return agrees(kbytes) ? "vm.overcommit_kbytes=\(kbytes / 1024)" : nil
        }
        guard let ratio = facts.newest(.overcommitRatio)?.number, ratio > 0,
            let total = facts.nearest(.memTotal, where: Case.isHost)?.number
        else { return nil }
        let base = max(0, total - AccountingEvidence.hugePages(facts)).clampedProduct(ratio) / 100
        return agrees(base) ? "vm.overcommit_ratio=\(ratio)" : nil
    }

    /// A higher limit lets the same forks pass as no limit does.
    private static func copies(_ facts: Case) -> String {
        "A limit is no memory: when clients change much during a save, the copies need RAM, and a "
            + "refused fork becomes an OOM kill. "
            + (hasRoom(facts)
                ? "" : "By the last snapshot there was not room for a copy of everything. ")
    }

    private static func addSwap(_ facts: Case, _ charge: CommitCharge) -> Remedy {
        let short = max(1 << 30, wanted(charge) - limitNow(facts, charge).number)
        let gibibytes = (short + (1 << 30) - 1) >> 30
        return Remedy(
            order: 0, text: "Or add swap, which raises CommitLimit by its size.",
            command: "sudo fallocate -l \(gibibytes)G /swapfile && sudo chmod 600 /swapfile && "
                + "sudo mkswap /swapfile && sudo swapon /swapfile",
            precheck: "Room for \(gibibytes) GiB by df -h /, on a file system that supports swap "
                + "files (btrfs and ZFS need more steps).",
            expect: "CommitLimit in /proc/meminfo is \(gibibytes) GiB higher.",
            rollback: "sudo swapoff /swapfile && sudo rm /swapfile",
            caveat: "Pages of the server that land there make it slow; vm.swappiness=1 keeps them "
                + "out as long as possible. For good: a line in /etc/fstab.",
            permanent: false)
    }

    private static func spoken(_ bytes: Int64) -> String { ByteCount(bytes: bytes).description }
}
