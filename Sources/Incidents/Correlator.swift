// SPDX-License-Identifier: Apache-2.0

package import Model

/// Puts events together into incidents: what belongs together in time and to one server.
///
/// Works on the time in the logs alone, in one pass over all events in order.
package struct Correlator {
    private let sources: [SourceEvents]
    private let patterns: [PatternInfo]
    private let names: [String]
    private let store: EventStore?
    /// Events of servers of which nothing fails may go a way that is shorter and leads to the same.
    private let takesShortWay: Bool
    private var map: InstanceMap
    private var trackers: [InstanceTracker]
    private var childOwners = RecentOwners()
    private var recent: [Int: Int] = [:]
    /// What was put into `recent` last.
    private var lastRemembered: (input: Int, number: Int)?
    /// The process whose line was looked at last, and its instance: most lines are its again.
    private var lastOwner: (key: InstanceMap.ProcessKey, number: Int)?
    private var strangers: [Stranger: Int] = [:]
    /// Lines that quote a reply of a server and are no sign that anybody was refused.
    private var quotations = 0

    /// A writer of an input that is no known server.
    private struct Stranger: Hashable {
        var input: Int
        var stream: UInt16
        var kind: Kind

        enum Kind {
            case server, client
            /// Of a process that the OOM killer took.
            case victim
        }
    }

    /// A window of time to look at. What lies before it is known and not counted; what lies after
    /// it is not looked at.
    package struct Window: Sendable {
        package var since: Timestamp?
        package var until: Timestamp?

        package init(since: Timestamp? = nil, until: Timestamp? = nil) {
            self.since = since
            self.until = until
        }

        var isUnbounded: Bool { since == nil && until == nil }

        func hasBegun(_ at: Timestamp?) -> Bool {
            guard let since else { return true }
            return at.map { $0 >= since } ?? false
        }

        func hasEnded(_ at: Timestamp?) -> Bool {
            guard let until else { return false }
            return at.map { $0 > until } ?? false
        }
    }

    /// With a store, incidents that are over are folded into it until they are diagnosed.
    package init(
        _ sources: [SourceEvents], patterns: [PatternInfo], folding store: EventStore? = nil,
        takesShortWay: Bool = true
    ) {
        self.takesShortWay = takesShortWay
        self.sources = sources
        self.store = store
        self.patterns = patterns
        names = sources.map(\.facts.path)
        map = InstanceMap(sources, patterns: patterns)
        trackers = map.instances.map { [names] in
            InstanceTracker(instance: $0, sources: names, store: store)
        }
    }

    /// Reads all events and returns the incidents, ordered by start, then instance.
    package consuming func correlate(in window: Window = Window()) -> Correlation {
        let alone = sources.indices.map { takesShortWay && map.isAlone($0, sources) }
        var twins = TwinFilter(sources)
        let misdated = MisdatedKills(sources, patterns: patterns)
        let kills = KillTwins(sources, patterns: patterns, misdated: misdated)
        var daemonKills = DaemonKills()
        var foldedKills = 0
        var refusals = KernelRefusals()
        var merge = EventMerge(
            sources, patterns: patterns, alone: twins.isNeeded ? alone : nil)
        var calm = CalmRuns(patterns, inputs: sources.count)
        while !merge.isAtEnd {
            if let place = calm.place(of: merge.nextInput) {
                if takeCalmly(&calm[place], &merge) { continue }
                calm.end(input: merge.nextInput, &trackers, &merge)
            }
            let event = merge.next()
            if event.concernsOthers { calm.endAll(&trackers, &merge) }
            guard !kills.isTwin(event), !daemonKills.isTwin(event, host: host(of: event)) else {
                foldedKills += 1
                continue
            }
            guard !misdated.contains(event) else { continue }
            let number = owner(of: event, input: merge.origin.input)
            guard !twins.isTwin(event, merge.origin, instance: number) else { continue }
            guard !window.hasEnded(event.at) else { continue }
            guard !event.isQuotation else {
                quotations += 1
                continue
            }
            if case .storage_error = event.kind, isOfAnotherHost(event, number) { continue }
            remember(event, number, input: merge.origin.input)
            let hasBegun = window.hasBegun(event.at)
            if hasBegun { refusals.note(event, host: host(of: event)) }
            if case .save_status = event.kind {
                if hasBegun { trackers[number].beginCounting() }
                hear(event, number)
                continue
            }
            let told = misdated.kill(toldBy: event).map {
                trackers[number].take($0, isCounted: hasBegun)
            }
            let outcome = trackers[number].take(event, isCounted: hasBegun)
            if outcome.hasOpened || told?.hasOpened ?? false {
                calm.endAll(&trackers, &merge)
                noteChildrenElsewhere(number, event)
            }
            if outcome.hasStrangersKills { passOnKills(number, in: window) }
            share(event, from: number)
            if outcome.isCalm, alone[merge.origin.input], window.isUnbounded {
                begin(&calm, number, input: merge.origin.input)
            }
        }
        calm.endAll(&trackers, &merge)
        for i in trackers.indices {
            trackers[i].settleKillsAtEnd()
            passOnKills(i, in: window)
        }
        for i in trackers.indices { trackers[i].finish() }
        report(refusals)
        let folded = twins.folded + foldedKills
        if trackers.allSatisfy({ $0.finished.isEmpty && $0.asides.isEmpty }) {
            // Where no log shows a failure, INFO may.
            for i in trackers.indices {
                trackers[i].reportSaveStatus { [sources] event in
                    sources[event.source.input].info[event.source.line]
                }
            }
        }
        var result = CorrelationResult(&trackers, folded: folded).correlation
        result.quotations = quotations
        return result
    }

    /// Begins a calm run where the lines of its server have no other owner.
    private func begin(_ calm: inout CalmRuns, _ number: Int, input: Int) {
        guard let lastOwner, lastOwner.number == number, lastOwner.key.input == input,
            lastOwner.key.pid == trackers[number].life.pid, let lastRemembered,
            lastRemembered == (input, number)
        else { return }
        calm.begin(number, lastOwner.key)
    }

    /// Takes the next event the short way; `false` where it has to go the long one.
    private mutating func takeCalmly(_ calm: inout CalmRun, _ merge: inout EventMerge) -> Bool {
        let glance = merge.glance()
        guard let step = calm.step(glance, input: merge.nextInput) else { return false }
        let number = calm.number
        guard trackers[number].takeCalmly(glance, step, &calm, &merge) else {
            return false
        }
        if step.act == .childStarted {
            var key = calm.owner
            key.pid = calm.child
            childOwners[key] = number
            if map.instance(input: key.input, stream: key.stream, pid: key.pid) != nil {
                calm.child = 0
            }
        }
        merge.skip()
        return true
    }

    /// INFO names its process: that of a server whose log is there, else the writer's it stands
    /// with.
    private mutating func hear(_ event: Event, _ number: Int) {
        guard let info = sources[event.source.input].info[event.source.line] else {
            trackers[number].saveStatus.note(event)
            return
        }
        let named = trackers.indices.filter { i in
            info.pid.map { trackers[i].instance.pids.contains($0) } ?? false
        }
        trackers[named.count == 1 ? named[0] : number].hear(event, info)
    }

    /// What the kernel refused and no server's log explains.
    private mutating func report(_ refusals: KernelRefusals) {
        guard !refusals.isEmpty else { return }
        for group in refusals.unexplained(by: trackers.flatMap(\.finished)) {
            let pid = group.first.int("pid").map { Int32(clamping: $0) }
            let number =
                trackers.firstIndex { tracker in
                    pid.map { tracker.instance.pids.contains($0) } ?? false
                }
                ?? newStranger(
                    group.first, stream: nil,
                    sources[group.first.source.input].facts)
            trackers[number].report(group)
        }
    }

    private func isOfAnotherHost(_ event: Event, _ number: Int) -> Bool {
        guard let host = host(of: event), let own = trackers[number].instance.host else {
            return false
        }
        return host != own
    }

    /// Whether the kernel that tells is another host's than the one on which the server runs. A container
    /// has a name of its own for its host, and one name may be longer than another.
    private func isOfOtherHost(_ event: Event, _ number: Int) -> Bool {
        let instance = trackers[number].instance
        guard let host = host(of: event), let own = instance.host, instance.isNumberedByHost else {
            return false
        }
        let (short, other) = (host.prefix { $0 != "." }, own.prefix { $0 != "." })
        return short.lowercased() != other.lowercased()
    }

    private func host(of event: Event) -> String? { writer(of: event).host }

    private func writer(of event: Event) -> WriterStream {
        sources[event.source.input].facts.streams[Int(event.header.stream)]
    }

    // MARK: - Who wrote it

    private mutating func owner(of event: Event, input: Int) -> Int {
        let header = event.header
        if event.isClients { return stranger(event, input, .client) }
        let key = InstanceMap.ProcessKey(input: input, stream: header.stream, pid: header.pid)
        if let lastOwner, lastOwner.key == key { return lastOwner.number }
        if let number = map.instance(input: input, stream: header.stream, pid: header.pid) {
            lastOwner = (key, number)
            return number
        }
        if let number = childOwners[key] { return number }
        let isHosts = header.form == .kernel || header.form == .daemon
        if isHosts, let number = ownerByWords(event), !isOfOtherHost(event, number) {
            return number
        }
        if let number = map.onlyInstance(input: input, stream: header.stream) ?? recent[input],
            isHosts
                ? !isOfOtherHost(event, number)
                : !map.instances[number].isAnother(than: writer(of: event))
        {
            return number
        }
        return stranger(event, input, .server)
    }

    private mutating func stranger(_ event: Event, _ input: Int, _ kind: Stranger.Kind) -> Int {
        let stream = event.header.stream
        let key = Stranger(input: input, stream: stream, kind: kind)
        if let number = strangers[key] { return number }
        let number = newStranger(
            event, stream: kind == .server ? stream : nil, sources[input].facts)
        trackers[number].isKnownByKills = kind == .victim
        strangers[key] = number
        return number
    }

    private mutating func newStranger(
        _ event: Event, stream: UInt16?, _ facts: InputFacts
    ) -> Int {
        let number = map.addUnknown(
            input: event.source.input, stream: stream, log: RotatedName(facts.path).log,
            facts.streams[Int(event.header.stream)])
        trackers.append(
            InstanceTracker(instance: map.instances[number], sources: names, store: store))
        return number
    }

    /// A kernel line names a process; pids in containers differ, so it must match, or there must
    /// be only one server.
    private func ownerByWords(_ event: Event) -> Int? {
        if let pid = event.int("pid").map({ Int32(clamping: $0) }) {
            for (i, tracker) in trackers.enumerated()
            where tracker.instance.pids.contains(pid) || tracker.children.contains(pid) {
                return i
            }
        }
        let servers = trackers.indices.filter {
            trackers[$0].instance.role != .sentinel && !trackers[$0].instance.pids.isEmpty
        }
        return servers.count == 1 ? servers.first : nil
    }

    private mutating func remember(_ event: Event, _ number: Int, input: Int) {
        if !event.isClients, lastRemembered?.input != input || lastRemembered?.number != number {
            recent[input] = number
            lastRemembered = (input, number)
        }
        guard case .child_started = event.kind, let pid = event.int("child_pid") else { return }
        let key = InstanceMap.ProcessKey(
            input: input, stream: event.header.stream, pid: Int32(clamping: pid))
        childOwners[key] = number
    }

    /// What other servers of the same host were forking for when an incident opened.
    private mutating func noteChildrenElsewhere(_ number: Int, _ event: Event) {
        guard trackers[number].draft != nil, let host = trackers[number].instance.host else {
            return
        }
        var running: [Event] = []
        for (i, other) in trackers.enumerated() where i != number && other.instance.host == host {
            running += other.children.all.sorted { $0.key < $1.key }.map(\.value)
                .filter { child in
                    !child.isStopped
                        && event.seconds(after: child.started).map { (0...3600).contains($0) }
                            ?? false
                }
                .map(\.started)
        }
        trackers[number].draft?.set { $0.childrenElsewhere = running }
    }

    /// Kills that took no process of the server to whose log they seemed to belong make incidents
    /// of their own.
    private mutating func passOnKills(_ number: Int, in window: Window) {
        guard !trackers[number].strangersKills.isEmpty else { return }
        let kills = trackers[number].strangersKills
        trackers[number].strangersKills.removeAll()
        for kill in kills where window.hasBegun(kill.at) {
            let victim = stranger(kill, kill.source.input, .victim)
            trackers[victim].beginCounting()
            trackers[victim].take(kill)
        }
    }

    // MARK: - What others say of a server

    /// A failover of a server is told by others: by Sentinels, by its replicas.
    private mutating func share(_ event: Event, from number: Int) {
        switch event.kind {
        case .sentinel_switch: tell(event, about: event.int("old_port"), from: number)
        case .sentinel_down where event["instance"] == "master":
            tell(event, about: event.int("port"), from: number)
        default:
            guard event.makesMaster, let port = trackers[number].instance.port else { return }
            for i in trackers.indices where i != number {
                trackers[i].hear(fromReplica: event, port: port)
            }
        }
    }

    /// Ports are all that a Sentinel's line and a server's log share: where several servers have
    /// the port, the one with an open incident is meant, if it is one.
    private mutating func tell(_ event: Event, about port: Int?, from number: Int) {
        guard let port else { return }
        var meant = trackers.indices.filter { $0 != number && trackers[$0].instance.port == port }
        if meant.count > 1 { meant = meant.filter { trackers[$0].draft != nil } }
        guard meant.count == 1, let only = meant.first else { return }
        trackers[only].hear(fromSentinel: event)
    }
}
