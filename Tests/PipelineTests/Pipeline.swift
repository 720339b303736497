// SPDX-License-Identifier: Apache-2.0

import Foundation
import Matching
import Model
import Reading
import Reports
import TestSupport

@testable import forktopsy

/// Both halves of an analysis, as the commands wire them.
enum Pipeline {
    static let patterns = Catalogue.builtIn.patterns

    static func extractions(of paths: [String], store: EventStore? = nil) throws -> [Extraction] {
        let kept = store ?? EventStore(limits: .none, directories: ["/tmp"])
        let extractor = Extractor(catalogue: .builtIn, store: kept)
        var walker = InputWalker()
        for path in paths { try walker.add(path) }
        return try walker.found.flatMap { try extractor.extract($0) }
    }

    /// The report as JSON, with nothing hidden; the clock of the machine plays no part.
    static func report(
        _ extractions: [Extraction], patterns: [PatternInfo] = patterns, takesShortWay: Bool = true
    ) -> String {
        var assembler = Assembler()
        assembler.takesShortWay = takesShortWay
        assembler.clocks.now = Timestamp(seconds: 1_795_000_000)
        var options = ReportOptions(format: .json)
        options.redact = .none
        return assembler.report(extractions, patterns: patterns).rendered(options)
    }

    /// What `extract` prints for one input.
    static func lines(_ extraction: Extraction) -> [String] {
        var out: [String] = []
        extraction.forEachJSONLine(patterns: patterns) { out.append($0) }
        return out
    }

    /// What `assemble` makes of the lines of one extract.
    static func read(_ lines: [String], store: EventStore? = nil) throws -> ExtractReader {
        var reader = ExtractReader(store: store ?? EventStore(limits: .none))
        for line in lines { try reader.take(Array(line.utf8)[...]) }
        reader.endFile("test", isCut: false)
        return reader
    }

    static func assembled(_ lines: [String]) throws -> String {
        let reader = try read(lines)
        return report(reader.extractions, patterns: reader.patterns)
    }
}

/// The logs below `SampleLogs`.
enum Samples {
    static let root = Checkout.path + "/SampleLogs"

    static let paths: [String] = {
        var walker = InputWalker()
        try? walker.add(root)
        return walker.found.map(\.path).filter { $0.dropFirst(root.count).contains("/inputs/") }
    }()
}
