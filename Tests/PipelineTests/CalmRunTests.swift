// SPDX-License-Identifier: Apache-2.0
// Events of servers whose saves work go a shorter way: faster, and the same to the last byte.

import Foundation
import TestSupport
import Testing

@testable import forktopsy

struct CalmRunTests {
    @Test func `The sample logs give the same with and without the short way`() throws {
        for path in Samples.paths {
            let extractions = try Pipeline.extractions(of: [path])
            #expect(
                Pipeline.report(extractions)
                    == Pipeline.report(extractions, takesShortWay: false), "\(path)")
        }
    }

    @Test(arguments: 0..<150)
    func `Lines in any order give the same with and without the short way`(seed: Int) throws {
        var log = AnyOrderLog(seed: seed)
        let text = (0..<400).map { _ in log.line() + "\n" }.joined()
        try withTemporaryFolder { folder in
            let path = folder + "/redis.log"
            try Data(text.utf8).write(to: URL(fileURLWithPath: path))
            let extractions = try Pipeline.extractions(of: [path])
            #expect(
                Pipeline.report(extractions)
                    == Pipeline.report(extractions, takesShortWay: false))
        }
    }

    @Test(arguments: 0..<60)
    func `Logs of several servers give the same with and without the short way`(seed: Int) throws {
        var random = Seeded(seed &* 31 &+ 7)
        try withTemporaryFolder { folder in
            var texts: [[String]] = []
            for number in 0..<Int.random(in: 2...4, using: &random) {
                // Servers in containers have one process id, others differ.
                let pid = seed % 3 == 0 ? 1 : 1187 + 100_000 * number
                var log = AnyOrderLog(seed: seed &+ number &* 5, pid: pid)
                var lines = (0..<200).map { _ in log.line() }
                if seed % 4 == 1 { lines.insert(kernelLine(naming: pid), at: 100) }
                texts.append(lines)
            }
            // What is left of a copy, in which records stand a second time.
            if seed % 2 == 0 { texts.append(Array(texts[0][40..<160])) }
            for (number, lines) in texts.enumerated() {
                let path = "\(folder)/server\(number).log"
                try Data((lines.joined(separator: "\n") + "\n").utf8)
                    .write(to: URL(fileURLWithPath: path))
            }
            let extractions = try Pipeline.extractions(of: [folder])
            #expect(
                Pipeline.report(extractions)
                    == Pipeline.report(extractions, takesShortWay: false))
        }
    }

    private func kernelLine(naming pid: Int) -> String {
        "Nov 10 10:01:00 db1 kernel: [12345.678901] Out of memory: Killed process \(pid) "
            + "(redis-server) total-vm:9000000kB, anon-rss:8000000kB, file-rss:0kB, shmem-rss:0kB"
    }
}

/// What servers and their children say of saves and replicas, in an order that no server keeps, and
/// failures among it: as many as the seed says.
private struct AnyOrderLog {
    private var random: Seeded
    private var clock = 36_000_000
    private var pid: Int
    private var child = 20_000
    /// Of a hundred lines so many tell of a failure or a restart.
    private let trouble: Int

    init(seed: Int, pid: Int = 1187) {
        random = Seeded(seed)
        self.pid = pid
        trouble = [0, 1, 3, 10, 40][seed % 5]
    }

    private mutating func pick(_ limit: Int) -> Int { Int.random(in: 0..<limit, using: &random) }

    mutating func line() -> String {
        clock += pick(3000)
        let text = pick(100) < trouble ? failure() : routine()
        let (who, message) = (text.first ?? "M", text.dropFirst())
        let writer = who == "C" ? "\(child - pick(2)):C" : "\(pid):\(pick(200) == 0 ? "S" : "M")"
        let seconds = clock / 1000
        let time = [seconds / 3600 % 24, seconds / 60 % 60, seconds % 60].map {
            $0 < 10 ? "0\($0)" : "\($0)"
        }
        let thousandth = "\(1000 + clock % 1000)".dropFirst()
        let day = 10 + seconds / 86_400
        return "\(writer) \(day) Nov 2026 \(time.joined(separator: ":")).\(thousandth) * \(message)"
    }

    private mutating func routine() -> String {
        switch pick(12) {
        case 0: return "M\(pick(9999)) changes in 60 seconds. Saving..."
        case 1, 2:
            child += 1
            return "MBackground saving started by pid \(child)"
        case 3: return "CDB saved on disk"
        case 4, 5:
            return "CFork CoW for RDB: current \(pick(90)) MB, peak \(pick(200)) MB, average 4 MB"
        case 6, 7: return "MBackground saving terminated with success"
        case 8: return "MReplica 10.0.0.\(pick(20)):6379 asks for synchronization"
        case 9: return "MSynchronization with replica 10.0.0.\(pick(20)):6379 succeeded"
        case 10:
            return "MPartial resynchronization request from 10.0.0.\(pick(20)):6379 accepted. "
                + "Sending \(pick(999)) bytes of backlog starting from offset \(pick(999_999))."
        default:
            return "MAsynchronous AOF fsync is taking too long (disk is busy?). Writing the AOF "
                + "buffer without waiting for fsync to complete, this may slow down Redis."
        }
    }

    private mutating func failure() -> String {
        switch pick(16) {
        case 0, 1: return "MCan't save in background: fork: Cannot allocate memory"
        case 2: return "MCan't fork for module: Cannot allocate memory"
        case 3:
            return "MCan't rewrite append only file in background: fork: Cannot allocate memory"
        case 4: return "MBackground saving error"
        case 5: return "MBackground saving terminated by signal 9"
        case 6: return "CWrite error while saving DB to the disk(rdbSave): No space left on device"
        case 7: return "MBGSAVE for replication failed"
        case 8: return "MStarting BGSAVE for SYNC with target: disk"
        case 9: return "MConnection with replica 10.0.0.\(pick(20)):6379 lost."
        case 10: return "MDB saved on disk"
        case 11:
            child += 1
            return "MBackground append only file rewriting started by pid \(child)"
        case 12: return "MBackground AOF rewrite terminated with success"
        case 13: return "MUser requested shutdown..."
        case 14:
            pid += pick(2)
            return "MReady to accept connections tcp"
        default: return "MRedis is now ready to exit, bye bye..."
        }
    }
}
