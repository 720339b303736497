// SPDX-License-Identifier: Apache-2.0

import Model
import Testing

@testable import Snapshots

struct ServerConfigurationTests {
    @Test func readsConfigGetAtATerminal() throws {
        let found = snapshots(
            """
            127.0.0.1:6379> CONFIG GET save
            1) "save"
            2) "3600 1 300 100 60 10000"
            127.0.0.1:6379> CONFIG GET *
              1) "maxmemory"
              2) "4294967296"
              3) "maxmemory-policy"
              4) "noeviction"
              5) "requirepass"
              6) "geheim"
              7) "stop-writes-on-bgsave-error"
              8) "yes"
              9) "dir"
             10) "/var/lib/redis"
             11) "client-output-buffer-limit"
             12) "normal 0 0 0 slave 268435456 67108864 60 pubsub 33554432 8388608 60"
            """)
        #expect(found.count == 2)
        #expect(found[0].text(.configSave) == "3600 1 300 100 60 10000")
        #expect(found[1][.maxmemory] == 4_294_967_296)
        #expect(found[1].text(.maxmemoryPolicy) == "noeviction")
        #expect(found[1].text(.configStopWrites) == "yes")
        #expect(found[1].text(.configDirectory) == "/var/lib/redis")
        #expect(found[1].values.count == 5)
        #expect(found.allSatisfy { $0.subject.port == 6379 && $0.format == "CONFIG GET" })
        #expect(!"\(found)".contains("geheim"))
    }

    @Test func readsConfigGetInAPipe() {
        let found = snapshots(
            """
            $ redis-cli config get '*'
            appendonly
            no
            save

            maxmemory
            104857600
            requirepass
            geheim
            dir
            /data
            """)
        #expect(found.count == 1)
        #expect(found.first?.text(.configSave) == "")
        #expect(found.first?[.maxmemory] == 104_857_600)
        #expect(found.first?.text(.configDirectory) == "/data")
        #expect(!"\(found)".contains("geheim"))
    }

    @Test func aLostValueIsNotTakenFromTheNextName() {
        let found = snapshots("$ redis-cli config get '*'\ndir\nmaxmemory\n5\nappendonly\nno\n")
        #expect(found.first?.text(.configDirectory) == nil)
        // It may be that of the name before, out of its place.
        #expect(found.first?[.maxmemory] == nil)
        #expect(found.first?.text(.configAppendonly) == "no")
    }

    @Test func readsMapsAndTables() {
        let maps = snapshots("$ valkey-cli -3 config get save\n1# \"save\" => \"3600 1\"\n")
        #expect(maps.first?.text(.configSave) == "3600 1")
        let tables = snapshots("$ redis-cli --csv config get save\n\"save\",\"3600 1\"\n")
        #expect(tables.first?.text(.configSave) == "3600 1")
    }

    @Test func readsAConfigurationFile() throws {
        let (found, problems) = read(
            """
            # Redis configuration file example.
            # kill -9 is not a way to stop a server.
            include /etc/redis/local.conf
            bind 127.0.0.1
            port 6390
            requirepass geheim
            save 900 1
            save 300 10
            dir /var/lib/redis
            dbfilename dump.rdb
            # free memory
            maxmemory 2gb
            maxmemory-policy allkeys-lru
            appendonly yes
            auto-aof-rewrite-percentage 100
            auto-aof-rewrite-min-size 64mb
            client-output-buffer-limit normal 0 0 0
            client-output-buffer-limit replica 256mb 64mb 60
            repl-diskless-sync no
            """, path: "sosreport-db1/etc/redis/redis.conf")
        #expect(found.count == 1)
        let file = try #require(found.first)
        #expect(file.format == "redis.conf")
        #expect(file.subject.port == 6390)
        #expect(file.text(.configSave) == "900 1 300 10")
        #expect(file.value(.configSave)?.line == 8)
        #expect(file[.maxmemory] == 2_147_483_648)
        #expect(file.text(.maxmemoryPolicy) == "allkeys-lru")
        #expect(file.text(.configAppendonly) == "yes")
        #expect(file[.configRewritePercentage] == 100)
        #expect(file[.configRewriteMinimum] == 67_108_864)
        #expect(file.text(.configFileName) == "dump.rdb")
        #expect(
            file.text(.configOutputBufferLimit) == "normal 0 0 0 replica 256mb 64mb 60")
        #expect(problems == ["redis.conf, line 3: the included file is not read from here"])
        #expect(!"\(found)".contains("geheim"))
    }

    @Test func anEmptyRuleTakesBackThoseBefore() {
        let found = snapshots("save 900 1\nsave \"\"\nmaxmemory 1g\n", path: "valkey.conf")
        #expect(found.first?.text(.configSave) == "")
        #expect(found.first?[.maxmemory] == 1_000_000_000)
    }

    @Test(
        arguments: [
            ("1gb", 1_073_741_824), ("1g", 1_000_000_000), ("100MB", 104_857_600), ("5k", 5000),
            ("5kb", 5120), ("17", 17), ("17b", 17),
        ] as [(String, Int64)])
    func sizesAreThoseOfTheServer(text: String, bytes: Int64) {
        #expect(ServerSetting.size(text) == bytes)
    }

    @Test(arguments: ["save the date\n", "maxmemory is too low\n", "appendonly file\n", "save 1\n"])
    func proseIsNoConfiguration(text: String) { #expect(snapshots(text).isEmpty) }

    @Test func configSetIsAChange() throws {
        let found = snapshots(
            """
            ### 2026-11-22T12:00:00Z redis-cli -a geheim -p 6380 config set save "" maxmemory 1gb
            OK
            127.0.0.1:6379> CONFIG SET requirepass geheim
            OK
            """)
        #expect(found.count == 1)
        let change = try #require(found.first)
        #expect(change.isChange)
        #expect(change.subject.scope == .server)
        #expect(change.subject.port == 6380)
        #expect(change.text(.configSave) == "")
        #expect(change[.maxmemory] == 1_073_741_824)
        #expect(change.text(.commandRun) == "CONFIG SET save \"\" maxmemory 1gb")
        #expect(!"\(found)".contains("geheim"))
    }

    @Test func readsMemoryStats() throws {
        let found = try ServerSample(name: "memory-stats-raw.txt").read()
        #expect(found.count == 1)
        let stats = try #require(found.first)
        #expect(stats.format == "MEMORY STATS")
        #expect(stats[.usedMemoryPeak] == 120_359_768)
        #expect(stats[.usedMemory] == 120_357_880)
        #expect(stats[.usedMemoryOverhead] == 17_070_832)
        #expect(stats[.usedMemoryDataset] == 103_287_048)
        #expect(stats[.allocatorActive] == 121_090_048)
        #expect(stats[.allocatorResident] == 124_956_672)
        #expect(stats[.fragmentationBytes] == 7_412_872)
        #expect(stats.real(.fragmentationRatio) == 1.0616029500961304)
    }

    @Test func readsMemoryStatsAtATerminal() {
        let found = snapshots(
            """
            127.0.0.1:6379> memory stats
             1) "peak.allocated"
             2) (integer) 931472
             3) "total.allocated"
             4) (integer) 930328
             5) "db.0"
             6) 1) "overhead.hashtable.main"
                2) (integer) 72
             7) "fragmentation"
             8) "3.6"
            """)
        #expect(found.first?[.usedMemoryPeak] == 931_472)
        #expect(found.first?[.usedMemory] == 930_328)
        #expect(found.first?.real(.fragmentationRatio) == 3.6)
    }

    @Test func readsRowsOfTheClient() throws {
        let rows = try ServerSample(name: "redis-cli-stat.txt").read()
        #expect(rows.count == 3)
        #expect(rows.map { $0[.keys] } == [100_000, 100_000, 100_000])
        #expect(rows.map { $0[.saveInProgress] } == [1, 0, 0])
        #expect(rows.map { $0[.rewriteInProgress] } == [nil, 0, 0])
        #expect(rows.map { $0[.connectedClients] } == [1, 1, 1])
        // 18.71 MiB.
        #expect(rows[0][.usedMemory] == 19_618_857)
    }
}
