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

    // MARK: - Accounting

    @Test("a mode that was set and works is kept, and not set to another", arguments: [0, 1])
    func changedMode(mode: Int64) throws {
        var world = World.refusal().strictly()
        world.log.save(at: 200)
        world.facts.change(at: 150, [.overcommitMemory: .whole(mode)])
        let finding = try #require(world.incident?.finding(.commit_limit_strict))
        #expect(finding.remedies.count == 1)
        let first = try #require(finding.remedies.first)
        #expect(first.text.hasPrefix("vm.overcommit_memory is \(mode) by the newest reading"))
        #expect(first.permanent && !commands(finding.remedies).contains("overcommit_memory=2"))
        #expect(finding.evidence.contains { $0.statement.contains("the change worked") })
    }

    @Test("a mode of 1 that no fork has met yet is told as set")
    func modeSetLast() throws {
        var world = World.refusal().strictly()
        world.facts.change(at: 150, [.overcommitMemory: 1])
        let steps = try remedies(world, .commit_limit_strict)
        #expect(steps.count == 1 && steps[0].text.contains("no fork is seen to have been tried"))
    }

    @Test("CommitLimit that was raised far enough is kept", arguments: [19.0, 17])
    func raisedCommitLimit(limit: Double) throws {
        var world = World.refusal().strictly()
        world.log.save(at: 200)
        world.facts.host(
            at: 190,
            [.overcommitMemory: 2, .commitLimit: .gib(limit), .committedAS: .gib(10)])
        let steps = try remedies(world, .commit_limit_strict)
        #expect(steps.first?.text.contains("enough for what was refused") == (limit == 19))
        #expect(commands(steps).contains("overcommit_memory=1") == (limit != 19))
    }

    @Test("the way back is what CommitLimit shows to be set, not an older reading")
    func wayBack() throws {
        func world(_ kbytes: Double) -> World {
            World.refusal().strictly().with {
                $0.facts.host(at: 20, [.overcommitKbytes: .gib(kbytes), .overcommitRatio: 0])
            }
        }
        let now = commands(try remedies(world(16), .commit_limit_strict))
        #expect(now.contains("sysctl -w vm.overcommit_kbytes=16777216"))
        let older = commands(try remedies(world(12), .commit_limit_strict))
        #expect(!older.contains("vm.overcommit_kbytes=12582912"))
        #expect(older.contains("the check printed and that is not 0"))
    }

    @Test("a mode that was never read is none to go back to")
    func unreadMode() throws {
        var world = World.refusal().strictly()
        world.facts.remove(.overcommitMemory)
        world.log.add(
            .kernel_commit_refused, at: 100.1,
            ["comm": "redis-server", "pid": "10", "bytes": "9663676416"], pid: 0,
            role: .unknown, form: .kernel)
        let steps = try remedies(world, .commit_limit_strict)
        #expect(commands(steps).contains("overcommit_memory=1"))
        #expect(!steps.map(\.rollback).joined().contains("overcommit_memory="))
    }
}
