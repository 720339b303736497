// SPDX-License-Identifier: Apache-2.0

internal import Model
internal import PatternFiles

extension Workbench {
    /// Everything known about a pattern, as text for people; nil where there is no such pattern.
    package func explain(id: String) -> String? {
        guard let index = catalogue.index(of: id),
            let definition = catalogue.definition(at: index)
        else { return nil }
        let sections = [
            Self.heading(of: definition), Self.values(of: definition), Self.sources(of: definition),
            Self.examples(of: definition),
        ]
        return sections.filter { !$0.isEmpty }.map { $0.joined(separator: "\n") }
            .joined(separator: "\n\n") + "\n"
    }

    private static func heading(of definition: PatternDefinition) -> [String] {
        [
            definition.id, "", definition.means, "",
            "  event  \(definition.event.rawValue)",
            "  on     \(definition.scope.rawValue) records",
            "  regex  \(definition.regex)",
        ]
    }

    private static func values(of definition: PatternDefinition) -> [String] {
        let constants = definition.constants.map { "  \($0.name) = \($0.text), always" }
        let captures = definition.captures.map { "  \($0.name): \($0.type.rawValue)" }
        let all = captures + constants
        return all.isEmpty ? [] : ["Values"] + all
    }

    private static func sources(of definition: PatternDefinition) -> [String] {
        let lines = definition.sources.flatMap { source in
            ["  \(source.citation)", "    \(source.text)"]
                + [source.url, source.note].compactMap { $0.map { "    \($0)" } }
        }
        return lines.isEmpty ? [] : ["Sources"] + lines
    }

    private static func examples(of definition: PatternDefinition) -> [String] {
        let matches = definition.matches.flatMap { example in
            ["  \(example.line)", "    \(example.from)"]
                + example.captures.map { "    \($0.name) = \($0.text)" }
        }
        let rejects = definition.rejects.flatMap { ["  \($0.line)", "    \($0.why)"] }
        return (matches.isEmpty ? [] : ["Matches"] + matches)
            + (rejects.isEmpty ? [] : ["Does not match"] + rejects)
    }
}
