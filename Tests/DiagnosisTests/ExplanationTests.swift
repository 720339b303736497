// SPDX-License-Identifier: Apache-2.0

import Diagnosis
import Model
import Testing

/// What `explain` prints: the doc comments of the causes, and the table of a guide's claims.
@Suite struct ExplanationTests {
    @Test("every cause of the contract is documented, part by part", arguments: CauseID.allCases)
    func documented(id: CauseID) throws {
        let text = try #require(Explanation.text(of: id.rawValue))
        #expect(text.hasPrefix(id.rawValue + "  "))
        #expect(text.contains("\nMechanism\n  ") || text.contains("\nClaim\n  "))
        for part in ["For", "Against", "Settled by", "To do"] {
            #expect(text.contains("\n\(part)\n  "), "\(part)")
        }
        #expect(!text.contains("///"))
    }

    @Test(
        "a blank line stands before each part, and parts are indented", arguments: CauseID.allCases)
    func layout(id: CauseID) throws {
        let text = try #require(Explanation.text(of: id.rawValue))
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false).dropLast()
        let heads = ["Claim", "Mechanism", "For", "Against", "Settled by", "To do"]
        #expect(lines[1].isEmpty)
        for (before, line) in zip(lines, lines.dropFirst()) {
            #expect(!(before.isEmpty && line.isEmpty), "two blank lines")
            if heads.contains(String(line)) { #expect(before.isEmpty, "\(line)") }
        }
        let first = try #require(lines.firstIndex { heads.contains(String($0)) })
        #expect(lines[..<first].allSatisfy { !$0.hasPrefix(" ") })
        #expect(
            lines[first...].allSatisfy {
                $0.isEmpty || heads.contains(String($0)) || $0.hasPrefix("  ")
            })
    }

    @Test(
        "a guide's own words lead to what speaks of them",
        arguments: [
            ("diskless", "fix-diskless-sync"),
            ("overcommit", "overcommit_heuristic_refusal"),
        ])
    func words(word: String, id: String) {
        let found = Explanation.ids(mentioning: word)
        #expect(found.count <= 10)
        #expect(found.contains(id), "\(found)")
        #expect(found.allSatisfy { Explanation.text(of: $0) != nil })
    }

    @Test("words of which nothing speaks lead nowhere", arguments: ["", "  ", "qqqq"])
    func noWords(words: String) { #expect(Explanation.ids(mentioning: words).isEmpty) }

    @Test("a contributing factor says that it decides nothing")
    func roles() throws {
        #expect(try #require(Explanation.text(of: "no_swap")).contains("never decides"))
        #expect(
            try #require(Explanation.text(of: "disk_full")).contains("a cause of: save_failure"))
    }

    @Test("a claim of a guide comes with its verdict", arguments: Explanation.claimIDs)
    func claims(id: String) throws {
        let text = try #require(Explanation.text(of: id))
        #expect(
            ["right", "right, but", "wrong"].contains { text.contains("\nVerdict\n  \($0)\n") })
    }

    @Test("no two claims share an id, and none has a cause's")
    func ids() {
        let ids = Explanation.claimIDs + CauseID.allCases.map(\.rawValue)
        #expect(Set(ids).count == ids.count)
        #expect(Explanation.claimIDs.count > 40)
    }

    @Test("what a claim refers to exists")
    func references() throws {
        let known = Set(CauseID.allCases.map(\.rawValue))
        for id in Explanation.claimIDs {
            let text = try #require(Explanation.text(of: id))
            let place = try #require(text.split(separator: "\nDealt with in\n").last)
            for name in quoted(place) where name.contains("_") && !name.contains(" ") {
                #expect(known.contains(String(name)), "\(id): \(name)")
            }
        }
    }

    private func quoted(_ text: Substring) -> [Substring] {
        text.split(separator: "`", omittingEmptySubsequences: false).enumerated()
            .filter { !$0.offset.isMultiple(of: 2) }.map(\.element)
    }

    @Test("what is not known is not made up")
    func unknown() {
        #expect(Explanation.text(of: "commit_limit") == nil)
    }
}
