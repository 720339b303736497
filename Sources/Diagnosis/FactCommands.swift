// SPDX-License-Identifier: Apache-2.0

internal import Model

/// Commands that settle what a log cannot. All of them only read.
///
/// Their output is given to the next analysis as it is: each prints the time and, where it asks for
/// a process, its id first, then files behind their paths, and what no file holds as
/// `forktopsy fact …`.
enum FactCommands {
    static let overcommit =
        "date -u '+### %FT%TZ'; uname -a; sysctl vm.overcommit_memory vm.overcommit_ratio "
        + "vm.overcommit_kbytes vm.admin_reserve_kbytes vm.user_reserve_kbytes; "
        + "cat /proc/meminfo"

    /// Everything that a verdict may need, around an incident.
    static func everything(_ incident: Incident) -> String {
        guard let from = incident.startedAt?.adding(seconds: -3600) else {
            return "forktopsy collect"
        }
        let time = CivilTime(timestamp: from)
        return "forktopsy collect --since \(time.date)T\(time.clockToSecond)Z"
    }

    static func disk(_ incident: Incident) -> String {
        "date -u '+### %FT%TZ'; " + directory(incident)
            + "; df -h \"$D\"; df -i \"$D\"; ls -ld \"$D\"; findmnt -T \"$D\"; "
            + "\(client(incident)) INFO memory; \(client(incident)) INFO persistence"
    }

    /// Who may write in the data directory, and who the server is. Only a path that the system
    /// does not find is called missing: neither one that may not be looked at, nor an error of the
    /// client in its place.
    static func directoryRights(_ incident: Incident) -> String {
        ofProcess(
            incident,
            directory(incident)
                + "; case \"$D\" in /*) F=$(LC_ALL=C stat -c 'directory_mode=%a directory_owner=%u "
                + "directory_group=%g' \"$D\" 2>&1); case \"$F\" in *'No such file'*) F=directory_mode=none;; esac; "
                + "echo \"forktopsy fact pid=$P $(awk '/^Uid/{u=$3} /^Gid/{g=$3} /^Groups/{for(i=2;i<=NF;i++)"
                + "g=g\",\"$i} END{print \"uid=\"u\" process_groups=\"g}' /proc/$P/status) $F\";; "
                + "*) case \"$(readlink /proc/$P/cwd)\" in *' (deleted)') echo \"forktopsy fact pid=$P "
                + "directory_mode=none\";; esac;; esac; findmnt -T \"$D\"")
    }

    /// What else denies a file to a process whose rights would do.
    static func denials(_ incident: Incident) -> String {
        ofProcess(
            incident,
            "systemctl show -p ProtectSystem,ReadOnlyPaths,ReadWritePaths,InaccessiblePaths "
                + "\"$(ps -o unit= -p $P)\"; journalctl -o short-iso-precise _TRANSPORT=kernel + "
                + "_TRANSPORT=audit --since -1day | grep -iE 'denied|avc:' | tail -20")
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
            "grep -E '^(Name|Pid|Uid|CapEff|VmSize|VmData|VmRSS|RssAnon|VmStk):' /proc/$P/status; "
                + "awk -v p=\"$P\" '/^Size/{s=$2*1024} /^VmFlags/{n++; "
                + "if(/ ac/&&!/ dc/){a+=s; if(s>m)m=s}} END{if(n)printf \"forktopsy fact pid=%d "
                + "accounted=%.0f accounted_largest=%.0f\\n\", p, a, m}' /proc/$P/smaps")
    }

    static func cgroupMemory(_ incident: Incident) -> String {
        ofProcess(
            incident,
            "cat /proc/$P/cgroup; "
                + groupFiles(
                    "memory",
                    "memory.max memory.current memory.events memory.limit_in_bytes "
                        + "memory.usage_in_bytes memory.failcnt memory.oom_control"))
    }

    static func tasks(_ incident: Incident) -> String {
        ofProcess(
            incident,
            "grep -E '^(Name|Pid|Uid|Threads|CapEff):' /proc/$P/status; grep -H 'Max processes' "
                + "/proc/$P/limits; U=$(awk '/^Uid/{print $2}' /proc/$P/status); "
                + "echo \"forktopsy fact pid=$P uid=$U user_tasks=$(ps -L -U \"$U\" -o lwp= | "
                + "wc -l)\"; grep -H . /proc/loadavg /proc/sys/kernel/pid_max "
                + "/proc/sys/kernel/threads-max")
    }

    static func pidsCgroup(_ incident: Incident) -> String {
        ofProcess(
            incident,
            "cat /proc/$P/cgroup; " + groupFiles("pids", "pids.current pids.max pids.events"))
    }

    /// Prints files of the server's control group and of all groups above it, version 1 and 2, each
    /// line behind its path.
    private static func groupFiles(_ controller: String, _ files: String) -> String {
        "g=$(awk -F: '$2~/(^|,)\(controller)(,|$)/||/^0::/{print $3; exit}' /proc/$P/cgroup); "
            + "g=${g%/}; while :; do for f in \(files); do grep -Hs . \"/sys/fs/cgroup$g/$f\" "
            + "\"/sys/fs/cgroup/\(controller)$g/$f\"; done; [ -n \"$g\" ] || break; g=${g%/*}; "
            + "done"
    }

    static func namespace(_ incident: Incident) -> String {
        ofProcess(
            incident,
            "grep -E '^(Name|Pid|NSpid):' /proc/$P/status; readlink /proc/$P/ns/pid "
                + "/proc/$P/ns/pid_for_children /proc/1/ns/pid")
    }

    static func sandbox(_ incident: Incident) -> String {
        ofProcess(
            incident,
            "grep -E '^(Name|Pid|Seccomp|NoNewPrivs|CapEff):' /proc/$P/status; ausearch -m "
                + "SECCOMP,AVC -ts recent 2>/dev/null | tail -20")
    }

    static func descriptors(_ incident: Incident) -> String {
        ofProcess(
            incident,
            "echo \"forktopsy fact pid=$P open_files=$(ls /proc/$P/fd | wc -l)\"; "
                + "grep -H 'open files' /proc/$P/limits")
    }

    /// One limit of the server's process, as /proc/PID/limits calls it.
    static func limit(_ name: String, _ incident: Incident) -> String {
        ofProcess(incident, "grep -H '\(name)' /proc/$P/limits")
    }

    static func addressSpace(_ incident: Incident) -> String {
        ofProcess(
            incident,
            "grep -HE 'address space|data size' /proc/$P/limits; sysctl vm.max_map_count "
                + "vm.overcommit_memory")
    }

    /// A command about the server that is meant.
    private static func ofProcess(_ incident: Incident, _ command: String) -> String {
        "\(findProcess(incident)); date -u \"+### %FT%TZ pid=$P server\"; \(command)"
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
    /// them for the host's, and a host writes its logs in its own zone. The last line before them shows
    /// that the journal reaches back to the time, and that the user may read it.
    static func kernelLines(_ incident: Incident) -> String {
        lines(of: "_TRANSPORT=kernel", incident)
            + (incident.startedAt.map {
                "; " + journal(of: "_TRANSPORT=kernel", incident)
                    + " -n 1 --until \(bound($0, -before, incident))"
            } ?? "")
    }

    /// What is asked for where only the kernel's silence, or its word, tells two killers apart.
    static func kernelLinesAreMissing(_ incident: Incident, _ why: String) -> MissingFact {
        MissingFact(
            what: "kernel lines around the kill",
            why: why
                + "; a host without a journal has them in /var/log/kern.log, or prints them by "
                + "'dmesg --time-format iso'",
            command: kernelLines(incident))
    }

    /// What daemons that kill before the kernel does logged around an incident.
    static func daemonLines(_ incident: Incident) -> String {
        lines(of: "-u systemd-oomd -u earlyoom", incident)
    }

    private static func lines(of whom: String, _ incident: Incident) -> String {
        let from = incident.startedAt.map { bound($0, -before, incident) } ?? "'-1 day'"
        let to = (incident.lastFailureAt ?? incident.startedAt).map {
            " --until \(bound($0, 120, incident))"
        }
        return journal(of: whom, incident) + " --since \(from)\(to ?? "")"
    }

    private static func journal(of whom: String, _ incident: Incident) -> String {
        "journalctl \(incident.zoneIsAssumed ? "" : "--utc ")-o short-iso-precise \(whom)"
    }

    /// Seconds before the first failure from which on lines are asked for.
    private static let before = 120.0

    private static func bound(_ at: Timestamp, _ seconds: Double, _ incident: Incident) -> String {
        let time = CivilTime(timestamp: at.adding(seconds: seconds))
        return "'\(time.date) \(time.clockToSecond)\(incident.zoneIsAssumed ? "" : " UTC")'"
    }

    static func spoken(_ at: Timestamp) -> String {
        let time = CivilTime(timestamp: at)
        return "\(time.date) \(time.clockToSecond) UTC"
    }
}
