// SPDX-License-Identifier: Apache-2.0

internal import Model

/// The output of `top -b`: the lines on memory, and the rows of servers.
///
/// Not read: `used`, which counted caches in older versions, and the time of day without a date.
/// Source: procps-ng 4.0.4, src/top/top.c and its translations.
struct TopFormat: SnapshotFormat {
    static let name = "top"
    static let openers = ["top - ", "MiB Mem", "KiB Mem", "GiB Mem"]

    private var snapshot: Snapshot?
    private var header: [Substring] = []

    mutating func begin(_ line: SnapshotLine, _ sink: inout SnapshotSink) -> Bool {
        snapshot = sink.snapshot(Self.name, .host, at: line)
        snapshot?.subject.port = nil
        if line.text.hasPrefix("top - ") {
            if let load = line.text.firstRange(of: "load average: ") {
                let text = line.text[load.upperBound...].prefix { $0 != " " }
                if let number = Double(text.hasSuffix(",") ? text.dropLast() : text) {
                    snapshot?.set(.loadAverage1, number, line)
                }
            }
            return true
        }
        return takeMemory(line)
    }

    mutating func take(_ line: SnapshotLine, _ sink: inout SnapshotSink) -> Bool {
        if line.text.hasPrefix("top - ") { return false }
        let words = line.words
        if !header.isEmpty { return takeRow(words, line, &sink) }
        if words.contains("PID"), words.contains("VIRT") {
            header = words
            return true
        }
        if line.isBlank || takeMemory(line) { return true }
        if words.first == "Threads:", words.count > 2, words[2].hasPrefix("total"),
            let number = Int64(words[1])
        {
            snapshot?.set(.tasks, number, line)
            return true
        }
        return ["Tasks:", "Threads:", "Cpu", "%Cpu"].contains { words[0].hasPrefix($0) }
    }

    mutating func end(_ sink: inout SnapshotSink) {
        if let snapshot { sink.emit(snapshot) }
    }

    // MARK: - Memory

    /// `MiB Mem :  24105.6 total,  18170.6 free, …`, `Swap:  2047k total, 2047k free, …`.
    private mutating func takeMemory(_ line: SnapshotLine) -> Bool {
        guard let (name, value) = line.split(at: ":") else { return false }
        let head = name.split(separator: " ")
        guard let kind = head.last, kind == "Mem" || kind == "Swap", head.count <= 2 else {
            return false
        }
        let unit = head.count == 2 ? Amounts.human("1" + head[0]) : nil
        let words = value.split(separator: " ")
        for (number, label) in zip(words, words.dropFirst()) {
            guard number.utf8.first.map({ $0 &- 0x30 < 10 }) == true,
                let measure = Self.measure(label, isSwap: kind == "Swap"),
                let bytes = unit.map({ Self.amount(number, $0) }) ?? Amounts.human(number),
                snapshot?.value(measure) == nil
            else { continue }
            snapshot?.set(measure, bytes, line)
        }
        return true
    }

    private static func amount(_ word: Substring, _ unit: Int64) -> Int64? {
        guard let number = Double(word.replacing(",", with: ".")) else { return nil }
        return Int64(exactly: (number * Double(unit)).rounded())
    }

    private static func measure(_ label: Substring, isSwap: Bool) -> Measure? {
        let word = String(label.prefix { $0 != "," && $0 != "." })
        if total.contains(word) { return isSwap ? .swapTotal : .memTotal }
        if free.contains(word) { return isSwap ? .swapFree : .memFree }
        return available.contains(word) ? .memAvailable : nil
    }

    private static let total: Set<String> = ["total", "totalt", "razem", "총계", "загал"]
    private static let free: Set<String> = [
        "free", "libr", "잔여", "wolne", "liberă", "fritt", "вільн", "віль",
    ]
    private static let available: Set<String> = ["avail", "dispo", "가용", "dost", "tillg", "дост"]

    // MARK: - Rows

    private func takeRow(
        _ words: [Substring], _ line: SnapshotLine, _ sink: inout SnapshotSink
    ) -> Bool {
        guard let at = header.firstIndex(of: "PID"), at < words.count, let pid = Int32(words[at])
        else { return false }
        let row = ProcessRow(header: header, words: words)
        guard row.isServer else { return true }
        var out = sink.snapshot(Self.name, .process, at: line)
        out.subject.port = nil
        out.subject.pid = pid
        row.describe(&out, line)
        for (name, measure) in [("VIRT", Measure.vmSize), ("RES", .vmRSS)] {
            guard let at = header.firstIndex(of: name[...]), at < min(words.count, row.sureColumns),
                let bytes = Amounts.human(words[at], plain: 1024)
            else { continue }
            out.set(measure, bytes, line)
        }
        sink.emit(out)
        return true
    }
}
