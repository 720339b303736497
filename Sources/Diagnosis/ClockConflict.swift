// SPDX-License-Identifier: Apache-2.0

internal import Model

extension Case {
    /// A reading of the process from before the log says that it started.
    var earlyReading: Evidence? {
        guard let begun = ownEvents(.server_version, .logo_version).last, let at = begun.at,
            begun.header.pid != 0
        else { return nil }
        let latest = at.adding(seconds: -30)
        let early = incident.readings.snapshots.first { placed in
            let subject = placed.snapshot.subject
            guard subject.scope == .process, subject.pid == begun.header.pid, !placed.isFileTime,
                let read = placed.at
            else { return false }
            return read < latest
        }
        guard let early, let value = early.snapshot.values.first else { return nil }
        let reading = Measured(value: value, placed: early)
        let distance = early.at.map { spokenDuration(seconds: at.seconds(since: $0)) } ?? ""
        return cite(
            reading, .against,
            "process \(begun.header.pid) was read \(distance) before the log says that it started: "
                + "the clocks of log and snapshots disagree")
    }
}
