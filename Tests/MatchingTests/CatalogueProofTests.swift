// SPDX-License-Identifier: Apache-2.0
// Purpose: every pattern file of the repository proves itself; a new file is a new case.

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
        #expect(slow.map(\.id) == ["redis.save-triggered"])
    }
}
