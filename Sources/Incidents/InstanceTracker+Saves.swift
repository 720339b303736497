// SPDX-License-Identifier: Apache-2.0

internal import Model

// MARK: - Save cycles that work

extension InstanceTracker {
    mutating func takeRoutine(_ event: Event) {
        switch event.kind {
        case .save_triggered:
            life.savePointEvidence = event
            trigger = event
        case .rewrite_triggered, .operation_scheduled:
            trigger = event
            if event.kind == .rewrite_triggered { life.aofEvidence = event }
        case .child_started: childStarted(event)
        case .db_saved: databaseSaved(event)
        case .operation_succeeded: operationSucceeded(event)
        case .rewrite_detail:
            if event.line.contains("incr file") || event.line.contains("base file") {
                life.aofEvidence = event
            }
        case .copy_on_write: copyOnWrite.note(event)
        default: break
        }
    }

    private mutating func childStarted(_ event: Event) {
        let operation = operationOfFork(event, written: event.operation ?? .unknown)
        if let pid = event.int("child_pid") {
            children[Int32(clamping: pid)] = Child(operation: operation, started: event)
        }
        trigger = nil
        childErrors.removeAll()
        if operation == .module_fork || operation == .slot_migration {
            succeed(.operation(operation), event, text: "\(operation.spoken) forked again")
        }
    }

    /// A child's line, or the parent's after SAVE or at shutdown: only the parent's ends anything.
    private mutating func databaseSaved(_ event: Event) {
        let isChild = event.header.role == .child || children[event.header.pid] != nil
        guard !isChild else { return }
        saves.succeeded += 1
        lastSave = event
        succeed(.operation(.bgsave), event, text: "a save in the foreground succeeded")
    }

    private mutating func operationSucceeded(_ event: Event) {
        let written = event.operation ?? .unknown
        let child = children.first { Self.family($0.value.operation) == Self.family(written) }
        let operation = child?.value.operation ?? written
        if let child {
            children[child.key] = nil
            noteDuration(from: child.value.started, to: event)
        }
        childErrors.removeAll()
        saves.succeeded += 1
        switch written {
        case .bgsave:
            lastSave = event
            succeed(.operation(.bgsave), event, text: "background save succeeded again")
            if operation == .full_sync {
                succeed(.operation(.full_sync), event, text: "save for a full synchronisation succeeded again")
            }
        case .aof_rewrite:
            lastRewrite = event
            life.aofEvidence = event
            succeed(.operation(.aof_rewrite), event, text: "AOF rewrite succeeded again")
        default:
            succeed(.operation(written), event, text: "\(written.spoken) succeeded again")
        }
        succeed(.operation(.unknown), event, text: "\(written.spoken) succeeded again")
    }

    private mutating func noteDuration(from start: Event, to end: Event) {
        guard let a = start.at, let b = end.at, b >= a else { return }
        saves.longestSeconds = max(saves.longestSeconds ?? 0, b.seconds(since: a))
    }

    /// RDB children look alike whether they serve a save point or a replica.
    static func family(_ operation: Operation) -> Operation {
        operation == .full_sync ? .bgsave : operation
    }

    // MARK: - What a fork was for

    /// How long before a fork its trigger line may stand: under memory pressure seconds pass
    /// between the two (redis-family notes, section 4).
    static let triggerReach = 10.0

    /// Reads the operation from the line before.
    func operationOfFork(_ event: Event, written: Operation) -> Operation {
        guard written == .bgsave || written == .unknown, let trigger,
            trigger.header.pid == event.header.pid || trigger.header.pid == 0 || event.header.pid == 0
        else { return written }
        if let a = trigger.at, let b = event.at, b.seconds(since: a) > Self.triggerReach {
            return written
        }
        guard trigger.kind == .sync_started else { return written }
        return trigger.line.contains("slot migration") ? .slot_migration : .full_sync
    }
}
