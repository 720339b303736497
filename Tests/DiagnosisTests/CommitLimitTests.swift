// SPDX-License-Identifier: Apache-2.0

import HandWritten
import Model
import Testing

@testable import Diagnosis

/// What a report shows of the limit of strict accounting.
@Suite struct CommitLimitTests {
    @Test(
        "the terms of CommitLimit are shown where they make it up",
        arguments: [(67, 0.0, 2), (50, 0.0, 0), (50, 4.0, 2), (50, 1.0, 0)])
    func termsOfTheLimit(ratio: Int64, swap: Double, terms: Int) throws {
        var world = World.refusal(overcommit: nil).strictly()
        world.facts.set(.swapTotal, .gib(swap))
        world.facts.host(at: 90, [.overcommitRatio: .whole(ratio)])
        let incident = try #require(world.incident)
        let finding = try #require(incident.finding(.commit_limit_strict))
        #expect(finding.arithmetic.count { $0.name.hasPrefix("of it by") } == terms)
    }
}
