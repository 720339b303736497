// SPDX-License-Identifier: Apache-2.0
// Inputs that do not stand in the order of time, and clocks that were set back.

internal import Matching
internal import Model
internal import Reading

extension Extractor {
    /// Puts the events of an input into the order of time, and decides which of its clock's setbacks
    /// are changes of zone. Lines keep their numbers.
    ///
    /// A server writes its log in order. Where a stamp falls back, either the clock changed (for the
    /// winter; or to another zone, which needs a restart) or the parts were put together later.
    func order(_ facts: inout InputFacts, _ log: inout EventLog) {
        let isNewestFirst = facts.clock.isNewestFirst
        let setbacks = facts.clock.setbacks
        facts.clock.setbacks = []
        if isNewestFirst { turn(&facts, &log) }
        guard !isNewestFirst, setbacks.count <= ClockEvidence.setbackLimit else { return }
        let changes = setbacks.map { zoneChange($0, log) }
        facts.clock.setbacks = changes.compactMap(\.self)
        if setbacks.isEmpty {
            sort(&facts, &log, at: shortSetbacks(facts, log))
        } else if changes.allSatisfy({ $0 == nil }) {
            sort(&facts, &log, at: setbacks.map(\.line))
        }
    }

    /// What local time lost against UTC at a setback, if it is one of the clock's zone.
    private func zoneChange(_ setback: ClockSetback, _ log: EventLog) -> ClockSetback? {
        // A process that goes on writing: its host's zone has changed, or it is the end of summer time
        // where the clock goes back by half an hour. Parts that were put together in another order
        // hardly lie a whole number of half hours apart.
        let halves = (setback.seconds + 1799) / 1800
        if setback.isWithinProcess, halves <= 26 * 2,
            halves * 1800 - setback.seconds < (setback.repeatsHours ? 300 : 30)
        {
            return ClockSetback(line: setback.line, seconds: halves * 1800)
        }
        if setback.mayBeDaylightSaving { return ClockSetback(line: setback.line, seconds: 3600) }
        // Zones lie on quarters of an hour, and a restart takes a few minutes at most.
        let quarters = (setback.seconds + 899) / 900
        guard quarters <= 26 * 4, quarters * 900 - setback.seconds < 300,
            startsServer(log, within: setback.line...setback.line + 3)
        else { return nil }
        return ClockSetback(line: setback.line, seconds: quarters * 900)
    }

    private func startsServer(_ log: EventLog, within lines: ClosedRange<Int>) -> Bool {
        var found = false
        log.forEachHeader { i, pattern, _ in
            guard !found, catalogue.patterns[pattern].kind == .server_starting else { return }
            found = lines.contains(log.position(at: i, input: 0).line)
        }
        return found
    }

    // MARK: - Order

    private func turn(_ facts: inout InputFacts, _ log: inout EventLog) {
        log = reordered(log, (0..<log.count).reversed())
        swap(&facts.clock.first, &facts.clock.last)
        facts.clock.yearTurns = []
        let end = facts.lines + 1
        facts.moveProcesses { end - $0 }
        facts.problems.append("the newest line stands first; read in the order of time")
    }

    /// The lines of events at which time falls back by less than a change of zone, where what stands
    /// between them never overlaps in time: a clock that was set back runs through the same minutes
    /// again, parts that were pasted in another order do not.
    private func shortSetbacks(_ facts: InputFacts, _ log: EventLog) -> [Int] {
        guard (1...8).contains(facts.clock.backwardSteps), log.count > 3 else { return [] }
        var parts: [(line: Int, first: Int64, last: Int64)] = []
        for i in 0..<log.count {
            let stamp = log.stamp(at: i)
            guard stamp.isLocal else { continue }
            let line = log.position(at: i, input: 0).line
            let at = stamp.nanoseconds - facts.clock.outerAhead(of: stamp, line)
            if let last = parts.last?.last, at > last - 5_000_000_000 {
                parts[parts.count - 1].last = max(last, at)
            } else {
                parts.append((line, at, at))
            }
        }
        guard parts.count > 1, parts.allSatisfy({ $0.last > $0.first }) else { return [] }
        let sorted = parts.sorted { $0.first < $1.first }
        let isApart = zip(sorted, sorted.dropFirst()).allSatisfy { $0.last < $1.first }
        return isApart ? parts.dropFirst().map(\.line) : []
    }

    /// Sorts the parts that begin at `lines` by time, where they hardly interleave: then they were put
    /// together in some other order. Parts of several clocks would alternate.
    private func sort(_ facts: inout InputFacts, _ log: inout EventLog, at lines: [Int]) {
        guard !lines.isEmpty, facts.clock.yearTurns.isEmpty, facts.clock.offsets.count < 2 else {
            return
        }
        let events = timed(log, facts.clock, lines)
        let sorted = events.sorted { ($0.at, $0.index) < ($1.at, $1.index) }
        let switches = zip(sorted, sorted.dropFirst()).count { $0.part != $1.part }
        guard let first = sorted.first(where: { $0.at != .min }), let last = sorted.last,
            switches <= 2 * lines.count,
            sorted.map(\.index) != events.map(\.index)
        else { return }
        log = reordered(log, sorted.map(\.index))
        facts.clock.first.nanoseconds = min(facts.clock.first.nanoseconds, first.at)
        facts.clock.last.nanoseconds = max(facts.clock.last.nanoseconds, last.at)
        // Parts come one after the other; within a part the order of lines stays.
        let starts = [1] + lines
        var rank: [Int: Int] = [:]
        for event in sorted where rank[event.part] == nil { rank[event.part] = rank.count }
        let total = facts.lines
        facts.moveProcesses { line in
            let part = (starts.lastIndex { $0 <= line }) ?? 0
            return (rank[part] ?? 0) * (total + 1) + line
        }
        facts.problems.append("parts of it do not stand in the order of time; read in that order")
    }

    /// The local time of each event, or of the one above it, and the part in which it stands.
    private func timed(
        _ log: EventLog, _ evidence: ClockEvidence, _ lines: [Int]
    ) -> [(index: Int, at: Int64, part: Int)] {
        var out: [(index: Int, at: Int64, part: Int)] = []
        for i in 0..<log.count {
            let line = log.position(at: i, input: 0).line
            let stamp = log.stamp(at: i)
            let at =
                stamp.isLocal
                ? stamp.nanoseconds - evidence.outerAhead(of: stamp, line) : out.last?.at ?? .min
            out.append((i, at, lines.count { $0 <= line }))
        }
        return out
    }

    /// Marks events without a header as quotations.
    func quote(_ log: inout EventLog) {
        var out = EventLog(store: store)
        for i in 0..<log.count {
            var event = log.packed(at: i)
            if event.header.form == .none { event.header.form = .quoted }
            out.append(event)
        }
        log = out
    }

    private func reordered(_ log: EventLog, _ order: some Sequence<Int>) -> EventLog {
        var out = EventLog(store: store)
        for i in order { out.append(log.packed(at: i)) }
        out.finish()
        return out
    }
}

extension InputFacts {
    /// Moves the lines between which processes wrote, and the times with them.
    fileprivate mutating func moveProcesses(_ place: (Int) -> Int) {
        for i in processes.indices {
            let process = processes[i]
            let (first, last) = (place(process.firstLine), place(process.lastLine))
            guard first > last else {
                (processes[i].firstLine, processes[i].lastLine) = (first, last)
                continue
            }
            (processes[i].firstLine, processes[i].lastLine) = (last, first)
            (processes[i].first, processes[i].last) = (process.last, process.first)
        }
        processes.sort { $0.firstLine < $1.firstLine }
    }
}
