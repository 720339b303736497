// SPDX-License-Identifier: Apache-2.0
// What contributing factors ask: what was short, what the server held, what a save copied.

internal import Model

extension Case {
    /// Whether a fork was refused with ENOMEM, and that is what the incident is about.
    var isRefusedMemory: Bool {
        incident.kind == .fork_failure && !refusals(.ENOMEM).isEmpty
    }

    /// Whether the OOM killer, or a daemon in its place, took a process of the server: by its own
    /// line or by a counter that rose. After a refused fork a kill is a consequence.
    var isKilledForMemory: Bool {
        guard incident.kind != .fork_failure else { return false }
        return !oomVictims.isEmpty || killCounter != nil
    }

    /// The counter of OOM kills that rose over the incident, with signal 9 to a child or a server
    /// that was gone without a word.
    private var killCounter: Measured? {
        (kills(9) + vanished).isEmpty ? nil : countedKills?.to
    }

    /// Whether a kill was for a cgroup's limit and not for the whole host's memory.
    var isKilledByCgroup: Bool {
        oomVictims.isEmpty
            ? killCounter != nil && metLimit != nil
            : oomVictims.contains { $0.killScope(self) == .group }
    }

    /// Whether accounting was strict when the fork was refused, as far as is known.
    var isStrict: Bool? {
        if let mode = overcommitMode {
            return mode.isKnown || mode.number == 2 ? mode.number == 2 : nil
        }
        let named = kernelRefusals.compactMap { $0.int("bytes") }.map(Int64.init).max()
        guard let named, let (ram, swap) = ramAndSwap, let swap else { return nil }
        return named < ram.number + swap.number ? true : nil
    }

    // MARK: - What the server held

    /// Resident memory of the server before the first failure.
    var held: Measured? {
        before(.vmRSS, where: Self.isServerProcess) ?? before(.usedMemoryRSS, where: Self.isServer)
            ?? before(.usedMemory, where: Self.isServer)
    }

    /// Resident memory near the first failure, before it or after.
    var heldNearby: Measured? {
        held ?? nearest(.vmRSS, where: Self.isServerProcess)
            ?? nearest(.usedMemoryRSS, where: Self.isServer)
    }

    /// The most that a child of the server is known to have copied.
    struct Copied {
        var bytes: Int64
        var evidence: Evidence
        var quantity: Quantity
        /// Read from a snapshot, not from the log.
        var isMeasured: Bool
    }

    /// By INFO, by the child's own private pages, and by the lines that children write.
    var copied: Copied? {
        let read =
            [
                (Measure.lastSaveCopied, Self.isServer), (.lastRewriteCopied, Self.isServer),
                (.currentForkCopied, Self.isServer), (.currentForkCopiedPeak, Self.isServer),
                (.privateDirty, Self.isChildProcess),
            ]
            .flatMap { measure, accepts in incident.readings.all(measure, where: accepts) }
            .max { $0.number < $1.number }
        let line = events(.copy_on_write).max {
            $0.copiedMebibytes ?? 0 < $1.copiedMebibytes ?? 0
        }
        let written = line?.copiedMebibytes.map { ByteCount(mebibytes: Int64($0)).bytes } ?? 0
        if let read, read.number > 0, read.number >= written {
            return Copied(
                bytes: read.number,
                evidence: cite(read, .for, "copied by a child, \(distance(of: read))"),
                quantity: quantity("copied by a child", read), isMeasured: true)
        }
        guard let line, written > 0 else { return nil }
        let evidence = cite(line, .for, "a child says how much was copied")
        return Copied(
            bytes: written, evidence: evidence,
            quantity: quantity(
                "copied by a child", bytes: written,
                "the child's line" + (evidence.source.map { ", \($0.spoken)" } ?? "")),
            isMeasured: false)
    }

    /// Whether a child of the server was at work at the first failure.
    var childWasRunning: Bool {
        if !events(.child_started).isEmpty || !kills(9).isEmpty { return true }
        if incident.kind == .save_failure { return true }
        return before(.saveInProgress, where: Self.isServer)?.number == 1
            || before(.rewriteInProgress, where: Self.isServer)?.number == 1
            || before(.privateDirty, where: Self.isChildProcess) != nil
    }

    /// The limit that the server and its child had to share, and what it is: that of the cgroup
    /// that killed, else the host's memory.
    var room: (bytes: Int64, quantity: Quantity)? {
        if isKilledByCgroup || !isKilledForMemory, let use = cgroupUse, use.isLimited {
            return (use.limit.number, quantity("limit of the cgroup", use.limit.reading))
        }
        guard let (ram, swap) = ramAndSwap else { return nil }
        let bytes = ram.number + (swap?.number ?? 0)
        return (bytes, quantity("RAM and swap", bytes: bytes, ram.source.spoken))
    }

    func spoken(_ bytes: Int64) -> String { ByteCount(bytes: bytes).description }

    /// `37 %`
    func percent(_ part: Int64, of whole: Int64) -> String {
        guard whole > 0 else { return "0 %" }
        return "\(Int64(clamping: (Double(part) * 100 / Double(whole)).rounded())) %"
    }

    /// `redis-cli -p 6390`
    var client: String { FactCommands.client(incident) }
}

extension Remedy {
    /// A step that changes nothing.
    static func reading(
        _ text: String, command: String, expect: String, caveat: String = ""
    ) -> Remedy {
        Remedy(
            order: 1, text: text, command: command, precheck: "", expect: expect,
            rollback: "Nothing to take back: the command only reads.", caveat: caveat,
            permanent: false)
    }
}
