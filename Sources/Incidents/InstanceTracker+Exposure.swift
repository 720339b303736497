// SPDX-License-Identifier: Apache-2.0

internal import Model

// MARK: - What was at stake

extension InstanceTracker {
    /// Notes, when an incident opens, what the data rests on at that moment.
    func exposureAtStart(_ open: inout IncidentDraft) {
        let save = lastSave?.at
        open.set { $0.persistence.lastSuccessAt = save }
    }

    /// With save points and `stop-writes-on-bgsave-error` (default yes, redis 2.6 and later) a
    /// server whose last save to disk failed refuses writes. No server logs the refusal itself.
    /// Not so on 2.6.13 – 2.6.15, which do not record a refused fork as a failed save.
    mutating func noteWritesRefused(_ event: Event) {
        guard life.savePointEvidence != nil else { return }
        if let version = instance.version, ["2.6.13", "2.6.14", "2.6.15"].contains(version) { return }
        if instance.version?.hasPrefix("2.4") == true { return }
        let at = event.at
        draft?.set {
            guard $0.persistence.writesRefused == nil else { return }
            $0.persistence.writesRefused = .init(
                from: at, until: nil,
                inferred: "save points are configured, and stop-writes-on-bgsave-error is on unless it was changed; the server does not log refused writes")
        }
    }

    /// Settles exposure when an incident closes.
    func finishPersistence(_ open: inout IncidentDraft) {
        let recovered = open.incident.recoveredAt
        let tally = saves
        open.set { incident in
            incident.persistence.saves = tally
            if incident.persistence.writesRefused != nil {
                incident.persistence.writesRefused?.until = recovered
            }
            if incident.persistence.exposure == .lost { return }
            settle(&incident)
        }
    }

    private func settle(_ incident: inout Incident) {
        let failing = Set(incident.failures.byOperation.keys)
        let onlySync = !failing.isEmpty && failing.isSubset(of: [.full_sync, .slot_migration, .script, .module_fork])
        let last = incident.persistence.lastSuccessAt
        if onlySync {
            incident.persistence.exposure = .none
            incident.persistence.statement =
                "No save of this server failed: what failed was for replicas, which went without a copy."
            return
        }
        if let aof = life.aofEvidence, incident.kind != .write_refusal {
            incident.persistence.exposure = .aof_covers
            incident.persistence.statement =
                "An append-only file is in use (\(aof.reference(sources)?.spoken ?? "seen in the log")): it holds the changes that no RDB file does, as long as writing to it works."
            return
        }
        if let replica = life.replicas.min() {
            incident.persistence.exposure = .replica_covers
            incident.persistence.statement =
                "A replica (\(replica)) was synchronised and not lost since: it may hold what no file on this host does."
            return
        }
        if incident.kind == .write_refusal || !incident.startSeen && last == nil {
            incident.persistence.exposure = .unknown
            incident.persistence.statement =
                "The log does not show whether an append-only file or a replica covers the changes since the last save."
            return
        }
        expose(&incident, last: last)
    }

    private func expose(_ incident: inout Incident, last: Timestamp?) {
        incident.persistence.exposure = .exposed
        incident.persistence.exposedFrom = last ?? incident.startedAt
        incident.persistence.exposedUntil = incident.recoveredAt
        let since = last.map { "since the last successful save at \(CivilTime(timestamp: $0).spoken) UTC" }
            ?? "since the start of the log, which shows no successful save"
        let sure = incident.startSeen
            ? "The log shows no append-only file and no replica"
            : "As far as the log goes there is no append-only file and no replica"
        incident.persistence.statement =
            incident.status == .recovered
            ? "\(sure): until the recovery, changes \(since) stood in memory only."
            : "\(sure): changes \(since) stand in memory only and are lost if the process ends."
    }

    // MARK: - After the end of a process

    /// The process of an open incident has ended: what it had not saved is gone, unless the next
    /// one reads it back from an append-only file.
    mutating func noteEndOfLife(_ before: ServerLife, wasKilled: Bool, next: Event) {
        guard var open = draft else { return }
        let endedAt = before.endedAt?.at ?? lastLineOf(before) ?? next.at
        if before.lastFinalSave != nil, lastSave.map({ $0.at ?? .init(seconds: 0) >= before.lastFinalSave?.at ?? .init(seconds: 0) }) == true {
            return
        }
        guard before.aofEvidence == nil, before.isReady else { return }
        let failing = Set(open.incident.failures.byOperation.keys)
        let dataAtStake = failing.contains(.bgsave) || failing.contains(.aof_rewrite)
            || open.incident.kind == .server_crash || open.incident.kind == .oom_kill
            || open.incident.kind == .save_failure
        guard dataAtStake else { return }
        let from = lastSave?.at
        open.set {
            $0.persistence.exposure = .lost
            $0.persistence.lost = .init(
                from: from, to: endedAt,
                basis: wasKilled
                    ? "the process ended without a final save; the log shows no append-only file"
                    : "the process was shut down without a successful final save; the log shows no append-only file")
            $0.persistence.statement = from == nil
                ? "The process ended while no save of it had succeeded in the log: what it held in memory was lost, unless a replica held it."
                : "The process ended while its last successful save lay back: changes since then were lost, unless a replica held them."
        }
        open.consequence("data_loss")
        draft = open
    }

    private func lastLineOf(_ life: ServerLife) -> Timestamp? { previous?.at ?? life.started?.at }

    /// What the next process reads back says what was really lost.
    mutating func finishLoss() {
        guard let loaded = life.loadedFrom, draft?.incident.persistence.exposure == .lost else { return }
        if life.aofEvidence != nil {
            draft?.set {
                $0.persistence.exposure = .aof_covers
                $0.persistence.lost = nil
                $0.persistence.statement =
                    "After the restart the data was loaded from the append-only file: at most what was not yet flushed to it was lost."
            }
            return
        }
        guard let age = life.loadedAge?.double("age_seconds"), let at = life.loadedAge?.at ?? loaded.at
        else { return }
        let savedAt = at.adding(seconds: -age)
        draft?.set {
            $0.persistence.lost?.from = savedAt
            $0.persistence.lost?.basis =
                "after the restart an RDB file was loaded that was \(Int(age)) s old; the log shows no append-only file"
        }
    }
}

extension CivilTime {
    /// `2026-11-22 12:01:38`
    var spoken: String { "\(date) \(clockToSecond)" }
}
