// SPDX-License-Identifier: Apache-2.0

internal import Model

/// What sar prints: a line with the date, then tables whose rows begin with a time of day.
///
/// Columns are found by their names, so the version does not matter, nor does the language: only
/// `Average:` and the date are translated. Rows are taken in the order of time; one that stands
/// before its time may belong below another header, one that is lost, and is left out.
/// Source: sysstat 12.6.1, sar.c, pr_stats.c.
struct SarTable: SnapshotFormat {
    static let name = "sar"
    static let openers = ["Linux "]
    /// Headers, where the line with the date is lost.
    static let closers = ["kbdirty", "kbvmused", "%swpcad", "pswpout/s", "%vmeff", "blocked"]

    static func isShown(in context: SnapshotContext) -> Bool { context.program == "sar" }

    /// The table that rows belong to.
    private struct Table {
        var key: String
        var columns: [Sysstat.Column?]
        var timeWords: Int
        /// Characters in the header, which rows fill up to its right edge; 0 where blanks were
        /// squeezed out.
        var width: Int
    }

    /// How far rows of the same columns have got.
    private struct Progress {
        var day = 0
        var second: Int
        var row = ""
    }

    private var date: SarDate?
    private var days: Int?
    private var host: String?
    private var table: Table?
    /// Whether rows belong to a table that is of no interest.
    private var isPassing = false
    private var progress: [String: Progress] = [:]

    // MARK: - Lines

    mutating func begin(_ line: SnapshotLine, _ sink: inout SnapshotSink) -> Bool {
        if beginReport(line, sink.context.inputPath) { return true }
        let words = line.words
        guard let clock = SarClock(words) else { return false }
        return beginTable(words, clock, line)
    }

    mutating func take(_ line: SnapshotLine, _ sink: inout SnapshotSink) -> Bool {
        if line.isBlank {
            table = nil
            isPassing = false
            return true
        }
        let words = line.words
        guard let clock = SarClock(words) else {
            return beginReport(line, sink.context.inputPath) || endTable(words)
        }
        if beginTable(words, clock, line) { return true }
        let cells = words.dropFirst(clock.words)
        guard let table else {
            if !isPassing, let first = cells.first, Sysstat.isNumber(first) {
                sink.note("sar: rows without a header are not read (line \(line.number))")
            }
            isPassing = true
            return true
        }
        if cells.contains(where: Sysstat.isNumber), cells.count == table.columns.count {
            read(cells, clock, table, line, &sink)
        } else if let first = cells.first, !Sysstat.isNumber(first) {
            // `LINUX RESTART (2 CPU)`, or the header of a table that is of no interest.
            self.table = nil
            isPassing = true
        } else {
            sink.note("sar: a row does not fit its header and is not read (line \(line.number))")
        }
        return true
    }

    mutating func end(_ sink: inout SnapshotSink) {}

    // MARK: - Headers

    /// `Linux 6.18.44 (db1) <tab>11/22/26 <tab>_x86_64_<tab>(2 CPU)`.
    private mutating func beginReport(_ line: SnapshotLine, _ path: String) -> Bool {
        let words = line.words
        guard words.count > 3, words[0] == "Linux", words[2].hasPrefix("("),
            words[2].hasSuffix(")"), let end = line.text.firstRange(of: words[2])?.upperBound
        else { return false }
        let rest = line.text[end...].trimmed
        let ends: [Character] = ["_", "(", "\t"]
        let cut = rest.firstIndex { ends.contains($0) } ?? rest.endIndex
        guard let date = SarDate(rest[..<cut].trimmed, path: path) else { return false }
        self = SarTable()
        self.date = date
        host = String(words[2].dropFirst().dropLast())
        return true
    }

    /// A time and names of columns, at least one of them known.
    private mutating func beginTable(
        _ words: [Substring], _ clock: SarClock, _ line: SnapshotLine
    ) -> Bool {
        let names = words.dropFirst(clock.words)
        let columns = names.map { Sysstat.column(named: String($0)) }
        guard columns.contains(where: { $0 != nil }) else { return false }
        let key = names.joined(separator: " ")
        table = Table(
            key: key, columns: columns, timeWords: clock.words,
            width: line.text.contains("  ") ? line.text.count : 0)
        isPassing = false
        if progress[key] == nil { progress[key] = Progress(second: clock.second) }
        return true
    }

    /// An average, in whatever language, ends a table; with several tables it has headers, too.
    private mutating func endTable(_ words: [Substring]) -> Bool {
        let label = words.prefix(2).first { $0.hasSuffix(":") || $0.hasSuffix("：") }
        guard words.count > 1, let label,
            table != nil || isPassing || Sysstat.averages.contains(String(label))
        else { return false }
        table = nil
        isPassing = true
        return true
    }

    // MARK: - Rows

    private mutating func read(
        _ cells: ArraySlice<Substring>, _ clock: SarClock, _ table: Table, _ line: SnapshotLine,
        _ sink: inout SnapshotSink
    ) {
        guard clock.words == table.timeWords, line.text.count >= table.width,
            cells.allSatisfy({ Sysstat.isNumber($0) })
        else {
            sink.note("sar: a row does not fit its header and is not read (line \(line.number))")
            return
        }
        guard let seconds = advance(table.key, clock.second, line.text, &sink) else { return }
        guard let first = firstDay(clock, cells, &sink) else { return }
        let isHuman = cells.contains { $0.last?.isLetter ?? false }
        var snapshot = sink.snapshot(
            Sysstat.command(table.columns) + (isHuman ? " -h" : ""), .host, at: line)
        if let host { snapshot.subject.host = host }
        snapshot.stamp = Stamp(
            form: .local, precision: .second,
            nanoseconds: (Int64(first) * 86_400 + Int64(seconds)) * 1_000_000_000)
        snapshot.timeBasis = .inFormat
        for (column, cell) in zip(table.columns, cells) {
            guard let column, snapshot.value(column.measure) == nil,
                let quantity = column.quantity(cell)
            else { continue }
            snapshot.values.append(SnapshotValue(column.measure, quantity, line: line.number))
        }
        sink.emit(snapshot)
    }

    /// Seconds since the midnight before the report's first row; `nil` where the row is out of
    /// order. A fall of more than half a day is midnight.
    private mutating func advance(
        _ key: String, _ second: Int, _ row: String, _ sink: inout SnapshotSink
    ) -> Int? {
        guard var known = progress[key] else { return nil }
        if second < known.second - 43_200 {
            known.day += 1
        } else if second <= known.second {
            if row != known.row {
                sink.note("sar: rows that do not follow in time are not read")
            }
            return nil
        }
        known.second = second
        known.row = row
        progress[key] = known
        return known.day * 86_400 + second
    }

    private mutating func firstDay(
        _ clock: SarClock, _ cells: ArraySlice<Substring>, _ sink: inout SnapshotSink
    ) -> Int? {
        if let days { return days }
        guard let date else {
            sink.note("sar: rows without the line that holds the date are not read")
            return nil
        }
        let hasComma = cells.contains { $0.contains(",") }
        let (found, isGuess) = date.days(clock, hasComma: hasComma)
        if isGuess {
            let text = CivilTime(timestamp: Timestamp(seconds: Int64(found) * 86_400)).date
            sink.note("sar: the date is read with the month first, as the C locale has it: \(text)")
        }
        days = found
        return found
    }
}
