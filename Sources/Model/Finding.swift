// SPDX-License-Identifier: Apache-2.0

/// What a cause came to, for one incident: how sure, on what evidence, and what to do.
package struct Finding: Sendable {
    package enum Role: String, Sendable, CaseIterable { case primary, contributing }

    /// In the order in which findings are listed.
    package enum Verdict: String, Sendable, CaseIterable {
        case confirmed, likely, possible, undecided, ruled_out
    }

    package enum Confidence: String, Sendable, CaseIterable { case high, medium, low }

    package var id: String
    package var role: Role
    package var verdict: Verdict
    package var confidence: Confidence
    package var statement: String
    package var arithmetic: [Quantity] = []
    package var evidence: [Evidence] = []
    package var missing: [MissingFact] = []
    package var remedies: [Remedy] = []

    package init(
        id: String, role: Role, verdict: Verdict, confidence: Confidence, statement: String
    ) {
        self.id = id
        self.role = role
        self.verdict = verdict
        self.confidence = confidence
        self.statement = statement
    }
}

/// A number in an argument, with its unit and where it comes from.
package struct Quantity: Hashable, Sendable {
    package var name: String
    package var value: Double
    package var unit: String
    package var source: String

    package init(name: String, value: Double, unit: String, source: String) {
        self.name = name
        self.value = value
        self.unit = unit
        self.source = source
    }
}

package struct Evidence: Hashable, Sendable {
    package enum Direction: String, Sendable, CaseIterable { case `for`, against }

    package var direction: Direction
    package var statement: String
    package var quote: String?
    package var at: Timestamp?
    package var source: SourceReference?
    package var value: Double?
    package var unit: String?

    package init(
        _ direction: Direction, _ statement: String, quote: String? = nil, at: Timestamp? = nil,
        source: SourceReference? = nil, value: Double? = nil, unit: String? = nil
    ) {
        self.direction = direction
        self.statement = statement
        self.quote = quote
        self.at = at
        self.source = source
        self.value = value
        self.unit = unit
    }
}

/// Something that would settle the matter, and the command that tells it.
package struct MissingFact: Hashable, Sendable {
    package var what: String
    package var why: String
    package var command: String

    package init(what: String, why: String, command: String) {
        self.what = what
        self.why = why
        self.command = command
    }
}

/// One step that helps with this incident.
package struct Remedy: Hashable, Sendable {
    package var order: Int
    package var text: String
    package var command: String
    /// Run before: it shows that the step is the right one and cannot hurt.
    package var precheck: String
    /// What is seen when it worked.
    package var expect: String
    /// How to take it back.
    package var rollback: String
    package var caveat: String
    /// Whether the effect outlives a reboot.
    package var permanent: Bool

    package init(
        order: Int, text: String, command: String, precheck: String, expect: String,
        rollback: String, caveat: String, permanent: Bool
    ) {
        self.order = order
        self.text = text
        self.command = command
        self.precheck = precheck
        self.expect = expect
        self.rollback = rollback
        self.caveat = caveat
        self.permanent = permanent
    }
}

/// The answer for one incident.
package struct Verdict: Sendable {
    package enum State: String, Sendable, CaseIterable { case decided, undecided }

    package var state: State = .undecided
    /// The causes it lies between, when undecided.
    package var between: [String] = []
    /// Of these, the ones that could have refused the forks of an incident that began with another
    /// failure. Not printed as such.
    package var betweenOfRefusals: [String] = []
    /// What is to be said of those forks, behind `statement`.
    package var statementOfRefusals = ""
    /// The command whose output would decide it.
    package var nextCommand: String?
    package var statement: String = ""

    package init() {}
}
