// SPDX-License-Identifier: Apache-2.0
// Purpose: every rule of the catalogue is reported where it is broken, in a compiler's words, and
// with how far the regex got.

import Matching
import Model
import PatternFiles
import Testing

@Suite struct WorkbenchTests {
    private let workbench = Workbench(catalogue: .builtIn, header: exampleHeader)

    private func text(
        regex: String = #"^Zebra (?<count>\d+) of (?<total>\d+)$"#,
        captures: String = "{ count = 'int', total = 'int' }",
        line: String = "1:M 22 Nov 2024 10:15:02.123 # Zebra 1 of 2",
        expected: String = "{ count = '1', total = '2' }",
        reject: String = "1:M 22 Nov 2024 10:15:02.123 # Zebra", extra: String = ""
    ) -> PatternText {
        let text = """
            id = "mine.zebra"
            event = "fork_failed"
            means = "A test."
            on = "server"
            regex = '''\(regex)'''
            captures = \(captures)
            \(extra)
            [[source]]
            project = "mine"
            text = "Zebra %d of %d"
            [[match]]
            line = '''\(line)'''
            from = "hand"
            captures = \(expected)
            [[reject]]
            line = '''\(reject)'''
            why = "numbers are missing"
            """
        return PatternText(
            path: "mine/zebra.toml", name: "mine/zebra.toml", bytes: Array(text.utf8))
    }

    private func messages(_ text: PatternText) -> [String] {
        workbench.check([text]).map { "\($0.position.line):\($0.position.column) \($0.message)" }
    }

    @Test func aGoodFilePasses() {
        #expect(messages(text()) == [])
    }

    @Test func anExampleThatDoesNotMatchShowsHowFarTheRegexGot() throws {
        let problems = workbench.check([
            text(line: "1:M 22 Nov 2024 10:15:02.123 # Zebra 1 out of 2")
        ])
        let problem = try #require(problems.first)
        #expect(
            problem.description == """
                mine/zebra.toml:12:11: error: the regex does not match this example
                    ^Zebra (?<count>\\d+) of (?<total>\\d+)$
                                          ^ matches up to here
                    Zebra 1 out of 2
                             ^ stops here
                """)
    }

    @Test func everyRuleIsHeld() {
        #expect(
            messages(text(regex: #"^Zebra (?<count>\d+ of (?<total>\d+)$"#)).first?.hasPrefix(
                "5:49 missing closing parenthesis") == true)
        #expect(
            messages(text(expected: "{ count = '1' }")) == [
                "14:12 the captures are count = '1', total = '2', expected count = '1'"
            ])
        #expect(
            messages(text(reject: "1:M 22 Nov 2024 10:15:02.123 # Zebra 3 of 4")).first?.hasPrefix(
                "16:11 the regex matches this line") == true)
        #expect(
            messages(text(line: "[1.5] Zebra 1 of 2")) == [
                "12:11 this line is read as a kernel record, and the pattern is tried on server "
                    + "records"
            ])
        #expect(
            messages(text(regex: #"Zebra (?<count>\d+) of (?<total>\d+)$"#)) == [
                "5:12 the regex must begin with '^'"
            ])
        #expect(
            messages(text(regex: #"^Zebra (?<count>(?:\d+)+) of (?<total>\d+)$"#)).contains {
                $0.hasPrefix("5:31 an unbounded repetition inside")
            })
        #expect(
            messages(text(regex: #"^Zebra (?<count>\d+) of (?<total>\d+)(?!x)$"#)).first?.hasPrefix(
                "5:49 the regex uses a special group") == true)
        #expect(
            messages(text(extra: "literal = 'Zebra'")).first?.hasPrefix(
                "7:12 'literal' is needless") == true)
        #expect(messages(text(captures: "{ count = 'int', total = 'errno' }")) == [])
        #expect(
            messages(
                text(
                    regex: #"^Zebra (?<count>\S+) of (?<total>\d+)$"#,
                    line: "1:M 22 Nov 2024 10:15:02.123 # Zebra x of 2",
                    expected: "{ count = 'x', total = '2' }")) == [
                    "14:12 'count' is 'x', which is no int"
                ])
    }

    @Test func rivalsAreNamed() {
        let rival = text(
            regex: "^Can't save in background: fork: ", captures: "{}",
            line:
                "1:M 22 Nov 2024 10:15:02.123 # Can't save in background: fork: Cannot allocate "
                + "memory",
            expected: "{}")
        #expect(messages(rival) == ["12:11 this example also matches redis.rdb-fork-failed"])
    }

    @Test func explanationsNameTheirSources() throws {
        let explanation = try #require(workbench.explain(id: "redis.rdb-fork-failed"))
        #expect(explanation.contains("src/rdb.c"))
        #expect(explanation.contains("Matches"))
        #expect(workbench.explain(id: "no.such") == nil)
    }

    @Test func aLineIsTestedOrItsNearestPatternShown() throws {
        var matcher = Matcher(.builtIn)
        let good = Array(
            "1:M 22 Nov 2024 10:15:02.123 # Can't save in background: fork: Cannot allocate memory"
                .utf8)
        let verdict = workbench.test(line: good, with: &matcher)
        #expect(
            verdict.pattern.map { Catalogue.builtIn.patterns[$0].id } == "redis.rdb-fork-failed")
        #expect(verdict.captures.map(\.text) == ["Cannot allocate memory"])
        let near = Array(
            "1:M 22 Nov 2024 10:15:02.123 # Can't save in background; fork: Cannot allocate memory"
                .utf8)
        let missed = workbench.test(line: near, with: &matcher)
        #expect(missed.pattern == nil)
        let nearest = try #require(missed.nearest)
        #expect(nearest.id == "redis.rdb-fork-failed")
        #expect(nearest.messageOffset == 24)
        let far = workbench.test(line: Array("lorem ipsum".utf8), with: &matcher)
        #expect(far.nearest == nil)
    }

    @Test func progressGoesIntoAlternatives() throws {
        let catalogue = try Catalogue(adding: [
            patternText("a.b", regex: "^Start (?:one two|three four) end$")
        ])
        let bench = Workbench(catalogue: catalogue, header: exampleHeader)
        let far = try #require(bench.howFar(id: "a.b", line: Array("Start three fuor end".utf8)))
        #expect(far.messageOffset == 13)
        #expect(far.regexOffset == 25)
    }
}
