// SPDX-License-Identifier: Apache-2.0

internal import Model

/// OOM kills that systemd tells of: `A process of this unit has been killed by the OOM killer`, and the
/// result `oom-kill` (systemd v257, src/core/unit.c, `unit_log_failure`).
///
/// Beside the kernel's own line, or the server's, they are evidence. Where no log tells of a kill they
/// are an incident, whose victim may have been a child as well as the server.
struct UnitKills {
    private var kills: [Kill] = []
    private static let lineLimit = 4096
    /// Seconds within which lines about one unit are of one kill, and other logs tell of it: systemd
    /// tells at once, and a server that is started again after it.
    private static let reach = 60.0

    struct Kill {
        var lines: [Event]
        var unit: String
        var host: String?
    }

    var isEmpty: Bool { kills.isEmpty }

    static func isKill(_ event: Event) -> Bool {
        event.kind == .unit_oom || event.kind == .unit_failed && event["reason"] == "oom-kill"
    }

    mutating func note(_ event: Event, host: @autoclosure () -> String?) {
        guard Self.isKill(event), event.isServerFamily, let unit = event["unit"],
            kills.count < Self.lineLimit
        else { return }
        let host = host()
        let known = kills.lastIndex {
            $0.unit == unit && $0.host == host && event.isWithin(Self.reach, after: $0.lines[0])
        }
        guard let known else {
            kills.append(Kill(lines: [event], unit: unit, host: host))
            return
        }
        kills[known].lines.append(event)
    }

    /// Kills that none of the incidents has.
    func unexplained(by incidents: [Incident]) -> [Kill] {
        kills.filter { kill in !incidents.contains { Self.explains($0, kill) } }
    }

    private static func explains(_ incident: Incident, _ kill: Kill) -> Bool {
        let instance = incident.instance
        if let host = instance.host, let other = kill.host, host != other { return false }
        if let unit = instance.unit, unit != kill.unit { return false }
        guard let at = kill.lines[0].at, let from = incident.startedAt else { return true }
        let begun = incident.lastWordAt.map { min($0, from) } ?? from
        let to = incident.recoveredAt ?? incident.lastFailureAt ?? from
        return at >= begun.adding(seconds: -reach) && at <= to.adding(seconds: reach)
    }
}

extension InstanceTracker {
    /// Draws the incident of which systemd alone tells.
    mutating func report(_ kill: UnitKills.Kill) {
        beginCounting()
        instance.unit = instance.unit ?? kill.unit
        instance.host = instance.host ?? kill.host
        guard let first = kill.lines.first else { return }
        open(.oom_kill, first)
        draft?.set { $0.failures.oomKills += 1 }
        for line in kill.lines {
            draft?.add(
                line, severity: .failure, text: TimelineText.plain(line), sources: sources)
        }
        draft?.fail(.server, at: first.at)
        draft?.isFollowUpOnly = false
        finish()
    }
}
