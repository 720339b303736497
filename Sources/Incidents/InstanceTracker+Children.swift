// SPDX-License-Identifier: Apache-2.0

internal import Model

// MARK: - Children that failed

extension InstanceTracker {
    mutating func takeChild(_ event: Event) {
        switch event.kind {
        case .operation_failed: childFailed(event)
        case .child_killed: childKilled(event)
        case .child_stopped: childStopped(event)
        case .parent_gone: childErrors.append(event)
        case .save_cancelled:
            _ = endedChild(event)
            show(event, .info)
        default: break
        }
    }

    private mutating func childFailed(_ event: Event) {
        let child = endedChild(event)
        let operation = child?.operation ?? event.operation ?? .unknown
        failSave(
            operation, event,
            text: TimelineText.childFailed(operation, because: childErrors.last),
            writesFile: child?.writesFile ?? (event.operation == .bgsave))
    }

    private mutating func childKilled(_ event: Event) {
        let signal = event.int("signal") ?? 0
        let child = endedChild(event)
        let operation = child?.operation ?? event.operation ?? .unknown
        // The server notices within a tenth of a second or so that its child has ended.
        let isFlushed =
            signal == 9
            && child?.savedBeside.flatMap { event.seconds(after: $0) }.map { $0 <= 2 } ?? false
        if child?.isStopped == true || isFlushed || isDeliberate(signal) {
            childErrors.removeAll()
            childCrash.removeAll()
            draft?.add(
                event, severity: .info,
                text: "child stopped by the server itself (signal \(signal))", sources: sources,
                operation: operation)
            return
        }
        failSave(
            operation, event, text: TimelineText.childKilled(operation, signal: signal),
            writesFile: child?.writesFile ?? (event.operation == .bgsave))
        if let child { draft?.observe(child.started) }
    }

    /// SIGUSR1 is how a server stops its own child; TERM and INT reach a child with its server's.
    private func isDeliberate(_ signal: Int) -> Bool {
        signal == 10 || (signal == 15 || signal == 2) && life.shutdownRequested != nil
    }

    /// What the server ends on purpose is no failure, whatever its end looks like.
    private mutating func childStopped(_ event: Event) {
        if let pid = event.int("child_pid") {
            stop(pid: Int32(clamping: pid))
            return
        }
        let kind = event.operation ?? .unknown
        for (pid, child) in children.all
        where child.operation == kind || kind == .bgsave && child.writesFile
            || kind == .full_sync && child.operation == .full_sync
        {
            stop(pid: pid)
        }
    }

    mutating func stop(pid: Int32) {
        if children.contains(pid) { children[pid]?.isStopped = true }
        childErrors.removeAll { $0.header.pid == pid && pid != 0 }
    }

    /// Counts one failed child: its own lines and the server's line about it together.
    /// With its server gone nobody refuses writes for it.
    mutating func failSave(
        _ operation: Operation, _ event: Event, text: String, writesFile: Bool,
        serverIsGone: Bool = false
    ) {
        let errors = childErrors
        let crash = childCrash
        childErrors.removeAll()
        childCrash.removeAll()
        open(.save_failure, errors.first ?? event)
        if !isCountedSync(operation, writesFile) { draft?.countSaveFailure() }
        for error in errors where error.source != event.source {
            draft?.add(
                error, severity: .failure, text: TimelineText.fileError(error), sources: sources,
                operation: operation)
        }
        for line in crash { draft?.observe(line) }
        draft?.add(event, severity: .failure, text: text, sources: sources, operation: operation)
        draft?.fail(.operation(operation), at: event.at)
        draft?.isFollowUpOnly = false
        countFailedChild(operation, writesFile: writesFile)
        if writesFile, !serverIsGone { noteWritesRefused(event, byFork: false) }
    }

    /// A transfer to replicas whose failure an earlier line has told.
    private mutating func isCountedSync(_ operation: Operation, _ writesFile: Bool) -> Bool {
        guard operation == .full_sync else { return false }
        defer { syncFailureIsCounted = true }
        return !writesFile && syncFailureIsCounted
    }

    private mutating func countFailedChild(_ operation: Operation, writesFile: Bool) {
        if operation == .full_sync { draft?.consequence("replica_loss") }
        if writesFile {
            count(saved: false)
        } else if operation == .aof_rewrite {
            tally.rewrites.note(succeeded: false)
            total.rewrites.note(succeeded: false)
        }
    }
}

// MARK: - Children whose end nobody tells

extension InstanceTracker {
    /// Errors of children whose end the log does not show: one failure a child.
    /// Those of `newest` wait: it is the child that the server only now tells of.
    mutating func flushChildErrors(but newest: Int32 = 0) {
        let early = newest == 0 ? [] : childErrors.filter { $0.header.pid == newest }
        if !early.isEmpty { childErrors.removeAll { $0.header.pid == newest } }
        defer { childErrors += early }
        while let first = childErrors.first {
            let pid = first.header.pid
            let mine = childErrors.filter { $0.header.pid == pid }
            let others = childErrors.filter { $0.header.pid != pid }
            let child = children.remove(pid)
            childErrors = mine.dropLast()
            failUnended(mine[mine.count - 1], child)
            childErrors = others
        }
    }

    private mutating func failUnended(_ error: Event, _ child: Child?) {
        if child?.isStopped == true { return }
        if error.kind == .parent_gone { life.foundGone = error }
        let operation = child?.operation ?? error.operation ?? error.kind.operationOfError
        failSave(
            operation, error, text: TimelineText.fileError(error),
            writesFile: child?.writesFile ?? (operation == .bgsave),
            serverIsGone: error.kind == .parent_gone)
        guard error.kind == .parent_gone else { return }
        draft?.set { [life] in
            if $0.vanished.isEmpty { $0.lastWordAt = life.lastLine?.at }
            $0.vanished.append(error)
        }
    }

    /// The server was gone without a word while its child ran.
    mutating func orphan(_ next: Event) {
        flushChildErrors()
        guard life.end == nil, life.shutdownRequested == nil, life.isKnown, !endsAreHidden,
            let child = children.all.first(where: { $0.value.isUnfinished })?.value
        else { return }
        children.removeAll()
        failSave(
            child.operation, next, text: TimelineText.orphaned(child.operation),
            writesFile: child.writesFile, serverIsGone: true)
    }
}

extension InstanceTracker.Child {
    /// Whether its work is lost when its server goes.
    var isUnfinished: Bool {
        !isStopped && !hasSaved && (writesFile || operation == .aof_rewrite)
    }
}

extension EventKind {
    /// What a process that has such an error was doing, where nothing else tells.
    var operationOfError: Operation {
        switch self {
        case .aof_file_error, .aof_write_error: .aof_rewrite
        case .rdb_file_error, .rdb_write_error: .bgsave
        default: .unknown
        }
    }
}
