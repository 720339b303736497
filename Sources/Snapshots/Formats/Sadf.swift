// SPDX-License-Identifier: Apache-2.0

internal import Model

/// `sadf -d`: a header that begins with `#`, and rows of cells between semicolons.
///
/// Several activities follow one another, each below a header of its own, or stand side by side
/// (`-h`). The time is UTC, local (-T) or seconds since 1970 (-U). Source: sysstat 12.6.1, sadf(1).
struct SadfTable: SnapshotFormat {
    static let name = "sadf -d"
    static let openers = ["# hostname;interval;timestamp;"]

    private var names: [String] = []
    private var columns: [Sysstat.Column?] = []
    private var latest = Int64.min
    private var latestText = ""
    /// The row before, until the next one confirms that it stands below its own header.
    private var held: Snapshot?

    mutating func begin(_ line: SnapshotLine, _ sink: inout SnapshotSink) -> Bool {
        let cells = line.text.trimmed.dropFirst(2).split(
            separator: ";", omittingEmptySubsequences: false)
        guard cells.count > 3 else { return false }
        names = cells.map(String.init)
        // Names of interrupts, disks and processors: as many columns as the host has of them.
        let repeats = names.firstIndex { $0.contains("[") || $0.hasSuffix("*") } ?? names.count
        columns = names.prefix(repeats).map { Sysstat.column(named: $0) }
        return true
    }

    mutating func take(_ line: SnapshotLine, _ sink: inout SnapshotSink) -> Bool {
        let text = line.text.trimmed
        guard !text.hasPrefix("#") else { return false }
        let cells = text.split(separator: ";", omittingEmptySubsequences: false)
        guard cells.count > 3, Int(cells[1]) != nil else { return false }
        // Another activity, the start of the host, or a comment.
        guard columns.contains(where: { $0 != nil }), Int(cells[1]) != -1 else { return true }
        guard let stamp = Self.stamp(cells[2]) else {
            sink.note("sadf: a row whose time is damaged is not read (line \(line.number))")
            return true
        }
        let isFixed = columns.count == names.count
        guard isFixed ? cells.count == names.count : cells.count > columns.count else {
            sink.note("sadf: a row is cut or has too many cells, and is not read")
            return true
        }
        guard stamp.nanoseconds > latest else {
            if latestText != text {
                held = nil
                sink.note("sadf: a row stands below one of the same or a later time; not read")
            }
            return true
        }
        latest = stamp.nanoseconds
        latestText = String(text)
        emit(cells, stamp, line, &sink)
        return true
    }

    mutating func end(_ sink: inout SnapshotSink) {
        if let held { sink.emit(held) }
        held = nil
    }

    private mutating func emit(
        _ cells: [Substring], _ stamp: Stamp, _ line: SnapshotLine, _ sink: inout SnapshotSink
    ) {
        var snapshot = sink.snapshot(Self.name, .host, at: line)
        snapshot.subject.host = String(cells[0])
        snapshot.stamp = stamp
        snapshot.timeBasis = .inFormat
        for (i, column) in columns.enumerated() {
            guard let column, snapshot.value(column.measure) == nil,
                let quantity = column.quantity(cells[i])
            else { continue }
            snapshot.values.append(
                SnapshotValue(column.measure, quantity, line: line.number))
        }
        end(&sink)
        held = snapshot
    }

    /// The third cell of -d and of -p.
    static func stamp(_ text: Substring) -> Stamp? {
        if let epoch = TimeText.epoch(word: text) { return epoch }
        guard let time = TimeText(text), time.rest.isEmpty else { return nil }
        return time.stamp
    }
}

/// `sadf -p`: a value a line, `host<tab>600<tab>time<tab>device<tab>name<tab>value`.
struct SadfPairs: SnapshotFormat {
    static let name = "sadf -p"
    static let openers: [String] = []

    static func mayBegin(_ text: Substring) -> Bool { text.contains("\t") }

    private var snapshot: Snapshot?

    mutating func begin(_ line: SnapshotLine, _ sink: inout SnapshotSink) -> Bool {
        take(line, &sink)
    }

    mutating func take(_ line: SnapshotLine, _ sink: inout SnapshotSink) -> Bool {
        let cells = line.text.split(separator: "\t", omittingEmptySubsequences: false)
        guard cells.count == 6, Int(cells[1]) != nil, let stamp = SadfTable.stamp(cells[2])
        else {
            if cells.count > 3, Int(cells[1]) != nil, SadfTable.stamp(cells[2]) != nil {
                // The start of the host, a comment, or a line that is cut.
                return snapshot != nil || cells[3].hasPrefix("LINUX-RESTART")
            }
            return false
        }
        let host = String(cells[0])
        if snapshot?.stamp != stamp || snapshot?.subject.host != host {
            end(&sink)
            var begun = sink.snapshot(Self.name, .host, at: line)
            begun.subject.host = host
            begun.stamp = stamp
            begun.timeBasis = .inFormat
            snapshot = begun
        }
        guard let column = Sysstat.column(named: String(cells[4])),
            snapshot?.value(column.measure) == nil, let quantity = column.quantity(cells[5])
        else { return true }
        snapshot?.values.append(SnapshotValue(column.measure, quantity, line: line.number))
        return true
    }

    mutating func end(_ sink: inout SnapshotSink) {
        if let snapshot { sink.emit(snapshot) }
        snapshot = nil
    }
}
