// SPDX-License-Identifier: Apache-2.0

internal import Model
internal import PatternFiles
internal import Synchronization

/// The groups of a catalogue, each made when a message of its scope comes first: most runs need one or
/// two of them, and to make all takes as long as to read a short log.
///
/// A class because all copies of a catalogue, and the matchers of all threads, share what was made.
final class LazyGroups: Sendable {
    private struct State {
        var groups: [PatternGroup?]
        var serverPrefixes: LiteralScanner?
        /// What is known of server messages before they are matched; the inner `nil` is that nothing is.
        var screen: MessageScreen??
        var templates: MessageTemplates?
    }

    private let entries: [PatternEntry]
    private let state: Mutex<State>

    init(_ entries: [PatternEntry]) {
        self.entries = entries
        let none = [PatternGroup?](repeating: nil, count: PatternScope.grouped.count)
        state = Mutex(State(groups: none))
    }

    /// The patterns of one group of `PatternScope.grouped`.
    func group(_ number: Int) -> PatternGroup {
        state.withLock { state in
            if let made = state.groups[number] { return made }
            let scope = PatternScope.grouped[number]
            let members = entries.indices.filter { scope.tries(entries[$0].info.scope) }
            let group = PatternGroup(members: members, of: entries)
            state.groups[number] = group
            return group
        }
    }

    /// What `make` gives, which is called once.
    func screen(_ make: () -> MessageScreen?) -> MessageScreen? {
        if let made = state.withLock({ $0.screen }) { return made }
        let screen = make()
        state.withLock { $0.screen = .some(screen) }
        return screen
    }

    /// What `make` gives, which is called once.
    func templates(_ make: () -> MessageTemplates) -> MessageTemplates {
        if let made = state.withLock({ $0.templates }) { return made }
        let templates = make()
        state.withLock { $0.templates = templates }
        return templates
    }

    /// Finds server messages inside lines whose beginning is not understood.
    var serverPrefixes: LiteralScanner {
        state.withLock { state in
            if let made = state.serverPrefixes { return made }
            let scanner = Self.prefixScanner(entries)
            state.serverPrefixes = scanner
            return scanner
        }
    }

    /// Prefixes shorter than this begin too many other sentences.
    private static let tellingPrefix = 8

    private static func prefixScanner(_ entries: [PatternEntry]) -> LiteralScanner {
        var texts: [(text: [UInt8], owner: Int)] = []
        for (i, entry) in entries.enumerated() where entry.info.scope == .server {
            for prefix in entry.plan.prefixes where prefix.count >= tellingPrefix {
                texts.append((prefix, i))
            }
        }
        return LiteralScanner(texts, inOrder: true)
    }
}
