// SPDX-License-Identifier: Apache-2.0
// Which patterns are matched without a regex, while a log is read.

package import Model
internal import PatternFiles

extension Catalogue {
    /// How messages look that servers write again and again, of those patterns where that is simple
    /// and where no other pattern is taken for the same message.
    package var templates: MessageTemplates {
        groups.templates { MessageTemplates(allTemplates) }
    }

    /// The most specific pattern's first, since that is the one which is taken.
    private var allTemplates: [MessageTemplates.Template] {
        let members = groups.group(PatternScope.server.group).members
            .sorted { isMoreSpecific($0, than: $1) }
        // Those that are more specific, but for those with templates; and of all of these, those that float.
        var rivals = Rivals()
        var floating: [Int] = []
        var out: [MessageTemplates.Template] = []
        for pattern in members {
            let isUseful = entries[pattern].plan.hasUsefulPrefixes
            defer { if !isUseful { floating.append(pattern) } }
            guard patterns[pattern].kind.isFrequent,
                let node = try? RegexParser.parse(entries[pattern].regex),
                let looks = TemplateSearch.looks(node),
                looks.allSatisfy({ look in
                    rivals.of(look).allSatisfy { look.excludes(entries[$0].plan) }
                })
            else {
                if isUseful { rivals.add(pattern, entries[pattern].plan) }
                continue
            }
            for look in looks {
                let isSure =
                    look.isPure
                    && floating.allSatisfy { look.excludes(entries[$0].plan, floating: true) }
                out.append(
                    MessageTemplates.Template(
                        pattern: pattern, captures: patterns[pattern].captures.count,
                        isSure: isSure, steps: look.steps))
            }
        }
        return out
    }
}

/// Patterns by the first four bytes of their matches.
private struct Rivals {
    private var byWord: [ArraySlice<UInt8>: [Int]] = [:]
    private var beginningWithDigits: [Int] = []

    mutating func add(_ pattern: Int, _ plan: SearchPlan) {
        for prefix in plan.prefixes {
            byWord[prefix.prefix(4), default: []].append(pattern)
            if prefix[0] &- 0x30 < 10 { beginningWithDigits.append(pattern) }
        }
    }

    /// Those that may begin as messages do that look so.
    func of(_ look: TemplateSearch.Look) -> [Int] {
        guard case .text(let text) = look.beginning else { return beginningWithDigits }
        return byWord[text.prefix(4)] ?? []
    }
}

extension EventKind {
    /// Kinds of which there may be very many in one log: those of saves that work and of replicas that
    /// come and go, and of forks that are refused again and again. A template for others would not pay.
    fileprivate var isFrequent: Bool {
        switch self {
        case .save_triggered, .child_started, .db_saved, .operation_succeeded, .copy_on_write,
            .rewrite_triggered, .rewrite_finished, .rewrite_detail, .aof_fsync_slow,
            .sync_requested, .full_resync_requested, .sync_succeeded, .partial_sync_accepted,
            .fork_failed, .sync_refused, .operation_failed, .child_killed:
            true
        default: false
        }
    }
}

/// Takes a regex apart into templates.
enum TemplateSearch {
    typealias Step = MessageTemplates.Step

    /// One way in which messages of a pattern may look.
    struct Look {
        var steps: [Step]

        /// Whether it holds nothing but texts of printable ASCII and digits, and nothing in it could be
        /// taken for the end of another record's header (a colon, any byte, a blank).
        var isPure: Bool {
            var bytes: [UInt8] = []
            for step in steps {
                switch step {
                case .text(let text): bytes += text
                // Any digits: two stand for as many as there are.
                case .digits: bytes += [0x30, 0x30]
                case .token, .address, .rest: return false
                case .end, .open, .close: continue
                }
            }
            guard bytes.allSatisfy({ $0 >= 0x20 && $0 < 0x7F }) else { return false }
            for step in steps {
                // One digit alone may stand between a colon and a blank.
                if case .text(let text) = step, text.last == 0x3A || text.dropLast().last == 0x3A {
                    return false
                }
            }
            return !bytes.indices.dropLast(2).contains {
                bytes[$0] == 0x3A && bytes[$0 + 2] == 0x20
            }
        }

        /// Whether it is sure that no message which looks so is matched by a pattern of this plan.
        /// One whose matches need not begin with some text is found by its text, and then templates
        /// are not asked, unless `floating`.
        func excludes(_ plan: SearchPlan, floating: Bool = false) -> Bool {
            if plan.hasUsefulPrefixes {
                let first = beginning
                if plan.prefixes.allSatisfy({ prefix in
                    switch first {
                    case .text(let text): !prefix.starts(with: text) && !text.starts(with: prefix)
                    default: prefix[0] &- 0x30 >= 10
                    }
                }) {
                    return true
                }
            } else if !floating {
                return true
            }
            if !plan.endings.isEmpty, case .text(let text) = last, text.count >= 4,
                !plan.endings.contains(where: { text.suffix(4).elementsEqual($0.suffix(4)) })
            {
                return true
            }
            return !plan.literals.isEmpty && !plan.literals.contains { mayHold($0) }
        }

        /// The first step that takes a byte, and the last one.
        var beginning: Step { steps.first(where: \.takesBytes) ?? .end }
        private var last: Step { steps.last(where: \.takesBytes) ?? .end }

        /// Whether a text may stand in such a message.
        private func mayHold(_ text: [UInt8]) -> Bool {
            let steps = steps.filter(\.takesBytes)
            return steps.indices.contains { i in
                guard case .text(let bytes) = steps[i] else {
                    return Self.mayGoOn(steps[i...], text[...])
                }
                return bytes.indices.contains { start in
                    let rest = bytes[start...]
                    let count = min(rest.count, text.count)
                    return rest.prefix(count).elementsEqual(text.prefix(count))
                        && Self.mayGoOn(steps[(i + 1)...], text[count...])
                }
            }
        }

        /// Whether some message that these steps match begins as a text does, or a text as it.
        private static func mayGoOn(_ steps: ArraySlice<Step>, _ text: ArraySlice<UInt8>) -> Bool {
            guard !text.isEmpty else { return true }
            guard let step = steps.first else { return false }
            let isTaken: (UInt8) -> Bool
            switch step {
            case .text(let bytes):
                let count = min(bytes.count, text.count)
                return bytes.prefix(count).elementsEqual(text.prefix(count))
                    && mayGoOn(steps.dropFirst(), text.dropFirst(count))
            case .digits: isTaken = { $0 &- 0x30 < 10 }
            case .token, .address: isTaken = { $0 != 0x20 }
            case .rest: return true
            case .end, .open, .close: return mayGoOn(steps.dropFirst(), text)
            }
            let most = text.prefix(while: isTaken).count
            return most == text.count
                || (0..<most).contains { mayGoOn(steps.dropFirst(), text.dropFirst($0 + 1)) }
        }
    }

    /// More ways than so many are not worth it.
    private static let limit = 24

    /// All ways in which messages look that a regex matches, in its order; `nil` where one of them is not
    /// that simple, or a message might look like one of them in two ways.
    static func looks(_ node: RegexNode) -> [Look]? {
        guard case .sequence(let nodes) = node.kind, nodes.first?.kind == .start,
            nodes.last?.kind == .end, node.groupNames.count <= MessageTemplates.captureLimit
        else { return nil }
        let inner = RegexNode(
            kind: .sequence(Array(nodes.dropFirst().dropLast())), range: node.range)
        guard let all = expand(inner, slots: node.groupNames) else { return nil }
        var out: [Look] = []
        for steps in all {
            guard let steps = settled(joined(steps)), MessageTemplates.canBegin(with: steps) else {
                return nil
            }
            out.append(Look(steps: steps))
        }
        return out
    }

    private static func expand(_ node: RegexNode, slots: [String]) -> [[Step]]? {
        switch node.kind {
        case .byte(let byte): return [[.text([byte])]]
        case .sequence(let nodes):
            var out: [[Step]] = [[]]
            var text: [UInt8] = []
            for node in nodes {
                if case .byte(let byte) = node.kind {
                    text.append(byte)
                    continue
                }
                if !text.isEmpty { out = out.map { $0 + [.text(text)] } }
                text = []
                guard let next = expand(node, slots: slots), out.count * next.count <= limit else {
                    return nil
                }
                out = out.flatMap { first in next.map { first + $0 } }
            }
            return text.isEmpty ? out : out.map { $0 + [.text(text)] }
        case .alternation(let nodes):
            var out: [[Step]] = []
            for node in nodes {
                guard let some = expand(node, slots: slots) else { return nil }
                out += some
            }
            return out.count <= limit ? out : nil
        case .group(let name, let inner):
            guard let all = expand(inner, slots: slots) else { return nil }
            guard let name else { return all }
            guard let slot = slots.firstIndex(of: name).map({ UInt8($0) }) else { return nil }
            return all.map { [.open(slot)] + $0 + [.close(slot)] }
        case .repeated(let inner, 0, 1):
            return expand(inner, slots: slots).map { $0 + [[]] }
        case .repeated(let inner, 1, nil):
            guard case .set(let set) = inner.kind else { return nil }
            switch set {
            case digits: return [[.digits]]
            case notBlank: return [[.token]]
            case notFeed: return [[.rest]]
            default: return nil
            }
        case .set, .repeated, .start, .end, .boundary: return nil
        }
    }

    private static let digits = ByteSet(0x30...0x39)
    private static let notBlank = ByteSet([0x20]).inverted
    private static let notFeed = ByteSet([0x0A]).inverted

    /// The steps with neighbouring texts in one piece.
    private static func joined(_ steps: [Step]) -> [Step] {
        var out: [Step] = []
        for step in steps {
            if case .text(let more) = step, case .text(let text)? = out.last {
                out[out.count - 1] = .text(text + more)
            } else {
                out.append(step)
            }
        }
        return out
    }

    /// The steps, with addresses found; `nil` where a step might end at more than one place.
    private static func settled(_ steps: [Step]) -> [Step]? {
        var out: [Step] = []
        var i = 0
        while i < steps.count {
            var step = steps[i]
            var after = i + 1
            if step == .token, i + 2 < steps.count, case .text([0x3A]) = steps[i + 1],
                steps[i + 2] == .digits
            {
                (step, after) = (.address, i + 3)
            }
            let next = steps[after...].first(where: \.takesBytes)
            switch step {
            case .digits:
                guard next.map({ $0.begins { $0 &- 0x30 >= 10 } }) ?? true else { return nil }
            case .token, .address:
                guard next.map({ $0.begins { $0 == 0x20 } }) ?? true else { return nil }
            case .rest: guard next == nil else { return nil }
            case .text(let text): guard text.count <= 255 else { return nil }
            case .end, .open, .close: break
            }
            out.append(step)
            i = after
        }
        return out
    }
}

extension MessageTemplates.Step {
    fileprivate var takesBytes: Bool {
        switch self {
        case .text, .digits, .token, .address, .rest: true
        case .end, .open, .close: false
        }
    }

    /// Whether it is a text whose first byte is such.
    fileprivate func begins(_ isSuch: (UInt8) -> Bool) -> Bool {
        if case .text(let text) = self, let first = text.first { return isSuch(first) }
        return false
    }
}
