// SPDX-License-Identifier: Apache-2.0

import Diagnosis
import HandWritten
import Incidents
import Model
import Testing

/// What a log alone says about a child that failed, a crash, a refused write.
@Suite struct SaveDiagnosisTests {
    private func killed(by signal: String, crash: [String: String]? = nil) throws -> Incident {
        var log = HandWrittenLog()
        log.start(at: 0)
        log.fork(.bgsave, child: 50, at: 5)
        if let crash { log.add(.crash_signal, at: 6, crash, pid: 50, role: .child) }
        log.add(.child_killed, at: 6.1, ["signal": signal, "operation": "bgsave"])
        return try diagnosed(log)
    }

    @Test("signal 9 does not tell the OOM killer from a hand")
    func signal9() throws {
        let incident = try killed(by: "9")
        #expect(incident.verdict.state == .undecided)
        #expect(
            incident.verdict.between == [
                "cgroup_memory_oom_kill", "host_oom_kill", "child_killed_by_signal",
            ])
        #expect(incident.verdict.nextCommand?.contains("_TRANSPORT=kernel") == true)
    }

    @Test("other signals are not the OOM killer's", arguments: ["15", "2", "11"])
    func otherSignals(signal: String) throws {
        let candidates = try killed(by: signal).candidates
        #expect(
            !candidates.contains("host_oom_kill") && !candidates.contains("cgroup_memory_oom_kill"))
        #expect(candidates.contains("child_killed_by_signal"))
        #expect(candidates.contains("child_crashed") == (signal == "11"))
    }

    @Test(
        "a crash report tells a signal that was sent from one that a defect raised",
        arguments: [
            ("0", Finding.Verdict.ruled_out), ("-6", .ruled_out), ("1", .possible),
            ("2", .possible),
        ])
    func siCode(code: String, verdict: Finding.Verdict) throws {
        let incident = try killed(by: "11", crash: ["signal": "11", "si_code": code])
        #expect(incident.finding(.child_crashed)?.verdict == verdict)
        #expect(incident.finding(.child_killed_by_signal)?.verdict == .possible)
    }

    @Test(
        "a kernel line names the OOM killer, and whose limit",
        arguments: [
            (["comm": "redis-server", "pid": "50", "scope": "host"], CauseID.host_oom_kill),
            (["comm": "redis-server", "pid": "50", "scope": "cgroup"], .cgroup_memory_oom_kill),
        ])
    func oomLine(values: [String: String], cause: CauseID) throws {
        var log = HandWrittenLog()
        log.start(at: 0)
        log.fork(.bgsave, child: 50, at: 5)
        log.add(.oom_victim, at: 6, values, pid: 0, role: .unknown, form: .kernel)
        log.add(.child_killed, at: 6.1, ["signal": "9", "operation": "bgsave"])
        let incident = try diagnosed(log)
        #expect(incident.verdict.state == .decided)
        #expect(incident.causes.first?.id == cause.rawValue)
        #expect(incident.finding(.child_killed_by_signal)?.verdict == .ruled_out)
    }

    @Test(
        "up to Linux 4.20 only the lines before the kill tell for whose want of memory it was",
        arguments: [
            (EventKind.oom_victim_chosen, ["reason": "Out of memory"], [CauseID.host_oom_kill]),
            (
                .oom_victim_chosen, ["reason": "Memory cgroup out of memory"],
                [.cgroup_memory_oom_kill]
            ),
            (.oom_detail, ["limit_cgroup": "/docker/abc"], [.cgroup_memory_oom_kill]),
            (.oom_detail, ["free_kib": "1000"], [.cgroup_memory_oom_kill, .host_oom_kill]),
            (.oom_reaped, [:], [.cgroup_memory_oom_kill, .host_oom_kill]),
        ])
    func bareOOMLine(before: EventKind, values: [String: String], causes: [CauseID]) throws {
        var log = HandWrittenLog()
        log.start(at: 0)
        log.fork(.bgsave, child: 50, at: 5)
        log.add(before, at: 5.9, values, pid: 0, role: .unknown, form: .kernel)
        log.add(
            .oom_victim, at: 6, ["comm": "redis-server", "pid": "50"], pid: 0, role: .unknown,
            form: .kernel)
        log.add(.child_killed, at: 6.1, ["signal": "9", "operation": "bgsave"])
        let incident = try diagnosed(log)
        if causes.count > 1 {
            #expect(incident.verdict.between == causes.map(\.rawValue))
        } else {
            #expect(incident.verdict.state == .decided)
            #expect(incident.causes.first?.id == causes[0].rawValue)
        }
    }

    @Test("with a group at its limit, a kill of which the kernel's line says no more is likely its")
    func bareOOMLineAtALimit() throws {
        var world = World.kill(scope: [:])
        #expect(world.incident?.verdict.state == .undecided)
        world.facts.cgroup(at: 99, [.cgroupLimit: .gib(1), .cgroupUsage: .gib(0.9999)])
        #expect(world.incident?.finding(.cgroup_memory_oom_kill)?.verdict == .likely)
        #expect(world.incident?.finding(.host_oom_kill)?.verdict != .confirmed)
    }

    @Test("an OOM kill of another process is no answer")
    func oomOfAnother() throws {
        var log = HandWrittenLog()
        log.start(at: 0)
        log.fork(.bgsave, child: 50, at: 5)
        log.add(.child_killed, at: 6, ["signal": "9", "operation": "bgsave"])
        log.add(
            .oom_victim, at: 6.1, ["comm": "java", "pid": "77"], pid: 0, role: .unknown,
            form: .kernel)
        let incident = try diagnosed(log)
        #expect(incident.verdict.state == .undecided)
        #expect(incident.finding(.child_killed_by_signal)?.verdict == .possible)
    }

    @Test("a server that was gone without a word may have been killed by the OOM killer")
    func vanished() throws {
        var log = HandWrittenLog()
        log.vanishDuringSave()
        let incident = try diagnosed(log)
        #expect(incident.verdict.between == ["cgroup_memory_oom_kill", "host_oom_kill"])
        #expect(incident.finding(.host_oom_kill)?.statement.contains("the server") == true)
    }

    @Test(
        "the errno of a file says what was wrong with it",
        arguments: [
            ("No space left on device", CauseID.disk_full), ("Disk quota exceeded", .disk_full),
            ("Permission denied", .dir_not_writable), ("Read-only file system", .dir_not_writable),
            ("No such file or directory", .dir_not_writable), ("Input/output error", .io_error),
            ("Too many open files", .file_descriptor_limit),
        ])
    func fileErrors(error: String, cause: CauseID) throws {
        var log = HandWrittenLog()
        log.failSave(at: 0, error: error)
        let incident = try diagnosed(log)
        #expect(incident.candidates == [cause.rawValue])
        #expect(incident.verdict.state == .undecided)
    }

    @Test("EAGAIN outside a fork is no task limit")
    func eagainElsewhere() throws {
        var replica = HandWrittenLog(pid: 20, role: .replica)
        replica.add(
            .replica_refused_by_master, at: 0,
            ["reason": "-ERR BGSAVE failed, replication can't continue"])
        replica.add(.replica_sync_failed, at: 0, ["error": "Resource temporarily unavailable"])
        #expect(try diagnosed(replica).candidates.isEmpty)
    }

    @Test("commands refused at maxmemory have nothing to do with fork")
    func maxmemory() throws {
        var client = HandWrittenLog("app.log", pid: 0, role: .unknown)
        client.form = .none
        client.add(.memory_refused, at: 0, pattern: "reported.oom-command")
        let incident = try diagnosed(client)
        #expect(incident.kind == .write_refusal)
        #expect(incident.candidates == ["maxmemory_noeviction"])
    }

    @Test("a server that could not allocate names no limit")
    func allocation() throws {
        var log = HandWrittenLog()
        log.start(at: 0)
        log.add(.allocation_failed, at: 5, ["bytes": "1048576", "fatal": "yes"])
        #expect(try diagnosed(log).candidates == ["server_allocation_failed"])
    }

    @Test("a replica that was dropped at its limit during a synchronisation is why that failed")
    func outputBuffer() throws {
        var log = HandWrittenLog()
        log.add(.sync_started, at: 0, ["operation": "full_sync", "target": "disk"])
        log.add(.output_buffer_exceeded, at: 1, ["flags": "S", "client": "x"])
        #expect(try diagnosed(log).verdict.between == ["replica_output_buffer_limit"])
    }

    @Test("what failed first is answered; what failed later does not answer for it")
    func firstAnchorDecides() throws {
        var log = HandWrittenLog()
        log.refuseSave(at: 0, error: "Resource temporarily unavailable")
        log.failSave(at: 10)
        let incident = try diagnosed(log)
        #expect(incident.candidates.contains("disk_full"))
        #expect(!incident.verdict.between.contains("disk_full"))
    }

    @Test("free space decides as far as it was read for the time of the failure")
    func freeSpace() throws {
        func judged(at seconds: Double?) throws -> Finding.Verdict? {
            var world = World()
            world.log.start(at: 0)
            world.log.failSave(at: 100)
            world.log.save(at: 200)
            world.facts.add(
                SnapshotSubject(.fileSystem, path: "/var/lib/redis"), at: seconds,
                [.diskAvailable: 4096, .diskSize: .gib(1)])
            return try #require(world.incident).finding(.disk_full)?.verdict
        }
        #expect(try judged(at: 90) == .confirmed)
        #expect(try judged(at: 150) == .confirmed)
        #expect(try judged(at: nil) == .likely)
        #expect(try judged(at: 5000) == .possible)
        #expect(try judged(at: -9000) == .possible)
    }

    @Test("the usage of a group at a kill is not what was left after it")
    func usageAtKill() throws {
        let world = World.kill().inGroup().with {
            $0.facts.cgroup(at: 100.3, [.cgroupUsage: .mib(5), .cgroupLimit: .gib(2.5)])
        }
        let finding = try #require(world.incident?.finding(.cgroup_memory_oom_kill))
        let usage = finding.arithmetic.filter { $0.name == "usage" }.map(\.value)
        #expect(usage == [Double(2.1 * 1_073_741_824).rounded(.towardZero)])
    }

    // MARK: - What the kernel does not say

    @Test("a kernel log that covers the kill and has no line about it rules the kernel out")
    func kernelSilence() throws {
        let world = World.kill(line: false)
        func judged(_ logs: [(from: Double, to: Double)]) throws -> Incident {
            let correlation = correlate([world.log])
            var incident = try #require(correlation.incidents.first)
            incident.kernelLogs = logs.map {
                KernelLog(
                    path: "dmesg.txt", from: HandWrittenLog.epoch.adding(seconds: $0.from),
                    to: HandWrittenLog.epoch.adding(seconds: $0.to))
            }
            return Diagnosis.diagnose(incident, sources: [world.log.path])
        }
        let covered = try judged([(10, 20), (90, 110)])
        #expect(covered.finding(.cgroup_memory_oom_kill)?.verdict == .ruled_out)
        #expect(covered.finding(.child_killed_by_signal)?.verdict == .likely)
        // A daemon kills without the kernel.
        let host = try #require(covered.finding(.host_oom_kill))
        #expect(host.verdict == .possible)
        #expect(host.missing.first?.command.contains("-u systemd-oomd") == true)
        for logs in [[], [(10.0, 99.0)], [(101.0, 200.0)]] as [[(from: Double, to: Double)]] {
            let open = try judged(logs)
            #expect(open.finding(.cgroup_memory_oom_kill)?.verdict == .possible)
            #expect(open.finding(.child_killed_by_signal)?.verdict == .possible)
        }
    }

    @Test("that journalctl has no kernel lines of the time that was asked for says the same")
    func askedForNothing() throws {
        func judged(from: Double, until: Double) throws -> Finding.Verdict? {
            let world = World.kill(line: false).with {
                func at(_ seconds: Double) -> SnapshotValue.Quantity {
                    .whole(
                        Int64(
                            HandWrittenLog.epoch.adding(seconds: seconds).nanoseconds
                                / 1_000_000_000))
                }
                $0.facts.host(
                    at: nil, [.kernelQuietFrom: at(from), .kernelQuietUntil: at(until)])
            }
            return try #require(world.incident).finding(.child_killed_by_signal)?.verdict
        }
        #expect(try judged(from: 0, until: 220) == .likely)
        #expect(try judged(from: 150, until: 220) == .possible)
    }

    // MARK: - Signals of a resource limit

    @Test(
        "a limit on file sizes or processor time is confirmed by the limit alone",
        arguments: [
            (
                "25", Measure.limitFileSize, 99.0, SnapshotValue.Quantity.whole(65_536),
                Finding.Verdict.confirmed
            ),
            ("25", .limitFileSize, 5000, 65_536, .likely),
            ("25", .limitFileSize, 99, .whole(.max), .possible),
            ("25", .limitProcessorTime, 99, 10, .possible),
            ("24", .limitProcessorTime, 99, 10, .confirmed),
            ("12", .limitFileSize, 99, 65_536, .possible),
        ])
    func resourceSignal(
        signal: String, measure: Measure, at: Double, value: SnapshotValue.Quantity,
        verdict: Finding.Verdict
    ) throws {
        var world = World()
        world.log.start(at: 0)
        world.log.fork(.bgsave, child: 50, at: 95)
        world.log.add(.child_killed, at: 100.1, ["signal": signal, "operation": "bgsave"])
        world.facts.process(at: at, [measure: value])
        let incident = try #require(world.incident)
        let finding = try #require(incident.finding(.child_killed_by_signal))
        #expect(finding.verdict == verdict)
        #expect(finding.statement.contains("SIGX") == (signal != "12"))
        let isLifted = finding.remedies.contains { $0.text.hasPrefix("Lift") }
        #expect(isLifted == (verdict != .possible))
    }

    // MARK: - Counters of a group

    @Test("a group's counter of OOM kills speaks for its limit only where the limit was met")
    func countedKills() throws {
        func judged(_ change: (inout World) -> Void) throws -> Incident {
            var world = World.kill(line: false)
            for (at, kills) in [(90.0, 0), (110.0, 1)] {
                world.facts.cgroup(at: at, [.cgroupOOMKills: .whole(Int64(kills))])
            }
            change(&world)
            return try #require(world.incident)
        }
        let alone = try judged { _ in }
        #expect(alone.finding(.cgroup_memory_oom_kill)?.verdict == .possible)
        #expect(alone.verdict.state == .undecided)
        let limited = try judged { $0.facts.cgroup(at: 91, [.cgroupLimit: .gib(2)]) }
        #expect(limited.finding(.cgroup_memory_oom_kill)?.verdict == .likely)
        let met = try judged {
            $0.facts.cgroup(at: 90, [.cgroupEventsOOM: 0])
            $0.facts.cgroup(at: 110, [.cgroupEventsOOM: 2])
        }
        #expect(met.finding(.cgroup_memory_oom_kill)?.confidence == .high)
        let unmet = try judged {
            $0.facts.cgroup(at: 90, [.cgroupLimit: .gib(8), .cgroupEventsOOM: 0])
            $0.facts.cgroup(
                at: 110, [.cgroupLimit: .gib(8), .cgroupEventsOOM: 0, .cgroupUsage: .gib(2)])
        }
        #expect(unmet.finding(.cgroup_memory_oom_kill)?.verdict == .possible)
    }

    @Test("what the victim held is told by the kernel's own line")
    func victim() throws {
        var world = World.kill()
        for i in world.log.entries.indices where world.log.entries[i].kind == .oom_victim {
            world.log.entries[i].values.append(Capture(name: "anon_rss_kib", text: "1048576"))
        }
        let finding = try #require(world.incident?.finding(.cgroup_memory_oom_kill))
        #expect(finding.arithmetic.first?.value == 1_073_741_824)
    }

    // MARK: - The sentence for the whole input

    private func sentence(_ logs: HandWrittenLog...) -> String {
        var report = Report(toolVersion: "0")
        report.incidents = correlate(logs).incidents
        for incident in report.incidents {
            report.summary.forkFailures += incident.failures.total ?? 0
            report.summary.saveFailures += incident.failures.saveFailures
            report.summary.reportedFailures += incident.failures.reported
        }
        return Diagnosis.summary(of: report)
    }

    @Test("one sentence says how many, of what, and whether it is over")
    func summaries() {
        var log = HandWrittenLog()
        log.refuseSave(at: 0)
        #expect(sentence(log) == "1 incident, 1 refused fork; it was not over when the data ended.")
        log.refuseSave(at: 6)
        log.save(at: 12)
        #expect(sentence(log) == "1 incident, 2 refused forks; it was over when the data ended.")
        log.failSave(at: 20)
        #expect(
            sentence(log)
                == "2 incidents, 2 refused forks, 1 failed save; 1 of them was not over when the "
                + "data ended."
        )
        log.save(at: 30)
        #expect(
            sentence(log)
                == "2 incidents, 2 refused forks, 1 failed save; all were over when the data ended."
        )
    }

    @Test(
        "a child hangs that runs for five minutes and ten times as long as others did",
        arguments: [(2.0, 400.0, true), (2, 290, false), (45, 400, false)])
    func hanging(usual: Double, seconds: Double, isHung: Bool) throws {
        var log = HandWrittenLog()
        log.start(at: 0)
        log.fork(.bgsave, child: 49, at: 10)
        log.add(.operation_succeeded, at: 10 + usual, ["operation": "bgsave"])
        log.fork(.bgsave, child: 50, at: 100)
        log.add(.child_killed, at: 100 + seconds, ["signal": "15", "operation": "bgsave"])
        let candidates = try diagnosed(log).candidates
        #expect(candidates.contains("child_hung") == isHung)
    }
}
