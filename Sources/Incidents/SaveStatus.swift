// SPDX-License-Identifier: Apache-2.0

internal import Model

/// What INFO says of the last save and the last rewrite, over all the INFO that was read.
struct SaveStatus {
    /// The first INFO line that tells of a failure.
    private(set) var failed: [Operation: Event] = [:]
    /// The newest line, once one told of a failure.
    private(set) var latest: [Operation: Event] = [:]

    mutating func note(_ event: Event) {
        guard let operation = event.operation else { return }
        if event["status"] == "err", failed[operation] == nil { failed[operation] = event }
        if failed[operation] != nil { latest[operation] = event }
    }
}

extension InstanceTracker {
    /// Draws the incident that INFO alone tells of: that something failed, not how often.
    mutating func reportSaveStatus() {
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
