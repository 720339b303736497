// SPDX-License-Identifier: Apache-2.0
// Purpose: the matcher finds what every pattern, tried one by one, would find; captures, choice
// and limits are as promised.

import Foundation
import Matching
import Model
import PatternFiles
import Testing

/// A pattern file with a regex and little else.
func patternText(
    _ id: String, regex: String, scope: String = "server", captures: String = ""
) -> PatternText {
    let name = id.replacingOccurrences(of: ".", with: "/") + ".toml"
    let text = """
        id = "\(id)"
        event = "fork_failed"
        means = "A test."
        on = "\(scope)"
        regex = '''\(regex)'''
        captures = { \(captures) }
        """
    return PatternText(path: name, name: name, bytes: Array(text.utf8))
}

@Suite struct MatcherTests {
    private func message(_ text: String) -> [UInt8] { Array(text.utf8) }

    @Test func capturesAreThoseOfTheMessageOrTheLine() throws {
        let line = message(
            "1:M 22 Nov 2024 10:15:02.123 # Can't save in background: fork: Cannot allocate memory")
        var matcher = Matcher(.builtIn)
        let index = matcher.match(line: line.span, message: 31..<line.count, scope: .server)
        let found = try #require(index)
        #expect(Catalogue.builtIn.patterns[found].id == "redis.rdb-fork-failed")
        let bounds = matcher.captures
        #expect(
            String(decoding: line[Int(bounds[0])..<Int(bounds[1])], as: UTF8.self)
                == "Cannot allocate memory")
    }

    /// Every example, every reject, and damaged forms of them, in every scope.
    @Test func thePrefilterChangesNothing() throws {
        var fast = Matcher(.builtIn)
        var slow = Matcher(.builtIn, usePrefilter: false)
        var tried = 0
        for line in exampleLines() {
            for message in variants(exampleHeader(line)?.message ?? line, tried) {
                for scope in [PatternScope.raw, .kernel, .systemd, .any]
                where tried % 16 == 0 || scope == .raw {
                    let a = fast.match(message.span, scope: scope)
                    let fastCaptures = fast.captures
                    let b = slow.match(message.span, scope: scope)
                    #expect(a == b, "\(String(decoding: message, as: UTF8.self))")
                    if a != nil { #expect(fastCaptures == slow.captures) }
                }
                tried += 1
            }
        }
        let (few, many) = (fast.counters.regexCalls, slow.counters.regexCalls)
        #expect(few * 20 < many, "\(few) of \(many)")
    }

    private func exampleLines() -> [[UInt8]] {
        definitions(of: patternTexts()).flatMap { definition in
            definition.matches.map { Array($0.line.utf8) }
                + definition.rejects.map { Array($0.line.utf8) }
        }
    }

    /// The message, and a damaged form of every other one.
    private func variants(_ message: [UInt8], _ number: Int) -> [[UInt8]] {
        let half = message.count / 2
        switch number % 4 {
        case 0: return [message, Array(message[..<half])]
        case 2: return [message, message + [0x20]]
        default: return [message]
        }
    }

    @Test func whereTwoMatchTheLongerSureTextWins() throws {
        let texts = [
            patternText("a.general", regex: "^Zebra (?<rest>.*)", captures: "rest = 'text'"),
            patternText("b.special", regex: "^Zebra crossing"),
            patternText("c.special", regex: "^Zebra crossin(?:g|k)"),
        ]
        let catalogue = try Catalogue(adding: texts)
        for usePrefilter in [true, false] {
            var matcher = Matcher(catalogue, usePrefilter: usePrefilter)
            let crossing = message("Zebra crossing")
            let walking = message("Zebra walking")
            let a = matcher.match(crossing.span, scope: .server).map { catalogue.patterns[$0].id }
            #expect(a == "b.special")
            let b = matcher.match(walking.span, scope: .server).map { catalogue.patterns[$0].id }
            #expect(b == "a.general")
        }
    }

    @Test func patternsWithoutKnownTextAreStillTried() throws {
        let texts = [
            patternText("a.ahead", regex: "^(?=quagga)qu.gga"),
            patternText("a.digits", regex: #"^\d+$"#, scope: "kernel"),
            patternText("a.empty", regex: "^$", scope: "kernel"),
        ]
        let catalogue = try Catalogue(adding: texts)
        var matcher = Matcher(catalogue)
        for (text, scope, id) in [
            ("quagga", PatternScope.server, "a.ahead"), ("42", .kernel, "a.digits"),
            ("", .kernel, "a.empty"),
        ] {
            let bytes = message(text)
            let found = matcher.match(bytes.span, scope: scope)
            #expect(found.map { catalogue.patterns[$0].id } == id)
        }
    }

    @Test func rawLinesAreTriedOnServerPatternsAndThenOnParaphrases() {
        var matcher = Matcher(.builtIn)
        let server = message("Can't save in background: fork: Cannot allocate memory")
        let reported = message(
            "x: Background saving error: Cannot fork: fork() failed: Cannot allocate memory")
        let a = matcher.match(server.span, scope: .raw).map { Catalogue.builtIn.patterns[$0].id }
        let b = matcher.match(reported.span, scope: .raw).map {
            Catalogue.builtIn.patterns[$0].scope
        }
        let c = matcher.match(reported.span, scope: .server)
        #expect(a == "redis.rdb-fork-failed")
        #expect(b == .any)
        #expect(c == nil)
    }

    @Test func aPatternThatRunsWildIsGivenUpAndCounted() throws {
        let catalogue = try Catalogue(adding: [patternText("a.wild", regex: "^wild (?:x+)+$")])
        var matcher = Matcher(catalogue)
        let text = message("wild " + String(repeating: "x", count: 200) + "!")
        let found = matcher.match(text.span, scope: .server)
        let hits = matcher.counters.limitHits
        #expect(found == nil)
        #expect(hits == 1)
    }

    @Test func longMessagesAreMatchedByTheirBeginnings() {
        var matcher = Matcher(.builtIn)
        let text = message(
            "Can't save in background: fork: " + String(repeating: "x", count: 1 << 20))
        let found = matcher.match(text.span, scope: .server)
        #expect(found != nil)
        let end = matcher.captures.last
        #expect(end == Int32(Matcher.messageLimit))
    }

    @Test func paraphrasesAreFoundDeepInLongLines() {
        var matcher = Matcher(.builtIn)
        let filler = String(repeating: "lorem ipsum ", count: 5000)
        let text = message(
            filler + "MISCONF Errors writing to the AOF file: No space left on device" + filler)
        let found = matcher.match(text.span, scope: .any).map { Catalogue.builtIn.patterns[$0].id }
        #expect(found == "reported.misconf-aof")
        let start = matcher.captures.first ?? 0
        #expect(String(decoding: text[Int(start)...].prefix(8), as: UTF8.self) == "No space")
    }

    @Test func ordinaryMessagesNeverReachARegex() {
        var matcher = Matcher(.builtIn)
        let ordinary = [
            "Accepted 10.3.45.145:45556",
            "DB 0: 10449186 keys (54943 volatile) in 16777216 slots HT.",
            "Client closed connection id=4002811 addr=10.0.22.106:53074 laddr=10.0.3.2:6379 fd=255",
            "1177 clients connected (2 replicas), 12278421064 bytes in use", "", "x",
        ]
        for text in ordinary {
            let bytes = message(text)
            let found = matcher.match(bytes.span, scope: .server)
            #expect(found == nil)
        }
        let calls = matcher.counters.regexCalls
        #expect(calls == 0)
    }

    @Test func messagesAreFoundBehindUnknownPrefixes() throws {
        var matcher = Matcher(.builtIn)
        let line = message(
            "web-1 | [redis] >> Can't save in background: fork: Cannot allocate memory")
        let place = matcher.search(line: line.span)
        let found = try #require(place)
        #expect(found.start == 19)
        #expect(Catalogue.builtIn.patterns[found.pattern].id == "redis.rdb-fork-failed")
        let bounds = matcher.captures
        #expect(
            String(decoding: line[Int(bounds[0])..<Int(bounds[1])], as: UTF8.self)
                == "Cannot allocate memory")
        let glued = message("xCan't save in background: fork: Cannot allocate memory")
        let nothing = matcher.search(line: glued.span)
        #expect(nothing == nil)
    }
}

@Suite struct CatalogueTests {
    @Test func aUsersPatternAddsOrReplaces() throws {
        let own = patternText("redis.rdb-fork-failed", regex: "^Mine$")
        let new = patternText("mine.new", regex: "^Quite new$")
        let catalogue = try Catalogue(adding: [own, new])
        #expect(catalogue.patterns.count == Catalogue.builtIn.patterns.count + 1)
        #expect(catalogue.patterns.map(\.id) == catalogue.patterns.map(\.id).sorted())
        let index = try #require(catalogue.index(of: "redis.rdb-fork-failed"))
        #expect(catalogue.definition(at: index)?.regex == "^Mine$")
        #expect(catalogue.index(of: "no.such") == nil)
    }

    @Test func brokenPatternsAreRefusedWithAllTheirFaults() {
        let texts = [
            patternText("a.one", regex: "^abc(?<n>d", captures: "n = 'int'"),
            patternText("a.two", regex: "^abc", scope: "nowhere"),
        ]
        do {
            _ = try Catalogue(adding: texts)
            Issue.record("it was taken")
        } catch {
            #expect(error.problems.map(\.path) == ["a/one.toml", "a/two.toml"])
            #expect(error.problems[0].position == FilePosition(line: 5, column: 22))
        }
    }

    @Test func groupsOfForeignSyntaxAreOrderedByTheLibrary() throws {
        let text = patternText(
            "a.b", regex: "^(?=x)(?<zeta>x)(?<alpha>y)", captures: "alpha = 'text', zeta = 'text'")
        let catalogue = try Catalogue(adding: [text])
        let index = try #require(catalogue.index(of: "a.b"))
        #expect(catalogue.patterns[index].captures.map(\.name) == ["zeta", "alpha"])
    }
}
