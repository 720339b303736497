// SPDX-License-Identifier: Apache-2.0

package import Model
internal import PCRE2
package import PatternFiles

/// The patterns that the program knows: those built in, and those a user adds.
package struct Catalogue: Sendable {
    /// What later stages must know of each pattern, in the order of ids.
    package let patterns: [PatternInfo]
    let entries: [PatternEntry]
    let groups: LazyGroups
    /// How much sure text a match of each pattern holds.
    let weights: [Int]
    /// Texts that matches contain after their prefixes, where those are short.
    let laterTexts: LaterTexts
    /// What files of the user define, by id.
    private let added: [String: PatternDefinition]

    /// The patterns of `Patterns/`, as they were when the program was built.
    package static let builtIn = Catalogue(entries: builtInEntries, added: [:])

    /// The built-in patterns together with those of `texts`; a pattern with the id of a built-in
    /// one takes its place. Throws everything that is wrong with the texts.
    package init(adding texts: [PatternText]) throws(CatalogueError) {
        self = try Self.builtIn.adding(texts)
    }

    /// These patterns together with those of `texts`, which take the place of patterns that have
    /// their ids. Throws everything that is wrong with the texts.
    package func adding(_ texts: [PatternText]) throws(CatalogueError) -> Catalogue {
        var problems: [Diagnostic] = []
        var added = self.added
        var new: [PatternEntry] = []
        for text in texts {
            let reading = PatternFile.read(text)
            problems += reading.problems
            guard let file = reading.file else { continue }
            do {
                let definition = try file.compiledDefinition()
                added[definition.id] = definition
                new.append(PatternEntry(definition))
            } catch {
                problems.append(error)
            }
        }
        guard problems.allSatisfy({ $0.severity != .error }) else {
            throw CatalogueError(problems: problems)
        }
        let replaced = Set(new.map(\.info.id))
        let kept = entries.filter { !replaced.contains($0.info.id) }
        return Catalogue(
            entries: (kept + new).sorted { $0.info.id < $1.info.id }, added: added)
    }

    private init(entries: [PatternEntry], added: [String: PatternDefinition]) {
        self.entries = entries
        self.added = added
        patterns = entries.map { $0.info }
        weights = entries.map { $0.plan.weight }
        groups = LazyGroups(entries)
        laterTexts = LaterTexts(entries.map { $0.plan })
    }

    private static let builtInEntries: [PatternEntry] = {
        guard let entries = try? CatalogueText.builtIn.decodedEntries() else {
            preconditionFailure("the built-in catalogue was not written by embed-patterns")
        }
        return entries
    }()
}

// MARK: - Asking

extension Catalogue {
    /// Where two patterns match one message, the one with the longer sure text is taken; among
    /// equals, the one whose id comes first.
    func isMoreSpecific(_ a: Int, than b: Int) -> Bool {
        weights[a] != weights[b] ? weights[a] > weights[b] : a < b
    }

    /// The index of the pattern `id` in `patterns`.
    package func index(of id: String) -> Int? {
        var range = patterns.startIndex..<patterns.endIndex
        while !range.isEmpty {
            let middle = range.lowerBound + range.count / 2
            if patterns[middle].id == id { return middle }
            range =
                patterns[middle].id < id ? middle + 1..<range.upperBound : range.lowerBound..<middle
        }
        return nil
    }

    /// Everything the file of a pattern says, sources and examples with it.
    package func definition(at index: Int) -> PatternDefinition? {
        let id = patterns[index].id
        return added[id] ?? Self.builtInDefinitions[id]
    }

    /// Whether PCRE2 can generate machine code here; matching is slower where it cannot.
    package static var isJITAvailable: Bool { Pattern.isJITAvailable }

    private static let builtInDefinitions: [String: PatternDefinition] = {
        let all = (try? CatalogueText.builtIn.decodedDefinitions()) ?? []
        return Dictionary(all.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
    }()
}

/// Pattern files that cannot be used.
package struct CatalogueError: Error, Sendable, CustomStringConvertible {
    /// In the order of files and lines; at least one is an error.
    package let problems: [Diagnostic]

    package var description: String {
        problems.map(\.description).joined(separator: "\n")
    }
}

// MARK: - Compiling

extension PatternFile {
    /// The definition with its captures in the order of the regex's groups, as the library counts
    /// them. Throws if the regex does not compile, or its groups are not the declared captures.
    func compiledDefinition() throws(Diagnostic) -> PatternDefinition {
        let names: [String]
        do {
            names = try Pattern(definition.regex, options: .interpreted).captureNames
        } catch {
            throw problem(error.message, inRegex: error.offset)
        }
        if names.contains("") {
            throw problem("a group without a name; write (?:…) or (?<name>…)", inRegex: 0)
        }
        guard Set(names) == Set(definition.captures.map(\.name)) else {
            throw problem("'captures' must name exactly the groups of the regex", inRegex: 0)
        }
        var definition = definition
        definition.captures = names.compactMap { name in
            self.definition.captures.first { $0.name == name }
        }
        return definition
    }
}
