// SPDX-License-Identifier: Apache-2.0

import Model
import Testing

@testable import Snapshots

/// Commands that change something, as people type them.
struct ChangeTests {
    private func change(_ command: String) -> Snapshot? {
        let found = snapshots("[root@db1 ~]# \(command)\n")
        return found.count == 1 && found[0].isChange ? found[0] : nil
    }

    @Test(arguments: [
        "sysctl -w vm.overcommit_memory=1", "sysctl vm.overcommit_memory=1",
        "sudo sysctl -w vm.overcommit_memory=1", "sudo -u root sysctl -qw 'vm.overcommit_memory=1'",
        "echo 1 > /proc/sys/vm/overcommit_memory", "echo 1 >/proc/sys/vm/overcommit_memory",
        "echo 1 | sudo tee /proc/sys/vm/overcommit_memory",
        "sudo sh -c 'echo 1 > /proc/sys/vm/overcommit_memory'",
        "sudo bash -c \"echo 1 > /proc/sys/vm/overcommit_memory\"",
        "cd /tmp && sysctl -w vm.overcommit_memory=1",
    ]) func overcommit(_ command: String) {
        #expect(change(command)?[.overcommitMemory] == 1)
        #expect(change(command)?.subject.host == "db1")
    }

    @Test func sudoDoesNotRedirect() {
        let found = change("sudo echo 1 > /proc/sys/vm/overcommit_memory")
        #expect(found?[.commandIsVain] == 1)
        #expect(found?[.overcommitMemory] == nil)
        #expect(
            found?.text(.commandRun) == "sudo echo 1 > /proc/sys/vm/overcommit_memory")
    }

    @Test func others() {
        let thp = change("echo never > /sys/kernel/mm/transparent_hugepage/enabled")
        #expect(thp?.text(.transparentHugePages) == "never")
        #expect(change("swapon /swapfile")?.text(.commandRun) == "swapon /swapfile")
        #expect(change("fallocate -l 4G /swapfile") != nil)
        let unit = change("systemctl set-property redis.service MemoryMax=2G TasksMax=infinity")
        #expect(unit?[.cgroupLimit] == 2 << 30)
        #expect(unit?[.pidsMax] == .max)
        #expect(unit?.text(.unitName) == "redis.service")
        #expect(change("prlimit --pid 7 --nproc=4096:8192")?[.limitProcessesHard] == 8192)
        #expect(change("kill -9 18974")?.subject.pid == 18_974)
        let group = change("echo max > /sys/fs/cgroup/system.slice/redis.service/pids.max")
        #expect(group?[.pidsMax] == .max)
        #expect(group?.subject.path == "/system.slice/redis.service")
        let config = change("redis-cli -p 6380 -a secret CONFIG SET maxmemory 2gb")
        #expect(config?[.maxmemory] == 2 << 30)
        #expect(config?.subject.port == 6380)
        #expect(config?.text(.commandRun)?.contains("secret") == false)
        #expect(change("redis-cli -a secret BGSAVE")?.text(.commandRun) == "BGSAVE")
    }

    @Test(arguments: [
        "sysctl vm.overcommit_memory", "swapon --show", "echo hello > /tmp/x", "free -m",
        "cat /proc/sys/vm/overcommit_memory > /tmp/x", "systemctl status redis", "kill -l",
        "redis-cli CONFIG GET maxmemory", "sysctl -w net.ipv4.ip_forward=1",
    ]) func whatChangesNothing(_ command: String) {
        #expect(change(command) == nil)
    }

    @Test func whereACommandRuns() {
        let found = snapshots(
            """
            admin@bastion:~$ ssh -p 2222 root@db7 cat /proc/sys/vm/overcommit_memory
            2
            admin@bastion:~$ cat /proc/sys/vm/overcommit_memory
            0
            admin@bastion:~$ docker exec -it redis sh -c "cat /sys/fs/cgroup/memory.max"
            1073741824
            admin@bastion:~$ kubectl exec -n prod redis-0 -c redis -- cat /sys/fs/cgroup/pids.max
            max
            """)
        #expect(found.map(\.subject.host) == ["db7", "bastion", "bastion", "bastion"])
        #expect(found.compactMap { $0[.overcommitMemory] } == [2, 0])
        #expect(found.compactMap { $0[.cgroupLimit] } == [1_073_741_824])
        #expect(found.compactMap { $0[.pidsMax] } == [.max])
    }
}
