// SPDX-License-Identifier: Apache-2.0

internal import Model

/// vmstat's table, also with `-w`, `-t`, `-a` and `-S`.
///
/// Of a header's two lines the second names the columns; with `-t` its last word is the time zone.
/// The first row's rates are averages since boot; rates are read where times tell the rows apart. The table does not say its unit:
/// the command above it does, else KiB is assumed where the numbers are large enough for it.
/// Source: procps-ng 4.0.2, src/vmstat.c.
struct VmstatTable: SnapshotFormat {
    static let name = "vmstat"
    static let openers = VmstatNames.openers

    static func isShown(in context: SnapshotContext) -> Bool { context.program == "vmstat" }

    private var columns: [Measure?] = []
    private var zone: String?
    private var rows = 0
    private var latest = Int64.min
    private var unit: Int64?
    private var delay: Int?
    private var start = Stamp.none
    private var startBasis = Snapshot.TimeBasis.none

    mutating func begin(_ line: SnapshotLine, _ sink: inout SnapshotSink) -> Bool {
        let words = line.words
        guard
            words.contains(where: { $0.contains("---") }) && words.count >= 5
                || setColumns(words)
        else { return false }
        unit = VmstatUnit.bytes(sink.context)
        delay = VmstatUnit.delay(sink.context)
        start = sink.context.stamp
        startBasis = sink.context.timeBasis
        return true
    }

    mutating func take(_ line: SnapshotLine, _ sink: inout SnapshotSink) -> Bool {
        let words = line.words
        guard let first = words.first else { return false }
        guard Int(first) != nil else {
            return words.contains { $0.contains("---") } && words.count >= 5 || setColumns(words)
        }
        guard !columns.isEmpty else {
            sink.note("vmstat: rows without a header are not read (line \(line.number))")
            return true
        }
        read(words, line, &sink)
        return true
    }

    mutating func end(_ sink: inout SnapshotSink) {}

    /// Whether these are the names of columns.
    private mutating func setColumns(_ words: [Substring]) -> Bool {
        let found = words.map { VmstatNames.columns[String($0)] }
        guard words.count >= 14, found.contains(.memFree), found.contains(.swapInBytesRate) else {
            return false
        }
        columns = found
        zone = words.last.map(String.init)
        return true
    }

    private mutating func read(
        _ words: [Substring], _ line: SnapshotLine, _ sink: inout SnapshotSink
    ) {
        let dateAt = words.firstIndex { $0.utf8.count == 10 && $0.contains("-") }
        let count = dateAt ?? words.count
        let isWhole = words.prefix(count).allSatisfy { Int64($0) != nil }
        // A header of -t has one word more: the zone, unless the rows have it (procps 3.2).
        let fits = count == columns.count || dateAt != nil && count == columns.count - 1
        let time = dateAt.map { words[$0...].joined(separator: " ") }
        let stamp = time.flatMap { rowStamp($0, hasZoneAbove: count < columns.count) }
        guard isWhole, fits, time == nil || stamp != nil else {
            sink.note("vmstat: a row does not fit its header and is not read")
            return
        }
        rows += 1
        var snapshot = sink.snapshot(Self.name, .host, at: line)
        if let stamp {
            guard stamp.nanoseconds > latest else {
                sink.note("vmstat: rows that do not follow in time are not read")
                return
            }
            latest = stamp.nanoseconds
            snapshot.stamp = stamp
            snapshot.timeBasis = .inFormat
        } else {
            place(&snapshot)
        }
        add(words.prefix(count).compactMap { Int64($0) }, to: &snapshot, line, &sink)
        sink.emit(snapshot)
    }

    private func rowStamp(_ text: String, hasZoneAbove: Bool) -> Stamp? {
        guard text.split(separator: " ").count > 1, text.utf8.count >= 19 else { return nil }
        let zoned = hasZoneAbove ? "\(text) \(zone ?? "")" : text
        guard let time = TimeText(zoned[...]), time.rest.isEmpty || time.rest == zone ?? "",
            hasZoneAbove || time.rest.isEmpty
        else { return nil }
        return time.stamp
    }

    /// Without -t the first row is of the time above the table; later ones follow at the interval
    /// that the command names.
    private func place(_ snapshot: inout Snapshot) {
        snapshot.stamp = .none
        snapshot.timeBasis = .none
        guard start.form != .none else { return }
        if rows == 1 {
            snapshot.stamp = start
            snapshot.timeBasis = startBasis
        } else if let delay {
            snapshot.stamp = start
            snapshot.stamp.nanoseconds += Int64((rows - 1) * delay) * 1_000_000_000
            snapshot.timeBasis = .neighbour
        }
    }

    private func add(
        _ numbers: [Int64], to snapshot: inout Snapshot, _ line: SnapshotLine,
        _ sink: inout SnapshotSink
    ) {
        var unit = unit
        if unit == nil {
            // Less than 100 MB in all would be no host's; as MiB or MB it is one's.
            let sizes: [Measure] = [.memFree, .buffers, .cached, .inactive, .active]
            let sum = zip(columns, numbers).filter { $0.0.map(sizes.contains) ?? false }
                .reduce(Int64(0)) { $0 &+ $1.1 }
            if sum >= 100_000 { unit = 1024 }
        }
        guard let unit else {
            sink.note(
                "vmstat: the unit is not known (KiB, or MiB with -S M), so sizes are not read; "
                    + "a line \"$ vmstat …\" above the table would tell it")
            return
        }
        for (measure, number) in zip(columns, numbers) {
            guard let measure, snapshot.value(measure) == nil else { continue }
            let bytes = Amounts.bytes(number, times: unit)
            if measure.unit == .bytes {
                snapshot.set(measure, bytes, line)
            } else if rows > 1, snapshot.timeBasis == .inFormat {
                snapshot.set(measure, Double(bytes), line)
            }
        }
    }
}

/// `vmstat -s`: a number and its name a line.
struct VmstatSummary: SnapshotFormat {
    static let name = "vmstat -s"
    static let openers = ["Pamięć razem:"]
    static let closers = [
        " total memory", " Gesamtspeicher", " memoria total", " mémoire totale",
        " სულ მეხსიერება", " 메모리 총량", " de memória total", " total memorie",
        " totalt minne", " пам’яті загалом", " tổng bộ nhớ",
    ]

    static func isShown(in context: SnapshotContext) -> Bool {
        context.program == "vmstat" && context.command.contains("-s")
    }

    private var snapshot: Snapshot?

    mutating func begin(_ line: SnapshotLine, _ sink: inout SnapshotSink) -> Bool {
        guard let (name, _) = Self.parse(line), VmstatNames.lines[name] == .memTotal else {
            return false
        }
        snapshot = sink.snapshot(Self.name, .host, at: line)
        return take(line, &sink)
    }

    mutating func take(_ line: SnapshotLine, _ sink: inout SnapshotSink) -> Bool {
        guard let (name, number) = Self.parse(line) else { return false }
        guard let measure = VmstatNames.lines[name] else { return true }
        guard snapshot?.value(measure) == nil else { return measure != .memTotal }
        guard (measure.unit == .bytes) == number.hasUnit else { return true }
        snapshot?.set(measure, number.bytes, line)
        return true
    }

    mutating func end(_ sink: inout SnapshotSink) {
        if let snapshot { sink.emit(snapshot) }
    }

    /// `24684084 K total memory`, `Pamięć razem:   24684084 K`, `1795346231 boot time`.
    private static func parse(
        _ line: SnapshotLine
    ) -> (name: String, number: (bytes: Int64, hasUnit: Bool))? {
        var words = line.words
        guard words.count > 1, let at = words.firstIndex(where: { Int64($0) != nil }),
            let number = Int64(words[at])
        else { return nil }
        words.remove(at: at)
        guard at == 0 || at >= words.count - 1 else { return nil }
        let unit = at < words.count ? VmstatUnit.bytes(of: String(words[at])) : nil
        if unit != nil { words.remove(at: at) }
        guard !words.isEmpty else { return nil }
        return (
            VmstatNames.key(words), (Amounts.bytes(number, times: unit ?? 1), unit != nil)
        )
    }
}
