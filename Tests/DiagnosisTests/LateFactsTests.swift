// SPDX-License-Identifier: Apache-2.0

import HandWritten
import Incidents
import Model
import Testing

@testable import Diagnosis

/// Facts that were read after the failure: what they still tell, and whose they are.
@Suite struct LateFactsTests {
    private func strict(at seconds: Double?, _ world: World = .refusal()) -> World {
        var world = world
        world.facts.host(
            at: seconds,
            [
                .overcommitMemory: 2, .memTotal: .gib(24), .commitLimit: .gib(16),
                .committedAS: .gib(10), .kernelRelease: "6.1.0-18-amd64",
            ])
        world.facts.process(at: seconds, [.accounted: .gib(8), .vmRSS: .gib(8), .userID: 999])
        return world
    }

    // MARK: - Accounting

    @Test(
        "figures read while forks are still refused are held against the limit",
        arguments: [
            (103.0, Finding.Verdict.confirmed, Finding.Confidence.high, "after the first failure"),
            (110, .likely, .medium, "4.0 s after the last failure"),
            (3000, .likely, .low, "48 min 14 s after the last failure"),
        ])
    func readLater(
        seconds: Double, verdict: Finding.Verdict, confidence: Finding.Confidence, words: String
    ) throws {
        let incident = try #require(strict(at: seconds).incident)
        let finding = try #require(incident.finding(.commit_limit_strict))
        #expect(finding.verdict == verdict)
        #expect(finding.confidence == confidence)
        #expect(finding.statement.contains(words), "\(finding.statement)")
        #expect(finding.arithmetic.contains { $0.name == "shortfall" && $0.value > 0 })
        #expect(
            finding.arithmetic.first?.name
                == "Committed_AS after a refused fork, which gives back what it had accounted")
        // What was given is not asked for again.
        #expect(finding.missing.isEmpty)
    }

    @Test("of a time that is not known they carry little")
    func undated() throws {
        let incident = try #require(strict(at: nil).incident)
        let finding = try #require(incident.finding(.commit_limit_strict))
        #expect(finding.verdict == .likely)
        #expect(finding.confidence == .low)
        #expect(finding.statement.contains("at a time that is not known"))
    }

    @Test("after a fork that succeeded they say nothing of the one that was refused")
    func afterSuccess() throws {
        let world = strict(at: 130, World.refusal().with { $0.log.save(at: 120) })
        let finding = try #require(world.incident?.finding(.commit_limit_strict))
        #expect(finding.arithmetic.isEmpty)
        #expect(finding.confidence == .low)
    }

    @Test("after a change of what decides they say nothing either")
    func afterChange() throws {
        let world = strict(
            at: 130, World.refusal().with { $0.facts.change(at: 120, [.overcommitKbytes: 1]) })
        let finding = try #require(world.incident?.finding(.commit_limit_strict))
        #expect(finding.arithmetic.isEmpty)
    }

    @Test("between bounds both shortfalls are shown, and nothing is claimed of the fork")
    func straddling() throws {
        let world = World.refusal().strictly().with {
            $0.facts.remove(.accounted)
            $0.facts.set(.vmData, .gib(8.5))
        }
        let finding = try #require(world.incident?.finding(.commit_limit_strict))
        let names = finding.arithmetic.map(\.name)
        #expect(names.contains("shortfall, at least"))
        #expect(names.contains("shortfall, at most"))
        #expect(!finding.statement.contains("did not fit"))
    }

    @Test("a candidate whose mode was read as another is the weakest")
    func otherMode() throws {
        let finding = try #require(
            strict(at: 110).incident?.finding(.overcommit_heuristic_refusal))
        #expect(finding.confidence == .low)
    }

    // MARK: - The heuristic before Linux 5.2

    private func old(at seconds: Double, free: SnapshotValue.Quantity, cache: Double?) -> World {
        var world = World.refusal(version: "3.2.3", overcommit: nil)
        world.facts.host(
            at: seconds,
            [
                .overcommitMemory: 0, .memTotal: .gib(16), .swapTotal: 0, .swapFree: 0,
                .kernelRelease: "3.10.0-514.el7.x86_64", .memFree: free, .shmem: .mib(24),
            ])
        if let cache { world.facts.all[0].values.append(value(.buffersAndCached, .gib(cache))) }
        world.facts.server(at: seconds, [.usedMemoryRSS: .gib(5.9)])
        return world
    }

    private func value(_ measure: Measure, _ quantity: SnapshotValue.Quantity) -> SnapshotValue {
        SnapshotValue(measure, quantity, line: 1)
    }

    @Test("page cache that free(1) prints counts as free")
    func freeWithCache() throws {
        let fits = try #require(
            old(at: 95, free: .mib(233), cache: 9.1).incident?
                .finding(.overcommit_heuristic_refusal))
        #expect(fits.verdict == .possible)
        #expect(fits.arithmetic.allSatisfy { $0.value >= 0 })
        let short = try #require(
            old(at: 95, free: .mib(233), cache: 0.6).incident?
                .finding(.overcommit_heuristic_refusal))
        #expect(short.verdict == .likely)
        #expect(short.confidence == .medium)
        let limit = try #require(short.arithmetic.first { $0.name == "limit" })
        #expect(limit.value == Double((233 - 24) << 20) + Double(Int64(0.6 * 1_073_741_824)))
    }

    @Test("a term that was not read makes a bound and no cause")
    func missingTerm() throws {
        let finding = try #require(
            old(at: 95, free: .mib(233), cache: nil).incident?
                .finding(.overcommit_heuristic_refusal))
        #expect(finding.verdict == .possible)
        #expect(finding.arithmetic.contains { $0.name == "limit, at least" })
    }

    @Test("read right after the last refusal it is likely at low confidence")
    func oldAfter() throws {
        let finding = try #require(
            old(at: 110, free: .mib(233), cache: 0.6).incident?
                .finding(.overcommit_heuristic_refusal))
        #expect(finding.verdict == .likely)
        #expect(finding.confidence == .low)
    }

    // MARK: - Whose limits

    private func limited(_ change: (inout World) -> Void) -> Incident? {
        World.refusal("Resource temporarily unavailable").with(change).incident
    }

    @Test("another user's tasks are not the server's")
    func otherUser() throws {
        let incident = try #require(
            limited {
                $0.facts.process(at: 90, [.limitProcesses: 150, .threads: 5, .userID: 999])
                $0.facts.add(
                    SnapshotSubject(.process), at: 90, [.userName: "0", .userTasks: 168])
                $0.facts.add(
                    SnapshotSubject(.process), at: 90, [.userName: "999", .userTasks: 10])
            })
        let finding = try #require(incident.finding(.task_limit_rlimit_nproc))
        #expect(finding.verdict != .likely && finding.verdict != .confirmed)
        let own = try #require(
            limited {
                $0.facts.process(at: 90, [.limitProcesses: 150, .threads: 5, .userID: 999])
                $0.facts.add(
                    SnapshotSubject(.process), at: 90, [.userName: "999", .userTasks: 150])
                $0.facts.add(
                    SnapshotSubject(.process), at: 90, [.userName: "0", .userTasks: 10])
            })
        #expect(own.finding(.task_limit_rlimit_nproc)?.verdict == .confirmed)
    }

    @Test("another server's group is not the server's")
    func otherGroup() throws {
        let incident = try #require(
            limited {
                for i in $0.log.entries.indices { $0.log.entries[i].pid = 500 }
                $0.log.pid = 500
                $0.facts.process(at: 90, pid: 500, [.pidsCgroupPath: "/", .cgroupPath: "/"])
                $0.facts.process(at: 90, pid: 501, [.pidsCgroupPath: "/other"])
                $0.facts.cgroup(at: 99, path: "/other", [.pidsCurrent: 5, .pidsMax: 5])
            })
        #expect(incident.finding(.task_limit_cgroup_pids)?.verdict == .ruled_out)
    }

    @Test("why a process limit was far is told by what shows it")
    func far() throws {
        let incident = try #require(
            limited {
                for at in [90.0, 110] {
                    $0.facts.process(
                        at: at, [.limitProcesses: 70, .threads: 5, .userID: 999])
                    $0.facts.add(
                        SnapshotSubject(.process), at: at, [.userName: "999", .userTasks: 10])
                }
            })
        let finding = try #require(incident.finding(.task_limit_rlimit_nproc))
        #expect(finding.verdict == .ruled_out)
        #expect(finding.statement == "RLIMIT_NPROC is 70, and the server's user had 10 tasks.")
    }

    @Test("a limit that was read as high between refusals is not what is left")
    func elimination() throws {
        func incident(limitAt seconds: Double) -> Incident? {
            limited {
                for i in $0.log.entries.indices { $0.log.entries[i].pid = 500 }
                $0.log.pid = 500
                $0.facts.process(at: 95, pid: 500, [.pidsCgroupPath: "/"])
                $0.facts.host(
                    at: 99, [.tasks: 200, .pidMax: 32768, .threadsMax: 190_000])
                $0.facts.process(at: seconds, pid: 500, [.limitProcesses: 96365])
            }
        }
        #expect(incident(limitAt: 20)?.finding(.task_limit_rlimit_nproc)?.verdict == .likely)
        #expect(incident(limitAt: 103)?.finding(.task_limit_rlimit_nproc)?.verdict == .possible)
    }

    // MARK: - Outlook

    private func outlook(
        isOpen: Bool, _ refusedBy: Set<Errno>, at refusedAt: Double = 50,
        _ change: (inout World) -> Void
    ) throws -> Outlook {
        var world = World()
        world.log.start(at: 0)
        world.facts.host(at: 100, [.overcommitMemory: 1])
        world.facts.process(at: 100, [.userID: 999, .threads: 5])
        change(&world)
        let correlation = correlate(world.log)
        let summary = try #require(correlation.instances.first)
        var incident = Incident(kind: .fork_failure, instance: summary.instance)
        incident.startedAt = HandWrittenLog.epoch.adding(seconds: 100)
        world.facts.attach(to: &incident, [summary.instance])
        return Diagnosis.outlook(
            summary, incident.readings, isOpen: isOpen, refusedBy: refusedBy,
            lastRefusedAt: HandWrittenLog.epoch.adding(seconds: refusedAt))
    }

    @Test("a full pids group refuses the next fork, whatever accounting says")
    func outlookOfFullGroup() throws {
        let full = try outlook(isOpen: false, []) {
            $0.facts.cgroup(at: 100, [.pidsCurrent: 4, .pidsMax: 4])
        }
        #expect(full.wouldFork == .no)
        let room = try outlook(isOpen: false, []) {
            $0.facts.cgroup(at: 100, [.pidsCurrent: 4, .pidsMax: 100])
        }
        #expect(room.wouldFork == .yes)
    }

    @Test("what a save may copy is held against the host and against the server's group")
    func outlookOfCopying() throws {
        func statement(group limit: Double?) throws -> String {
            try outlook(isOpen: false, []) {
                $0.facts.host(at: 100, [.memAvailable: .gib(10), .swapFree: 0])
                $0.facts.process(at: 100, [.vmRSS: .gib(2), .userID: 999, .threads: 5])
                if let limit {
                    $0.facts.cgroup(
                        at: 100, [.cgroupLimit: .gib(limit), .cgroupUsage: .gib(2.1)])
                }
            }.statement
        }
        #expect(try statement(group: 3).contains("the OOM killer would act before that"))
        #expect(try statement(group: 8).contains("more than a save can copy"))
        #expect(try statement(group: nil).contains("whether a control group allows less"))
    }

    @Test("a host without a process id left refuses the next fork")
    func outlookOfFullHost() throws {
        let full = try outlook(isOpen: false, []) {
            $0.facts.host(at: 100, [.tasks: 32768, .pidMax: 32768, .threadsMax: 190_000])
        }
        #expect(full.wouldFork == .no)
    }

    @Test("a typed change of the mode counts though nothing tells what it was before")
    func typedMode() throws {
        let world = World.refusal().with {
            $0.facts.change(at: 150, [.overcommitMemory: 1])
            $0.log.save(at: 200)
        }
        let finding = try #require(world.incident?.finding(.commit_limit_strict))
        #expect(finding.evidence.contains { $0.statement.contains("the change worked") })
        let vain = World.refusal().with {
            $0.facts.change(at: 102, [.overcommitMemory: 1])
        }
        let open = try #require(vain.incident?.finding(.commit_limit_strict))
        #expect(open.evidence.contains { $0.statement.contains("went on failing") })
    }

    @Test("a kill that the same operation has got over since is no word on the next fork")
    func outlookAfterKill() throws {
        func statement(_ status: Incident.Status) -> String {
            var kill = Incident(kind: .oom_kill, instance: Instance())
            kill.lastFailureAt = HandWrittenLog.epoch.adding(seconds: 50)
            kill.status = status
            var out = Outlook(
                instance: Instance(), statement: "The next fork passes.", saves: SaveTally())
            out.wouldFork = .yes
            out.add(kill, lastSuccessAt: nil)
            return out.statement
        }
        #expect(statement(.ongoing_at_end).contains("may come to the same end"))
        #expect(!statement(.recovered).contains("may come to the same end"))
    }

    @Test("after EAGAIN accounting alone does not let the next fork pass")
    func outlookAfterEAGAIN() throws {
        #expect(try outlook(isOpen: true, [.EAGAIN]) { _ in }.wouldFork == .unknown)
        #expect(try outlook(isOpen: true, [.ENOMEM]) { _ in }.wouldFork == .yes)
        // The mode was 1 already when they were refused.
        #expect(try outlook(isOpen: true, [.ENOMEM], at: 101) { _ in }.wouldFork == .unknown)
        #expect(try outlook(isOpen: false, [.EAGAIN]) { _ in }.wouldFork == .yes)
    }
}
