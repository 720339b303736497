// SPDX-License-Identifier: Apache-2.0

package import Incidents
package import Model

/// The patterns that hand-written events would have matched, made up as events need them.
package struct HandWrittenPatterns: Sendable {
    package private(set) var all: [PatternInfo] = []
    private var numbers: [String: Int] = [:]

    package init() {}

    mutating func number(of entry: HandWrittenLog.Entry) -> Int {
        let key = entry.patternID + entry.values.map { "|\($0.name)=\($0.text)" }.joined()
        if let number = numbers[key] { return number }
        numbers[key] = all.count
        all.append(
            PatternInfo(
                id: entry.patternID, kind: entry.kind, scope: .server, means: "",
                constants: entry.values, captures: []))
        return all.count - 1
    }
}

extension HandWrittenLog {
    /// The input as correlation gets it, all instants `shift` seconds later.
    package func read(_ patterns: inout HandWrittenPatterns, shift: Double = 0) -> SourceEvents {
        var log = EventLog()
        var instants: [Timestamp?] = []
        for (i, entry) in entries.enumerated() {
            let line = Array(text(entry).utf8)
            log.append(
                pattern: patterns.number(of: entry), header: header(entry), lineNumber: i + 1,
                offset: Int64(i) * 100, line: line.span, message: line.span, messageStart: 0,
                isDecoded: false, captures: [])
            instants.append(instant(entry).map { $0.adding(seconds: shift) })
        }
        log.finish()
        log.place { _, line in instants[line - 1] }
        return SourceEvents(facts: facts, log: log)
    }

    private func instant(_ entry: Entry) -> Timestamp? {
        entry.seconds.map {
            let whole = precision == .second ? $0.rounded(.down) : $0
            return Self.epoch.adding(seconds: whole)
        }
    }

    private func stamp(_ entry: Entry) -> Stamp {
        guard let at = instant(entry) else { return .none }
        return Stamp(
            form: .local, precision: precision,
            nanoseconds: at.nanoseconds + zoneSeconds * 1_000_000_000)
    }

    private func header(_ entry: Entry) -> RecordHeader {
        RecordHeader(
            form: entry.form, stamp: stamp(entry), pid: entry.pid, role: entry.role,
            stream: entry.stream)
    }

    private func text(_ entry: Entry) -> String {
        "\(entry.pid) \(entry.kind.rawValue) "
            + entry.values.map { "\($0.name)=\($0.text)" }.joined(separator: " ")
    }

    private var facts: InputFacts {
        var facts = InputFacts(path: path)
        facts.kind = .log
        facts.lines = entries.count
        facts.records = entries.count
        facts.streams = streams
        for (i, entry) in entries.enumerated() where entry.form != .none && entry.pid != 0 {
            note(entry, line: i + 1, in: &facts)
        }
        return facts
    }

    private func note(_ entry: Entry, line: Int, in facts: inout InputFacts) {
        let known = facts.processes.firstIndex { $0.pid == entry.pid && $0.stream == entry.stream }
        guard let index = known else {
            facts.processes.append(
                ProcessSpan(
                    pid: entry.pid, stream: entry.stream, records: 1,
                    isChild: entry.role == .child, isSentinel: entry.role == .sentinel,
                    firstLine: line, lastLine: line, first: stamp(entry), last: stamp(entry)))
            return
        }
        facts.processes[index].records += 1
        facts.processes[index].lastLine = line
        facts.processes[index].last = stamp(entry)
        if entry.role != .child { facts.processes[index].isChild = false }
    }
}

// MARK: - Correlating

/// Correlates hand-written logs.
package func correlate(
    _ logs: HandWrittenLog..., window: Correlator.Window = .init()
) -> Correlation {
    correlate(logs, window: window)
}

/// Correlates hand-written logs, all instants `shift` seconds later.
package func correlate(
    _ logs: [HandWrittenLog], shift: Double = 0, window: Correlator.Window = .init()
) -> Correlation {
    var patterns = HandWrittenPatterns()
    let sources = logs.map { $0.read(&patterns, shift: shift) }
    return Correlator(sources, patterns: patterns.all).correlate(in: window)
}

extension Timestamp {
    /// Seconds after the epoch of hand-written logs.
    package var seconds: Double { seconds(since: HandWrittenLog.epoch) }
}
