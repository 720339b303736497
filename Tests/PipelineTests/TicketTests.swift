// SPDX-License-Identifier: Apache-2.0
// Tickets as people write them: commands and their output, in one text. All are constructed.

import Diagnosis
import Foundation
import Incidents
import Model
import Reading
import Reports
import TestSupport
import Testing

@testable import forktopsy

/// What a report makes of one pasted text, or of a few files.
struct TicketTests {
    private func report(_ files: [String: String], zone: String? = nil) throws -> Report {
        try withTemporaryFolder { folder in
            for (name, text) in files {
                let file = URL(filePath: folder).appending(path: name)
                try FileManager.default.createDirectory(
                    at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
                try Data(text.utf8).write(to: file)
            }
            var assembler = Assembler()
            assembler.clocks.now = Timestamp(seconds: 1_795_000_000)
            if let zone {
                let rules = try #require(TimeZoneRules(offset: zone))
                assembler.clocks.zones = [(glob: nil, rules: rules)]
            }
            return assembler.report(
                try Pipeline.extractions(of: [folder]), patterns: Pipeline.patterns)
        }
    }

    private func commands(_ incident: Incident) -> [String] {
        incident.causes.flatMap { cause in
            cause.missing.map(\.command)
                + cause.remedies.flatMap { [$0.command, $0.precheck, $0.expect, $0.rollback] }
        } + [incident.verdict.nextCommand].compactMap(\.self)
    }

    // MARK: - Containers

    /// A container that was ended at 01:12:51 and started again at 01:13:05.
    private static func describe(image: String = "redis:7.2-alpine") -> String {
        """
        Name:             cache-0
        Namespace:        prod
        Node:             node-4/10.2.3.4
        Start Time:       Mon, 12 May 2025 09:00:11 +0000
        Containers:
          cache:
            Image:          \(image)
            State:          Running
              Started:      Wed, 14 May 2025 01:13:05 +0000
            Last State:     Terminated
              Reason:       OOMKilled
              Exit Code:    137
              Started:      Mon, 12 May 2025 09:00:15 +0000
              Finished:     Wed, 14 May 2025 01:12:51 +0000
            Ready:          True
            Restart Count:  1
            Limits:
              cpu:     2
              memory:  4Gi

        """
    }

    private static let forked = """
        1:M 14 May 2025 01:12:40.101 * 10000 changes in 60 seconds. Saving...
        1:M 14 May 2025 01:12:40.187 * Background saving started by pid 311

        """

    @Test("a container's state tells of the kill, some seconds before the next start")
    func restartDelay() throws {
        let log =
            Self.forked + """
                1:C 14 May 2025 01:13:05.300 # oO0OoO0OoO0Oo Redis is starting oO0OoO0OoO0Oo
                1:C 14 May 2025 01:13:05.300 # Redis version=7.2.4, bits=64, commit=00000000, modified=0, pid=1, just started
                1:M 14 May 2025 01:13:05.302 * Running mode=standalone, port=6379.
                1:M 14 May 2025 01:13:07.300 * Ready to accept connections tcp

                """
        let report = try report(["log.txt": log, "pod.txt": Self.describe()])
        let incident = try #require(report.incidents.first)
        #expect(report.incidents.count == 1)
        let cause = try #require(incident.causes.first)
        #expect(cause.id == "cgroup_memory_oom_kill" && cause.verdict == .likely)
        #expect(cause.evidence.contains { $0.source?.path.hasSuffix("pod.txt") ?? false })
        // A pod has no unit of systemd.
        #expect(!commands(incident).contains { $0.contains("set-property") })
        // The path of a pod's log names the pod, wherever its description lies.
        let path = "var/log/pods/prod_cache-0_0f1e/cache/0.log"
        let apart = try self.report([path: log, "facts/pod.txt": Self.describe()])
        #expect(apart.incidents.first?.causes.first?.verdict == .likely)
        let elsewhere = try self.report([
            path.replacing("cache-0", with: "cache-1"): log, "facts/pod.txt": Self.describe(),
        ])
        #expect(elsewhere.incidents.first { $0.kind == .save_failure }?.verdict.state == .undecided)
        // A kill long before the last line of the server is another one.
        let other = Self.describe().replacing("01:12:51", with: "00:40:02")
        let unrelated = try self.report(["log.txt": log, "pod.txt": other])
        let later = unrelated.incidents.first { $0.kind == .save_failure }
        #expect(later?.verdict.state == .undecided)
    }

    @Test(
        "a pod's description alone tells of an OOM kill of the server, not of what stands beside it"
    )
    func containerAlone() throws {
        let alone = try report(["pod.txt": Self.describe()])
        let kill = try #require(alone.incidents.first)
        #expect(kill.kind == .oom_kill && kill.instance.container == "cache-0")
        #expect(kill.startedAt == Timestamp(seconds: 1_747_185_171))
        #expect(kill.causes.first?.id == "cgroup_memory_oom_kill")
        #expect(kill.causes.first?.verdict == .likely)
        // With the log of the run that ended it is the same one.
        let both = try report(["pod.txt": Self.forked + Self.describe()])
        #expect(both.incidents.map(\.kind) == [.oom_kill])
        let exporter = try report(["pod.txt": Self.describe(image: "oliver006/redis_exporter:v1")])
        #expect(exporter.incidents.isEmpty)
        let foreign = try report(["pod.txt": Self.describe(image: "postgres:16")])
        #expect(foreign.incidents.isEmpty)
    }

    // MARK: - Units

    private static let refused = """
        [root@r7 ~]# tail /var/log/redis/redis.log
        911:M 03 May 2025 02:58:11.412 * 100 changes in 300 seconds. Saving...
        911:M 03 May 2025 02:58:11.413 # Can't save in background: fork: Resource temporarily unavailable
        911:M 03 May 2025 02:58:17.500 * 100 changes in 300 seconds. Saving...
        911:M 03 May 2025 02:58:17.501 # Can't save in background: fork: Resource temporarily unavailable

        """

    @Test("commands name the unit that systemctl was asked about, and never a usual one")
    func unit() throws {
        let status = """
            [root@r7 ~]# systemctl status redis
            ● redis.service - Redis persistent key-value database
                 Loaded: loaded (/usr/lib/systemd/system/redis.service; enabled; preset: disabled)
                 Active: active (running) since Thu 2025-05-01 09:11:02 UTC; 1 day 17h ago
               Main PID: 911 (redis-server)
                  Tasks: 6 (limit: 6)
                 CGroup: /system.slice/redis.service
                         └─911 "/usr/bin/redis-server 127.0.0.1:6379"

            """
        let known = try #require(report(["a.txt": Self.refused + status]).incidents.first)
        #expect(commands(known).contains { $0.contains("set-property redis.service TasksMax") })
        #expect(!commands(known).contains { $0.contains("redis-server.service") })
        let limits = """
            [root@r7 ~]# cat /proc/911/limits
            Limit                     Soft Limit           Hard Limit           Units
            Max processes             6                    6                    processes
            [root@r7 ~]# cat /proc/911/status
            Name:	redis-server
            Pid:	911
            Uid:	991	991	991	991
            Threads:	6

            """
        let unknown = try #require(report(["a.txt": Self.refused + limits]).incidents.first)
        #expect(!commands(unknown).contains { $0.contains("redis-server.service") })
        #expect(!commands(unknown).contains { $0.contains("redis.service") })
    }

    // MARK: - Fixes

    @Test("a mode of 1 after which forks were refused is told, and weakens what rests on the mode")
    func fixThatDidNotHelp() throws {
        func ticket(_ fix: String) -> String {
            """
            root@c3:~# date -u
            Tue Mar 11 02:03:50 UTC 2025
            root@c3:~# sysctl vm.overcommit_memory
            vm.overcommit_memory = 2
            root@c3:~# tail -2 /var/log/redis/redis-server.log
            1187:M 11 Mar 2025 02:03:49.048 * 10 changes in 300 seconds. Saving...
            1187:M 11 Mar 2025 02:03:49.049 # Can't save in background: fork: Cannot allocate memory
            root@c3:~# date -u
            Tue Mar 11 02:04:00 UTC 2025
            root@c3:~# \(fix)
            root@c3:~# tail -2 /var/log/redis/redis-server.log
            1187:M 11 Mar 2025 02:04:19.021 * 10 changes in 300 seconds. Saving...
            1187:M 11 Mar 2025 02:04:19.022 # Can't save in background: fork: Cannot allocate memory

            """
        }
        let before = try #require(report(["a.txt": ticket("true")]).incidents.first)
        let strict = before.causes.first { $0.id == "commit_limit_strict" }
        #expect(strict?.verdict == .likely)
        let fix = "sudo sysctl -w vm.overcommit_memory=1"
        let after = try #require(report(["a.txt": ticket(fix)]).incidents.first)
        let weakened = try #require(after.causes.first { $0.id == "commit_limit_strict" })
        #expect(weakened.verdict == .possible && weakened.remedies.allSatisfy { !$0.permanent })
        #expect(
            weakened.evidence.contains {
                $0.direction == .against && $0.statement.contains("went on")
            })
        #expect(after.verdict.state == .undecided)
        #expect(after.verdict.between.last != nil)
        #expect(after.verdict.between.first != "commit_limit_strict")
        let row = after.timeline.first { $0.kind == TimelineEntry.settingChanged }
        #expect(row?.text.contains("failures went on after it") ?? false)
        // Taken back before the later failure, it shows nothing.
        let back = "\(fix)\nroot@c3:~# sudo sysctl -w vm.overcommit_memory=2"
        let reverted = try #require(report(["a.txt": ticket(back)]).incidents.first)
        #expect(reverted.causes.first { $0.id == "commit_limit_strict" }?.verdict == .likely)
    }

    // MARK: - Times and names

    @Test("where the zone was assumed, a window is in the log's own stamps")
    func window() throws {
        let log = """
            911:M 03 May 2025 02:58:11.412 * Background saving started by pid 950
            911:M 03 May 2025 02:58:17.500 # Background saving terminated by signal 9

            """
        let assumed = try #require(report(["redis.log": log]).incidents.first)
        let window = try #require(commands(assumed).first { $0.hasPrefix("journalctl") })
        #expect(window.contains("--since '2025-05-03 02:56:17' --until '2025-05-03 03:00:17'"))
        #expect(!window.contains("--utc"))
        let zoned = try report(["redis.log": log], zone: "+01:00")
        let known = commands(try #require(zoned.incidents.first))
        #expect(known.contains { $0.contains("--utc") && $0.contains("'2025-05-03 01:56:17 UTC'") })
    }

    @Test("a paste names the server's host and product, where its process is told")
    func names() throws {
        let paste = """
            root@c3:~# tail -2 redis-server.log
            1187:M 11 Mar 2025 02:03:49.048 * 10 changes in 300 seconds. Saving...
            1187:M 11 Mar 2025 02:03:49.049 # Can't save in background: fork: Cannot allocate memory
            root@c3:~# ps aux | grep redis
            redis       1187  4.1 41.2 13950120 13510944 ?   Ssl  Feb27 812:10 /usr/bin/redis-server 0.0.0.0:6379
            root       90211  0.0  0.0   6476  2304 pts/0    S+   03:07   0:00 grep --color=auto redis
            root@c3:~# redis-cli info server | grep redis_version
            redis_version:3.2.3

            """
        let incident = try #require(report(["a.txt": paste]).incidents.first)
        #expect(incident.instance.host == "c3")
        #expect(incident.instance.product == "redis" && incident.instance.version == "3.2.3")
        // Of another process nothing is known.
        let other = paste.replacing("redis       1187", with: "redis       2187")
        #expect(try report(["a.txt": other]).incidents.first?.instance.host == nil)
    }

    // MARK: - Without a log

    @Test("readings of a server are judged without a log of it")
    func outlook() throws {
        func facts(mode: Int, at date: String? = "Fri Jun  6 03:30:00 UTC 2025") -> String {
            let date = date.map { "$ date\n\($0)\n" } ?? ""
            return date + """
                $ sysctl vm.overcommit_memory
                vm.overcommit_memory = \(mode)
                $ grep -E 'MemTotal|MemAvailable|SwapTotal|Commit' /proc/meminfo
                MemTotal:       16269312 kB
                MemAvailable:     402312 kB
                SwapTotal:             0 kB
                CommitLimit:     8134656 kB
                Committed_AS:    7900000 kB
                $ cat /proc/1301/status
                Name:	redis-server
                Pid:	1301
                VmSize:	 6912340 kB
                VmRSS:	 6801232 kB
                $ redis-cli info
                # Server
                redis_version:3.2.3
                process_id:1301
                tcp_port:6379
                # Memory
                used_memory:6690000000
                used_memory_rss:6964461568
                mem_allocator:libc

                """
        }
        let strict = try report(["facts.txt": facts(mode: 2)])
        #expect(strict.incidents.isEmpty)
        let refused = try #require(strict.outlook.first)
        #expect(strict.outlook.count == 1 && refused.wouldFork == .no)
        #expect(refused.instance.port == 6379 && refused.instance.pids == [1301])
        // A fork that passes is no save that ends: RAM holds no copy.
        let passes = try #require(report(["facts.txt": facts(mode: 1)]).outlook.first)
        #expect(passes.wouldFork == .yes && passes.statement.contains("OOM killer"))
        // Without any time the figures are of one moment, and say so.
        let undated = try #require(report(["facts.txt": facts(mode: 2, at: nil)]).outlook.first)
        #expect(undated.wouldFork == .no && undated.statement.contains("carry no time"))
        #expect(undated.evidence.allSatisfy { $0.at == nil })
        // A host without a server has no outlook.
        #expect(try report(["facts.txt": "$ free -m\n" + Self.free]).outlook.isEmpty)
    }

    private static let free = """
                       total        used        free      shared  buff/cache   available
        Mem:            7681        7211         120           9         349         199
        Swap:           2047        2040           7

        """

    @Test("after an OOM kill the outlook says what a fork that passes may come to")
    func outlookAfterKill() throws {
        let paste = """
            $ sudo dmesg -T | grep -i oom
            [Fri Jun  6 03:21:44 2025] oom-kill:constraint=CONSTRAINT_NONE,nodemask=(null),cpuset=/,mems_allowed=0,global_oom,task_memcg=/system.slice/redis-server.service,task=redis-server,pid=70112,uid=112
            [Fri Jun  6 03:21:44 2025] Out of memory: Killed process 70112 (redis-server) total-vm:14912340kB, anon-rss:13901232kB, file-rss:1236kB, shmem-rss:0kB, UID:112 pgtables:27640kB oom_score_adj:0
            $ tail -2 /var/log/redis/redis-server.log
            1301:M 06 Jun 2025 03:19:58.911 * Background saving started by pid 70112
            1301:M 06 Jun 2025 03:21:45.001 # Background saving terminated by signal 9
            $ sysctl vm.overcommit_memory
            vm.overcommit_memory = 1

            """
        let report = try report(["a.txt": paste])
        let outlook = try #require(report.outlook.first)
        #expect(outlook.wouldFork == .yes && outlook.statement.contains("may come to the same end"))
        let group = report.incidents.first?.causes.first { $0.id == "cgroup_memory_oom_kill" }
        #expect(group?.verdict == .ruled_out)
        #expect(group?.statement.contains("CONSTRAINT_NONE") ?? false)
    }
}
