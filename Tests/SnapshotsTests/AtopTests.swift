// SPDX-License-Identifier: Apache-2.0

import Model
import Testing

@testable import Snapshots

struct AtopTests {
    private static let page: Int64 = 4096

    @Test func readsPages() throws {
        let (found, problems) = try SeriesSample(name: "atop-P.txt").read()
        #expect(problems.isEmpty)
        #expect(found.count == 3)
        let first = try #require(found.first)
        #expect(first.subject == SnapshotSubject(.host, host: "vm"))
        #expect(first.stamp.nanoseconds == 1_795_369_023_000_000_000)
        #expect(first[.memTotal] == 6_171_021 * Self.page)
        #expect(first[.memFree] == 5_321_795 * Self.page)
        #expect(first[.cached] == 625_133 * Self.page)
        #expect(first[.buffers] == 5375 * Self.page)
        #expect(first[.slab] == 113_053 * Self.page)
        #expect(first[.slabReclaimable] == 102_669 * Self.page)
        #expect(first[.shmem] == 2221 * Self.page)
        #expect(first[.committedAS] == 243_082 * Self.page)
        #expect(first[.commitLimit] == 3_085_510 * Self.page)
        #expect(first.real(.swapInRate) == nil, "since boot")
        #expect(found[1].real(.swapInRate) == 0)
        #expect(found[2][.committedAS] == 261_714 * Self.page)
    }

    @Test func foreignLinesWithTheseWordsAreNone() {
        let (found, problems) = read(
            "MEM usage is high on db1 today, see the graph above\nSEP 1 2\n")
        #expect(found.isEmpty)
        #expect(problems.isEmpty)
    }
}
