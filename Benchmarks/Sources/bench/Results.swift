// SPDX-License-Identifier: Apache-2.0
internal import Foundation

/// One comparison of the table.
struct Row: Encodable {
    enum Verdict: String {
        case reached = "reached"
        case holds = "holds"
        case missed = "MISSED"
        case notMeasured = "not measured"
    }

    let number: String
    let what: String
    let against: String
    /// The middle of the rounds, with the least and the largest.
    var measured: Spread?
    let mustHold: Double
    let goFor: Double
    let unit: String
    /// Whether more is better.
    var isFloor = false
    var notes: [String] = []

    /// Whether what was measured keeps the bound, and the goal beyond it.
    var verdict: Verdict {
        guard let value = measured?.median, !value.isNaN else { return .notMeasured }
        if isFloor ? value >= goFor : value <= goFor { return .reached }
        return (isFloor ? value >= mustHold : value <= mustHold) ? .holds : .missed
    }

    init(
        _ number: String, _ what: String, against: String, mustHold: Double, goFor: Double,
        unit: String = "", isFloor: Bool = false, measured: Spread?, notes: [String] = []
    ) {
        self.number = number
        self.what = what
        self.against = against
        self.measured = measured
        self.mustHold = mustHold
        self.goFor = goFor
        self.unit = unit
        self.isFloor = isFloor
        self.notes = notes
    }
}

/// What the runs of one command took, as medians.
struct CommandLine: Encodable {
    let input: String
    let command: String
    let cpu: Spread
    let wall: Spread
    let peakMiB: Double
}

/// All that one run of a benchmark has found.
struct Results: Encodable {
    private enum CodingKeys: CodingKey {
        case title, date, machine, versions, seed, rounds, rows, commands, sections
    }

    var title: String
    var date = ISO8601DateFormatter().string(from: Date())
    var machine: [String]
    var versions: [String]
    var seed: UInt64
    var rounds: Int
    /// What stands for the paths of this machine in the commands that are shown.
    var names: [String: String]
    var rows: [Row] = []
    var commands: [CommandLine] = []
    /// Sections in Markdown, beyond the table.
    var sections: [String] = []

    mutating func add(_ paired: Paired, input: String) {
        for place in paired.commands.indices {
            commands.append(
                CommandLine(
                    input: input, command: shown(paired.commands[place]),
                    cpu: paired.spread(\.cpu, of: place),
                    wall: paired.spread(\.wall, of: place),
                    peakMiB: paired.spread({ Double($0.peak) }, of: place).largest / 1_048_576))
        }
    }

    private func shown(_ command: Command) -> String {
        names.sorted { $0.key.count > $1.key.count }.reduce(command.text) {
            $0.replacingOccurrences(of: $1.key, with: $1.value)
        }
    }

    /// Writes both forms; returns the path of the Markdown.
    func write(to folder: String, name: String) throws -> String {
        try FileManager.default.createDirectory(
            atPath: folder, withIntermediateDirectories: true)
        let stamp = date.prefix(16).replacingOccurrences(of: ":", with: "")
        let base = "\(folder)/\(stamp)-\(name)"
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        encoder.nonConformingFloatEncodingStrategy = .convertToString(
            positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
        try (encoder.encode(self) + Data("\n".utf8)).write(to: URL(fileURLWithPath: base + ".json"))
        try markdown.write(toFile: base + ".md", atomically: true, encoding: .utf8)
        return base + ".md"
    }
}

/// A figure with three digits that count.
func short(_ value: Double) -> String {
    if value.isNaN { return "-" }
    if value.isInfinite { return "no end" }
    let digits = value >= 100 ? 0 : value >= 10 ? 1 : value >= 1 ? 2 : 3
    return String(format: "%.\(digits)f", value)
}

extension Results {
    var markdown: String {
        var out = "# \(title)\n\n\(date), seed \(seed), \(rounds) rounds by turns.\n\n"
        for line in machine { out += "- \(line)\n" }
        out += "\nVersions: " + versions.joined(separator: "; ") + ".\n"
        if !rows.isEmpty { out += "\n" + table }
        for section in sections { out += "\n" + section }
        guard !commands.isEmpty else { return out }
        out += "\n## Every command\n\n"
        out +=
            "Run in the folder of the inputs. Median (least to largest) of CPU and wall seconds; "
        out += "the largest peak memory in MiB.\n\n"
        out += "| input | command | CPU s | wall s | peak MiB |\n|---|---|---|---|---|\n"
        for line in commands {
            let command = line.command.replacingOccurrences(of: "|", with: "\\|")
            out += "| \(line.input) | `\(command)` | \(Self.span(line.cpu)) "
            out += "| \(Self.span(line.wall)) | \(short(line.peakMiB)) |\n"
        }
        return out
    }

    private var table: String {
        var out = "| # | what | against | measured | must hold | go for | |\n"
        out += "|---|---|---|---|---|---|---|\n"
        for row in rows {
            let sign = row.isFloor ? "≥" : "≤"
            out += "| \(row.number) | \(row.what) | \(row.against) | "
            out += row.measured.map { Self.span($0) + row.unit } ?? "-"
            out += " | \(sign) \(Self.goal(row.mustHold))\(row.unit) "
            out += "| \(sign) \(Self.goal(row.goFor))\(row.unit) | \(row.verdict.rawValue) |\n"
        }
        let notes = rows.flatMap { row in row.notes.map { "- \(row.number): \($0)\n" } }
        if !notes.isEmpty { out += "\n" + notes.joined() }
        return out
    }

    private static func span(_ spread: Spread) -> String {
        "\(short(spread.median)) (\(short(spread.least)) to \(short(spread.largest)))"
    }

    private static func goal(_ value: Double) -> String {
        value == value.rounded() ? String(Int(value)) : String(value)
    }
}
