// SPDX-License-Identifier: Apache-2.0

import Model
import Testing

@testable import Snapshots

private let unlimited = Int64.max

/// Every host format from its real sample, against values read by eye.
struct HostFormatTests {
    /// The only snapshot of a sample, or the one at `index`.
    private func sample(_ name: String, at index: Int = 0, of count: Int = 1) throws -> Snapshot {
        let found = try HostSample(name).read()
        try #require(found.count == count)
        return found[index]
    }

    @Test func meminfo() throws {
        let found = try sample("proc-meminfo.mode2-near-commitlimit.txt")
        #expect(found.format == "meminfo")
        #expect(
            differences(
                found,
                [
                    (.memTotal, kibibytes(24_684_084)), (.memFree, kibibytes(21_226_472)),
                    (.memAvailable, kibibytes(24_143_492)), (.buffers, kibibytes(7704)),
                    (.cached, kibibytes(2_983_596)), (.swapTotal, 0), (.swapFree, 0),
                    (.dirty, kibibytes(629_812)), (.anonPages, kibibytes(114_920)),
                    (.shmem, kibibytes(8872)), (.slab, kibibytes(273_652)),
                    (.slabReclaimable, kibibytes(239_316)), (.pageTables, kibibytes(3284)),
                    (.commitLimit, kibibytes(12_342_040)), (.committedAS, kibibytes(9_678_860)),
                    (.hugePagesTotal, 0), (.hugePageSize, kibibytes(2048)), (.hugeTLB, 0),
                ]) == [])
    }

    @Test(
        arguments: [
            ("free.txt", 1024, [24_684_084, 704_004, 18_093_700, 8872, 6_211_232, 23_980_080]),
            (
                "free-b.txt", 1,
                [
                    25_276_502_016, 720_781_312, 18_527_948_800, 9_084_928, 6_360_420_352,
                    24_555_720_704,
                ]
            ),
            ("free-m.txt", 1_048_576, [24_105, 687, 17_669, 8, 6065, 23_418]),
            ("free-lt.txt", 1024, [24_684_084, 703_852, 18_092_736, 8872, 6_212_548, 23_980_232]),
            (
                "free-h-si.txt", 100_000, [250_000, 7060, 180_000, 91, 64_000, 240_000]
            ),
        ] as [(String, Int64, [Int64])])
    func free(_ name: String, _ unit: Int64, _ row: [Int64]) throws {
        let measures: [Measure] = [
            .memTotal, .memUsed, .memFree, .shmem, .buffersAndCached, .memAvailable,
        ]
        let expected = zip(measures, row).map { ($0, $1 * unit) }
        let found = try sample(name)
        #expect(differences(found, expected + [(.swapTotal, 0), (.swapUsed, 0)]) == [])
    }

    @Test func freeForPeople() throws {
        let found = try sample("free-h.txt")
        let gibibyte = Int64(1) << 30
        #expect(found[.memTotal] == 23 * gibibyte)
        #expect(found[.memUsed] == 687 << 20)
        #expect(found[.buffersAndCached] == 6_335_076_762)  // 5.9 Gi
    }

    @Test func freeWide() throws {
        let found = try sample("free-w.txt")
        #expect(found[.buffers] == kibibytes(16_652))
        #expect(found[.memAvailable] == kibibytes(23_980_000))
        // `cache` of -w holds reclaimable slab, which `Cached` does not.
        #expect(found[.cached] == nil)
    }

    @Test func freeAgainAndAgain() throws {
        let found = try HostSample("free-m-s1-c2.txt").read()
        #expect(found.map { $0[.memFree] } == [17_668 << 20, 17_675 << 20])
        let recorded = try HostSample("recording-free.txt").read()
        #expect(recorded.map { $0[.memFree] } == [22_639 << 20, 22_271 << 20, 22_370 << 20])
        #expect(
            recorded.map(\.stamp.nanoseconds) == [
                1_795_350_004_000_000_000, 1_795_350_009_000_000_000, 1_795_350_014_000_000_000,
            ])
    }

    @Test func status() throws {
        let found = try sample("proc-PID-status.txt")
        #expect(found.subject.scope == .process)
        #expect(found.subject.pid == 2186)
        #expect(found.subject.command == "redis-server")
        #expect(
            differences(
                found,
                [
                    (.vmPeak, kibibytes(189_080)), (.vmSize, kibibytes(189_080)),
                    (.vmRSS, kibibytes(125_196)), (.rssAnon, kibibytes(120_784)),
                    (.vmData, kibibytes(168_808)), (.vmStack, kibibytes(132)),
                    (.vmPageTables, kibibytes(324)), (.vmSwap, 0), (.threads, 5), (.userID, 0),
                    (.parentPID, 1), (.thpEnabled, 1),
                ]) == [])
        #expect(found.text(.effectiveCapabilities) == "000001fffeffffff")
    }

    @Test func statusOfAServerAndItsChild() throws {
        let found = try HostSample("recording-proc-status.txt").read()
        #expect(found.map(\.subject.pid) == [18_746, 18_974])
        #expect(found.map(\.subject.port) == [6379, 6379])
        #expect(found.map(\.subject.isChild) == [false, true])
        #expect(found.map { $0[.vmRSS] } == [kibibytes(4272), kibibytes(372_880)])
        #expect(found[1].stamp.nanoseconds == 1_795_350_097_500_000_000)
    }

    @Test func smaps() throws {
        let found = try sample("proc-PID-smaps.noreserve.txt")
        #expect(found.subject.pid == 2186)
        #expect(
            differences(
                found,
                [
                    (.mappings, 15),
                    // 16 + 12 + 20 + 136 + 32,768 + 132; the 8,192 with `dc` are not forked.
                    (.accounted, kibibytes(33_084)), (.accountedLargest, kibibytes(32_768)),
                    (.unaccounted, kibibytes(65_536)),
                ]) == [])
    }

    @Test func smapsThatAreCutGiveNoSums() throws {
        let out = read(try HostSample("proc-PID-smaps.head.txt").lines().joined(separator: "\n"))
        #expect(out.snapshots.isEmpty)
        #expect(out.problems.count == 1)
    }

    @Test func smapsRollup() throws {
        let found = try sample("proc-PID-smaps_rollup.txt")
        #expect(found.format == "smaps_rollup")
        #expect(
            differences(
                found,
                [
                    (.vmRSS, kibibytes(125_196)), (.pss, kibibytes(123_436)),
                    (.sharedClean, kibibytes(2004)), (.privateDirty, kibibytes(120_784)),
                    (.processAnonHugePages, 0),
                ]) == [])
        let both = try HostSample("recording-smaps-rollup.txt").read()
        #expect(both.map { $0[.privateDirty] } == [kibibytes(1100), kibibytes(63_420)])
        #expect(both.map(\.subject.isChild) == [false, true])
    }

    @Test(arguments: ["proc-PID-limits.txt", "prlimit.txt"]) func limits(_ name: String) throws {
        let found = try sample(name)
        #expect(found.subject.pid == 2186)
        #expect(
            differences(
                found,
                [
                    (.limitProcesses, 96_365), (.limitProcessesHard, 96_365),
                    (.limitAddressSpace, unlimited), (.limitData, unlimited),
                    (.limitFileSize, unlimited), (.limitLockedMemory, 8_388_608),
                    (.limitOpenFiles, 20_000),
                ]) == [])
    }

    @Test(arguments: ["ulimit-a.bash.txt", "ulimit-a.dash.txt"])
    func ulimit(_ name: String) throws {
        let found = try sample(name)
        #expect(found.subject.pid == nil)
        #expect(
            differences(
                found,
                [
                    (.limitProcesses, 96_365), (.limitOpenFiles, 20_000),
                    (.limitAddressSpace, unlimited), (.limitData, unlimited),
                    (.limitLockedMemory, kibibytes(8192)),
                ]) == [])
    }

    @Test(arguments: ["ps-aux.txt", "ps-rss.txt"]) func processes(_ name: String) throws {
        let found = try sample(name)
        #expect(found.subject.pid == 2186)
        #expect(found.subject.port == 7391)
        #expect(found.subject.command == "redis-server")
        #expect(found[.vmRSS] == kibibytes(125_196))
        #expect(found[.vmSize] == kibibytes(189_080))
        #expect(found.text(.commandLine) == "redis-server 127.0.0.1:7391")
    }

    @Test func top() throws {
        let found = try sample("top-b.txt")
        #expect(found.real(.loadAverage1) == 5.05)
        #expect(found[.memTotal] == 25_276_553_626)  // 24,105.6 MiB
        #expect(found[.memAvailable] == 24_389_982_618)  // 23,260.1 MiB
        #expect(found[.swapTotal] == 0)
    }

    @Test func processCgroup() throws {
        let found = try sample("proc-PID-cgroup.txt")
        #expect(found.text(.cgroupPath) == "/system.slice/redis-server.service")
        #expect(found.text(.pidsCgroupPath) == "/")
    }

    @Test func oomScores() throws {
        let found = try HostSample("proc-PID-oom.txt").read()
        #expect(found.compactMap { $0[.oomScore] } == [670])
        #expect(found.compactMap { $0[.oomScoreAdjustment] } == [0])
        #expect(found.allSatisfy { $0.subject.pid == 2186 })
    }

    @Test func cgroupOne() throws {
        let found = try sample("cgroup-v1-memory.txt")
        #expect(found.subject.scope == .cgroup)
        #expect(
            differences(
                found,
                [
                    (.cgroupUsage, 5_753_434_112), (.cgroupLimit, unlimited),
                    (.cgroupPeak, 7_382_298_624), (.cgroupFailures, 0),
                    (.cgroupEffectiveLimit, unlimited), (.cgroupAnon, 398_368_768),
                    (.cgroupFile, 5_355_225_088), (.cgroupShmem, 9_084_928),
                    (.cgroupOOMKillDisabled, 0), (.cgroupUnderOOM, 0), (.cgroupOOMKills, 0),
                    (.cgroupKernel, 294_219_776), (.cgroupMemorySwapLimit, unlimited),
                ]) == [])
    }

    @Test func cgroupTwo() throws {
        let found = try sample("cgroup-v2-memory.constructed.txt")
        #expect(
            differences(
                found,
                [
                    (.cgroupUsage, 1_073_741_824), (.cgroupLimit, 1_073_741_824),
                    (.cgroupHigh, unlimited), (.cgroupSwapUsage, 0), (.cgroupSwapLimit, 0),
                    (.cgroupEventsHigh, 0), (.cgroupEventsMax, 5123), (.cgroupEventsOOM, 2),
                    (.cgroupOOMKills, 2), (.cgroupAnon, 1_048_576_000), (.cgroupFile, 8_192_000),
                    (.cgroupKernel, 9_437_184), (.cgroupPageTables, 4_317_184),
                ]) == [])
        #expect(found.real(.pressureSome10) == 12.31)
        #expect(found.real(.pressureFull60) == 3.90)
    }

    @Test func cgroupSeries() throws {
        let found = try HostSample("recording-cgroup-v1.txt").read()
        #expect(found.count == 2)
        #expect(found.allSatisfy { $0.subject.path == "/system.slice/redis-server.service" })
        #expect(
            found.map(\.stamp.nanoseconds) == [
                1_795_349_866_000_000_000, 1_795_349_867_000_000_000,
            ])
        #expect(found.map { $0[.cgroupFailures] } == [0, 15_918])
        #expect(found.map { $0[.cgroupUsage] } == [5_709_824, 303_976_448])
        #expect(found.map { $0[.cgroupLimit] } == [304_087_040, 304_087_040])
        let tasks = try HostSample("recording-cgroup-pids.txt").read()
        #expect(tasks.map { $0[.pidsCurrent] } == [4, 4])
        #expect(tasks.map { $0[.pidsMax] } == [unlimited, unlimited])
    }

    @Test("two values below the name of a file that holds one are none")
    func cgroupFileOfTwoValues() {
        let text = """
            ==> memory.usage_in_bytes <==
            ==> memory.limit_in_bytes <==
            5753434112
            9223372036854771712
            ==> memory.failcnt <==
            0
            """
        let (found, problems) = SeriesSample.read(text, path: "cg.txt")
        #expect(found.compactMap { $0[.cgroupLimit] }.isEmpty)
        #expect(found.compactMap { $0[.cgroupFailures] } == [0])
        #expect(
            problems == ["cgroup: memory.limit_in_bytes holds two values and is not read (line 4)"])
    }

    @Test func pressure() throws {
        let found = try sample("proc-pressure-memory.txt")
        #expect(found.subject.scope == .host)
        #expect(found.real(.pressureSome10) == 0)
        #expect(found.real(.pressureFull60) == 0)
    }

    @Test func hugePages() throws {
        let found = try HostSample("thp.txt").read()
        #expect(found.compactMap { $0.text(.transparentHugePages) } == ["madvise", "madvise"])
        #expect(
            found.compactMap { $0.text(.transparentHugePagesDefrag) } == ["madvise", "madvise"])
    }

    @Test func sysctl() throws {
        let found = try sample("sysctl-a.excerpt.txt")
        #expect(
            differences(
                found,
                [
                    (.overcommitMemory, 0), (.overcommitRatio, 50), (.overcommitKbytes, 0),
                    (.adminReserve, kibibytes(8192)), (.userReserve, kibibytes(100_403)),
                    (.minFree, kibibytes(67_584)), (.swappiness, 60), (.maxMapCount, 65_530),
                    (.pidMax, 32_768), (.threadsMax, 192_730), (.somaxconn, 4096), (.panicOnOOM, 0),
                ]) == [])
        #expect(found.text(.kernelRelease) == "6.18.44-fc-v669")
    }

    @Test func counters() throws {
        #expect(try sample("proc-vmstat.excerpt.txt")[.oomKills] == 3)
    }

    @Test func load() throws {
        let found = try HostSample("proc-loadavg-uptime.txt").read()
        #expect(found.compactMap { $0[.tasks] } == [117])
        #expect(found.compactMap { $0.real(.hostUptime) } == [1250.83])
    }

    @Test func diskSpace() throws {
        let found = try sample("df-h.txt")
        #expect(found.subject.path == "/")
        #expect(found[.diskSize] == 252 << 30)
        #expect(found[.diskUsed] == 27 << 30)
        #expect(found[.diskAvailable] == 68 << 30)
        let inodes = try sample("df-i.txt")
        #expect(inodes[.inodes] == 16_777_216)
        #expect(inodes[.inodesFree] == 16_291_880)
        let recorded = try HostSample("recording-df.txt").read()
        #expect(recorded.map { $0[.diskAvailable] } == [54 << 20, 590 << 20])
    }

    @Test func factsOfARecording() throws {
        let found = try HostSample("recording-nproc-facts.txt").read()
        #expect(
            found.map(\.format) == [
                "uname", "nproc", "sysctl", "/sys/kernel/mm/transparent_hugepage/enabled",
                "/sys/kernel/mm/transparent_hugepage/defrag", "free", "df", "limits",
                "proc cgroup", "/proc/16697/oom_score_adj", "ps", "ulimit", "limits",
            ])
        #expect(found.allSatisfy { $0.subject.host == "cache-06" })
        let times = found.map(\.stamp.nanoseconds)
        #expect(times.dropLast().allSatisfy { $0 == 1_795_350_003_000_000_000 })
        #expect(times.last == 1_795_350_012_697_000_000)
        #expect(found[7][.limitProcesses] == 96_365)
        #expect(found[12][.limitProcesses] == 4)
        #expect(found[12][.limitProcessesHard] == 4096)
        #expect(found[12].subject.pid == 16_697)
        #expect(found[10][.threads] == 4)
        #expect(found[11].subject.pid == nil)
    }

    @Test func aChangeInARecording() throws {
        let found = try HostSample("recording-strict-facts.txt").read()
        let change = try #require(found.last)
        #expect(change.isChange)
        #expect(change[.overcommitMemory] == 0)
        #expect(change.text(.commandRun) == "sysctl -w vm.overcommit_memory=0")
        #expect(change.stamp.nanoseconds == 1_795_348_804_000_000_000)
        #expect(found.dropLast().allSatisfy { !$0.isChange })
    }
}
