// SPDX-License-Identifier: Apache-2.0

package import Model

/// The events of one input, each with its instant (`EventLog.place`): what correlation works on.
package struct SourceEvents: Sendable {
    package var facts: InputFacts
    package var log: EventLog
    /// What else the INFO says in which a status of the last save stands, by the status's line.
    package var info: [Int: InfoStatus]
    /// Its times were moved onto another input's clock, which has the same records.
    package var isMoved: Bool

    package init(
        facts: InputFacts, log: EventLog, info: [Int: InfoStatus] = [:], isMoved: Bool = false
    ) {
        self.facts = facts
        self.log = log
        self.info = info
        self.isMoved = isMoved
    }
}

/// Whose an INFO is, when it was read, and when that server last saved.
package struct InfoStatus: Sendable {
    package var at: Timestamp?
    package var pid: Int32?
    package var port: Int?
    package var product: String?
    package var version: String?
    /// `rdb_last_save_time`; until the first save of a process, when it started (redis 7.2.4,
    /// src/server.c, `initServer`).
    package var lastSaveAt: Timestamp?
    /// When the process started, to the second: its `uptime_in_seconds` before the reading.
    package var startedAt: Timestamp?

    package init(_ snapshot: Snapshot, at: Timestamp?) {
        self.at = at
        pid = snapshot.subject.pid
        port = snapshot.subject.port
        product = snapshot.text(.serverProduct)
        version = snapshot.text(.serverVersion)
        lastSaveAt = snapshot[.lastSaveTime].map { Timestamp(seconds: $0) }
        startedAt = snapshot[.serverUptime].flatMap { uptime in
            at.map { $0.adding(seconds: -Double(uptime)) }
        }
    }

    /// The statuses of an input by their lines.
    package static func all(
        in snapshots: SnapshotLog, placing place: (Stamp, Int) -> Timestamp?
    ) -> [Int: InfoStatus] {
        var out: [Int: InfoStatus] = [:]
        snapshots.forEach { snapshot in
            guard snapshot.subject.scope == .server else { return }
            for measure in [Measure.lastSaveStatus, .lastRewriteStatus] {
                guard let value = snapshot.value(measure) else { continue }
                out[value.line] = InfoStatus(snapshot, at: place(snapshot.stamp, snapshot.line))
            }
        }
        return out
    }
}

/// What correlation found.
package struct Correlation: Sendable {
    package var incidents: [Incident] = []
    /// Every instance that was met, with its saves counted over the whole data.
    package var instances: [InstanceSummary] = []
    package var duplicatesFolded = 0
    /// Lines that quote the reply to a refused command, without a time and not as a program prints
    /// it, or a server's message beside servers' logs: no incident is made of them.
    package var quotations = 0

    package init() {}
}
