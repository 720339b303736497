// SPDX-License-Identifier: Apache-2.0

internal import Model

// MARK: - Refused forks

extension InstanceTracker {
    mutating func takeRefusal(_ event: Event) {
        switch event.kind {
        case .fork_failed: forkRefused(event)
        case .fork_failed_reported: reported(event)
        case .sync_refused, .aof_enable_failed, .slot_migration_refused: followUp(event)
        default: break
        }
    }

    private mutating func forkRefused(_ event: Event) {
        let operation = operationOfFork(event, written: event.operation ?? .unknown)
        let errno = event.errno ?? .UNKNOWN
        open(.fork_failure, event)
        if operation == .full_sync, let trigger, draft?.incident.trigger == nil {
            noteSyncTrigger(trigger)
        }
        draft?.add(
            event, severity: .failure, text: TimelineText.refusedFork(operation, event),
            sources: sources, operation: operation)
        draft?.countRefusedFork(operation, errno, at: event.at)
        draft?.isFollowUpOnly = false
        if operation == .bgsave { noteWritesRefused(event) }
        if let trigger, trigger.kind == .save_triggered {
            let least = trigger.int("changes")
            draft?.set { $0.persistence.changesSinceLastSave = least ?? $0.persistence.changesSinceLastSave }
        }
        trigger = nil
        syncIsActive = false
    }

    private mutating func noteSyncTrigger(_ trigger: Event) {
        let evidence = Evidence(
            .for, "the master began a full synchronisation", quote: trigger.line, at: trigger.at,
            source: trigger.reference(sources))
        draft?.set {
            $0.trigger = Trigger(
                statement: "A replica had asked for a full synchronisation.", at: trigger.at,
                evidence: [evidence])
        }
    }

    private mutating func reported(_ event: Event) {
        open(.fork_failure, event)
        draft?.set { $0.failures.reported += 1 }
        draft?.add(
            event, severity: .failure,
            text: "a failed fork is reported in words that no server prints", sources: sources)
        draft?.fail(.operation(event.operation ?? .unknown), at: event.at)
    }

    /// `BGSAVE for replication failed` and its like: the same refusal again, or, standing alone, a
    /// synchronisation that failed.
    private mutating func followUp(_ event: Event) {
        let isAfterRefusal = previous.map { $0.kind == .fork_failed || $0.kind == event.kind } ?? false
        if isAfterRefusal, draft != nil {
            if event.kind == .sync_refused, previous?.kind == .fork_failed,
                previous?.operation == .bgsave, let before = previous,
                operationWasBgsave(before)
            {
                draft?.reassign(from: .bgsave, to: .full_sync)
            }
            draft?.consequence(event.kind == .sync_refused ? "replica_loss" : "save_failure")
            draft?.add(event, severity: .failure, text: TimelineText.followUp(event), sources: sources)
            return
        }
        open(.save_failure, event)
        saves.failed += 1
        draft?.countSaveFailure()
        let operation: Operation =
            event.kind == .sync_refused
            ? .full_sync : event.kind == .aof_enable_failed ? .aof_rewrite : .slot_migration
        draft?.add(
            event, severity: .failure, text: TimelineText.followUp(event), sources: sources,
            operation: operation)
        draft?.fail(.operation(operation), at: event.at)
    }

    /// Whether the refusal just counted was put down as a plain save: its trigger line is missing
    /// (a filtered log), and the follow-up says what it was for.
    private func operationWasBgsave(_ refusal: Event) -> Bool {
        guard let open = draft else { return false }
        return open.failing[.operation(.bgsave)] != nil && lastTriggerWasNotASavePoint
    }

    private var lastTriggerWasNotASavePoint: Bool {
        guard let text = draft?.incident.timeline.last?.text else { return true }
        return text.contains(Operation.bgsave.spoken)
    }
}

// MARK: - Children that failed, files that could not be written

extension InstanceTracker {
    mutating func takeSaveTrouble(_ event: Event) {
        switch event.kind {
        case .operation_failed: childFailed(event)
        case .child_killed: childKilled(event)
        case .child_stopped:
            children.removeAll()
            childErrors.removeAll()
        case .rdb_write_error, .rdb_file_error, .aof_file_error: fileError(event)
        case .aof_write_error: aofWriteError(event)
        case .aof_write_recovered: succeed(.aofWrites, event, text: "writes to the AOF work again")
        case .persistence_fatal:
            open(.server_crash, event)
            draft?.consequence("server_crash")
            draft?.add(event, severity: .failure, text: "the server gives up: \(event.shortMessage)", sources: sources)
            draft?.fail(.server, at: event.at)
            life.endedAt = event
        case .writes_refused, .memory_refused: writesRefused(event)
        case .rewrite_limited, .save_cancelled:
            draft?.add(event, severity: .info, text: TimelineText.plain(event), sources: sources)
        default: break
        }
    }

    private mutating func childFailed(_ event: Event) {
        let operation = endedOperation(event)
        failSave(operation, event, text: TimelineText.childFailed(operation, because: childErrors.last))
    }

    private mutating func childKilled(_ event: Event) {
        let signal = event.int("signal") ?? 0
        let operation = endedOperation(event)
        // SIGUSR1 is how a server stops its own child; TERM comes with a shutdown of the unit.
        let isDeliberate = signal == 10 || signal == 15 && life.shutdownRequested != nil
        if isDeliberate {
            childErrors.removeAll()
            draft?.add(
                event, severity: .info, text: "child stopped by the server itself (signal \(signal))",
                sources: sources, operation: operation)
            return
        }
        failSave(operation, event, text: TimelineText.childKilled(operation, signal: signal))
    }

    private mutating func endedOperation(_ event: Event) -> Operation {
        let written = event.operation ?? .unknown
        let child = children.first { Self.family($0.value.operation) == Self.family(written) }
        guard let child else { return written }
        children[child.key] = nil
        return child.value.operation
    }

    private mutating func failSave(_ operation: Operation, _ event: Event, text: String) {
        let errors = childErrors
        childErrors.removeAll()
        childCrash = nil
        saves.failed += 1
        open(.save_failure, errors.first ?? event)
        draft?.countSaveFailure()
        for error in errors {
            draft?.add(
                error, severity: .failure, text: TimelineText.fileError(error), sources: sources,
                operation: operation)
        }
        draft?.add(event, severity: .failure, text: text, sources: sources, operation: operation)
        draft?.fail(.operation(operation), at: event.at)
        draft?.isFollowUpOnly = false
        if operation == .bgsave { noteWritesRefused(event) }
        if operation == .full_sync { draft?.consequence("replica_loss") }
    }

    /// A child's error waits for the parent's line about the child; anybody else's stands alone.
    private mutating func fileError(_ event: Event) {
        let isChild = event.header.role == .child || children[event.header.pid] != nil
        if isChild || !children.isEmpty && event.header.role == .unknown {
            childErrors.append(event)
            return
        }
        let operation: Operation = event.kind == .aof_file_error ? .aof_rewrite : .bgsave
        let isRepeat = previous.map {
            $0.kind == event.kind && $0.header.pid == event.header.pid
        } ?? false
        open(.save_failure, event)
        if !isRepeat {
            saves.failed += 1
            draft?.countSaveFailure()
        }
        draft?.add(
            event, severity: .failure, text: TimelineText.fileError(event), sources: sources,
            operation: operation)
        draft?.fail(.operation(operation), at: event.at)
    }

    /// Errors of a child whose end the log does not show.
    mutating func flushChildErrors() {
        guard let first = childErrors.first else { return }
        let operation: Operation =
            first.kind == .aof_file_error || first.line.contains("append only") ? .aof_rewrite : .bgsave
        failSave(operation, first, text: TimelineText.fileError(first))
    }

    private mutating func aofWriteError(_ event: Event) {
        if event.header.role == .child || children[event.header.pid] != nil {
            childErrors.append(event)
            return
        }
        life.aofEvidence = event
        open(.write_refusal, event)
        draft?.consequence("write_refusal")
        draft?.add(event, severity: .failure, text: TimelineText.fileError(event), sources: sources)
        draft?.fail(.aofWrites, at: event.at)
        let at = event.at
        draft?.set {
            if $0.persistence.writesRefused == nil {
                $0.persistence.writesRefused = .init(
                    from: at, until: nil,
                    inferred: "a server whose AOF write failed refuses writes until one succeeds")
            }
        }
    }

    private mutating func writesRefused(_ event: Event) {
        open(.write_refusal, event)
        draft?.consequence("write_refusal")
        draft?.add(event, severity: .failure, text: TimelineText.plain(event), sources: sources)
        draft?.fail(.clientWrites, at: event.at)
        let at = event.at
        draft?.set {
            let from = $0.persistence.writesRefused?.from ?? at
            $0.persistence.writesRefused = .init(from: from, until: nil, inferred: nil)
        }
    }
}

extension Event {
    /// The line's message for a sentence: what follows the header, cut short.
    var shortMessage: String {
        let message = line.split(separator: "# ", maxSplits: 1).last.map(String.init) ?? line
        return message.count > 160 ? String(message.prefix(160)) + "…" : message
    }
}
