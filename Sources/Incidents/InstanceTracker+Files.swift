// SPDX-License-Identifier: Apache-2.0

internal import Model

// MARK: - Files that could not be written, commands that were refused

extension InstanceTracker {
    mutating func takeFile(_ event: Event) {
        switch event.kind {
        case .rdb_write_error, .rdb_file_error, .aof_file_error: fileError(event)
        case .aof_write_error: aofWriteError(event)
        case .aof_write_recovered:
            draft?.refusal.end(.aof, at: event.at)
            succeed(.aofWrites, event, text: "writes to the AOF work again")
        case .persistence_fatal: persistenceFatal(event)
        case .writes_refused, .memory_refused: writesRefused(event)
        case .memory_recovered: succeed(.clientWrites, event, text: "commands are accepted again")
        case .rewrite_limited: show(event, .info)
        default: break
        }
    }

    /// A child's error waits for the parent's line about the child.
    private mutating func waitsForParent(_ event: Event) -> Bool {
        let mayBeChild = event.header.pid == 0 && event.header.role == .unknown && !children.isEmpty
        guard isChildLine(event) || mayBeChild else { return false }
        childErrors.append(event)
        return true
    }

    /// The server's own error: a save in the foreground, or a rewrite that it could not put in
    /// place.
    private mutating func fileError(_ event: Event) {
        if waitsForParent(event) { return }
        let operation = event.operation ?? event.kind.operationOfError
        let isRepeat =
            lastFileError.map { $0.patternID != event.patternID && event.isWithin(1, after: $0) }
            ?? false
        lastFileError = event
        open(.save_failure, event)
        draft?.add(
            event, severity: .failure, text: TimelineText.fileError(event), sources: sources,
            operation: operation)
        draft?.fail(.operation(operation), at: event.at)
        draft?.isFollowUpOnly = false
        guard !isRepeat else { return }
        draft?.countSaveFailure()
        if operation == .aof_rewrite {
            tally.rewrites.note(succeeded: false)
            total.rewrites.note(succeeded: false)
        } else {
            count(saved: false)
        }
    }

    private mutating func aofWriteError(_ event: Event) {
        if event.operation == .aof_rewrite || isChildLine(event) {
            fileError(event)
            return
        }
        open(.write_refusal, event)
        draft?.consequence("write_refusal")
        draft?.add(event, severity: .failure, text: TimelineText.fileError(event), sources: sources)
        draft?.fail(.aofWrites, at: event.at)
        draft?.isFollowUpOnly = false
        draft?.refusal.begin(.aof, at: event.at)
    }

    private mutating func persistenceFatal(_ event: Event) {
        open(.server_crash, event)
        draft?.consequence("server_crash")
        draft?.add(
            event, severity: .failure, text: "the server gave up: \(event.shortMessage)",
            sources: sources)
        draft?.fail(.server, at: event.at)
        draft?.isFollowUpOnly = false
        noteEnd(event, isCrash: true, basis: "the server gave up")
    }

    /// Somebody was refused and says so: a client, or the server itself.
    private mutating func writesRefused(_ event: Event) {
        let isFirst = draft == nil
        open(.write_refusal, event)
        if isFirst { draft?.isClientOnly = event.patternID.hasPrefix("reported.") }
        draft?.consequence("write_refusal")
        draft?.add(event, severity: .failure, text: TimelineText.plain(event), sources: sources)
        draft?.fail(.clientWrites, at: event.at)
        draft?.refusal.begin(.seen, at: event.at)
    }
}
