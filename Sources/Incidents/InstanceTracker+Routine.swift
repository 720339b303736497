// SPDX-License-Identifier: Apache-2.0

internal import Model

// MARK: - Save cycles that work

extension InstanceTracker {
    mutating func takeRoutine(_ event: Event) {
        switch event.kind {
        case .save_triggered:
            savePoints = event
            trigger = event
            noteChanges(event)
        case .rewrite_triggered, .operation_scheduled: trigger = event
        case .child_started: childStarted(event)
        case .db_saved: databaseSaved(event)
        case .operation_succeeded: operationSucceeded(event)
        case .copy_on_write:
            copyOnWrite.note(event)
            draft?.observe(event)
        default: break
        }
    }

    /// The line names the save point, so at least so many changes wait.
    private mutating func noteChanges(_ event: Event) {
        if let changes = event.int("changes") { noteChanges(changes) }
    }

    mutating func noteChanges(_ changes: Int) {
        draft?.set {
            $0.persistence.changesSinceLastSave = max(
                $0.persistence.changesSinceLastSave ?? 0, changes)
        }
    }

    private mutating func childStarted(_ event: Event) {
        let pid = event.int("child_pid").map { Int32(clamping: $0) } ?? 0
        // A child may fail before its server has told of it.
        flushChildErrors(but: pid)
        let written = event.operation ?? .unknown
        let operation = purpose(of: event, written: written)
        // One child at a time: an older one that is still listed has ended unseen.
        if children.all.contains(where: { !Self.isApart($0.value.operation) }) {
            endsAreHidden = true
        }
        children.keep { Self.isApart($0.operation) }
        children[pid] = Child(
            operation: operation, started: event, writesFile: written == .bgsave)
        draft?.set { $0.forkPassed = true }
        trigger = nil
        refusal = nil
        if operation == .module_fork || operation == .slot_migration {
            succeed(.operation(operation), event, text: "\(operation.spoken) forked again")
        }
    }

    /// Debugger sessions run beside the one child that may save.
    private static func isApart(_ operation: Operation) -> Bool { operation == .script }

    /// A child's line, or the server's own after SAVE or at shutdown: only the latter ends
    /// anything.
    private mutating func databaseSaved(_ event: Event) {
        if isChildLine(event) {
            let pid = event.header.pid
            if children.contains(pid) { children[pid]?.hasSaved = true }
            return
        }
        // Old headers do not tell who speaks, and a thread speaks as its server.
        guard event.header.role != .unknown || event.header.pid == life.pid && life.pid != 0,
            !children.contains(0)
        else { return }
        // SAVE is refused while a child saves; FLUSHALL kills the child, up to 2.8 by SIGKILL, and
        // saves (redis 2.6.17, src/db.c, `flushallCommand`). Later headers name a role.
        if event.header.role == .unknown {
            for (pid, child) in children.all where child.writesFile {
                children[pid]?.savedBeside = event
            }
        }
        count(saved: true)
        lastSave = event
        life.hasSaved = true
        succeedSave(event, text: "a save in the foreground succeeded")
    }

    private mutating func operationSucceeded(_ event: Event) {
        let written = event.operation ?? .unknown
        let child = endedChild(event)
        childErrors.removeAll()
        childCrash.removeAll()
        life.hasSaved = true
        let duration = child.flatMap { event.seconds(after: $0.started) }.map { max(0, $0) }
        switch written {
        case .bgsave:
            count(saved: true, seconds: duration)
            lastSave = event
            if child?.operation == .full_sync {
                succeed(
                    .operation(.full_sync), event,
                    text: "save for a full synchronisation succeeded again")
            }
            succeedSave(event, text: "background save succeeded again")
        case .aof_rewrite:
            held = .rewrite(event)
            heldDuration = duration
        default: succeed(.operation(written), event, text: "\(written.spoken) succeeded again")
        }
        succeed(.operation(.unknown), event, text: "\(written.spoken) succeeded again")
    }

    /// An RDB file has been written: writes are accepted again, and nothing before it is exposed.
    mutating func succeedSave(_ event: Event, text: String) {
        draft?.refusal.end(.save, at: event.at)
        draft?.refusal.end(.seen, at: event.at)
        if draft?.failing.contains(.operation(.bgsave)) == true, draft?.savedAgainAt == nil {
            draft?.savedAgainAt = event.at
        }
        succeed(.operation(.bgsave), event, text: text)
        succeed(.clientWrites, event, text: text)
        draft?.set { $0.persistence.lastSuccessAt = event.at }
    }

    /// A rewrite is complete when the server has put its file in place.
    mutating func creditRewrite(_ event: Event) {
        tally.rewrites.note(succeeded: true, seconds: heldDuration)
        total.rewrites.note(succeeded: true, seconds: heldDuration)
        heldDuration = nil
        lastRewrite = event
        succeed(.operation(.aof_rewrite), event, text: "AOF rewrite succeeded again")
    }

    /// Counts a save to an RDB file.
    mutating func count(saved: Bool, seconds: Double? = nil) {
        tally.saves.note(succeeded: saved, seconds: seconds)
        total.saves.note(succeeded: saved, seconds: seconds)
    }

    /// The child that an end-of-child line is about; it is no longer running.
    mutating func endedChild(_ event: Event) -> Child? {
        if let pid = event.int("child_pid").map({ Int32(clamping: $0) }),
            children.contains(pid)
        {
            return children.remove(pid)
        }
        let written = event.operation ?? .unknown
        if written == .bgsave { return endedWriter() }
        let match = children.all.first {
            $0.value.operation == written && !$0.value.writesFile
        }
        return match.flatMap { children.remove($0.key) }
    }

    /// The child that wrote the RDB file; it is no longer running.
    mutating func endedWriter() -> Child? {
        let match = children.all.first { $0.value.writesFile }
        return match.flatMap { children.remove($0.key) }
    }

    // MARK: - What a fork was for

    /// How long before a fork its trigger line may stand: under memory pressure seconds pass
    /// between the two (redis-family notes, section 4).
    static let triggerReach = 10.0

    /// The trigger line that stands before `event`, if it still counts.
    func triggerNear(_ event: Event) -> Event? {
        guard let trigger, event.maySharePID(with: trigger),
            event.isWithin(Self.triggerReach, after: trigger)
        else { return nil }
        return trigger
    }

    /// Reads the operation from the line before: RDB forks use one text for all purposes.
    func purpose(of event: Event, written: Operation) -> Operation {
        guard written == .bgsave || written == .full_sync || written == .unknown,
            let trigger = triggerNear(event), trigger.kind == .sync_started
        else { return written }
        return trigger.operation ?? .full_sync
    }
}

extension SaveTally {
    mutating func note(succeeded: Bool, seconds: Double? = nil) {
        if succeeded { self.succeeded += 1 } else { failed += 1 }
        if let seconds { longestSeconds = max(longestSeconds ?? 0, seconds) }
    }
}
