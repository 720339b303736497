// SPDX-License-Identifier: Apache-2.0

import Diagnosis
import HandWritten
import Incidents
import Model

/// A log and the snapshots around it, as one test tells them.
struct World: Sendable {
    var log = HandWrittenLog()
    /// Logs of other servers of the same host.
    var neighbours: [HandWrittenLog] = []
    var facts = HandWrittenSnapshots()

    /// The first incident, diagnosed.
    var incident: Incident? {
        let logs = [log] + neighbours
        let correlation = correlate(logs)
        guard var incident = correlation.incidents.first else { return nil }
        facts.attach(to: &incident, correlation.instances.map(\.instance))
        return Diagnosis.diagnose(incident, sources: logs.map(\.path))
    }
}

// MARK: - What happens

extension World {
    /// A server is asked to save at 100, and fork is refused.
    static func refusal(
        _ error: String = "Cannot allocate memory", version: String = "7.2.6",
        overcommit: String? = "not_one"
    ) -> World {
        var world = World()
        world.log.start(at: 0, version: version, overcommit: overcommit)
        world.log.save(at: 10)
        world.log.refuseSave(at: 100, error: error)
        world.log.refuseSave(at: 106, error: error)
        return world
    }

    /// A child that saves from 95 on is killed at 100.
    static func kill(
        scope: [String: String] = ["scope": "cgroup"], line: Bool = true,
        warning: [String: String]? = nil
    ) -> World {
        var world = World()
        world.log.add(.server_version, at: 0, ["product": "Redis", "version": "7.2.6"])
        if let warning { world.log.add(.thp_warning, at: 0.1, warning) }
        world.log.add(.ready, at: 0.2)
        world.log.save(at: 10)
        world.log.fork(.bgsave, child: 50, at: 95)
        if line {
            world.log.add(
                .oom_victim, at: 100,
                ["comm": "redis-server", "pid": "50"].merging(scope) { a, _ in a }, pid: 0,
                role: .unknown, form: .kernel)
        }
        world.log.add(.child_killed, at: 100.1, ["signal": "9", "operation": "bgsave"])
        return world
    }

    /// Figures of a refusal under strict accounting: 18 GiB needed, 16 allowed.
    func strictly() -> World {
        var world = self
        for at in [90.0, 110] {
            world.facts.host(
                at: at,
                [
                    .overcommitMemory: 2, .memTotal: .gib(24), .swapTotal: 0,
                    .memAvailable: .gib(14), .commitLimit: .gib(16), .committedAS: .gib(10),
                    .kernelRelease: "6.1.0-18-amd64",
                ])
        }
        world.facts.process(
            at: 90,
            [
                .vmSize: .gib(9), .vmData: .gib(8.5), .vmRSS: .gib(8), .accounted: .gib(8),
                .userID: 999,
            ])
        return world
    }

    /// Figures of a server that had 2 GiB in a group of 2.5 GiB when its child was killed.
    func inGroup() -> World {
        var world = self
        world.facts.cgroup(at: 90, [.cgroupLimit: .gib(2.5), .cgroupUsage: .gib(2.1)])
        world.facts.server(
            at: 90,
            [
                .usedMemory: .gib(2), .usedMemoryRSS: .gib(2), .lastSaveCopied: .mib(700),
                .maxmemory: 0,
            ])
        return world
    }

    func with(_ change: (inout World) -> Void) -> World {
        var world = self
        change(&world)
        return world
    }
}
