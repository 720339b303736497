// SPDX-License-Identifier: Apache-2.0
// How the events and the timeline of an incident are packed: numbers as in `SnapshotPacker`; a text
// of ASCII gets a number, and is followed by its bytes where it stands first. Other texts are
// written whole each time, since texts that Swift calls equal may differ in their bytes.

/// What an incident knows beside its figures: the parts of it that grow with what is in the logs.
struct IncidentEvidence {
    var timeline: [TimelineEntry]
    var observations: [Event]
    var childrenElsewhere: [Event]
    var vanished: [Event]
    var trigger: Trigger?
}

/// Packs the evidence of one incident into a run of bytes.
struct EvidencePacker {
    private(set) var bytes: [UInt8] = []
    private var texts: [String: Int] = [:]

    init(_ evidence: IncidentEvidence) {
        put(evidence.timeline) { $0.put($1) }
        for events in [evidence.observations, evidence.childrenElsewhere, evidence.vanished] {
            put(events) { $0.put($1) }
        }
        put(optional: evidence.trigger) { packer, trigger in
            packer.put(trigger.statement)
            packer.put(time: trigger.at)
            packer.put(trigger.evidence) { $0.put($1) }
        }
    }

    private mutating func put(_ event: Event) {
        let header = event.header
        put(event.kind.rawValue)
        put(event.patternID)
        bytes += [
            header.form.rawValue, header.stamp.form.rawValue, header.stamp.precisionBits,
            header.role.rawValue, header.level.rawValue,
        ]
        put(signed: Int64(header.stamp.offsetSeconds))
        put(signed: header.stamp.nanoseconds)
        put(signed: Int64(header.pid))
        put(signed: Int64(header.threadID))
        put(UInt64(header.stream))
        put(signed: Int64(event.source.input))
        put(signed: Int64(event.source.line))
        put(signed: event.source.offset)
        put(event.values) { packer, value in
            packer.put(value.name)
            packer.put(value.text)
        }
        put(event.line)
        put(optional: event.cursor) { $0.put($1) }
        put(time: event.at)
        put(event.uncertainty)
    }

    private mutating func put(_ entry: TimelineEntry) {
        put(time: entry.at)
        put(optional: entry.local) { $0.put($1) }
        put(optional: entry.uncertaintySeconds) { $0.put($1) }
        put(entry.kind)
        put(entry.severity.rawValue)
        put(entry.text)
        put(optional: entry.quote) { $0.put($1) }
        put(signed: Int64(entry.count))
        put(time: entry.lastAt)
        put(optional: entry.source) { $0.put($1) }
    }

    private mutating func put(_ evidence: Evidence) {
        put(evidence.direction.rawValue)
        put(evidence.statement)
        put(optional: evidence.quote) { $0.put($1) }
        put(time: evidence.at)
        put(optional: evidence.source) { $0.put($1) }
        put(optional: evidence.value) { $0.put($1) }
        put(optional: evidence.unit) { $0.put($1) }
    }

    private mutating func put(_ source: SourceReference) {
        put(source.path)
        put(signed: Int64(source.line))
        put(signed: source.offset)
        put(optional: source.cursor) { $0.put($1) }
    }

    // MARK: - Parts

    private mutating func put<Item>(
        _ items: [Item], _ putItem: (inout EvidencePacker, Item) -> Void
    ) {
        put(UInt64(items.count))
        for item in items { putItem(&self, item) }
    }

    private mutating func put<Item>(
        optional item: Item?, _ putItem: (inout EvidencePacker, Item) -> Void
    ) {
        bytes.append(item == nil ? 0 : 1)
        if let item { putItem(&self, item) }
    }

    private mutating func put(time: Timestamp?) {
        put(optional: time) { $0.put(signed: $1.nanoseconds) }
    }

    /// 0 and a text that is written whole, 1 and one that gets the next number, or a number and 2.
    private mutating func put(_ text: String) {
        if let number = texts[text], text.isASCII { return put(UInt64(number) + 2) }
        bytes.append(text.isASCII ? 1 : 0)
        if text.isASCII { texts[text] = texts.count }
        put(UInt64(text.utf8.count))
        bytes += text.utf8
    }

    private mutating func put(_ number: Double) {
        for shift in stride(from: UInt64(0), to: 64, by: 8) {
            bytes.append(UInt8(truncatingIfNeeded: number.bitPattern >> shift))
        }
    }

    private mutating func put(signed number: Int64) {
        put(UInt64(bitPattern: number << 1 ^ number >> 63))
    }

    private mutating func put(_ number: UInt64) {
        var rest = number
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(truncatingIfNeeded: rest))
    }
}

/// Reads what an `EvidencePacker` wrote. Bytes that are none cannot come about, unless the temporary
/// file was lost, and then the run has failed.
struct EvidenceUnpacker {
    private let bytes: [UInt8]
    private var at = 0
    private var texts: [String] = []

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    mutating func evidence() -> IncidentEvidence {
        IncidentEvidence(
            timeline: list { $0.entry() }, observations: list { $0.event() },
            childrenElsewhere: list { $0.event() }, vanished: list { $0.event() },
            trigger: optional {
                Trigger(
                    statement: $0.text(), at: $0.time(), evidence: $0.list { $0.evidenceItem() })
            })
    }

    private mutating func event() -> Event {
        let kind = EventKind(rawValue: text())
        let patternID = text()
        let form = HeaderForm(rawValue: byte()) ?? .none
        var stamp = Stamp(
            form: Stamp.Form(rawValue: byte()) ?? .none, precision: .second, nanoseconds: 0)
        stamp.precisionBits = byte()
        let role = Role(rawValue: byte()) ?? .unknown
        let level = Level(rawValue: byte()) ?? .unknown
        stamp.offsetSeconds = Int32(truncatingIfNeeded: signed())
        stamp.nanoseconds = signed()
        let header = RecordHeader(
            form: form, stamp: stamp, pid: Int32(truncatingIfNeeded: signed()),
            threadID: Int32(truncatingIfNeeded: signed()), role: role, level: level,
            stream: UInt16(truncatingIfNeeded: number()))
        let source = SourcePosition(input: Int(signed()), line: Int(signed()), offset: signed())
        let values = list { Capture(name: $0.text(), text: $0.text()) }
        let line = text()
        let cursor = optional { $0.text() }
        let at = time()
        return Event(
            kind: kind ?? .crash_detail, patternID: patternID, header: header, source: source,
            values: values, line: line, at: at, uncertainty: real(), cursor: cursor)
    }

    private mutating func entry() -> TimelineEntry {
        TimelineEntry(
            at: time(), local: optional { $0.text() },
            uncertaintySeconds: optional { $0.real() }, kind: text(),
            severity: TimelineEntry.Severity(rawValue: text()) ?? .info, text: text(),
            quote: optional { $0.text() }, count: Int(signed()), lastAt: time(),
            source: optional { $0.source() })
    }

    private mutating func evidenceItem() -> Evidence {
        Evidence(
            Evidence.Direction(rawValue: text()) ?? .for, text(), quote: optional { $0.text() },
            at: time(), source: optional { $0.source() }, value: optional { $0.real() },
            unit: optional { $0.text() })
    }

    private mutating func source() -> SourceReference {
        SourceReference(
            path: text(), line: Int(signed()), offset: signed(), cursor: optional { $0.text() })
    }

    // MARK: - Parts

    private mutating func list<Item>(_ item: (inout EvidenceUnpacker) -> Item) -> [Item] {
        let count = number()
        var out: [Item] = []
        while out.count < count, at < bytes.count { out.append(item(&self)) }
        return out
    }

    private mutating func optional<Item>(_ item: (inout EvidenceUnpacker) -> Item) -> Item? {
        byte() == 1 ? item(&self) : nil
    }

    private mutating func time() -> Timestamp? {
        optional { Timestamp(nanoseconds: $0.signed()) }
    }

    private mutating func text() -> String {
        let tag = number()
        if tag >= 2 { return tag - 2 < UInt64(texts.count) ? texts[Int(tag - 2)] : "" }
        let count = Int(min(number(), UInt64(bytes.count - at)))
        let text = String(decoding: bytes[at..<at + count], as: UTF8.self)
        at += count
        if tag == 1 { texts.append(text) }
        return text
    }

    private mutating func real() -> Double {
        var bits: UInt64 = 0
        for shift in stride(from: UInt64(0), to: 64, by: 8) { bits |= UInt64(byte()) << shift }
        return Double(bitPattern: bits)
    }

    private mutating func signed() -> Int64 {
        let number = number()
        return Int64(bitPattern: number >> 1) ^ -Int64(bitPattern: number & 1)
    }

    private mutating func number() -> UInt64 {
        var value: UInt64 = 0
        var shift: UInt64 = 0
        while shift < 64 {
            let byte = byte()
            value |= UInt64(byte & 0x7F) << shift
            if byte < 0x80 { break }
            shift += 7
        }
        return value
    }

    /// The next byte; 0 behind the last.
    private mutating func byte() -> UInt8 {
        guard at < bytes.count else { return 0 }
        at += 1
        return bytes[at - 1]
    }
}

extension String {
    /// Whether equal means equal byte by byte, as it does for ASCII alone.
    package var isASCII: Bool { utf8.allSatisfy { $0 < 0x80 } }
}
