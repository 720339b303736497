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
        log = log.reordered((0..<log.count).reversed())
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
    /// together in some other order. Parts of several clocks would alternate. Within a part the order of
    /// lines stays.
    private func sort(_ facts: inout InputFacts, _ log: inout EventLog, at lines: [Int]) {
        guard !lines.isEmpty, facts.clock.yearTurns.isEmpty, facts.clock.offsets.count < 2,
            let runs = merged(runs(log, lines), log, facts.clock, switches: 2 * lines.count),
            runs.map(\.events.lowerBound) != runs.map(\.events.lowerBound).sorted()
        else { return }
        log = log.reordered(runs.lazy.flatMap(\.events))
        let times = runs.flatMap { [$0.first, $0.last] }.filter { $0 != .min }
        guard let first = times.min(), let last = times.max() else { return }
        facts.clock.first.nanoseconds = min(facts.clock.first.nanoseconds, first)
        facts.clock.last.nanoseconds = max(facts.clock.last.nanoseconds, last)
        // Parts come one after the other.
        let starts = [1] + lines
        var rank: [Int: Int] = [:]
        for run in runs where rank[run.part] == nil { rank[run.part] = rank.count }
        let total = facts.lines
        facts.moveProcesses { line in
            let part = (starts.lastIndex { $0 <= line }) ?? 0
            return (rank[part] ?? 0) * (total + 1) + line
        }
        facts.problems.append(Extraction.sortedMessage)
    }

    /// Events that follow each other in an input, of one of its parts.
    private struct Run {
        var part: Int
        var events: Range<Int>
        /// Local times in nanoseconds; `.min` where none is known.
        var first = Int64.min
        var last = Int64.min

        func comesBefore(_ other: Run) -> Bool {
            (first, events.lowerBound) < (other.first, other.events.lowerBound)
        }
    }

    /// The parts of a log that begin at `lines`.
    private func runs(_ log: EventLog, _ lines: [Int]) -> [Run] {
        var out = [Run(part: 0, events: 0..<0)]
        var next = 0
        log.forEachHeader { i, _, _ in
            while next < lines.count, log.line(at: i) >= lines[next] {
                next += 1
                out.append(Run(part: next, events: i..<i))
            }
            out[out.count - 1].events = out[out.count - 1].events.lowerBound..<i + 1
        }
        return out.filter { !$0.events.isEmpty }
    }

    /// Parts put into one order by the local times of their events; `nil` where they take turns more
    /// often than `switches`. Of each part one event is looked at, so that memory does not grow with them.
    private func merged(
        _ parts: [Run], _ log: EventLog, _ clock: ClockEvidence, switches: Int
    ) -> [Run]? {
        // An event without a time of its own has that of the one above it.
        func time(_ i: Int, after known: Int64) -> Int64 {
            let stamp = log.stamp(at: i)
            guard stamp.isLocal else { return known }
            return max(known, stamp.nanoseconds - clock.outerAhead(of: stamp, log.line(at: i)))
        }
        var rest = parts
        for i in rest.indices {
            let dated = rest[i].events.lazy.map { time($0, after: .min) }.first { $0 != .min }
            rest[i].first = dated ?? .min
        }
        var out: [Run] = []
        while let next = rest.indices.min(by: { rest[$0].comesBefore(rest[$1]) }) {
            guard out.count <= switches else { return nil }
            var run = rest.remove(at: next)
            run.last = run.first
            let other = rest.min { $0.comesBefore($1) }
            var behind = run
            behind.events = run.events.dropFirst()
            while let i = behind.events.first {
                behind.first = time(i, after: run.last)
                if let other, other.comesBefore(behind) { break }
                run.last = behind.first
                behind.events = behind.events.dropFirst()
            }
            run.events = run.events.lowerBound..<behind.events.lowerBound
            out.append(run)
            if !behind.events.isEmpty { rest.append(behind) }
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

}

extension Extraction {
    fileprivate static let sortedMessage =
        "parts of it do not stand in the order of time; read in that order"

    /// The input as its lines stand, where its parts were sorted; `nil` where they were not.
    ///
    /// What looks like parts in another order may be a zone that changed, which only other inputs
    /// show.
    var inFileOrder: Extraction? {
        guard let message = facts.problems.firstIndex(of: Self.sortedMessage),
            log.count <= Self.sortingLimit
        else { return nil }
        var out = self
        out.facts.problems.remove(at: message)
        let lines = (0..<log.count).map { log.line(at: $0) }
        out.log = log.reordered(lines.indices.sorted { (lines[$0], $0) < (lines[$1], $1) })
        let total = facts.lines
        out.facts.moveProcesses { $0 % (total + 1) }
        if let first = out.facts.processes.first?.first { out.facts.clock.first = first }
        if let last = out.facts.processes.max(by: { $0.lastLine < $1.lastLine })?.last {
            out.facts.clock.last = last
        }
        return out
    }

    /// Events beyond which an input is not sorted back.
    private static let sortingLimit = 1_000_000

    /// Whether time goes on from event to event under these offsets.
    func isInOrder(under spans: [OffsetSpan]) -> Bool {
        var latest = Int64.min / 2
        for i in 0..<log.count {
            let stamp = log.stamp(at: i)
            let line = log.line(at: i)
            guard stamp.isLocal, let span = spans.last(where: { $0.line <= line }) else { continue }
            let at = stamp.nanoseconds &- Int64(span.offsetSeconds) &* 1_000_000_000
            guard at > latest - 5_000_000_000 else { return false }
            latest = max(latest, at)
        }
        return true
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
