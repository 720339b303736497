// SPDX-License-Identifier: Apache-2.0

extension Incident {
    /// How bad it is, by what was at stake, by what ended, and by whether it is over.
    package var severityByStake: Severity {
        switch persistence.exposure {
        case .lost: return .critical
        case .exposed: return status == .recovered ? .major : .critical
        case .unknown: return .major
        case .none, .aof_covers, .replica_covers:
            let ended = ["server_crash", "oom_kill"]
            if serverFailed, ended.contains(kind.rawValue) { return .critical }
            if !consequences.filter(ended.contains).isEmpty { return .major }
            return status == .recovered ? .minor : .major
        }
    }
}
