// SPDX-License-Identifier: Apache-2.0
// Purpose: the Swift face of PCRE2 compiles, matches bytes, names groups, and points at faults.

import PCRE2
import Testing

@Suite struct PatternTests {
    /// The text of each group of a match, nil where it took no part; nil where nothing matches.
    private func groups(
        _ regex: String, _ subject: [UInt8], from start: Int = 0
    ) throws -> [String?]? {
        let pattern = try Pattern(regex)
        var data = MatchData()
        guard data.match(pattern, in: subject.span, from: start) == .matched else { return nil }
        return (0...pattern.captureCount).map { group in
            let (low, high) = data.bounds(ofGroup: group)
            return low < 0 ? nil : String(decoding: subject[Int(low)..<Int(high)], as: UTF8.self)
        }
    }

    @Test func groupsAreReportedInOrder() throws {
        let found = try groups("^(?<a>x+)(?:-(?<b>y))?(?<c>z?)", Array("xxz".utf8))
        #expect(found == ["xxz", "xx", nil, "z"])
    }

    @Test func namesComeInGroupOrder() throws {
        let pattern = try Pattern("(?<zebra>a)(?<ant>b)(c)")
        let (names, count) = (pattern.captureNames, pattern.captureCount)
        #expect(names == ["zebra", "ant", ""])
        #expect(count == 3)
    }

    @Test func subjectsAreBytes() throws {
        #expect(try groups("^.{2}$", [0xC3, 0xA9]) == ["é"])
        #expect(try groups(#"^\xff\x00$"#, [0xFF, 0x00]) != nil)
    }

    @Test func theEmptySubjectMatches() throws {
        #expect(try groups("^$", []) == [""])
        #expect(try groups("^.+$", []) == nil)
    }

    @Test func dollarIsTheVeryEnd() throws {
        #expect(try groups("a$", Array("a\n".utf8)) == nil)
    }

    @Test func caretIsTheStartOfTheSubjectWhateverTheOffset() throws {
        #expect(try groups("^b", Array("ab".utf8), from: 1) == nil)
        #expect(try groups("b", Array("ab".utf8), from: 1) == ["b"])
    }

    @Test func interpreterAndMachineCodeAgree() throws {
        let subject = Array("Background saving terminated by signal 9".utf8)
        for options in [Pattern.Options(), .interpreted] {
            let pattern = try Pattern(
                #"^Background saving terminated by signal (?<signal>\d+)$"#, options: options)
            var data = MatchData()
            let outcome = data.match(pattern, in: subject.span)
            #expect(outcome == .matched)
            let bounds = data.bounds(ofGroup: 1)
            #expect(bounds == (39, 40))
        }
        let isInterpretedCompiled = try Pattern("a", options: .interpreted).isJITCompiled
        #expect(!isInterpretedCompiled)
        let isCompiled = try Pattern("a").isJITCompiled
        #expect(isCompiled == Pattern.isJITAvailable)
    }

    @Test func capturesAreMovedByTheirOrigin() throws {
        let pattern = try Pattern("^(?<a>x)?(?<b>y)")
        var data = MatchData()
        let subject = Array("y".utf8)
        let outcome = data.match(pattern, in: subject.span)
        #expect(outcome == .matched)
        var bounds: [Int32] = [7]
        data.appendCaptures(to: &bounds, origin: 100)
        #expect(bounds == [7, -1, -1, 100, 101])
    }

    @Test func noMatchLeavesNoCaptures() throws {
        let pattern = try Pattern("(a)")
        var data = MatchData()
        let (hit, miss) = (Array("a".utf8), Array("b".utf8))
        let outcome = data.match(pattern, in: hit.span)
        #expect(outcome == .matched)
        let secondOutcome = data.match(pattern, in: miss.span)
        #expect(secondOutcome == .noMatch)
        let bounds = data.bounds(ofGroup: 1)
        #expect(bounds == (-1, -1))
        let secondBounds = data.bounds(ofGroup: 99)
        #expect(secondBounds == (-1, -1))
    }
}

@Suite struct PatternErrorTests {
    @Test func anErrorHasAPlaceAndACaret() throws {
        do {
            _ = try Pattern("^abc(?<n>d")
            Issue.record("it compiled")
        } catch {
            #expect(error.offset == 10)
            let lines = error.description.split(separator: "\n")
            #expect(lines[1] == "^abc(?<n>d")
            #expect(lines[2] == "          ^")
        }
    }

    @Test func longRegexesAreShownAroundTheFault() {
        let regex = String(repeating: "x", count: 300) + "[" + String(repeating: "y", count: 300)
        let (text, column) = PatternError.window(of: regex, around: 300)
        #expect(text.count == 102)
        #expect(text.hasPrefix("…") && text.hasSuffix("…"))
        #expect(Array(text)[column] == "[")
    }

    @Test func verbsThatSwitchToUTFAreRefused() {
        #expect(throws: PatternError.self) { _ = try Pattern("(*UTF)a") }
    }

    @Test func tooManyGroupsAreRefused() {
        #expect(throws: PatternError.self) { _ = try Pattern(String(repeating: "(a)", count: 64)) }
    }
}
