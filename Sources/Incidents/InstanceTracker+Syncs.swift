// SPDX-License-Identifier: Apache-2.0

internal import Model

// MARK: - Synchronisation

extension InstanceTracker {
    mutating func takeSync(_ event: Event) {
        switch event.kind {
        case .sync_requested, .full_resync_requested, .sync_delayed, .sync_waiting: break
        case .sync_started:
            trigger = event
            syncIsActive = true
            resolveDroppedReplica(event)
        case .sync_succeeded:
            syncIsActive = false
            if let replica = event["replica"] { life.replicas.insert(replica) }
            succeed(.operation(.full_sync), event, text: "a replica is synchronised again")
        case .sync_failed: syncFailed(event)
        case .replica_lost: replicaLost(event)
        case .output_buffer_exceeded: outputBufferExceeded(event)
        case .replica_refused_by_master, .replica_sync_failed: replicaSide(event)
        case .replica_sync_finished:
            if draft?.isFollowUpOnly == true {
                succeed(.operation(.full_sync), event, text: "synchronised with the master again")
            }
        case .master_lost:
            draft?.add(event, severity: .warning, text: "connection to the master lost", sources: sources)
        default: break
        }
    }

    private mutating func syncFailed(_ event: Event) {
        if previous?.kind == .fork_failed || previous?.kind == .sync_refused {
            draft?.add(event, severity: .failure, text: TimelineText.plain(event), sources: sources)
            return
        }
        let wasActive = syncIsActive
        guard wasActive || draft != nil else { return }
        open(.save_failure, event)
        draft?.countSaveFailure()
        draft?.consequence("replica_loss")
        draft?.add(
            event, severity: .failure, text: TimelineText.plain(event), sources: sources,
            operation: .full_sync)
        draft?.fail(.operation(.full_sync), at: event.at)
    }

    private mutating func replicaLost(_ event: Event) {
        if let replica = event["replica"] { life.replicas.remove(replica) }
        guard draft != nil else { return }
        draft?.consequence("replica_loss")
        draft?.add(
            event, severity: .warning,
            text: "connection with replica \(event["replica"] ?? "") lost", sources: sources)
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

    /// The dropped replica came back and could not go on where it was: its link had to be made anew.
    private mutating func resolveDroppedReplica(_ event: Event) {
        guard let dropped = droppedReplica else { return }
        droppedReplica = nil
        guard let a = dropped.at, let b = event.at, b.seconds(since: a) <= 120 else { return }
        dropEndsSync(dropped)
    }

    private mutating func dropEndsSync(_ event: Event) {
        open(.save_failure, event)
        draft?.countSaveFailure()
        draft?.consequence("replica_loss")
        draft?.add(
            event, severity: .failure, text: TimelineText.outputBuffer, sources: sources,
            operation: .full_sync)
        draft?.fail(.operation(.full_sync), at: event.at)
    }

    /// What a replica sees of its master's failure. It is an incident only where the master's own
    /// log is not there to tell.
    private mutating func replicaSide(_ event: Event) {
        let isError = event.kind == .replica_refused_by_master || draft != nil
        guard isError else { return }
        let isFresh = draft == nil
        open(.save_failure, event)
        if isFresh {
            draft?.isFollowUpOnly = true
            draft?.countSaveFailure()
        }
        draft?.add(event, severity: .failure, text: TimelineText.plain(event), sources: sources)
        if draft?.isFollowUpOnly == true { draft?.fail(.operation(.full_sync), at: event.at) }
    }
}

// MARK: - Failover

extension InstanceTracker {
    mutating func takeFailover(_ event: Event) {
        guard draft != nil else { return }
        switch event.kind {
        case .sentinel_switch, .failover_finished, .role_changed: draft?.consequence("failover")
        default: break
        }
        draft?.add(event, severity: .warning, text: TimelineText.plain(event), sources: sources)
    }
}

// MARK: - Crashes and kills

extension InstanceTracker {
    mutating func takeCrash(_ event: Event) {
        let pid = event.header.pid
        if children[pid] != nil || event.header.role == .child && pid != life.pid {
            childCrash = event
            draft?.observe(event)
            return
        }
        // Raw lines of a report carry the process of the line before them.
        if childCrash?.header.pid == pid, pid != 0 { return }
        if event.kind == .crash_report_ended { return }
        if event.kind == .allocation_failed, event.header.form == .none, draft == nil { return }
        open(.server_crash, event)
        draft?.consequence("server_crash")
        draft?.add(event, severity: .failure, text: TimelineText.crash(event), sources: sources)
        draft?.fail(.server, at: event.at)
        life.endedAt = event
    }

    /// What the kernel or systemd says about this server.
    mutating func takeHost(_ event: Event) {
        switch event.kind {
        case .oom_victim, .oomd_kill, .earlyoom_kill: oomKill(event)
        case .kernel_commit_refused, .pids_rejected:
            draft?.add(event, severity: .failure, text: TimelineText.plain(event), sources: sources)
        case .kernel_suppressed:
            let hidden = event.int("count") ?? 0
            draft?.set { $0.failures.hiddenAtLeast += hidden }
            draft?.observe(event)
        default:
            draft?.add(event, severity: .warning, text: TimelineText.plain(event), sources: sources)
        }
    }

    private mutating func oomKill(_ event: Event) {
        open(.oom_kill, event)
        draft?.set { $0.failures.oomKills += 1 }
        draft?.consequence("oom_kill")
        let pid = event.int("pid").map { Int32(clamping: $0) } ?? 0
        let child = children[pid]
        draft?.add(
            event, severity: .failure,
            text: TimelineText.oomKill(event, child: child?.operation), sources: sources)
        if let child {
            draft?.fail(.operation(child.operation), at: event.at)
        } else {
            draft?.fail(.server, at: event.at)
            life.endedAt = event
        }
    }
}

extension Event {
    /// Whether the client of a CLIENT LIST line is a replica: its flags hold an S.
    var isReplicaClient: Bool {
        guard let client = self["client"] ?? Optional(line), let flags = client.firstRange(of: "flags=")
        else { return false }
        return client[flags...].prefix { $0 != " " }.contains("S")
    }
}

extension String {
    /// The index behind the first occurrence of `text`.
    func firstRange(of text: String) -> String.Index? {
        var i = startIndex
        while i < endIndex {
            if self[i...].hasPrefix(text) { return index(i, offsetBy: text.count) }
            i = index(after: i)
        }
        return nil
    }
}
