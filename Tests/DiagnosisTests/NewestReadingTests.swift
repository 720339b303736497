// SPDX-License-Identifier: Apache-2.0

import HandWritten
import Model
import Testing

@testable import Diagnosis

/// Of readings that disagree the newest counts, and what the kernel says itself above any.
@Suite struct NewestReadingTests {
    /// A host in mode 2 with 16 GiB allowed and 10 in use, and a server whose heap is libc's.
    private func strict() -> World {
        World.refusal().with {
            $0.facts.host(
                at: 99,
                [
                    .overcommitMemory: 2, .memTotal: .gib(24), .swapTotal: 0,
                    .commitLimit: .gib(16), .committedAS: .gib(10), .memAvailable: .gib(14),
                ])
            $0.facts.process(at: 70, [.vmSize: .mib(60), .vmData: .mib(40), .vmRSS: .mib(4)])
            $0.facts.server(
                at: 99,
                [.usedMemoryRSS: .gib(7), .usedMemory: .gib(6.9), .allocator: .text("libc")])
        }
    }

    @Test(
        "what INFO shows at the failure counts, and not what ps showed before the data were loaded")
    func grownSincePS() throws {
        let finding = try #require(strict().incident?.finding(.commit_limit_strict))
        #expect(finding.verdict == .confirmed)
        let least = try #require(
            finding.arithmetic.first { $0.name == "accounted by the fork, at least" })
        #expect(least.value == 7 * 1_073_741_824)
        #expect(!finding.arithmetic.contains { $0.name.hasSuffix("at most") })
    }

    @Test("a lower bound that fits is no shortfall")
    func noNegativeShortfall() throws {
        let world = strict().with {
            $0.facts.all.removeAll { $0.subject.scope == .server }
            $0.facts.server(at: 70, [.allocator: .text("libc")])
            $0.facts.remove(.vmData)
        }
        let finding = try #require(world.incident?.finding(.commit_limit_strict))
        #expect(finding.verdict == .likely)
        #expect(!finding.arithmetic.contains { $0.name.hasPrefix("shortfall") })
    }

    @Test(
        "an address space that the server has outgrown bounds no mapping",
        arguments: [(4.0, true), (206, false)])
    func outgrownAddressSpace(residentMebibytes: Double, isRuledOut: Bool) throws {
        let world = World.refusal().with {
            $0.facts.host(
                at: 99,
                [
                    .overcommitMemory: 0, .memTotal: .gib(24), .swapTotal: 0,
                    .kernelRelease: "6.1.0-18-amd64",
                ])
            $0.facts.process(at: 94, [.vmSize: .mib(30), .vmRSS: .mib(4)])
            $0.facts.server(at: 99, [.usedMemoryRSS: .mib(residentMebibytes)])
        }
        let finding = try #require(world.incident?.finding(.overcommit_heuristic_refusal))
        #expect((finding.verdict == .ruled_out) == isRuledOut)
    }

    @Test("the kernel's own line counts more than a mode that was read before", arguments: [0, 1])
    func kernelAgainstReading(mode: Int64) throws {
        let world = World.refusal().with {
            $0.log.add(
                .kernel_commit_refused, at: 100,
                ["comm": "redis-server", "pid": "10", "bytes": "7516192768"], pid: 0,
                role: .unknown, form: .kernel)
            $0.facts.host(
                at: 74, [.overcommitMemory: .whole(mode), .memTotal: .gib(24), .swapTotal: 0])
        }
        let incident = try #require(world.incident)
        let strict = try #require(incident.finding(.commit_limit_strict))
        #expect(strict.verdict == .likely)
        #expect(strict.evidence.contains { $0.direction == .against })
        #expect(incident.finding(.overcommit_heuristic_refusal)?.verdict == .ruled_out)
        #expect(incident.finding(.overcommit_not_enabled)?.statement.contains("was 0,") != true)
    }

    @Test("a missing warning proves nothing against a reading of that minute")
    func silenceAgainstReading() throws {
        let world = World.refusal(version: "7.0.15", overcommit: nil).with {
            $0.facts.host(at: 1, [.overcommitMemory: 2])
        }
        let all = try #require(world.incident).causes.flatMap(\.evidence).map(\.statement)
        #expect(!all.contains { $0.contains("at the start") })
    }

    @Test("what a replica warned of at its start says nothing of the master's")
    func othersWarning() throws {
        var world = World()
        world.log.start(at: 0, version: "6.0.20")
        world.log.add(.thp_warning, at: 0.1)
        var replica = HandWrittenLog("replica.log", pid: 20, role: .replica)
        replica.start(at: 99, version: "6.0.20", port: 6380, overcommit: "zero")
        world.log.refuseSync(at: 100)
        replica.add(.replica_refused_by_master, at: 100.1)
        world.neighbours = [replica]
        let incident = try #require(world.incident)
        #expect(incident.instance.port == 6379)
        #expect(incident.finding(.overcommit_not_enabled) == nil)
        let quoted = incident.causes.flatMap(\.evidence).compactMap(\.quote)
        #expect(!quoted.contains { $0.hasPrefix("20 ") && $0.contains("warning") })
    }

    @Test(
        "what was available is known only from a reading before the kill, which gives memory back",
        arguments: [(99.9, true), (100.3, false)])
    func availableBeforeTheKill(at seconds: Double, isRuledOut: Bool) throws {
        let world = World.kill(line: false).with {
            $0.facts.host(at: seconds, [.memTotal: .gib(24), .memAvailable: .gib(21)])
        }
        let finding = try #require(world.incident?.finding(.host_oom_kill))
        #expect((finding.verdict == .ruled_out) == isRuledOut)
    }

    @Test("a group's counter of hits confirms its limit only where it rose", arguments: [10, 14])
    func hitsOfTheGroup(after count: Int64) throws {
        let world = World.refusal(version: "3.2.13").with {
            $0.facts.host(at: 90, [.kernelRelease: "4.14.0-3-amd64", .overcommitMemory: 1])
            for (at, hits) in [(99.0, Int64(10)), (110, count)] {
                $0.facts.cgroup(
                    at: at,
                    [
                        .cgroupLimit: .gib(4), .cgroupUsage: .gib(3.999),
                        .cgroupFailures: .whole(hits),
                    ])
            }
        }
        let finding = try #require(world.incident?.finding(.cgroup_memory_limit))
        #expect((finding.verdict == .confirmed) == (count > 10))
    }
}
