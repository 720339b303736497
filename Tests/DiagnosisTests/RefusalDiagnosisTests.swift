// SPDX-License-Identifier: Apache-2.0

import Diagnosis
import HandWritten
import Incidents
import Model
import Testing

/// The first incident of a hand-written log, diagnosed.
func diagnosed(_ logs: HandWrittenLog...) throws -> Incident {
    let incident = try #require(correlate(logs).incidents.first)
    return Diagnosis.diagnose(incident, sources: logs.map(\.path))
}

extension Incident {
    func finding(_ id: CauseID) -> Finding? { causes.first { $0.id == id.rawValue } }

    var candidates: Set<String> {
        Set(causes.filter { $0.role == .primary && $0.verdict != .ruled_out }.map(\.id))
    }
}

/// What a log alone says about a refused fork, and what it does not.
@Suite struct RefusalDiagnosisTests {
    private func refused(
        _ error: String, version: String = "7.2.6", overcommit: String? = nil
    ) throws -> Incident {
        var log = HandWrittenLog()
        log.start(at: 0, version: version, overcommit: overcommit)
        log.refuseSave(at: 10, error: error)
        return try diagnosed(log)
    }

    private static let texts = [
        "Cannot allocate memory", "Out of memory", "Resource temporarily unavailable",
        "Operation would block", "Operation not permitted", "Permission denied",
        "Function not implemented", "File exists", "Success", "Invalid argument",
    ]

    @Test("a server's log alone never makes a cause more than possible", arguments: texts)
    func neverMoreThanPossible(error: String) throws {
        let incident = try refused(error, overcommit: "not_one")
        #expect(incident.verdict.state == .undecided)
        #expect(incident.causes.allSatisfy { $0.verdict == .possible || $0.verdict == .ruled_out })
    }

    @Test(
        "EAGAIN from a fork is never a memory problem",
        arguments: [
            "Resource temporarily unavailable", "Operation would block",
        ])
    func eagain(error: String) throws {
        let incident = try refused(error, version: "3.2.13", overcommit: "zero")
        #expect(
            incident.candidates == [
                "task_limit_rlimit_nproc", "task_limit_cgroup_pids", "task_limit_system",
            ])
        #expect(incident.finding(.overcommit_not_enabled) == nil)
        #expect(!incident.verdict.statement.contains("free RAM"))
    }

    @Test(
        "ENOMEM is an accounting question first, in glibc's words and in musl's",
        arguments: [
            "Cannot allocate memory", "Out of memory",
        ])
    func enomem(error: String) throws {
        let incident = try refused(error)
        #expect(
            incident.candidates.isSuperset(of: [
                "commit_limit_strict", "overcommit_heuristic_refusal",
            ]))
        #expect(!incident.candidates.contains("task_limit_rlimit_nproc"))
    }

    @Test("a refusal of the server's own has no cause in the kernel")
    func eexist() throws {
        let incident = try refused("File exists")
        #expect(incident.candidates == ["another_child_active"])
        #expect(incident.verdict.statement.contains("refused a fork itself"))
    }

    @Test(
        "a fork that was denied is a sandbox's doing",
        arguments: [
            "Operation not permitted", "Permission denied", "Function not implemented",
        ])
    func denied(error: String) throws {
        #expect(try refused(error).candidates == ["sandbox_denied"])
    }

    @Test("EINVAL is the Windows port's, and no Linux limit")
    func windows() throws {
        #expect(try refused("Invalid argument").candidates == ["platform_fork_emulation"])
    }

    @Test("an errno that cannot be read has no cause")
    func unknown() throws {
        let incident = try refused("Success")
        #expect(incident.candidates.isEmpty)
        #expect(incident.verdict.between.isEmpty)
    }

    @Test("reports in words that no server prints have no cause from the kernel")
    func reportedOnly() throws {
        var log = HandWrittenLog()
        log.add(
            .fork_failed_reported, at: 0,
            ["operation": "bgsave", "error": "Cannot allocate memory"],
            pattern: "reported.cannot-fork")
        #expect(try diagnosed(log).verdict.state == .undecided)
    }

    // MARK: - The order of candidates, and how to decide

    @Test("candidates stand in the order of their likelihood")
    func order() throws {
        let between = try refused("Cannot allocate memory", overcommit: "not_one").verdict.between
        #expect(between.first == "commit_limit_strict")
        #expect(between.contains("pid_namespace_dead"))
        #expect(
            try refused("Resource temporarily unavailable").verdict.between == [
                "task_limit_rlimit_nproc", "task_limit_cgroup_pids", "task_limit_system",
            ])
    }

    @Test("an old server may have met a kernel's lack of process ids")
    func oldKernel() throws {
        #expect(
            try refused("Cannot allocate memory", version: "3.2.13").candidates.contains(
                "task_limit_system"))
        #expect(try !refused("Cannot allocate memory").candidates.contains("task_limit_system"))
    }

    @Test("a fork that worked later rules a dead pid namespace out")
    func laterFork() throws {
        var log = HandWrittenLog()
        log.start(at: 0)
        log.refuseSave(at: 10)
        log.save(at: 20)
        #expect(try diagnosed(log).finding(.pid_namespace_dead)?.verdict == .ruled_out)
    }

    @Test("an undecided incident names the commands that decide, for the server that failed")
    func nextCommand() throws {
        var log = HandWrittenLog()
        log.start(at: 0, port: 6390)
        log.refuseSave(at: 10)
        let command = try #require(try diagnosed(log).verdict.nextCommand)
        #expect(command.contains("sysctl vm.overcommit_memory"))
        #expect(command.contains(":6390"))
    }

    @Test("the one step to take only reads, and says so while data stands in memory only")
    func firstRemedy() throws {
        let incident = try refused("Cannot allocate memory")
        let remedy = try #require(incident.causes.flatMap(\.remedies).first)
        #expect(remedy.text.hasPrefix("Leave the server running"))
        #expect(remedy.rollback.contains("only read"))
    }

    @Test("a few refusals of another errno are not overlooked among many")
    func mixedErrnos() throws {
        var log = HandWrittenLog()
        for i in 0..<50 { log.refuseSave(at: Double(i)) }
        log.refuseSave(at: 60, error: "Resource temporarily unavailable")
        for i in 0..<50 { log.refuseSave(at: 70 + Double(i)) }
        let incident = try diagnosed(log)
        #expect(
            incident.candidates.isSuperset(of: ["commit_limit_strict", "task_limit_rlimit_nproc"]))
    }

    // MARK: - What made it worse

    @Test(
        "retries without a pause are named, few refusals are not",
        arguments: [(49, false), (300, true)])
    func rewriteStorm(count: Int, isStorm: Bool) throws {
        var log = HandWrittenLog()
        for i in 0..<count { log.refuseRewrite(at: Double(i) * 0.1) }
        let finding = try diagnosed(log).finding(.aof_rewrite_retry_storm)
        #expect((finding != nil) == isStorm)
        #expect(finding.map { $0.role == .contributing } ?? true)
    }

    @Test("synchronisations asked for again and again are named")
    func syncStorm() throws {
        var log = HandWrittenLog()
        for i in 0..<35 { log.refuseSync(at: Double(i)) }
        #expect(try diagnosed(log).finding(.full_sync_storm)?.role == .contributing)
    }

    @Test("the crash of a master that left pipes behind is a known defect of valkey, not the cause")
    func knownDefect() throws {
        func crashed(_ product: String) throws -> Incident {
            var log = HandWrittenLog()
            log.start(at: 0, version: "8.0.1", product: product)
            log.refuseSync(at: 10)
            log.add(
                .assertion_failed, at: 11,
                ["file": "rdb.c", "line": "3515", "reason": "server.rdb_pipe_read == -1"])
            return try diagnosed(log)
        }
        let valkey = try crashed("Valkey")
        #expect(valkey.finding(.known_defect)?.role == .contributing)
        #expect(!valkey.verdict.between.contains("known_defect"))
        #expect(try crashed("Redis").finding(.known_defect) == nil)
    }

    // MARK: - Kernel lines

    @Test("a kernel line that names accounting rules the rest out")
    func kernelNamesAccounting() throws {
        var log = HandWrittenLog()
        log.start(at: 0)
        log.refuseSave(at: 10)
        log.add(
            .kernel_commit_refused, at: 10.1, ["comm": "redis-server", "pid": "10"], pid: 0,
            role: .unknown, form: .kernel)
        let incident = try diagnosed(log)
        #expect(incident.finding(.cgroup_memory_limit)?.verdict == .ruled_out)
        #expect(incident.finding(.kernel_memory)?.verdict == .ruled_out)
        #expect(incident.verdict.between.prefix(1) == ["commit_limit_strict"])
    }

    @Test("another process's refused charge says nothing")
    func kernelNamesAnother() throws {
        var log = HandWrittenLog()
        log.start(at: 0)
        log.refuseSave(at: 10)
        log.add(
            .kernel_commit_refused, at: 10.1, ["comm": "java", "pid": "77"], pid: 0, role: .unknown,
            form: .kernel)
        #expect(try diagnosed(log).finding(.cgroup_memory_limit)?.verdict == .possible)
    }

    @Test("an OOM kill after a refused fork is no answer to what refused")
    func killIsConsequence() throws {
        var log = HandWrittenLog()
        log.start(at: 0)
        log.refuseSave(at: 10)
        log.add(
            .oom_victim, at: 20, ["comm": "redis-server", "pid": "10"], pid: 0, role: .unknown,
            form: .kernel)
        let incident = try diagnosed(log)
        #expect(incident.verdict.state == .undecided)
        #expect(incident.finding(.host_oom_kill) == nil)
        #expect(incident.consequences.contains("oom_kill"))
    }

    // MARK: - Remedies and what follows

    @Test("every step that sets the mode to 1 holds its risk where there is no room for copies")
    func riskOfModeOne() throws {
        let world = World.refusal().strictly().with { $0.facts.set(.memAvailable, .gib(2)) }
        let finding = try #require(world.incident?.finding(.commit_limit_strict))
        let steps = finding.remedies.filter { $0.command.contains("overcommit_memory") }
        #expect(steps.count == 2)
        #expect(steps.allSatisfy { $0.caveat.contains("OOM kill") })
    }

    @Test("save points that only CONFIG shows tell how long writes were refused")
    func savePoints() throws {
        var log = HandWrittenLog()
        log.start(at: 0)
        log.refuse(at: 100)
        log.refuse(at: 106)
        log.save(at: 200)
        func refused(_ change: (inout World) -> Void) throws -> Persistence.Refusal? {
            var world = World()
            world.log = log
            change(&world)
            return try #require(world.incident).persistence.writesRefused
        }
        #expect(try refused { _ in } == nil)
        let told = try #require(try refused { $0.facts.server(at: 90, [.configSave: "60 1"]) })
        #expect(told.from?.seconds == 100 && told.until?.seconds == 201)
        #expect(told.inferred?.contains("save 60 1") == true)
        #expect(try refused { $0.facts.server(at: 90, [.configSave: ""]) } == nil)
        #expect(
            try refused {
                $0.facts.server(at: 90, [.configSave: "60 1", .configStopWrites: "no"])
            } == nil)
    }

    // MARK: - By elimination

    /// EAGAIN; the pids cgroup is the root, and few tasks by their stacks.
    private func eliminated(_ change: (inout World) -> Void = { _ in }) throws -> Finding? {
        let world = World.refusal("Resource temporarily unavailable").with {
            $0.facts.host(
                at: 99, [.kernelStack: .mib(6), .pidMax: 32_768, .threadsMax: 190_000])
            $0.facts.process(
                at: 99, [.pidsCgroupPath: "/", .userID: 999, .nsPIDs: "4711 10"])
            change(&$0)
        }
        return try #require(world.incident).finding(.task_limit_rlimit_nproc)
    }

    @Test("the user's limit is what is left where all other limits are surely ruled out")
    func byElimination() throws {
        #expect(try eliminated()?.verdict == .likely)
        // Only one limit of the host is known.
        #expect(try eliminated { $0.facts.remove(.threadsMax) }?.verdict == .possible)
        // Stacks of 8 KiB would be as many tasks as half the limit.
        #expect(try eliminated { $0.facts.set(.kernelStack, .mib(150)) }?.verdict == .possible)
        // A minute and more before, tasks may have come and gone.
        #expect(
            try eliminated { world in
                for i in world.facts.all.indices where world.facts.all[i].subject.scope == .host {
                    world.facts.all[i].stamp.nanoseconds -= 300_000_000_000
                }
            }?.verdict == .possible)
    }

    @Test("a group above may refuse what the server's own counter does not show")
    func ancestors() throws {
        func judged(_ path: String, kernel: String) throws -> Finding? {
            let world = World.refusal("Resource temporarily unavailable").with {
                $0.facts.host(at: 99, [.kernelRelease: .text(kernel)])
                for at in [99.0, 110] {
                    $0.facts.cgroup(at: at, path: path, [.pidsEventsMax: 3])
                }
            }
            return try #require(world.incident).finding(.task_limit_cgroup_pids)
        }
        #expect(try judged("/a/b", kernel: "6.1.0")?.verdict == .ruled_out)
        #expect(try judged("/a", kernel: "6.18.0")?.verdict == .ruled_out)
        #expect(try judged("/a/b", kernel: "6.18.0")?.verdict == .possible)
    }

    // MARK: - What is read afterwards

    @Test("tasks that were counted when it was over rule no limit of the host out")
    func tasksAfterwards() throws {
        func judged(at: Double) throws -> Finding? {
            let world = World.refusal("Resource temporarily unavailable").with {
                $0.facts.host(at: at, [.tasks: 212, .pidMax: 32_768, .threadsMax: 190_000])
            }
            return try #require(world.incident).finding(.task_limit_system)
        }
        #expect(try judged(at: 99)?.verdict == .ruled_out)
        #expect(try judged(at: 106)?.verdict == .ruled_out)
        #expect(try judged(at: 108)?.verdict == .possible)
    }

    @Test("a counter of refusals that is still 0 afterwards rules the pids group out")
    func untouchedCounter() throws {
        func judged(_ counts: [(path: String, count: Int64)]) throws -> Finding? {
            let world = World.refusal("Resource temporarily unavailable").with {
                for (path, count) in counts {
                    $0.facts.cgroup(
                        at: 176, path: path,
                        [.pidsCurrent: 6, .pidsMax: 64, .pidsEventsMax: .whole(count)])
                }
            }
            return try #require(world.incident).finding(.task_limit_cgroup_pids)
        }
        #expect(try judged([("/a", 0), ("/a/b", 0)])?.verdict == .ruled_out)
        // What a group above counted is not known; or it counted refusals, whenever they were.
        #expect(try judged([("/a/b", 0)])?.verdict == .possible)
        #expect(try judged([("/a", 2), ("/a/b", 0)])?.verdict == .possible)
    }

    @Test("a limit and a count that were given are not asked for again")
    func tasksGiven() throws {
        let world = World.refusal("Resource temporarily unavailable").with {
            $0.facts.process(
                at: 176, [.userID: 999, .threads: 4, .limitProcesses: 400, .userTasks: 12])
        }
        let finding = try #require(world.incident?.finding(.task_limit_rlimit_nproc))
        #expect(finding.verdict == .possible)
        #expect(finding.missing.map(\.command) == ["forktopsy tail"])
        #expect(!finding.evidence.contains { $0.statement.contains("own threads") })
    }
}
