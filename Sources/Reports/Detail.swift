// SPDX-License-Identifier: Apache-2.0

/// How much of a report is shown where not everything can be. What is left out is said.
package struct Detail: Hashable, Sendable {
    /// Entries of an incident's timeline.
    package var timeline = 60
    /// Pieces of evidence on one side of a cause.
    package var evidence = 12
    /// Memory samples in the table.
    package var memory = 40
    package var inputs = 40
    /// Incidents that are told in full; the others are named.
    package var fullIncidents = Int.max
    /// Incidents that are named at all.
    package var namedIncidents = Int.max
    /// Sections of less worth are left out.
    package var worth = Section.Worth.detail
    /// Characters of one statement, quote or cell; longer ones end in `…`.
    package var textLimit: Int?

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
        for count in [40, 20, 10, 5, 3, 2, 1] where count < incidents {
            add { $0.fullIncidents = count }
        }
        add { $0.namedIncidents = min($0.namedIncidents, 40) }
        add { ($0.timeline, $0.evidence, $0.memory, $0.inputs) = (16, 1, 3, 4) }
        add { $0.worth = .evidence }
        add { ($0.worth, $0.timeline) = (.story, 12) }
        add { ($0.timeline, $0.namedIncidents) = (6, min($0.namedIncidents, 12)) }
        add { $0.worth = .head }
        add { $0.textLimit = 400 }
        add { ($0.textLimit, $0.namedIncidents) = (160, min($0.namedIncidents, 4)) }
        add { $0.textLimit = 80 }
        add { ($0.fullIncidents, $0.namedIncidents) = (0, min($0.namedIncidents, 3)) }
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
