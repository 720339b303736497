// SPDX-License-Identifier: Apache-2.0

internal import Model

/// What CONFIG GET answers, in any form that redis-cli prints it in.
struct ConfigGetFormat: SnapshotFormat {
    static let name = "CONFIG GET"
    static let openers = ServerSetting.all.keys.sorted().flatMap {
        ["1) \"\($0)\"", "1# \"\($0)\" => "]
    }

    static func isShown(in context: SnapshotContext) -> Bool {
        guard context.isClient else { return false }
        let words = context.command.map { $0.lowercased() }
        guard let at = words.firstIndex(of: "config"), at + 1 < words.count else { return false }
        return words[at + 1] == "get"
    }

    private var snapshot: Snapshot?
    private var pairs = ReplyPairs()

    mutating func begin(_ line: SnapshotLine, _ sink: inout SnapshotSink) -> Bool {
        snapshot = sink.snapshot(Self.name, .server, at: line)
        return take(line, &sink)
    }

    mutating func take(_ line: SnapshotLine, _ sink: inout SnapshotSink) -> Bool {
        let (isTaken, pair) = pairs.take(line) { ServerSetting.all[$0] != nil }
        if let pair, let setting = ServerSetting.all[pair.name] {
            guard snapshot?.value(setting.measure) == nil else { return true }
            if let quantity = setting.quantity(of: pair.value) {
                snapshot?.values.append(
                    SnapshotValue(setting.measure, quantity, line: line.number))
            } else {
                sink.note("CONFIG GET, line \(line.number): \(pair.name) has no value it can have")
            }
        }
        return isTaken
    }

    mutating func end(_ sink: inout SnapshotSink) {
        if let snapshot { sink.emit(snapshot) }
    }
}

/// What MEMORY STATS answers. Of the figures of each database nothing is read.
///
/// Source: redis 7.2.4, src/object.c (`memoryCommand`). Names are not those of INFO.
struct MemoryStatsFormat: SnapshotFormat {
    static let name = "MEMORY STATS"
    static let openers = ["peak.allocated", "1) \"peak.allocated\"", "1# \"peak.allocated\""]

    private var snapshot: Snapshot?
    private var pairs = ReplyPairs()

    mutating func begin(_ line: SnapshotLine, _ sink: inout SnapshotSink) -> Bool {
        snapshot = sink.snapshot(Self.name, .server, at: line)
        return take(line, &sink)
    }

    mutating func take(_ line: SnapshotLine, _ sink: inout SnapshotSink) -> Bool {
        guard !line.isBlank else { return false }
        let (isTaken, pair) = pairs.take(line, isName: Self.isName)
        if let pair, let field = Self.fields[pair.name], snapshot?.value(field.measure) == nil {
            if let quantity = field.quantity(of: pair.value[...]) {
                snapshot?.values.append(SnapshotValue(field.measure, quantity, line: line.number))
            } else {
                sink.note("MEMORY STATS, line \(line.number): \(pair.name) has no number")
            }
        }
        return isTaken
    }

    mutating func end(_ sink: inout SnapshotSink) {
        if let snapshot { sink.emit(snapshot) }
    }

    /// `clients.normal`, `db.0`; no number.
    private static func isName(_ word: String) -> Bool {
        fields[word] != nil
            || (InfoField.isName(word) && word.contains(".") && Double(word) == nil)
    }

    private static let fields: [String: InfoField] = [
        "peak.allocated": InfoField(measure: .usedMemoryPeak, form: .whole),
        "total.allocated": InfoField(measure: .usedMemory, form: .whole),
        "replication.backlog": InfoField(measure: .replicationBacklog, form: .whole),
        "clients.slaves": InfoField(measure: .replicasMemory, form: .whole),
        "clients.normal": InfoField(measure: .clientsMemory, form: .whole),
        "aof.buffer": InfoField(measure: .aofBufferMemory, form: .whole),
        "overhead.total": InfoField(measure: .usedMemoryOverhead, form: .whole),
        "dataset.bytes": InfoField(measure: .usedMemoryDataset, form: .whole),
        "allocator.allocated": InfoField(measure: .allocatorAllocated, form: .whole),
        "allocator.active": InfoField(measure: .allocatorActive, form: .whole),
        "allocator.resident": InfoField(measure: .allocatorResident, form: .whole),
        "allocator-fragmentation.bytes": InfoField(measure: .allocatorFragBytes, form: .whole),
        "fragmentation": InfoField(measure: .fragmentationRatio, form: .real),
        "fragmentation.bytes": InfoField(measure: .fragmentationBytes, form: .whole),
    ]
}
