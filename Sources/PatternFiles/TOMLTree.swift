// SPDX-License-Identifier: Apache-2.0

/// The tables of a document while it is being read: which exist, and how each came to be, since
/// that decides who may add to it.
struct TOMLTree {
    private var tables: [Table] = [Table(origin: .header)]
    private var current = 0
    /// Keys of one table: a bound on the work that a hostile document can ask for.
    private static let keyLimit = 1000

    /// How a table came to be.
    private enum Origin {
        /// `[a]`, or the root: may not be opened again.
        case header
        /// The `a` of `[a.b]`: `[a]` may still follow.
        case implied
        /// The `a` of `a.b = 1`: only further dotted keys of the same section add to it.
        case dotted(section: Int)
    }

    private struct Table {
        var origin: Origin
        var entries: [Entry] = []
    }

    private struct Entry {
        var key: TOMLKey
        var node: Node
    }

    private enum Node {
        case value(TOMLValue)
        case table(Int)
        case tables([Int])
    }
}

// MARK: - Building

extension TOMLTree {
    /// `[path]` or `[[path]]`: makes the table and everything above it.
    mutating func open(_ path: [TOMLKey], isArray: Bool, at start: FilePosition) throws(TOMLError) {
        var parent = 0
        for key in path.dropLast() { parent = try descend(from: parent, to: key) }
        guard let last = path.last else { return }
        current = isArray ? try append(last, in: parent) : try define(last, in: parent)
    }

    /// `path = value` in the table that was opened last.
    mutating func assign(_ value: TOMLValue, to path: [TOMLKey]) throws(TOMLError) {
        var table = current
        for key in path.dropLast() { table = try dotted(key, in: table) }
        guard let last = path.last else { return }
        if find(last, in: table) != nil { throw Self.twice(last) }
        try add(Entry(key: last, node: .value(value)), to: table)
    }

    private mutating func add(_ entry: Entry, to table: Int) throws(TOMLError) {
        guard tables[table].entries.count < Self.keyLimit else {
            throw TOMLError(position: entry.key.position, message: "a table of too many keys")
        }
        tables[table].entries.append(entry)
    }

    private func find(_ key: TOMLKey, in table: Int) -> Int? {
        tables[table].entries.firstIndex { $0.key.name == key.name }
    }

    private mutating func make(
        _ key: TOMLKey, in table: Int, origin: Origin
    ) throws(TOMLError) -> Int {
        tables.append(Table(origin: origin))
        try add(Entry(key: key, node: .table(tables.count - 1)), to: table)
        return tables.count - 1
    }

    /// One step of a header's path: into a table, into the last of an array of tables, or anew.
    private mutating func descend(from table: Int, to key: TOMLKey) throws(TOMLError) -> Int {
        guard let i = find(key, in: table) else {
            return try make(key, in: table, origin: .implied)
        }
        switch tables[table].entries[i].node {
        case .table(let index): return index
        case .tables(let indices):
            guard let last = indices.last else { throw Self.twice(key) }
            return last
        case .value: throw Self.occupied(key)
        }
    }

    private mutating func define(_ key: TOMLKey, in table: Int) throws(TOMLError) -> Int {
        guard let i = find(key, in: table) else { return try make(key, in: table, origin: .header) }
        guard case .table(let index) = tables[table].entries[i].node,
            case .implied = tables[index].origin
        else { throw Self.twice(key) }
        tables[index].origin = .header
        return index
    }

    private mutating func append(_ key: TOMLKey, in table: Int) throws(TOMLError) -> Int {
        tables.append(Table(origin: .header))
        let index = tables.count - 1
        guard let i = find(key, in: table) else {
            try add(Entry(key: key, node: .tables([index])), to: table)
            return index
        }
        guard case .tables(var indices) = tables[table].entries[i].node else {
            throw Self.twice(key)
        }
        tables[table].entries[i].node = .tables([])  // so that appending does not copy
        indices.append(index)
        tables[table].entries[i].node = .tables(indices)
        return index
    }

    private mutating func dotted(_ key: TOMLKey, in table: Int) throws(TOMLError) -> Int {
        guard let i = find(key, in: table) else {
            return try make(key, in: table, origin: .dotted(section: current))
        }
        guard case .table(let index) = tables[table].entries[i].node,
            case .dotted(let section) = tables[index].origin, section == current
        else { throw Self.occupied(key) }
        return index
    }

    private static func twice(_ key: TOMLKey) -> TOMLError {
        TOMLError(position: key.position, message: "'\(key.name)' is already defined")
    }

    private static func occupied(_ key: TOMLKey) -> TOMLError {
        TOMLError(
            position: key.position,
            message: "'\(key.name)' is already defined, and nothing can be added to it here")
    }
}

// MARK: - The result

extension TOMLTree {
    var root: TOMLTable { table(0) }

    private func table(_ index: Int) -> TOMLTable {
        TOMLTable(
            entries: tables[index].entries.map { entry in
                TOMLEntry(
                    key: entry.key.name, position: entry.key.position, value: value(entry))
            })
    }

    private func value(_ entry: Entry) -> TOMLValue {
        let place = entry.key.position
        switch entry.node {
        case .value(let value): return value
        case .table(let index):
            return TOMLValue(position: place, content: .table(table(index)))
        case .tables(let indices):
            let values = indices.map { TOMLValue(position: place, content: .table(table($0))) }
            return TOMLValue(position: place, content: .array(values))
        }
    }
}
