// SPDX-License-Identifier: Apache-2.0
// How a snapshot is written in an extract and read back: `docs/extract-format.md`.

internal import JSON
internal import Model

extension Snapshot {
    /// What is unknown or false is left out.
    var json: JSONValue {
        var out = [
            JSONMember("type", .string("snapshot")),
            JSONMember("format", .string(format)),
            JSONMember("scope", .string(ExtractFormat.scopes.name(of: subject.scope))),
        ]
        if let host = subject.host { out.append(JSONMember("host", .string(host))) }
        if let pid = subject.pid { out.append(JSONMember("pid", JSONValue(Int(pid)))) }
        if let port = subject.port { out.append(JSONMember("port", JSONValue(port))) }
        if subject.isChild { out.append(JSONMember("is_child", .bool(true))) }
        if let command = subject.command { out.append(JSONMember("command", .string(command))) }
        if let path = subject.path { out.append(JSONMember("path", .string(path))) }
        if stamp != .none { out.append(JSONMember("stamp", stamp.json)) }
        out.append(
            JSONMember("time_basis", .string(ExtractFormat.timeBases.name(of: timeBasis))))
        out.append(JSONMember("line", JSONValue(line)))
        out.append(JSONMember("offset", JSONValue(offset)))
        if isChange { out.append(JSONMember("is_change", .bool(true))) }
        out.append(JSONMember("values", .array(values.map(\.json))))
        return .object(out)
    }

    init(_ fields: ExtractFields) throws(ExtractError) {
        var subject = SnapshotSubject(try fields.word("scope", ExtractFormat.scopes) ?? .host)
        subject.host = try fields.optionalText("host")
        subject.pid = try fields.optionalInt("pid", in: Int(Int32.min)...Int(Int32.max))
            .map { Int32($0) }
        subject.port = try fields.optionalInt("port")
        subject.isChild = fields.value["is_child"] == .bool(true)
        subject.command = try fields.optionalText("command")
        subject.path = try fields.optionalText("path")
        self.init(
            format: try fields.text("format"), subject: subject, stamp: try fields.stamp("stamp"),
            timeBasis: try fields.word("time_basis", ExtractFormat.timeBases) ?? .none,
            line: try fields.int("line"), offset: Int64(try fields.int("offset")))
        isChange = fields.value["is_change"] == .bool(true)
        for value in try fields.list("values") { values.append(try SnapshotValue(value)) }
    }
}

extension SnapshotValue {
    /// `[name, unit, value, line, offset]`.
    fileprivate var json: JSONValue {
        let amount: JSONValue
        switch quantity {
        case .whole(let number): amount = .int(number)
        case .real(let number): amount = .double(number)
        case .text(let text): amount = .string(text)
        }
        return .array([
            .string(measure.name), .string(measure.unit.rawValue), amount, JSONValue(line),
            JSONValue(offset),
        ])
    }

    fileprivate init(_ json: JSONValue) throws(ExtractError) {
        guard case .array(let parts) = json, parts.count == 5,
            case .string(let name) = parts[0], case .string(let unitName) = parts[1],
            let unit = Measure.Unit(rawValue: unitName), case .int(let line) = parts[3], line >= 0,
            case .int(let offset) = parts[4], offset >= 0
        else {
            throw ExtractError(reason: "\"values\" holds something that is no value of a snapshot")
        }
        let quantity: Quantity
        switch parts[2] {
        case .int(let number): quantity = .whole(number)
        case .double(let number): quantity = .real(number)
        case .string(let text): quantity = .text(text)
        default: throw ExtractError(reason: "\"values\" holds neither a number nor a text")
        }
        self.init(Measure(name, unit), quantity, line: Int(line), offset: offset)
    }
}
