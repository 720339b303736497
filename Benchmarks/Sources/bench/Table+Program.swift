// SPDX-License-Identifier: Apache-2.0
internal import Foundation
internal import Generator

// MARK: - Rows 9 to 11: memory, start, two cores

extension Table {
    mutating func memory() throws {
        var peaks: [(size: String, peak: Double)] = []
        for size in [64 << 20, 256 << 20, 1 << 30, 8 << 30] {
            let input = try files.log(options(size))
            let runs = try launcher.paired([commands.forktopsy(input.path)], rounds: 2) {
                try Self.check($2, $1, input.truth, plain: true)
            }
            let peak = runs.spread({ Double($0.peak) }, of: 0).largest / 1_048_576
            peaks.append((Size.text(input.bytes), peak))
            if size > 1 << 30 { files.remove(input) }
        }
        let largest = peaks.map(\.peak).max() ?? .nan
        let growth = largest - (peaks.map(\.peak).min() ?? .nan)
        results.rows += [
            Row(
                "9a", "peak memory, \(peaks[0].size) to \(peaks[peaks.count - 1].size)",
                against: "", mustHold: 32, goFor: 16, unit: " MiB", measured: Spread([largest]),
                notes: [peaks.map { "\($0.size): \(short($0.peak)) MiB" }.joined(separator: ", ")]
            ),
            // "Flat": what remains is what the report itself needs for more incidents.
            Row(
                "9b", "the same, largest less least", against: "", mustHold: 4, goFor: 1,
                unit: " MiB", measured: Spread([growth])),
        ]
    }

    mutating func start() throws {
        var small = GeneratorOptions(seed: common.seed, bytes: 10_000)
        small.incidentRate = 0.05
        let input = try files.log(small)
        let peer = Command("rg", ["rg", "--version"])
        guard Launcher.has("rg") else {
            results.rows.append(startRow(nil, []))
            return
        }
        let paired = try launcher.paired(
            [commands.forktopsy(input.path), peer], rounds: common.rounds * 20, timed: true
        ) { if $0 == 0 { try Self.check($2, $1, input.truth, plain: true) } }
        results.add(paired, input: "10 kB log")
        let first: (Figures) -> Double = { $0.firstByte ?? .nan }
        // Of each the middle: single starts differ more by what else runs than by the program.
        let ours = paired.spread(first, of: 0)
        let theirs = paired.spread(first, of: 1)
        let ratio = ours.median / theirs.median
        results.rows.append(
            startRow(
                Spread([ratio]),
                [
                    "\(short(ours.median * 1000)) ms against \(short(theirs.median * 1000)) ms "
                        + "(medians of \(common.rounds * 20)); the fastest of each: "
                        + "\(short(ours.least * 1000)) and \(short(theirs.least * 1000)) ms"
                ]))
    }

    private func startRow(_ measured: Spread?, _ notes: [String]) -> Row {
        Row(
            "10", "start to first byte, 10 kB log, wall", against: "`rg --version`", mustHold: 3,
            goFor: 1.5, measured: measured, notes: notes)
    }

    mutating func twoCores() throws {
        let input = try files.logs(options(1 << 30), count: 8)
        let paired = try launcher.paired(
            [
                commands.forktopsy(input.path, ["--jobs", "1"]),
                commands.forktopsy(input.path, ["--jobs", "2"]),
            ], rounds: common.rounds
        ) { try Self.check($2, $1, input.truth, plain: true) }
        results.add(paired, input: "eight logs, \(Size.text(input.truth.bytes)) together")
        let cpu = paired.ratio(\.cpu, to: 1)
        results.rows.append(
            Row(
                "11", "eight files, two jobs, wall", against: "one job", mustHold: 1.7,
                goFor: 1.9, unit: " x", isFloor: true, measured: paired.ratio(\.wall, to: 1),
                notes: [
                    "CPU of one job divided by that of two: \(short(cpu.median)); "
                        + "other work on the machine lowers this row"
                ]))
    }
}
