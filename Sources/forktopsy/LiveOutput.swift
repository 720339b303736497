// SPDX-License-Identifier: Apache-2.0

internal import Live
internal import Model
internal import Reports

/// What `tail` prints: lines of JSON, or a text for people.
struct LiveOutput {
    private enum Form { case lines, text }

    private let form: Form
    private let lines: LiveLines
    private var waiting = ""
    /// Whether whoever read has gone.
    private(set) var isClosed = false

    init(_ shared: SharedOptions, redact: Redaction.Mode) throws {
        switch shared.format ?? (isTerminal(1) ? "text" : "jsonl") {
        case "text": form = .text
        case "jsonl": form = .lines
        case let other:
            throw Failure("tail prints text or jsonl, not \(other); see forktopsy incidents")
        }
        if shared.output != nil { throw Failure("tail prints to standard output alone") }
        lines = LiveLines(redact: redact)
    }

    var printsEvents: Bool { form == .lines }

    mutating func tell(_ event: Event, origin: String) {
        waiting += lines.line(event, origin: origin)
        if waiting.utf8.count > 1 << 16 { flush() }
    }

    mutating func tell(_ change: IncidentChange) {
        switch form {
        case .lines: waiting += lines.line(change)
        case .text: waiting += Self.text(change)
        }
    }

    mutating func show(_ report: Report) {}

    mutating func flush() {
        guard !waiting.isEmpty, !isClosed else { return }
        if writeAll(waiting, to: 1) != nil { isClosed = true }
        waiting.removeAll(keepingCapacity: true)
    }

    mutating func finish() { flush() }

    /// `12:01:38 opened fk-… fork_failure, redis 7.2.6, port 6379: 3 failures`
    private static func text(_ change: IncidentChange) -> String {
        let incident = change.incident
        let at =
            [incident.recoveredAt, incident.lastFailureAt, incident.startedAt]
            .compactMap(\.self).first.map { CivilTime(timestamp: $0).clockToSecond } ?? "--:--:--"
        let count = incident.failures.total.map { counted($0, "refused fork") } ?? "by INFO"
        let text =
            "\(at) \(change.kind.rawValue) \(incident.id) \(incident.kind.rawValue), "
            + "\(incident.instance.spoken): \(count). \(incident.verdict.statement)"
        return Literal.line(text) + "\n"
    }
}
