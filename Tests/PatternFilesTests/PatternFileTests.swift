// SPDX-License-Identifier: Apache-2.0
// Purpose: a pattern file is decoded whole or complained about at the right places, all at once;
// and the catalogue survives being written as text.

import Model
import PatternFiles
import Testing

@Suite struct PatternFileTests {
    private func read(_ text: String, name: String = "redis/x.toml") -> PatternFile.Reading {
        PatternFile.read(PatternText(path: "/p/" + name, name: name, bytes: Array(text.utf8)))
    }

    private let good = """
        id = "redis.x"
        event = "fork_failed"
        means = "A sentence."
        on = "server"
        regex = '''^Can't (?<a>\\d+) and (?<b>.+)$'''
        set = { operation = "bgsave" }
        captures = { b = "errno", a = "int" }
        [[source]]
        project = "redis"
        text = "Can't %d and %s"
        first = "2.0.0"
        [[match]]
        line = "Can't 1 and x"
        from = "hand"
        captures = { a = "1", b = "x" }
        [[reject]]
        line = "Can"
        why = "short"
        """

    @Test func aGoodFileIsDecoded() throws {
        let reading = read(good)
        #expect(reading.problems == [])
        let file = try #require(reading.file)
        #expect(file.definition.captures.map(\.name) == ["a", "b"])
        #expect(file.definition.captures.map(\.type) == [.int, .errno])
        #expect(file.definition.constants.first?.text == "bgsave")
        #expect(file.definition.matches.first?.captures.count == 2)
        #expect(file.definition.sources.first?.citation == "redis 2.0.0")
        #expect(file.position(inRegex: 3) == FilePosition(line: 5, column: 15))
    }

    @Test func everythingWrongIsReportedAtOnce() {
        let text = """
            id = "redis.y"
            event = "fork_faild"
            meens = "A sentence."
            on = "servers"
            regex = 7
            set = { operation = "bgsaev" }
            captures = { A = "intt" }
            [match]
            line = "x"
            [[source]]
            project = "redis"
            """
        let problems = read(text).problems
        let found = problems.map { "\($0.position.line):\($0.position.column) \($0.message)" }
        let expected = [
            "1:1 the key 'means' is missing",
            "2:10 unknown event 'fork_faild'. Did you mean 'fork_failed'?",
            "3:1 a pattern file has no key 'meens'. Did you mean 'means'?",
            "5:9 'regex' must be a string, not an integer",
            "7:14 'A' is not snake_case",
            "8:2 'match' must be written [[match]]",
            "11:1 the key 'text' is missing",
        ]
        for line in expected { #expect(found.contains(line), "\(line) not in \(found)") }
        #expect(
            found.contains {
                $0.hasPrefix("4:7 unknown on 'servers'") && $0.hasSuffix("Did you mean 'server'?")
            })
        #expect(found.contains { $0.hasPrefix("6:22 unknown operation 'bgsaev'") })
        #expect(found.contains { $0.hasPrefix("7:19 unknown capture type 'intt'") })
        #expect(problems.map(\.position) == problems.map(\.position).sorted())
    }

    @Test func theIDIsThePath() {
        let reading = read(good, name: "kernel/other.toml")
        #expect(
            reading.problems.map(\.message) == [
                "the id 'redis.x' is not the file's path; it should be 'kernel.other'"
            ])
    }

    @Test func groupsAndCapturesMustAgree() {
        let text = good.replacing(
            "captures = { b = \"errno\", a = \"int\" }",
            with: "captures = { b = \"errno\", c = \"int\" }")
        let messages = read(text).problems.map(\.message)
        #expect(messages.contains("'captures' does not say what the group 'a' holds"))
        #expect(messages.contains { $0.hasPrefix("the regex has no group 'c'") })
    }

    @Test func aDiagnosticReadsLikeACompilers() {
        let problem = read("id = ").problems.first
        #expect(
            problem?.description
                == "/p/redis/x.toml:1:6: error: expected a value\n    id = \n         ^")
    }

    @Test func longLinesAreCutAroundTheCaret() {
        let line = Array(
            (String(repeating: "a", count: 200) + "X" + String(repeating: "b", count: 200)).utf8)
        let shown = Diagnostic.pointing(into: line, at: 200, width: 40)
        #expect(shown[0].count == 42)
        #expect(Array(shown[0])[shown[1].count - 1] == "X")
    }
}

@Suite struct CatalogueTextTests {
    @Test func theCatalogueSurvivesBeingWritten() throws {
        let definitions = patternTexts().compactMap { PatternFile.read($0).file?.definition }
        let text = CatalogueText(definitions)
        #expect(try text.decodedDefinitions() == definitions)
        #expect(try text.decodedEntries() == definitions.map { PatternEntry($0) })
    }

    @Test func bytesThatAreNotTextSurvive() throws {
        var definition = PatternDefinition(
            id: "a.b", event: .fork_failed, means: "ü", scope: .any, regex: #"\xff\\abc"#)
        definition.matches = [MatchExample(line: "1:2\"\\\n", from: "", captures: [])]
        let text = CatalogueText([definition])
        #expect(try text.decodedDefinitions() == [definition])
        #expect(try text.decodedEntries().first?.plan.literals == [[0xFF] + Array(#"\abc"#.utf8)])
    }

    @Test func damagedTextIsAnError() {
        let text = CatalogueText([])
        #expect(throws: FieldError.self) {
            try CatalogueText(entries: "1:1" + text.entries, documentation: "").decodedEntries()
        }
        #expect(throws: FieldError.self) {
            try CatalogueText(entries: "99:1", documentation: "").decodedEntries()
        }
    }
}
