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

    // MARK: - Limits of tasks

    @Test("the limit that refused is not set again", arguments: [4, 4096, 100_000])
    func processLimit(limit: Int64) throws {
        var world = World.refusal("Resource temporarily unavailable")
        world.facts.process(
            at: 90,
            [
                .limitProcesses: .whole(limit), .limitProcessesHard: .whole(limit),
                .threads: .whole(limit), .userID: 999,
            ])
        let steps = try remedies(world, .task_limit_rlimit_nproc)
        let wanted = limit < 4096 ? 4096 : limit * 2
        #expect(steps.first?.command.contains("--nproc=\(wanted):\(wanted)") == true)
        #expect(steps.first?.rollback.contains("--nproc=\(limit):\(limit)") == true)
        #expect(steps.last?.command.contains("LimitNPROC=\(wanted)\\n") == true)
    }

    @Test("the tasks of a group above the server's own are allowed there, and back to the newest")
    func groupAboveTheServer() throws {
        var world = World.refusal("Resource temporarily unavailable")
        world.facts.process(at: 90, [.pidsCgroupPath: "/system.slice/redis-server.service"])
        world.facts.cgroup(at: 99, path: "/system.slice", [.pidsCurrent: 5000, .pidsMax: 5000])
        world.facts.cgroup(at: 110, path: "/system.slice", [.pidsCurrent: 5000, .pidsMax: 6000])
        let step = try #require(try remedies(world, .task_limit_cgroup_pids).first)
        #expect(step.command == "sudo systemctl set-property system.slice TasksMax=12000")
        #expect(step.rollback == "sudo systemctl set-property system.slice TasksMax=6000")
    }

    @Test("a limit of the host is raised from its newest value, and only if it can be")
    func hostLimit() throws {
        func steps(_ limit: Int64, now: Int64) throws -> [Remedy] {
            var world = World.refusal("Resource temporarily unavailable")
            world.facts.host(
                at: 99,
                [
                    .tasks: .whole(limit), .pidMax: .whole(limit), .threadsMax: 9_000_000,
                ])
            world.facts.host(at: 130, [.pidMax: .whole(now)])
            return try remedies(world, .task_limit_system)
        }
        #expect(try steps(32_768, now: 40_000)[0].command.hasSuffix("pid_max=80000"))
        #expect(try steps(32_768, now: 40_000)[0].rollback.hasSuffix("pid_max=40000"))
        let most = try steps(4_194_304, now: 4_194_304)
        #expect(!commands(most).contains("sysctl -w"))
    }

    @Test("more files are allowed than the server had open")
    func openFiles() throws {
        var world = World()
        world.log.start(at: 0)
        world.log.fork(.aof_rewrite, child: 97, at: 100)
        world.log.add(
            .aof_file_error, at: 100.1, ["error": "Too many open files"], pid: 97, role: .child)
        world.log.add(.operation_failed, at: 100.2, ["operation": "aof_rewrite"])
        world.facts.process(at: 99, [.limitOpenFiles: 2_000_000, .openFiles: 2_000_000])
        let step = try #require(try remedies(world, .file_descriptor_limit).first)
        #expect(step.command.contains("--nofile=4000000:4000000"))
        #expect(!step.rollback.contains("4000000"))
    }

    @Test("where forks pass again, the limit is not raised again, though a rewrite is outstanding")
    func forksPassAgain() throws {
        var world = World.refusal("Resource temporarily unavailable")
        world.log.refuseRewrite(at: 110, error: "Resource temporarily unavailable")
        world.facts.process(
            at: 90, [.limitProcesses: 4, .limitProcessesHard: 4, .threads: 5, .userID: 999])
        #expect(try remedies(world, .task_limit_rlimit_nproc).count == 2)
        world.log.save(at: 200)
        #expect(world.incident?.status == .ongoing_at_end)
        let steps = try remedies(world, .task_limit_rlimit_nproc)
        #expect(steps.count == 1 && steps[0].text.hasPrefix("Forks work again."))
        world.log.refuseSave(at: 300, error: "Resource temporarily unavailable")
        #expect(try remedies(world, .task_limit_rlimit_nproc).count == 2)
    }

    // MARK: - Limits of memory

    private func killed(for group: String) -> World {
        var world = World.kill(scope: ["scope": "cgroup"])
        world.log.add(
            .oom_constraint, at: 99.9,
            [
                "constraint": "CONSTRAINT_MEMCG", "comm": "redis-server", "pid": "50",
                "limit_cgroup": group, "cgroup": "/system.slice/redis-server.service",
            ], pid: 0, role: .unknown, form: .kernel)
        world.facts.cgroup(
            at: 99.5, path: group, [.cgroupLimit: .mib(340), .cgroupUsage: .mib(330)])
        world.facts.server(at: 90, [.usedMemory: .mib(200), .usedMemoryRSS: .mib(252)])
        return world
    }

    @Test("the limit of a group above the server's own is named and raised, and not the server's")
    func limitAbove() throws {
        let finding = try #require(
            killed(for: "/system.slice").incident?.finding(.cgroup_memory_oom_kill))
        #expect(finding.statement.contains("/system.slice, a group above the server's own"))
        let step = try #require(finding.remedies.first)
        #expect(step.command.hasPrefix("sudo systemctl set-property system.slice MemoryMax="))
        #expect(step.rollback == "sudo systemctl set-property system.slice MemoryMax=340M")
        let own = try #require(
            killed(for: "/system.slice/redis-server.service").incident?
                .finding(.cgroup_memory_oom_kill))
        #expect(own.remedies.first?.command.contains("redis-server.service MemoryMax=") == true)
    }

    @Test(
        "a limit that is advised is above the one that was met, whatever a child was seen to copy")
    func limitAboveTheFailed() throws {
        var world = killed(for: "/system.slice/redis-server.service")
        world.facts.set(.cgroupUsage, .mib(200))
        world.facts.server(at: 91, [.lastSaveCopied: .mib(5)])
        let command = try #require(
            try remedies(world, .cgroup_memory_oom_kill).first?.command)
        let size = command.split(separator: "=").last.flatMap { Int($0.dropLast()) }
        #expect(try #require(size) > 340)
    }

    @Test("no maxmemory and no plan is advised that what failed refutes")
    func roomForCopies() throws {
        // 252 MiB held, 47 seen to be copied, killed at 340: 88 were not enough.
        var world = killed(for: "/system.slice/redis-server.service")
        world.facts.remove(.usedMemory)
        world.facts.process(at: 99.4, pid: 50, isChild: true, [.privateDirty: .mib(47)])
        world.facts.process(at: 99.4, [.vmRSS: .mib(252)])
        world.facts.server(at: 95, [.usedMemory: .mib(250), .maxmemory: 0])
        let plan = try #require(try remedies(world, .cow_growth).first?.text)
        #expect(plan.hasPrefix("Plan for 374 MiB at least"))
        let fit = try #require(try remedies(world, .maxmemory_unset).first?.command)
        let bytes = try #require(fit.split(separator: " ").last.flatMap { Int64($0) })
        #expect(bytes < 250 << 20 && bytes > 200 << 20)
        // What was copied would have fitted: it is not known what did not.
        world.facts.remove(.vmRSS, .usedMemoryRSS, .usedMemory)
        world.facts.server(at: 96, [.usedMemory: .mib(160), .usedMemoryRSS: .mib(339)])
        #expect(try remedies(world, .maxmemory_unset).isEmpty)
    }

    @Test("under a limit that was raised and works, a maxmemory is for that limit")
    func maxmemoryUnderTheNewLimit() throws {
        var world = killed(for: "/system.slice/redis-server.service")
        world.log.save(at: 200)
        world.facts.server(at: 95, [.usedMemory: .mib(250), .maxmemory: 0])
        world.facts.cgroup(
            at: 150, path: "/system.slice/redis-server.service", [.cgroupLimit: .mib(1020)])
        let step = try #require(try remedies(world, .maxmemory_unset).first)
        #expect(step.text.contains("limit by the newest reading"))
        let bytes = step.command.split(separator: " ").last.flatMap { Int64($0) }
        #expect(try #require(bytes) > 600 << 20)
    }

    @Test(
        "a child that is taken first already is not shielded by what shields it",
        arguments: [0, 800])
    func shield(score: Int) throws {
        let world = World.kill(scope: ["scope": "cgroup", "oom_score_adj": "\(score)"]).inGroup()
        let steps = try remedies(world, .cgroup_memory_oom_kill)
        #expect(commands(steps).contains("oom-score-adj") == (score == 0))
        #expect(!commands(steps).contains("oom-score-adj no"))
        let isSet = try remedies(
            world.with { $0.facts.server(at: 91, [.configOOMScoreAdj: "relative"]) },
            .cgroup_memory_oom_kill)
        #expect(!commands(isSet).contains("oom-score-adj"))
    }

    // MARK: - Buffers of replicas

    private func droppedReplica(_ limits: String?) throws -> Remedy {
        var world = World()
        world.log.add(.sync_started, at: 100, ["operation": "full_sync", "target": "disk"])
        world.log.add(
            .output_buffer_exceeded, at: 101,
            ["flags": "S", "client": "id=6 flags=S oll=502 omem=2147490000 events=rw"])
        world.facts.server(at: 99, [.fullSyncs: 1])
        world.facts.server(at: 110, [.fullSyncs: 2])
        if let limits {
            world.facts.server(
                at: 98,
                [.configOutputBufferLimit: .text(limits), .configBacklogSize: .mib(1024)])
        }
        return try #require(try remedies(world, .replica_output_buffer_limit).first)
    }

    @Test("buffers of replicas are set above what they were, and back to that")
    func outputBuffers() throws {
        let step = try droppedReplica(
            "normal 0 0 0 slave 2147483648 1073741824 300 pubsub 33554432 8388608 60")
        #expect(step.command.contains("limit 'slave 4294980000 2147483648 300'"))
        #expect(step.command.contains("repl-backlog-size 2147483648"))
        #expect(step.rollback.contains("limit 'slave 2147483648 1073741824 300'"))
        #expect(step.rollback.contains("repl-backlog-size 1073741824"))
        let unread = try droppedReplica(nil)
        #expect(!unread.command.contains("CONFIG SET"))
        #expect(unread.expect.contains("2.0 GiB"))
    }
}
