// SPDX-License-Identifier: Apache-2.0

internal import Live
internal import Model
internal import Reading

/// What `tail` knows, in memory and on disk: every log it has read, how far, and their events.
///
/// A class: there is one for a state directory, and it holds the directory's lock.
final class LiveStore {
    let directory: String
    let patterns: [PatternInfo]
    private(set) var events: EventStore
    private(set) var sources: [Int: LiveSource] = [:] {
        didSet { (ordered, byOrigin) = (nil, nil) }
    }
    /// The sources in order, all and those of each log; made when they are asked for.
    private var ordered: [LiveSource]?
    private var byOrigin: [String: [LiveSource]]?
    private var nextNumber = 1
    private var log: StateLog
    private let lock: DirectoryLock
    /// What pruning has taken out.
    private(set) var carry = Carry()
    /// Events beyond which pruning is tried.
    private var pruneAt = pruneStart
    /// Why the state cannot be written; what is read waits in memory then.
    private(set) var problem: String?
    private let report: (String) -> Void
    /// Bytes of the state file when each place stood in it once.
    private var compactedSize: Int64 = 0

    /// When the state was last waited for until the disk itself had it (monotonic seconds).
    private var syncedAt = -Double.infinity
    private static let syncPause = 2.0
    private var snapshotsSavedAt = -Double.infinity
    /// Seconds between two writings of all snapshots.
    private static let snapshotPause = 60.0

    /// Bytes that may be read again after a kill, where they held no event.
    private static let unsavedLimit = 1 << 20
    /// Events that wait for a state that cannot be written, before reading pauses.
    private static let waitingLimit = 200_000

    /// Opens the state in `directory`, making it where there is none.
    init(
        directory: String, patterns: [PatternInfo], report: @escaping (String) -> Void
    ) throws(Failure) {
        self.directory = directory
        self.patterns = patterns
        self.report = report
        let events = Self.eventStore(in: directory)
        self.events = events
        do throws(LiveError) {
            try Directory.make(directory)
            lock = try DirectoryLock(path: directory)
        } catch {
            throw Failure(
                error.isTaken
                    ? "another forktopsy tail uses the state in \(directory)"
                    : "cannot use \(directory) for the state: \(error.reason); name another "
                        + "with --state")
        }
        var reader = LiveStateReader(patterns: patterns, store: events)
        do throws(LiveError) {
            log = try StateLog(directory: directory, report: report) { reader.take($0) }
        } catch {
            throw Failure("cannot use the state in \(directory): \(error.reason)")
        }
        if let problem = reader.problem {
            report("\(directory): a line was passed over: \(problem)")
        }
        if reader.unknownEvents > 0 {
            report(
                "\(directory): \(reader.unknownEvents) events are of patterns that this version "
                    + "does not have; they are left out")
        }
        sources = reader.sources
        carry = reader.carry
        if let problem = log.problem { failed(problem) }
        nextNumber = (sources.keys.max() ?? 0) + 1
    }

    /// Where events wait: little in memory, the rest in a file without a name beside the state, since
    /// nothing is written elsewhere.
    private static func eventStore(in directory: String) -> EventStore {
        EventStore(
            limits: .init(memory: 512 << 10, cache: 256 << 10), directories: [directory])
    }

    /// Where samples wait: a new one each time that some are left out.
    func freshSampleStore() -> EventStore {
        EventStore(limits: .init(memory: 64 << 10, cache: 64 << 10), directories: [directory])
    }

    /// A source for a log that was not met before.
    func makeSource(origin: String, name: String) -> LiveSource {
        let source = LiveSource(number: nextNumber, origin: origin, name: name, store: events)
        sources[nextNumber] = source
        nextNumber += 1
        return source
    }

    /// Takes back a source of which nothing could be read.
    func forget(_ source: LiveSource) { sources[source.number] = nil }

    /// Forgets what is known of a log, so that it is read from its beginning.
    func readAgain(_ source: LiveSource) {
        sources[source.number] = LiveSource(
            number: source.number, origin: source.origin, name: source.input.name, store: events)
    }

    /// Sources in the order in which they were met.
    var inOrder: [LiveSource] {
        if let ordered { return ordered }
        let made = sources.sorted { $0.key < $1.key }.map(\.value)
        ordered = made
        return made
    }

    func sources(of origin: String) -> [LiveSource] {
        if let byOrigin { return byOrigin[origin] ?? [] }
        let made = Dictionary(grouping: inOrder, by: \.origin)
        byOrigin = made
        return made[origin] ?? []
    }

    /// Whether more events wait than are put on disk in one piece with little memory.
    var hasManyUnsaved: Bool {
        sources.values.reduce(0) { $0 + $1.unsavedEvents } > Self.batchLimit
    }

    /// What a storm adds before it is pruned is below it.
    private static let batchLimit = 8192

    /// Whether reading should wait until the state can be written again.
    var isFull: Bool {
        problem != nil
            && sources.values.reduce(0) { $0 + $1.unsavedEvents } > Self.waitingLimit
    }
}

// MARK: - Writing

extension LiveStore {
    /// Puts what is new on disk, in one piece. Places without new events wait for a better moment
    /// unless `all` is wanted: after a kill their logs are read again from there. What holds
    /// snapshots is put on disk as a whole, and so not often.
    func save(all: Bool = false, isLast: Bool = false) {
        let dirty = inOrder.filter { source in
            guard source.isChanged || source.unsavedEvents > 0 else { return false }
            // Of a log of which nothing was read only the inode is known, which may come again.
            if source.isBlank { return false }
            if source.holdsSnapshots, !isLast, source.isOpen { return all && snapshotsAreDue }
            // Half of a line is kept by reading it again.
            return source.isAtRest || !source.isOpen || isLast && source.input.isAtRest
                || source.unsavedBytes >= Self.unsavedLimit
        }
        // Lives of one log go together: a line may have been joined from two of them.
        let due = Set(
            dirty.filter { source in
                all || source.unsavedEvents > 0 || !source.isOpen
                    || source.unsavedBytes >= Self.unsavedLimit
            }.map(\.origin))
        let changed = withPartners(dirty.filter { due.contains($0.origin) })
        guard !changed.isEmpty else { return }
        if changed.contains(where: \.holdsSnapshots) { snapshotsSavedAt = monotonicSeconds() }
        do throws(LiveError) {
            try log.append(changed.flatMap { $0.unsavedLines(patterns) })
            for source in changed { source.saved() }
            recovered()
        } catch {
            failed(error)
        }
        compactIfWorthwhile()
    }

    /// Without those whose other half has to wait.
    private func withPartners(_ wanted: [LiveSource]) -> [LiveSource] {
        var out = wanted
        while true {
            let numbers = Set(out.map(\.number))
            let rest = out.filter { source in
                guard let partner = source.partner, let other = sources[partner] else {
                    return true
                }
                return numbers.contains(partner) || !other.isChanged && other.unsavedEvents == 0
            }
            if rest.count == out.count { return out }
            out = rest
        }
    }

    private var snapshotsAreDue: Bool {
        monotonicSeconds() - snapshotsSavedAt >= Self.snapshotPause
    }

    private func failed(_ error: LiveError) {
        if problem == nil {
            report(
                "cannot write the state in \(directory): \(error.reason); going on in memory, "
                    + "trying again")
        }
        problem = error.reason
    }

    private func recovered() {
        if problem != nil { report("the state in \(directory) is written again") }
        problem = nil
    }

    /// Whether places moved on that are not on disk yet.
    var hasUnsaved: Bool {
        sources.values.contains { !$0.isBlank && ($0.isChanged || $0.unsavedEvents > 0) }
    }

    /// Waits until the state is on the disk itself.
    func sync() { log.sync() }

    // MARK: - Keeping it small

    /// A state file in which most places are outdated is written anew.
    private func compactIfWorthwhile() {
        guard log.size > compactedSize * 2 + Self.compactionStep else { return }
        compact()
    }

    private static var compactionStep: Int64 { 8 << 20 }

    /// Events from which on a storm is pruned, and of each log what stays of its beginning and end.
    private static let pruneStart = 10_000
    private static let firstKept = 500
    private static let lastKept = 2000
    private static let rareKept = 50
    /// Attempts beside those that incidents show, tried in this order.
    private static let reaches = [0, 1, 4]

    /// Whether a storm has filled the state.
    var needsPruning: Bool {
        problem == nil && sources.values.reduce(0) { $0 + $1.collector.log.count } > pruneAt
    }

    /// Leaves out what a storm repeats, where only figures are lost by it: those are carried on.
    ///
    /// What `shown` tells of stays: the lines that the incidents rest on.
    func prune(shown: (LiveSource) -> Set<Int>, _ carried: ([LiveSource]) -> Carry?) {
        let all = inOrder
        guard all.allSatisfy(\.isAtRest) else {
            pruneAt += Self.pruneStart / 8
            return
        }
        let fresh = Self.eventStore(in: directory)
        var pruned: [LiveSource] = []
        var found: Carry?
        let middles = middles
        for reach in Self.reaches where found == nil {
            pruned = zip(all, middles).map { source, middle in
                source.pruned(
                    .init(
                        middle: middle, rare: Self.rareKept, shown: shown(source), reach: reach),
                    patterns: patterns, store: fresh)
            }
            found = carried(pruned)
        }
        guard let next = found else {
            // Tried again when there is much more.
            pruneAt *= 2
            return
        }
        let before = (logs: all.map(\.collector.log), saved: all.map(\.savedEvents), carry: carry)
        for (source, copy) in zip(all, pruned) { source.replaceEvents(by: copy) }
        carry = next
        guard compact() else {
            for (i, source) in all.enumerated() {
                source.restoreEvents(before.logs[i], saved: before.saved[i])
            }
            carry = before.carry
            pruneAt *= 2
            return
        }
        // Each log that was rotated meanwhile would keep a store that is used no more.
        for source in all { source.collector.snapshots.move(from: events, to: fresh) }
        events = fresh
        pruneAt = max(Self.pruneStart, 2 * all.reduce(0) { $0 + $1.collector.log.count })
    }

    /// For each source its events that lie neither at the beginning nor at the end of its log, which
    /// may be several sources long.
    private var middles: [Range<Int>] {
        var counts: [String: (before: Int, all: Int)] = [:]
        for source in inOrder {
            counts[source.origin, default: (0, 0)].all += source.collector.log.count
        }
        return inOrder.map { source in
            let count = source.collector.log.count
            let (before, all) = counts[source.origin] ?? (0, count)
            counts[source.origin]?.before += count
            let start = min(count, max(0, Self.firstKept - before))
            let end = max(start, min(count, all - Self.lastKept - before))
            return start..<end
        }
    }

    /// Writes the state anew, with each place once.
    @discardableResult
    func compact() -> Bool {
        let all = inOrder.filter { !$0.isBlank }
        guard all.allSatisfy(\.isAtRest) else { return false }
        do throws(LiveError) {
            // A storm is pruned many times a second, and a disk takes longer than that.
            let now = monotonicSeconds()
            let isSynced = now - syncedAt >= Self.syncPause
            if isSynced { syncedAt = now }
            try log.replace(isSynced: isSynced) { add throws(LiveError) in
                for source in all { try source.forEachBatch(patterns, add) }
                if !carry.isEmpty { try add([Array(carry.line.utf8)]) }
            }
            for source in all { source.saved() }
            compactedSize = log.size
            return true
        } catch {
            // The old file is still there, with all that was saved.
            compactedSize = log.size
            failed(error)
            return false
        }
    }
}
