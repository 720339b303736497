// SPDX-License-Identifier: Apache-2.0

internal import Model

/// Puts lineages of several inputs together: rotated parts of one log, and inputs that hold the
/// same records.
struct LineageGroups {
    let lineages: [Lineage]
    let sources: [SourceEvents]
    var sets: DisjointSets

    init(_ lineages: [Lineage], _ sources: [SourceEvents]) {
        self.lineages = lineages
        self.sources = sources
        sets = DisjointSets(count: lineages.count)
        joinRelays()
        guard Set(lineages.map(\.input)).count > 1 else { return }
        joinSiblings()
        joinTwins()
        joinExcerpts()
    }

    /// The groups, each in ascending order, ordered by their first member.
    var groups: [[Int]] {
        var sets = sets
        return sets.groups()
    }

    // MARK: - Rotated parts

    private mutating func joinSiblings() {
        let perInput = Dictionary(grouping: lineages.indices) { lineages[$0].input }
        let names = lineages.map { RotatedName(sources[$0.input].facts.path) }
        var byLog = Dictionary(grouping: lineages.indices) { names[$0].log }
        for i in lineages.indices where names[i].mark != .none {
            // logrotate's `olddir`: the parts of a log lie in a folder below the log's.
            guard let above = names[i].logAbove, byLog[above] != nil else { continue }
            byLog[above]?.append(i)
        }
        for (log, members) in byLog where members.count > 1 {
            for (i, a) in members.enumerated() {
                for b in members[(i + 1)...] {
                    guard names[a].log == log || names[b].log == log else { continue }
                    if areSiblings(a, b, perInput, names) { sets.union(a, b) }
                }
            }
        }
    }

    private func areSiblings(
        _ a: Int, _ b: Int, _ perInput: [Int: [Int]], _ names: [RotatedName]
    ) -> Bool {
        let (x, y) = (lineages[a], lineages[b])
        guard x.input != y.input, x.isSentinel == y.isSentinel else { return false }
        if let port = x.port, let other = y.port { return port == other }
        // `redis.1.log` and a folder below the log's leave it open: such parts must follow each other.
        let isOpen = names[a].isVague || names[b].isVague || names[a].log != names[b].log
        guard !isOpen || follow(x, y) else { return false }
        if !Set(x.pids).isDisjoint(with: y.pids) { return true }
        return perInput[x.input]?.count == 1 && perInput[y.input]?.count == 1
            && !(names[a].isVague && names[b].isVague)
    }

    /// Whether the one ends before the other begins.
    private func follow(_ x: Lineage, _ y: Lineage) -> Bool {
        x.last.nanoseconds <= y.first.nanoseconds || y.last.nanoseconds <= x.first.nanoseconds
    }

    // MARK: - Excerpts of one log under names of their own

    private mutating func joinExcerpts() {
        var byPID: [Int32: [Int]] = [:]
        for i in lineages.indices {
            for pid in Set(lineages[i].pids) where pid >= Self.lowestTellingPID {
                byPID[pid, default: []].append(i)
            }
        }
        for members in byPID.values where members.count > 1 {
            for (i, a) in members.enumerated() {
                for b in members[(i + 1)...] where areExcerpts(lineages[a], lineages[b]) {
                    sets.union(a, b)
                }
            }
        }
    }

    /// Containers count their processes from 1.
    static let lowestTellingPID: Int32 = 300
    /// What may lie between two excerpts, in nanoseconds.
    private static let excerptGap: Int64 = 21_600_000_000_000

    /// Whether the one goes on soon after the other has ended. Hosts that were set up alike give
    /// their servers the same process ids, but then their logs overlap.
    private func areExcerpts(_ x: Lineage, _ y: Lineage) -> Bool {
        guard x.input != y.input, x.isSentinel == y.isSentinel, x.first.form == y.first.form,
            x.first.form != .none, x.port == y.port || x.port == nil || y.port == nil
        else { return false }
        let (mine, theirs) = (writer(x), writer(y))
        guard mine.host == theirs.host || mine.host == nil || theirs.host == nil,
            mine.container == theirs.container
        else { return false }
        let (earlier, later) = x.first.nanoseconds < y.first.nanoseconds ? (x, y) : (y, x)
        let gap = later.first.nanoseconds - earlier.last.nanoseconds
        return gap >= 0 && gap <= Self.excerptGap
    }

    func writer(_ lineage: Lineage) -> WriterStream {
        sources[lineage.input].facts.streams[Int(lineage.stream)]
    }

    // MARK: - Inputs that hold the same records

    private mutating func joinTwins() {
        let shared = mayShare()
        guard !shared.isEmpty else { return }
        let prints = fingerprints(of: shared)
        var holders: [(hash: UInt64, lineage: Int)] = []
        for i in joinCopies(prints) {
            for hash in prints[i].times.keys { holders.append((hash, i)) }
        }
        holders.sort { ($0.hash, $0.lineage) < ($1.hash, $1.lineage) }
        var pairs: [Pair: Int] = [:]
        for (i, a) in holders.enumerated() {
            for b in holders[(i + 1)...].prefix(while: { $0.hash == a.hash }) {
                pairs[Pair(a.lineage, b.lineage), default: 0] += 1
            }
        }
        for (pair, count) in pairs where areTwins(pair, count, prints) {
            sets.union(pair.a, pair.b)
        }
    }

    /// Lineages with a process that stands in another input too: a record names its process, so that no
    /// others can hold the same records.
    private func mayShare() -> [Int] {
        var inputs: [Int32: Int] = [:]
        var many: Set<Int32> = []
        for lineage in lineages {
            for pid in lineage.pids {
                if inputs.updateValue(lineage.input, forKey: pid) ?? lineage.input != lineage.input
                {
                    many.insert(pid)
                }
            }
        }
        guard !many.isEmpty else { return [] }
        return lineages.indices.filter { lineages[$0].pids.contains(where: many.contains) }
    }

    /// Joins lineages that hold the very same records, of which there may be thousands: one is enough
    /// to compare with others. Gives those that are left.
    private mutating func joinCopies(_ prints: [Fingerprints]) -> [Int] {
        var first: [UInt64: Int] = [:]
        return prints.indices.filter { i in
            guard !prints[i].times.isEmpty else { return false }
            guard let other = first[prints[i].digest] else {
                first[prints[i].digest] = i
                return true
            }
            guard prints[i].times == prints[other].times,
                areTwins(Pair(other, i), prints[i].times.count, prints)
            else { return true }
            sets.union(other, i)
            return false
        }
    }

    private struct Pair: Hashable {
        var a: Int
        var b: Int

        init(_ a: Int, _ b: Int) { (self.a, self.b) = (min(a, b), max(a, b)) }
    }

    /// Where they overlap in time, most of what the one holds the other must hold: two servers
    /// that fail in a storm meet in some milliseconds by chance.
    private func areTwins(_ pair: Pair, _ shared: Int, _ prints: [Fingerprints]) -> Bool {
        let (x, y) = (lineages[pair.a], lineages[pair.b])
        guard x.input != y.input, x.isSentinel == y.isSentinel, !haveOtherUnits(x, y) else {
            return false
        }
        let (p, q) = (prints[pair.a], prints[pair.b])
        let from = max(p.first, q.first)
        let to = min(p.last, q.last)
        let level = max(p.level, q.level)
        let smaller = min(p.count(from, to, level), q.count(from, to, level))
        if p.isCoarse || q.isCoarse {
            // Whole seconds coincide often; only copies agree in nearly all of them.
            let isCopy = p.times.count == q.times.count && shared == p.times.count
            return isCopy || shared >= 3 && shared * 10 >= smaller * 9 && !x.pids.contains(1)
        }
        return shared >= min(3, smaller) && shared * 2 >= smaller
    }

    /// Two ways of one record name the same unit, where both name one.
    func haveOtherUnits(_ x: Lineage, _ y: Lineage) -> Bool {
        guard let mine = writer(x).unit, let theirs = writer(y).unit else { return false }
        return mine != theirs
    }

    private func fingerprints(of chosen: [Int]) -> [Fingerprints] {
        var out = Array(repeating: Fingerprints(), count: lineages.count)
        let byInput = Dictionary(grouping: chosen) { lineages[$0].input }
        for (input, members) in byInput {
            var owner: [ProcessEvidence.Process: Int] = [:]
            for i in members {
                for pid in lineages[i].pids {
                    owner[.init(stream: lineages[i].stream, pid: pid)] = i
                }
            }
            let log = sources[input].log
            for i in 0..<log.count {
                let header = log.header(at: i)
                guard header.form != .none, header.stamp.form != .none,
                    let lineage = owner[.init(stream: header.stream, pid: header.pid)]
                else { continue }
                out[lineage].add(signature: log.signature(at: i), header.stamp)
            }
        }
        return out
    }
}

/// A sample of the dated records of a lineage. It is chosen by the records' hashes, so that two
/// samples of the same records are the same: what both hold is what both hold at the coarser level.
private struct Fingerprints {
    private(set) var times: [UInt64: Int64] = [:]
    private(set) var level = 0
    private(set) var isCoarse = false
    private static let limit = 1024

    var first: Int64 { times.values.min() ?? .max }
    var last: Int64 { times.values.max() ?? .min }
    /// The same for the same records, in whatever order they came.
    var digest: UInt64 { times.keys.reduce(UInt64(times.count)) { $0 &+ $1 } }

    mutating func add(signature: UInt64, _ stamp: Stamp) {
        let milliseconds = stamp.nanoseconds / 1_000_000
        var hash = FNV1a()
        hash.combine(signature)
        hash.combine(UInt64(bitPattern: milliseconds))
        if stamp.precision == .second { isCoarse = true }
        guard isKept(hash.value, level) else { return }
        times[hash.value] = milliseconds
        if times.count > Self.limit { thin(to: level + 1) }
    }

    private mutating func thin(to level: Int) {
        self.level = level
        times = times.filter { isKept($0.key, level) }
    }

    /// Records between two moments that a sample of `level` holds.
    func count(_ from: Int64, _ to: Int64, _ level: Int) -> Int {
        times.count { $0.value >= from && $0.value <= to && isKept($0.key, level) }
    }

    private func isKept(_ hash: UInt64, _ level: Int) -> Bool {
        (hash >> 8) & ((1 << UInt64(level)) - 1) == 0
    }
}

/// Union-find over small integers.
struct DisjointSets {
    private var parent: [Int]

    init(count: Int) { parent = Array(0..<count) }

    mutating func union(_ a: Int, _ b: Int) {
        let (x, y) = (find(a), find(b))
        if x != y { parent[max(x, y)] = min(x, y) }
    }

    mutating func groups() -> [[Int]] {
        var out: [Int: [Int]] = [:]
        for i in parent.indices { out[find(i), default: []].append(i) }
        return out.sorted { $0.key < $1.key }.map(\.value)
    }

    private mutating func find(_ i: Int) -> Int {
        var root = i
        while parent[root] != root { root = parent[root] }
        parent[i] = root
        return root
    }
}
