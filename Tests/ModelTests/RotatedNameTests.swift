// SPDX-License-Identifier: Apache-2.0
// Which log a rotated file belongs to.

import Testing

@testable import Model

struct RotatedNameTests {
    @Test(arguments: [
        ("redis.log.1", "redis.log"), ("redis.log.2.gz", "redis.log"),
        ("redis.log.999", "redis.log"),
        ("redis.log-20261122", "redis.log"), ("redis.log-20261122.zst", "redis.log"),
        ("redis.log-2026112213", "redis.log"), ("redis.log_20261122", "redis.log"),
        ("redis.log-20261122-1795348264", "redis.log"), ("redis.log-1795348264", "redis.log"),
        ("redis.log.2026-11-22", "redis.log"), ("redis.log.20261122-101010.gz", "redis.log"),
        ("redis.log-2026-11-22T10:00:00", "redis.log"), ("redis.log.old", "redis.log"),
        ("redis.log-1", "redis.log"), ("redis.log~", "redis.log"), ("redis.log.bak", "redis.log"),
        ("redis.log.gz", "redis.log"), ("redis.log.1.lzma", "redis.log"),
        ("redis-20261122.log", "redis.log"), ("redis-20261122.log.xz", "redis.log"),
        ("redis-2026-11-22.log", "redis.log"), ("redis_20261122.log", "redis.log"),
        ("redis.1.log", "redis.log"), ("redis.log.1.txt", "redis.log.txt"),
        ("/var/log/redis/redis.log.1", "/var/log/redis/redis.log"),
        ("s.tar.gz/log/0.log.20231120-103344", "s.tar.gz/log/0.log"),
        ("redis-6380-20261122", "redis-6380"), ("redis-6380-20261122.log", "redis-6380.log"),
        ("/d.2/redis.log", "/d.2/redis.log"), ("redis.log", "redis.log"), ("redis", "redis"),
        ("redis-6380.log", "redis-6380.log"), ("redis-1.log", "redis-1.log"),
        ("redis-1", "redis-1"),
        ("redis_7001.log", "redis_7001.log"), ("redis.6380", "redis.6380"), ("6379", "6379"),
        ("redis-20261322.log", "redis-20261322.log"), ("redis-10.0.0.1.log", "redis-10.0.0.1.log"),
        ("redis-10.0.0.1", "redis-10.0.0.1"), ("20261122.log", "20261122.log"), (".log", ".log"),
        ("redis-sentinel.log", "redis-sentinel.log"), ("redis.logfile", "redis.logfile"),
        ("", ""), (".", "."), ("-", "-"), (".1", ".1"), ("/", "/"), (".gz", ""), ("~", "~"),
    ])
    func `A name shows its log`(name: String, log: String) {
        #expect(RotatedName(name).log == log)
        #expect(RotatedName.isPart(name, of: log) == (name != log))
    }

    @Test(arguments: [
        ["redis.log", "redis.log.1", "redis.log.2.gz", "redis.log.10.gz"],
        ["redis.log", "redis.log-20261122", "redis.log-20261121", "redis.log-20251231.gz"],
        ["redis.log", "redis-2026112213.log", "redis-20261122.log", "redis-20261121.log"],
        ["redis.log", "redis.log-1795348265", "redis.log-1795348264"],
        ["redis.log", "redis.log-20261122-1795348265", "redis.log-20261122-1795348264"],
    ])
    func `Parts are ordered by their names, the newest first`(names: [String]) {
        #expect(names.reversed().sorted { RotatedName($0).age < RotatedName($1).age } == names)
    }

    @Test func `A date names the year, a place does not`() {
        #expect(RotatedName("redis.log-20251231.gz").year == 2025)
        #expect(RotatedName("redis.log.1").year == nil)
        #expect(RotatedName("redis.log-1795348264").year == nil)
    }

    @Test func `A folder for old logs lies below the log's own`() {
        #expect(RotatedName("/log/old/redis.log.1").logAbove == "/log/redis.log")
        #expect(RotatedName("old/redis.log.1").logAbove == "redis.log")
        #expect(RotatedName("redis.log.1").logAbove == nil)
    }
}
