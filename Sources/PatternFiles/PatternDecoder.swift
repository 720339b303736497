// SPDX-License-Identifier: Apache-2.0

internal import Model

/// Turns a TOML document into a pattern file, and collects what is wrong with it on the way.
struct PatternDecoder {
    private let text: PatternText
    private(set) var problems: [Diagnostic] = []
    private var places = PatternFile.Places()

    init(_ text: PatternText) { self.text = text }

    private static let keys = [
        "id", "event", "means", "on", "regex", "set", "captures", "literal", "source", "match",
        "reject",
    ]
    private static let sourceKeys = ["project", "file", "text", "first", "last", "url", "note"]

    mutating func file(from root: TOMLTable) -> PatternFile? {
        refuseUnknownKeys(of: root, known: Self.keys, in: "a pattern file")
        let id = required("id", of: root, at: .start)
        let event = choice("event", of: root, from: EventKind.self)
        let means = required("means", of: root, at: .start)
        let scope = choice("on", of: root, from: PatternScope.self)
        let regex = required("regex", of: root, at: .start)
        let constants = constants(root["set"])
        let types = captureTypes(root["captures"])
        let literal = optional("literal", of: root)
        let sources = sources(root["source"])
        let matches = matches(root["match"])
        let rejects = rejects(root["reject"])
        guard let id, let event, let means, let scope, let regex else { return nil }
        places.id = id.start
        places.means = means.start
        places.regex = regex
        if let literal { places.literal = literal.start }
        var definition = PatternDefinition(
            id: id.text, event: event, means: means.text, scope: scope, regex: regex.text,
            constants: constants, literal: literal?.text)
        definition.captures = slots(of: regex, types: types, captures: root["captures"])
        definition.sources = sources
        definition.matches = matches
        definition.rejects = rejects
        checkID(definition)
        return PatternFile(text: text, definition: definition, places: places)
    }
}

// MARK: - Complaints

extension PatternDecoder {
    private mutating func complain(_ message: String, at position: FilePosition) {
        problems.append(text.problem(message, at: position))
    }

    private mutating func refuseUnknownKeys(of table: TOMLTable, known: [String], in place: String)
    {
        for entry in table.entries where !known.contains(entry.key) {
            let hint = suggestion(for: entry.key, among: known)
            complain("\(place) has no key '\(entry.key)'\(hint)", at: entry.position)
        }
    }

    /// The id says where the file is, so that a message that names it can be found.
    private mutating func checkID(_ definition: PatternDefinition) {
        guard definition.id != text.expectedID else { return }
        complain(
            "the id '\(definition.id)' is not the file's path; it should be '\(text.expectedID)'",
            at: places.id)
    }
}

// MARK: - Single values

extension PatternDecoder {
    private mutating func string(_ entry: TOMLEntry) -> TOMLString? {
        guard case .string(let string) = entry.value.content else {
            complain(
                "'\(entry.key)' must be a string, not \(entry.value.kind)", at: entry.value.position
            )
            return nil
        }
        guard !string.text.isEmpty else {
            complain("'\(entry.key)' is empty", at: string.start)
            return nil
        }
        return string
    }

    private mutating func optional(_ key: String, of table: TOMLTable) -> TOMLString? {
        table[key].flatMap { string($0) }
    }

    private mutating func required(
        _ key: String, of table: TOMLTable, at position: FilePosition
    ) -> TOMLString? {
        guard let entry = table[key] else {
            complain("the key '\(key)' is missing", at: position)
            return nil
        }
        return string(entry)
    }

    private mutating func choice<T>(
        _ key: String, of table: TOMLTable, from type: T.Type
    ) -> T? where T: RawRepresentable<String> & CaseIterable {
        required(key, of: table, at: .start).flatMap { choice($0, for: key, from: type) }
    }

    private mutating func choice<T>(
        _ string: TOMLString, for key: String, from type: T.Type
    ) -> T? where T: RawRepresentable<String> & CaseIterable {
        if let value = T(rawValue: string.text) { return value }
        let known = T.allCases.map(\.rawValue)
        let list = known.count <= 20 ? " (known: \(known.joined(separator: ", ")))" : ""
        let hint = suggestion(for: string.text, among: known)
        complain("unknown \(key) '\(string.text)'\(list)\(hint)", at: string.start)
        return nil
    }

    private mutating func table(_ entry: TOMLEntry?) -> TOMLTable? {
        guard let entry else { return nil }
        guard case .table(let table) = entry.value.content else {
            complain(
                "'\(entry.key)' must be a table, not \(entry.value.kind)", at: entry.value.position)
            return nil
        }
        return table
    }

    private mutating func tables(_ entry: TOMLEntry?) -> [(TOMLTable, FilePosition)] {
        guard let entry else { return [] }
        guard case .array(let values) = entry.value.content else {
            complain("'\(entry.key)' must be written [[\(entry.key)]]", at: entry.value.position)
            return []
        }
        var tables: [(TOMLTable, FilePosition)] = []
        for value in values {
            guard case .table(let table) = value.content else {
                complain("'\(entry.key)' must hold tables, not \(value.kind)", at: value.position)
                continue
            }
            tables.append((table, table.entries.first?.position ?? value.position))
        }
        return tables
    }
}

// MARK: - Constants and captures

extension PatternDecoder {
    private mutating func constants(_ entry: TOMLEntry?) -> [Capture] {
        var constants: [Capture] = []
        for entry in table(entry)?.entries ?? [] {
            guard let value = string(entry) else { continue }
            checkName(entry)
            if entry.key == "operation" {
                _ = choice(value, for: "operation", from: Operation.self)
            }
            constants.append(Capture(name: entry.key, text: value.text))
        }
        return constants
    }

    private mutating func captureTypes(_ entry: TOMLEntry?) -> [String: CaptureType] {
        var types: [String: CaptureType] = [:]
        for entry in table(entry)?.entries ?? [] {
            guard let value = string(entry) else { continue }
            checkName(entry)
            types[entry.key] = choice(value, for: "capture type", from: CaptureType.self) ?? .text
        }
        return types
    }

    private mutating func checkName(_ entry: TOMLEntry) {
        let isSnake = entry.key.utf8.allSatisfy {
            $0 == UInt8(ascii: "_") || $0.isDigit || ($0.isLetter && $0 & 0x20 != 0)
        }
        if !isSnake { complain("'\(entry.key)' is not snake_case", at: entry.position) }
    }

    /// Puts the declared captures into the order of the regex's groups; both must name the same.
    ///
    /// A regex that `RegexParser` does not understand may still be good PCRE2: `Matching` then
    /// asks the library for the order.
    private mutating func slots(
        of regex: TOMLString, types: [String: CaptureType], captures: TOMLEntry?
    ) -> [CaptureSlot] {
        guard let node = try? RegexParser.parse(regex.text) else {
            return types.sorted { $0.key < $1.key }.map {
                CaptureSlot(name: $0.key, type: $0.value)
            }
        }
        let names = node.groupNames
        for name in names where types[name] == nil {
            complain("'captures' does not say what the group '\(name)' holds", at: regex.start)
        }
        for entry in table(captures)?.entries ?? [] where !names.contains(entry.key) {
            let hint = suggestion(for: entry.key, among: names)
            complain("the regex has no group '\(entry.key)'\(hint)", at: entry.position)
        }
        return names.map { CaptureSlot(name: $0, type: types[$0] ?? .text) }
    }
}

// MARK: - Sources and examples

extension PatternDecoder {
    private mutating func sources(_ entry: TOMLEntry?) -> [PatternSource] {
        var sources: [PatternSource] = []
        for (table, place) in tables(entry) {
            refuseUnknownKeys(of: table, known: Self.sourceKeys, in: "a source")
            guard let project = required("project", of: table, at: place),
                let text = required("text", of: table, at: place)
            else { continue }
            sources.append(
                PatternSource(
                    project: project.text, file: optional("file", of: table)?.text,
                    text: text.text, first: optional("first", of: table)?.text,
                    last: optional("last", of: table)?.text, url: optional("url", of: table)?.text,
                    note: optional("note", of: table)?.text))
        }
        return sources
    }

    private mutating func matches(_ entry: TOMLEntry?) -> [MatchExample] {
        var examples: [MatchExample] = []
        for (table, place) in tables(entry) {
            refuseUnknownKeys(of: table, known: ["line", "from", "captures"], in: "a match")
            guard let line = required("line", of: table, at: place),
                let from = required("from", of: table, at: place)
            else { continue }
            let captures = table["captures"]
            examples.append(
                MatchExample(line: line.text, from: from.text, captures: expected(captures)))
            places.matches.append((line.start, captures?.value.position ?? line.start))
        }
        return examples
    }

    private mutating func expected(_ entry: TOMLEntry?) -> [Capture] {
        (table(entry)?.entries ?? []).compactMap { entry in
            // An empty text is a fair capture, so `string(_:)` is too strict here.
            guard case .string(let value) = entry.value.content else {
                complain("captures are written as text, in quotes", at: entry.value.position)
                return nil
            }
            return Capture(name: entry.key, text: value.text)
        }
    }

    private mutating func rejects(_ entry: TOMLEntry?) -> [RejectExample] {
        var examples: [RejectExample] = []
        for (table, place) in tables(entry) {
            refuseUnknownKeys(of: table, known: ["line", "why"], in: "a reject")
            guard let line = required("line", of: table, at: place),
                let why = required("why", of: table, at: place)
            else { continue }
            examples.append(RejectExample(line: line.text, why: why.text))
            places.rejects.append(line.start)
        }
        return examples
    }
}
