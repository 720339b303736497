// SPDX-License-Identifier: Apache-2.0
// Purpose: no pattern can hang the program, and a small JIT stack is no reason to give up.

import PCRE2
import Testing

@Suite struct LimitTests {
    private let evil = Array((String(repeating: "a", count: 64) + "!").utf8)

    @Test func exponentialPatternsHitTheMatchLimit() throws {
        for options in [Pattern.Options(), .interpreted] {
            let pattern = try Pattern("^(?:a+)+$", options: options)
            var data = MatchData(limits: .init(match: 10_000))
            let outcome = data.match(pattern, in: evil.span)
            #expect(outcome == .limitHit(.match))
        }
    }

    @Test func theInterpreterHasADepthLimit() throws {
        let pattern = try Pattern("^(?:a|b(?:c|d))+$", options: .interpreted)
        var data = MatchData(limits: .init(match: 1_000_000, depth: 10))
        let outcome = data.match(pattern, in: evil.span)
        #expect(outcome == .limitHit(.depth))
    }

    @Test func theInterpreterHasAHeapLimit() throws {
        let pattern = try Pattern("^(?:a|b)+c$", options: .interpreted)
        let long = [UInt8](repeating: UInt8(ascii: "a"), count: 50_000)
        var data = MatchData(limits: .init(match: 10_000_000, depth: 10_000_000, heapKiB: 1))
        let outcome = data.match(pattern, in: long.span)
        #expect(outcome == .limitHit(.heap))
    }

    @Test func aFullJITStackIsTriedAgainByTheInterpreter() throws {
        // Every turn of the group keeps a backtracking point; 50,000 do not fit in 32 KiB.
        let pattern = try Pattern("^(?:(?<l>a)|b)+$")
        let long = [UInt8](repeating: UInt8(ascii: "a"), count: 50_000)
        let small = MatchData.Limits(
            match: 10_000_000, depth: 10_000_000, heapKiB: 1 << 20, stackBytes: 32 * 1024)
        var data = MatchData(limits: small)
        let outcome = data.match(pattern, in: long.span)
        #expect(outcome == .matched)
        let bounds = data.bounds(ofGroup: 1)
        #expect(bounds == (49_999, 50_000))
    }

    @Test func aMatchAfterALimitIsUnharmed() throws {
        let bad = try Pattern("^(?:a+)+$")
        let good = try Pattern("^(?<all>a+)!$")
        var data = MatchData(limits: .init(match: 1000))
        let outcome = data.match(bad, in: evil.span)
        #expect(outcome == .limitHit(.match))
        let secondOutcome = data.match(good, in: evil.span)
        #expect(secondOutcome == .matched)
        let bounds = data.bounds(ofGroup: 1)
        #expect(bounds == (0, 64))
    }
}
