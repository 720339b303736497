// SPDX-License-Identifier: Apache-2.0

import Diagnosis
import HandWritten
import Incidents
import Model
import Testing

/// Factors that do not matter are not named, and what someone might take for one is ruled out.
@Suite struct FactorTests {
    private func judged(_ world: World) throws -> Incident { try #require(world.incident) }

    @Test("huge pages and fragmentation do not refuse a fork")
    func notForForks() throws {
        let world = World.refusal(overcommit: nil).with {
            $0.log.entries.insert(
                contentsOf: World.kill(warning: [:]).log.entries.filter { $0.kind == .thp_warning },
                at: 3)
            $0.facts.server(
                at: 90, [.fragmentationRatio: 2.4, .fragmentationBytes: .gib(3)])
        }
        let incident = try judged(world)
        #expect(incident.finding(.thp_amplifies_cow)?.verdict == .ruled_out)
        #expect(incident.finding(.fragmentation)?.verdict == .ruled_out)
        #expect(incident.verdict.state == .undecided)
    }

    @Test("under strict accounting fragmentation of an accounted heap has a part, and a small one")
    func fragmentationUnderStrictAccounting() throws {
        let world = World.refusal().strictly().with {
            $0.facts.server(at: 90, [.fragmentationRatio: 2.4, .fragmentationBytes: .gib(3)])
        }
        let finding = try #require(judged(world).finding(.fragmentation))
        #expect(finding.verdict == .possible && finding.role == .contributing)
    }

    @Test(
        "a refused fork that memory has no part in names no factor of memory",
        arguments: [
            "Resource temporarily unavailable", "Operation not permitted", "File exists",
        ])
    func otherErrnos(error: String) throws {
        let world = World.refusal(error).strictly().inGroup()
        let named = try judged(world).causes.filter { $0.role == .contributing }
        #expect(named.isEmpty)
    }

    @Test("a child killed by hand names no factor of memory")
    func killedByHand() throws {
        let world = World.kill(line: false).inGroup()
        let named = try judged(world).causes.filter { $0.role == .contributing }
        #expect(named.isEmpty)
    }

    @Test("children of other servers of the host that ran at the time are named")
    func overlapping() throws {
        var world = World()
        world.log.streams = [WriterStream(host: "db-1", unit: "redis-a.service")]
        world.log.path = "a.log"
        world.log.start(at: 0, overcommit: "not_one")
        world.log.refuseSave(at: 100)
        var other = HandWrittenLog("b.log", pid: 20)
        other.streams = [WriterStream(host: "db-1", unit: "redis-b.service")]
        other.start(at: 1, port: 6380)
        other.fork(.bgsave, child: 60, at: 95)
        world.neighbours = [other]
        let finding = try #require(judged(world).finding(.overlapping_saves))
        #expect(finding.verdict == .possible)
        #expect(finding.statement.contains("1 other server of the host had a child at work"))

        world.neighbours[0].streams = [WriterStream(host: "db-2", unit: "redis-b.service")]
        #expect(try judged(world).finding(.overlapping_saves) == nil)
    }

    @Test(
        "the shortest interval of save points",
        arguments: [("3600 1 300 100 60 10000", "61"), ("900 1", "901")])
    func intervals(save: String, seconds: String) throws {
        func finding(_ length: Int64) throws -> Finding? {
            let world = World.kill().with {
                $0.facts.server(
                    at: 90, [.configSave: .text(save), .lastSaveSeconds: .whole(length)])
            }
            return try judged(world).finding(.overlapping_saves)
        }
        let length = try #require(Int64(seconds))
        #expect(try finding(length) != nil)
        #expect(try finding(length - 2) == nil)
    }

    @Test("-1 for the length of the last save is no length and no failure")
    func noSaveYet() throws {
        let world = World.kill().with {
            $0.facts.server(at: 90, [.configSave: "60 1", .lastSaveSeconds: -1])
        }
        #expect(try judged(world).finding(.overlapping_saves) == nil)
    }

    @Test(
        "an old version that retries without a pause, and one that leaks pipes, are known defects")
    func oldDefects() throws {
        var storm = World()
        storm.log.start(at: 0, version: "2.6.13")
        for i in 0..<60 { storm.log.refuseSave(at: 10 + Double(i) * 0.1) }
        #expect(
            try judged(storm).finding(.known_defect)?.statement.contains("2.6.15")
                == true)
        var later = World()
        later.log.start(at: 0, version: "2.8.24")
        for i in 0..<60 { later.log.refuseSave(at: 10 + Double(i) * 6) }
        #expect(try judged(later).finding(.known_defect) == nil)

        var leak = World()
        leak.log.start(at: 0, version: "3.2.8")
        leak.log.refuseRewrite(at: 10)
        leak.log.add(.aof_file_error, at: 11, ["error": "Too many open files"])
        #expect(
            try judged(leak).finding(.known_defect)?.statement.contains("leaked")
                == true)
    }

    @Test("a mode that was read differently after the failure is not known for it")
    func modeBetween() throws {
        let world = World.refusal().with {
            $0.facts.host(at: 60, [.overcommitMemory: 1])
            $0.facts.host(at: 104, [.overcommitMemory: 2])
        }
        let incident = try judged(world)
        #expect(incident.finding(.commit_limit_strict)?.verdict != .ruled_out)
    }

    @Test("a change to 1 after the failure leaves the mode before it known")
    func modeMended() throws {
        let world = World.refusal().strictly().with {
            for i in $0.facts.all.indices where $0.facts.all[i].stamp.nanoseconds > 0 {
                guard i == 1 else { continue }
                for j in $0.facts.all[i].values.indices
                where $0.facts.all[i].values[j].measure == .overcommitMemory {
                    $0.facts.all[i].values[j].quantity = 1
                }
            }
        }
        #expect(try judged(world).finding(.commit_limit_strict)?.verdict == .confirmed)
    }

    @Test("a directory that no server is set up for is not given to the server")
    func attackersDirectory() throws {
        let world = World().with {
            $0.log.start(at: 0)
            $0.log.fork(.bgsave, child: 97, at: 100)
            $0.log.add(
                .rdb_file_error, at: 100.1,
                ["error": "Permission denied", "dir": "/var/spool/cron"], pid: 97, role: .child)
            $0.log.add(.operation_failed, at: 100.2, ["operation": "bgsave"])
            $0.facts.server(at: 101, [.lastSaveStatus: "err"])
        }
        let finding = try #require(judged(world).finding(.dir_not_writable))
        #expect(finding.statement.contains("attacker"))
        #expect(!finding.remedies.isEmpty)
        #expect(finding.remedies.allSatisfy { !$0.command.contains("chown") })
    }
}
