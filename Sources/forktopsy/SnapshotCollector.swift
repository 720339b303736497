// SPDX-License-Identifier: Apache-2.0

internal import Model
internal import Reading
internal import Snapshots

/// Gathers the snapshots of one input while its lines go by.
struct SnapshotCollector {
    private(set) var log: SnapshotLog
    private var reader: SnapshotReader
    /// The stamp of the record that was last seen above a line.
    private var above = Stamp.none
    private var aboveLine = 0
    /// INFO in a crash report: the server's own clock, in UTC, below a record with local time.
    private var anchors: [ClockAnchor] = []
    private var hasSettingsOnly = true
    private var first = Stamp.none
    private var last = Stamp.none
    private var localStamps = 0
    private var instantStamps = 0

    init(path: String, store: EventStore) {
        log = SnapshotLog(store: store)
        reader = SnapshotReader(path: path)
    }

    /// Whether no reading is under way.
    var isAtRest: Bool { reader.isAtRest }

    /// Takes up snapshots that were kept.
    mutating func restore(_ snapshot: Snapshot) { keep([snapshot]) }

    /// Goes over to another store where it is in `old`.
    mutating func move(from old: EventStore, to new: EventStore) { log.move(from: old, to: new) }

    /// Takes a line that is no record. `message` is what is left of it behind prefixes.
    mutating func take(
        _ line: Span<UInt8>, _ message: Span<UInt8>, _ place: RecordPlace, after record: Stamp
    ) {
        let own = place.classified.header.stamp
        let stamp = own.form == .none ? record : own
        if stamp.form != .none, stamp != above {
            above = stamp
            aboveLine = place.line
            reader.note(recordStamp: stamp, isOwn: own.form != .none)
        }
        let inner = place.classified.message.lowerBound > 0 ? message : line
        keep(reader.take(line, inner: inner, number: place.line, offset: place.offset))
    }

    /// Takes a record of the kernel: its reports on memory go over many.
    mutating func take(kernelMessage message: Span<UInt8>, _ place: RecordPlace) {
        let header = place.classified.header
        keep(
            reader.take(
                kernelMessage: message, stamp: header.stamp, stream: header.stream,
                host: place.kernelHost, number: place.line, offset: place.offset))
    }

    /// Ends the input and says in `facts` what was found.
    mutating func finish(_ facts: inout InputFacts) {
        keep(reader.finish())
        facts.problems += reader.problems
        facts.clock.anchors += anchors
        facts.clock.anchors.sort { $0.line < $1.line }
        guard log.count > 0 else { return }
        if facts.kind == .unknown { facts.kind = hasSettingsOnly ? .facts : .snapshot }
        facts.format = ([facts.format].filter { !$0.isEmpty } + reader.formatNames)
            .joined(separator: " + ")
        guard facts.clock.first.form == .none else { return }
        facts.clock.first = first
        facts.clock.last = last
        facts.clock.localStamps += localStamps
        facts.clock.instantStamps += instantStamps
    }

    private mutating func keep(_ found: [Snapshot]) {
        for snapshot in found {
            log.append(snapshot)
            if !snapshot.values.allSatisfy(\.measure.isSetting) { hasSettingsOnly = false }
            noteServerTime(snapshot)
            guard snapshot.stamp.form != .none, snapshot.timeBasis != .fileName else { continue }
            if first.form == .none { first = snapshot.stamp }
            last = snapshot.stamp
            if last.isLocal { localStamps += 1 } else { instantStamps += 1 }
        }
    }

    private mutating func noteServerTime(_ snapshot: Snapshot) {
        guard above.isLocal, anchors.count < 64, snapshot.line - aboveLine <= Self.reportLines,
            case .real(let seconds)? = snapshot.value(.serverTime)?.quantity, seconds > 0,
            seconds < Double(Stamp.lastSecond)
        else { return }
        anchors.append(
            ClockAnchor(
                line: snapshot.line, instant: Timestamp(nanoseconds: Int64(seconds * 1e9)),
                local: above, isFromInfo: true))
    }

    /// Lines of a crash report between its first record and its INFO: the stack trace (redis 7.2.4,
    /// src/debug.c, `sigsegvHandler`).
    private static let reportLines = 200
}
