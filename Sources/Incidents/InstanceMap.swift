// SPDX-License-Identifier: Apache-2.0

internal import Model

/// Which server wrote which records: processes of all inputs, put together into instances.
///
/// Within one input, processes that follow one another are lives of one server; processes that
/// interleave are several servers. Across inputs, rotated siblings and inputs that hold the same
/// records belong together.
struct InstanceMap {
    struct ProcessKey: Hashable {
        var input: Int
        var stream: UInt16
        var pid: Int32
    }

    /// One server as one input shows it.
    private struct Lineage {
        var input: Int
        var stream: UInt16
        var isSentinel: Bool
        var pids: [Int32]
        var lastLine: Int
    }

    private(set) var instances: [Instance] = []
    private var byProcess: [ProcessKey: Int] = [:]
    private var byStream: [ProcessKey: [Int]] = [:]

    init(_ sources: [SourceEvents], patterns: [PatternInfo]) {
        var lineages: [Lineage] = []
        for (input, source) in sources.enumerated() {
            let children = Self.announcedChildren(source, patterns)
            lineages += Self.lineages(of: source.facts, input: input, children: children)
        }
        let groups = Self.group(lineages, sources)
        for group in groups {
            let number = instances.count
            instances.append(Self.instance(group.map { lineages[$0] }, sources))
            for index in group {
                let lineage = lineages[index]
                for pid in lineage.pids {
                    byProcess[ProcessKey(input: lineage.input, stream: lineage.stream, pid: pid)] = number
                }
                byStream[
                    ProcessKey(input: lineage.input, stream: lineage.stream, pid: 0), default: []
                ].append(number)
            }
        }
    }

    /// The instance of a record, if its process is known.
    func instance(input: Int, stream: UInt16, pid: Int32) -> Int? {
        byProcess[ProcessKey(input: input, stream: stream, pid: pid)]
    }

    /// The one instance of a stream, for records whose process is not known.
    func onlyInstance(input: Int, stream: UInt16) -> Int? {
        let all = byStream[ProcessKey(input: input, stream: stream, pid: 0)] ?? []
        return Set(all).count == 1 ? all.first : nil
    }

    /// The one instance of an input, whatever the stream.
    func onlyInstance(input: Int) -> Int? {
        let all = Set(byStream.filter { $0.key.input == input }.flatMap(\.value))
        return all.count == 1 ? all.first : nil
    }

    /// Makes a place for events of which no server is known.
    mutating func addUnknown(input: Int, log: String, host: String?) -> Int {
        var instance = Instance()
        instance.log = log
        instance.host = host
        instances.append(instance)
        let number = instances.count - 1
        byStream[ProcessKey(input: input, stream: 0, pid: 0), default: []].append(number)
        return number
    }

    // MARK: - Lineages

    private static func announcedChildren(
        _ source: SourceEvents, _ patterns: [PatternInfo]
    ) -> Set<Int32> {
        var out: Set<Int32> = []
        for i in 0..<source.log.count where patterns[source.log.pattern(at: i)].kind == .child_started {
            let event = source.log.event(at: i, input: 0, patterns: patterns)
            if let pid = event.int("child_pid") { out.insert(Int32(clamping: pid)) }
        }
        return out
    }

    private static func lineages(
        of facts: InputFacts, input: Int, children: Set<Int32>
    ) -> [Lineage] {
        var out: [Lineage] = []
        let processes = facts.processes
            .filter { !$0.isChild && (!children.contains($0.pid) || $0.records > 64) }
            .sorted { $0.firstLine < $1.firstLine }
        for process in processes {
            // A dying process may still write while its successor starts.
            let tolerance = 8
            let before = out.lastIndex {
                $0.stream == process.stream && $0.isSentinel == process.isSentinel
                    && $0.lastLine < process.firstLine + tolerance
            }
            if let before {
                out[before].pids.append(process.pid)
                out[before].lastLine = max(out[before].lastLine, process.lastLine)
            } else {
                out.append(
                    Lineage(
                        input: input, stream: process.stream, isSentinel: process.isSentinel,
                        pids: [process.pid], lastLine: process.lastLine))
            }
        }
        return out
    }

    // MARK: - Across inputs

    private static func group(_ lineages: [Lineage], _ sources: [SourceEvents]) -> [[Int]] {
        var sets = DisjointSets(count: lineages.count)
        let stems = lineages.map { rotationStem(sources[$0.input].facts.path) }
        let prints = lineages.map { fingerprints($0, sources[$0.input]) }
        let perInput = Dictionary(grouping: lineages.indices) { lineages[$0].input }
        for a in lineages.indices {
            for b in lineages.indices where b > a {
                let (x, y) = (lineages[a], lineages[b])
                guard x.input != y.input, x.isSentinel == y.isSentinel else { continue }
                let siblings = stems[a] == stems[b]
                let sharePID = !Set(x.pids).isDisjoint(with: y.pids)
                let alone = perInput[x.input]?.count == 1 && perInput[y.input]?.count == 1
                let twins = !prints[a].isEmpty
                    && prints[a].intersection(prints[b]).count >= min(3, min(prints[a].count, prints[b].count))
                if siblings && (sharePID || alone) || twins { sets.union(a, b) }
            }
        }
        return sets.groups()
    }

    /// A sample of the dated records of a lineage, to see whether two inputs hold the same ones.
    private static func fingerprints(_ lineage: Lineage, _ source: SourceEvents) -> Set<UInt64> {
        let pids = Set(lineage.pids)
        var out: Set<UInt64> = []
        for i in 0..<source.log.count where out.count < 4096 {
            let header = source.log.header(at: i)
            guard header.stream == lineage.stream, pids.contains(header.pid),
                header.stamp.precision != .second, header.form != .none
            else { continue }
            var hash = FNV1a()
            hash.combine(source.log.signature(at: i))
            hash.combine(UInt64(bitPattern: header.stamp.nanoseconds / 1_000_000))
            out.insert(hash.value)
        }
        return out
    }

    private static func instance(_ lineages: [Lineage], _ sources: [SourceEvents]) -> Instance {
        var instance = Instance()
        for lineage in lineages {
            for pid in lineage.pids where !instance.pids.contains(pid) { instance.pids.append(pid) }
        }
        if let first = lineages.first {
            let facts = sources[first.input].facts
            let stream = facts.streams[Int(first.stream)]
            instance.log = rotationStem(facts.path)
            instance.host = stream.host
            instance.unit = stream.unit
            instance.container = stream.container
            instance.role = first.isSentinel ? .sentinel : .unknown
        }
        return instance
    }
}

/// The name of a log without what rotation appended: `redis.log.2.gz` and `redis.log-20261122`
/// are both `redis.log`.
package func rotationStem(_ path: String) -> String {
    var name = path[...]
    for suffix in [".gz", ".zst", ".xz", ".bz2", ".lz4"] where name.hasSuffix(suffix) {
        name = name.dropLast(suffix.count)
    }
    let digits = name.reversed().prefix { $0.isASCII && $0.isNumber }.count
    guard digits > 0, digits < name.count else { return String(name) }
    let before = name.dropLast(digits)
    if before.hasSuffix("."), digits <= 3 { return String(before.dropLast()) }
    if before.hasSuffix("-") || before.hasSuffix("."), digits == 8 || digits == 10 {
        return String(before.dropLast())
    }
    return String(name)
}

/// Union-find over small integers.
private struct DisjointSets {
    private var parent: [Int]

    init(count: Int) { parent = Array(0..<count) }

    mutating func union(_ a: Int, _ b: Int) {
        let (x, y) = (find(a), find(b))
        if x != y { parent[max(x, y)] = min(x, y) }
    }

    /// The groups, each in ascending order, ordered by their first member.
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
