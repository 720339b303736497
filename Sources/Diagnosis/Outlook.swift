// SPDX-License-Identifier: Apache-2.0

package import Model

extension Diagnosis {
    /// Whether the next fork of a server would succeed, by the newest figures in the data. `isOpen`
    /// where an incident of it was not over when the data ended; `refusedBy` are the errnos of the
    /// forks that were refused in it, and `kill` is its last incident in which an OOM killer took a
    /// process of it.
    package static func outlook(
        _ summary: InstanceSummary, _ readings: Readings, isOpen: Bool,
        refusedBy: Set<Errno> = [], lastRefusedAt: Timestamp? = nil, kill: Incident? = nil
    ) -> Outlook {
        if summary.lastEventAt == nil, let alike = readings.asOfOneMoment {
            return nextFork(
                summary, alike, isOpen: isOpen, refusedBy: refusedBy, lastRefusedAt: nil, kill: kill
            )
            .withoutTimes
        }
        var out = nextFork(
            summary, readings, isOpen: isOpen, refusedBy: refusedBy, lastRefusedAt: lastRefusedAt,
            kill: kill)
        OutlookTrends(summary, readings).fill(&out)
        return out
    }

    private static func nextFork(
        _ summary: InstanceSummary, _ readings: Readings, isOpen: Bool, refusedBy: Set<Errno>,
        lastRefusedAt: Timestamp?, kill: Incident?
    ) -> Outlook {
        var subject = Incident(kind: .fork_failure, instance: summary.instance)
        subject.readings = readings
        let newest = readings.snapshots.compactMap { $0.isFileTime ? nil : $0.at }.max()
        subject.startedAt = newest
        let facts = Case(subject, sources: [])
        var out = Outlook(
            instance: summary.instance,
            statement: isOpen
                ? "Forks were failing when the data ended. Whether the next one would succeed "
                    + "needs memory figures, which were not given."
                : "Whether the next fork would succeed needs memory figures, which were not given.",
            saves: summary.saves)
        guard !readings.isEmpty else { return out }
        out.statement =
            "The figures that were given do not say whether the next fork would succeed."
        if let newest, let last = summary.lastEventAt, last.seconds(since: newest) > 600 {
            out.statement =
                "The newest figures were read \(spokenDuration(seconds: last.seconds(since: newest))) "
                + "before the log ends: they do not say whether the next fork would succeed."
            return out
        }
        HeadRoom(facts: facts, newest: newest, lastSuccessAt: summary.lastSuccessAt).fill(&out)
        if out.wouldFork == .yes, isOpen, refusedBy.contains(.EAGAIN) {
            out.wouldFork = .unknown
            out.headroomBytes = nil
            out.statement =
                "Memory accounting would let the next fork pass, but the last ones were refused with "
                + "EAGAIN, by a limit on tasks; that it has room by now is not seen."
        }
        if out.wouldFork == .yes, isOpen, refusedBy.contains(.ENOMEM),
            !facts.letsPass(after: lastRefusedAt)
        {
            out.wouldFork = .unknown
            out.headroomBytes = nil
            out.statement =
                "By the figures the next fork would pass, but the last ones were refused with ENOMEM, and "
                + "no setting that refused them is seen to have changed since."
        }
        if let kill { out.add(kill, lastSuccessAt: summary.lastSuccessAt) }
        let paths = Set(readings.snapshots.filter { $0.tie != .own }.map(\.path))
        if let path = out.evidence.compactMap({ $0.source?.path }).first(where: paths.contains) {
            if out.wouldFork != .unknown { out.wouldFork = .unknown }
            out.statement += " That holds if \(path) is of this server's host; nothing says so."
        }
        return out
    }
}

/// The room that is left for a fork, by the newest figures.
private struct HeadRoom {
    let facts: Case
    let newest: Timestamp?
    /// The last save that worked: a limit that was read before it did not refuse it.
    let lastSuccessAt: Timestamp?

    func fill(_ out: inout Outlook) {
        if limitedTasks(&out) { return }
        guard let mode = facts.setting(.overcommitMemory, where: Case.isHost) else { return }
        out.evidence = [
            facts.cite(mode.reading, .for, "vm.overcommit_memory is \(mode.number)")
        ]
        switch mode.number {
        case 1:
            out.wouldFork = .yes
            out.statement =
                "Accounting lets the next fork pass (vm.overcommit_memory=1)." + copyRoom(&out)
        case 0: heuristic(&out)
        default: strict(&out)
        }
    }

    // MARK: - Modes

    private func strict(_ out: inout Outlook) {
        guard let charge = facts.commitCharge(at: newest) else {
            out.statement =
                "vm.overcommit_memory is 2; whether the next fork fits under CommitLimit needs "
                + "Committed_AS, CommitLimit and the server's accounted memory."
            return
        }
        out.evidence.append(facts.cite(charge.committed, .for, "Committed_AS"))
        out.evidence.append(facts.cite(charge.limit, .for, "CommitLimit"))
        let room = charge.ceiling - charge.needAtLeast
        switch charge.answer {
        case .refused:
            out.wouldFork = .no
            out.headroomBytes = room
            out.statement =
                "The next fork would be refused: it is \(charge.isExact ? "" : "at least ")"
                + "\(spoken(-room)) short under CommitLimit."
        case .fits:
            let sure = charge.ceiling - (charge.needAtMost ?? charge.needAtLeast)
            out.wouldFork = .yes
            out.headroomBytes = sure
            out.statement =
                "The next fork fits under CommitLimit, with \(spoken(sure)) to spare at least."
                + trend(&out, room: sure, by: roomAtMost)
        case .marginal:
            out.headroomBytes = room
            out.statement =
                "Whether the next fork fits under CommitLimit cannot be said: need and limit are as "
                + "good as equal, within the slack of the kernel's counters."
        case .straddles, .unknown:
            let most = charge.needAtMost.map { $0 - charge.ceiling }
            out.statement =
                "Whether the next fork fits under CommitLimit cannot be said: by the least that it "
                + "can have to account \(spoken(room)) are left, "
                + (most.map { "by the most \(spoken($0)) are missing." }
                    ?? "and what it has to account at most is not known.")
                + trend(&out, room: room, by: roomAtLeast)
        }
    }

    private func heuristic(_ out: inout Outlook) {
        let memory = facts.ramAndSwap
        let address = facts.recent(.vmSize, within: 120, where: Case.isServerProcess)
            .flatMap { facts.isOutgrown($0) ? nil : $0 }
        guard let (ram, swap) = memory, let size = address else {
            let lacking = [
                memory == nil ? "the host's RAM and swap" : nil,
                address == nil ? "the server's address space (VmSize)" : nil,
            ].compactMap(\.self).joined(separator: " and ")
            out.statement =
                "vm.overcommit_memory is 0: since Linux 5.2 it refuses only a mapping larger than "
                + "RAM and swap together. Not given: \(lacking)."
            return
        }
        let room = ram.number + (swap?.number ?? 0)
        let isModern = facts.kernelIsAtLeast(5, 2) ?? false
        guard isModern, size.number < room else {
            out.statement =
                "vm.overcommit_memory is 0, and "
                + (isModern
                    ? "the server's address space (\(spoken(size.number))) is larger than RAM and "
                        + "swap together: one mapping beyond that would be refused."
                    : "a kernel before 5.2 (or one that is not known) refuses by what is free at "
                        + "the moment.")
            return
        }
        out.evidence.append(facts.cite(size, .for, "VmSize bounds every mapping"))
        out.wouldFork = .yes
        out.headroomBytes = room - size.number
        out.statement =
            "The next fork passes: the server's whole address space is smaller than RAM and swap "
            + "together (vm.overcommit_memory=0)." + copyRoom(&out)
    }

    /// Whether a limit on tasks refuses first.
    private func limitedTasks(_ out: inout Outlook) -> Bool {
        guard let reached = TaskRoom(facts: facts, lastSuccessAt: lastSuccessAt).reached else {
            return false
        }
        out.wouldFork = .no
        out.evidence += reached.evidence
        out.statement = reached.statement
        return true
    }

    // MARK: - Room for copies, and the trend

    /// Whether RAM would hold what a save copies at worst.
    private func copyRoom(_ out: inout Outlook) -> String {
        guard let available = facts.recent(.memAvailable, within: 120, where: Case.isHost),
            let held = facts.held, let read = held.at,
            facts.start.map({ $0.seconds(since: read) <= 120 }) ?? false
        else { return "" }
        let use = facts.cgroupUse
        out.evidence.append(facts.cite(available, .for, "MemAvailable"))
        out.evidence.append(facts.cite(held, .for, "resident memory of the server"))
        let swap = facts.nearest(.swapFree, where: Case.isHost)?.number ?? 0
        var room = available.number + swap
        if let use, use.isLimited, let usage = use.usage {
            room = min(room, max(0, use.limit.number - usage.number))
            out.evidence.append(
                facts.cite(use.limit.reading, .for, "the limit of its control group"))
        }
        if room >= held.number, use == nil, facts.isOutsideMemoryCgroups == nil {
            return " The host has \(spoken(room)) available, more than a save can copy "
                + "(\(spoken(held.number))); whether a control group allows less is not known."
        }
        return room >= held.number
            ? " \(spoken(room)) are available, more than a save can copy (\(spoken(held.number)))."
            : " \(spoken(room)) are available; a save during which everything changes would copy "
                + "\(spoken(held.number)), and the OOM killer would act before that."
    }

    /// When headroom ends at the pace of the last readings, where it shrinks.
    private func trend(
        _ out: inout Outlook, room: Int64, by measure: (CommitCharge) -> Int64?
    ) -> String {
        let points = facts.incident.readings.all(.committedAS, where: Case.isHost).filter {
            $0.at != nil && !$0.placed.isFileTime
        }
        guard let first = points.first, let last = points.last, let from = first.at,
            let to = last.at, points.count >= Growth.fewest,
            OutlookTrends.goesOn(points.map { ($0.at ?? from, -Double($0.number)) }),
            let roomThen = facts.commitCharge(at: from).flatMap(measure),
            let roomNow = facts.commitCharge(at: to).flatMap(measure)
        else { return "" }
        // Committed_AS grows, and so may what the fork has to account on top.
        let pace = Double(roomThen - roomNow) / to.seconds(since: from)
        guard pace > 0 else { return "" }
        let seconds = Double(room) / pace
        guard seconds < 30 * 86_400 else { return "" }
        out.exhaustedAt = to.adding(seconds: seconds)
        return " At the pace of the last \(spokenDuration(seconds: to.seconds(since: from))) it "
            + "would be used up in \(spokenDuration(seconds: seconds)) (a straight line through "
            + "the first and the last reading)."
    }

    /// The room for a fork by the most that it can have to account, else by the least.
    private func roomAtMost(_ charge: CommitCharge) -> Int64? {
        charge.needAtMost.map { charge.ceiling - $0 } ?? roomAtLeast(charge)
    }

    private func roomAtLeast(_ charge: CommitCharge) -> Int64? {
        charge.atLeast.bytes > 0 ? charge.ceiling - charge.needAtLeast : nil
    }

    private func spoken(_ bytes: Int64) -> String { ByteCount(bytes: bytes).description }
}
