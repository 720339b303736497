// SPDX-License-Identifier: Apache-2.0

import Model
import Testing

@testable import Snapshots

/// All snapshots of a text.
func snapshots(_ text: String, path: String = "facts.txt") -> [Snapshot] {
    read(text, path: path).snapshots
}

/// All snapshots of a text, and what was wrong with it.
func read(
    _ text: String, path: String = "facts.txt"
) -> (
    snapshots: [Snapshot], problems: [String]
) {
    var reader = SnapshotReader(path: path)
    var out: [Snapshot] = []
    var offset: Int64 = 0
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
    for (i, line) in lines.enumerated() {
        var bytes = Array(line.utf8)
        let length = bytes.count
        if bytes.last == 0x0D { bytes.removeLast() }
        out += reader.take(bytes.span, inner: bytes.span, number: i + 1, offset: offset)
        offset += Int64(length + 1)
    }
    out += reader.finish()
    return (out, reader.problems)
}

struct MeminfoTests {
    @Test func readsAsKernelsWriteIt() throws {
        let found = snapshots(
            """
            ### 2026-11-22T11:50:58.433+00:00
            MemTotal:       24684084 kB
            MemFree:        22063100 kB
            HugePages_Total:       3
            CommitLimit:    14595748 kB
            Committed_AS:     877716 kB

            ### 2026-11-22T11:50:59.433+00:00
            MemTotal:       24684084 kB
            MemFree:        22063000 kB
            """)
        #expect(found.count == 2)
        let first = try #require(found.first)
        #expect(first[.memTotal] == 25_276_502_016)
        #expect(first[.hugePagesTotal] == 3)
        #expect(first[.commitLimit] == 14_946_045_952)
        #expect(first.value(.committedAS)?.line == 6)
        #expect(first.timeBasis == .header)
        #expect(first.stamp.nanoseconds == 1_795_348_258_433_000_000)
        #expect(found[1][.memFree] == 22_592_512_000)
    }

    @Test func anotherReadingBeginsWhereANameComesAgain() {
        let found = snapshots("MemTotal: 10 kB\nMemFree: 5 kB\nMemTotal: 10 kB\nMemFree: 4 kB\n")
        #expect(found.map { $0[.memFree] } == [5 * 1024, 4 * 1024])
    }
}
