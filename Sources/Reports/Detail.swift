// SPDX-License-Identifier: Apache-2.0

/// How much of a report is shown where not everything can be. What is left out is said.
package struct Detail: Hashable, Sendable {
    /// Entries of an incident's timeline.
    package var timeline = 60
    /// Pieces of evidence on one side of a cause.
    package var evidence = 12
    /// Memory samples in the table.
    package var memory = 40
    /// Inputs, and instances of the outlook.
    package var inputs = 40
    /// Incidents that are told in full; the others are named. More than these no person reads, and
    /// a page of ten thousand would take a browser down.
    package var fullIncidents = 50
    /// Incidents that are named at all; the others are counted.
    package var namedIncidents = 1000
    /// What the head of an incident holds.
    package var brevity = Brevity.whole
    /// Sections of less worth are left out.
    package var worth = Section.Worth.detail
    /// Characters of one statement, quote or cell; longer ones end in `…`.
    package var textLimit: Int?

    /// How much of an incident's head is said.
    package enum Brevity: Int, Comparable, Sendable {
        case whole
        /// The step as its command alone, without the check before it and the way back.
        case command
        /// What failed, whether it is over, the cause, and the command.
        case core
        /// What failed, whether it is over, the cause.
        case headline

        package static func < (a: Brevity, b: Brevity) -> Bool { a.rawValue < b.rawValue }
    }

    package init() {}

    /// For a page that folds and filters.
    static var page: Detail {
        var detail = Detail()
        (detail.timeline, detail.evidence) = (1000, 50)
        (detail.memory, detail.inputs) = (200, 400)
        return detail
    }

    /// From everything that a target shows to a few lines, each step shorter than the one before
    /// it as a rule. What matters least goes first: rows and pieces of evidence, then whole
    /// sections by their worth, then incidents, then the length of statements.
    static func ladder(from full: Detail, incidents: Int) -> [Detail] {
        var steps: [Detail] = [full]
        func add(_ change: (inout Detail) -> Void) {
            var detail = steps[steps.count - 1]
            change(&detail)
            if detail != steps[steps.count - 1] { steps.append(detail) }
        }
        add { ($0.timeline, $0.evidence, $0.memory, $0.inputs) = (60, 12, 40, 40) }
        add { ($0.timeline, $0.evidence, $0.memory, $0.inputs) = (40, 6, 20, 20) }
        add { ($0.timeline, $0.evidence, $0.memory, $0.inputs) = (30, 4, 10, 10) }
        add { ($0.timeline, $0.evidence, $0.memory, $0.inputs) = (24, 2, 6, 6) }
        for (full, named) in [
            (40, 400), (30, 200), (20, 200), (15, 150), (10, 100), (7, 100), (5, 60), (3, 60),
            (2, 40), (1, 40),
        ] where full < incidents {
            add {
                $0.fullIncidents = min($0.fullIncidents, full)
                $0.namedIncidents = min($0.namedIncidents, named)
            }
        }
        add { ($0.timeline, $0.evidence, $0.memory, $0.inputs) = (16, 1, 3, 4) }
        add { $0.worth = .evidence }
        for (timeline, named) in [(12, 40), (10, 30), (8, 20), (6, 12), (4, 12), (2, 12)] {
            add {
                ($0.worth, $0.timeline) = (.story, timeline)
                $0.namedIncidents = min($0.namedIncidents, named)
            }
        }
        add { ($0.worth, $0.namedIncidents) = (.head, min($0.namedIncidents, 8)) }
        let last: [(text: Int, brevity: Brevity, named: Int)] = [
            (400, .whole, 8), (400, .command, 6), (250, .command, 4), (160, .command, 4),
            (250, .core, 3), (160, .core, 3), (120, .core, 2), (160, .headline, 2),
            (110, .headline, 1), (80, .headline, 1), (50, .headline, 1),
        ]
        for rung in last {
            add {
                ($0.textLimit, $0.brevity) = (rung.text, rung.brevity)
                $0.namedIncidents = min($0.namedIncidents, rung.named)
            }
        }
        add { ($0.fullIncidents, $0.namedIncidents) = (0, 1) }
        return steps
    }
}

/// What a report is for, which decides what is said in which order.
package enum Layout: String, Sendable, CaseIterable {
    /// What failed and what to do first, then the story, then the evidence.
    case ticket
    /// For the review afterwards: impact, causes, what went well, action items, open questions.
    case postmortem
    /// The head and one step, for a mail or a chat.
    case brief
}
