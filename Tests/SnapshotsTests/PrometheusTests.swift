// SPDX-License-Identifier: Apache-2.0

import Model
import Testing

@testable import Snapshots

struct PrometheusTests {
    @Test func readsWhatAHostExports() throws {
        let (found, problems) = try SeriesSample(name: "node_exporter.excerpt.prom").read()
        #expect(problems.isEmpty)
        #expect(found.count == 1)
        let host = try #require(found.first)
        #expect(host.subject == SnapshotSubject(.host))
        #expect(host.stamp.form == .epoch)
        #expect(host.stamp.nanoseconds == 1_795_347_484_335_000_000)
        #expect(host.timeBasis == .inFormat)
        #expect(host[.memTotal] == 25_276_502_016)
        #expect(host[.commitLimit] == 12_638_248_960)
        #expect(host[.committedAS] == 706_928_640)
        #expect(host[.memAvailable] == 24_373_145_600)
        #expect(host[.pageTables] == 4_509_696)
        #expect(host[.oomKills] == 3)
        #expect(host[.swapTotal] == 0)
        #expect(host[.bootedAt] == 1_795_346_231)
        #expect(host.value(.bootedAt)?.line == 3)
    }

    @Test func readsWhatAServersExporterSays() throws {
        let found = try series("redis_exporter.excerpt.prom")
        #expect(found.count == 1)
        let server = try #require(found.first)
        #expect(server.subject == SnapshotSubject(.server, pid: 5296, port: 7391))
        #expect(server.stamp == .none)
        #expect(server[.usedMemory] == 19_763_000)
        #expect(server[.usedMemoryRSS] == 26_275_840)
        #expect(server[.maxmemory] == 0)
        #expect(server[.allocatorResident] == 23_724_032)
        #expect(server.real(.fragmentationRatio) == 1.33)
        #expect(server.real(.latestForkSeconds) == 0.001018)
        #expect(server[.lastSaveCopied] == 593_920)
        #expect(server[.lastRewriteSeconds] == -1)
        #expect(server[.lastSaveTime] == 1_795_347_659)
        #expect(server.text(.lastSaveStatus) == "ok")
        #expect(server.text(.serverVersion) == "7.0.15")
        #expect(server.text(.maxmemoryPolicy) == "noeviction")
    }

    @Test func labelsTellWhoseValueItIs() {
        let (found, problems) = read(
            #"""
            # TYPE container_memory_usage_bytes gauge
            container_memory_usage_bytes{container="redis",id="/kubepods/pod1/abc",pod="redis-0"} 1.048576e+06 1795348258433
            container_spec_memory_limit_bytes{container="redis",id="/kubepods/pod1/abc",pod="redis-0"} 0 1795348258433
            container_memory_usage_bytes{container="web",id="/kubepods/pod2/def",name="a\"b}c"} 2048 1795348258433
            redis_memory_used_bytes{addr="redis://10.0.0.5:6380",instance="exporter:9121"} 77
            redis_up{addr="redis://10.0.0.5:6380"} 1
            node_filesystem_avail_bytes{device="/dev/sda1",fstype="ext4",mountpoint="/data"} 4096
            node_memory_MemFree_bytes{instance="db7:9100"} NaN
            """#)
        #expect(problems.isEmpty)
        #expect(
            found.map(\.subject) == [
                SnapshotSubject(.cgroup, command: "redis", path: "/kubepods/pod1/abc"),
                SnapshotSubject(.cgroup, command: "web", path: "/kubepods/pod2/def"),
                SnapshotSubject(.server, host: "10.0.0.5", port: 6380),
                SnapshotSubject(.fileSystem, path: "/data"),
            ])
        #expect(found[0][.cgroupUsage] == 1_048_576)
        #expect(found[0][.cgroupLimit] == .max)
        #expect(found[0].stamp.nanoseconds == 1_795_348_258_433_000_000)
        #expect(found[2][.usedMemory] == 77)
        #expect(found[3][.diskAvailable] == 4096)
    }

    @Test func theNextScrapeBeginsWhereAValueComesAgain() {
        let scrape = { (i: Int) in
            "node_memory_MemFree_bytes \(i)\nnode_time_seconds 1.79534748\(i)e+09\n"
        }
        let found = snapshots(scrape(1) + scrape(2) + scrape(3))
        #expect(found.map { $0[.memFree] } == [1, 2, 3])
        #expect(found.map { $0.stamp.nanoseconds / 1_000_000_000 % 100 } == [81, 82, 83])
    }

    @Test func readsARangeOfAQuery() throws {
        let found = try series("prom-query_range.committed_as.json")
        #expect(
            found.map { $0[.committedAS] } == [3_442_753_536, 3_456_778_240, 3_456_778_240])
        #expect(
            found.map { $0.stamp.nanoseconds / 1_000_000_000 }
                == [669, 670, 671].map { 1_795_347_000 + $0 })
        #expect(found.allSatisfy { $0.timeBasis == .inFormat && $0.stamp.form == .epoch })
        let server = try series("prom-query_range.redis.json")
        #expect(server.count == 12)
        #expect(server.filter { $0[.usedMemoryRSS] == 26_275_840 }.count == 4)
        #expect(server.filter { $0.text(.lastSaveStatus) == "ok" }.count == 4)
        #expect(server.allSatisfy { $0.subject == SnapshotSubject(.server) })
    }

    @Test func readsTheAnswerToAnInstantQuery() throws {
        let found = try series("prom-query-instant.json")
        #expect(found.count == 1)
        #expect(found[0][.commitLimit] == 12_638_248_960)
        #expect(found[0].stamp.nanoseconds == 1_795_347_671_615_000_000)
    }

    @Test func whatIsNoNumberIsLeftOut() {
        let head = #"{"status":"success","data":{"resultType":"matrix","result":["#
        let (found, problems) = read(
            head
                + #"{"metric":{"__name__":"node_memory_MemFree_bytes","instance":"db7:9100"},"values":[[1795347669,"NaN"],[1795347670,"5"],[1795347671,"+Inf"],[1795347672]]},"#
                + #"{"metric":{},"values":[[1795347669,"7"]]}]}}"#)
        #expect(found.map { $0[.memFree] } == [5])
        #expect(found.first?.subject.host == "db7")
        #expect(problems.count == 1, "a series of an expression has no name")
    }

    @Test func aCutAnswerGivesItsWholePoints() throws {
        let text = try SeriesSample(name: "prom-query_range.committed_as.json").text()
        let cut = try #require(text.firstRange(of: "1795347671,\"34567"))
        let (found, problems) = read(String(text[..<cut.upperBound]))
        #expect(found.map { $0[.committedAS] } == [3_442_753_536, 3_456_778_240])
        #expect(problems.count == 1)
    }
}
