// SPDX-License-Identifier: Apache-2.0
// How an extraction is written and read back: `docs/extract-format.md`.

internal import JSON
internal import Model
internal import Reports

// MARK: - Writing

extension Extraction {
    /// The lines of this extraction, each with its line feed, one at a time.
    func forEachJSONLine<Problem>(
        patterns: [PatternInfo], _ body: (String) throws(Problem) -> Void
    ) throws(Problem) {
        var numbers: [Int: Int] = [:]
        // In the order of ids: indices are those of whoever made the log.
        let used = log.patterns.sorted { patterns[$0].id < patterns[$1].id }
        for (number, pattern) in used.enumerated() { numbers[pattern] = number }
        try body(line(inputLine(used.map { patterns[$0] })))
        for stream in facts.streams { try body(line(stream.json)) }
        for process in facts.processes { try body(line(process.json)) }
        for i in 0..<log.count {
            var event = log.packed(at: i)
            event.pattern = numbers[event.pattern] ?? 0
            try body(line(event.json))
        }
        try snapshots.forEach { snapshot throws(Problem) in try body(line(snapshot.json)) }
    }

    /// A number that extractions share when all that is known of their inputs is the same.
    func digest(patterns: [PatternInfo]) -> UInt64 {
        var hash = FNV1a()
        forEachJSONLine(patterns: patterns) { hash.combine($0) }
        return hash.value
    }

    private func line(_ value: JSONValue) -> String { value.rendered(pretty: false) + "\n" }

    func inputLine(_ used: [PatternInfo]) -> JSONValue {
        .object([
            JSONMember("type", .string("input")),
            JSONMember("schema", .string(ExtractFormat.schema)),
            JSONMember("tool", .string(Forktopsy.version)),
            JSONMember("path", .string(facts.path)),
            JSONMember("kind", .string(facts.kind.rawValue)),
            JSONMember("format", .string(facts.format)),
            JSONMember("bytes", JSONValue(facts.bytes)),
            JSONMember("lines", JSONValue(facts.lines)),
            JSONMember("records", JSONValue(facts.records)),
            JSONMember("undated", JSONValue(facts.undated)),
            JSONMember("messages_cut_by_server", JSONValue(facts.messagesCutByServer)),
            JSONMember("pattern_limits_hit", JSONValue(limitsHit)),
            JSONMember("damage", facts.damage.json),
            JSONMember("problems", .array(facts.problems.map { .string($0) })),
            JSONMember("clock", facts.clock.json),
            JSONMember("read_at", readAt.map(\.json) ?? .null),
            JSONMember("streams", JSONValue(facts.streams.count)),
            JSONMember("processes", JSONValue(facts.processes.count)),
            JSONMember("events", JSONValue(log.count)),
            JSONMember("snapshots", JSONValue(snapshots.count)),
            JSONMember("patterns", .array(used.map(\.json))),
        ])
    }
}

extension Damage {
    fileprivate var json: JSONValue {
        .object([
            JSONMember("archives", JSONValue(archives)),
            JSONMember("entries", JSONValue(entries)),
            JSONMember("lines_cut", JSONValue(linesCut)),
            JSONMember("bytes_skipped", JSONValue(bytesSkipped)),
            JSONMember("files_unreadable", JSONValue(filesUnreadable)),
        ])
    }
}

extension ClockEvidence {
    fileprivate var json: JSONValue {
        .object([
            JSONMember("first", first.json),
            JSONMember("last", last.json),
            JSONMember("local_stamps", JSONValue(localStamps)),
            JSONMember("instant_stamps", JSONValue(instantStamps)),
            JSONMember("year_turns", .array(yearTurns.map { JSONValue($0) })),
            JSONMember(
                "anchors",
                .array(anchors.map(\.json))),
            JSONMember(
                "offsets",
                .array(offsets.map(\.json))),
            JSONMember(
                "setbacks",
                .array(
                    setbacks.map { change in
                        .object([
                            JSONMember("line", JSONValue(change.line)),
                            JSONMember("seconds", JSONValue(change.seconds)),
                        ])
                    })),
            JSONMember("forward_steps", JSONValue(forwardSteps)),
            JSONMember("backward_steps", JSONValue(backwardSteps)),
            JSONMember("boots", .array(boots.map(\.json))),
            JSONMember("told_boots", .array(toldBoots.map(\.json))),
            JSONMember("uptimes", .array(uptimes.map(\.json))),
            JSONMember("modified_at", modifiedAt.map(\.json) ?? .null),
            JSONMember("host_zones", .array(hostZones.map(\.json))),
            JSONMember("leap_days", .array(leapDays.map { JSONValue($0) })),
            JSONMember("wrappers", wrappers.json),
            JSONMember("outer_offsets", .array(outerOffsets.map(\.json))),
        ])
    }
}

extension ToldBoot {
    fileprivate var json: JSONValue {
        .object([
            JSONMember("line", JSONValue(line)), JSONMember("stamp", stamp.json),
            JSONMember("doubt", JSONValue(doubtSeconds)),
        ])
    }
}

extension HostZone {
    fileprivate var json: JSONValue {
        .object([
            JSONMember("line", JSONValue(line)), JSONMember("name", JSONValue(name)),
            JSONMember("seconds", JSONValue(offsetSeconds)),
        ])
    }
}

extension OffsetSpan {
    fileprivate var json: JSONValue {
        .object([
            JSONMember("line", JSONValue(line)), JSONMember("seconds", JSONValue(offsetSeconds)),
            JSONMember("year", JSONValue(year)),
        ])
    }
}

extension WrapperTimes {
    fileprivate var json: JSONValue {
        .object([
            JSONMember("records", JSONValue(records)), JSONMember("agreeing", JSONValue(agreeing)),
            JSONMember("outer", JSONValue(outer)), JSONMember("instants", JSONValue(instants)),
            JSONMember("written_least", Timestamp(nanoseconds: written.lowerBound).json),
            JSONMember("written_most", Timestamp(nanoseconds: written.upperBound).json),
            JSONMember("lag_least", Timestamp(nanoseconds: lag.lowerBound).json),
            JSONMember("lag_most", Timestamp(nanoseconds: lag.upperBound).json),
        ])
    }
}

extension ClockAnchor {
    fileprivate var json: JSONValue {
        .object([
            JSONMember("line", JSONValue(line)), JSONMember("instant", instant.json),
            JSONMember("local", local.json), JSONMember("is_from_info", .bool(isFromInfo)),
        ])
    }
}

extension WriterStream {
    var json: JSONValue {
        .object([
            JSONMember("type", .string("stream")),
            JSONMember("host", JSONValue(host)),
            JSONMember("identifier", JSONValue(identifier)),
            JSONMember("unit", JSONValue(unit)),
            JSONMember("container", JSONValue(container)),
        ])
    }
}

extension ProcessSpan {
    var json: JSONValue {
        .object([
            JSONMember("type", .string("process")),
            JSONMember("pid", JSONValue(Int(pid))),
            JSONMember("stream", JSONValue(Int(stream))),
            JSONMember("records", JSONValue(records)),
            JSONMember("is_child", .bool(isChild)),
            JSONMember("is_sentinel", .bool(isSentinel)),
            JSONMember("first_line", JSONValue(firstLine)),
            JSONMember("last_line", JSONValue(lastLine)),
            JSONMember("first", first.json),
            JSONMember("last", last.json),
        ])
    }
}

extension PatternInfo {
    fileprivate var json: JSONValue {
        .object([
            JSONMember("id", .string(id)),
            JSONMember("kind", .string(kind.rawValue)),
            JSONMember("scope", .string(scope.rawValue)),
            JSONMember("means", .string(means)),
            JSONMember(
                "constants",
                .array(
                    constants.map { constant in
                        .object([
                            JSONMember("name", .string(constant.name)),
                            JSONMember("text", .string(constant.text)),
                        ])
                    })),
            JSONMember(
                "captures",
                .array(
                    captures.map { slot in
                        .object([
                            JSONMember("name", .string(slot.name)),
                            JSONMember("type", .string(slot.type.rawValue)),
                        ])
                    })),
        ])
    }
}

extension PackedEvent {
    /// What is 0, unknown or empty is left out.
    var json: JSONValue {
        var out = [
            JSONMember("type", .string("event")),
            JSONMember("pattern", JSONValue(pattern)),
            JSONMember("line", JSONValue(line)),
            JSONMember("offset", JSONValue(offset)),
            JSONMember("header", .string(ExtractFormat.headers.name(of: header.form))),
        ]
        if header.stamp != .none { out.append(JSONMember("stamp", header.stamp.json)) }
        if header.pid != 0 { out.append(JSONMember("pid", JSONValue(Int(header.pid)))) }
        if header.threadID != 0 {
            out.append(JSONMember("thread", JSONValue(Int(header.threadID))))
        }
        if header.role != .unknown {
            out.append(JSONMember("role", .string(ExtractFormat.roles.name(of: header.role))))
        }
        if header.level != .unknown {
            out.append(JSONMember("level", .string(ExtractFormat.levels.name(of: header.level))))
        }
        if header.stream != 0 { out.append(JSONMember("stream", JSONValue(Int(header.stream)))) }
        out.append(JSONMember("text", bytes))
        if !decoded.isEmpty { out.append(JSONMember("decoded", decoded)) }
        if !cursor.isEmpty { out.append(JSONMember("cursor", cursor)) }
        if !captures.isEmpty {
            out.append(
                JSONMember(
                    "captures",
                    .array(
                        captures.map { range in
                            guard let range else { return .null }
                            return .array([
                                JSONValue(range.lowerBound), JSONValue(range.upperBound),
                            ])
                        })))
        }
        return .object(out)
    }
}

extension JSONMember {
    /// Bytes as text where they are UTF-8, else in base64 under a name that says so.
    fileprivate init(_ name: String, _ bytes: [UInt8]) {
        if let text = String(validating: bytes, as: UTF8.self) {
            self.init(name, .string(text))
        } else {
            self.init(name + "_base64", .string(Base64.text(of: bytes)))
        }
    }
}

extension Stamp {
    var json: JSONValue {
        guard self != .none else { return .null }
        let (seconds, rest) = nanoseconds.flooredQuotient(by: 1_000_000_000)
        var out = [
            JSONMember("form", .string(ExtractFormat.stamps.name(of: form))),
            JSONMember("precision", .string(ExtractFormat.precisions.name(of: precision))),
            JSONMember("seconds", JSONValue(seconds)),
            JSONMember("nanoseconds", JSONValue(rest)),
        ]
        if offsetSeconds != 0 { out.append(JSONMember("zone", JSONValue(Int(offsetSeconds)))) }
        if isOuter { out.append(JSONMember("outer", .bool(true))) }
        if isBorrowed { out.append(JSONMember("borrowed", .bool(true))) }
        return .object(out)
    }
}

extension Timestamp {
    var json: JSONValue {
        let (seconds, rest) = nanoseconds.flooredQuotient(by: 1_000_000_000)
        return .object([
            JSONMember("seconds", JSONValue(seconds)), JSONMember("nanoseconds", JSONValue(rest)),
        ])
    }
}
