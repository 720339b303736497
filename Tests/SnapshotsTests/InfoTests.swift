// SPDX-License-Identifier: Apache-2.0

import Model
import Testing

@testable import Snapshots

struct InfoTests {
    @Test func readsAWholeInfo() throws {
        let found = try ServerSample(name: "redis-7.0.15-info-all.txt").read()
        #expect(found.count == 1)
        let info = try #require(found.first)
        #expect(info.format == "INFO")
        #expect(info.subject.scope == .server)
        #expect(info.subject.pid == 2186)
        #expect(info.subject.port == 7391)
        #expect(info.text(.serverProduct) == "redis")
        #expect(info.text(.serverVersion) == "7.0.15")
        #expect(info.text(.serverMode) == "standalone")
        #expect(info.text(.serverRole) == "master")
        #expect(info.text(.runID) == "859886bca1505911ed83a611019f2b03a018bb6a")
        #expect(info.text(.kernelRelease) == "6.18.44-fc-v669")
        #expect(info.text(.architecture) == "x86_64")
        #expect(info.text(.configFile) == nil)
        #expect(info.timeBasis == .inFormat)
        #expect(info.stamp.form == .epoch)
        #expect(info.stamp.nanoseconds == 1_795_347_478_770_681_000)
        #expect(info[.serverUptime] == 1)
        #expect(info[.usedMemory] == 120_359_768)
        #expect(info[.usedMemoryRSS] == 127_746_048)
        #expect(info[.usedMemoryPeak] == 120_359_768)
        #expect(info[.usedMemoryOverhead] == 17_070_832)
        #expect(info[.usedMemoryDataset] == 103_288_936)
        #expect(info[.allocatorAllocated] == 120_781_112)
        #expect(info[.allocatorActive] == 121_090_048)
        #expect(info[.allocatorResident] == 124_956_672)
        #expect(info[.totalSystemMemory] == 25_276_502_016)
        #expect(info[.maxmemory] == 0)
        #expect(info.text(.maxmemoryPolicy) == "noeviction")
        #expect(info.real(.fragmentationRatio) == 1.06)
        #expect(info[.fragmentationBytes] == 7_412_872)
        #expect(info.text(.allocator) == "jemalloc-5.3.0")
        #expect(info[.changesSinceSave] == 0)
        #expect(info[.lastSaveTime] == 1_795_347_477)
        #expect(info.text(.lastSaveStatus) == "ok")
        #expect(info[.lastSaveSeconds] == -1)
        #expect(info[.aofEnabled] == 0)
        #expect(info.text(.lastAOFWriteStatus) == "ok")
        #expect(info.real(.latestForkSeconds) == 0)
        #expect(info[.totalForks] == 0)
        #expect(info[.connectedReplicas] == 0)
        #expect(info.value(.usedMemory)?.line == 38)
    }

    @Test func readsASeriesOfAnOldServer() throws {
        let found = try ServerSample(name: "redis-2.8.24-info-series.txt").read()
        #expect(found.count == 3)
        #expect(found.allSatisfy { $0.subject.pid == 12702 && $0.subject.port == 6379 })
        #expect(found.map { $0[.usedMemory] }.prefix(2) == [9_712_912, 131_397_328])
        #expect(found[0].text(.serverVersion) == "2.8.24")
        #expect(found[0].text(.allocator) == "libc")
        #expect(found[0][.aofCurrentSize] == 8_525_961)
        #expect(found[0].text(.configFile) == "/var/lib/redis/6379.conf")
    }

    @Test(
        "a number that its spoken form contradicts was cut",
        arguments: [
            ("120359768", "114.78M", true), ("1203", "114.78M", false),
            ("120359768", "114.7", true),
            ("120359768", "114.79M", true), ("120359768", "1.78M", false), ("0", "0B", true),
            ("120359768", "114.78MiB", true),
        ])
    func spoken(number: String, spoken: String, isRead: Bool) {
        let text = "# Memory\r\nused_memory:\(number)\r\nused_memory_human:\(spoken)\r\n"
        let (found, problems) = SeriesSample.read(text, path: "info.txt")
        #expect(found.first?[.usedMemory] == (isRead ? Int64(number) : nil))
        #expect(problems.isEmpty == isRead)
    }

    @Test func notesWhatItDoesNotReadInOrderOfName() {
        let names = ["used_memory", "used_memory_peak", "used_memory_rss", "maxmemory"].sorted()
        let lines = names.flatMap { ["\($0):1203", "\($0)_human:114.78M"] }
        let (_, problems) = SeriesSample.read(
            "# Memory\r\n" + lines.joined(separator: "\r\n") + "\r\n", path: "info.txt")
        #expect(problems.count > 1)
        #expect(problems == problems.sorted())
    }

    @Test func takesTheTimeAboveWhereTheServerSaysNone() throws {
        let found = try ServerSample(name: "redis-3.2.13-info-series.txt").read()
        #expect(found.count == 2)
        #expect(found[0].timeBasis == .header)
        #expect(found[0].stamp.nanoseconds == 1_795_349_986_000_000_000)
        #expect(found[0].subject.pid == 16370)
        #expect(found[0][.totalSystemMemory] == 25_276_502_016)
        #expect(found[0][.usedMemoryRSS] == 3_772_416)
        #expect(found[1].stamp.nanoseconds > found[0].stamp.nanoseconds)
    }

    @Test func takesValkeyForWhatItIs() throws {
        let found = try ServerSample(name: "valkey-9.1.2-info-series.txt").read()
        #expect(found.count == 2)
        #expect(found[0].text(.serverProduct) == "valkey")
        #expect(found[0].text(.serverVersion) == "9.1.2")
        #expect(found[0].timeBasis == .inFormat)
        #expect(found[0].stamp.nanoseconds == 1_795_349_825_332_457_000)
        #expect(found[0][.usedMemory] == 1_039_288)
        #expect(found[0][.serverTime] == 1_795_349_825)
    }

    @Test func readsInfoInACrashReport() throws {
        let found = try ServerSample(name: "valkey-9.1.2-crash-info.log").read()
        let info = try #require(found.first { $0.format == "INFO" })
        #expect(info.subject.pid == 20599)
        #expect(info.subject.port == 6379)
        #expect(info[.usedMemory] == 64_318_080)
        #expect(info[.usedMemoryRSS] == 71_016_448)
        #expect(info.stamp.nanoseconds == 1_795_350_193_750_471_000)
        #expect(info.text(.serverVersion) == "9.1.2")
    }

    @Test func readsASectionAloneBehindAPrompt() throws {
        let found = snapshots(
            """
            127.0.0.1:6380> INFO persistence
            # Persistence
            loading:0
            rdb_bgsave_in_progress:1
            rdb_last_bgsave_status:err
            127.0.0.1:6380> PING
            PONG
            """)
        #expect(found.count == 1)
        #expect(found[0].subject.port == 6380)
        #expect(found[0].subject.pid == nil)
        #expect(found[0][.saveInProgress] == 1)
        #expect(found[0].text(.lastSaveStatus) == "err")
        #expect(found[0].text(.serverProduct) == nil)
    }

    @Test func readsWhatGrepLeaves() {
        let found = snapshots(
            """
            $ redis-cli -p 7001 info | grep -E 'used_memory|maxmemory'
            used_memory:9663676416
            used_memory_human:9.00G
            used_memory_rss:10200547328
            maxmemory:0
            """)
        #expect(found.map { $0[.usedMemoryRSS] } == [10_200_547_328])
        #expect(found.first?.subject.port == 7001)
        #expect(found.first?.subject.pid == nil)
    }

    @Test func readsTheOldestFields() {
        let found = snapshots(
            """
            redis_version:2.4.18
            redis_git_sha1:00000000
            process_id:411
            uptime_in_seconds:86400
            used_memory:922152
            used_memory_rss:1409024
            mem_fragmentation_ratio:1.53
            changes_since_last_save:7
            bgsave_in_progress:1
            last_save_time:1332417603
            bgrewriteaof_in_progress:0
            role:master
            """)
        #expect(found.count == 1)
        #expect(found.first?[.saveInProgress] == 1)
        #expect(found.first?[.lastSaveTime] == 1_332_417_603)
        #expect(found.first?[.changesSinceSave] == 7)
        #expect(found.first?.subject.pid == 411)
    }

    @Test func readsInfoThatAProgramQuoted() {
        let found = snapshots(
            ##""# Memory\r\nused_memory:1039288\r\nused_memory_rss:7503872\r\n""##)
        #expect(found.map { $0[.usedMemoryRSS] } == [7_503_872])
    }

    @Test(arguments: [
        ("dragonfly", "dragonfly_version:df-v1.19.0", "df-v1.19.0"),
        ("keydb", "executable:/usr/bin/keydb-server", "6.3.4"),
        ("valkey", "server_name:valkey\nvalkey_version:8.0.1", "8.0.1"),
    ])
    func tellsTheFamilyApart(product: String, lines: String, version: String) {
        let found = snapshots(
            "# Server\nredis_version:6.3.4\nredis_git_sha1:0\nredis_mode:standalone\nrun_id:ab\n"
                + lines + "\n")
        #expect(found.first?.text(.serverProduct) == product)
        #expect(found.first?.text(.serverVersion) == version)
    }

    @Test func saysNothingOfAProductWhoseFieldsAreLost() {
        let found = snapshots("# Server\nredis_version:7.2.4\nprocess_id:7\n")
        #expect(found.first?.text(.serverProduct) == nil)
        #expect(found.first?.text(.serverVersion) == nil)
        #expect(found.first?.subject.pid == 7)
    }

    @Test func aLineThatStandsTwiceIsOne() {
        let found = snapshots("# Memory\nused_memory:5\nused_memory:5\nused_memory_rss:7\n")
        #expect(found.count == 1)
        #expect(found.first?.values.count == 2)
    }

    @Test func joinedLinesGiveNoNumber() {
        let (found, problems) = read(
            "# Memory\nused_memory:12used_memory_rss:7\nmaxmemory:9\n")
        #expect(found.first?[.usedMemory] == nil)
        #expect(found.first?[.maxmemory] == 9)
        #expect(problems == ["INFO, line 2: used_memory holds no readable value"])
    }

    @Test(arguments: [
        "# Memory\n\nThe server has too little of it.\n", "maxmemory: 5\n", "process_id: none\n",
        "loading: the dataset\n", "# Server\nhttp://example.org\n",
    ])
    func foreignTextIsNoInfo(text: String) { #expect(snapshots(text).isEmpty) }

    @Test(
        "states of replicas, as versions write them",
        arguments: [
            ("ip=10.0.0.2,port=6379,state=online,offset=100,lag=86400", "online", 86_400),
            ("ip=10.0.0.2,port=6379,state=wait_bgsave,offset=0,lag=0", "wait_bgsave", 0),
            ("10.0.0.2,6379,online", "online", nil),
        ] as [(String, String, Int64?)])
    func replicaStates(value: String, state: String, lag: Int64?) {
        let found = snapshots("# Replication\nrole:master\nconnected_slaves:1\nslave0:\(value)\n")
        #expect(found.first?.text(.replicaState) == state)
        #expect(found.first?[.replicaLag] == lag)
    }
}
