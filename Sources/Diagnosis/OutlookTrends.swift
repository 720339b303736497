// SPDX-License-Identifier: Apache-2.0

internal import Model

/// What gets worse while forks still succeed: longer forks, more copies, saves that take as long as
/// they are apart, memory that runs out.
struct OutlookTrends {
    private let summary: InstanceSummary
    private let facts: Case

    init(_ summary: InstanceSummary, _ readings: Readings) {
        self.summary = summary
        var subject = Incident(kind: .fork_failure, instance: summary.instance)
        subject.readings = readings
        subject.startedAt = readings.snapshots.compactMap { $0.isFileTime ? nil : $0.at }.max()
        facts = Case(subject, sources: [])
    }

    func fill(_ out: inout Outlook) {
        for note in [forks, copies, pace, available].compactMap(\.self) {
            out.statement += " \(note.statement)"
            out.evidence += note.evidence
        }
    }

    /// What is watched for less, in seconds, shows no trend.
    private static let shortest = 600.0

    private struct Note {
        var statement: String
        var evidence: [Evidence] = []
    }

    // MARK: - Steps of INFO

    /// Readings that differ from the one before, of the process that was read last.
    private func steps(_ measure: Measure) -> [Measured] {
        let all = facts.incident.readings.all(measure, where: Case.isServer).filter {
            $0.at != nil && !$0.placed.isFileTime && !$0.placed.snapshot.isChange && $0.real > 0
        }
        var out: [Measured] = []
        for reading in all where reading.subject.pid == all.last?.subject.pid {
            if out.last?.real != reading.real { out.append(reading) }
        }
        return out
    }

    /// The first and the last of three at least, where the last is among the highest and half as
    /// much again as the first; not within minutes, in which data are loaded.
    private func rise(_ measure: Measure) -> (first: Measured, last: Measured)? {
        let steps = steps(measure)
        guard let first = steps.first, let last = steps.last, steps.count >= 3,
            last.real >= first.real * 1.5, let from = first.at, let to = last.at,
            to.seconds(since: from) >= Self.shortest,
            last.real >= 0.9 * (steps.map(\.real).max() ?? last.real)
        else { return nil }
        return (first, last)
    }

    private func cite(_ rise: (first: Measured, last: Measured)) -> [Evidence] {
        [
            facts.cite(rise.first, .for, "\(rise.first.measure.name), first"),
            facts.cite(rise.last, .for, "\(rise.last.measure.name), last"),
        ]
    }

    private func span(_ rise: (first: Measured, last: Measured)) -> String {
        guard let from = rise.first.at, let to = rise.last.at else { return "" }
        return " within \(spokenDuration(seconds: to.seconds(since: from)))"
    }

    // MARK: - What rises

    /// Below 50 ms nobody notices.
    private var forks: Note? {
        guard let rise = rise(.latestForkSeconds), rise.last.real >= 0.05 else { return nil }
        return Note(
            statement: "Forks take longer: \(milliseconds(rise.first)) at first, "
                + "\(milliseconds(rise.last)) at last\(span(rise)); for so long the server answers "
                + "nobody.",
            evidence: cite(rise))
    }

    private func milliseconds(_ reading: Measured) -> String {
        if reading.real < 0.001 { return "less than 1 ms" }
        return reading.real < 1
            ? "\(Int((reading.real * 1000).rounded())) ms" : spokenDuration(seconds: reading.real)
    }

    /// By the lines of the log, which tell of every save; else by INFO.
    private var copies: Note? {
        let least: Int64 = 64 << 20
        func statement(_ first: ByteCount, _ last: ByteCount, _ span: String) -> String {
            "Saves copy more: \(first.description) at first, \(last.description) at last\(span)."
        }
        if let first = summary.copiedFirst, let last = summary.copiedLast {
            guard last.bytes >= least, Double(last.bytes) >= Double(first.bytes) * 1.5,
                Double(last.bytes) >= 0.9 * Double(summary.copyOnWritePeak?.bytes ?? last.bytes)
            else { return nil }
            return Note(statement: statement(first, last, ""))
        }
        guard let rise = rise(.lastSaveCopied), rise.last.number >= least else { return nil }
        return Note(
            statement: statement(
                ByteCount(bytes: rise.first.number), ByteCount(bytes: rise.last.number),
                span(rise)),
            evidence: cite(rise))
    }

    /// A save that takes longer than its save point's interval.
    private var pace: Note? {
        if let seconds = facts.recent(.lastSaveSeconds, within: 600, where: Case.isServer),
            let save = facts.setting(.configSave, where: Case.isServer),
            let shortest = OverlappingSaves.shortestInterval(save.text),
            seconds.real >= Double(shortest)
        {
            return Note(
                statement: told("The last save", seconds.real, shortest),
                evidence: [
                    facts.cite(seconds, .for, "length of the last save"),
                    facts.cite(save.reading, .for, "save points: \(save.text)"),
                ])
        }
        guard let longest = summary.saves.longestSeconds, let shortest = summary.savePointSeconds,
            longest >= Double(shortest)
        else { return nil }
        return Note(statement: told("The longest save", longest, shortest))
    }

    private func told(_ save: String, _ seconds: Double, _ interval: Int) -> String {
        "\(save) took \(spokenDuration(seconds: seconds)), as long as its save point's interval of "
            + "\(spokenDuration(seconds: Double(interval))) or longer: with enough writes a child is "
            + "always at work."
    }

    /// Whether what falls is a trend and no passing load: it was watched for ten minutes at least, and
    /// fell in the later half at half the pace of the whole or faster.
    static func goesOn(_ points: [(at: Timestamp, value: Double)]) -> Bool {
        guard let first = points.first, let last = points.last,
            last.at.seconds(since: first.at) >= shortest
        else { return false }
        let half = first.at.adding(seconds: last.at.seconds(since: first.at) / 2)
        guard let middle = points.last(where: { $0.at <= half }), middle.at < last.at else {
            return false
        }
        let pace = (first.value - last.value) / last.at.seconds(since: first.at)
        let later = (middle.value - last.value) / last.at.seconds(since: middle.at)
        return pace > 0 && later >= pace / 2
    }

    /// MemAvailable that falls, and when none would be left; told where that is within a day.
    private var available: Note? {
        let all = facts.incident.readings.all(.memAvailable, where: Case.isHost).filter {
            $0.at != nil && !$0.placed.isFileTime
        }
        guard let first = all.first, let last = all.last, let from = first.at, let to = last.at,
            all.count >= Growth.fewest,
            Self.goesOn(all.map { ($0.at ?? from, Double($0.number)) }),
            Double(last.number) <= Double(first.number) * 0.9,
            Double(last.number) <= 1.1 * (all.map { Double($0.number) }.min() ?? 0)
        else { return nil }
        let pace = Double(first.number - last.number) / to.seconds(since: from)
        let seconds = Double(last.number) / pace
        guard seconds < 86_400 else { return nil }
        return Note(
            statement: "MemAvailable fell from \(ByteCount(bytes: first.number).description) to "
                + "\(ByteCount(bytes: last.number).description) within "
                + "\(spokenDuration(seconds: to.seconds(since: from))); at that pace none is left in "
                + "\(spokenDuration(seconds: seconds)) (a straight line through the first and the "
                + "last reading).",
            evidence: cite((first, last)))
    }
}
