// SPDX-License-Identifier: Apache-2.0
// What an outlook says beyond the figures: of kills that nothing has mended, and of missing times.

internal import Model

extension Outlook {
    /// Says of a fork that would pass what became of the last one, where no save has succeeded since
    /// an OOM killer acted.
    mutating func add(_ kill: Incident, lastSuccessAt: Timestamp?) {
        // What was killed has succeeded since, be it a save or a rewrite.
        guard wouldFork == .yes, kill.status != .recovered,
            let at = kill.lastFailureAt ?? kill.startedAt,
            lastSuccessAt.map({ $0 < at }) ?? true
        else { return }
        let held = kill.observations.filter { $0.kind == .oom_victim && $0.isServerFamily }
            .compactMap { $0.int("anon_rss_kib") }.max()
        statement +=
            " But an OOM killer took a process of the server, and no save is seen to have succeeded "
            + "since: a fork that passes may come to the same end."
        if let held {
            statement +=
                " What it took held \(ByteCount(kibibytes: Int64(held)).description) of its own."
        }
    }

    /// For figures without a time, which stand for one moment that is not known.
    var withoutTimes: Outlook {
        var out = self
        out.exhaustedAt = nil
        for i in out.evidence.indices { out.evidence[i].at = nil }
        out.statement += " The figures carry no time, and are taken for those of one moment."
        return out
    }
}

extension Readings {
    /// The readings of one input that has no times at all, as if they were of one moment.
    var asOfOneMoment: Readings? {
        guard let path = snapshots.first?.path,
            snapshots.allSatisfy({ $0.path == path && ($0.at == nil || $0.isFileTime) })
        else { return nil }
        return Readings(
            snapshots.map { placed in
                var placed = placed
                placed.at = Timestamp(nanoseconds: 0)
                placed.isFileTime = false
                return placed
            })
    }
}

extension Case {
    /// Whether a setting that lets forks pass is seen to have been made after the last one was refused:
    /// vm.overcommit_memory is 1 since, or a limit that decides is higher than before.
    func letsPass(after refused: Timestamp?) -> Bool {
        guard let refused else { return false }
        let modes = incident.readings.all(.overcommitMemory, where: Self.isHost).filter {
            $0.at != nil && !$0.placed.isFileTime
        }
        if let last = modes.last, last.number == 1, last.at.map({ $0 > refused }) ?? false {
            return true
        }
        let limits: [Measure] = [.commitLimit, .overcommitKbytes, .overcommitRatio, .swapTotal]
        return limits.contains { measure in
            let all = incident.readings.all(measure, where: Self.isHost).filter {
                $0.at != nil && !$0.placed.isFileTime
            }
            guard let before = all.last(where: { $0.at.map { $0 <= refused } ?? false }),
                let after = all.last, after.at.map({ $0 > refused }) ?? false
            else { return false }
            return after.number > before.number
        }
    }
}
