// SPDX-License-Identifier: Apache-2.0

package import Model

/// A pattern as the program needs it at run time: what it means, its regex, and what is known of
/// every match beforehand.
package struct PatternEntry: Hashable, Sendable {
    package var info: PatternInfo
    package var regex: String
    package var plan: SearchPlan

    package init(info: PatternInfo, regex: String, plan: SearchPlan) {
        self.info = info
        self.regex = regex
        self.plan = plan
    }

    package init(_ definition: PatternDefinition) {
        let plan = SearchPlan(regex: definition.regex, literal: definition.literal)
        self.init(info: definition.info, regex: definition.regex, plan: plan)
    }

    package static func == (a: PatternEntry, b: PatternEntry) -> Bool {
        a.info.id == b.info.id && a.regex == b.regex && a.plan == b.plan
    }

    package func hash(into hasher: inout Hasher) { hasher.combine(info.id) }
}

/// The catalogue as text, in two parts: what is needed to match, read at every start, and the
/// sources and examples, read when someone asks.
///
/// Both are sequences of fields, each its length in bytes, `:`, and its bytes; numbers are fields
/// too. Nothing needs to be escaped, and nothing is parsed twice. Cases of an enumeration are
/// their place among all cases: writer and reader are built from the same `Model`.
package struct CatalogueText: Hashable, Sendable {
    package var entries: String
    package var documentation: String

    package init(entries: String, documentation: String) {
        self.entries = entries
        self.documentation = documentation
    }

    /// Writes `definitions` in their order.
    package init(_ definitions: [PatternDefinition]) {
        var entries = FieldWriter()
        var documentation = FieldWriter()
        entries.write(definitions.count)
        documentation.write(definitions.count)
        for definition in definitions {
            entries.write(PatternEntry(definition))
            documentation.writeDocumentation(of: definition)
        }
        self.init(entries: entries.text, documentation: documentation.text)
    }
}

// MARK: - Reading back

extension CatalogueText {
    /// The run-time part. Throws only if the text is not one that `init(_:)` wrote.
    package func decodedEntries() throws(FieldError) -> [PatternEntry] {
        var reader = FieldReader(entries)
        return try reader.list { (reader) throws(FieldError) in try reader.entry() }
    }

    /// Whole definitions: `entries` together with their sources and examples.
    package func decodedDefinitions() throws(FieldError) -> [PatternDefinition] {
        let entries = try decodedEntries()
        var reader = FieldReader(documentation)
        guard try reader.number() == entries.count else { throw FieldError() }
        var definitions: [PatternDefinition] = []
        for entry in entries { definitions.append(try reader.definition(entry)) }
        return definitions
    }
}

/// Text that is not what `CatalogueText` writes.
package struct FieldError: Error, Hashable, Sendable {}

/// Where `value` stands among all cases of its type.
private func ordinal<T: CaseIterable & Equatable>(_ value: T) -> Int {
    T.allCases.enumerated().first { $0.element == value }?.offset ?? 0
}

// MARK: - Writing

private struct FieldWriter {
    var text = ""

    mutating func write(_ field: String) {
        text += "\(field.utf8.count):"
        text += field
    }

    mutating func write(_ number: Int) { write(String(number)) }

    /// Bytes that need not be UTF-8: in hexadecimal unless they are plain ASCII.
    mutating func write(_ bytes: [UInt8]) {
        let isPlain =
            bytes.allSatisfy { $0 >= 0x20 && $0 < 0x7F } && bytes.first != UInt8(ascii: "\\")
        if isPlain { return write(String(decoding: bytes, as: UTF8.self)) }
        write("\\" + bytes.map { padded($0) }.joined())
    }

    private func padded(_ byte: UInt8) -> String {
        (byte < 16 ? "0" : "") + String(byte, radix: 16)
    }

    mutating func write(_ list: [[UInt8]]) {
        write(list.count)
        for bytes in list { write(bytes) }
    }

    mutating func write(_ captures: [Capture]) {
        write(captures.count)
        for capture in captures {
            write(capture.name)
            write(capture.text)
        }
    }

    mutating func write(_ entry: PatternEntry) {
        write(entry.info.id)
        write(ordinal(entry.info.kind))
        write(ordinal(entry.info.scope))
        write(entry.info.means)
        write(entry.info.constants)
        write(entry.info.captures.count)
        for slot in entry.info.captures {
            write(slot.name)
            write(ordinal(slot.type))
        }
        write(entry.regex)
        write(entry.plan.isAnchored ? 1 : 0)
        write(entry.plan.prefixes)
        write(entry.plan.literals)
        let first = entry.plan.firstBytes
        write(first == .all ? [] : first.members)
        write(entry.plan.endings)
    }

    mutating func writeDocumentation(of definition: PatternDefinition) {
        write(definition.literal ?? "")
        write(definition.sources.count)
        for source in definition.sources {
            write(source.project)
            write(source.text)
            for part in [source.file, source.first, source.last, source.url, source.note] {
                write(part ?? "")
            }
        }
        write(definition.matches.count)
        for example in definition.matches {
            write(example.line)
            write(example.from)
            write(example.captures)
        }
        write(definition.rejects.map { Capture(name: $0.line, text: $0.why) })
    }
}

// MARK: - Reading

private struct FieldReader {
    private let text: [UInt8]
    private var at = 0

    init(_ text: String) { self.text = Array(text.utf8) }

    private mutating func field() throws(FieldError) -> ArraySlice<UInt8> {
        let length = try digits(until: UInt8(ascii: ":"))
        guard length <= text.count - at else { throw FieldError() }
        defer { at += length }
        return text[at..<at + length]
    }

    private mutating func digits(until end: UInt8) throws(FieldError) -> Int {
        var value = 0
        while at < text.count, text[at].isDigit, value < 1 << 28 {
            value = value * 10 + Int(text[at] - UInt8(ascii: "0"))
            at += 1
        }
        guard at < text.count, text[at] == end else { throw FieldError() }
        at += 1
        return value
    }

    mutating func string() throws(FieldError) -> String {
        String(decoding: try field(), as: UTF8.self)
    }

    mutating func optional() throws(FieldError) -> String? {
        let text = try string()
        return text.isEmpty ? nil : text
    }

    mutating func number() throws(FieldError) -> Int {
        try field().reduce(0) { $0 &* 10 &+ Int($1) &- 48 }
    }

    mutating func bytes() throws(FieldError) -> [UInt8] {
        let field = Array(try field())
        guard field.first == UInt8(ascii: "\\") else { return field }
        var bytes: [UInt8] = []
        for i in stride(from: 1, to: field.count - 1, by: 2) {
            guard let high = field[i].hexValue, let low = field[i + 1].hexValue else {
                throw FieldError()
            }
            bytes.append(UInt8(high << 4 | low))
        }
        return bytes
    }

    mutating func list<T>(
        of element: (inout FieldReader) throws(FieldError) -> T
    ) throws(FieldError) -> [T] {
        let count = try number()
        var list: [T] = []
        list.reserveCapacity(min(count, 4096))
        for _ in 0..<count { list.append(try element(&self)) }
        return list
    }

    mutating func captures() throws(FieldError) -> [Capture] {
        try list { (reader) throws(FieldError) in
            Capture(name: try reader.string(), text: try reader.string())
        }
    }

    mutating func choice<T>(of cases: [T]) throws(FieldError) -> T {
        let index = try number()
        guard cases.indices.contains(index) else { throw FieldError() }
        return cases[index]
    }

    private static let kinds = EventKind.allCases

    mutating func slot() throws(FieldError) -> CaptureSlot {
        CaptureSlot(name: try string(), type: try choice(of: CaptureType.allCases))
    }

    mutating func entry() throws(FieldError) -> PatternEntry {
        let id = try string()
        let kind = try choice(of: Self.kinds)
        let scope = try choice(of: PatternScope.allCases)
        let means = try string()
        let constants = try captures()
        let slots = try list { (reader) throws(FieldError) in try reader.slot() }
        let info = PatternInfo(
            id: id, kind: kind, scope: scope, means: means, constants: constants, captures: slots)
        return PatternEntry(info: info, regex: try string(), plan: try plan())
    }

    private mutating func plan() throws(FieldError) -> SearchPlan {
        var plan = SearchPlan()
        plan.isAnchored = try number() == 1
        plan.prefixes = try list { (reader) throws(FieldError) in try reader.bytes() }
        plan.literals = try list { (reader) throws(FieldError) in try reader.bytes() }
        let first = try bytes()
        if !first.isEmpty { plan.firstBytes = ByteSet(first) }
        plan.endings = try list { (reader) throws(FieldError) in try reader.bytes() }
        return plan
    }

    mutating func definition(_ entry: PatternEntry) throws(FieldError) -> PatternDefinition {
        var definition = PatternDefinition(
            id: entry.info.id, event: entry.info.kind, means: entry.info.means,
            scope: entry.info.scope, regex: entry.regex, constants: entry.info.constants,
            captures: entry.info.captures, literal: try optional())
        definition.sources = try list { (reader) throws(FieldError) in try reader.source() }
        definition.matches = try list { (reader) throws(FieldError) in
            MatchExample(
                line: try reader.string(), from: try reader.string(),
                captures: try reader.captures())
        }
        definition.rejects = try captures().map { RejectExample(line: $0.name, why: $0.text) }
        return definition
    }

    private mutating func source() throws(FieldError) -> PatternSource {
        var source = PatternSource(project: try string(), text: try string())
        source.file = try optional()
        source.first = try optional()
        source.last = try optional()
        source.url = try optional()
        source.note = try optional()
        return source
    }
}
