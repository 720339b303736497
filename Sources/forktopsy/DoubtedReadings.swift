// SPDX-License-Identifier: Apache-2.0

import Model

extension Assembly {
    /// The readings of an incident, doubtful where the zone is assumed of the log but not of them, or
    /// of them but not of the log: they may lie hours from where they stand.
    ///
    /// A child that the log and a reading both tell of shows that they do not.
    func doubted(_ incident: Incident) -> Readings {
        let readings = incident.readings
        let assumed = Set(
            report.inputs.filter { $0.clock.contains { $0.basis == .assumedUTC } }
                .map(\.facts.path))
        func isDoubtful(_ placed: PlacedSnapshot) -> Bool {
            placed.at != nil && !placed.isFileTime && placed.path != incident.instance.log
                && assumed.contains(placed.path) != incident.zoneIsAssumed
        }
        guard readings.snapshots.contains(where: isDoubtful),
            !showsChild(of: incident, in: readings)
        else { return readings }
        return Readings(readings.snapshots.map { isDoubtful($0) ? $0.doubtful : $0 })
    }

    /// Whether a child of the server was read at about the time at which the log tells of it. Zones
    /// lie a quarter of an hour apart at least.
    private func showsChild(of incident: Incident, in readings: Readings) -> Bool {
        let forks = incident.observations.filter { $0.kind == .child_started }
        return readings.snapshots.contains { placed in
            guard let pid = placed.snapshot.subject.pid, let read = placed.at, !placed.isFileTime
            else { return false }
            return forks.contains { fork in
                fork.int("child_pid") == Int(pid)
                    && fork.at.map { (-5...600).contains(read.seconds(since: $0)) } ?? false
            }
        }
    }
}
