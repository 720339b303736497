// SPDX-License-Identifier: Apache-2.0

/// The least, the middle and the largest of some figures.
struct Spread: Encodable {
    let least: Double
    let median: Double
    let largest: Double

    /// - Precondition: there is a figure.
    init(_ figures: [Double]) {
        let sorted = figures.sorted()
        least = sorted.first ?? .nan
        largest = sorted.last ?? .nan
        let middle = sorted.count / 2
        median =
            sorted.isEmpty
            ? .nan
            : sorted.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
    }
}

/// The figure below which `share` of the others lie.
func percentile(_ figures: [Double], _ share: Double) -> Double {
    let sorted = figures.sorted()
    guard !sorted.isEmpty else { return .nan }
    return sorted[min(sorted.count - 1, Int(Double(sorted.count) * share))]
}

/// The runs of several commands, which took turns.
struct Paired {
    let commands: [Command]
    /// For each command its runs, in the order of the rounds.
    let runs: [[Figures]]

    /// Figures of the same round, divided: the first command's by that of `other`.
    func ratio(_ figure: (Figures) -> Double, to other: Int) -> Spread {
        Spread(zip(runs[0], runs[other]).map { figure($0) / figure($1) })
    }

    func spread(_ figure: (Figures) -> Double, of command: Int) -> Spread {
        Spread(runs[command].map(figure))
    }
}

extension Launcher {
    /// Runs each command in turn, `rounds` times, after a first round that does not count and whose
    /// outputs are handed to `check`.
    func paired(
        _ commands: [Command], rounds: Int, timed: Bool = false,
        check: (_ command: Int, _ output: String, _ figures: Figures) throws -> Void
    ) throws -> Paired {
        var runs = [[Figures]](repeating: [], count: commands.count)
        for round in 0...rounds {
            for (place, command) in commands.enumerated() {
                let output = "\(folder)/output"
                let figures = try run(command, output: output, timed: timed)
                if round == 0 {
                    try check(place, output, figures)
                } else {
                    runs[place].append(figures)
                }
            }
        }
        return Paired(commands: commands, runs: runs)
    }
}
