// SPDX-License-Identifier: Apache-2.0

internal import Model

/// Remedies whose steps stand with an earlier incident of the same report, by the number of that
/// incident: what is the same to the letter is told once.
struct ToldRemedies {
    /// In the step to do now, which every report shows.
    private var now: [Remedy: Int] = [:]
    /// Below the evidence, which is left out where room is short, there and here alike.
    private var further: [Remedy: Int] = [:]

    /// Where the steps stand that an incident would show as the step to do now.
    func numberForNow(_ remedy: Remedy) -> Int? { now[remedy] }

    /// Where the steps stand that an incident would show below its evidence.
    func numberForFurther(_ remedy: Remedy) -> Int? { now[remedy] ?? further[remedy] }

    /// Notes what the incident `number` shows in full.
    mutating func note(_ incident: IncidentComposer, number: Int) {
        if case .remedy(let remedy) = incident.step, now[remedy] == nil { now[remedy] = number }
        for cause in incident.incident.causes where cause.verdict != .ruled_out {
            for remedy in incident.furtherRemedies(of: cause) where further[remedy] == nil {
                further[remedy] = number
            }
        }
    }
}

extension Remedy {
    /// All of it, or what it is for and the incident whose account holds the steps.
    func blocks(toldAt number: Int?) -> [Block] {
        guard let number, !command.isEmpty else { return blocks }
        return [
            .paragraph(
                Prose([.text(asSentence(text))]) + " The steps are those of incident \(number).")
        ]
    }
}
