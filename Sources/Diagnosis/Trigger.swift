// SPDX-License-Identifier: Apache-2.0
// What changed just before the first failure. It is not the cause: a limit was there before.

internal import Model

extension Case {
    /// The change that stands nearest before the first failure: a setting, a limit that was
    /// crossed, else what the log shows (a restart, replicas that asked).
    var trigger: Trigger? {
        changedSetting ?? crossedLimit ?? incident.trigger
    }

    /// A change counts where nothing succeeded after it.
    private static let reach = 3600.0

    // MARK: - Settings

    /// What refuses, or lets pass, this kind of failure.
    var decisiveSettings: [Measure] {
        var out: [Measure] = []
        if !refusals(.ENOMEM).isEmpty {
            out += [
                .overcommitMemory, .overcommitKbytes, .overcommitRatio, .adminReserve,
                .userReserve, .swapTotal, .cgroupLimit, .cgroupOOMKillDisabled,
            ]
        }
        if !refusals(.EAGAIN).isEmpty {
            out += [.limitProcesses, .pidsMax, .pidMax, .threadsMax]
        }
        if isKilledForMemory { out += [.cgroupLimit, .swapTotal, .maxmemory] }
        if !events(.memory_refused).isEmpty { out += [.maxmemory, .maxmemoryPolicy] }
        if !fileErrors(.EACCES, .EPERM, .EROFS, .ENOENT, .ENOTDIR).isEmpty {
            out += [.configDirectory]
        }
        return out
    }

    private var changedSetting: Trigger? {
        decisiveSettings.compactMap(change).max {
            ($0.at?.nanoseconds ?? 0) < ($1.at?.nanoseconds ?? 0)
        }
    }

    /// The last two values of a setting that differ, the later of them before the first failure.
    private func change(of measure: Measure) -> Trigger? {
        guard let start else { return nil }
        let all = incident.readings.all(measure).filter {
            !$0.placed.isFileTime
                && ($0.at.map { $0 <= start } ?? false)
        }
        // Several processes and groups may have one each.
        let subjects = Dictionary(grouping: all) {
            "\($0.subject.scope) \($0.subject.pid ?? 0) \($0.subject.path ?? "")"
        }
        return subjects.sorted { $0.key < $1.key }.compactMap { change(among: $0.value, start) }
            .max { ($0.at?.nanoseconds ?? 0) < ($1.at?.nanoseconds ?? 0) }
    }

    private func change(among readings: [Measured], _ start: Timestamp) -> Trigger? {
        let index = readings.indices.reversed().first {
            $0 == 0
                ? readings[$0].placed.snapshot.isChange
                : readings[$0].text != readings[$0 - 1].text
        }
        guard let index, isTightened(readings, at: index), let at = readings[index].at,
            start.seconds(since: at) <= Self.reach,
            incident.persistence.lastSuccessAt.map({ $0 <= at }) ?? true
        else { return nil }
        let after = readings[index]
        let before = index > 0 ? readings[index - 1] : nil
        let name = after.measure.name
        if after.placed.snapshot.isChange {
            return Trigger(
                statement: "\(name) had been set to \(spoken(after)) "
                    + "\(Self.distance(at, from: start))"
                    + (before.map { "; it was \(spoken($0)) before" } ?? "") + ".",
                at: at, evidence: [cite(after, .for, "the command that set it")])
        }
        guard let before, let from = before.at else { return nil }
        return Trigger(
            statement: "\(name) had changed from \(spoken(before)) to \(spoken(after)) between "
                + "\(spokenDuration(seconds: start.seconds(since: from))) and "
                + "\(spokenDuration(seconds: start.seconds(since: at))) before the first failure.",
            at: at,
            evidence: [before, after].map { reading in
                // The statement speaks of it: no limit is no number.
                var evidence = cite(
                    reading, .for,
                    "\(name) \(reading.at == from ? "before" : "after"): \(spoken(reading))")
                (evidence.value, evidence.unit) = (nil, nil)
                return evidence
            })
    }

    /// Whether a change can bring the failure about: a limit that is raised refuses nothing.
    private func isTightened(_ readings: [Measured], at index: Int) -> Bool {
        let after = readings[index]
        let before = index > 0 ? readings[index - 1].number : nil
        switch after.measure {
        case .overcommitMemory: return after.number != 1
        case .adminReserve, .userReserve, .cgroupOOMKillDisabled:
            return before.map { after.number > $0 } ?? true
        // What the server may hold is bounded by it, and what is left for others.
        case .maxmemory where isKilledForMemory:
            return before.map { after.number == 0 || $0 > 0 && after.number > $0 } ?? true
        case .maxmemory:
            return before.map { after.number > 0 && ($0 == 0 || after.number < $0) } ?? true
        case .maxmemoryPolicy, .configDirectory: return true
        // The one is set to 0 where the other is set.
        case .overcommitKbytes where after.number == 0, .overcommitRatio where after.number == 0:
            return false
        case .overcommitKbytes: return before.map { $0 == 0 || after.number < $0 } ?? true
        case .overcommitRatio: return before.map { $0 == 0 || after.number < $0 } ?? true
        default: return before.map { after.number < $0 } ?? true
        }
    }

    private func spoken(_ reading: Measured) -> String {
        if reading.measure.unit != .text, reading.number == .max { return "unlimited" }
        return reading.measure.unit == .bytes ? spoken(reading.number) : reading.text
    }

    // MARK: - Limits that were crossed

    /// Between which readings the room for a fork was used up.
    private var crossedLimit: Trigger? {
        guard isRefusedMemory, isStrict == true, let (before, after) = commitCrossing else {
            return nil
        }
        let grew = after.charge.needAtLeast - before.charge.needAtLeast
        let fell = before.charge.ceiling - after.charge.ceiling
        let share = Double(before.room) / Double(before.room - after.room)
        let at = before.at.adding(seconds: after.at.seconds(since: before.at) * share)
        let what =
            fell > grew
            ? "CommitLimit had come down by \(spoken(fell))"
            : "What a fork needed had grown by \(spoken(grew))"
        return Trigger(
            statement: "\(what) between two readings "
                + "\(spokenDuration(seconds: after.at.seconds(since: before.at))) apart, and the "
                + "room for a fork was used up between them (the moment is interpolated).",
            at: at,
            evidence: [
                cite(
                    before.charge.committed, .for,
                    "Committed_AS with \(spoken(before.room)) of room for a fork"),
                cite(
                    after.charge.committed, .for,
                    "Committed_AS, \(spoken(-after.room)) short for a fork"),
            ])
    }
}
