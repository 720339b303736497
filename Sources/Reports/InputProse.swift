// SPDX-License-Identifier: Apache-2.0
// What an input was, and by which clock it was read, in words.

internal import Model

extension InputReport {
    /// Inputs that carry events or trouble are shown first when not all can be.
    var worth: Int {
        (facts.problems.isEmpty && facts.damage.isNone ? 0 : 2) + (events + snapshots > 0 ? 1 : 0)
    }

    var prose: Prose {
        var kind = facts.kind == .unknown ? "no evidence recognised" : facts.kind.spoken
        if !facts.format.isEmpty { kind += " (\(facts.format))" }
        var parts: [Prose] = [Prose([.text(kind)])]
        parts.append(Prose([.text(counted(facts.records, "record"))]))
        parts.append(Prose([.text(counted(events, "event"))]))
        if snapshots > 0 { parts.append(Prose([.text(counted(snapshots, "snapshot"))])) }
        if facts.undated > 0 { parts.append(Prose([.text("\(grouped(facts.undated)) undated")])) }
        if let firstAt, let lastAt { parts.append(Prose([.text(spokenRange(firstAt, lastAt))])) }
        parts += clock.bases.map { Prose([.text($0)]) }
        parts += facts.problems.map { Prose([.text($0)]) }
        let body = parts.reduce(Prose()) { $0.isEmpty ? $1 : $0 + "; " + $1 }
        return "\(code: facts.path): " + body + "."
    }
}

extension InputKind {
    fileprivate var spoken: String {
        switch self {
        case .ownReport: "a report of Forktopsy's own, not read as evidence"
        case .kernel: "kernel log"
        case .facts: "host facts"
        default: rawValue
        }
    }
}

extension [ClockSegment] {
    /// How the stamps became UTC, each way once.
    fileprivate var bases: [String] {
        var seen: [String] = []
        for segment in self where !seen.contains(segment.spoken) { seen.append(segment.spoken) }
        return seen
    }
}

extension ClockSegment {
    fileprivate var spoken: String {
        (basis == .assumedUTC ? spokenAssumption : spokenZone) + spokenLag
    }

    private var spokenAssumption: String {
        guard let offset = utcOffsetSeconds, offset != 0 else {
            return "clock: UTC assumed, no zone could be read"
        }
        return "clock: from where it was set back on at UTC\(spokenOffset(offset))"
    }

    private var spokenZone: String {
        var text = "clock: "
        text += utcOffsetSeconds.map { "UTC" + spokenOffset($0) } ?? "a zone with changing offset"
        text += ", " + basis.spoken(shownBy)
        if shiftSeconds != 0 {
            text += ", moved by \(shiftSeconds < 0 ? "-" : "+")"
            text += spokenDuration(seconds: abs(shiftSeconds))
        }
        return text
    }

    /// How far the times before records are from the records' own, where that is more than a relay
    /// takes.
    private var spokenLag: String {
        guard let wrapperLag, wrapperLag.most > 2 || wrapperLag.least < -2 else { return "" }
        let isLater = wrapperLag.most > 2
        let least = spokenDuration(seconds: max(0, isLater ? wrapperLag.least : -wrapperLag.most))
        let most = spokenDuration(seconds: isLater ? wrapperLag.most : -wrapperLag.least)
        let range = least == most ? most : "\(least) to \(most)"
        return ", the times before its records are \(range) \(isLater ? "later" : "earlier")"
    }
}

extension ClockSegment.Basis {
    /// `witness`: the input that shows it.
    fileprivate func spoken(_ witness: String?) -> String {
        let other = witness ?? "another input"
        return switch self {
        case .explicit: "as given with --tz"
        case .inRecord: "as the records say"
        case .wrapper: "from the time its wrapper adds"
        case .journalTwin: "from the same records in \(other)"
        case .signalHandler: "from signal-handler lines, which carry UTC"
        case .infoClock: "from the clock in INFO" + (witness.map { " in \($0)" } ?? "")
        case .neighbour: "by what \(other) shows"
        case .fileTime: "from the time of the file"
        case .assumedUTC: "assumed"
        }
    }
}

/// `+01:00`, `-05:30`; empty for UTC itself.
private func spokenOffset(_ seconds: Int) -> String {
    guard seconds != 0 else { return "" }
    let minutes = abs(seconds) / 60
    return "\(seconds < 0 ? "-" : "+")\(padded(minutes / 60, 2)):\(padded(minutes % 60, 2))"
}
