// SPDX-License-Identifier: Apache-2.0

internal import Model

/// Which server wrote which records: processes of all inputs, put together into instances.
struct InstanceMap {
    struct ProcessKey: Hashable {
        var input: Int
        var stream: UInt16
        var pid: Int32
    }

    private struct StreamKey: Hashable {
        var input: Int
        var stream: UInt16
    }

    private(set) var instances: [Instance] = []
    /// By instance, the inputs that hold its records.
    private var inputs: [Set<Int>] = []
    private var byProcess: [ProcessKey: Int] = [:]
    private var byStream: [StreamKey: Set<Int>] = [:]
    private var byInput: [Int: Set<Int>] = [:]

    init(_ sources: [SourceEvents], patterns: [PatternInfo]) {
        let lineages = sources.enumerated().flatMap { input, source in
            Lineage.all(of: source.facts, input: input, ProcessEvidence(source, patterns))
        }
        for group in LineageGroups(lineages, sources).groups {
            add(group.map { lineages[$0] }, sources)
        }
    }

    private mutating func add(_ members: [Lineage], _ sources: [SourceEvents]) {
        let number = instances.count
        instances.append(Self.instance(members, sources))
        inputs.append(Set(members.map(\.input)))
        for lineage in members {
            for pid in lineage.pids {
                byProcess[
                    ProcessKey(input: lineage.input, stream: lineage.stream, pid: pid)] = number
            }
            byStream[StreamKey(input: lineage.input, stream: lineage.stream), default: []]
                .insert(number)
            byInput[lineage.input, default: []].insert(number)
        }
    }

    /// The instance of a record, if its process is known.
    func instance(input: Int, stream: UInt16, pid: Int32) -> Int? {
        byProcess[ProcessKey(input: input, stream: stream, pid: pid)]
    }

    /// The one instance of a stream or else of its input, for records whose process is not known.
    func onlyInstance(input: Int, stream: UInt16) -> Int? {
        let ofStream = byStream[StreamKey(input: input, stream: stream)] ?? []
        if ofStream.count == 1 { return ofStream.first }
        let ofInput = byInput[input] ?? []
        return ofInput.count == 1 ? ofInput.first : nil
    }

    /// Whether no other input holds records of the servers of this one, nor this one any of them twice.
    func isAlone(_ input: Int, _ sources: [SourceEvents]) -> Bool {
        guard !sources[input].log.holdsBareMessages, let servers = byInput[input] else {
            return false
        }
        return servers.allSatisfy { inputs[$0].count == 1 }
    }

    /// Makes a place for events of which no server is known. `stream` is nil where they are no
    /// server's lines, so that no other record is taken to be of the same server.
    mutating func addUnknown(
        input: Int, stream: UInt16?, log: String, _ writer: WriterStream
    ) -> Int {
        var instance = Instance()
        instance.log = log
        instance.host = writer.host
        instance.unit = writer.unit
        instance.container = writer.container
        instances.append(instance)
        inputs.append([input])
        let number = instances.count - 1
        if let stream {
            byStream[StreamKey(input: input, stream: stream), default: []].insert(number)
            byInput[input, default: []].insert(number)
        }
        return number
    }

    private static func instance(_ members: [Lineage], _ sources: [SourceEvents]) -> Instance {
        var instance = Instance()
        // In the order of the logs' names, so that the order of the inputs does not matter.
        let ordered = members.sorted {
            (sources[$0.input].facts.path, $0.stream) < (sources[$1.input].facts.path, $1.stream)
        }
        // A log may name a million processes.
        var seen: Set<Int32> = []
        for lineage in members.sorted(by: { $0.first.nanoseconds < $1.first.nanoseconds }) {
            for pid in lineage.pids where seen.insert(pid).inserted { instance.pids.append(pid) }
        }
        guard let first = ordered.first else { return instance }
        instance.log = RotatedName(sources[first.input].facts.path).log
        instance.port = members.lazy.compactMap(\.port).first
        instance.role = first.isSentinel ? .sentinel : .unknown
        for lineage in ordered {
            let writer = sources[lineage.input].facts.streams[Int(lineage.stream)]
            instance.host = instance.host ?? writer.host
            instance.unit = instance.unit ?? writer.unit
            instance.container = instance.container ?? writer.container
        }
        return instance
    }
}

extension Instance {
    /// Below it a process may be one of a container, or of a host that has just started.
    static let lowestHostPID: Int32 = 300

    /// Whether its processes have the numbers by which the host's kernel names them; where that is not
    /// known, they may be a container's.
    var isNumberedByHost: Bool {
        container == nil && !pids.isEmpty && pids.allSatisfy { $0 >= Self.lowestHostPID }
    }

    /// Whether a writer is known to be another than this server: of another unit, container or host.
    /// Where one of the two does not say, it may be the same.
    func isAnother(than writer: WriterStream) -> Bool {
        func differ(_ a: String?, _ b: String?) -> Bool {
            if let a, let b { a != b } else { false }
        }
        return differ(unit, writer.unit) || differ(container, writer.container)
            || differ(host, writer.host)
    }
}
