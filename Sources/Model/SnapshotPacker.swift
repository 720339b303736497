// SPDX-License-Identifier: Apache-2.0
// How snapshots are packed: whole numbers as variable-length integers (7 bits a byte, lowest
// first), signed ones folded (0, -1, 1, -2 …), times and places as differences to the snapshot
// before. Texts, subjects and lists of measures get numbers; a number that is not known yet is
// followed by what it stands for.

/// Packs snapshots into a run of bytes.
struct SnapshotPacker: Sendable {
    private(set) var bytes: [UInt8] = []
    private var texts: [String: Int] = [:]
    private var subjects: [SnapshotSubject: Int] = [:]
    private var shapes: [[Measure]: Int] = [:]
    private var nanoseconds: Int64 = 0
    private var line = 0
    private var offset: Int64 = 0

    mutating func append(_ snapshot: Snapshot) {
        let stamp = snapshot.stamp
        put(text: snapshot.format)
        put(subject: snapshot.subject)
        bytes.append(
            stamp.form.rawValue | stamp.precision.rawValue << 4 | (snapshot.isChange ? 0x40 : 0)
                | (stamp.isOuter ? 0x80 : 0))
        bytes.append(snapshot.timeBasis.rawValue)
        put(signed: Int64(stamp.offsetSeconds))
        put(signed: stamp.nanoseconds &- nanoseconds)
        put(signed: Int64(snapshot.line &- line))
        put(signed: snapshot.offset &- offset)
        nanoseconds = stamp.nanoseconds
        line = snapshot.line
        offset = snapshot.offset
        put(shape: snapshot.values.map(\.measure))
        for value in snapshot.values { put(value) }
    }

    private mutating func put(_ value: SnapshotValue) {
        let distance = Self.folded(Int64(value.line &- line)) << 2
        switch value.quantity {
        case .whole(let number):
            put(distance)
            put(signed: value.offset &- offset)
            put(signed: number)
        case .real(let number):
            put(distance | 1)
            put(signed: value.offset &- offset)
            for shift in stride(from: UInt64(0), to: 64, by: 8) {
                bytes.append(UInt8(truncatingIfNeeded: number.bitPattern >> shift))
            }
        case .text(let text):
            put(distance | 2)
            put(signed: value.offset &- offset)
            put(text: text)
        }
    }

    // MARK: - Numbers for things

    private mutating func put(text: String) {
        if let number = texts[text] { return put(UInt64(number)) }
        put(UInt64(texts.count))
        texts[text] = texts.count
        put(UInt64(text.utf8.count))
        bytes += text.utf8
    }

    private mutating func put(subject: SnapshotSubject) {
        if let number = subjects[subject] { return put(UInt64(number)) }
        put(UInt64(subjects.count))
        subjects[subject] = subjects.count
        bytes.append(subject.scope.rawValue)
        bytes.append(subject.isChild ? 1 : 0)
        put(optional: subject.pid.map(Int64.init))
        put(optional: subject.port.map(Int64.init))
        for text in [subject.host, subject.command, subject.path] {
            bytes.append(text == nil ? 0 : 1)
            if let text { put(text: text) }
        }
    }

    private mutating func put(shape: [Measure]) {
        if let number = shapes[shape] { return put(UInt64(number)) }
        put(UInt64(shapes.count))
        shapes[shape] = shapes.count
        put(UInt64(shape.count))
        for measure in shape {
            put(text: measure.name)
            put(text: measure.unit.rawValue)
        }
    }

    // MARK: - Numbers

    private mutating func put(_ number: UInt64) {
        var rest = number
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(truncatingIfNeeded: rest))
    }

    private mutating func put(signed number: Int64) { put(Self.folded(number)) }

    private mutating func put(optional number: Int64?) {
        bytes.append(number == nil ? 0 : 1)
        if let number { put(signed: number) }
    }

    private static func folded(_ number: Int64) -> UInt64 {
        UInt64(bitPattern: number << 1 ^ number >> 63)
    }
}

/// Reads what a `SnapshotPacker` wrote. Bytes that are no snapshot end the run; they cannot come
/// about, unless the temporary file was lost, and then the run has failed.
struct SnapshotUnpacker {
    private let bytes: [UInt8]
    private var at = 0
    private var texts: [String] = []
    private var subjects: [SnapshotSubject] = []
    private var shapes: [[Measure]] = []
    private var nanoseconds: Int64 = 0
    private var line = 0
    private var offset: Int64 = 0

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    mutating func next() -> Snapshot? {
        guard at < bytes.count, let format = text(), let subject = subject(), let flags = byte(),
            let basis = byte(), let zone = signed(), let time = signed(), let lines = signed(),
            let distance = signed(), let shape = shape()
        else { return nil }
        nanoseconds &+= time
        line &+= Int(lines)
        offset &+= distance
        var snapshot = Snapshot(
            format: format, subject: subject,
            stamp: Stamp(
                form: Stamp.Form(rawValue: flags & 0x0F) ?? .none,
                precision: Stamp.Precision(rawValue: flags >> 4 & 3) ?? .second,
                offsetSeconds: Int32(truncatingIfNeeded: zone), nanoseconds: nanoseconds),
            timeBasis: Snapshot.TimeBasis(rawValue: basis) ?? .none, line: line, offset: offset)
        snapshot.isChange = flags & 0x40 != 0
        snapshot.stamp.isOuter = flags & 0x80 != 0
        snapshot.values.reserveCapacity(shape.count)
        for measure in shape {
            guard let value = value(measure) else { return nil }
            snapshot.values.append(value)
        }
        return snapshot
    }

    private mutating func value(_ measure: Measure) -> SnapshotValue? {
        guard let tag = number(), let distance = signed() else { return nil }
        let place = offset &+ distance
        let line = line &+ Int(Self.unfolded(tag >> 2))
        switch tag & 3 {
        case 0:
            return signed().map { SnapshotValue(measure, .whole($0), line: line, offset: place) }
        case 1:
            var bits: UInt64 = 0
            for shift in stride(from: UInt64(0), to: 64, by: 8) {
                guard let byte = byte() else { return nil }
                bits |= UInt64(byte) << shift
            }
            return SnapshotValue(
                measure, .real(Double(bitPattern: bits)), line: line, offset: place)
        default:
            return text().map { SnapshotValue(measure, .text($0), line: line, offset: place) }
        }
    }

    // MARK: - Numbers for things

    private mutating func text() -> String? {
        guard let number = number() else { return nil }
        if number < UInt64(texts.count) { return texts[Int(number)] }
        guard let count = self.number(), count <= UInt64(bytes.count - at) else { return nil }
        let text = String(decoding: bytes[at..<at + Int(count)], as: UTF8.self)
        at += Int(count)
        texts.append(text)
        return text
    }

    private mutating func subject() -> SnapshotSubject? {
        guard let number = number() else { return nil }
        if number < UInt64(subjects.count) { return subjects[Int(number)] }
        guard let scope = byte().flatMap(SnapshotSubject.Scope.init), let child = byte() else {
            return nil
        }
        var subject = SnapshotSubject(scope)
        subject.isChild = child == 1
        if byte() == 1 { subject.pid = signed().map { Int32(truncatingIfNeeded: $0) } }
        if byte() == 1 { subject.port = signed().map { Int($0) } }
        if byte() == 1 { subject.host = text() }
        if byte() == 1 { subject.command = text() }
        if byte() == 1 { subject.path = text() }
        subjects.append(subject)
        return subject
    }

    private mutating func shape() -> [Measure]? {
        guard let number = number() else { return nil }
        if number < UInt64(shapes.count) { return shapes[Int(number)] }
        guard let count = self.number(), count <= UInt64(bytes.count - at) else { return nil }
        var shape: [Measure] = []
        for _ in 0..<count {
            guard let name = text(), let unit = text().flatMap(Measure.Unit.init) else {
                return nil
            }
            shape.append(Measure(name, unit))
        }
        shapes.append(shape)
        return shape
    }

    // MARK: - Numbers

    private mutating func byte() -> UInt8? {
        guard at < bytes.count else { return nil }
        at += 1
        return bytes[at - 1]
    }

    private mutating func number() -> UInt64? {
        var value: UInt64 = 0
        var shift: UInt64 = 0
        while shift < 64, let byte = byte() {
            value |= UInt64(byte & 0x7F) << shift
            if byte < 0x80 { return value }
            shift += 7
        }
        return nil
    }

    private mutating func signed() -> Int64? { number().map(Self.unfolded) }

    private static func unfolded(_ number: UInt64) -> Int64 {
        Int64(bitPattern: number >> 1) ^ -Int64(bitPattern: number & 1)
    }
}
