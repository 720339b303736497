// SPDX-License-Identifier: Apache-2.0

import Model
import Testing

@testable import Snapshots

/// What the commands print that a report asks for.
struct CommandFactsTests {
    @Test(
        "rights of the data directory",
        arguments: [
            ("directory_mode=755 directory_owner=0", "755", Int64?(0), true),
            ("directory_mode=none", "none", nil, true),
            ("directory_mode=2770 directory_owner=999", "2770", 999, true),
            ("directory_mode=9 directory_owner=x", nil, nil, false),
            ("stat: cannot statx '/srv/x': Permission denied", nil, nil, false),
        ])
    func directory(fact: String, mode: String?, owner: Int64?, isWhole: Bool) {
        let (found, problems) = SeriesSample.read(
            "forktopsy fact pid=7 uid=999 \(fact)\n", path: "facts.txt")
        #expect(found.first?.text(.directoryMode) == mode)
        #expect(found.first?[.directoryOwner] == owner)
        #expect(problems.isEmpty == isWhole)
    }

    @Test func factsOfAProcess() throws {
        let found = snapshots(
            """
            ### 2026-11-22T11:52:16Z pid=26720 server
            forktopsy fact pid=26720 accounted=7544283136 accounted_largest=7518715904
            forktopsy fact pid=26720 uid=110 user_tasks=70
            """)
        #expect(found.count == 2)
        #expect(found.allSatisfy { $0.subject.pid == 26720 && $0.subject.scope == .process })
        #expect(found[0][.accounted] == 7_544_283_136)
        #expect(found[0][.accountedLargest] == 7_518_715_904)
        #expect(found[1][.userTasks] == 70)
        #expect(found[1][.userID] == 110)
        #expect(found[0].stamp != .none)
    }

    @Test(arguments: [
        "forktopsy fact pid=26720 accounted=0 accounted_largest=0",
        "forktopsy fact pid= uid= user_tasks=0", "forktopsy fact accounted=75e9",
        "forktopsy fact open_files=-1", "forktopsy fact ", "forktopsy fact x=1",
    ]) func whatCouldNotBeReadIsNoValue(_ line: String) {
        #expect(snapshots(line).allSatisfy { $0.values.isEmpty })
    }

    @Test func groupsBehindTheirPaths() throws {
        let found = snapshots(
            """
            ### 2026-11-22T11:52:16Z pid=26720 server
            0::/system.slice/redis.service
            /sys/fs/cgroup/system.slice/redis.service/pids.current:4
            /sys/fs/cgroup/system.slice/redis.service/pids.max:4
            /sys/fs/cgroup/system.slice/redis.service/pids.events:max 5
            /sys/fs/cgroup/system.slice/pids.current:90
            /sys/fs/cgroup/system.slice/pids.max:max
            /proc/26720/limits:Max processes             150                  96365                processes
            /proc/loadavg:0.50 0.40 0.30 2/345 26999
            /proc/sys/kernel/pid_max:32768
            """)
        let group = try #require(found.first { $0.subject.path == "/system.slice/redis.service" })
        #expect(group[.pidsCurrent] == 4)
        #expect(group[.pidsMax] == 4)
        #expect(group[.pidsEventsMax] == 5)
        let above = try #require(found.first { $0.subject.path == "/system.slice" })
        #expect(above[.pidsMax] == .max)
        #expect(found.first { $0[.limitProcesses] != nil }?[.limitProcesses] == 150)
        #expect(found.first { $0[.tasks] != nil }?[.tasks] == 345)
        #expect(found.first { $0[.pidMax] != nil }?[.pidMax] == 32768)
    }

    @Test("a journal without kernel lines says so for the time that was asked for")
    func quietKernel() {
        let last = "2026-11-22T11:02:03.000004+0000 db1 kernel: eth0: link up"
        func values(_ options: String, below: String = last) -> Set<Value> {
            Value.all(of: snapshots("$ journalctl \(options)\n-- No entries --\n\(below)"))
        }
        let window = "--since '2026-11-22 12:19:36 UTC' --until '2026-11-22 12:23:53 UTC'"
        let found = snapshots(
            "# journalctl --utc -o short-iso-precise _TRANSPORT=kernel \(window); journalctl --utc -o "
                + "short-iso-precise _TRANSPORT=kernel -n 1 --until '2026-11-22 12:19:36 UTC'\n"
                + "-- No entries --\n\(last)")
        #expect(found.first?[.kernelQuietFrom] == 1_795_349_976)
        #expect(found.first?[.kernelQuietUntil] == 1_795_350_233)
        #expect(values("-k \(window)").count == 2)
        for other in [
            window, "-k -p emerg \(window)", "-k -g oom \(window)",
            "-k --since '2026-11-22 12:19:36 UTC'",
            "-k --since '2026-11-22 12:19:36' --until '2026-11-22 12:23:53'",
            "-k \(window) | grep x",
        ] {
            #expect(values(other).isEmpty, "\(other)")
        }
        // There may be no journal, or none that the user may read, or none of that time.
        for below in [
            "", "-- No entries --", "No journal files were found.\n-- No entries --",
            "Hint: You are currently not seeing messages from other users and the system.",
            "2026-11-22T12:21:00.000000+0000 db1 kernel: eth0: link up",
            "2026-11-22T11:02:03.000004+0000 db1 systemd[1]: Started cron.service",
        ] {
            #expect(values("-k \(window)", below: below).isEmpty, "\(below)")
        }
    }
}
