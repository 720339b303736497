// SPDX-License-Identifier: Apache-2.0
// Purpose: every pattern file of the repository proves itself; a new file is a new case.

import Foundation
import Matching
import Model
import PatternFiles
import Testing

@Suite struct CatalogueProofTests {
    @Test func everyPatternFileHoldsEveryRule() {
        let workbench = Workbench(catalogue: .builtIn, header: exampleHeader)
        let problems = workbench.check(patternTexts())
        for problem in problems { Issue.record("\(problem.description)") }
    }

    @Test func theBuiltInCatalogueIsTheFolder() {
        let ids = definitions(of: patternTexts()).map(\.id).sorted()
        #expect(Catalogue.builtIn.patterns.map(\.id) == ids)
        for definition in definitions(of: patternTexts()) {
            let index = Catalogue.builtIn.index(of: definition.id)
            #expect(index.flatMap { Catalogue.builtIn.definition(at: $0) } == definition)
        }
    }

    /// Nearly every message is turned away by its first bytes; a pattern that cannot be found
    /// that way costs every line of its scope, so the list of those is short and known.
    @Test func serverPatternsAreFoundByTheirPrefixes() {
        let slow = definitions(of: patternTexts()).filter { definition in
            [.server, .sentinel, .raw].contains(definition.scope)
                && !SearchPlan(regex: definition.regex).hasUsefulPrefixes
        }
        // Each begins with a value: a count, an allocator's user, a Sentinel's name.
        #expect(
            slow.map(\.id) == [
                "redis.oom-named-part", "redis.save-triggered", "redis.sentinel-vote-reply",
            ])
    }
}

@Suite struct SchemaTests {
    /// Editors complete pattern files by `Patterns/schema.json`; its lists are those of `Model`.
    @Test func theSchemaKnowsWhatTheModelKnows() throws {
        let data = FileManager.default.contents(atPath: repositoryFolder("Patterns/schema.json"))
        let schema = try #require(
            try JSONSerialization.jsonObject(with: data ?? Data()) as? [String: Any])
        let properties = try #require(schema["properties"] as? [String: [String: Any]])
        #expect(properties["event"]?["enum"] as? [String] == EventKind.allCases.map(\.rawValue))
        #expect(properties["on"]?["enum"] as? [String] == PatternScope.allCases.map(\.rawValue))
        let types = properties["captures"]?["additionalProperties"] as? [String: Any]
        #expect(types?["enum"] as? [String] == CaptureType.allCases.map(\.rawValue))
        let constants = properties["set"]?["properties"] as? [String: [String: Any]]
        let operations = Model.Operation.allCases.map(\.rawValue)
        #expect(constants?["operation"]?["enum"] as? [String] == operations)
    }
}
