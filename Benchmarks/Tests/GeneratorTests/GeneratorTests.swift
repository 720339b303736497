// SPDX-License-Identifier: Apache-2.0
import Generator
import Testing

/// Text of a generated input, and what is said to be true about it.
private func log(_ options: GeneratorOptions) -> (text: String, truth: Truth) {
    var log = RedisLog(options)
    var bytes: [UInt8] = []
    log.write { bytes += $0 }
    return (String(decoding: bytes, as: UTF8.self), log.truth)
}

private func journal(_ options: GeneratorOptions) -> (export: [UInt8], json: String, truth: Truth) {
    var journal = JournalExport(options)
    var (export, json): ([UInt8], [UInt8]) = ([], [])
    journal.write {
        export += $0
        json += $1
    }
    return (export, String(decoding: json, as: UTF8.self), journal.truth)
}

private func options(seed: UInt64, incidents: Double = 0.02) -> GeneratorOptions {
    var options = GeneratorOptions(seed: seed, bytes: 300_000)
    options.incidentRate = incidents
    options.decoyRate = 0.01
    return options
}

@Suite struct GeneratorTests {
    @Test func oneSeedGivesTheSameBytes() {
        #expect(log(options(seed: 5)).text == log(options(seed: 5)).text)
        #expect(log(options(seed: 5)).text != log(options(seed: 6)).text)
        #expect(journal(options(seed: 5)).export == journal(options(seed: 5)).export)
    }

    @Test(arguments: [1, 7, 11] as [UInt64]) func truthOfALogIsWhatItsLinesSay(seed: UInt64) {
        let (text, truth) = log(options(seed: seed))
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false).dropLast()
        #expect(truth.bytes == text.utf8.count)
        #expect(truth.lines == lines.count)
        #expect(
            truth.forkFailures == lines.count { $0.contains("fork: ") || $0.contains("module: C") })
        #expect(truth.saveFailures == lines.count { $0.contains("terminated by signal") })
        #expect(
            truth.savesSucceeded == lines.count { $0.contains("saving terminated with success") })
        #expect(truth.incidents > 0 && truth.incidents < truth.forkFailures + truth.saveFailures)
        #expect(
            truth.matchingLines
                == truth.forkFailures + truth.saveFailures
                + lines.count { $0.contains("WARNING") || $0.contains("BGSAVE for replication") })
    }

    @Test func timesOnlyGoForward() {
        let times = log(options(seed: 3)).text.split(separator: "\n").map {
            String($0.split(separator: " ", maxSplits: 5)[4])
        }
        // Less than a day, so the clock's text is in order as the times are.
        #expect(times == times.sorted())
    }

    @Test func bothFormsOfAJournalHoldTheSameEntries() {
        var wanted = options(seed: 9, incidents: 0.3)
        wanted.instances = 3
        wanted.serverPercent = 80
        wanted.bytes = 2_000_000
        let (export, json, truth) = journal(wanted)
        #expect(truth.bytes == export.count)
        #expect(truth.lines == export.count { $0 == 0x0A })
        #expect(truth.entries == json.split(separator: "\n").count)
        #expect(
            truth.serverEntries
                == json.split(separator: "\n").count { $0.contains("\"redis-server@") })
        #expect(
            truth.oomKills
                == json.split(separator: "\n").count { $0.contains("Out of memory: Killed") })
        #expect(truth.oomKills > 0)
    }

    @Test func ratesAreNearlyKept() {
        let truth = log(options(seed: 2, incidents: 0.05)).truth
        let share = Double(truth.matchingLines) / Double(truth.lines)
        #expect((0.02...0.1).contains(share))
    }
}
