// SPDX-License-Identifier: Apache-2.0

internal import Model

/// What INFO says of the last save and the last rewrite, over all the INFO that was read.
struct SaveStatus {
    /// The first INFO line that tells of a failure.
    private(set) var failed: [Operation: Event] = [:]
    /// The newest line, once one told of a failure.
    private(set) var latest: [Operation: Event] = [:]
    /// The last failure after which INFO told of the failure, too.
    var failedAfter: [Operation: Timestamp] = [:]
    /// A later INFO line that shows that the operation has worked since.
    var succeeded: [Operation: Event] = [:]

    mutating func note(_ event: Event) {
        guard let operation = event.operation else { return }
        if event["status"] == "err", failed[operation] == nil { failed[operation] = event }
        if failed[operation] != nil { latest[operation] = event }
    }
}

extension InstanceTracker {
    /// Keeps what a dated INFO says after a failure: that the operation has worked since.
    ///
    /// A status of `ok` alone may be that of a new process, or of a failure that leaves it as it is.
    /// A save must be later than the last failure, and not the start that stands in for one; of a
    /// rewrite `err` must stand before, of the same process.
    mutating func hear(_ event: Event, _ info: InfoStatus) {
        saveStatus.note(event)
        guard let draft, let operation = event.operation, let at = event.at,
            let last = draft.incident.lastFailureAt, at > last,
            draft.failing.contains(.operation(operation)), let began = info.startedAt
        else { return }
        guard event["status"] == "ok" else {
            if began < last { saveStatus.failedAfter[operation] = last }
            return
        }
        var told = event
        switch operation {
        case .bgsave:
            guard let saved = info.lastSaveAt, saved > last, saved <= at,
                saved > began.adding(seconds: 2)
            else { return }
            told.at = saved
        case .aof_rewrite:
            guard saveStatus.failedAfter[operation] == last, began < last else { return }
        default: return
        }
        if saveStatus.succeeded[operation].map({ $0.at == told.at }) ?? false { return }
        saveStatus.succeeded[operation] = told
    }

    /// Where the log does not show that what failed works again, INFO may. The log goes first: what
    /// INFO tells is known to the second, or later than it happened.
    mutating func recoverByInfo() {
        for operation in [Operation.bgsave, .aof_rewrite] {
            guard let told = saveStatus.succeeded[operation], let at = told.at,
                let last = draft?.incident.lastFailureAt, at > last,
                draft?.failing.contains(.operation(operation)) == true
            else { continue }
            if operation == .bgsave {
                lastSave = told
                succeedSave(told, text: "INFO says that a save succeeded then")
            } else {
                lastRewrite = told
                succeed(
                    .operation(operation), told,
                    text: "INFO says that an AOF rewrite has succeeded since")
            }
        }
    }

    /// Names the server by its INFO, where no log does.
    private mutating func identify(by info: InfoStatus?) {
        guard let info, instance.pids.isEmpty else { return }
        if let pid = info.pid { instance.pids = [pid] }
        instance.port = instance.port ?? info.port
        instance.product = instance.product ?? info.product
        instance.version = instance.version ?? info.version
    }

    /// Draws the incident that INFO alone tells of: that something failed, not how often.
    mutating func reportSaveStatus(_ info: (Event) -> InfoStatus?) {
        identify(by: saveStatus.failed.values.lazy.compactMap(info).first)
        let operations = saveStatus.failed.keys.sorted { $0.rawValue < $1.rawValue }
        for operation in operations {
            guard let event = saveStatus.failed[operation] else { continue }
            beginCounting()
            open(.save_failure, event)
            draft?.set { $0.failures.total = nil }
            draft?.add(
                event, severity: .failure,
                text: "INFO says that the last \(operation.spoken) failed", sources: sources,
                operation: operation)
            draft?.fail(.operation(operation), at: event.at)
        }
        for operation in operations {
            guard let event = saveStatus.latest[operation], event["status"] == "ok" else {
                continue
            }
            succeed(
                .operation(operation), event,
                text: "INFO says that the last \(operation.spoken) succeeded")
        }
        finish()
    }
}
