// SPDX-License-Identifier: Apache-2.0

import Model
import Testing

@testable import Snapshots

/// Other languages, versions, units and shapes of what hosts print.
struct HostVariantTests {
    @Test(arguments: [
        // procps-ng 4.0.2, po/: de, es, fr, ko, pl, uk.
        ("gesamt       benutzt     frei      gemns.  Puffer/Cache verfügbar", "Speicher:", "Swap:"),
        (
            "gesamt       benutzt     frei      gemns.  Puffer/Cache verfügbar", "Speicher:",
            "Auslager:"
        ),
        ("total       usado       libre  compartido   búf/caché   disponible", "Mem:", "Inter:"),
        ("total       utilisé      libre     partagé tamp/cache   disponible", "Mem:", "Échange:"),
        ("총계         사용        여분      공유    버퍼/캐시    가용", "메모리:", "스  왑:"),
        (
            "razem       użyte       wolne    dzielone   buf/cache    dostępne", "Pamięć:",
            "Wymiana:"
        ),
        ("загалом      використ.   вільна    спільна буфери/кеш   дост.", "Пам.:", "Своп.:"),
        ("total        used        free      shared  buff/cache   available", "内存：", "交换："),
    ]) func freeInOtherLanguages(_ header: String, _ memory: String, _ swap: String) throws {
        let found = snapshots(
            "$ free -h\n              \(header)\n\(memory)  15Gi       3,6Gi       6,3Gi       "
                + "199Mi       6,0Gi        11Gi\n\(swap)   4,0Gi       931Mi       3,1Gi\n")
        let snapshot = try #require(found.first)
        #expect(snapshot[.memTotal] == 15 << 30)
        #expect(snapshot[.shmem] == 199 << 20)
        #expect(snapshot[.memAvailable] == 11 << 30)
        #expect(snapshot[.swapUsed] == 931 << 20)
    }

    @Test func freeWithoutABlankBehindTheColon() throws {
        let found = snapshots(
            "$ free -b\n               gesamt       benutzt     frei      gemns.  Puffer/Cache verfügbar\n"
                + "Speicher:16524931072  1656258560 13704818688    12845056  1540685824 14868672512\n"
        )
        #expect(found.first?[.memTotal] == 16_524_931_072)
        #expect(found.first?[.memAvailable] == 14_868_672_512)
    }

    @Test func freeOfOldProcps() throws {
        // procps 3.2.8
        let found = snapshots(
            """
            $ free
                         total       used       free     shared    buffers     cached
            Mem:       8174424    7968380     206044          0     345676    3498924
            -/+ buffers/cache:    4123780    4050644
            Swap:      4194296      12000    4182296
            """)
        let snapshot = try #require(found.first)
        #expect(snapshot[.memTotal] == kibibytes(8_174_424))
        #expect(snapshot[.cached] == kibibytes(3_498_924))
        #expect(snapshot[.buffers] == kibibytes(345_676))
        #expect(snapshot[.memUsed] == kibibytes(4_123_780))
        #expect(snapshot[.memAvailable] == nil)
        #expect(snapshot[.swapUsed] == kibibytes(12_000))
    }

    @Test func freeSaysTheCommitLimitToo() {
        let found = snapshots(
            """
            $ free -v
                           total        used        free      shared  buff/cache   available
            Mem:        24684084      704004    18093700        8872     6211232    23980080
            Swap:              0           0           0
            Comm:       12342040      253580    12088460
            """)
        #expect(found.first?[.commitLimit] == kibibytes(12_342_040))
        #expect(found.first?[.committedAS] == kibibytes(253_580))
    }

    @Test(
        arguments: [
            ("24105 687 17669 8 6065 23418", 24_105 << 20),
            ("24684084 704004 18093700 8872 6211232 23980080", 24_684_084 << 10),
            ("25276502016 720781312 18527948800 9084928 6360420352 24555720704", 25_276_502_016),
            ("31 14 3 2 15 16", 31 << 30),
            // 262,144: 256 MiB in KiB or 256 GiB in MiB; not all are multiples of 4.
            ("262144 1001 200003 17 60001 260001", 262_144 << 20),
            // 2,000 MiB or 2,000 GiB.
            ("2000 687 701 8 612 1301", nil),
        ] as [(String, Int64?)]) func theUnitOfFreeIsOnlyGuessedWhereItIsSure(
            _ row: String, _ total: Int64?
        )
    {
        let out = read(
            "               total        used        free      shared  buff/cache   available\n"
                + "Mem: \(row)\nSwap: 0 0 0\n")
        #expect(out.snapshots.first?[.memTotal] == total)
        #expect(out.problems.isEmpty == (total != nil))
    }

    @Test(arguments: [
        ("df -h", "Dateisystem    Größe Benutzt Verf. Verw% Eingehängt auf", "1,8T 1,1T 629G 65%"),
        ("df -h", "Sys. de fichiers Taille Utilisé Dispo Uti% Monté sur", "1,8T 1,1T 629G 65%"),
        ("df -h", "文件系统        容量  已用  可用 已用% 挂载点", "1.8T 1.1T 629G 65%"),
        (
            "df -k", "Dateisystem 1K-Blöcke Benutzt Verfügbar Verw% Eingehängt auf",
            "1932735283 1181116006 659554304 65%"
        ),
        (
            "df", "S.ficheros bloques de 1K Usados Disponibles Uso% Montado en",
            "1932735283 1181116006 659554304 65%"
        ),
        (
            "df -P", "Filesystem 1024-blocks Used Available Capacity Mounted on",
            "1932735283 1181116006 659554304 65%"
        ),
        (
            "df -B1", "Filesystem 1B-blocks Used Available Use% Mounted on",
            "1979120929996 1209462790553 675383607296 65%"
        ),
    ]) func diskSpaceInOtherLanguagesAndUnits(
        _ command: String, _ header: String, _ row: String
    ) throws {
        let found = snapshots("$ \(command)\n\(header)\n/dev/sda2 \(row) /var/lib/redis\n")
        let snapshot = try #require(found.first)
        #expect(snapshot.subject.path == "/var/lib/redis")
        #expect(abs((snapshot[.diskSize] ?? 0) - 1_979_120_929_996) < 2048)
        #expect(snapshot[.diskAvailable] == 629 << 30)
    }

    @Test func aDeviceWithALongNameHasARowOfItsOwn() {
        let found = snapshots(
            """
            $ df -k
            Filesystem           1K-blocks      Used Available Use% Mounted on
            /dev/mapper/VolGroup00-LogVol00
                                  40966048  12345678  26539346  32% /
            tmpfs                   8174424         0   8174424   0% /dev/shm
            """)
        #expect(found.map(\.subject.path) == ["/", "/dev/shm"])
        #expect(found.first?[.diskAvailable] == kibibytes(26_539_346))
    }

    @Test func ulimitInOtherWords() {
        let found = snapshots(
            "$ ulimit -a\nTaille max  (Kioctets, -v) 1048576\nnb max proc  (-u) 4096\n")
        #expect(found.first?[.limitAddressSpace] == kibibytes(1_048_576))
        #expect(found.first?[.limitProcesses] == 4096)
        #expect(snapshots("$ ulimit -u\n127000\n").first?[.limitProcesses] == 127_000)
        #expect(snapshots("$ ulimit -Hu\nunlimited\n").first?[.limitProcessesHard] == .max)
        let zsh = snapshots(
            "$ ulimit -a\n-t: cpu time (seconds)   unlimited\n-u: processes   3000\n")
        #expect(zsh.first?[.limitProcesses] == 3000)
    }

    @Test func topOfSeveralVersions() throws {
        let french = snapshots(
            "MiB Mem :  24105,6 total,  18170,6 libr,    845,5 util,   5406,7 tamp/cache\n"
                + "MiB Éch :      0,0 total,      0,0 libr,      0,0 util.  23260,1 dispo Mem\n")
        #expect(french.first?[.memTotal] == 25_276_553_626)
        let old = snapshots(
            """
            top - 11:38:02 up 20 min,  1 user,  load average: 0.05, 0.00, 0.76
            Tasks:  89 total,   3 running
            Cpu(s):100.0%us,  0.0%sy
            KiB Mem:   8174424 total,  7968380 used,   206044 free,   345676 buffers
            KiB Swap:  4194296 total,        0 used,  4194296 free.  3498924 cached Mem

              PID USER      PR  NI    VIRT    RES    SHR S  %CPU  %MEM     TIME+ COMMAND
             2186 redis     20   0    1.2g 921600   2400 S   5.3   0.5   0:00.10 redis-server
             2199 redis     20   0    1.2g 921100   2400 R  99.3   0.5   0:00.10 redis-rdb-bgsave
                1 root      20   0  168408  11000   8000 S   0.0   0.1   0:01.10 systemd
            """)
        let host = try #require(old.first { $0.subject.scope == .host })
        #expect(host[.memFree] == kibibytes(206_044))
        let rows = old.filter { $0.subject.scope == .process }
        #expect(rows.map(\.subject.pid) == [2186, 2199])
        #expect(rows.map(\.subject.isChild) == [false, true])
        #expect(rows.first?[.vmRSS] == kibibytes(921_600))
    }

    @Test func controlGroupFilesHoweverTheyAreShown() throws {
        let group = "/sys/fs/cgroup/system.slice/redis.service"
        let ways = [
            "$ cat \(group)/memory.max\n1073741824\n",
            "$ sudo cat \(group)/memory.max\n1073741824\n",
            "$ grep . \(group)/*\n\(group)/memory.max:1073741824\n\(group)/memory.events:max 3\n",
            "$ head \(group)/*\n==> \(group)/memory.max <==\n1073741824\n",
        ]
        for text in ways {
            let found = snapshots(text)
            try #require(found.count == 1)
            #expect(found[0][.cgroupLimit] == 1_073_741_824)
            #expect(found[0].subject.path == "/system.slice/redis.service")
        }
        #expect(snapshots(ways[2])[0][.cgroupEventsMax] == 3)
        let collected = snapshots("1073741824\n", path: "out/sys/fs/cgroup/x.slice/memory.max")
        #expect(collected.first?.subject.path == "/x.slice")
        let relative = snapshots("memory.current:5\npids.max:max\n")
        #expect(relative.first?[.cgroupUsage] == 5)
        #expect(relative.first?[.pidsMax] == .max)
    }

    @Test func systemdSpeaks() throws {
        let found = snapshots(
            """
            $ systemctl show redis-server -p MemoryMax,TasksMax,TasksCurrent,OOMPolicy,ControlGroup
            ControlGroup=/system.slice/redis-server.service
            MemoryMax=infinity
            MemoryCurrent=[not set]
            TasksCurrent=5
            TasksMax=18446744073709551615
            LimitNPROC=4096
            LimitNPROCSoft=96365
            OOMPolicy=continue
            """)
        let shown = try #require(found.first)
        #expect(shown.subject.path == "/system.slice/redis-server.service")
        #expect(shown.text(.unitName) == "redis-server.service")
        #expect(shown[.cgroupLimit] == .max)
        #expect(shown[.cgroupUsage] == nil)
        #expect(shown[.pidsMax] == .max)
        #expect(shown[.limitProcesses] == 96_365)
        #expect(shown.text(.oomPolicy) == "continue")
        let status = try #require(
            snapshots(
                """
                ● redis-server.service - Advanced key-value store
                     Loaded: loaded (/lib/systemd/system/redis-server.service; enabled)
                     Active: active (running) since Sun 2026-11-22 11:37:00 UTC; 5min ago
                   Main PID: 2186 (redis-server)
                      Tasks: 5 (limit: 4915)
                     Memory: 121.5M (max: 512.0M available: 390.5M)
                     CGroup: /system.slice/redis-server.service
                             └─2186 "/usr/bin/redis-server 127.0.0.1:6379"
                """
            ).first)
        #expect(status[.pidsCurrent] == 5)
        #expect(status[.pidsMax] == 4915)
        #expect(status[.cgroupUsage] == 127_401_984)
        #expect(status[.cgroupLimit] == 512 << 20)
        #expect(status.subject.pid == 2186)
    }

    @Test func commandsOfOneLine() throws {
        let found = snapshots(
            """
            [root@db1 ~]# uname -r
            3.10.0-1160.el7.x86_64
            [root@db1 ~]# getconf PAGE_SIZE
            4096
            [root@db1 ~]# uptime
             11:38:02 up 20 min,  1 user,  load average: 5,05, 5,00, 2,76
            [root@db1 ~]# ps -eLf | wc -l
            1203
            [root@db1 ~]# ps -L -u redis -o pid= | wc -l
            61
            [root@db1 ~]# ls /proc/2186/fd | wc -l
            40
            [root@db1 ~]# sysctl -n vm.overcommit_memory kernel.pid_max
            2
            32768
            [root@db1 ~]# cat /proc/sys/vm/overcommit_ratio
            80
            """)
        #expect(found.allSatisfy { $0.subject.host == "db1" })
        #expect(found.compactMap { $0.text(.kernelRelease) } == ["3.10.0-1160.el7.x86_64"])
        #expect(found.compactMap { $0[.pageSize] } == [4096])
        #expect(found.compactMap { $0.real(.loadAverage1) } == [5.05])
        #expect(found.compactMap { $0[.tasks] } == [1202])
        #expect(found.compactMap { $0[.userTasks] } == [61])
        #expect(found.compactMap { $0[.openFiles] } == [40])
        #expect(found.compactMap { $0[.overcommitMemory] } == [2])
        #expect(found.compactMap { $0[.pidMax] } == [32_768])
        #expect(found.compactMap { $0[.overcommitRatio] } == [80])
    }

    @Test func swapAndMounts() {
        let swap = snapshots(
            """
            $ cat /proc/swaps
            Filename				Type		Size		Used		Priority
            /swapfile                               file		2097148		1024		-2
            $ swapon --show
            NAME      TYPE SIZE USED PRIO
            /dev/sda3 partition 4G   0B   -2
            """)
        #expect(swap.map { $0[.swapAreaSize] } == [kibibytes(2_097_148), 4 << 30])
        #expect(swap.map { $0.text(.swapArea) } == ["/swapfile", "/dev/sda3"])
        let mounts = snapshots(
            """
            $ mount
            /dev/vda on /var/lib/redis type ext4 (ro,relatime)
            proc on /proc type proc (rw,nosuid)
            $ cat /proc/mounts
            /dev/vdb /data xfs rw,relatime,noquota 0 0
            """)
        #expect(mounts.map(\.subject.path) == ["/var/lib/redis", "/data"])
        #expect(mounts.first?.text(.mountOptions) == "ro,relatime")
    }

    @Test func anotherProcessGroupVersion() {
        let found = snapshots("$ cat /proc/7/cgroup\n0::/system.slice/redis.service\n")
        #expect(found.first?.text(.cgroupPath) == "/system.slice/redis.service")
        #expect(found.first?.text(.pidsCgroupPath) == "/system.slice/redis.service")
    }

    @Test func settingsInAFileAreNotWhatIs() {
        #expect(snapshots("vm.overcommit_memory = 1\n", path: "root/etc/sysctl.conf").isEmpty)
        #expect(snapshots("$ cat /etc/sysctl.d/9.conf\nvm.overcommit_memory = 1\n").isEmpty)
        #expect(snapshots("MemoryMax=2G\nTasksMax=10%\n").isEmpty)
    }

    @Test func foreignTextIsNoReading() {
        let out = read(
            """
            Name:             redis-0
            Namespace:        default
            total 48
            drwxr-xr-x 2 root root 4096 Nov 22 16:51 .
            Linux kernel news for everyone
            PID file is /run/redis.pid
            some words and full ones
            kernel.org is where it is
            1: first
            """)
        #expect(out.snapshots.isEmpty)
        #expect(out.problems.isEmpty)
    }

    @Test func psWithoutTheHeaderThatGrepTookAway() throws {
        let rows = """
            redis       1187  4.1 41.2 13950120 13510944 ?   Ssl  Feb27 812:10 /usr/bin/redis-server 0.0.0.0:6379
            root       90211  0.0  0.0   6476  2304 pts/0    S+   03:07   0:00 grep --color=auto redis
            """
        let found = snapshots("[root@h ~]# ps aux | grep redis\n" + rows)
        #expect(found.count == 1)
        let server = try #require(found.first)
        #expect(server.subject.pid == 1187 && server.subject.port == 6379)
        #expect(server[.vmSize] == kibibytes(13_950_120))
        #expect(server[.vmRSS] == kibibytes(13_510_944))
        // Other columns may stand there, or none of ps at all.
        #expect(snapshots("$ ps -eo user,pid,rss,args | grep redis\n" + rows).isEmpty)
        #expect(snapshots("$ cat ps.txt | grep redis\n" + rows).isEmpty)
        // A row that lost a column is none.
        let cut = rows.replacing(" 13950120", with: "")
        #expect(snapshots("$ ps aux | grep redis\n" + cut).isEmpty)
        let full = snapshots(
            "$ ps -ef | grep redis\nredis     911     1  0 May01 ?   00:41:02 redis-server *:6390")
        #expect(full.first?.subject.pid == 911 && full.first?.subject.port == 6390)
        #expect(full.first?[.vmRSS] == nil)
    }
}
