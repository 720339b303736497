// SPDX-License-Identifier: Apache-2.0

internal import Model

/// `atop -P MEM,SWP,PAG`: lines of a label, host, epoch, date, time, interval and numbers.
///
/// Sizes are in pages, whose size is the first number. Source: atop 2.8.1, atop(1), section
/// "parseable output".
struct AtopLines: SnapshotFormat {
    static let name = "atop -P"
    static let openers = ["MEM ", "SWP ", "PAG ", "RESET", "SEP"]

    private var snapshot: Snapshot?
    /// The moment before: numbers that follow no other are since boot.
    private var before: Stamp?

    mutating func begin(_ line: SnapshotLine, _ sink: inout SnapshotSink) -> Bool {
        take(line, &sink)
    }

    mutating func take(_ line: SnapshotLine, _ sink: inout SnapshotSink) -> Bool {
        let words = line.words
        if words.count == 1, words[0] == "RESET" || words[0] == "SEP" {
            emit(&sink)
            if words[0] == "RESET" { before = nil }
            return true
        }
        guard words.count > 7, words[0].utf8.count <= 4,
            let stamp = TimeText.epoch(word: words[2]), words[2].utf8.count == 10,
            words[3].utf8.count == 10, words[4].utf8.count == 8, let interval = Int64(words[5])
        else { return false }
        if snapshot?.stamp != stamp || snapshot?.subject.host != String(words[1]) {
            emit(&sink)
            var begun = sink.snapshot(Self.name, .host, at: line)
            begun.subject.host = String(words[1])
            begun.stamp = stamp
            begun.timeBasis = .inFormat
            snapshot = begun
        }
        read(words, every: interval, line, &sink)
        return true
    }

    mutating func end(_ sink: inout SnapshotSink) { emit(&sink) }

    private mutating func emit(_ sink: inout SnapshotSink) {
        if let snapshot {
            sink.emit(snapshot)
            before = snapshot.stamp
        }
        snapshot = nil
    }

    private mutating func read(
        _ words: [Substring], every interval: Int64, _ line: SnapshotLine,
        _ sink: inout SnapshotSink
    ) {
        guard let measures = Self.pages[words[0]] else { return }
        let numbers = words.dropFirst(7).map { Int64($0) }
        guard let page = Int64(words[6]), [4096, 16384, 65536].contains(page),
            numbers.count >= measures.count
        else {
            sink.note("atop: a line is damaged and is not read (line \(line.number))")
            return
        }
        for (measure, number) in zip(measures, numbers) {
            guard let measure, let number, snapshot?.value(measure) == nil else { continue }
            switch measure.unit {
            case .bytes: snapshot?.set(measure, Amounts.bytes(number, times: page), line)
            case .rate:
                guard let before, let now = snapshot?.stamp, interval > 0,
                    now.nanoseconds - before.nanoseconds == interval * 1_000_000_000
                else { continue }
                snapshot?.set(measure, Double(number) / Double(interval), line)
            default: snapshot?.set(measure, number, line)
            }
        }
    }

    /// What the numbers behind the page size are.
    private static let pages: [Substring: [Measure?]] = [
        "MEM": [
            .memTotal, .memFree, .cached, .buffers, .slab, .dirty, .slabReclaimable, nil, .shmem,
        ],
        "SWP": [.swapTotal, .swapFree, nil, .committedAS, .commitLimit],
        "PAG": [nil, nil, nil, .swapInRate, .swapOutRate],
    ]
}
