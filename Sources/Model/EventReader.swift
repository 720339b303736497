// SPDX-License-Identifier: Apache-2.0

internal import Synchronization

/// Where an event lies in its log, and the pattern that it matched.
struct PackedPlace: Sendable {
    var index: Int
    var pattern: UInt16
}

/// The patterns that packed events name by number, and what is asked of them for every event.
///
/// A class because all logs of a run share it.
package final class PatternTable: Sendable {
    let infos: [PatternInfo]
    let kinds: [EventKind]
    let operations: [NamedOperation]

    /// Where the operation of an event stands.
    enum NamedOperation: Sendable {
        /// In the pattern, or nowhere.
        case constant(Operation?)
        /// In the message.
        case captured
    }

    package init(_ infos: [PatternInfo]) {
        self.infos = infos
        kinds = infos.map(\.kind)
        operations = infos.map { info in
            if info.captures.contains(where: { $0.name == "operation" }) { return .captured }
            let constant = info.constants.first { $0.name == "operation" }
            return .constant(constant.flatMap { Operation(rawValue: $0.text) })
        }
    }
}

/// Reads what the events of one log say, when somebody asks.
///
/// A class because all events of a log share it. It holds the block that the log's cursor stands
/// in, which is the one that is asked for nearly always; others come from the log's store.
final class EventReader: Sendable {
    let patterns: PatternTable
    private let log: EventLog
    /// What positions call the log.
    private let input: Int
    private let current = Mutex(Current())

    private struct Current: Sendable {
        /// The index of the block's first event.
        var first = 0
        var block = EventBlock()
    }

    init(_ log: EventLog, input: Int, patterns: PatternTable) {
        self.log = log
        self.input = input
        self.patterns = patterns
    }

    /// Holds on to a block, whose first event is `first`, in place of the one before.
    func hold(_ block: EventBlock, from first: Int) {
        current.withLock { $0 = Current(first: first, block: block) }
    }

    /// Holds on to no block.
    func release() { hold(EventBlock(), from: 0) }

    private func read<Answer: Sendable>(
        _ place: PackedPlace, _ body: (borrowing EventBlock, _ index: Int) -> Answer
    ) -> Answer {
        let answer: Answer? = current.withLock { current in
            let index = place.index - current.first
            guard current.block.entries.indices.contains(index) else { return nil }
            return body(current.block, index)
        }
        if let answer { return answer }
        return log.read(place.index, body)
    }
}

// MARK: - What an event says

extension EventReader {
    /// The value that is called `name`: a capture that took part in the match, or a constant.
    func text(of name: String, _ place: PackedPlace) -> String? {
        let pattern = Int(place.pattern)
        let slots = patterns.infos[pattern].captures
        for i in slots.indices where slots[i].name == name {
            if let text = read(place, { $0.text(ofCapture: i, at: $1) }) { return text }
        }
        let constants = patterns.infos[pattern].constants
        for i in constants.indices where constants[i].name == name { return constants[i].text }
        return nil
    }

    /// The same where it is a whole number.
    func number(of name: String, _ place: PackedPlace) -> Int? {
        let slots = patterns.infos[Int(place.pattern)].captures
        for i in slots.indices where slots[i].name == name {
            let found = read(place) { block, index in
                (block.hasCapture(i, at: index), block.number(i, at: index))
            }
            if found.0 { return found.1 }
        }
        return text(of: name, place).flatMap { Int($0) }
    }

    func operation(_ place: PackedPlace) -> Operation? {
        switch patterns.operations[Int(place.pattern)] {
        case .constant(let operation): operation
        case .captured: text(of: "operation", place).flatMap { Operation(rawValue: $0) }
        }
    }

    func values(_ place: PackedPlace) -> [Capture] {
        let pattern = patterns.infos[Int(place.pattern)]
        return read(place) { $0.values(at: $1, pattern) }
    }

    func line(_ place: PackedPlace) -> String { read(place) { $0.line(at: $1) } }

    func cursor(_ place: PackedPlace) -> String? { read(place) { $0.cursorText(at: $1) } }

    func position(_ place: PackedPlace) -> SourcePosition {
        let input = input
        return read(place) { $0.entries[$1].position(input: input) }
    }
}
