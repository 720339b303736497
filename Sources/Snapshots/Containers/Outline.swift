// SPDX-License-Identifier: Apache-2.0

/// Names and values of an outline, line by line: YAML, JSON that stands on many lines, or what
/// `kubectl describe` prints. It needs no beginning and no end, so excerpts can be read.
///
/// JSON is known by its braces, the others by how far lines are indented. What stands in a place
/// is told by the names above it; braces that were lost only make that list of names longer.
struct Outline {
    struct Leaf {
        /// The names above the value, the value's own last.
        let path: [String]
        let value: String
        let line: SnapshotLine
        /// Which element of the list called `path[i]` the value is in; 0 where it is no list.
        let items: [Int]
        /// Whether nothing is missing between it and the name above it: YAML's steps are of two.
        let isDirect: Bool

        /// Whether the last names are these.
        func ends(in names: String...) -> Bool { path.suffix(names.count).elementsEqual(names) }

        /// Which element of the last list of one of these names the value is in.
        func item(of lists: Set<String>) -> Int? {
            guard let at = path.lastIndex(where: { lists.contains($0) }), items[at] > 0 else {
                return nil
            }
            return items[at]
        }
    }

    private struct Level {
        var indent: Int
        var name: String
        var item = 0
        var isItem = false
    }

    private var levels: [Level] = []
    private var itemCount = 0
    private(set) var isJSON = false

    private static let depthLimit = 64

    /// The value of a line, if it has one; `isTaken` tells whether it is a line of an outline.
    mutating func take(_ line: SnapshotLine) -> (isTaken: Bool, leaf: Leaf?) {
        let text = line.text.trimmed
        guard let first = text.utf8.first else { return (false, nil) }
        if isJSON || [0x22, 0x7B, 0x7D, 0x5B, 0x5D].contains(first) {
            isJSON = true
            return takeJSON(text, line)
        }
        return takeIndented(line)
    }

    // MARK: - JSON

    private mutating func takeJSON(_ text: Substring, _ line: SnapshotLine) -> (Bool, Leaf?) {
        var body = text
        if body.hasSuffix(",") { body = body.dropLast() }
        switch body {
        case "{", "[":
            push("", isItem: true)
            return (true, nil)
        case "}", "]":
            if !levels.isEmpty { levels.removeLast() }
            return (true, nil)
        default: break
        }
        guard body.hasPrefix("\"") else { return (!levels.isEmpty, nil) }
        guard let end = body.firstRange(of: "\": ") else { return (true, nil) }
        let name = String(body[body.index(after: body.startIndex)..<end.lowerBound])
        let value = body[end.upperBound...].trimmed
        if value == "{" || value == "[" {
            push(name, isItem: false)
            return (true, nil)
        }
        // A value that does not end was cut.
        if value.hasPrefix("\""), value.utf8.count < 2 || !value.hasSuffix("\"") {
            return (true, nil)
        }
        let isText = value.hasPrefix("\"")
        return (true, leaf(name, isText ? value.dropFirst().dropLast() : value, line))
    }

    private mutating func push(_ name: String, isItem: Bool) {
        guard levels.count < Self.depthLimit else { return }
        if isItem {
            itemCount += 1
            if !levels.isEmpty { levels[levels.count - 1].item = itemCount }
        }
        levels.append(Level(indent: 0, name: name, isItem: isItem))
    }

    // MARK: - Indented

    private mutating func takeIndented(_ line: SnapshotLine) -> (Bool, Leaf?) {
        let indent = line.text.prefix { $0 == " " || $0 == "\t" }.count
        var text = line.text.trimmed
        var column = indent
        while text.hasPrefix("- ") || text == "-" {
            levels.removeAll { $0.indent > column || ($0.indent == column && $0.isItem) }
            itemCount += 1
            if !levels.isEmpty { levels[levels.count - 1].item = itemCount }
            if levels.count < Self.depthLimit {
                levels.append(Level(indent: column, name: "", isItem: true))
            }
            let rest = text.dropFirst()
            column += 1 + rest.prefix { $0 == " " }.count
            text = rest.trimmed
        }
        guard let colon = text.firstRange(of: ":"), colon.lowerBound > text.startIndex else {
            return (indent > 0, nil)
        }
        let after = text[colon.upperBound...]
        guard after.isEmpty || after.first == " " || after.first == "\t" else {
            return (indent > 0, nil)
        }
        let name = String(text[..<colon.lowerBound])
        levels.removeAll { $0.indent >= column }
        let isDirect = levels.last.map { column - $0.indent == 2 } ?? (column == 0)
        let found = leaf(name, Self.unquoted(after.trimmed), line, isDirect)
        if levels.count < Self.depthLimit { levels.append(Level(indent: column, name: name)) }
        return (true, found)
    }

    private static func unquoted(_ value: Substring) -> Substring {
        for quote in ["\"", "'"] where value.count > 1 {
            if value.hasPrefix(quote), value.hasSuffix(quote) {
                return value.dropFirst().dropLast()
            }
        }
        return value
    }

    private func leaf(
        _ name: String, _ value: Substring, _ line: SnapshotLine, _ isDirect: Bool = true
    ) -> Leaf {
        var path: [String] = []
        var items: [Int] = []
        for level in levels where !level.name.isEmpty {
            path.append(level.name)
            items.append(level.item)
        }
        return Leaf(
            path: path + [name], value: String(value), line: line, items: items + [0],
            isDirect: isDirect)
    }
}
