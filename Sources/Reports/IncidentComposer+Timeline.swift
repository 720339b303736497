// SPDX-License-Identifier: Apache-2.0

internal import Model

// MARK: - The timeline

extension IncidentComposer {
    var timelineSection: Section? {
        guard !incident.timeline.isEmpty else { return nil }
        let entries = incident.timeline
        let shown = WorthSelection(worths(of: entries), limit: detail.timeline).indices
        var blocks: [Block] = [chart.map { .chart($0) }].compactMap(\.self)
        blocks.append(.timeline(timeline(shown)))
        let rest = entries.count - shown.count
        if rest > 0 {
            let count = counted(rest, "entry", "entries")
            blocks.append(.leftOut("\(count) of \(grouped(entries.count))"))
        }
        return Section("Timeline", worth: .story, blocks)
    }

    private func timeline(_ shown: [Int]) -> Timeline {
        var rows: [Timeline.Row] = []
        var next = 0
        for index in shown {
            if index > next { rows.append(.omitted(index - next)) }
            rows.append(.entry(incident.timeline[index].row(shortNames)))
            next = index + 1
        }
        let showsLocal = rows.contains {
            if case .entry(let entry) = $0 {
                entry.local != nil && entry.local != entry.clock
            } else {
                false
            }
        }
        return Timeline(rows: rows, showsLocal: showsLocal)
    }

    private func worths(of entries: [TimelineEntry]) -> [Int] {
        var worths = entries.map(\.worth)
        worths[0] = 9
        worths[entries.count - 1] = 9
        return worths
    }
}

extension TimelineEntry {
    /// How much the story would miss it.
    fileprivate var worth: Int {
        if kind == Self.settingChanged { return 5 }
        switch EventKind(rawValue: kind) {
        case .oom_victim, .oom_victim_chosen, .oomd_kill, .earlyoom_kill, .child_killed,
            .crash_signal,
            .panic, .persistence_fatal, .unit_oom:
            return 6
        default: break
        }
        switch severity {
        case .recovery: return 5
        case .failure: return 4
        case .warning: return 3
        case .info: return 1
        }
    }

    fileprivate func row(_ shortNames: [String: String]) -> Timeline.Entry {
        let civil = at.map { CivilTime(timestamp: $0) }
        // Old logs have no milliseconds: none are shown.
        let clock = civil.map { (uncertaintySeconds ?? 1) >= 1 ? $0.clockToSecond : $0.clock }
        return Timeline.Entry(
            date: civil?.date, clock: clock, local: shortLocal(civil), tone: tone,
            text: Prose([.text(text)]) + repeats + doubt, quote: severity == .failure ? quote : nil,
            source: source.map { "\(shortNames[$0.path] ?? $0.path):\($0.line)" },
            place: source?.place)
    }

    var tone: Tone {
        switch severity {
        case .info: .plain
        case .warning: .warning
        case .failure: .failure
        case .recovery: .recovery
        }
    }

    private var repeats: Prose {
        guard count > 1 else { return Prose() }
        guard let lastAt else { return " (\(strong: "\(grouped(count)) times"))" }
        let last = CivilTime(timestamp: lastAt)
        let date = at.map { CivilTime(timestamp: $0).date } == last.date ? "" : last.date + " "
        return " (\(strong: "\(grouped(count)) times"), the last at \(date)\(last.clock))"
    }

    private var doubt: Prose {
        guard let uncertaintySeconds else {
            return at == nil ? Prose() : " (no time of its own)"
        }
        return uncertaintySeconds > 1
            ? " (± \(spokenDuration(seconds: uncertaintySeconds)))" : Prose()
    }

    /// The written time of day alone, where the written day is that of the UTC date.
    private func shortLocal(_ utc: CivilTime?) -> String? {
        guard let local, let utc, let (clock, before) = timeOfDay(in: local) else { return local }
        // `22 Nov 2026` begins with its day, `2026-11-22` ends with it.
        let numbers = before.split { !$0.isNumber }.compactMap { Int($0) }
        let day = numbers.count == 3 ? numbers[2] : numbers.first
        return day == nil || day == utc.day ? clock : local
    }

    /// `12:01:38` with its fraction in a written stamp, and what stands before it.
    private func timeOfDay(in stamp: String) -> (clock: String, before: String)? {
        let bytes = Array(stamp.utf8)
        guard bytes.count >= 8 else { return nil }
        for start in 0...(bytes.count - 8)
        where bytes[start + 2] == 0x3A && bytes[start + 5] == 0x3A {
            let digits = [0, 1, 3, 4, 6, 7].allSatisfy { bytes[start + $0].isDigit }
            guard digits else { continue }
            var end = start + 8
            while end < bytes.count, bytes[end].isDigit || bytes[end] == 0x2E { end += 1 }
            return (
                String(decoding: bytes[start..<end], as: UTF8.self),
                String(decoding: bytes[..<start], as: UTF8.self)
            )
        }
        return nil
    }
}
