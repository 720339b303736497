// SPDX-License-Identifier: Apache-2.0
// Clocks that are off: the same records in two inputs, always so much later in the one.

internal import Incidents
internal import Model
internal import Reading

extension Placement {
    /// Moves inputs that hold another's records at times that differ by one figure, whatever it is:
    /// the input whose clock is known better stays.
    mutating func alignSkews() {
        guard sources.count > 1 else { return }
        let limit = min(20_000, max(40, 400_000 / sources.count))
        let known = sources.map { $0.log.count > 0 ? ClockSkew($0.log, limit: limit) : nil }
        let order = sources.indices.filter { known[$0]?.count ?? 0 >= 4 }.sorted {
            rank($0, known) < rank($1, known)
        }
        guard order.count > 1 else { return }
        var shared: [Int: [Int: Int]] = [:]
        var holders: [UInt64: [Int]] = [:]
        for (place, i) in order.enumerated() {
            for message in known[i]?.messages.sorted() ?? [] {
                for other in holders[message] ?? [] {
                    shared[place, default: [:]][other, default: 0] += 1
                }
                if holders[message, default: []].count < Self.holdersCompared {
                    holders[message, default: []].append(place)
                }
            }
        }
        for (place, i) in order.enumerated() {
            for other in (shared[place] ?? [:]).keys.sorted() where hints[order[other]].skew == 0 {
                guard let mine = known[i], let delay = known[order[other]]?.delay(of: mine) else {
                    continue
                }
                let path = extractions[order[other]].facts.path
                learn(i) { ($0.skew, $0.witness) = (-delay, path) }
                break
            }
        }
    }

    /// Inputs that hold one message beyond which no more are compared.
    private static let holdersCompared = 16

    private func rank(_ i: Int, _ known: [ClockSkew?]) -> (Int, Int, Int, String) {
        let sureness: [ClockSegment.Basis] = [
            .explicit, .inRecord, .wrapper, .journalTwin, .signalHandler, .infoClock, .fileTime,
            .neighbour, .assumedUTC,
        ]
        let basis = inputs[i].clock.first?.basis ?? .assumedUTC
        return (
            sureness.firstIndex(of: basis) ?? sureness.count, known[i]?.isCoarse ?? true ? 1 : 0,
            -(known[i]?.count ?? 0), extractions[i].facts.path
        )
    }
}
