// SPDX-License-Identifier: Apache-2.0

package import Model

/// Puts events together into incidents: what belongs together in time and to one server.
///
/// Works on the time in the logs alone, in one pass over all events in order.
package struct Correlator {
    private let sources: [SourceEvents]
    private let patterns: [PatternInfo]
    private let names: [String]
    private var map: InstanceMap
    private var trackers: [InstanceTracker]
    private var childOwners: [InstanceMap.ProcessKey: Int] = [:]
    private var recent: [Int: Int] = [:]
    private var unknown: [Int: Int] = [:]

    /// A window of time to look at; events outside it are not counted.
    package struct Window: Sendable {
        package var since: Timestamp?
        package var until: Timestamp?

        package init(since: Timestamp? = nil, until: Timestamp? = nil) {
            self.since = since
            self.until = until
        }

        func contains(_ at: Timestamp?) -> Bool {
            guard let at else { return since == nil && until == nil }
            return since.map { at >= $0 } ?? true && until.map { at <= $0 } ?? true
        }
    }

    package init(_ sources: [SourceEvents], patterns: [PatternInfo]) {
        self.sources = sources
        self.patterns = patterns
        names = sources.map(\.facts.path)
        map = InstanceMap(sources, patterns: patterns)
        trackers = map.instances.map { [names] in InstanceTracker(instance: $0, sources: names) }
    }

    /// Reads all events and returns the incidents, ordered by start, then instance.
    package consuming func correlate(in window: Window = Window()) -> Correlation {
        var merge = EventMerge(sources, patterns: patterns)
        var twins = TwinFilter(sources)
        while let item = merge.next() {
            let number = owner(of: item.event, input: item.input)
            guard !twins.isTwin(item, instance: number) else { continue }
            guard window.contains(item.event.at) || item.event.kind.isContext else { continue }
            remember(item.event, number, input: item.input)
            trackers[number].take(item.event)
            share(item.event, from: number)
        }
        for i in trackers.indices { trackers[i].finish() }
        return result(twins.folded)
    }

    // MARK: - Who wrote it

    private mutating func owner(of event: Event, input: Int) -> Int {
        let header = event.header
        let key = InstanceMap.ProcessKey(input: input, stream: header.stream, pid: header.pid)
        if let number = map.instance(input: input, stream: header.stream, pid: header.pid) { return number }
        if let number = childOwners[key] { return number }
        if header.form == .kernel || header.form == .daemon, let number = ownerByWords(event) {
            return number
        }
        if let number = map.onlyInstance(input: input, stream: header.stream)
            ?? map.onlyInstance(input: input) ?? recent[input]
        {
            return number
        }
        if let number = unknown[input] { return number }
        let stream = sources[input].facts.streams[Int(header.stream)]
        let number = map.addUnknown(
            input: input, log: rotationStem(sources[input].facts.path), host: stream.host)
        trackers.append(InstanceTracker(instance: map.instances[number], sources: names))
        unknown[input] = number
        return number
    }

    /// A kernel line names a process; pids in containers differ, so it must match, or there must
    /// be only one server.
    private func ownerByWords(_ event: Event) -> Int? {
        if let pid = event.int("pid").map({ Int32(clamping: $0) }) {
            for (i, tracker) in trackers.enumerated()
            where tracker.instance.pids.contains(pid) || tracker.children[pid] != nil {
                return i
            }
        }
        let servers = trackers.indices.filter {
            trackers[$0].instance.role != .sentinel && !trackers[$0].instance.pids.isEmpty
        }
        return servers.count == 1 ? servers.first : nil
    }

    private mutating func remember(_ event: Event, _ number: Int, input: Int) {
        recent[input] = number
        guard event.kind == .child_started, let pid = event.int("child_pid") else { return }
        let key = InstanceMap.ProcessKey(
            input: input, stream: event.header.stream, pid: Int32(clamping: pid))
        childOwners[key] = number
    }

    /// A failover of a server is told by others: by Sentinels, by its replicas.
    private mutating func share(_ event: Event, from number: Int) {
        guard event.kind == .sentinel_switch, let port = event.int("old_port") ?? event.int("port") else { return }
        for i in trackers.indices where i != number && trackers[i].instance.port == port {
            trackers[i].takeFailover(event)
        }
    }

    // MARK: - The result

    private consuming func result(_ folded: Int) -> Correlation {
        var out = Correlation()
        out.duplicatesFolded = folded
        for i in trackers.indices {
            out.incidents += trackers[i].finished
        }
        for i in trackers.indices {
            for followUp in trackers[i].followUps {
                if let master = Self.told(followUp, by: out.incidents) {
                    Self.attach(followUp, to: &out.incidents[master])
                } else {
                    out.incidents.append(followUp)
                }
            }
            let tracker = trackers[i]
            if tracker.instance.pids.isEmpty && tracker.saves == SaveTally() { continue }
            out.instances.append(
                InstanceSummary(
                    instance: tracker.instance, saves: tracker.saves,
                    lastSuccessAt: tracker.lastSave?.at,
                    copyOnWritePeak: tracker.copyOnWrite.peak > 0
                        ? ByteCount(mebibytes: Int64(tracker.copyOnWrite.peak)) : nil,
                    lastEventAt: tracker.lastEventAt))
        }
        out.incidents.sort { ($0.startedAt?.nanoseconds ?? 0, $0.instance.log, $0.id) < ($1.startedAt?.nanoseconds ?? 0, $1.instance.log, $1.id) }
        return out
    }

    /// The master's incident of which a replica's log shows the other side.
    private static func told(_ followUp: Incident, by incidents: [Incident]) -> Int? {
        guard let start = followUp.startedAt else { return nil }
        return incidents.firstIndex {
            guard let from = $0.startedAt else { return false }
            let until = $0.recoveredAt ?? $0.lastFailureAt ?? from
            return start >= from.adding(seconds: -60) && start <= until.adding(seconds: 120)
        }
    }

    private static func attach(_ followUp: Incident, to incident: inout Incident) {
        if !incident.consequences.contains("replica_loss") { incident.consequences.append("replica_loss") }
        incident.timeline += followUp.timeline.filter { $0.severity == .failure }
        incident.timeline = incident.timeline.enumerated().sorted {
            guard let a = $0.element.at, let b = $1.element.at, a != b else { return $0.offset < $1.offset }
            return a < b
        }.map(\.element)
    }
}

extension EventKind {
    /// What is true for long and must be known though it lies before the window.
    var isContext: Bool {
        switch self {
        case .server_starting, .server_version, .server_mode, .logo_version, .logo_port,
            .overcommit_warning, .thp_warning:
            true
        default: false
        }
    }
}
