// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import Matching
internal import Model
internal import PatternFiles
internal import Reading
internal import Reports

/// Which patterns tell what a line means.
struct CatalogueOption: ParsableArguments {
    @Option(help: "A directory of pattern files that add to the catalogue or replace entries.")
    var patterns: String?

    func catalogue() throws -> Catalogue {
        guard let patterns else { return .builtIn }
        do {
            return try Catalogue(adding: try readPatternTexts([patterns]))
        } catch let error as CatalogueError {
            throw Failure(error.problems.map(\.description).joined(separator: "\n"))
        }
    }
}

/// Options of the commands that read many inputs at once.
struct ReadingOptions: ParsableArguments {
    @OptionGroup var source: CatalogueOption

    @Option(help: "How many inputs to read at once.")
    var jobs: Int?

    func catalogue() throws -> Catalogue { try source.catalogue() }
}

/// Which incidents are wanted, and what is known of the clocks.
struct SelectionOptions: ParsableArguments {
    @Option(
        parsing: .unconditional,
        help: "Leave out what is older: an RFC 3339 time, or -2h back from the newest record.")
    var since: String?

    @Option(parsing: .unconditional, help: "Leave out what is newer.")
    var until: String?

    @Option(help: "Only this server: a port, a process id, or part of a host, unit or log name.")
    var instance: String?

    @Option(
        help: ArgumentHelp(
            "Zone of stamps that carry none: an IANA name or +05:30, for all inputs or for those "
                + "whose path matches a glob. Repeatable.",
            valueName: "[GLOB=]ZONE"))
    var tz: [String] = []

    @Option(help: "Year of the newest stamp that carries none.")
    var year: Int?
}

/// How the program speaks.
struct SpeechOptions: ParsableArguments {
    @Option(help: "What to hide: none, secrets, addresses or all.")
    var redact: String = "secrets"

    @Flag(help: "No colour, as NO_COLOR in the environment says too.")
    var noColor = false

    @Flag(help: "Print nothing but the report.")
    var quiet = false

    @Flag(help: "Say on standard error what is being read.")
    var verbose = false

    /// The mode of redaction; throws where there is none of that name.
    func redaction() throws -> Redaction.Mode {
        guard let mode = Redaction.Mode(rawValue: redact) else {
            throw Failure("--redact \(redact): give none, secrets, addresses or all")
        }
        return mode
    }

    /// Whether colour is wanted where there is a terminal.
    var allowsColor: Bool { !noColor && (environment("NO_COLOR") ?? "").isEmpty }
}

/// Options of the commands that print a report.
struct SharedOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "text, markdown, github, gitlab, jira, adf, html, json, jsonl or timesketch. Default: "
                + "text on a terminal, else markdown."))
    var format: String?

    @Option(help: "What the report is for: ticket, postmortem or brief.")
    var layout: String = "ticket"

    @Option(
        help: ArgumentHelp(
            "Characters that the body may have; what matters least is left out and named. The "
                + "limits of github, gitlab, jira and adf hold without it.", valueName: "CHARS"))
    var budget: Int?

    @Flag(
        help: ArgumentHelp(
            "Print only the report's title, as plain text on one line of at most 250 characters "
                + "or those of --budget: for a tracker's title field."))
    var title = false

    @Option(help: "Write the report to a file, whole or not at all.")
    var output: String?

    @Option(
        help: ArgumentHelp(
            "Tell only what is new since an earlier report, which --format json has printed.",
            valueName: "REPORT"))
    var update: String?

    @Option(
        help: ArgumentHelp(
            "A file with a secret of at least 16 bytes: the same address has the same pseudonym in "
                + "all reports made with it.", valueName: "FILE"))
    var redactKey: String?

    @OptionGroup var selection: SelectionOptions
    @OptionGroup var speech: SpeechOptions

    var quiet: Bool { speech.quiet }
    var verbose: Bool { speech.verbose }
}

extension SelectionOptions {
    func clocks() throws -> ClockOptions {
        var out = ClockOptions()
        if let year, !(1970...2199).contains(year) {
            throw Failure("--year \(year): give a year from 1970 to 2199")
        }
        out.newestYear = year
        out.now = now()
        for text in tz {
            let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
                .map(String.init)
            let zone = parts.last ?? ""
            out.zones.append((parts.count == 2 ? parts.first : nil, try zoneRules(zone)))
        }
        return out
    }

    /// The zone that this host keeps: that of TZ, else of /etc/localtime; UTC where neither tells.
    static func hostZone() -> TimeZoneRules {
        let name = environment("TZ").map { String($0.drop { $0 == ":" }) } ?? ""
        let path =
            name.isEmpty
            ? "/etc/localtime" : name.hasPrefix("/") ? name : "/usr/share/zoneinfo/\(name)"
        return readSmallFile(path).flatMap { TimeZoneRules(name: "host", tzif: $0) } ?? .utc
    }

    private func zoneRules(_ name: String) throws -> TimeZoneRules {
        if let fixed = TimeZoneRules(offset: name) { return fixed }
        guard let rules = zoneFile(name) else {
            throw Failure(
                "no time zone \"\(name)\" in \(zoneDirectory()); give an IANA name that is installed "
                    + "there, or an offset such as +01:00"
            )
        }
        return rules
    }

    /// What the options ask of the second half. `sinceNow`: distances count back from now.
    func assembler(sinceNow: Bool = false) throws -> Assembler {
        var assembler = Assembler()
        assembler.clocks = try clocks()
        assembler.since = try Self.bound(since, "--since")
        assembler.until = try Self.bound(until, "--until")
        if sinceNow {
            assembler.since = assembler.since?.counted(from: now())
            assembler.until = assembler.until?.counted(from: now())
        }
        if case .instant(let since)? = assembler.since, case .instant(let until)? = assembler.until,
            since > until
        {
            throw Failure("--since lies after --until")
        }
        assembler.instance = instance
        return assembler
    }

    static func bound(_ text: String?, _ option: String) throws -> Assembler.TimeBound? {
        guard let text else { return nil }
        if text.hasPrefix("-"), let seconds = secondsBack(text.dropFirst()) {
            return .beforeNewest(seconds: seconds)
        }
        guard let at = instant(rfc3339: text) else {
            throw Failure(
                "\(option) \(text): give a time as 2026-11-22T12:00:00Z, or a distance such as -2h")
        }
        return .instant(at)
    }

    private static func secondsBack(_ text: Substring) -> Double? {
        let units: [Character: Double] = ["s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800]
        guard let unit = text.last.flatMap({ units[$0] }), let count = Double(text.dropLast()),
            count >= 0
        else { return nil }
        return count * unit
    }

}

extension SharedOptions {
    func reportOptions() throws -> ReportOptions {
        let name = format ?? (isTerminal(1) && output == nil ? "text" : "markdown")
        let format = try ReportFormat(named: name)
        var out = ReportOptions(format: format)
        let mode = try speech.redaction()
        out.redact = mode
        out.key = try pseudonymKey(mode)
        guard let layout = Layout(rawValue: layout) else {
            throw Failure(
                "--layout \(layout): give "
                    + Layout.allCases.map(\.rawValue).joined(separator: ", "))
        }
        out.layout = layout
        out.isTitleOnly = title
        out.budget = try title ? checkedTitleLength() : format.checked(budget: budget)
        out.earlier = try earlierReport(format)
        out.width = terminalWidth()
        out.color = isTerminal(1) && output == nil && speech.allowsColor
        return out
    }
}

extension SharedOptions {
    private func checkedTitleLength() throws -> Int? {
        if let budget, budget < 20 { throw Failure("--budget \(budget): give at least 20") }
        return budget
    }

    private func earlierReport(_ format: ReportFormat) throws -> EarlierReport? {
        guard let update else { return nil }
        guard format.isProse else {
            throw Failure("--update: \(format.rawValue) is data, which is printed whole")
        }
        guard let bytes = readSmallFile(update, limit: 256 << 20) else {
            throw Failure("\(update): cannot be read")
        }
        let earlier: EarlierReport
        do {
            earlier = try EarlierReport(parsing: String(decoding: bytes, as: UTF8.self))
        } catch {
            throw Failure("\(update): \(error.reason)")
        }
        guard earlier.redaction == speech.redact else {
            throw Failure("\(update) was made with --redact \(earlier.redaction); use the same")
        }
        return earlier
    }

    private func pseudonymKey(_ mode: Redaction.Mode) throws -> PseudonymKey? {
        guard let redactKey else { return nil }
        guard mode == .addresses || mode == .all else {
            throw Failure("--redact-key needs --redact addresses or --redact all")
        }
        guard let bytes = readSmallFile(redactKey) else {
            throw Failure("\(redactKey): cannot be read; make a key with head -c 32 /dev/urandom")
        }
        guard let key = PseudonymKey(bytes) else {
            throw Failure(
                "\(redactKey): a key has at least \(PseudonymKey.leastLength) bytes")
        }
        return key
    }
}

/// Reads pattern files: files as they are, directories with all `*.toml` below them.
func readPatternTexts(_ paths: [String]) throws -> [PatternText] {
    var out: [PatternText] = []
    for path in paths {
        guard let status = FileStatus(path: path) else {
            throw Failure("\(path): no such file or directory")
        }
        if status.kind != .directory {
            // The id of a pattern names its folder and its file.
            let name = path.split(separator: "/").suffix(2).joined(separator: "/")
            out.append(try patternText(path, name: name))
            continue
        }
        var walker = InputWalker()
        do { try walker.add(path) } catch { throw Failure("\(path): \(error.reason)") }
        for found in walker.found where found.name.hasSuffix(".toml") {
            let below = found.path.dropFirst(path.count).drop { $0 == "/" }
            out.append(try patternText(found.path, name: String(below)))
        }
    }
    return out
}

private func patternText(_ path: String, name: String) throws -> PatternText {
    guard let bytes = readSmallFile(path) else { throw Failure("\(path): cannot be read") }
    return PatternText(path: path, name: name, bytes: bytes)
}

extension ReportFormat {
    init(named name: String) throws {
        guard let format = ReportFormat(rawValue: name) else {
            throw Failure(
                "no format \"\(name)\"; there are "
                    + "\(ReportFormat.allCases.map(\.rawValue).joined(separator: ", "))")
        }
        self = format
    }

    /// The budget, where a report of this format can have one of that size.
    func checked(budget: Int?) throws -> Int? {
        guard let budget else { return nil }
        guard isProse else {
            throw Failure("--budget: \(rawValue) is data, which cannot be cut short")
        }
        guard budget >= leastBudget else {
            throw Failure("--budget \(budget): give at least \(leastBudget)")
        }
        return budget
    }
}

/// The rules of a time zone by its name in the zone database of this host, by an offset, or by a rule
/// as POSIX writes it; `nil` where it is none of them.
func installedZone(_ name: String) -> TimeZoneRules? {
    TimeZoneRules(offset: name) ?? zoneFile(name) ?? TimeZoneRules(posix: name)
}

private func zoneDirectory() -> String { environment("TZDIR") ?? "/usr/share/zoneinfo" }

private func zoneFile(_ name: String) -> TimeZoneRules? {
    let isPath = name.hasPrefix("/") || name.split(separator: "/").contains("..")
    guard !isPath, !name.isEmpty, let bytes = readSmallFile("\(zoneDirectory())/\(name)") else {
        return nil
    }
    return TimeZoneRules(name: name, tzif: bytes)
}
