// SPDX-License-Identifier: Apache-2.0

internal import Model

// MARK: - Refused forks

extension InstanceTracker {
    mutating func takeRefusal(_ event: Event) {
        switch event.kind {
        case .fork_failed: forkFailed(event)
        case .fork_failed_reported: reportSeen(event)
        default: followUp(event)
        }
    }

    /// Without its trigger line an RDB fork may have been for anything: the next line may tell.
    private mutating func forkFailed(_ event: Event) {
        let written = event.operation ?? .unknown
        guard written == .bgsave, triggerNear(event) == nil else {
            let target = triggerNear(event)?["target"] ?? "disk"
            forkRefused(event, purpose(of: event, written: written), writesFile: target == "disk")
            return
        }
        held = .fork(event)
    }

    mutating func forkRefused(_ event: Event, _ operation: Operation, writesFile: Bool) {
        open(.fork_failure, event)
        if let report = platformReport { draft?.observe(report) }
        platformReport = nil
        noteTrigger(event, operation)
        draft?.add(
            event, severity: .failure, text: TimelineText.refusedFork(operation, event),
            sources: sources, operation: operation)
        draft?.countRefusedFork(operation, event.errno ?? .UNKNOWN, at: event.at)
        draft?.isFollowUpOnly = false
        countAttempt(operation, event, writesFile: writesFile)
        refusal = Refusal(event: event, operation: operation)
        lastFollowUp = nil
        trigger = nil
        syncIsActive = false
        syncFailureIsCounted = true
    }

    private mutating func countAttempt(_ operation: Operation, _ event: Event, writesFile: Bool) {
        switch operation {
        case .bgsave, .full_sync:
            guard writesFile else { return }
            count(saved: false)
            noteWritesRefused(event, byFork: true)
        case .aof_rewrite:
            tally.rewrites.note(succeeded: false)
            total.rewrites.note(succeeded: false)
        default: break
        }
    }

    private mutating func noteTrigger(_ event: Event, _ operation: Operation) {
        guard let trigger = triggerNear(event) else { return }
        if let changes = trigger.int("changes") {
            draft?.set {
                $0.persistence.changesSinceLastSave = max(
                    $0.persistence.changesSinceLastSave ?? 0, changes)
            }
        }
        guard operation == .full_sync, draft?.incident.failures.total == 0 else { return }
        let evidence = Evidence(
            .for, "the master began a full synchronisation", quote: trigger.line, at: trigger.at,
            source: trigger.reference(sources))
        let asking = replicasAsking(before: event)
        draft?.set {
            $0.trigger = Trigger(
                statement: asking.count > 1
                    ? "\(counted(asking.count, "replica")) had asked for a full synchronisation "
                        + "within a minute."
                    : "A replica had asked for a full synchronisation.",
                at: trigger.at,
                evidence: (asking.count > 1
                    ? asking.map {
                        Evidence(
                            .for, "a replica asked", quote: $0.line, at: $0.at,
                            source: $0.reference(sources))
                    } : []) + [evidence])
        }
    }

    /// Requests of replicas in the minute before, one each, in time order.
    private func replicasAsking(before event: Event) -> [Event] {
        syncRequests.sorted { $0.key < $1.key }.map(\.value)
            .filter { event.seconds(after: $0).map { (0...60).contains($0) } ?? false }
            .sorted { ($0.at?.nanoseconds ?? 0) < ($1.at?.nanoseconds ?? 0) }
    }

    /// Remembers who asked for a full synchronisation last, for a few replicas.
    /// Replicas of which is remembered when they asked last.
    static let rememberedRequests = 16

    mutating func noteSyncRequest(_ event: Event) {
        switch event.kind {
        case .sync_requested, .full_resync_requested: break
        default: return
        }
        guard let replica = event["replica"] else { return }
        syncRequests[replica] = event
        guard syncRequests.count > Self.rememberedRequests else { return }
        let oldest = syncRequests.min {
            ($0.value.at?.nanoseconds ?? 0, $0.key) < ($1.value.at?.nanoseconds ?? 0, $1.key)
        }
        if let oldest { syncRequests[oldest.key] = nil }
    }

    /// With save points and `stop-writes-on-bgsave-error` (default yes, redis 2.6 and later) a
    /// server whose last save to disk failed refuses writes. A refused fork counts as one from
    /// redis 2.6.16 on.
    mutating func noteWritesRefused(_ event: Event, byFork: Bool) {
        guard savePoints != nil, !isReplica else { return }
        let version = ServerVersion(instance.version)
        if let version, version < ServerVersion(2, 6, byFork ? 16 : 0) { return }
        draft?.refusal.begin(.save, at: event.at)
    }
}

// MARK: - Reports outside of servers' logs

extension InstanceTracker {
    private mutating func reportSeen(_ event: Event) {
        guard event.isFromWindowsPort else {
            reported(event)
            return
        }
        // The classic line for the same refusal may stand before the port's own.
        if let refusal, event.isWithin(2, after: refusal.event),
            event.maySharePID(with: refusal.event)
        {
            draft?.observe(event)
            return
        }
        held = .report(event)
    }

    mutating func reported(_ event: Event) {
        open(.fork_failure, event)
        draft?.set { $0.failures.reported += 1 }
        draft?.add(
            event, severity: .failure,
            text: event.isFromWindowsPort
                ? "the Windows port could not fork"
                : "a refused fork is reported, not by a server's own line",
            sources: sources)
        draft?.fail(.operation(event.operation ?? .unknown), at: event.at)
        draft?.isFollowUpOnly = false
    }
}

// MARK: - Lines that follow from a refusal

extension InstanceTracker {
    /// `BGSAVE for replication failed` and its like: the same refusal again or, standing alone,
    /// a failure of its own.
    private mutating func followUp(_ event: Event) {
        let operation = event.operation ?? .unknown
        if isSameRefusal(event, operation) {
            if event.kind == .sync_refused { draft?.consequence("replica_loss") }
            draft?.add(
                event, severity: .failure, text: TimelineText.followUp(event), sources: sources)
            lastFollowUp = event
            return
        }
        open(.save_failure, event)
        draft?.countSaveFailure()
        draft?.add(
            event, severity: .failure, text: TimelineText.followUp(event), sources: sources,
            operation: operation)
        draft?.fail(.operation(operation), at: event.at)
        draft?.isFollowUpOnly = false
        if operation == .full_sync { draft?.consequence("replica_loss") }
        lastFollowUp = event
    }

    /// Whether a refused fork, or a line about it, stands just before.
    private func isSameRefusal(_ event: Event, _ operation: Operation) -> Bool {
        guard draft != nil else { return false }
        if let refusal, refusal.operation == operation, event.maySharePID(with: refusal.event),
            event.isWithin(Self.triggerReach, after: refusal.event)
        {
            return true
        }
        guard let before = lastFollowUp, before.kind == event.kind else { return false }
        return before.patternID != event.patternID && event.isWithin(0.5, after: before)
    }
}
