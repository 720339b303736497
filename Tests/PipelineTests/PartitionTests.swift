// SPDX-License-Identifier: Apache-2.0
// `extract` then `assemble` is `analyze`, byte for byte (contract.md, "extract and assemble").

import Foundation
import Model
import TestSupport
import Testing

@testable import forktopsy

struct PartitionTests {
    @Test(arguments: 0..<24)
    func `Any partition in any order gives the report of the whole`(seed: Int) throws {
        var random = Seeded(seed)
        let paths = Samples.paths.shuffled(using: &random).prefix(
            Int.random(in: 1...6, using: &random))
        let whole = try Pipeline.extractions(of: Array(paths))
        try #expect(partitioned(whole, &random) == Pipeline.report(whole))
    }

    @Test func `All sample logs together give the same report in parts`() throws {
        var random = Seeded(1)
        let whole = try Pipeline.extractions(of: Samples.paths)
        try #require(whole.count > 30)
        try #expect(partitioned(whole, &random) == Pipeline.report(whole))
    }

    @Test func `The order in which inputs are read does not matter`() throws {
        var random = Seeded(2)
        let whole = try Pipeline.extractions(of: Array(Samples.paths.prefix(12)))
        #expect(Pipeline.report(whole.shuffled(using: &random)) == Pipeline.report(whole))
    }

    @Test func `Files of one name in several directories stay apart`() throws {
        let alike = Samples.paths.filter { $0.hasSuffix("/redis-server.log") }.prefix(3)
        try #require(alike.count == 3)
        let whole = try Pipeline.extractions(of: Array(alike))
        var random = Seeded(3)
        try #expect(partitioned(whole, &random) == Pipeline.report(whole))
    }

    @Test func `Inputs of several hosts may share a path`() throws {
        var whole = try Pipeline.extractions(of: Array(Samples.paths.prefix(4)))
        for i in whole.indices { whole[i].facts.path = "/var/log/redis/redis.log" }
        let expected = Pipeline.report(whole)
        for seed in 0..<6 {
            var random = Seeded(seed)
            #expect(Pipeline.report(whole.shuffled(using: &random)) == expected)
            try #expect(partitioned(whole, &random) == expected)
        }
    }

    @Test func `An input that was extracted twice counts once`() throws {
        let whole = try Pipeline.extractions(of: Array(Samples.paths.prefix(3)))
        let lines = whole.flatMap(Pipeline.lines)
        try #expect(Pipeline.assembled(lines + lines) == Pipeline.report(whole))
    }

    @Test func `Journals and archives come through`() throws {
        try withTemporaryFolder { folder in
            try Data(Self.journal.utf8).write(to: URL(fileURLWithPath: folder + "/journal.export"))
            let file = URL(fileURLWithPath: Samples.paths[5])
            _ = try #require(
                try Tool.output(of: [
                    "tar", "-C", file.deletingLastPathComponent().path, "-czf",
                    folder + "/logs.tar.gz",
                    file.lastPathComponent,
                ]))
            let whole = try Pipeline.extractions(of: [folder])
            #expect(whole.filter { $0.log.count > 0 }.count == 2)
            #expect(whole.contains { $0.facts.streams.count > 2 })
            var random = Seeded(5)
            try #expect(partitioned(whole, &random) == Pipeline.report(whole))
        }
    }

    /// Two hosts and the kernels below them, as `journalctl -o export` writes them.
    private static let journal = ["a", "b"].map { host in
        """
        __REALTIME_TIMESTAMP=1732270502123456
        _HOSTNAME=\(host)
        SYSLOG_IDENTIFIER=redis-server
        _PID=77
        MESSAGE=77:M 22 Nov 2024 11:15:02.123 # Can't save in background: fork: Cannot allocate memory

        __REALTIME_TIMESTAMP=1732270503123456
        _HOSTNAME=\(host)
        SYSLOG_IDENTIFIER=kernel
        MESSAGE=Out of memory: Killed process 77 (redis-server) total-vm:1kB, anon-rss:1kB, file-rss:0kB, shmem-rss:0kB, UID:0 pgtables:1kB oom_score_adj:0


        """
    }.joined()

    @Test func `Compressed and damaged inputs come through`() throws {
        try withTemporaryFolder { folder in
            let path = folder + "/redis.log.1"
            try FileManager.default.copyItem(atPath: Samples.paths[0], toPath: path)
            _ = try #require(try Tool.output(of: ["gzip", "-k", path]))
            let packed = try Data(contentsOf: URL(fileURLWithPath: path + ".gz"))
            try packed.prefix(packed.count / 2).write(
                to: URL(fileURLWithPath: folder + "/redis.log.2.gz"))
            try Data([0x31, 0x3A, 0x4D, 0xFF, 0x00, 0x0A]).write(
                to: URL(fileURLWithPath: folder + "/hole"))
            let whole = try Pipeline.extractions(
                of: ["hole", "redis.log.1", "redis.log.1.gz", "redis.log.2.gz"].map {
                    folder + "/" + $0
                })
            #expect(whole[3].facts.damage.archives == 1)
            var random = Seeded(4)
            try #expect(partitioned(whole, &random) == Pipeline.report(whole))
        }
    }

    /// The report from extracts of random parts, with the inputs of each part in random order.
    private func partitioned(_ whole: [Extraction], _ random: inout Seeded) throws -> String {
        let parts = Int.random(in: 1...max(1, whole.count), using: &random)
        var extracts = [[String]](repeating: [], count: parts)
        for extraction in whole.shuffled(using: &random) {
            extracts[Int.random(in: 0..<parts, using: &random)] += Pipeline.lines(extraction)
        }
        return try Pipeline.assembled(extracts.shuffled(using: &random).flatMap(\.self))
    }
}
