// SPDX-License-Identifier: Apache-2.0
// Less evidence may weaken a verdict. It must never turn it.

import Foundation
import TestSupport
import Testing

@Suite("Removed evidence")
struct RemovedEvidenceTests {
    /// One file left out of one sample.
    struct Gap: CustomTestStringConvertible, Sendable {
        let sample: SampleCase
        let file: String

        var testDescription: String { "\(sample.name) without \(file)" }

        static let all: [Gap] = SampleCase.all.flatMap { sample -> [Gap] in
            let files = (try? sample.inputs()) ?? []
            return files.count < 2 ? [] : files.map { Gap(sample: sample, file: $0) }
        }
    }

    @Test("a file that is missing never turns the verdict", arguments: Gap.all)
    func missingFile(_ gap: Gap) throws {
        let left = try gap.sample.inputs().filter { $0 != gap.file }
        check(try gap.sample.analyze("json", paths: left), gap.sample, "without \(gap.file)")
    }

    /// Samples with snapshots, which decide what the logs leave open.
    static let whole = SampleCase.all.filter { $0.name.contains("whole-") }

    @Test("lines that are missing never turn the verdict", arguments: whole, 0..<6)
    func missingLines(_ sample: SampleCase, _ seed: Int) throws {
        var die = Seeded(seed)
        try withTemporaryFolder { place in
            let folder = URL(fileURLWithPath: place)
            for path in try sample.inputs() {
                let file = sample.folder.appendingPathComponent(path)
                let target = folder.appendingPathComponent(file.lastPathComponent)
                let data = try Data(contentsOf: file)
                guard let text = String(data: data, encoding: .utf8) else {
                    try data.write(to: target)
                    continue
                }
                var lines = text.split(separator: "\n", omittingEmptySubsequences: false)
                // Up to three holes, each of up to a third of the file.
                for _ in 0..<die.roll(0..<4) where lines.count > 3 {
                    let start = die.roll(0..<lines.count)
                    let end = min(lines.count, start + die.roll(1..<lines.count / 3 + 2))
                    lines.removeSubrange(start..<end)
                }
                try Data(lines.joined(separator: "\n").utf8).write(to: target)
            }
            let run = try sample.analyze("json", paths: [place])
            check(run, sample, "with the holes of seed \(seed)")
        }
    }

    /// No cause is claimed that the truth forbids, and the truth is not ruled out in the incidents
    /// whose cause it is.
    private func check(_ run: Run, _ sample: SampleCase, _ what: Comment) {
        do {
            let truth = try sample.truth()
            let report = try run.report()
            for incident in report.incidents {
                let claimed = incident.causes.filter(\.isClaimed).map(\.id)
                let forbidden = truth.mustNotConclude.filter(claimed.contains)
                #expect(forbidden.isEmpty, what)
                let isTheCase = truth.incidents.contains { $0.text("kind") == incident.kind }
                guard let cause = truth.trueCause, isTheCase else { continue }
                let verdict = incident.causes.first { $0.id == cause }?.verdict
                #expect(verdict != "ruled_out", what)
            }
        } catch {
            Issue.record(error, what)
        }
    }
}
