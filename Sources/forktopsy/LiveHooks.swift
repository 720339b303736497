// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import Live
internal import Model
internal import Reports

/// What `tail` does about an incident besides printing it.
struct HookOptions: ParsableArguments {
    @Option(help: ArgumentHelp("Keep one report for each incident here.", valueName: "dir"))
    var ticketDir: String?

    @Option(
        help: ArgumentHelp(
            "Run this on each change of an incident, with the incident as JSON on its input.",
            valueName: "program"))
    var onIncident: String?

    @Option(
        parsing: .unconditionalSingleValue,
        help: ArgumentHelp("An argument for that program. Repeatable.", valueName: "text"))
    var onIncidentArg: [String] = []

    @Option(
        help: ArgumentHelp(
            "Write metrics here, for the textfile collector of node_exporter.", valueName: "file"))
    var textfile: String?
}

/// Tickets, programs and metrics.
///
/// Programs run one after the other, beside the reading, each with a time limit. Of updates that
/// wait only the last of an incident is told.
struct LiveHooks {
    private let options: HookOptions
    private let say: (String) -> Void
    private let redact: Redaction.Mode
    private var running: Running?
    private var waiting: [Waiting] = []
    /// When each incident was told last (monotonic seconds).
    private var toldAt: [String: Double] = [:]
    private var metricsProblem: String?
    private var ticketProblem: String?

    private struct Running {
        var child: ChildProcess
        var input: ArraySlice<UInt8>
        var deadline: Double
        var id: String
    }

    private struct Waiting {
        var id: String
        var kind: IncidentChange.Kind
        var input: [UInt8]
        /// Not before this moment (monotonic seconds).
        var due: Double
    }

    /// Seconds between two updates of one incident.
    private static let pause = 60.0
    /// Seconds that a program may run.
    private static let limit = 30.0
    /// Changes that wait; the oldest updates are dropped first.
    private static let queue = 1000

    init(_ options: HookOptions, redact: Redaction.Mode, say: @escaping (String) -> Void) {
        self.options = options
        self.redact = redact
        self.say = say
    }

    /// Descriptors that a program's input is written to.
    var writing: [Int32] { running.map(\.child.input).map { $0 >= 0 ? [$0] : [] } ?? [] }

    /// When something is to be done at the latest (monotonic seconds).
    var deadline: Double? {
        running?.deadline ?? waiting.map(\.due).min()
    }

    var isIdle: Bool { running == nil && waiting.isEmpty }
}

// MARK: - Changes

extension LiveHooks {
    mutating func tell(_ change: IncidentChange, _ line: String, in report: Report, now: Double) {
        if let folder = options.ticketDir { writeTicket(change, report, folder) }
        guard options.onIncident != nil else { return }
        let id = change.incident.id
        waiting.removeAll { $0.id == id && $0.kind == .updated }
        let last = toldAt[id] ?? -.infinity
        let due = change.kind == .updated ? max(now, last + Self.pause) : now
        waiting.append(Waiting(id: id, kind: change.kind, input: Array(line.utf8), due: due))
        if waiting.count > Self.queue {
            let index = waiting.firstIndex { $0.kind == .updated } ?? 0
            let dropped = waiting.remove(at: index)
            say(
                "\(options.onIncident ?? ""): too many changes wait; one of \(dropped.id) is left out"
            )
        }
    }

    private mutating func writeTicket(_ change: IncidentChange, _ report: Report, _ folder: String)
    {
        var own = report
        own.incidents = [change.incident]
        // Tickets of several hosts lie side by side.
        own.incidents[0].instance.host = change.incident.instance.host ?? HostName.own
        own.outlook = report.outlook.filter { $0.instance == change.incident.instance }
        own.verdict = change.incident.verdict.statement
        var options = ReportOptions(format: .markdown)
        options.redact = redact
        var text = own.rendered(options)
        if change.kind == .withdrawn {
            let heir = report.incidents.first { $0.supersedes.contains(change.incident.id) }
            text =
                "Withdrawn: " + (heir.map { "part of \($0.id)." } ?? "no longer an incident.")
                + "\n\n" + text
        }
        do throws(LiveError) {
            try Directory.make(folder)
            try replaceFile("\(folder)/\(change.incident.id).md", with: Array(text.utf8))
            ticketProblem = nil
        } catch {
            if ticketProblem == nil { say("cannot write to \(folder): \(error.reason)") }
            ticketProblem = error.reason
        }
    }

    /// Starts, feeds and ends programs; never waits.
    mutating func work(now: Double) {
        if var run = running {
            while !run.input.isEmpty {
                guard let count = run.child.write(run.input), count > 0 else {
                    if run.child.input >= 0, run.child.write(run.input) == nil {
                        run.child.closeInput()
                    }
                    break
                }
                run.input = run.input.dropFirst(count)
            }
            if run.input.isEmpty { run.child.closeInput() }
            running = run
            if let status = run.child.ended() {
                if status != 0 { say("\(options.onIncident ?? "") ended with status \(status)") }
                running = nil
            } else if now >= run.deadline {
                say("\(options.onIncident ?? "") took more than \(Int(Self.limit)) s; ended")
                run.child.kill()
                running = nil
            }
        }
        guard running == nil, let index = waiting.firstIndex(where: { $0.due <= now }) else {
            return
        }
        start(waiting.remove(at: index), now: now)
    }

    private mutating func start(_ next: Waiting, now: Double) {
        guard let program = options.onIncident else { return }
        toldAt[next.id] = now
        do throws(LiveError) {
            let child = try ChildProcess(
                program, options.onIncidentArg, takesInput: true, output: .standardError)
            running = Running(
                child: child, input: next.input[...], deadline: now + Self.limit, id: next.id)
            work(now: now)
        } catch {
            say("\(program) cannot be started: \(error.reason)")
        }
    }

    /// Makes what waits due at once.
    mutating func hurry() {
        for i in waiting.indices { waiting[i].due = -.infinity }
    }
}

// MARK: - Metrics

extension LiveHooks {
    /// Writes the metrics of what is known now, in the text format of Prometheus (0.0.4).
    mutating func writeMetrics(_ report: Report, _ sources: [LiveSource], stateProblem: String?) {
        guard let path = options.textfile else { return }
        var redactor = Redactor(mode: redact)
        let metrics = LiveMetrics(redactor.redacted(report), sources, stateProblem: stateProblem)
        do throws(LiveError) {
            try replaceFile(path, with: Array(metrics.text.utf8))
            metricsProblem = nil
        } catch {
            if metricsProblem == nil { say("cannot write \(path): \(error.reason)") }
            metricsProblem = error.reason
        }
    }
}
