// SPDX-License-Identifier: Apache-2.0

import Diagnosis
import HandWritten
import Incidents
import Model
import Testing

/// Facts of which nothing says that they are of the server's host.
@Suite struct AssumptionTests {
    private func judged(
        _ tie: PlacedSnapshot.Tie, _ change: (inout World) -> Void = { _ in }
    ) throws -> Incident {
        var world = World.refusal(overcommit: nil).strictly()
        change(&world)
        let correlation = correlate([world.log])
        var incident = try #require(correlation.incidents.first)
        world.facts.attach(to: &incident, correlation.instances.map(\.instance))
        incident.readings = Readings(
            incident.readings.snapshots.map { placed in
                var placed = placed
                placed.tie = tie
                return placed
            })
        return Diagnosis.diagnose(incident, sources: [world.log.path])
    }

    @Test("what is tied to the server decides")
    func own() throws {
        let finding = try #require(try judged(.own).finding(.commit_limit_strict))
        #expect(finding.verdict == .confirmed)
        #expect(!finding.statement.contains("That holds if"))
    }

    @Test("what is taken to be of its host makes a cause likely at most, and says so")
    func assumed() throws {
        let incident = try judged(.assumed)
        let finding = try #require(incident.finding(.commit_limit_strict))
        #expect(finding.verdict == .likely && finding.confidence == .low)
        #expect(finding.statement.contains("That holds if facts.txt is of this server's host"))
        #expect(finding.missing.contains { $0.what.hasPrefix("whose host") })
        // It rules nothing out.
        let other = try #require(incident.finding(.overcommit_heuristic_refusal))
        #expect(other.verdict == .possible)
        #expect(incident.facts.allSatisfy { $0.reach.contains("nothing there says") })
    }

    @Test("what names other servers, or was read at another time, decides nothing")
    func doubtful() throws {
        let doubtful = try judged(.doubtful)
        #expect(doubtful.verdict.state == .undecided)
        #expect(doubtful.finding(.commit_limit_strict)?.verdict == .possible)
        let undated = try judged(.assumed) { world in
            for i in world.facts.all.indices { world.facts.all[i].stamp = .none }
        }
        #expect(undated.verdict.state == .undecided)
    }
}
