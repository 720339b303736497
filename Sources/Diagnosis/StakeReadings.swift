// SPDX-License-Identifier: Apache-2.0
// What was at stake, with what the server said of itself in INFO and CONFIG GET.

internal import Model

extension Case {
    /// The persistence of the incident: what the log tells, corrected by readings of the server.
    ///
    /// A reading before the first failure holds for it. One that was taken only later tells of its
    /// own time, and is used while the incident is not over.
    var persistence: Persistence {
        var out = incident.persistence
        out.writesRefused = refusal(out.writesRefused ?? refusalBySavePoints)
        if incident.status == .ended, isNewerThanLog, let file = current(.aofEnabled),
            file.number == 0
        {
            out.exposure = .unknown
            out.statement =
                "The process is gone, and its append-only file was off (aof_enabled 0"
                + "\(readWhen(file))): what it had not saved is lost unless a replica held it."
            return out
        }
        guard isOpenToReadings, let ruling = ruling(out) else { return out }
        out.exposure = ruling.exposure
        out.statement = ruling.statement
        guard ruling.exposure == .exposed else {
            (out.exposedFrom, out.exposedUntil) = (nil, nil)
            return out
        }
        out.exposedUntil = out.exposedUntil ?? incident.recoveredAt
        out.exposedFrom = lastSave(out) ?? out.exposedFrom ?? incident.startedAt
        if out.lastSuccessAt == nil { out.lastSaveByInfo = lastSave(out) }
        return out
    }

    /// Whether the log left open, or took on no more than silence, what covers the data of a
    /// server that runs on.
    private var isOpenToReadings: Bool {
        ([.exposed, .unknown].contains(incident.persistence.exposure) || isNewerThanLog)
            && ([.fork_failure, .save_failure].contains(incident.kind) || isRefusedForSaves)
            && incident.status != .ended && incident.instance.role != .replica
            && incident.vanished.isEmpty
            && events(.aof_write_error, .replica_refused_by_master).isEmpty
    }

    /// Whether INFO tells of the append-only file, on which the log alone rests, after the log does:
    /// CONFIG SET turns it off without a word.
    private var isNewerThanLog: Bool {
        guard let told = incident.persistence.fileToldAt, let read = current(.aofEnabled)?.at else {
            return false
        }
        return read >= told
    }

    /// Whether clients were refused writes for a failed save of which nothing else tells.
    private var isRefusedForSaves: Bool {
        incident.kind == .write_refusal
            && events(.writes_refused).contains { $0.operation == .bgsave }
            && events(.writes_refused).allSatisfy { $0.operation == .bgsave }
    }

    private struct Ruling {
        var exposure: Persistence.Exposure
        var statement: String
    }

    private func ruling(_ persistence: Persistence) -> Ruling? {
        if let role = current(.serverRole), role.text != "master" { return nil }
        let file = current(.aofEnabled)
        if let file, file.number == 1 { return coveredByFile(file) }
        let replicas = current(.connectedReplicas)
        if let replicas, replicas.number > 0 { return coveredByReplica(replicas) }
        guard let file, file.number == 0 else { return nil }
        guard !isRewriteOnly else { return isNewerThanLog ? rewriteOnly(file) : nil }
        return Ruling(
            exposure: .exposed, statement: exposedStatement(persistence, file, replicas))
    }

    private func rewriteOnly(_ file: Measured) -> Ruling {
        Ruling(
            exposure: .unknown,
            statement:
                "Only rewrites failed, and the append-only file was off (aof_enabled 0"
                + "\(readWhen(file))): what covers the changes since the last save is not known.")
    }

    /// A rewrite by command, where no save failed.
    private var isRewriteOnly: Bool {
        incident.failures.saveFailures == 0
            && Set(incident.failures.byOperation.keys) == [.aof_rewrite]
    }

    /// The reading of `measure` that tells of the failure, or of the open incident after it.
    private func current(_ measure: Measure) -> Measured? {
        guard let setting = setting(measure, where: Self.isServer) else { return nil }
        let isOpen = incident.status == .ongoing_at_end
        let tellsOfNow =
            isOpen && (setting.reach == .after || setting.reach == .undated && start == nil)
        return setting.isKnown || tellsOfNow ? setting.reading : nil
    }

    // MARK: - What covers the data

    private func coveredByFile(_ reading: Measured) -> Ruling? {
        let snapshot = reading.placed.snapshot
        let when = readWhen(reading)
        if snapshot.text(.lastAOFWriteStatus) == "err" {
            return Ruling(
                exposure: incident.persistence.exposure == .unknown ? .unknown : .exposed,
                statement:
                    "An append-only file is in use (aof_enabled 1\(when)), but writing to "
                    + "it had failed (aof_last_write_status err): it lacks the changes since.")
        }
        guard holdsTheData(upTo: reading) else {
            return Ruling(
                exposure: .unknown,
                statement:
                    "An append-only file is on (aof_enabled 1\(when)), but its rewrite "
                    + "runs or has failed: one that has only been turned on holds nothing before "
                    + "its first rewrite succeeds.")
        }
        let status = snapshot.text(.lastAOFWriteStatus).map { ", aof_last_write_status \($0)" }
        return Ruling(
            exposure: .aof_covers,
            statement:
                "An append-only file is in use (aof_enabled 1\(status ?? "")\(when)): it "
                + "holds the changes that no RDB file does, as long as writing to it works.")
    }

    /// Whether a reading up to `reading` shows a file that is not still waiting for its first
    /// rewrite: INFO says `aof_enabled:1` of that one as well (redis 7.2.4, src/server.c,
    /// `genRedisInfoString`: any state but `AOF_OFF`).
    private func holdsTheData(upTo reading: Measured) -> Bool {
        incident.readings.all(.aofEnabled, where: Self.isServer).contains { earlier in
            let snapshot = earlier.placed.snapshot
            guard earlier.number == 1, let at = earlier.at, let end = reading.at, at <= end else {
                return false
            }
            return snapshot.text(.lastRewriteStatus) != "err"
                && (snapshot[.rewriteInProgress] ?? 0) == 0
                && (snapshot[.rewriteScheduled] ?? 0) == 0
        }
    }

    /// A replica tells each second how far it is; one that has told nothing for longer than this is not
    /// in step (redis 7.2.4, src/config.c, min-replicas-max-lag).
    private static let lagReach: Int64 = 10

    private func coveredByReplica(_ reading: Measured) -> Ruling {
        let when = readWhen(reading)
        let values = reading.placed.snapshot.values
        // What a replica's line says of its lag follows its state.
        let lags = values.indices.filter {
            values[$0].measure == .replicaState && values[$0].quantity == .text("online")
        }.map { i -> Int64? in
            guard values.indices.contains(i + 1), values[i + 1].measure == .replicaLag,
                case .whole(let seconds) = values[i + 1].quantity
            else { return nil }
            return seconds
        }
        let inStep = lags.count { $0.map { $0 <= Self.lagReach } ?? true }
        if inStep > 0 {
            return Ruling(
                exposure: .replica_covers,
                statement:
                    "\(counted(inStep, "replica")) \(inStep == 1 ? "was" : "were") in step "
                    + "(state=online\(when)): it may hold what no file on this host does.")
        }
        let behind = lags.compactMap(\.self).min().map {
            ": the nearest had told nothing for \(spokenDuration(seconds: Double($0))) (lag=\($0))"
        }
        return Ruling(
            exposure: .unknown,
            statement:
                "\(counted(Int(clamping: reading.number), "replica")) "
                + "\(reading.number == 1 ? "was" : "were") connected\(when); none is shown to be in "
                + "step\(behind ?? "").")
    }

    // MARK: - What nothing covers

    private func exposedStatement(
        _ persistence: Persistence, _ file: Measured, _ replicas: Measured?
    ) -> String {
        var text = "No append-only file held the data (aof_enabled 0\(readWhen(file)))"
        text +=
            replicas == nil
            ? ", and the log shows no replica that did" : ", and no replica was connected"
        let unsaved = start == nil ? file.placed.snapshot[.changesSinceSave] : nil
        let changes =
            (unsaved.map { counted(Int(clamping: $0), "change") } ?? "changes")
            + (lastSave(persistence).map {
                " since the last save, or the start, at \(FactCommands.spoken($0))"
            } ?? " since the last save, which is not in the log,")
        guard let until = persistence.exposedUntil ?? incident.recoveredAt else {
            return "\(text): \(changes) stand in memory only and are lost if the process ends."
        }
        return "\(text): until \(FactCommands.spoken(until)), \(changes) stood in memory only."
    }

    /// `, read 1.9 s before the first failure`; nothing where no time is known.
    private func readWhen(_ reading: Measured) -> String {
        reading.at == nil || start == nil ? "" : ", read \(distance(of: reading))"
    }

    /// The last save before the first failure, as the log or INFO has it. Until the first one
    /// `rdb_last_save_time` is when the server started (redis 7.2.4, src/server.c, `initServer`).
    private func lastSave(_ persistence: Persistence) -> Timestamp? {
        let told = incident.readings.all(.lastSaveTime, where: Self.isServer)
            .filter { $0.number > 0 && (start == nil || $0.at != nil && !$0.placed.isFileTime) }
            .map { Timestamp(nanoseconds: 0).adding(seconds: Double($0.number)) }
            .filter { time in start.map { time <= $0 } ?? true }
        return (told + [persistence.lastSuccessAt].compactMap(\.self)).max()
    }

    // MARK: - Writes

    /// Refused writes where no line of the log shows save points, but CONFIG or redis.conf does: from
    /// the first save to disk that failed on, up to the one that worked.
    private var refusalBySavePoints: Persistence.Refusal? {
        guard let start, isOnlyAboutSaves, incident.instance.role != .replica,
            incident.vanished.isEmpty, !incident.consequences.contains("restart"),
            incident.status != .ended,
            let points = setting(.configSave, where: Self.isServer), points.isKnown,
            !points.text.isEmpty, points.text != "\"\""
        else { return nil }
        return Persistence.Refusal(
            from: start, until: incident.recoveredAt,
            inferred: "save points are configured (save \(points.text), read "
                + "\(distance(of: points.reading))), and stop-writes-on-bgsave-error is on unless "
                + "it was changed; the server does not log refused writes",
            restsOnStopWrites: true)
    }

    /// Whether all that failed were saves to disk: a refused fork counts as one from redis 2.6.16
    /// on, and so does a child that failed.
    private var isOnlyAboutSaves: Bool {
        switch incident.kind {
        case .fork_failure:
            guard incident.failures.byOperation.keys.allSatisfy({ $0 == .bgsave }) else {
                return false
            }
            return (incident.failures.total ?? 0) > 0 && !isBefore(2, 6, 16)
        case .save_failure:
            let failed = events(.operation_failed, .child_killed)
            return !failed.isEmpty && failed.allSatisfy { $0.operation == .bgsave }
                && incident.failures.byOperation.isEmpty && incident.failures.total != nil
        case .oom_kill, .write_refusal, .server_crash: return false
        }
    }

    /// Whether the server is known to be older than a release.
    private func isBefore(_ major: Int, _ minor: Int, _ patch: Int) -> Bool {
        let parts = (incident.instance.version ?? "").split(separator: ".").compactMap { Int($0) }
        guard parts.count == 3 else { return false }
        return (parts[0], parts[1], parts[2]) < (major, minor, patch)
    }

    /// The stretch of refused writes, where it rests on stop-writes-on-bgsave-error, held against
    /// what that was.
    private func refusal(_ before: Persistence.Refusal?) -> Persistence.Refusal? {
        guard var out = before, out.restsOnStopWrites, let start, let end else { return before }
        let told = incident.readings.all(.configStopWrites)
        // redis.conf has no time of its own.
        if !told.isEmpty,
            told.allSatisfy({ $0.text == "no" && ($0.at == nil || $0.placed.isFileTime) })
        {
            return nil
        }
        if let setting = setting(.configStopWrites), setting.isKnown {
            if setting.text == "no" {
                guard let later = setting.changedLater?.at, later <= end else { return nil }
                out.from = later
            }
            out.inferred =
                "save points are configured and stop-writes-on-bgsave-error is yes; the server "
                + "does not log refused writes"
        }
        let no = incident.readings.all(.configStopWrites).first {
            $0.text == "no" && !$0.placed.isFileTime && ($0.at.map { $0 > start } ?? false)
        }
        guard let no, let at = no.at, at > out.from ?? start, out.until.map({ at < $0 }) ?? true
        else { return out }
        out.until = at
        let verb = no.placed.snapshot.isChange ? "set to" : "read as"
        out.inferred =
            "save points are configured; stop-writes-on-bgsave-error was \(verb) no "
            + "\(distance(of: no)), and is on before unless it was changed; the server does not "
            + "log refused writes"
        return out
    }
}
