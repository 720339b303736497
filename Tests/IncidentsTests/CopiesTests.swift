// SPDX-License-Identifier: Apache-2.0

import HandWritten
import Model
import Testing

@testable import Incidents

/// Records that stand in two inputs.
@Suite struct CopiesTests {
    /// Records that lie elsewhere in time: every so many, and how many seconds from the first.
    struct Strays: Sendable {
        var every: Int
        var from: Double
    }

    /// A server refuses to save every six seconds.
    private func log(_ name: String, count: Int, _ strays: Strays) -> HandWrittenLog {
        var log = HandWrittenLog(name)
        for i in 0..<count {
            let isStray = (i + 1).isMultiple(of: strays.every)
            log.refuse(at: isStray ? strays.from + Double(i) / 100 : Double(i) * 6)
        }
        return log
    }

    @Test(
        "copies of a log count once and take no more memory where its clock jumps",
        arguments: [
            Strays(every: 60_001, from: 0), Strays(every: 25_000, from: 3e9),
            Strays(every: 20_000, from: -3e7), Strays(every: 40, from: 3e9),
            Strays(every: 7, from: 10_000), Strays(every: 1000, from: -3e7),
            Strays(every: 1, from: 0),
        ])
    func jumps(strays: Strays) {
        var patterns = HandWrittenPatterns()
        let count = 60_000
        let sources = ["a.log", "b.log"].map { log($0, count: count, strays).read(&patterns) }
        var twins = TwinFilter(sources)
        var merge = EventMerge(sources, patterns: patterns.all, alone: sources.map { _ in false })
        var (kept, most) = (0, 0)
        while !merge.isAtEnd {
            let event = merge.next()
            if !twins.isTwin(event, merge.origin, instance: 0) { kept += 1 }
            most = max(most, twins.remembered)
        }
        #expect(kept == count && twins.folded == count)
        #expect(most <= 3 * TwinFilter.leastBound)
    }
}
