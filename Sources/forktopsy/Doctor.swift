// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import Diagnosis
internal import Incidents
internal import JSON
internal import Live
internal import Matching
internal import Model
internal import Reading
internal import Reports

struct Doctor: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor",
        abstract: "Check this host and its servers before a fork fails.",
        discussion: """
            Changes nothing. Exit codes: 0 all passed, 1 at least one warning, 2 at least one \
            critical, 3 something that matters could not be checked.
            """)

    @Option(help: "text, json or markdown. Default: text on a terminal, else markdown.")
    var format: String?

    @Flag(help: "One line and performance data, for Nagios and its relatives.")
    var monitor = false

    @Flag(help: "Do not read the servers' logs.")
    var noLogs = false

    @Option(help: "What to hide: none, secrets, addresses or all.")
    var redact: String = "secrets"

    @OptionGroup var servers: ServerOptions

    static let schema = "forktopsy.doctor/1"

    func run() async throws {
        guard let mode = Redaction.Mode(rawValue: redact) else {
            throw Failure("--redact \(redact): give none, secrets, addresses or all")
        }
        let name = format ?? (isTerminal(1) ? "text" : "markdown")
        guard ["text", "json", "markdown"].contains(name) else {
            throw Failure("no format \"\(name)\"; there are text, json and markdown")
        }
        let targets = try servers.targets()
        var view = HostView(targets)
        view.readsLogs = !noLogs
        if !noLogs {
            view.logs = Discovery.find(asking: targets.asks ? targets.login : nil).logs
            view.incidents = await earlierIncidents(view.logs)
        }
        var redactor = Redactor(mode: mode)
        let checks = view.checks().map { $0.hidden(&redactor) }
        let report = DoctorReport(at: view.sample.at, checks: checks)
        let text =
            monitor ? report.monitorLine : name == "json" ? report.json : report.text(name)
        if let problem = writeAll(text, to: 1) {
            throw Failure("cannot write to standard output: \(problem)")
        }
        throw ExitCode(report.exitCode)
    }

    /// What the logs of the servers here tell of the past; `nil` where there are none to read.
    private func earlierIncidents(_ logs: [String]) async -> [Incident]? {
        guard !logs.isEmpty, let inputs = try? Inputs(logs),
            let extractions = try? await inputs.extract(
                with: Extractor(catalogue: .builtIn, store: makeEventStore()), jobs: 1,
                verbose: false, quiet: true)
        else { return nil }
        var assembler = Assembler()
        assembler.clocks.now = now()
        let zone = SelectionOptions.hostZone()
        assembler.clocks.hostZone = zone
        let placed = extractions.map { extraction in
            var out = extraction
            out.facts.clock.zoneOfFile = extraction.facts.clock.zoneOfFile(hostZone: zone)
            return out
        }
        return assembler.report(placed, patterns: Catalogue.builtIn.patterns).incidents
    }
}

/// One thing that was looked at, and what came of it.
struct Check: Sendable {
    enum Status: String, Sendable, CaseIterable { case passed, warning, critical, unknown }

    var id: String
    /// The server it is about; `nil` for the host.
    var subject: String?
    var status: Status
    var statement: String
    /// Commands that mend it, or that show what is missing.
    var fix: String?
    /// What the rule rests on.
    var source: String
    /// A figure for monitoring: name, value, unit.
    var figure: (name: String, value: Int64, unit: String)?

    init(
        _ id: String, _ status: Status, _ statement: String, subject: String? = nil,
        fix: String? = nil, source: String,
        figure: (name: String, value: Int64, unit: String)? = nil
    ) {
        self.id = id
        self.subject = subject
        self.status = status
        self.statement = statement
        self.fix = fix
        self.source = source
        self.figure = figure
    }

    func hidden(_ redactor: inout Redactor) -> Check {
        var out = self
        out.statement = redactor.hidden(in: statement)
        out.subject = subject.map { redactor.hidden(in: $0) }
        out.fix = fix.map { redactor.hidden(in: $0) }
        return out
    }
}

/// All checks of a run, and how they are printed.
struct DoctorReport {
    let at: Timestamp
    let checks: [Check]

    private func count(_ status: Check.Status) -> Int { checks.count { $0.status == status } }

    /// After the guidelines for monitoring plugins: the worst that is known wins over what is not.
    var exitCode: Int32 {
        if count(.critical) > 0 { return 2 }
        if count(.warning) > 0 { return 1 }
        return count(.unknown) > 0 ? 3 : 0
    }

    private var status: Check.Status {
        [Check.Status.passed, .warning, .critical, .unknown][Int(exitCode)]
    }

    /// The word of monitoring plugins for it.
    private var worst: String { status == .passed ? "OK" : status.rawValue.uppercased() }

    private var tally: String {
        "\(count(.passed)) passed, \(counted(count(.warning), "warning")), "
            + "\(count(.critical)) critical, \(count(.unknown)) could not be checked"
    }

    /// `FORKTOPSY WARNING - 9 passed, … | 'commit_left'=12B`
    var monitorLine: String {
        let first = checks.first { $0.status == (exitCode == 2 ? .critical : .warning) }
        var out = "FORKTOPSY \(worst) - \(tally)"
        if let first { out += ": \(first.id): \(first.statement)" }
        let figures = checks.compactMap(\.figure).map { "'\($0.name)'=\($0.value)\($0.unit)" }
        let line = Literal.line(out.filter { $0 != "|" })
        return line + (figures.isEmpty ? "" : " | " + figures.joined(separator: " ")) + "\n"
    }

    var json: String {
        JSONValue.object([
            JSONMember("schema", .string(Doctor.schema)),
            JSONMember("at", .string(at.rfc3339)),
            JSONMember("status", .string(status.rawValue)),
            JSONMember("checks", .array(checks.map(\.json))),
        ]).rendered(pretty: true) + "\n"
    }

    func text(_ format: String) -> String {
        let isMarkdown = format == "markdown"
        var out = isMarkdown ? "# Forktopsy doctor: \(tally)\n\n" : "\(tally)\n\n"
        let order: [Check.Status] = [.critical, .warning, .unknown, .passed]
        for status in order {
            for check in checks where check.status == status {
                let name = check.subject.map { "\(check.id), \($0)" } ?? check.id
                let line = Literal.line("\(status.rawValue): \(name): \(check.statement)")
                out += isMarkdown ? "- \(Self.escaped(line))\n" : "\(line)\n"
                guard let fix = check.fix, status != .passed else { continue }
                out += isMarkdown ? "\n  ```sh\n" : ""
                for line in Literal.lines(fix) { out += "  \(isMarkdown ? "" : "  $ ")\(line)\n" }
                out += isMarkdown ? "  ```\n\n" : ""
            }
        }
        return out
    }

    private static func escaped(_ text: String) -> String {
        var out = ""
        for scalar in text.unicodeScalars {
            if "\\`*_[]<>|#".unicodeScalars.contains(scalar) { out += "\\" }
            out.unicodeScalars.append(scalar)
        }
        return out
    }
}

extension Check {
    fileprivate var json: JSONValue {
        let figure = figure.map { figure in
            JSONValue.object([
                JSONMember("name", .string(figure.name)), JSONMember("value", .int(figure.value)),
                JSONMember("unit", .string(figure.unit)),
            ])
        }
        return .object([
            JSONMember("id", .string(id)),
            JSONMember("subject", JSONValue(subject)),
            JSONMember("status", .string(status.rawValue)),
            JSONMember("statement", .string(statement)),
            JSONMember("fix", JSONValue(fix)),
            JSONMember("source", .string(source)),
            JSONMember("figure", figure ?? .null),
        ])
    }
}
