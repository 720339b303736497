// SPDX-License-Identifier: Apache-2.0
// Purpose: the TOML reader reads what TOML 1.0 says, refuses the rest at the right place, and is
// held against Python's tomllib over the whole catalogue.

import Foundation
import PatternFiles
import TestSupport
import Testing

/// `value` as JSON-like text, so that cases fit on a line.
func rendered(_ value: TOMLValue.Content) -> String {
    switch value {
    case .string(let string): "\"\(string.text)\""
    case .integer(let number): "\(number)"
    case .float(let number): "\(number)"
    case .boolean(let flag): "\(flag)"
    case .array(let values): "[" + values.map { rendered($0.content) }.joined(separator: ",") + "]"
    case .table(let table): rendered(table)
    }
}

func rendered(_ table: TOMLTable) -> String {
    "{" + table.entries.map { "\($0.key):\(rendered($0.value.content))" }.joined(separator: ",")
        + "}"
}

@Suite struct TOMLReaderTests {
    @Test(arguments: [
        ("", "{}"),
        ("# only a comment", "{}"),
        ("a = 1", "{a:1}"),
        ("a = 1 # one\r\nb = 2\r\n", "{a:1,b:2}"),
        ("a.b.c = 'x'\na.b.d = 'y'", #"{a:{b:{c:"x",d:"y"}}}"#),
        (#""quoted key".'and b' = true"#, #"{quoted key:{and b:true}}"#),
        ("[t]\na = 1\n[t.u]\nb = 2", "{t:{a:1,u:{b:2}}}"),
        ("[t.u]\nb = 2\n[t]\na = 1", "{t:{u:{b:2},a:1}}"),
        ("[[s]]\na = 1\n[[s]]\na = 2\n[s.t]\nb = 3", "{s:[{a:1},{a:2,t:{b:3}}]}"),
        ("a = { b = 1, c.d = 2 }", "{a:{b:1,c:{d:2}}}"),
        ("a = {}", "{a:{}}"),
        ("a = [1, 2,\n # two\n 3,\n]", "{a:[1,2,3]}"),
        ("a = [[1], ['x']]", #"{a:[[1],["x"]]}"#),
        (#"a = 'C:\n'"#, #"{a:"C:\n"}"#),
        (#"a = "\t\u00e9\U0001F600\\""#, "{a:\"\t\u{e9}\u{1F600}\\\"}"),
        ("a = '''x'y''z'''", "{a:\"x'y''z\"}"),
        ("a = '''\nfirst\r\nsecond'''", "{a:\"first\nsecond\"}"),
        ("a = '''it's''''", "{a:\"it's'\"}"),
        ("a = \"\"\"x\"\"\"\"\"", "{a:\"x\"\"\"}"),
        ("a = \"\"\"one \\\n   \n  two\"\"\"", "{a:\"one two\"}"),
        ("a = ''", "{a:\"\"}"),
        ("a = +1_000", "{a:1000}"),
        ("a = 0xdead_BEEF", "{a:3735928559}"),
        ("a = 0o17\nb = 0b101", "{a:15,b:5}"),
        ("a = -0.5e+3\nb = 1E2\nc = 3.25", "{a:-500.0,b:100.0,c:3.25}"),
        ("a = inf\nb = -inf", "{a:inf,b:-inf}"),
    ])
    func good(document: String, expected: String) throws {
        #expect(rendered(try TOMLReader.read(Array(document.utf8))) == expected)
    }

    @Test(arguments: [
        ("a", 1, 2, "'='"),
        ("a = ", 1, 5, "expected a value"),
        ("a = 1 b = 2", 1, 7, "end of the line"),
        ("\na = 'x", 2, 7, "closing"),
        ("a = \"x\ny\"", 1, 7, "closing"),
        ("a = \"\\q\"", 1, 6, "escape"),
        ("a = \"\\ud800\"", 1, 6, "scalar"),
        ("a = 1\na = 2", 2, 1, "already defined"),
        ("[a]\n[a]", 2, 2, "already defined"),
        ("a = 1\n[a.b]", 2, 2, "already defined"),
        ("[a]\nb.c = 1\n[a.b]", 3, 4, "already defined"),
        ("[[a]]\n[a]", 2, 2, "already defined"),
        ("a = {b = 1}\na.c = 2", 2, 1, "already defined"),
        ("a = {b = 1,\n}", 1, 12, "key"),
        ("[a\nb = 1", 1, 3, "']'"),
        ("a = [1 2]", 1, 8, "',' or ']'"),
        ("a = 2024-11-22", 1, 5, "dates"),
        ("a = 10:15:02", 1, 5, "dates"),
        ("a = word", 1, 5, "put text in quotes"),
        ("a = 012", 1, 5, "no value"),
        ("a = 1__0", 1, 5, "no value"),
        ("a = .5", 1, 5, "no value"),
        ("a = 5.", 1, 5, "no value"),
        ("a = 'x\u{1}'", 1, 7, "control"),
        ("# \u{0}", 1, 3, "control"),
        ("= 1", 1, 1, "key"),
        ("'''a''' = 1", 1, 1, "multi-line"),
        ("a = \"\"\"x", 1, 9, "closing"),
    ])
    func bad(document: String, line: Int, column: Int, message: String) {
        do {
            let table = try TOMLReader.read(Array(document.utf8))
            Issue.record("read as \(rendered(table))")
        } catch {
            #expect(error.position == FilePosition(line: line, column: column), "\(error.message)")
            #expect(error.message.contains(message), "\(error.message)")
        }
    }

    @Test func badUTF8IsPlaced() {
        #expect(
            throws: TOMLError(
                position: FilePosition(line: 2, column: 6), message: "this is not UTF-8")
        ) {
            try TOMLReader.read(Array("a = 1\nb = '".utf8) + [0xFF] + Array("'".utf8))
        }
    }

    @Test func positionsOfStringsAreThoseOfTheirFirstCharacter() throws {
        let table = try TOMLReader.read(
            Array("x = 1\nregex = '''^a'''\ny = '''\nb'''\nz = \"\\t\"".utf8))
        guard case .string(let regex)? = table["regex"]?.value.content,
            case .string(let y)? = table["y"]?.value.content,
            case .string(let z)? = table["z"]?.value.content
        else {
            Issue.record("not strings")
            return
        }
        #expect(regex.start == FilePosition(line: 2, column: 12))
        #expect(regex.isVerbatim)
        #expect(y.start == FilePosition(line: 4, column: 1))
        #expect(y.isVerbatim)
        #expect(!z.isVerbatim)
    }

    @Test func hostileDocumentsEndSoon() {
        let deep = "a = " + String(repeating: "[", count: 100_000)
        let many = (0..<100_000).map { "k\($0) = 1" }.joined(separator: "\n")
        let long = String(repeating: "a.", count: 100_000) + "a = 1"
        let arrays = String(repeating: "[[a]]\n", count: 100_000)
        for document in [deep, many, long] {
            #expect(throws: TOMLError.self) { try TOMLReader.read(Array(document.utf8)) }
        }
        #expect(throws: Never.self) { try TOMLReader.read(Array(arrays.utf8)) }
        #expect(throws: TOMLError.self) {
            try TOMLReader.read([UInt8](repeating: 0x20, count: TOMLReader.sizeLimit + 1))
        }
    }

    /// Cutting or flipping any byte of a real file must never crash the reader.
    @Test func damagedFilesAreErrorsOrFiles() throws {
        let text = try #require(patternTexts().first).bytes
        for i in text.indices {
            _ = try? TOMLReader.read(Array(text[..<i]))
            var flipped = text
            flipped[i] ^= 0x15
            _ = try? TOMLReader.read(flipped)
        }
    }
}

@Suite struct TOMLAgainstPythonTests {
    private static let script = """
        import json, sys, tomllib
        for path in sys.stdin.read().split("\\n"):
            if path:
                with open(path, "rb") as file:
                    print(json.dumps(tomllib.load(file), sort_keys=True))
        """

    @Test func theCatalogueReadsAsPythonReadsIt() throws {
        let texts = patternTexts()
        guard let lines = try python(Self.script, input: texts.map(\.path).joined(separator: "\n"))
        else {
            return
        }
        #expect(lines.count == texts.count)
        for (text, line) in zip(texts, lines) {
            let ours = json(.table(try TOMLReader.read(text.bytes)))
            let theirs = try JSONSerialization.jsonObject(with: Data(line.utf8))
            #expect((ours as? NSDictionary) == (theirs as? NSDictionary), "\(text.path)")
        }
    }

    private func json(_ value: TOMLValue.Content) -> Any {
        switch value {
        case .string(let string): string.text
        case .integer(let number): number
        case .float(let number): number
        case .boolean(let flag): flag
        case .array(let values): values.map { json($0.content) }
        case .table(let table):
            Dictionary(uniqueKeysWithValues: table.entries.map { ($0.key, json($0.value.content)) })
        }
    }
}

/// The lines that a Python 3.11 script prints; nil where there is no such Python.
func python(_ script: String, input: String) throws -> [String]? {
    try Tool.output(of: ["python3", "-c", script], input: Array(input.utf8)).map {
        String(decoding: $0, as: UTF8.self).split(separator: "\n").map(String.init)
    }
}

/// Every pattern file of the repository, in the order of names.
func patternTexts() -> [PatternText] {
    let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: "Patterns").path
    let names = FileManager.default.enumerator(atPath: root)?.compactMap { $0 as? String } ?? []
    return names.filter { $0.hasSuffix(".toml") }.sorted().compactMap { name in
        FileManager.default.contents(atPath: root + "/" + name).map {
            PatternText(path: root + "/" + name, name: name, bytes: Array($0))
        }
    }
}
