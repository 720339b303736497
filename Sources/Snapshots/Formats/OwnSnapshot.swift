// SPDX-License-Identifier: Apache-2.0

internal import JSON
internal import Model

/// A line that `forktopsy snapshot` printed, or `tail` wrote beside an incident:
/// `docs/schema/snapshot.schema.json`.
///
/// What cannot be read of it is left out and noted, since the file may have been cut or edited.
struct OwnSnapshotFormat: SnapshotFormat {
    static let name = "forktopsy snapshot"
    static let openers = ["{\"schema\":\"forktopsy.snapshot/1\""]

    mutating func begin(_ line: SnapshotLine, _ sink: inout SnapshotSink) -> Bool {
        guard let value = try? JSONValue(parsing: line.text), case .string(let at)? = value["at"],
            let time = TimeText(at[...]), case .array(let readings)? = value["readings"]
        else {
            sink.note("a line of forktopsy snapshot is damaged")
            return true
        }
        for reading in readings {
            guard let snapshot = Self.snapshot(reading, value["host"], time.stamp, line) else {
                sink.note("a reading of forktopsy snapshot is damaged")
                continue
            }
            sink.emit(snapshot)
        }
        return true
    }

    mutating func take(_ line: SnapshotLine, _ sink: inout SnapshotSink) -> Bool { false }

    mutating func end(_ sink: inout SnapshotSink) {}

    private static func snapshot(
        _ reading: JSONValue, _ host: JSONValue?, _ stamp: Stamp, _ line: SnapshotLine
    ) -> Snapshot? {
        guard case .string(let format)? = reading["format"],
            case .string(let scopeName)? = reading["scope"],
            let scope = SnapshotSubject.Scope.allCases.first(where: { "\($0)" == scopeName }),
            case .array(let values)? = reading["values"]
        else { return nil }
        var subject = SnapshotSubject(scope)
        if case .string(let host)? = host { subject.host = host }
        if case .int(let pid)? = reading["pid"] { subject.pid = Int32(clamping: pid) }
        if case .int(let port)? = reading["port"] { subject.port = Int(port) }
        if case .string(let command)? = reading["command"] { subject.command = command }
        if case .string(let path)? = reading["path"] { subject.path = path }
        subject.isChild = reading["is_child"] == .bool(true)
        var out = Snapshot(
            format: format, subject: subject, stamp: stamp, timeBasis: .inFormat,
            line: line.number, offset: line.offset)
        for value in values {
            guard let value = self.value(value, line) else { return nil }
            out.values.append(value)
        }
        return out
    }

    /// `[name, unit, value]`.
    private static func value(_ json: JSONValue, _ line: SnapshotLine) -> SnapshotValue? {
        guard case .array(let parts) = json, parts.count == 3, case .string(let name) = parts[0],
            case .string(let unitName) = parts[1], let unit = Measure.Unit(rawValue: unitName)
        else { return nil }
        let quantity: SnapshotValue.Quantity
        switch parts[2] {
        case .int(let number): quantity = .whole(number)
        case .double(let number): quantity = .real(number)
        case .string(let text): quantity = .text(text)
        default: return nil
        }
        return SnapshotValue(Measure(name, unit), quantity, line: line.number)
    }
}
