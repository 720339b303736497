// SPDX-License-Identifier: Apache-2.0

import Model
import Testing

@testable import Snapshots

struct KernelReportTests {
    private func records(_ text: String) -> [Snapshot] {
        ServerSample.read(Array(text.utf8), path: "dmesg.txt").snapshots
    }

    @Test func readsAKillAtTheLimitOfACgroup() throws {
        let found = try ServerSample(name: "valkey-9.1.2-oom-memcg.6.18.dmesg-T.txt").read()
        #expect(found.map(\.subject.scope) == [.cgroup, .process, .process])
        let cgroup = found[0]
        #expect(cgroup.subject.path == "/system.slice/valkey-server.service")
        #expect(cgroup[.cgroupUsage] == 356_515_840)
        #expect(cgroup[.cgroupLimit] == 356_515_840)
        #expect(cgroup[.cgroupFailures] == 284)
        #expect(cgroup[.cgroupMemorySwapUsage] == 356_515_840)
        #expect(cgroup[.cgroupMemorySwapLimit] == .max)
        #expect(cgroup[.cgroupKernel] == 1_409_024)
        #expect(cgroup[.cgroupAnon] == 355_102_720)
        #expect(cgroup[.cgroupFile] == 4096)
        #expect(cgroup[.cgroupEffectiveLimit] == 356_515_840)
        let (server, child) = (found[1], found[2])
        #expect(server.subject.pid == 13110)
        #expect(server.subject.command == "valkey-server")
        #expect(server[.vmSize] == pages(75919))
        #expect(server[.vmRSS] == pages(64616))
        #expect(server[.rssAnon] == pages(63168))
        #expect(server[.rssFile] == pages(1448))
        #expect(server[.vmPageTables] == 585_728)
        #expect(server[.wasOOMKilled] == nil)
        #expect(child.subject.pid == 13164)
        #expect(child[.wasOOMKilled] == 1)
        #expect(child[.oomScoreAdjustment] == 800)
        #expect(child[.userID] == 112)
        #expect(child.text(.cgroupPath) == "/system.slice/valkey-server.service")
        #expect(found.allSatisfy { $0.format == "kernel OOM report" && $0.timeBasis == .header })
    }

    @Test func readsAKillDuringAFork() throws {
        let found = try ServerSample(name: "oom-memcg-fork-pagetable.6.18.dmesg.txt").read()
        #expect(found.count == 2)
        #expect(found[0].subject.path == "/lj")
        #expect(found[0][.cgroupLimit] == kib(1_051_176))
        #expect(found[0][.cgroupFailures] == 30)
        #expect(found[1].subject.command == "mf")
        #expect(found[1][.vmRSS] == pages(262_444))
        #expect(found[1][.wasOOMKilled] == 1)
    }

    private func kib(_ number: Int64) -> Int64 { number * 1024 }

    private func pages(_ number: Int64, of size: Int64 = 4096) -> Int64 { number * size }

    /// Constructed after a report of Linux 6.8, with the counters' lines as dmesg -T leaves them.
    static let global = """
        [1] node invoked oom-killer: gfp_mask=0x140cca(GFP_HIGHUSER_MOVABLE), order=0, oom_score_adj=0
        [1] Mem-Info:
        [1] active_anon:4355954 inactive_anon:3278865 isolated_anon:0
                                    active_file:170 inactive_file:655 isolated_file:0
                                    unevictable:10531 dirty:0 writeback:33
                                    slab_reclaimable:265505 slab_unreclaimable:57347
                                    mapped:21906 shmem:20946 pagetables:38227
                                    free:51438 free_pcp:1007 free_cma:0
        [1] Node 0 active_anon:17423816kB inactive_anon:13115460kB active_file:680kB
        [1] Node 0 DMA free:11264kB boost:0kB min:32kB low:44kB high:56kB active_anon:0kB
        [1] lowmem_reserve[]: 0 2975 31523 31523 31523
        [1] Node 0 DMA32 free:120520kB boost:0kB min:6376kB low:9420kB active_anon:1599580kB
        [1] Node 0 Normal free:73968kB boost:129024kB min:190196kB active_anon:15824180kB
        [1] Node 0 DMA: 0*4kB 0*8kB 0*16kB 1*1024kB (U) 1*2048kB (M) 2*4096kB (M) = 11264kB
        [1] 27267 total pagecache pages
        [1] 0 pages in swap cache
        [1] Free swap  = 512kB
        [1] Total swap = 2048kB
        [1] 8248331 pages RAM
        [1] 0 pages HighMem/MovableOnly
        [1] 169427 pages reserved
        [1] oom-kill:constraint=CONSTRAINT_NONE,nodemask=(null),cpuset=user.slice,mems_allowed=0,global_oom,task_memcg=/system.slice/docker-97f0.scope,task=redis-server,pid=60540,uid=999
        [1] Out of memory: Killed process 60540 (redis-server) total-vm:17652600kB, anon-rss:14230956kB, file-rss:128kB, shmem-rss:0kB, UID:999 pgtables:31340kB oom_score_adj:0
        """

    @Test func readsAKillOfTheWholeHost() throws {
        let found = records(Self.global)
        #expect(found.map(\.subject.scope) == [.host, .process])
        let host = found[0]
        #expect(host[.physicalMemory] == pages(8_248_331))
        // All zones' `managed`: 15360 + 3060028 + 29240228 kB.
        #expect(host[.memTotal] == kib(32_315_616))
        #expect(host[.memFree] == pages(51438))
        #expect(host[.active] == pages(4_355_954 + 170))
        #expect(host[.inactive] == pages(3_278_865 + 655))
        #expect(host[.slabReclaimable] == pages(265_505))
        #expect(host[.slabUnreclaimable] == pages(57347))
        #expect(host[.shmem] == pages(20946))
        #expect(host[.pageTables] == pages(38227))
        #expect(host[.writeback] == pages(33))
        #expect(host[.swapTotal] == kib(2048))
        #expect(host[.swapFree] == kib(512))
        let victim = found[1]
        #expect(victim.subject.pid == 60540)
        #expect(victim.subject.command == "redis-server")
        #expect(victim[.vmSize] == kib(17_652_600))
        #expect(victim[.rssAnon] == kib(14_230_956))
        #expect(victim[.vmPageTables] == kib(31340))
        #expect(victim.text(.cgroupPath) == "/system.slice/docker-97f0.scope")
    }

    @Test func pagesMayBeLarger() {
        let found = records(
            Self.global.replacing("free:11264kB", with: "free:2000000kB")
                .replacing("free:120520kB", with: "free:1000000kB")
                .replacing("free:73968kB", with: "free:292032kB"))
        #expect(found[0][.memFree] == pages(51438, of: 65536))
    }

    @Test func otherRecordsMayStandBetween() {
        let lines = Self.global.split(separator: "\n")
        let mixed = lines.joined(separator: "\n[1] usb 1-1: new device\n")
        #expect(records(mixed).map(\.values.count) == records(Self.global).map(\.values.count))
    }

    @Test(arguments: [
        "[ pid ]   uid  tgid total_vm      rss nr_ptes swapents oom_score_adj name",
        "[ pid ]   uid  tgid total_vm      rss nr_ptes nr_pmds swapents oom_score_adj name",
        "[ pid ]   uid  tgid total_vm      rss cpu oom_adj oom_score_adj name",
        "[  pid  ]   uid  tgid total_vm      rss pgtables_bytes swapents oom_score_adj name",
    ])
    func tablesAreReadByTheirHeads(head: String) throws {
        let cells: [String: Int] = [
            "uid": 999, "tgid": 4242, "total_vm": 349_691, "rss": 258_325, "nr_ptes": 520,
            "nr_pmds": 5, "swapents": 17, "oom_score_adj": 0, "cpu": 1, "oom_adj": 0,
            "pgtables_bytes": 2_150_400,
        ]
        let columns = head.split(separator: "]")[1].split(separator: " ").dropLast()
        let row = columns.map { String(cells[String($0)] ?? -1) }.joined(separator: "  ")
        let found = records(
            """
            [1] Task in /docker/01 killed as a result of limit of /docker
            [1] memory: usage 1048576kB, limit 1048576kB, failcnt 51234
            [1] kmem: usage 0kB, limit 18014398509481983kB, failcnt 0
            [1] Memory cgroup stats for /docker: cache:0KB rss:1031KB rss_huge:0KB
            [1] \(head)
            [1] [ 4242]  \(row) redis-server
            [1] [   17]     0    17     4000      900 oracle xe
            [1] Memory cgroup out of memory: Kill process 4242 (redis-server) score 988 or sacrifice child
            [1] Killed process 4242 (redis-server) total-vm:1398764kB, anon-rss:1031200kB, file-rss:2100kB, shmem-rss:0kB
            """)
        #expect(found.count == 2)
        #expect(found[0].subject.path == "/docker")
        #expect(found[0][.cgroupLimit] == 1_073_741_824)
        let process = try #require(found.last)
        #expect(process.subject.pid == 4242)
        #expect(process[.vmRSS] == pages(258_325))
        #expect(process[.vmSize] == pages(349_691))
        #expect(process[.userID] == 999)
        #expect(process[.rssAnon] == kib(1_031_200))
        #expect(process[.wasOOMKilled] == 1)
        if head.contains("nr_pmds") { #expect(process[.vmPageTables] == pages(525)) }
        if head.contains("pgtables") { #expect(process[.vmPageTables] == 2_150_400) }
    }

    @Test func theOldestVictimsNameTheirUserFirst() {
        let found = records(
            "[1] Killed process 21578, UID 503, (redis-server) total-vm:9100804kB, anon-rss:9066596kB, file-rss:64kB"
        )
        #expect(found.first?.subject.pid == 21578)
        #expect(found.first?[.userID] == 503)
        #expect(found.first?[.rssAnon] == kib(9_066_596))
    }

    @Test func countersOfTheSecondHierarchyAreRead() {
        let found = records(
            """
            [1] memory: usage 409600kB, limit 409600kB, failcnt 77
            [1] swap: usage 100kB, limit 9007199254740988kB, failcnt 0
            [1] Memory cgroup stats for /kubepods.slice/x.slice:
            [1] anon 408944640
            [1] file 4096
            [1] kernel 5365760
            [1] pagetables 2306048
            [1] Tasks state (memory values in pages):
            """)
        #expect(found.first?[.cgroupAnon] == 408_944_640)
        #expect(found.first?[.cgroupKernel] == 5_365_760)
        #expect(found.first?[.cgroupPageTables] == 2_306_048)
        #expect(found.first?[.cgroupSwapLimit] == .max)
        #expect(found.first?.subject.path == "/kubepods.slice/x.slice")
    }

    @Test func readsBareMessagesToo() {
        let bare = Self.global.replacing("[1] ", with: "")
        let found = snapshots(bare)
        #expect(found.map(\.values.count) == records(Self.global).map(\.values.count))
    }

    @Test func bootsNameTheirKernel() {
        let found = records(
            """
            [0] Linux version 6.8.0-1030-aws (buildd@lcy02) (x86_64-linux-gnu-gcc) #32-Ubuntu SMP
            [0] Command line: BOOT_IMAGE=/vmlinuz root=PARTUUID=1 transparent_hugepage=never quiet
            [0] Memory: 32161000K/32993324K available (20480K kernel code, 4000K rwdata)
            """)
        #expect(found.map { $0.text(.kernelRelease) } == ["6.8.0-1030-aws", nil, nil])
        #expect(found[1].text(.kernelArguments) == "transparent_hugepage=never")
        #expect(found[2][.physicalMemory] == kib(32_993_324))
    }
}
