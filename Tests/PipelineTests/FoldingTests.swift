// SPDX-License-Identifier: Apache-2.0
// Incidents that wait packed, and reports that are written one by one, are the same as whole ones.

import Matching
import Model
import Reading
import Reports
import Testing

@testable import forktopsy

struct FoldingTests {
    /// Ten outbreaks of three refusals, with names and replies that are not ASCII, and a journal's host.
    private var log: [UInt8] {
        var text = "7:C 22 Nov 2026 00:00:00.000 # Redis version=7.2.4, bits=64, commit=0\n"
        for hour in 0..<10 {
            let stamp = "22 Nov 2026 \(padded(hour, 2)):00"
            for second in 1...3 {
                text +=
                    "7:M \(stamp):0\(second).000 # Can't save in background: fork: Cannot allocate "
                    + "memory\n"
            }
            text +=
                "7:M \(stamp):10.000 # Error moving temp DB file on the final destination: "
                + "Aucun espace disponible sur le p\u{E9}riph\u{E9}rique\n"
                + "7:M \(stamp):20.000 * Background saving started by pid 9\n"
                + "7:M \(stamp):30.000 * Background saving terminated with success\n"
        }
        return Array(text.utf8)
    }

    private func assembler(_ store: EventStore?) -> Assembler {
        var out = Assembler()
        out.clocks.now = Timestamp(seconds: 1_795_000_000)
        out.store = store
        return out
    }

    private func extraction() -> Extraction {
        let extractor = Extractor(catalogue: .builtIn)
        let source = LiveSource(
            number: 1, origin: "redis.log", name: "redis.log", store: EventStore(limits: .none))
        let bytes = log
        _ = source.take(bytes.span, isLast: true, with: LiveMatcher(.builtIn))
        return source.extraction(extractor)
    }

    private static let stores: [EventStore?] = [
        nil, EventStore(limits: .none), EventStore(limits: .init(memory: 0), directories: ["/tmp"]),
    ]

    @Test(arguments: [ReportFormat.json, .jsonl], Redaction.Mode.allCases)
    func `Incidents that waited packed give the same bytes`(
        _ format: ReportFormat, _ mode: Redaction.Mode
    ) throws {
        let patterns = Catalogue.builtIn.patterns
        var options = ReportOptions(format: format)
        options.redact = mode
        let given = extraction()
        let whole = assembler(nil).report([given], patterns: patterns)
        #expect(whole.incidents.count == 10)
        let expected = whole.rendered(options)
        for store in Self.stores {
            let assembly = assembler(store).assemble([given], patterns: patterns)
            #expect((store == nil) == (assembly.report.incidents.first?.folded == nil))
            var stream = try #require(ReportStream(assembly.report, options))
            var texts = TextLog(store: store ?? EventStore(limits: .none))
            var isFirst = true
            assembly.forEachIncident { incident in
                texts.append((isFirst ? "" : stream.separator) + stream.text(of: incident))
                isFirst = false
            }
            let (opening, closing) = stream.frame()
            var out = opening
            texts.forEach { out += $0 }
            #expect(out + closing == expected)
        }
    }
}
