// SPDX-License-Identifier: Apache-2.0

internal import Model

/// A value of a JSON document, and the line on which it begins.
struct DocumentNode: Sendable {
    enum Content: Sendable {
        case scalar(JSONScalar)
        case array([DocumentNode])
        /// In the order in which they stand.
        case object([(name: String, node: DocumentNode)])
    }

    var content: Content
    var line: SnapshotLine

    /// The member of that name, the first where there are several.
    subscript(name: String) -> DocumentNode? {
        guard case .object(let members) = content else { return nil }
        return members.first { $0.name == name }?.node
    }

    /// What a path of names leads to.
    subscript(path names: String...) -> DocumentNode? {
        names.reduce(self as DocumentNode?) { $0?[$1] }
    }

    var items: [DocumentNode] {
        guard case .array(let items) = content else { return [] }
        return items
    }

    var text: String? {
        guard case .scalar(let scalar) = content else { return nil }
        return scalar.text
    }

    var whole: Int64? { text.flatMap { Amounts.whole($0) } }

    var bool: Bool? {
        guard case .scalar(.bool(let value)) = content else { return nil }
        return value
    }
}

/// One kind of JSON document that is small enough to be looked at as a whole.
protocol SnapshotTree: Sendable {
    static var name: String { get }
    /// Names of which the first member of the outermost object, or of the first object in the
    /// outermost array, has one. Documents that begin otherwise are not gathered.
    static var firstNames: Set<String> { get }
    /// Emits what the document says; `false` where it is another kind.
    static func read(_ document: DocumentNode, _ sink: inout SnapshotSink) -> Bool
}

/// Documents that are read as a whole: a new kind is a new file and a line here.
let snapshotTrees: [any SnapshotTree.Type] = [SnapshotDocument.self]

/// Gathers a document and offers it to `snapshotTrees`.
struct TreeDocument: DocumentReader {
    static let name = "document"

    /// Values in a document; beyond that it is not read.
    static let limit = 200_000

    private struct Level {
        var name: String?
        var isArray: Bool
        var line: SnapshotLine
        var items: [DocumentNode] = []
        var members: [(name: String, node: DocumentNode)] = []

        var node: DocumentNode {
            DocumentNode(content: isArray ? .array(items) : .object(members), line: line)
        }
    }

    private var levels: [Level] = []
    private var root: DocumentNode?
    private var count = 0

    static func recognises(_ start: [JSONEvent]) -> Bool? {
        for event in start {
            switch event {
            case .open(nil, _): continue
            case .open(let name?, _), .scalar(let name?, _):
                return snapshotTrees.contains { $0.firstNames.contains(name) }
            case .close, .scalar(nil, _): return false
            }
        }
        return nil
    }

    mutating func take(_ event: JSONEvent, _ line: SnapshotLine, _ sink: inout SnapshotSink) {
        count += 1
        guard count <= Self.limit else {
            levels = []
            root = nil
            return
        }
        let place = SnapshotLine(number: line.number, offset: line.offset, text: "")
        switch event {
        case .open(let name, let isArray):
            levels.append(Level(name: name, isArray: isArray, line: place))
        case .scalar(let name, let scalar):
            add(DocumentNode(content: .scalar(scalar), line: place), name)
        case .close:
            guard let level = levels.popLast() else { return }
            add(level.node, level.name)
        }
    }

    mutating func end(_ sink: inout SnapshotSink) {
        if count > Self.limit {
            sink.note("a JSON document of more than \(grouped(Self.limit)) values is not read")
        }
        guard let root else { return }
        for tree in snapshotTrees where tree.read(root, &sink) { return }
    }

    private mutating func add(_ node: DocumentNode, _ name: String?) {
        guard let top = levels.indices.last else {
            root = node
            return
        }
        if levels[top].isArray {
            levels[top].items.append(node)
        } else if let name {
            levels[top].members.append((name, node))
        }
    }
}
