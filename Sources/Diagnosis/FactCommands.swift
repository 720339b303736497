// SPDX-License-Identifier: Apache-2.0

internal import Model

/// Commands that settle what a log cannot. All of them only read.
enum FactCommands {
    static let overcommit =
        "sysctl vm.overcommit_memory vm.overcommit_ratio vm.overcommit_kbytes; grep -E "
        + "'MemTotal|SwapTotal|CommitLimit|Committed_AS|HugePages_Total|Hugepagesize' "
        + "/proc/meminfo; uname -r"

    static func disk(_ incident: Incident) -> String {
        directory(incident)
            + "; df -h \"$D\"; df -i \"$D\"; ls -ld \"$D\"; findmnt -T \"$D\""
    }

    /// Puts the data directory into the variable `D`.
    static func directory(_ incident: Incident) -> String {
        "D=\(directoryWord(incident))"
    }

    /// The data directory as one word of a command.
    static func directoryWord(_ incident: Incident) -> String {
        "\"$(\(client(incident)) CONFIG GET dir | tail -1)\""
    }

    /// The command line client, for the port that is meant.
    static func client(_ incident: Incident) -> String {
        guard let port = port(incident), port != 6379 else { return "redis-cli" }
        return "redis-cli -p \(port)"
    }

    /// The port of the server: that of its log, else the one that everything read of a server has.
    private static func port(_ incident: Incident) -> Int? {
        let read = Set(incident.readings.snapshots.compactMap(\.snapshot.subject.port))
        return incident.instance.port ?? (read.count == 1 ? read.first.map { Int($0) } : nil)
    }

    static func mappings(_ incident: Incident) -> String {
        ofProcess(
            incident,
            "grep -E '^(Name|Pid|VmSize|VmData|VmRSS|VmStk):' /proc/$P/status; awk '/^Size/{s=$2} "
                + "/^VmFlags/{if(/ ac/){a+=s; if(s>m)m=s}} END{print \"accounted kB\", a, "
                + "\"largest\", m}' /proc/$P/smaps")
    }

    static func cgroupMemory(_ incident: Incident) -> String {
        ofProcess(
            incident,
            "cat /proc/$P/cgroup; systemctl show -p "
                + "MemoryMax,MemoryCurrent,TasksMax,TasksCurrent \"$(ps -o unit= -p $P)\"")
    }

    static func tasks(_ incident: Incident) -> String {
        ofProcess(
            incident,
            "grep -E '^(Name|Pid|Uid|Threads):' /proc/$P/status; grep -E 'Max processes' "
                + "/proc/$P/limits; ps -eLo user= | sort | uniq -c | sort -rn "
                + "| head -5; sysctl kernel.pid_max kernel.threads-max")
    }

    static func pidsCgroup(_ incident: Incident) -> String {
        ofProcess(
            incident,
            "cat /proc/$P/cgroup; for d in /sys/fs/cgroup /sys/fs/cgroup/pids; do f=\"$d$(awk -F: "
                + "'/pids|^0::/{print $3; exit}' /proc/$P/cgroup)\"; cat \"$f/pids.current\" "
                + "\"$f/pids.max\" \"$f/pids.events\" 2>/dev/null; done")
    }

    static func namespace(_ incident: Incident) -> String {
        ofProcess(incident, "readlink /proc/$P/ns/pid /proc/$P/ns/pid_for_children /proc/1/ns/pid")
    }

    static func sandbox(_ incident: Incident) -> String {
        ofProcess(
            incident,
            "grep -E 'Seccomp|NoNewPrivs|CapEff' /proc/$P/status; ausearch -m SECCOMP,AVC -ts "
                + "recent 2>/dev/null | tail -20")
    }

    static func descriptors(_ incident: Incident) -> String {
        ofProcess(incident, "ls /proc/$P/fd | wc -l; grep 'open files' /proc/$P/limits")
    }

    static func addressSpace(_ incident: Incident) -> String {
        ofProcess(
            incident,
            "grep -E 'address space|data size' /proc/$P/limits; sysctl vm.max_map_count "
                + "vm.overcommit_memory")
    }

    /// A command about the server that is meant.
    private static func ofProcess(_ incident: Incident, _ command: String) -> String {
        "\(findProcess(incident)); \(command)"
    }

    /// Puts the server's process id into the variable `P`.
    static func findProcess(_ incident: Incident) -> String { "P=$(\(searchProcess(incident)))" }

    /// Prints the server's process id: servers show their port in their process title.
    static func searchProcess(_ incident: Incident) -> String {
        let any = "pidof -s redis-server valkey-server keydb-server"
        guard let port = port(incident) else { return any }
        return "pgrep -o -f '(redis|valkey|keydb)-server .*:\(port)( |$)' || \(any)"
    }

    /// Kernel lines around an incident; not filtered by priority, which would drop some of them.
    ///
    /// Where the zone of the log was assumed, the times are those written in it: journalctl takes
    /// them for the host's, and a host writes its logs in its own zone.
    static func kernelLines(_ incident: Incident) -> String {
        let isAssumed = incident.zoneIsAssumed
        func bound(_ at: Timestamp, _ seconds: Double) -> String {
            let time = CivilTime(timestamp: at.adding(seconds: seconds))
            return "'\(time.date) \(time.clockToSecond)\(isAssumed ? "" : " UTC")'"
        }
        let from = incident.startedAt.map { bound($0, -120) } ?? "'-1 day'"
        let to = (incident.lastFailureAt ?? incident.startedAt).map {
            " --until \(bound($0, 120))"
        }
        return "journalctl \(isAssumed ? "" : "--utc ")-o short-iso-precise _TRANSPORT=kernel "
            + "--since \(from)\(to ?? "")"
    }

    static func spoken(_ at: Timestamp) -> String {
        let time = CivilTime(timestamp: at)
        return "\(time.date) \(time.clockToSecond) UTC"
    }
}
