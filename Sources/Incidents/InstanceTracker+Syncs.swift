// SPDX-License-Identifier: Apache-2.0

internal import Model

// MARK: - Synchronisation, the master's side

extension InstanceTracker {
    mutating func takeSync(_ event: Event) {
        switch event.kind {
        case .sync_started:
            trigger = event
            syncIsActive = true
            resolveDroppedReplica(event)
            syncFailureIsCounted = false
        case .sync_succeeded: replicaInStep(event)
        case .partial_sync_accepted where event["side"] == "master": replicaInStep(event)
        case .sync_failed: syncFailed(event)
        case .replica_lost: replicaLost(event)
        case .output_buffer_exceeded: outputBufferExceeded(event)
        case .slot_migration_failed: show(event, .warning)
        default: takeReplicaSide(event)
        }
    }

    mutating func replicaInStep(_ event: Event) {
        if let replica = event["replica"] {
            life.replicas.insert(replica)
            draft?.stake.returned(replica)
        }
        guard event.kind == .sync_succeeded else { return }
        syncIsActive = false
        succeed(.operation(.full_sync), event, text: "a replica is synchronised again")
    }

    /// A transfer that failed. Its child's own failure is the same one.
    private mutating func syncFailed(_ event: Event) {
        guard syncIsActive, !syncFailureIsCounted else {
            show(event, .failure)
            return
        }
        syncFailureIsCounted = true
        open(.save_failure, event)
        draft?.countSaveFailure()
        draft?.consequence("replica_loss")
        draft?.add(
            event, severity: .failure, text: TimelineText.plain(event), sources: sources,
            operation: .full_sync)
        draft?.fail(.operation(.full_sync), at: event.at)
        draft?.isFollowUpOnly = false
    }

    private mutating func replicaLost(_ event: Event) {
        guard event["channel"] == nil else { return }
        if let replica = event["replica"], life.replicas.remove(replica) != nil {
            draft?.stake.lost(replica, at: event.at)
        }
        guard draft != nil else { return }
        draft?.consequence("replica_loss")
        show(event, .warning)
    }

    /// Alone no incident: only where it ends a synchronisation, or forces another one.
    private mutating func outputBufferExceeded(_ event: Event) {
        guard event.isReplicaClient else { return }
        if syncIsActive {
            dropEndsSync(event)
        } else {
            droppedReplica = event
            draft?.add(event, severity: .warning, text: TimelineText.outputBuffer, sources: sources)
        }
    }

    /// The dropped replica came back and could not go on where it was: its link had to be made
    /// anew.
    private mutating func resolveDroppedReplica(_ event: Event) {
        guard let dropped = droppedReplica else { return }
        droppedReplica = nil
        syncFailureIsCounted = false
        guard let distance = event.seconds(after: dropped), distance <= 120 else { return }
        dropEndsSync(dropped)
    }

    private mutating func dropEndsSync(_ event: Event) {
        open(.save_failure, event)
        // No child has failed: what comes of it is told as this.
        syncFailureIsCounted = true
        draft?.consequence("replica_loss")
        draft?.isFollowUpOnly = false
        draft?.add(
            event, severity: .failure, text: TimelineText.outputBuffer, sources: sources,
            operation: .full_sync)
        draft?.fail(.operation(.full_sync), at: event.at)
    }
}

extension Stake {
    mutating func lost(_ replica: String, at: Timestamp?) {
        guard replicas.contains(replica) else { return }
        if replicas.count > 1 { replicas.remove(replica) } else { replicasLostAt = at }
    }

    /// A replica that comes back is in step again.
    mutating func returned(_ replica: String) {
        guard replicas.contains(replica) else { return }
        replicasLostAt = nil
    }

    /// Whether a server on `port` was among the replicas in step.
    func holdsReplica(onPort port: Int) -> Bool {
        replicas.contains { $0.hasSuffix(":\(port)") }
    }
}

// MARK: - The replica's side

extension InstanceTracker {
    private mutating func takeReplicaSide(_ event: Event) {
        switch event.kind {
        case .replica_connecting:
            guard let master = event["master"]?.split(separator: ":").last else { return }
            masterPort = Int(master)
        case .replica_refused_by_master: refusedByMaster(event)
        case .replica_sync_failed:
            if draft?.isFollowUpOnly == true { show(event, .failure) }
        case .replica_sync_finished:
            if draft?.isFollowUpOnly == true {
                succeed(.operation(.full_sync), event, text: "synchronised with the master again")
            }
            if draft?.isFollowUpOnly == true {
                succeed(.clientWrites, event, text: "synchronised with the master again")
            }
        case .master_lost: show(event, .warning)
        case .replication_error:
            if event["reason"]?.isMisconf == true { showRefusedByReplica(event) }
        default: break
        }
    }

    /// What a replica sees of its master's failure. It is an incident only where the master's own
    /// log is not there to tell, and only where the master's words tell of a failed save.
    private mutating func refusedByMaster(_ event: Event) {
        let reason = event["reason"] ?? ""
        guard reason.isFailedSave || reason.isMisconf else {
            if draft?.isFollowUpOnly == true { show(event, .failure) }
            return
        }
        if draft != nil, draft?.isFollowUpOnly == false {
            show(event, .failure)
            return
        }
        open(reason.isFailedSave ? .save_failure : .write_refusal, event)
        draft?.isFollowUpOnly = true
        draft?.masterPort = masterPort
        show(event, .failure)
        if reason.isFailedSave {
            draft?.countSaveFailure()
            draft?.fail(.operation(.full_sync), at: event.at)
        } else {
            draft?.fail(.clientWrites, at: event.at)
        }
    }

    /// A replica whose last save failed cannot take its master's writes.
    private mutating func showRefusedByReplica(_ event: Event) {
        open(.write_refusal, event)
        draft?.consequence("write_refusal")
        draft?.isFollowUpOnly = false
        show(event, .failure)
        draft?.fail(.clientWrites, at: event.at)
        draft?.refusal.begin(.seen, at: event.at)
    }
}

extension String {
    /// Replies to a replica whose synchronisation a refused fork or a failed child has ended.
    fileprivate var isFailedSave: Bool {
        ["BGSAVE failed", "Unable to perform background save"].contains { contains($0) }
    }

    fileprivate var isMisconf: Bool { contains("MISCONF") }
}

extension Event {
    /// Whether the client of the line is a replica: its flags hold an S.
    var isReplicaClient: Bool {
        if let flags = self["flags"] { return flags.contains("S") }
        let fields = (self["client"] ?? "").split(separator: " ")
        return fields.contains { $0.hasPrefix("flags=") && $0.contains("S") }
    }
}
