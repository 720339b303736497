// SPDX-License-Identifier: Apache-2.0

internal import Live
internal import Model
internal import Reports

/// What `tail` prints: lines of JSON, or a view for people that shows open incidents in place.
struct LiveOutput {
    private enum Form { case lines, text, silent }

    private let form: Form
    private let lines: LiveLines
    private let isView: Bool
    private let color: Bool
    private var waiting = ""
    /// Lines of the view that the next one replaces.
    private var viewHeight = 0
    private var view: [String] = []
    /// Whether whoever read has gone.
    private(set) var isClosed = false

    init(_ format: String?, _ speech: SpeechOptions, redact: Redaction.Mode) {
        switch format ?? (isTerminal(1) ? "text" : "jsonl") {
        case "text": form = .text
        case "jsonl": form = .lines
        // One report, at the end.
        default: form = .silent
        }
        lines = LiveLines(redact: redact)
        isView = form == .text && isTerminal(1)
        color = isView && speech.allowsColor
    }

    var printsEvents: Bool { form == .lines }
    /// Whether figures that change by themselves are shown.
    var needsRefresh: Bool { isView }

    func line(_ change: IncidentChange) -> String { lines.line(change) }

    mutating func tell(_ event: Event, origin: String, clock: inout LiveClock) {
        waiting += lines.line(event, origin: origin, clock: &clock)
        flushIfLong()
    }

    mutating func tell(_ change: IncidentChange) {
        switch form {
        case .lines: waiting += lines.line(change)
        case .silent: break
        // What grows is shown in place.
        case .text where isView && change.kind == .updated: break
        case .text:
            let text = Self.text(change)
            waiting += (isView ? Self.wrapped(text, width: terminalWidth()) : text) + "\n"
        }
        flushIfLong()
    }

    /// After a start all incidents are told at once, which may be hundreds.
    private mutating func flushIfLong() { if waiting.utf8.count > 1 << 16 { flush() } }

    /// Shows open incidents, what is followed, and memory now.
    mutating func show(_ report: Report, following: Int, memory: String) {
        guard isView else { return }
        let width = max(20, terminalWidth() - 1)
        let open = report.incidents.filter { $0.status == .ongoing_at_end }
        let shown = open.suffix(4)
        view = shown.flatMap { incident in
            let count = incident.failures.total.map { counted($0, "refused fork") } ?? "by INFO"
            let text =
                "open \(incident.id) \(incident.instance.spoken): \(count)"
                + Self.times(incident) + ". " + incident.verdict.statement
            return Self.wrapped(Literal.line(text), width: width + 1)
                .split(separator: "\n").map(String.init)
        }
        if open.count > shown.count {
            view.append("and \(open.count - shown.count) more open incidents")
        }
        view += report.outlook.suffix(4).map {
            "\($0.instance.spoken): \($0.statement)"
        }
        view.append("following \(counted(following, "log")); \(memory)")
        // What is higher than the terminal could not be replaced.
        view = view.suffix(20).map { String(Literal.line($0).prefix(width)) }
        flush(redraw: true)
    }

    mutating func flush() { flush(redraw: false) }

    private mutating func flush(redraw: Bool) {
        guard !isClosed, !waiting.isEmpty || redraw else { return }
        var text = ""
        if isView {
            if viewHeight > 0 { text += "\u{1B}[\(viewHeight)A\r\u{1B}[J" }
            text += waiting
            var isOpen = false
            for line in view {
                isOpen = line.hasPrefix("open ") || isOpen && line.hasPrefix("  ")
                text += color && isOpen ? "\u{1B}[31m\(line)\u{1B}[0m\n" : line + "\n"
            }
            viewHeight = view.count
        } else {
            text = waiting
        }
        if !text.isEmpty, writeAll(text, to: 1) != nil { isClosed = true }
        waiting.removeAll(keepingCapacity: true)
    }

    mutating func finish() { flush() }

    /// ` since 12:00:01Z, the last at 12:01:38Z`
    private static func times(_ incident: Incident) -> String {
        func clock(_ at: Timestamp) -> String { CivilTime(timestamp: at).clockToSecond + "Z" }
        let start = incident.startedAt.map { " since \(clock($0))" } ?? ""
        guard let last = incident.lastFailureAt, last != incident.startedAt else { return start }
        return start + ", the last at \(clock(last))"
    }

    /// Breaks a line between words; what follows is indented.
    static func wrapped(_ text: String, width: Int) -> String {
        var out = ""
        var column = 0
        for word in text.split(separator: " ") {
            if column > 0, column + 1 + word.count > width - 1 {
                out += "\n  " + word
                column = 2 + word.count
            } else {
                out += (column > 0 ? " " : "") + word
                column += (column > 0 ? 1 : 0) + word.count
            }
        }
        return out
    }

    /// `12:01:38 opened fk-… fork_failure, redis 7.2.6, port 6379: 3 failures`
    private static func text(_ change: IncidentChange) -> String {
        let incident = change.incident
        let at = [incident.recoveredAt, incident.lastFailureAt, incident.startedAt]
            .compactMap(\.self).first.map { CivilTime(timestamp: $0).clockToSecond + "Z" }
        let count = incident.failures.total.map { counted($0, "refused fork") } ?? "by INFO"
        return Literal.line(
            "\(at ?? "--:--:--") \(change.kind.rawValue) \(incident.id) "
                + "\(incident.kind.rawValue), \(incident.instance.spoken): \(count). "
                + incident.verdict.statement)
    }
}
