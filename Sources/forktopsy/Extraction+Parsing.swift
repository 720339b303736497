// SPDX-License-Identifier: Apache-2.0
// How the parts of an extraction are read back: `docs/extract-format.md`.

internal import JSON
internal import Model
internal import Reports

extension InputFacts {
    /// All that an input's own line says; its streams and processes follow in lines of their own.
    init(_ fields: ExtractFields) throws(ExtractError) {
        self.init(path: try fields.text("path"))
        kind = try fields.word("kind", InputKind.self)
        format = try fields.text("format")
        bytes = Int64(try fields.int("bytes"))
        lines = try fields.int("lines")
        records = try fields.int("records")
        undated = try fields.int("undated")
        messagesCutByServer = try fields.int("messages_cut_by_server")
        if let damage = try fields.object("damage") { self.damage = try Damage(damage) }
        for problem in try fields.list("problems") {
            guard case .string(let text) = problem else { continue }
            problems.append(text)
        }
        if let clock = try fields.object("clock") { self.clock = try ClockEvidence(clock) }
        streams = []
    }
}

extension Damage {
    fileprivate init(_ fields: ExtractFields) throws(ExtractError) {
        self.init()
        archives = try fields.int("archives")
        entries = try fields.int("entries")
        linesCut = try fields.int("lines_cut")
        bytesSkipped = Int64(try fields.int("bytes_skipped"))
        filesUnreadable = try fields.int("files_unreadable")
    }
}

extension ClockEvidence {
    fileprivate init(_ fields: ExtractFields) throws(ExtractError) {
        self.init()
        first = try fields.stamp("first")
        last = try fields.stamp("last")
        localStamps = try fields.int("local_stamps")
        instantStamps = try fields.int("instant_stamps")
        yearTurns = try fields.ints("year_turns")
        anchors = try fields.objects("anchors", ClockAnchor.init)
        offsets = try fields.objects("offsets", OffsetSpan.init)
        setbacks = try fields.objects("setbacks") { change throws(ExtractError) in
            ClockSetback(
                line: try change.int("line"), seconds: try change.int("seconds", in: 0...360_000))
        }
        forwardSteps = try fields.int("forward_steps")
        backwardSteps = try fields.int("backward_steps")
        for boot in try fields.list("boots") {
            let fields = ExtractFields(value: boot)
            boots.append(
                Timestamp(nanoseconds: try fields.nanoseconds(in: ExtractFields.loggedSeconds)))
        }
        toldBoots = try fields.objects("told_boots") { boot throws(ExtractError) in
            ToldBoot(
                line: try boot.int("line"), stamp: try boot.stamp("stamp"),
                doubtSeconds: try boot.int("doubt", in: 0...3600))
        }
        uptimes = try fields.objects("uptimes", ClockAnchor.init)
        modifiedAt = try fields.timestamp("modified_at", in: ExtractFields.seconds)
        hostZones = try fields.objects("host_zones") { zone throws(ExtractError) in
            HostZone(
                line: try zone.int("line"), name: try zone.optionalText("name"),
                offsetSeconds: try zone.optionalInt("seconds", in: -93_600...93_600))
        }
        leapDays = try fields.ints("leap_days")
        outerOffsets = try fields.objects("outer_offsets", OffsetSpan.init)
        if let times = try fields.object("wrappers") { wrappers = try WrapperTimes(times) }
    }
}

extension ClockAnchor {
    fileprivate init(_ fields: ExtractFields) throws(ExtractError) {
        guard let instant = try fields.timestamp("instant") else {
            throw ExtractError(reason: "an anchor of a clock without its \"instant\"")
        }
        self.init(
            line: try fields.int("line"), instant: instant, local: try fields.stamp("local"),
            isFromInfo: fields.value["is_from_info"] == .bool(true))
    }
}

extension WrapperTimes {
    fileprivate init(_ fields: ExtractFields) throws(ExtractError) {
        self.init()
        records = try fields.int("records")
        agreeing = try fields.int("agreeing")
        outer = try fields.int("outer")
        instants = try fields.int("instants")
        written = try Self.range(fields, "written_least", "written_most")
        lag = try Self.range(fields, "lag_least", "lag_most")
    }

    private static func range(
        _ fields: ExtractFields, _ least: String, _ most: String
    ) throws(ExtractError) -> ClosedRange<Int64> {
        let low = try fields.timestamp(least, in: ExtractFields.seconds)?.nanoseconds ?? 0
        let high = try fields.timestamp(most, in: ExtractFields.seconds)?.nanoseconds ?? 0
        guard low <= high else {
            throw ExtractError(reason: "\"\(least)\" lies behind \"\(most)\"")
        }
        return low...high
    }
}

extension OffsetSpan {
    fileprivate init(_ fields: ExtractFields) throws(ExtractError) {
        self.init(
            line: try fields.int("line"),
            offsetSeconds: try fields.int("seconds", in: -360_000...360_000),
            year: try fields.int("year", in: 0...9999))
    }
}

extension WriterStream {
    init(_ fields: ExtractFields) throws(ExtractError) {
        self.init(
            host: try fields.optionalText("host"),
            identifier: try fields.optionalText("identifier"),
            unit: try fields.optionalText("unit"), container: try fields.optionalText("container"))
    }
}

extension ProcessSpan {
    init(_ fields: ExtractFields, streams: Int) throws(ExtractError) {
        self.init(
            pid: try fields.number("pid"),
            stream: UInt16(try fields.int("stream", in: 0...max(0, streams - 1))),
            records: try fields.int("records"), isChild: try fields.flag("is_child"),
            isSentinel: try fields.flag("is_sentinel"), firstLine: try fields.int("first_line"),
            lastLine: try fields.int("last_line"), first: try fields.stamp("first"),
            last: try fields.stamp("last"))
    }
}

extension PatternInfo {
    init(_ fields: ExtractFields) throws(ExtractError) {
        self.init(
            id: try fields.text("id"), kind: try fields.word("kind", EventKind.self),
            scope: try fields.word("scope", PatternScope.self), means: try fields.text("means"),
            constants: try fields.objects("constants") { constant throws(ExtractError) in
                Capture(name: try constant.text("name"), text: try constant.text("text"))
            },
            captures: try fields.objects("captures") { slot throws(ExtractError) in
                CaptureSlot(
                    name: try slot.text("name"), type: try slot.word("type", CaptureType.self))
            })
    }
}

extension PackedEvent {
    /// `pattern` is its index in the table of whoever reads; `streams` says how many its input has.
    init(_ fields: ExtractFields, pattern: Int, streams: Int) throws(ExtractError) {
        let header = RecordHeader(
            form: try fields.word("header", ExtractFormat.headers) ?? .none,
            stamp: try fields.stamp("stamp"), pid: try fields.number("pid"),
            threadID: try fields.number("thread"),
            role: try fields.word("role", ExtractFormat.roles) ?? .unknown,
            level: try fields.word("level", ExtractFormat.levels) ?? .unknown,
            stream: UInt16(try fields.optionalInt("stream", in: 0...max(0, streams - 1)) ?? 0))
        self.init(
            pattern: pattern, header: header, line: try fields.int("line"),
            offset: Int64(try fields.int("offset")), bytes: try fields.bytes("text"),
            decoded: try fields.bytes("decoded"), cursor: try fields.bytes("cursor"))
        guard bytes.count <= Event.lineLimit, decoded.count <= Event.lineLimit else {
            throw ExtractError(reason: "a line of more than \(Event.lineLimit) bytes")
        }
        for item in try fields.list("captures") { captures.append(try capture(item)) }
    }

    private func capture(_ item: JSONValue) throws(ExtractError) -> Range<Int>? {
        if item == .null { return nil }
        guard case .array(let bounds) = item, bounds.count == 2,
            case .int(let low) = bounds[0], case .int(let high) = bounds[1],
            low >= 0, high >= low, Int(high) <= bytes.count + decoded.count
        else {
            throw ExtractError(reason: "\"captures\" holds something that is no range of the line")
        }
        return Int(low)..<Int(high)
    }
}
