// SPDX-License-Identifier: Apache-2.0

internal import Model

/// Judges what was at stake in an incident: whether anything was exposed, and for how long.
///
/// A failed save exposes only what nothing else holds: a healthy append-only file or a replica in
/// step covers it. What was really lost follows from what the next process read back.
struct Exposure {
    let incident: Incident
    let failed: Set<FailingPart>
    let stake: Stake
    let loss: LossRecord
    let savedAgainAt: Timestamp?
    /// How the process that last ran ended, if it did.
    let end: ServerLife.End?
    /// Whether all of it is a replica's view of its master.
    let isFollowUp: Bool
    let sources: [String]

    struct Ruling {
        var exposure: Persistence.Exposure
        var statement: String
        var from: Timestamp?
        var until: Timestamp?
        var lost: Persistence.Span?
        /// When the log told of the file that `aof_covers` rests on, where it is not that a later
        /// process read it.
        var fileToldAt: Timestamp?
    }

    var ruling: Ruling {
        if isFollowUp { return mastersToTell }
        if let lost = afterLoss { return lost }
        if isOnlyForOthers { return none }
        if stake.role == .replica {
            return Ruling(
                exposure: .replica_covers,
                statement: "The server is itself a replica: its master holds the data.")
        }
        if let covered = coveredByFile ?? coveredByReplica { return covered }
        return open
    }

    // MARK: - After the end of a process

    private var afterLoss: Ruling? {
        if let span = loss.span ?? spanOfFinalEnd {
            if heldByReplica { return takenOver }
            return Ruling(exposure: .lost, statement: lossStatement(span), lost: span)
        }
        if let event = loss.passedOver {
            return Ruling(
                exposure: .aof_covers,
                statement:
                    "An append-only file was in use (\(place(event))), but the process after it did "
                    + "not read it back: what is missing should be in that file, of which a copy "
                    + "should be kept.")
        }
        if let saved = loss.savedAtEnd, loss.pending == nil, end != nil, failed == [.server] {
            return Ruling(
                exposure: .none,
                statement: "The server saved its data before it ended (\(place(saved))).")
        }
        guard let readBack = loss.readBack else { return endedUncovered }
        return Ruling(
            exposure: .aof_covers,
            statement:
                "After the restart the data was read back from the append-only file "
                + "(\(place(readBack))): at most what had not reached it was lost."
        )
    }

    /// The server is gone for good and nothing covered it.
    private var spanOfFinalEnd: Persistence.Span? {
        guard let pending = loss.pending, end != nil, case .off = pending.aof, !pending.isReplica
        else { return nil }
        return Persistence.Span(from: pending.lastSave, to: pending.to, basis: pending.basis)
    }

    private var endedUncovered: Ruling? {
        guard let pending = loss.pending, end != nil, !pending.isReplica else { return nil }
        if heldByReplica { return takenOver }
        if case .on(let event) = pending.aof {
            return Ruling(
                exposure: .aof_covers,
                statement:
                    "The process is gone. An append-only file was in use (\(place(event))): at "
                    + "most what had not reached it is lost.",
                fileToldAt: event.at)
        }
        return Ruling(
            exposure: .unknown,
            statement:
                "The process is gone, and nothing after it tells what was read back: what it had "
                + "not saved is lost unless an append-only file or a replica held it."
        )
    }

    /// In step when the failures began, and not lost but to become the master.
    private var heldByReplica: Bool {
        !stake.replicas.isEmpty && (stake.tookOver || stake.replicasLostAt == nil)
    }

    private var takenOver: Ruling {
        let names = stake.replicas.sorted().joined(separator: ", ")
        return Ruling(
            exposure: .replica_covers,
            statement: stake.tookOver
                ? "A replica (\(names)) was in step when the failures began and took over as "
                    + "master: it may lack the last moments before."
                : "A replica (\(names)) was in step until the process ended: it may hold what "
                    + "the process had not saved."
        )
    }

    private func lossStatement(_ span: Persistence.Span) -> String {
        guard let from = span.from else {
            if loss.span == nil {
                return
                    "The process is gone, and the log shows no save of it: what it held in "
                    + "memory is lost, unless a replica holds it."
            }
            return
                "The process ended without a save that the next one could read back: what it "
                + "held in memory was lost, unless a replica held it."
        }
        return
            "The process ended, and its last save was of \(from.spokenUTC): changes since then "
            + "were lost, unless a replica held them."
    }

    private var mastersToTell: Ruling {
        Ruling(
            exposure: .unknown,
            statement:
                "This replica went without a current copy. What its master's data rested on its "
                + "master's log tells."
        )
    }

    // MARK: - While it runs

    private static let forOthers: Set<FailingPart> = [
        .operation(.full_sync), .operation(.slot_migration), .operation(.module_fork),
        .operation(.script),
    ]

    private var isOnlyForOthers: Bool { !failed.isEmpty && failed.isSubset(of: Self.forOthers) }

    private var none: Ruling {
        Ruling(
            exposure: .none,
            statement: failed == [.operation(.full_sync)]
                ? "What failed was for replicas, which went without a current copy; no save for "
                    + "the server's own sake failed."
                : "No save for the server's own sake failed.")
    }

    private var coveredByFile: Ruling? {
        guard case .on(let event) = stake.aof, !failed.contains(.aofWrites) else { return nil }
        return Ruling(
            exposure: .aof_covers,
            statement:
                "An append-only file is in use (\(place(event))): it holds the changes that no "
                + "RDB file does, as long as writing to it works.",
            fileToldAt: event.at)
    }

    private var coveredByReplica: Ruling? {
        guard heldByReplica else { return nil }
        if stake.tookOver { return takenOver }
        let names = stake.replicas.sorted().joined(separator: ", ")
        return Ruling(
            exposure: .replica_covers,
            statement:
                "A replica (\(names)) was in step when the failures began and is not seen to be "
                + "lost: it may hold what no file on this host does."
        )
    }

    private var open: Ruling {
        if failed.isSubset(of: [.server]), isSavedAtEnd {
            return Ruling(
                exposure: .none,
                statement: "The process saved its data and then ended in good order.")
        }
        if failed.contains(.aofWrites) { return unwritten }
        if failed.isSubset(of: [.clientWrites]) { return unknown }
        if failed == [.operation(.aof_rewrite)], !isKnownUncovered { return rewriteOnly }
        if !stake.startIsSeen, !isKnownUncovered { return unknown }
        if case .perhaps = stake.aof { return unknown }
        return exposed
    }

    private var isKnownUncovered: Bool {
        switch stake.aof {
        case .off, .switchingOn: true
        case .unknown, .perhaps, .on: false
        }
    }

    /// A shutdown that saves and exits in one go.
    private var isSavedAtEnd: Bool {
        guard let end, !end.isCrash, let at = end.event.at,
            let saved = savedAgainAt ?? incident.persistence.lastSuccessAt
        else { return false }
        return saved <= at && at.seconds(since: saved) < 2
    }

    private var unknown: Ruling {
        let last = stake.lastSave.map { " at \($0.spokenUTC)" } ?? ""
        return Ruling(
            exposure: .unknown,
            statement:
                "The log does not show whether an append-only file or a replica covers the "
                + "changes since the last save\(last)."
        )
    }

    private var rewriteOnly: Ruling {
        Ruling(
            exposure: .unknown,
            statement:
                "Only rewrites failed: an append-only file goes on growing and holding all "
                + "changes, if one is in use, which the log does not show."
        )
    }

    private var unwritten: Ruling {
        let until = incident.recoveredAt
        return Ruling(
            exposure: .exposed,
            statement: until == nil
                ? "What the append-only file could not take stands in memory only; the server "
                    + "refuses further writes until it can write again."
                : "Until the recovery, what the append-only file could not take stood in memory "
                    + "only; the server refuses further writes meanwhile.",
            from: incident.startedAt, until: until)
    }

    private var exposed: Ruling {
        let from = stake.lastSave ?? stake.startedAt ?? incident.startedAt
        let until = [savedAgainAt, stake.coveredFrom, incident.recoveredAt].compactMap(\.self).min()
        return Ruling(
            exposure: .exposed, statement: exposedStatement(until), from: from, until: until)
    }

    private func exposedStatement(_ until: Timestamp?) -> String {
        var grounds =
            isKnownUncovered
            ? "No append-only file held the data, and the log shows no replica that did"
            : "The log shows no sign of an append-only file or of a replica"
        if let lost = stake.replicasLostAt { grounds += " after \(lost.spokenUTC)" }
        guard let until else {
            return "\(grounds): \(changes) stand in memory only and are lost if the process ends."
        }
        return "\(grounds): until \(until.spokenUTC), \(changes) stood in memory only."
    }

    private var changes: String {
        if let last = stake.lastSave { return "changes since the last save at \(last.spokenUTC)" }
        if let started = stake.startedAt {
            return "all changes since the process started at \(started.spokenUTC)"
        }
        return "changes since the last save, which is not in the log,"
    }

    private func place(_ event: Event) -> String {
        event.reference(sources)?.spoken ?? "seen in the log"
    }
}
