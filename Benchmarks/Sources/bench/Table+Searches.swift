// SPDX-License-Identifier: Apache-2.0
internal import Foundation
internal import Generator

// MARK: - Rows 1 to 8: against searches

extension Table {
    mutating func plainLog() throws {
        let input = try files.log(options(1 << 30))
        let size = Size.text(input.bytes)
        let paired = try compare(
            commands.forktopsy(input.path),
            [
                commands.ripgrep(input.path), commands.ugrep(input.path),
                commands.grep(input.path), commands.pcre2grep(input.path),
            ], truth: input.truth)
        if let paired { results.add(paired, input: "\(size) log") }
        results.rows += [
            Row(
                "1", "\(size) log, CPU", against: "`rg -c`", mustHold: 0.30, goFor: 0.15,
                measured: ratio(paired, to: ["rg"]), notes: perLine(paired, input)),
            Row(
                "2", "the same", against: "the better of `ugrep` and `grep`", mustHold: 0.50,
                goFor: 0.25, measured: ratio(paired, to: ["ugrep", "grep"])),
        ]
    }

    private func perLine(_ paired: Paired?, _ input: Input) -> [String] {
        guard let paired else { return [] }
        let cpu = paired.spread(\.cpu, of: 0).median
        return [
            "\(short(cpu * 1e9 / Double(input.truth.lines))) ns a line, "
                + "\(short(Double(input.bytes) / cpu / 1e9)) GB a second of CPU"
        ]
    }

    mutating func storm() throws {
        // Long incidents: what a storm is, and what costs most for each line.
        var storm = options(256 << 20)
        storm.incidentRate = 0.05
        storm.attempts = 800
        let input = try files.log(storm)
        let paired = try compare(
            commands.forktopsy(input.path), [commands.grep(input.path)], truth: input.truth)
        if let paired { results.add(paired, input: "\(Size.text(input.bytes)) storm") }
        let share = 100 * Double(input.truth.matchingLines) / Double(input.truth.lines)
        results.rows.append(
            Row(
                "3", "\(Size.text(input.bytes)) storm, \(short(share)) % incident lines, CPU",
                against: "`grep -c -E`", mustHold: 1.0, goFor: 0.5,
                measured: ratio(paired, to: ["grep"]), notes: perLine(paired, input)))
    }

    mutating func journal() throws {
        let export = try files.journal(options(1 << 30))
        let size = Size.text(export.bytes)
        let first = try compare(
            commands.forktopsy(export.path), [commands.grep(export.path)], truth: export.truth)
        if let first { results.add(first, input: "\(size) journal export") }
        results.rows.append(
            Row(
                "4", "\(size) journal export, CPU", against: "`grep -a -c -E`", mustHold: 1.2,
                goFor: 0.7, measured: ratio(first, to: ["grep"]),
                notes: perEntry(first, export)))

        let lines = files.json(of: export)
        let second = try compare(
            commands.forktopsy(lines.path), [commands.ripgrep(lines.path)], truth: export.truth,
            plain: false)
        if let second { results.add(second, input: "the same as JSON lines") }
        // It needs fifty times as long, so that fewer rounds do.
        let third = try compare(
            commands.forktopsy(lines.path), [commands.jq(lines.path)], truth: export.truth,
            plain: false, counts: ["jq": export.truth.serverEntries],
            rounds: min(common.rounds, 2))
        if let third { results.add(third, input: "the same as JSON lines") }
        results.rows += [
            Row(
                "5a", "the same as JSON lines, CPU", against: "`rg -c`", mustHold: 0.35,
                goFor: 0.15, measured: ratio(second, to: ["rg"]),
                notes: perEntry(second, export)),
            Row(
                "5b", "the same", against: "`jq` select", mustHold: 0.03, goFor: 0.012,
                measured: ratio(third, to: ["jq"])),
        ]
    }

    private func perEntry(_ paired: Paired?, _ input: Input) -> [String] {
        guard let paired else { return [] }
        let cpu = paired.spread(\.cpu, of: 0).median
        return ["\(short(cpu * 1e9 / Double(input.truth.entries))) ns an entry"]
    }

    mutating func compressed() throws {
        let log = try files.log(options(1 << 30))
        var gzip: Paired?
        if Launcher.has("gzip") {
            let input = try files.packed(log, by: ["gzip", "-6", "-c"], suffix: ".gz")
            gzip = try compare(
                commands.forktopsy(input.path),
                [commands.ugrep(input.path, ["-z"]), commands.ripgrep(input.path, ["-z"])],
                truth: log.truth, plain: false)
            if let gzip { results.add(gzip, input: "the log as .gz") }
        }
        var zstd: Paired?
        if Launcher.has("zstd") {
            let input = try files.packed(
                log, by: ["zstd", "-3", "-c", "-q"], suffix: ".zst")
            zstd = try compare(
                commands.forktopsy(input.path), [commands.ripgrep(input.path, ["-z"])],
                truth: log.truth, plain: false)
            if let zstd { results.add(zstd, input: "the log as .zst") }
        }
        results.rows += [
            Row(
                "6a", "the log as .gz, CPU", against: "`ugrep -z`", mustHold: 0.65, goFor: 0.25,
                measured: ratio(gzip, to: ["ugrep"])),
            Row(
                "6b", "the same", against: "`rg -z`", mustHold: 0.35, goFor: 0.13,
                measured: ratio(gzip, to: ["rg"])),
            Row(
                "7", "the log as .zst, CPU", against: "`rg -z`", mustHold: 0.35, goFor: 0.25,
                measured: ratio(zstd, to: ["rg"])),
        ]
    }

    mutating func redisAware() throws {
        let input = try files.log(options(256 << 20))
        let paired = try compare(
            commands.forktopsy(input.path), [commands.lnav(input.path)], truth: input.truth,
            counts: ["lnav": input.truth.forkFailures])
        if let paired { results.add(paired, input: "\(Size.text(input.bytes)) log") }
        results.rows.append(
            Row(
                "8", "\(Size.text(input.bytes)) log, wall", against: "`lnav` with a Redis format",
                mustHold: 0.05, goFor: 0.02, measured: ratio(paired, to: ["lnav"], \.wall)))
    }
}
