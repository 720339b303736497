// SPDX-License-Identifier: Apache-2.0

internal import Model

/// `sadf -j`: for each moment a `timestamp` and, after it, an object for each activity.
///
/// Source: sysstat 12.6.1, json_stats.c, rndr_stats.c.
struct SadfDocument: DocumentReader {
    static let name = "sadf -j"

    static func recognises(_ start: [JSONEvent]) -> Bool? {
        for event in start {
            switch event {
            case .open(nil, isArray: false): continue
            case .open("sysstat"?, isArray: false): return true
            default: return false
            }
        }
        return nil
    }

    private var rows = SadfRows(format: SadfDocument.name)
    /// The names of the objects that are open.
    private var names: [String?] = []

    mutating func take(_ event: JSONEvent, _ line: SnapshotLine, _ sink: inout SnapshotSink) {
        switch event {
        case .open(let name, _):
            if name == nil, names.last == "statistics" { rows.next(&sink) }
            names.append(name)
            if name == "timestamp" { rows.beginTime(&sink) }
            if let name { rows.begin(section: name, line, &sink) }
        case .close:
            guard let name = names.popLast() else { return }
            if name == "timestamp" { rows.endTime() }
            if name == "statistics" { rows.next(&sink) }
        case .scalar(let name?, let scalar):
            guard let text = scalar.text else { return }
            switch (names.last ?? nil, name) {
            case ("timestamp"?, _): rows.setTime(name, text, line)
            case (nil, "nodename"): rows.host = text
            case (nil, "timezone"): rows.zone = text
            case (let section?, _): rows.set(section, name, text, line)
            default: break
            }
        case .scalar(nil, _): break
        }
    }

    mutating func end(_ sink: inout SnapshotSink) { rows.next(&sink) }
}

/// Puts together what sadf -j and sadf -x say of one moment.
struct SadfRows: Sendable {
    let format: String
    var host: String?
    /// The zone of the host, of use where it is UTC: other names do not tell summer from winter.
    var zone: String?

    private var snapshot: Snapshot?
    private var stamp = Stamp.none
    private var sections: Set<String> = []
    private var date: String?
    private var time: String?
    private var isUTC = false

    init(format: String) { self.format = format }

    // MARK: - The time

    mutating func beginTime(_ sink: inout SnapshotSink) {
        next(&sink)
        date = nil
        time = nil
        isUTC = zone == "UTC"
    }

    mutating func setTime(_ name: String, _ text: String, _ line: SnapshotLine) {
        switch name {
        case "date": date = text
        case "time": time = text
        case "utc": isUTC = text == "1" || zone == "UTC"
        default: break
        }
    }

    mutating func endTime() {
        guard let date, let time,
            let parsed = TimeText("\(date) \(time)\(isUTC ? " UTC" : "")"[...])
        else { return }
        stamp = parsed.stamp
    }

    // MARK: - Values

    /// Every activity stands once below its time: one that comes again has lost its own.
    mutating func begin(section: String, _ line: SnapshotLine, _ sink: inout SnapshotSink) {
        guard Sysstat.sections.contains(section) else { return }
        if !sections.insert(section).inserted {
            next(&sink)
            sections.insert(section)
        }
        guard snapshot == nil else { return }
        if stamp.form == .none {
            sink.note("\(format): values whose time is missing are not read (line \(line.number))")
            return
        }
        var begun = sink.snapshot(format, .host, at: line)
        begun.stamp = stamp
        begun.timeBasis = .inFormat
        if let host { begun.subject.host = host }
        snapshot = begun
    }

    mutating func set(_ section: String, _ name: String, _ text: String, _ line: SnapshotLine) {
        guard Sysstat.sections.contains(section),
            let column = Sysstat.column(named: Sysstat.listed(name, in: section)),
            snapshot?.value(column.measure) == nil,
            let quantity = column.quantity(text)
        else { return }
        snapshot?.values.append(SnapshotValue(column.measure, quantity, line: line.number))
    }

    /// What follows belongs to another moment.
    mutating func next(_ sink: inout SnapshotSink) {
        if let snapshot { sink.emit(snapshot) }
        snapshot = nil
        stamp = .none
        sections = []
    }
}
