// SPDX-License-Identifier: Apache-2.0

internal import Model

// MARK: - Failover

extension InstanceTracker {
    mutating func takeFailover(_ event: Event) {
        guard draft != nil else { return }
        switch event.kind {
        case .failover_finished: draft?.consequence("failover")
        case .role_changed: roleChanged(event)
        // Sentinels speak of servers, and are listened to for those (`hear(from:)`).
        case .sentinel_switch, .sentinel_down, .sentinel_failover: return
        default: break
        }
        show(event, .warning)
    }

    /// A master that comes back as a replica has been replaced.
    private mutating func roleChanged(_ event: Event) {
        draft?.consequence("failover")
        if event["mode"] == "replica", draft?.incident.consequences.contains("restart") == true {
            draft?.stake.tookOver = true
        }
    }

    /// What a Sentinel says of this server. Every Sentinel says it; once is enough.
    mutating func hear(fromSentinel event: Event) {
        guard draft != nil, !hasHeard(event) else { return }
        if event.kind == .sentinel_switch {
            draft?.consequence("failover")
            if let port = event.int("new_port"), draft?.stake.holdsReplica(onPort: port) == true {
                draft?.stake.tookOver = true
            }
        }
        show(event, .warning)
    }

    private func hasHeard(_ event: Event) -> Bool {
        draft?.incident.observations.contains {
            $0.kind == event.kind && $0["agreed"] == event["agreed"]
                && $0["new_port"] == event["new_port"] && $0.source.input != event.source.input
                && event.isWithin(60, after: $0)
        } ?? false
    }

    /// A replica of this server says that it is the master now.
    mutating func hear(fromReplica event: Event, port: Int) {
        guard draft?.stake.holdsReplica(onPort: port) == true, draft?.stake.tookOver == false
        else { return }
        draft?.stake.tookOver = true
        draft?.consequence("failover")
        draft?.add(
            event, severity: .warning, text: TimelineText.tookOver(port: port), sources: sources)
    }
}

extension Event {
    /// Whether the server that wrote this has become a master.
    var makesMaster: Bool {
        switch kind {
        case .role_changed, .failover_finished: self["mode"] == "master"
        default: false
        }
    }
}
