// SPDX-License-Identifier: Apache-2.0

internal import JSON
package import Model

/// A line of `forktopsy snapshot`: one JSON object, all that was read at one moment.
///
/// `docs/schema/snapshot.schema.json` describes it. Values stand in objects by their unit, so that a
/// reader need not know every measure; what has no limit is `"unlimited"`.
enum SnapshotDocument: SnapshotTree {
    static let name = "forktopsy snapshot"
    static let schema = "forktopsy.snapshot/1"
    static let firstNames: Set<String> = ["schema"]

    static func read(_ document: DocumentNode, _ sink: inout SnapshotSink) -> Bool {
        guard document["schema"]?.text == schema else { return false }
        guard let at = document["at"]?.text, let stamp = TimeText(at[...])?.stamp else {
            sink.note("a line of forktopsy snapshot says no time and is not read")
            return true
        }
        let host = document["host"]?.text
        for group in document["groups"]?.items ?? [] {
            read(group, stamp, host, &sink)
        }
        return true
    }

    private static func read(
        _ group: DocumentNode, _ stamp: Stamp, _ host: String?, _ sink: inout SnapshotSink
    ) {
        guard let word = group["scope"]?.text,
            let scope = SnapshotSubject.Scope.allCases.first(where: { $0.word == word })
        else {
            sink.note("a group of forktopsy snapshot has an unknown scope and is not read")
            return
        }
        var snapshot = sink.snapshot(group["format"]?.text ?? name, scope, at: group.line)
        snapshot.subject = SnapshotSubject(
            scope, host: group["host"]?.text ?? host,
            pid: group["pid"]?.whole.flatMap { Int32(exactly: $0) },
            port: group["port"]?.whole.flatMap { Int(exactly: $0) },
            isChild: group["is_child"]?.bool ?? false, command: group["command"]?.text,
            path: group["path"]?.text)
        snapshot.stamp = group["at"]?.text.flatMap { TimeText($0[...])?.stamp } ?? stamp
        snapshot.timeBasis = .inFormat
        snapshot.isChange = group["is_change"]?.bool ?? false
        for unit in Measure.Unit.allCases {
            guard case .object(let values)? = group[unit.rawValue]?.content else { continue }
            for (name, node) in values {
                guard let quantity = quantity(node, unit) else { continue }
                snapshot.values.append(
                    SnapshotValue(Measure(name, unit), quantity, line: group.line.number))
            }
        }
        sink.emit(snapshot)
    }

    private static func quantity(
        _ node: DocumentNode, _ unit: Measure.Unit
    ) -> SnapshotValue.Quantity? {
        guard case .scalar(let scalar) = node.content else { return nil }
        switch scalar {
        case .string("unlimited") where unit != .text: return .whole(Amounts.unlimited)
        case .string(let text): return unit == .text ? .text(text) : nil
        case .number(let text):
            return Int64(text).map { .whole($0) } ?? Double(text).map { .real($0) }
        case .bool, .null: return nil
        }
    }
}

extension [Snapshot] {
    /// One line of `forktopsy.snapshot/1`, without the line end: what was read at `at`.
    ///
    /// A whole number is written without a fraction, so a real value that is whole comes back as
    /// `.whole`. Of positions nothing is kept.
    package func snapshotLine(at: Timestamp, tool: String) -> String {
        let hosts = Set(map(\.subject.host))
        let shared = hosts.count == 1 ? hosts.first ?? nil : nil
        var members = [
            JSONMember("schema", .string(SnapshotDocument.schema)),
            JSONMember("tool", .string(tool)), JSONMember("at", .string(at.rfc3339)),
        ]
        if let shared { members.append(JSONMember("host", .string(shared))) }
        members.append(
            JSONMember("groups", .array(map { $0.group(at, isHostShared: shared != nil) })))
        return JSONValue.object(members).rendered(pretty: false)
    }
}

extension Snapshot {
    fileprivate func group(_ at: Timestamp, isHostShared: Bool) -> JSONValue {
        var out = [
            JSONMember("scope", .string(subject.scope.word)),
            JSONMember("format", .string(format)),
        ]
        if !isHostShared, let host = subject.host { out.append(JSONMember("host", .string(host))) }
        if let pid = subject.pid { out.append(JSONMember("pid", .int(Int64(pid)))) }
        if let port = subject.port { out.append(JSONMember("port", .int(Int64(port)))) }
        if subject.isChild { out.append(JSONMember("is_child", .bool(true))) }
        if let command = subject.command { out.append(JSONMember("command", .string(command))) }
        if let path = subject.path { out.append(JSONMember("path", .string(path))) }
        if stamp.isKnownInstant, stamp.nanoseconds / 1_000_000 != at.nanoseconds / 1_000_000 {
            let own = Timestamp(nanoseconds: stamp.nanoseconds)
            out.append(JSONMember("at", .string(own.rfc3339)))
        }
        if isChange { out.append(JSONMember("is_change", .bool(true))) }
        for unit in Measure.Unit.allCases {
            let members = values.filter { $0.measure.unit == unit }.map(\.member)
            if !members.isEmpty { out.append(JSONMember(unit.rawValue, .object(members))) }
        }
        return .object(out)
    }
}

extension SnapshotValue {
    fileprivate var member: JSONMember {
        let value: JSONValue
        switch quantity {
        case .whole(Amounts.unlimited): value = .string("unlimited")
        case .whole(let number): value = .int(number)
        case .real(let number): value = .double(number)
        case .text(let text): value = .string(text)
        }
        return JSONMember(measure.name, value)
    }
}

extension SnapshotSubject.Scope {
    /// As JSON says it.
    fileprivate var word: String {
        switch self {
        case .host: "host"
        case .cgroup: "cgroup"
        case .process: "process"
        case .server: "server"
        case .fileSystem: "fileSystem"
        }
    }
}
