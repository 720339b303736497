// SPDX-License-Identifier: Apache-2.0

internal import Model

/// The output of free(1), in any language, unit and width.
///
/// Columns are known by their number: 6 (total, used, free, shared, buff/cache, available) or, with
/// -w, 7 (buffers and cache apart). Before procps 3.3.10 the sixth is `cached`, and a row
/// `-/+ buffers/cache` says what is used without caches. The unit is that of the command's options;
/// without the command only what the numbers leave no doubt about is read.
/// Source: procps-ng 4.0.4, src/free.c and its translations; procps 3.2.8, free.c.
struct FreeFormat: SnapshotFormat {
    static let name = "free"
    static let openers = ["total ", "gesamt ", "razem ", "totalt ", "총계 ", "სულ", "загалом "]

    private struct Row {
        var name: Substring
        var words: [Substring]
        var line: SnapshotLine
    }

    private var columns = 0
    private var isOld = false
    private var isWide = false
    private var start: SnapshotLine?
    private var rows: [Row] = []

    mutating func begin(_ line: SnapshotLine, _ sink: inout SnapshotSink) -> Bool {
        let words = line.words
        guard words.count == 6 || words.count == 7,
            words.allSatisfy({ $0.utf8.allSatisfy { $0 &- 0x30 >= 10 && $0 != 0x3A } })
        else { return false }
        columns = words.count
        isOld = words.last == "cached"
        isWide = line.text.utf8.prefix(15).allSatisfy { $0 == 0x20 }
        start = line
        return true
    }

    mutating func take(_ line: SnapshotLine, _ sink: inout SnapshotSink) -> Bool {
        let mark: Character = line.text.contains(":") ? ":" : "："
        guard rows.count < 8, let (name, value) = line.split(at: mark) else { return false }
        let words = value.split(whereSeparator: { $0 == " " || $0 == "\t" })
        guard !words.isEmpty, words.allSatisfy({ Amounts.human($0) != nil }) else { return false }
        rows.append(Row(name: name, words: words, line: line))
        return true
    }

    mutating func end(_ sink: inout SnapshotSink) {
        guard let start, !rows.isEmpty else { return }
        guard let unit = unit(sink.context) else {
            sink.note("line \(start.number): in which unit free printed cannot be told; not read")
            return
        }
        var snapshot = sink.snapshot(Self.name, .host, at: start)
        for row in rows {
            let measures = measures(of: row)
            guard !measures.isEmpty else { continue }
            var numbers = row.words.map { unit.bytes($0) }
            if endsShort(row) {
                sink.note(
                    "line \(row.line.number): the last number of a row of free is cut; not read")
                numbers.removeLast()
                if numbers.count < measures.count { numbers.append(nil) }
                for case (let measure?, let number?) in zip(measures, numbers)
                where snapshot.value(measure) == nil {
                    snapshot.set(measure, number, row.line)
                }
                continue
            }
            guard numbers.count == measures.count else {
                sink.note("line \(row.line.number): a row of free is damaged; not read")
                continue
            }
            for case (let measure?, let number) in zip(measures, numbers)
            where snapshot.value(measure) == nil {
                guard let number else {
                    sink.note("line \(row.line.number): a row of free is damaged")
                    continue
                }
                snapshot.set(measure, number, row.line)
            }
        }
        sink.emit(snapshot)
    }

    /// Whether a row ends before its column does while all columns before the last end where those
    /// of the header do: numbers stand to the right below their names.
    private func endsShort(_ row: Row) -> Bool {
        guard let start else { return false }
        let heads = Self.ends(of: start.text)
        // The first word of a row is its name, which may have blanks.
        let values = Self.ends(of: row.line.text).suffix(row.words.count)
        guard values.count > 1, values.count <= heads.count, let last = values.last else {
            return false
        }
        let above = heads.prefix(values.count)
        return values.dropLast().elementsEqual(above.dropLast()) && last < above[above.endIndex - 1]
    }

    /// Where each word ends, in characters.
    private static func ends(of text: some StringProtocol) -> [Int] {
        var out: [Int] = []
        var before: Character = " "
        for (place, character) in text.enumerated() {
            if character == " ", before != " " { out.append(place) }
            before = character
        }
        return before == " " ? out : out + [text.count]
    }

    // MARK: - Rows

    /// What the columns of a row are; nothing for rows that are not read.
    private func measures(of row: Row) -> [Measure?] {
        if row.name.hasPrefix("-/+") { return [.memUsed, nil] }
        if Self.swap.contains(row.name) { return [.swapTotal, .swapUsed, .swapFree] }
        if Self.commit.contains(row.name) { return [.commitLimit, .committedAS, nil] }
        guard Self.memory.contains(row.name) else { return [] }
        if isOld { return [.memTotal, nil, .memFree, .shmem, .buffers, .cached] }
        let last: [Measure?] =
            columns == 6
            ? [.buffersAndCached, .memAvailable] : [.buffers, nil, .memAvailable]
        return [.memTotal, .memUsed, .memFree, .shmem] + last
    }

    private static let memory: Set<Substring> = [
        "Mem", "Speicher", "მეხს", "메모리", "Pamięć", "Mem.", "Minne", "Пам.", "BNhớ", "内存",
    ]
    private static let swap: Set<Substring> = [
        "Swap", "Auslager", "Inter", "Échange", "სვაპი", "스  왑", "Wymiana", "Växl.", "Своп.",
        "Tráo đổi", "交换",
    ]
    /// With -v.
    private static let commit: Set<Substring> = [
        "Comm", "Dédié", "ბრძანება", "커  밋", "Zajęta", "Com.", "Til.",
    ]

    // MARK: - Units

    private enum Unit {
        case fixed(Int64)
        case human(isDecimal: Bool)

        func bytes(_ word: Substring) -> Int64? {
            let isBare = word.utf8.allSatisfy { $0 &- 0x30 < 10 }
            switch self {
            case .fixed(let unit):
                guard isBare, let number = Int64(word) else { return nil }
                return Amounts.bytes(number, times: unit)
            case .human(let isDecimal):
                guard !isBare || word == "0" else { return nil }
                return Amounts.human(word, isDecimal: isDecimal)
            }
        }
    }

    private func unit(_ context: SnapshotContext) -> Unit? {
        let isHuman = rows.contains { row in
            row.words.contains { $0.utf8.contains { ($0 | 0x20) &- 0x61 < 26 } }
        }
        guard context.program == "free" else {
            // `17Gi` is what it says; a bare `G` was a power of 1,024 until 3.3.15, whose header is
            // one column narrower, and since then means --si.
            let hasBinary = rows.contains { $0.words.contains { $0.hasSuffix("i") } }
            return isHuman ? .human(isDecimal: !hasBinary && isWide) : guessed
        }
        let options = context.command.dropFirst()
        let isDecimal = options.contains("--si")
        if isHuman { return .human(isDecimal: isDecimal) }
        for option in options {
            if let unit = Self.long[option] { return .fixed(unit) }
            guard option.hasPrefix("-"), !option.hasPrefix("--") else { continue }
            for letter in option.dropFirst() {
                if let power = Self.short[letter] {
                    return .fixed(Self.power(power, of: isDecimal ? 1000 : 1024))
                }
            }
        }
        return .fixed(isDecimal ? 1000 : 1024)
    }

    private static let short: [Character: Int] = ["b": 0, "k": 1, "m": 2, "g": 3]
    private static let long: [String: Int64] = [
        "--bytes": 1, "--kilo": 1000, "--mega": 1_000_000, "--giga": 1_000_000_000,
        "--kibi": 1024, "--mebi": 1_048_576, "--gibi": 1_073_741_824,
    ]

    private static func power(_ power: Int, of base: Int64) -> Int64 {
        (0..<power).reduce(1) { product, _ in product * base }
    }

    /// The unit where the command is not known. Numbers in KiB are multiples of 4, since pages are;
    /// otherwise the total must be a plausible size (256 MiB to 8 TiB) in one unit only.
    private var guessed: Unit? {
        let numbers = rows.flatMap(\.words).compactMap { Int64($0) }.filter { $0 > 0 }
        guard let total = rows.first(where: { Self.memory.contains($0.name) })?.words.first,
            let size = Int64(total), size > 0, numbers.count >= 4
        else { return nil }
        let plausible = [Int64(1), 1024, 1 << 20, 1 << 30].filter {
            let bytes = Amounts.bytes(size, times: $0)
            return bytes >= 256 << 20 && bytes <= 8 << 40
        }
        let arePages = numbers.allSatisfy { $0 % 4 == 0 }
        if plausible.contains(1024), arePages { return .fixed(1024) }
        let left = plausible.filter { $0 != 1024 || arePages }
        return left.count == 1 ? .fixed(left[0]) : nil
    }
}
