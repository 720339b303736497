// SPDX-License-Identifier: Apache-2.0

import Diagnosis
import HandWritten
import Incidents
import Model
import Testing

/// What a remedy sets, and goes back to, is by the newest word on it; and it is nothing that failed.
@Suite struct RemedyValueTests {
    private func remedies(_ world: World, _ id: CauseID) throws -> [Remedy] {
        try #require(world.incident?.finding(id)).remedies
    }

    /// Everything that is to be run.
    private func commands(_ remedies: [Remedy]) -> String {
        remedies.map { "\($0.command)\n\($0.rollback)" }.joined(separator: "\n")
    }

    // MARK: - maxmemory

    /// INFO of a server whose commands are refused at 100 MiB from 100 to 110; the limit is raised at
    /// 120.
    private func atMaxmemory(
        raisedTo raised: Double?, group: Double? = nil
    ) throws -> [Remedy] {
        var facts = HandWrittenSnapshots()
        for at in [100.0, 110, 120] {
            facts.server(
                at: at,
                [
                    .usedMemory: .mib(100.5),
                    .maxmemory: .mib(at == 120 ? raised ?? 100 : 100),
                    .maxmemoryPolicy: "noeviction",
                ])
        }
        if let group { facts.cgroup(at: 90, [.cgroupLimit: .mib(group)]) }
        var instance = Instance()
        instance.pids = [10]
        var incident = Incident(kind: .write_refusal, instance: instance)
        incident.startedAt = HandWrittenLog.epoch.adding(seconds: 100)
        incident.lastFailureAt = HandWrittenLog.epoch.adding(seconds: 110)
        incident.status = raised == nil ? .ongoing_at_end : .recovered
        if raised != nil { incident.recoveredAt = HandWrittenLog.epoch.adding(seconds: 120) }
        facts.attach(to: &incident, [instance])
        let diagnosed = Diagnosis.diagnose(incident, sources: [])
        return try #require(diagnosed.finding(.maxmemory_noeviction)).remedies
    }

    @Test("maxmemory that was raised and works is kept, and not set lower")
    func raisedMaxmemory() throws {
        let done = try atMaxmemory(raisedTo: 200)
        #expect(done.map(\.command) == ["redis-cli CONFIG REWRITE"])
        #expect(done.first?.text.contains("200 MiB by the newest reading") == true)
        let open = try atMaxmemory(raisedTo: nil)
        #expect(commands(open).contains("CONFIG SET maxmemory 13172"))
        #expect(open.first?.rollback == "redis-cli CONFIG SET maxmemory 104857600")
    }

    @Test("maxmemory is not raised to what the group may not hold")
    func maxmemoryAtTheGroupsLimit() throws {
        #expect(!commands(try atMaxmemory(raisedTo: nil, group: 120)).contains("CONFIG SET"))
    }
}
