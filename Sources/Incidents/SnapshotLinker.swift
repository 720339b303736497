// SPDX-License-Identifier: Apache-2.0

package import Model

/// The snapshots of one input, with a way to place them in time.
package struct SnapshotSource: Sendable {
    package var path: String
    package var log: SnapshotLog
    /// The instant of a stamp on a line of this input.
    package var place: @Sendable (Stamp, Int) -> Timestamp?
    package var modifiedAt: Timestamp?

    package init(
        path: String, log: SnapshotLog, modifiedAt: Timestamp?,
        place: @escaping @Sendable (Stamp, Int) -> Timestamp?
    ) {
        self.path = path
        self.log = log
        self.modifiedAt = modifiedAt
        self.place = place
    }
}

/// Finds the snapshots that belong to an incident: of its host and its server, around its time.
///
/// Of each series (one format about one subject in one input) the last snapshot before the first
/// failure, the first after the last one, and up to `Self.sampleLimit` between an hour before and
/// ten minutes after are taken; of what is set by command, all. Nothing of another host or another
/// server is.
package struct SnapshotLinker {
    /// What is looked for: the readings around a stretch of time at one server.
    package struct Request: Sendable {
        package var instance: Instance
        package var from: Timestamp?
        package var to: Timestamp?

        package init(instance: Instance, from: Timestamp?, to: Timestamp?) {
            self.instance = instance
            self.from = from
            self.to = to
        }
    }

    private let sources: [SnapshotSource]
    /// By series: what it is about, and the source that holds it.
    private var subjects: [SnapshotSubject] = []
    private var sourceNumbers: [Int] = []
    private var entries: [Entry] = []
    private var owners: SnapshotOwners
    /// Sources that tell of a server's container: others that they tell of stand beside it.
    private var withServerContainer: Set<Int> = []

    /// Snapshots of one series that are kept for an incident, at most.
    package static let sampleLimit = 120
    private static let secondsBefore = 3600.0
    private static let secondsAfter = 600.0

    /// One snapshot, without its values, in 16 bytes: there may be millions.
    private struct Entry {
        /// Nanoseconds; what has no time comes last.
        let place: Int64
        let series: Int32
        /// The number in its source, and two marks.
        private let packed: UInt32

        init(at: Timestamp?, series: Int32, ordinal: Int, isFileTime: Bool, isChange: Bool) {
            place = at?.nanoseconds ?? .max
            self.series = series
            packed =
                UInt32(truncatingIfNeeded: min(ordinal, 1 << 30 - 1)) << 2
                | (isFileTime ? 2 : 0) | (isChange ? 1 : 0)
        }

        var at: Timestamp? { place == .max ? nil : Timestamp(nanoseconds: place) }
        var ordinal: Int { Int(packed >> 2) }
        var isFileTime: Bool { packed & 2 != 0 }
        var isChange: Bool { packed & 1 != 0 }
    }

    private struct Series: Hashable {
        var source: Int
        var format: String
        var subject: SnapshotSubject
    }

    /// `instances`: every server that wrote something.
    package init(_ sources: [SnapshotSource], instances: [Instance]) {
        self.sources = sources
        owners = SnapshotOwners(instances)
        entries.reserveCapacity(sources.reduce(0) { $0 + $1.log.count })
        var numbers: [Series: Int32] = [:]
        for (number, source) in sources.enumerated() {
            var ordinal = 0
            source.log.forEach { snapshot in
                owners.learn(snapshot, path: source.path)
                if snapshot.isOfServerContainer == true { withServerContainer.insert(number) }
                let series = Series(
                    source: number, format: snapshot.format, subject: snapshot.subject)
                if numbers[series] == nil {
                    numbers[series] = Int32(subjects.count)
                    subjects.append(snapshot.subject)
                    sourceNumbers.append(number)
                }
                let known = source.place(snapshot.stamp, snapshot.line)
                // A kernel log goes back to the boot: when the file was written dates none of it.
                let isFileTime = known == nil && snapshot.stamp.form != .uptime
                entries.append(
                    Entry(
                        at: known ?? (isFileTime ? source.modifiedAt : nil),
                        series: numbers[series] ?? 0, ordinal: ordinal, isFileTime: isFileTime,
                        isChange: snapshot.isChange))
                ordinal += 1
            }
        }
        // By series, then in time; what has no time comes last.
        entries.sort {
            ($0.series, $0.place, $0.ordinal) < ($1.series, $1.place, $1.ordinal)
        }
    }

    /// Snapshots that are in memory at once for several requests: reading them again costs no more
    /// than choosing as many, and where there are few, few are held.
    private var batchLimit: Int { min(max(entries.count, 1 << 9), 1 << 14) }

    /// The end of the requests from `start` on whose snapshots are held at once: one at least.
    private func batchEnd(_ requests: [Request], from start: Int) -> Int {
        guard !entries.isEmpty else { return requests.count }
        var count = 0
        for end in start..<requests.count {
            count += chosen(for: requests[end]).count
            if count > batchLimit, end > start { return end }
        }
        return requests.count
    }

    /// Lends the readings for each request to `body`, in the order of the requests, so that those
    /// of thousands of incidents need not be in memory at once.
    package func forEachReadings(
        for requests: [Request], _ body: (Int, Readings) -> Void
    ) {
        var start = 0
        while start < requests.count {
            let end = batchEnd(requests, from: start)
            for (i, readings) in readings(for: Array(requests[start..<end])).enumerated() {
                body(start + i, readings)
            }
            start = end
        }
    }

    /// The readings for each request, in the order of the requests.
    package func readings(for requests: [Request]) -> [Readings] {
        guard !entries.isEmpty else { return requests.map { _ in Readings() } }
        var wanted: [[Int: [Int]]] = Array(repeating: [:], count: sources.count)
        for (number, request) in requests.enumerated() {
            for entry in chosen(for: request) {
                let source = sourceNumbers[Int(entries[entry].series)]
                wanted[source][entries[entry].ordinal, default: []]
                    .append(number * entries.count + entry)
            }
        }
        var out: [[PlacedSnapshot]] = requests.map { _ in [] }
        for (number, source) in sources.enumerated() where !wanted[number].isEmpty {
            var ordinal = 0
            source.log.forEach { snapshot in
                defer { ordinal += 1 }
                if snapshot.isOfServerContainer == false, withServerContainer.contains(number) {
                    return
                }
                for place in wanted[number][ordinal] ?? [] {
                    let entry = entries[place % entries.count]
                    let number = place / entries.count
                    out[number].append(
                        PlacedSnapshot(
                            snapshot, at: entry.at, isFileTime: entry.isFileTime,
                            path: source.path,
                            tie: owners.tie(
                                snapshot, in: source.path, to: requests[number].instance)))
                }
            }
        }
        return out.indices.map { i in
            defer { out[i] = [] }
            return Readings(out[i])
        }
    }

    // MARK: - Choosing

    /// Indices into `entries`.
    private func chosen(for request: Request) -> [Int] {
        var out: [Int] = []
        var start = 0
        while start < entries.count {
            let series = entries[start].series
            var end = start
            while end < entries.count, entries[end].series == series { end += 1 }
            defer { start = end }
            let subject = subjects[Int(series)]
            guard
                owners.applies(
                    subject, in: sources[sourceNumbers[Int(series)]].path, to: request.instance)
            else { continue }
            out += choose(start..<end, request)
        }
        return out
    }

    private func choose(_ range: Range<Int>, _ request: Request) -> [Int] {
        let dated = range.lowerBound..<(partition(range) { $0.at == nil })
        var out = Array(dated.upperBound..<range.upperBound).prefix(4).map { $0 }
        guard let from = request.from else {
            return out + Array(dated.suffix(Self.sampleLimit))
        }
        let to = request.to ?? from
        // The last one before, and all around, thinned out.
        let first = partition(dated) { ($0.at ?? from) > from }
        if first > dated.lowerBound { out.append(first - 1) }
        let after = partition(dated) { ($0.at ?? to) > to }
        if after < dated.upperBound { out.append(after) }
        let low = partition(dated) {
            ($0.at ?? from) >= from.adding(seconds: -Self.secondsBefore)
        }
        let high = partition(dated) { ($0.at ?? to) > to.adding(seconds: Self.secondsAfter) }
        let step = max(1, (high - low + Self.sampleLimit - 1) / Self.sampleLimit)
        for i in low..<max(low, high)
        where (i - low).isMultiple(of: step) || entries[i].isChange {
            out.append(i)
        }
        return Array(Set(out)).sorted()
    }

    /// The first index of a sorted range from which on `isBehind` holds.
    private func partition(_ range: Range<Int>, _ isBehind: (Entry) -> Bool) -> Int {
        var low = range.lowerBound
        var high = range.upperBound
        while low < high {
            let middle = (low + high) / 2
            if isBehind(entries[middle]) { high = middle } else { low = middle + 1 }
        }
        return low
    }
}
