// SPDX-License-Identifier: Apache-2.0

/// The bytes of a pattern file, as the executable has read them.
package struct PatternText: Hashable, Sendable {
    /// The path to show in messages.
    package var path: String
    /// The path below the catalogue's folder, such as `redis/rdb-fork-failed.toml`.
    package var name: String
    package var bytes: [UInt8]

    package init(path: String, name: String, bytes: [UInt8]) {
        self.path = path
        self.name = name
        self.bytes = bytes
    }

    /// The id that the file's place demands.
    package var expectedID: String {
        let stem = name.hasSuffix(".toml") ? String(name.dropLast(5)) : name
        return String(stem.map { $0 == "/" ? "." : $0 })
    }
}

/// A pattern file that was understood: what it defines, and where each part of it stands.
package struct PatternFile: Sendable {
    package var text: PatternText
    package var definition: PatternDefinition
    package var places = Places()

    package init(text: PatternText, definition: PatternDefinition, places: Places = Places()) {
        self.text = text
        self.definition = definition
        self.places = places
    }

    /// Where the parts stand that later checks complain about.
    package struct Places: Sendable {
        package var id = FilePosition.start
        package var means = FilePosition.start
        package var regex = TOMLString(text: "", start: .start, isVerbatim: false)
        package var literal = FilePosition.start
        package var constants: [FilePosition] = []
        /// One for each entry of `matches`: the line, then its captures' table.
        package var matches: [(line: FilePosition, captures: FilePosition)] = []
        package var rejects: [FilePosition] = []

        package init() {}
    }

    /// What came of reading one file.
    package struct Reading: Sendable {
        /// Nil where an error leaves nothing to work with.
        package var file: PatternFile?
        package var problems: [Diagnostic]
    }

    /// Reads `text` and reports everything that is wrong with its form, not only the first thing.
    /// Whether the regex compiles and the examples hold is for `Workbench` to say.
    package static func read(_ text: PatternText) -> Reading {
        do {
            var decoder = PatternDecoder(text)
            let file = decoder.file(from: try TOMLReader.read(text.bytes))
            let problems = decoder.problems.sorted { $0.position < $1.position }
            return Reading(file: file, problems: problems)
        } catch {
            return Reading(
                file: nil, problems: [text.problem(error.message, at: error.position)])
        }
    }
}

extension PatternFile {
    /// Where byte `offset` of the regex stands in the file.
    package func position(inRegex offset: Int) -> FilePosition {
        var place = places.regex.start
        if places.regex.isVerbatim { place.column += offset }
        return place
    }

    /// A complaint about byte `offset` of the regex, with the regex and a caret below it.
    package func problem(_ message: String, inRegex offset: Int) -> Diagnostic {
        let excerpt = Diagnostic.pointing(into: Array(definition.regex.utf8), at: offset)
        return Diagnostic(
            path: text.path, position: position(inRegex: offset), message: message,
            excerpt: excerpt)
    }
}

extension PatternText {
    /// A complaint about a place, with the line and a caret below it.
    package func problem(
        _ message: String, at position: FilePosition, severity: Diagnostic.Severity = .error
    ) -> Diagnostic {
        let line = sourceLine(position.line, of: bytes)
        return Diagnostic(
            path: path, position: position, severity: severity, message: message,
            excerpt: Diagnostic.pointing(into: line, at: position.column - 1))
    }
}

extension PatternFile {
    /// What in the regex goes beyond the syntax that the catalogue allows.
    package var syntaxProblem: Diagnostic? {
        do {
            _ = try RegexParser.parse(definition.regex)
            return nil
        } catch {
            return problem("the regex uses \(error.message)", inRegex: error.offset)
        }
    }
}
