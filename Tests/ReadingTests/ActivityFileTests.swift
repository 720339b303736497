// SPDX-License-Identifier: Apache-2.0

import Foundation
import Model
import TestSupport
import Testing

@testable import Reading

/// `Samples/sa22` was written by sadc of sysstat 12.6.1, three samples a second apart.
struct ActivityFileTests {
    private static let file = URL(filePath: #filePath).deletingLastPathComponent()
        .appending(path: "Samples/sa22")

    /// Whether the sadf of this host reads the format.
    private static let hasReader: Bool = {
        let output = try? Tool.output(of: ["sadf", "-d", file.path, "--", "-A"])
        return output?.isEmpty == false
    }()

    @Test func isReadThroughSadf() throws {
        let (facts, seen) = try readFile(Self.file.path, name: "sa22")
        #expect(facts.format == "sysstat file")
        guard Self.hasReader else {
            let problem = try #require(facts.problems.first)
            #expect(problem.contains("sadf -d"))
            #expect(facts.damage.filesUnreadable + facts.damage.archives == 1)
            return
        }
        #expect(facts.problems.isEmpty)
        #expect(seen.contains { $0.text.hasPrefix("# hostname;interval;timestamp;kbmemfree;") })
        #expect(
            seen.contains { $0.text.hasPrefix("vm;1;2026-11-22 17:18:15 UTC;22982856;24230300;") })
    }

    @Test func oneThatIsDamagedSaysSo() throws {
        let bytes = Array(try Data(contentsOf: Self.file).prefix(2000))
        let (facts, _) = try readLog(bytes, name: "sa22")
        #expect(facts.problems.count == 1)
        #expect(facts.damage.filesUnreadable + facts.damage.archives == 1)
    }

    @Test func insideAnArchiveItIsNamed() throws {
        var source = PeekedSource(PieceSource(Array(try Data(contentsOf: Self.file))), count: 4096)
        var reader = RecordReader(name: "x.tar/sa22")
        let facts = reader.readStream(&source, modifiedAt: nil, packing: "tar") { _, _, _, _ in }
        #expect(facts.format == "tar + sysstat file")
        #expect(facts.problems.count == 1)
        #expect(facts.damage.filesUnreadable == 1)
    }

    @Test func foreignBytesAreNone() {
        for bytes: [UInt8] in [[], [0x96], [0x96, 0xD5, 0, 0], [0xD5, 0x96, 0x75, 0x20]] {
            let isOne = ActivityFile.isActivityFile(bytes.span)
            #expect(!isOne)
        }
    }
}
