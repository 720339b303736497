// SPDX-License-Identifier: Apache-2.0

internal import Model

/// What lets a fork pass that accounting refused.
enum AccountingRemedies {
    static func strict(_ facts: Case, _ charge: CommitCharge?) -> [Remedy] {
        if isDone(facts) { return [kept(facts, modeOneForGood(facts, from: 2))] }
        var out = [modeOne(facts, from: 2), modeOneForGood(facts, from: 2)]
        // Without what the fork accounts at most no limit can be computed.
        if let charge, charge.atMost != nil { out += [raiseLimit(facts, charge), addSwap(charge)] }
        if !hasRoom(facts) {
            // Without room for copy-on-write the mode is the last thing to change.
            out = Array(out.dropFirst(2)) + out.prefix(2)
        }
        return numbered(out)
    }

    static func heuristic(_ facts: Case) -> [Remedy] {
        if isDone(facts) { return [kept(facts, modeOneForGood(facts, from: 0))] }
        return numbered([modeOne(facts, from: 0), modeOneForGood(facts, from: 0)])
    }

    /// Whether the mode was 1 by the newest reading: the fix is in place, as long as it lasts.
    private static func isDone(_ facts: Case) -> Bool {
        facts.incident.status == .recovered
            && facts.incident.readings.all(.overcommitMemory, where: Case.isHost)
                .last { $0.at != nil }?.number == 1
    }

    private static func kept(_ facts: Case, _ remedy: Remedy) -> Remedy {
        var out = remedy
        out.order = 1
        let helped = AccountingEvidence.fix(facts).contains { $0.direction == .for }
        out.text =
            "vm.overcommit_memory is 1 by the newest reading, and "
            + (helped ? "it helped" : "forks pass again") + ". Keep it over a reboot."
        return out
    }

    static func numbered(_ remedies: [Remedy]) -> [Remedy] {
        remedies.enumerated().map { i, remedy in
            var remedy = remedy
            remedy.order = i + 1
            return remedy
        }
    }

    // MARK: - The mode

    private static func modeOne(_ facts: Case, from old: Int) -> Remedy {
        Remedy(
            order: 0, text: "Let fork pass without accounting, at once and without a restart.",
            command: "sudo sysctl -w vm.overcommit_memory=1",
            precheck: "Compare with free -b: \(room(facts))",
            expect: "The next save logs 'Background saving started by pid …'; "
                + "\(FactCommands.client(facts.incident)) BGSAVE tries it now.",
            rollback: "sudo sysctl -w vm.overcommit_memory=\(old)",
            caveat: risk(facts), permanent: false)
    }

    private static func modeOneForGood(_ facts: Case, from old: Int) -> Remedy {
        Remedy(
            order: 0, text: "Keep it over a reboot.",
            command: "echo 'vm.overcommit_memory = 1' | sudo tee /etc/sysctl.d/90-redis.conf "
                + "&& sudo sysctl --system",
            precheck: "grep -rs overcommit_memory /etc/sysctl.conf /etc/sysctl.d /run/sysctl.d "
                + "/usr/lib/sysctl.d",
            expect:
                "No other file sets it otherwise, and sysctl vm.overcommit_memory prints 1, also "
                + "after the next boot.",
            rollback: "sudo rm /etc/sysctl.d/90-redis.conf && sudo sysctl -w "
                + "vm.overcommit_memory=\(old)",
            caveat: "In a container or pod it is set on the host, and holds for all of it."
                + (hasRoom(facts) ? "" : " " + risk(facts)),
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

    private static func raiseLimit(_ facts: Case, _ charge: CommitCharge) -> Remedy {
        let swap = facts.before(.swapTotal, where: Case.isHost)?.number ?? 0
        let target = max(0, wanted(charge) - swap)
        let command: String
        let back: String
        if let kbytes = facts.setting(.overcommitKbytes), kbytes.number > 0 {
            command = "sudo sysctl -w vm.overcommit_kbytes=\(target / 1024 + 1)"
            back = "sudo sysctl -w vm.overcommit_kbytes=\(kbytes.number / 1024)"
        } else if let total = facts.nearest(.memTotal, where: Case.isHost)?.number,
            total > AccountingEvidence.hugePages(facts)
        {
            let base = total - AccountingEvidence.hugePages(facts)
            let ratio = (Double(target) * 100 / Double(base)).rounded(.up)
            command = "sudo sysctl -w vm.overcommit_ratio=\(Int64(clamping: ratio))"
            let old = facts.setting(.overcommitRatio)?.number ?? 50
            back = "sudo sysctl -w vm.overcommit_ratio=\(old)"
        } else {
            command = "sudo sysctl -w vm.overcommit_kbytes=\(target / 1024 + 1)"
            back = "sudo sysctl -w vm.overcommit_ratio=50"
        }
        return Remedy(
            order: 0,
            text: "Where strict accounting is policy: raise CommitLimit to "
                + "\(spoken(wanted(charge))), what this fork needed and a twentieth more.",
            command: command, precheck: "sysctl vm.overcommit_ratio vm.overcommit_kbytes",
            expect: "CommitLimit in /proc/meminfo is the new limit; the next save starts.",
            rollback: back,
            caveat: copies(facts)
                + "Writing one of ratio and kbytes sets the other to 0. A ratio above 100 is "
                + "allowed. The server's growth uses the room up again. For good: the same line "
                + "in /etc/sysctl.d.",
            permanent: false)
    }

    /// A higher limit lets the same forks pass as no limit does.
    private static func copies(_ facts: Case) -> String {
        "A limit is no memory: when clients change much during a save, the copies need RAM, and a "
            + "refused fork becomes an OOM kill. "
            + (hasRoom(facts)
                ? "" : "By the last snapshot there was not room for a copy of everything. ")
    }

    private static func addSwap(_ charge: CommitCharge) -> Remedy {
        let short = max(1 << 30, wanted(charge) - charge.limit.number)
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
