// SPDX-License-Identifier: Apache-2.0

internal import Model

/// Commands that settle what a log cannot. All of them only read.
enum FactCommands {
    static let overcommit =
        "sysctl vm.overcommit_memory vm.overcommit_ratio vm.overcommit_kbytes; grep -E 'MemTotal|SwapTotal|CommitLimit|Committed_AS|HugePages_Total|Hugepagesize' /proc/meminfo; uname -r"
    static let mappings =
        "P=$(pidof -s redis-server valkey-server keydb-server); grep -E 'VmSize|VmData|VmRSS|VmStk' /proc/$P/status; awk '/^Size/{s=$2} /^VmFlags/{if(/ ac/){a+=s; if(s>m)m=s}} END{print \"accounted kB\", a, \"largest\", m}' /proc/$P/smaps"
    static let cgroupMemory =
        "P=$(pidof -s redis-server valkey-server keydb-server); cat /proc/$P/cgroup; systemctl show -p MemoryMax,MemoryCurrent,TasksMax,TasksCurrent $(ps -o unit= -p $P)"
    static let tasks =
        "P=$(pidof -s redis-server valkey-server keydb-server); grep -E 'Max processes' /proc/$P/limits; ps -eLo user= | sort | uniq -c | sort -rn | head -5; sysctl kernel.pid_max kernel.threads-max"
    static let pidsCgroup =
        "P=$(pidof -s redis-server valkey-server keydb-server); cat /proc/$P/cgroup; for d in /sys/fs/cgroup /sys/fs/cgroup/pids; do f=$d$(awk -F: '/pids|^0::/{print $3; exit}' /proc/$P/cgroup); cat $f/pids.current $f/pids.max $f/pids.events 2>/dev/null; done"
    static let namespace =
        "P=$(pidof -s redis-server valkey-server keydb-server); readlink /proc/$P/ns/pid /proc/$P/ns/pid_for_children /proc/1/ns/pid"
    static let sandbox =
        "P=$(pidof -s redis-server valkey-server keydb-server); grep -E 'Seccomp|NoNewPrivs|CapEff' /proc/$P/status; ausearch -m SECCOMP,AVC -ts recent 2>/dev/null | tail -20"
    static let disk = "D=$(redis-cli CONFIG GET dir | tail -1); df -h $D; df -i $D; ls -ld $D; findmnt -T $D"

    /// Kernel lines around an incident; not filtered by priority, which would drop some of them.
    static func kernelLines(_ incident: Incident) -> String {
        let from = incident.startedAt.map { spoken($0.adding(seconds: -120)) } ?? "-1 day"
        let to = (incident.lastFailureAt ?? incident.startedAt).map { spoken($0.adding(seconds: 120)) }
        let until = to.map { " --until '\($0)'" } ?? ""
        return "journalctl --utc -o short-iso-precise _TRANSPORT=kernel --since '\(from)'\(until)"
    }

    private static func spoken(_ at: Timestamp) -> String {
        let time = CivilTime(timestamp: at)
        return "\(time.date) \(time.clockToSecond) UTC"
    }
}
