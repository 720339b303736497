// SPDX-License-Identifier: Apache-2.0

import Diagnosis
import HandWritten
import Incidents
import Model
import Testing

/// One cause: a world where it is true, one with the same words in the log where it is false, and
/// the true one without one of its facts.
struct Trial: CustomTestStringConvertible, Sendable {
    var id: CauseID
    var name: String
    var isTrue: World
    var verdict: Finding.Verdict
    var isFalse: World
    var weakened: World

    var testDescription: String { "\(id.rawValue): \(name)" }

    init(
        _ id: CauseID, _ name: String, _ isTrue: World, is verdict: Finding.Verdict,
        butNot refute: (inout World) -> Void, lessSure weaken: (inout World) -> Void
    ) {
        self.id = id
        self.name = name
        self.isTrue = isTrue
        self.verdict = verdict
        isFalse = isTrue.with(refute)
        weakened = isTrue.with(weaken)
    }
}

extension Finding {
    fileprivate var strength: Int { Optional(self).strength }
}

extension Finding? {
    /// 0 is the surest; what is ruled out or not named is no finding.
    var strength: Int {
        switch self?.verdict {
        case .confirmed: 0
        case .likely: 1
        case .possible: 2
        case .undecided: 3
        case .ruled_out, nil: 4
        }
    }
}

@Suite struct CauseTruthTests {
    @Test("a cause is named where its figures show it", arguments: Trial.all)
    func isNamed(trial: Trial) throws {
        let incident = try #require(trial.isTrue.incident)
        let finding = try #require(incident.finding(trial.id))
        #expect(finding.verdict == trial.verdict)
        #expect(!finding.evidence.isEmpty)
        if finding.role == .primary {
            #expect(incident.causes.first?.id == trial.id.rawValue)
            #expect((incident.verdict.state == .decided) == (finding.strength < 2))
        }
    }

    @Test("the same words in the log with other figures do not name it", arguments: Trial.all)
    func isNotNamed(trial: Trial) throws {
        let named = try #require(trial.isTrue.incident).finding(trial.id)
        let incident = try #require(trial.isFalse.incident)
        #expect(incident.finding(trial.id).strength >= 2)
        #expect(incident.finding(trial.id).strength > named.strength)
    }

    @Test("every cause has a trial")
    func allAreTried() {
        let tried = Set(Trial.all.map(\.id))
        #expect(CauseID.allCases.filter { !tried.contains($0) } == [])
    }

    @Test("one fact fewer makes it less sure", arguments: Trial.all)
    func isWeakened(trial: Trial) throws {
        let before = try #require(trial.isTrue.incident).finding(trial.id)
        let after = try #require(trial.weakened.incident).finding(trial.id)
        #expect(after.strength > before.strength)
    }

    @Test("every step of a remedy can be run, checked and taken back", arguments: Trial.all)
    func remediesAreWhole(trial: Trial) throws {
        let incident = try #require(trial.isTrue.incident)
        let finding = try #require(incident.finding(trial.id))
        // What is decided is worth a step, and so is what keeps an incident undecided.
        #expect(finding.role == .contributing || !finding.remedies.isEmpty)
        for remedy in finding.remedies {
            #expect(!remedy.text.isEmpty && !remedy.command.isEmpty)
            #expect(!remedy.expect.isEmpty && !remedy.rollback.isEmpty)
            #expect(!remedy.command.contains("sudo echo"))
        }
    }

    @Test("what only adds to a failure never decides it", arguments: Trial.all)
    func contributingNeverDecides(trial: Trial) throws {
        let incident = try #require(trial.isTrue.incident)
        let contributing = incident.causes.filter { $0.role == .contributing }.map(\.id)
        #expect(Set(contributing).isDisjoint(with: incident.verdict.between))
        #expect(contributing.allSatisfy { $0 != incident.causes.first?.id })
    }
}
