// SPDX-License-Identifier: Apache-2.0
// A short way for the events of a server whose saves work, which nearly all events are.

internal import Model

/// What an event means to a server whose saves work, as its pattern tells.
struct CalmStep {
    enum Act: UInt8 {
        /// It may mean more: it goes the long way.
        case unknown
        case saveTriggered, childStarted, childSaved, saveSucceeded, copied
        case syncRequested, replicaInStep
        /// Of no consequence.
        case remark
        /// Of no consequence but that an append-only file is in use.
        case fileInUse
    }

    var act = Act.unknown
    /// The captures that count; -1 where there is none.
    var slots: (Int, Int) = (-1, -1)

    init(_ pattern: PatternInfo) {
        let saysFile = pattern.says("aof")
        let operation = pattern.operation
        switch pattern.kind {
        case .aof_fsync_slow where pattern.constant("aof") == "on" && pattern.slot("aof") == nil:
            act = .fileInUse
        case _ where saysFile: break
        case .save_triggered where pattern.constant("changes") == nil:
            act = .saveTriggered
            slots.0 = pattern.slot("changes") ?? -1
        case .child_started where operation == .bgsave:
            guard let slot = pattern.slot("child_pid") else { return }
            act = .childStarted
            slots.0 = slot
        case .db_saved: act = .childSaved
        case .operation_succeeded where operation == .bgsave && !pattern.says("child_pid"):
            act = .saveSucceeded
        case .copy_on_write
        where operation == .bgsave && pattern.slot("peak_mib") ?? pattern.slot("current_mib") != nil
            && !pattern.constants.contains { $0.name != "operation" } && !pattern.says("error")
            && !pattern.says("signal"):
            act = .copied
            slots = (pattern.slot("peak_mib") ?? -1, pattern.slot("current_mib") ?? -1)
        case .sync_requested, .full_resync_requested:
            act = .syncRequested
            slots.0 = pattern.onlySlot("replica")
        case .sync_succeeded:
            act = .replicaInStep
            slots.0 = pattern.onlySlot("replica")
        case .partial_sync_accepted
        where pattern.constant("side") == "master" && pattern.slot("side") == nil:
            act = .replicaInStep
            slots.0 = pattern.onlySlot("replica")
        case .save_detail, .sync_delayed, .sync_waiting, .replication_detail, .latency_detail:
            act = .remark
        default: break
        }
    }
}

extension PatternInfo {
    fileprivate func constant(_ name: String) -> String? {
        constants.first { $0.name == name }?.text
    }

    fileprivate func slot(_ name: String) -> Int? { captures.firstIndex { $0.name == name } }

    /// The capture that gives a value which nothing else gives; -1 where there is none.
    fileprivate func onlySlot(_ name: String) -> Int {
        constant(name) == nil ? slot(name) ?? -1 : -1
    }

    fileprivate func says(_ name: String) -> Bool { constant(name) != nil || slot(name) != nil }

    /// The operation, where it is that of all events of the pattern.
    fileprivate var operation: Operation? {
        slot("operation") == nil ? constant("operation").flatMap { Operation(rawValue: $0) } : nil
    }
}

/// Events of one server, one after the other, while its saves work. Something else may fail meanwhile, as
/// forks for a module do: an incident that these events neither open nor close.
///
/// What they change in the `InstanceTracker` is what `InstanceTracker.take` would change (a test holds
/// the two against each other), but the lines that it remembers are put there at the end alone: of
/// all that are remembered for a moment most are never asked for. Nobody may look at the tracker before
/// the run has ended.
struct CalmRun {
    /// By pattern.
    let steps: [CalmStep]
    /// Whether a run has begun and not ended.
    private(set) var isOn = false
    /// The tracker of the server.
    private(set) var number = 0
    private(set) var owner = InstanceMap.ProcessKey(input: 0, stream: 0, pid: 0)
    /// A child that began within the run, of which only the server has told; 0 where there is none.
    var child: Int32 = 0

    /// Where that child began and whether it says that it has saved, until it ends: only then the
    /// tracker need know of it.
    fileprivate var started: (glance: EventGlance, pid: Int32, hasSaved: Bool)?
    /// What was said of which replica within the run, and where last: of what is said again, only the last
    /// time counts.
    fileprivate var inStep: [Said] = []
    fileprivate var requests: [Said] = []

    /// An event of one replica.
    struct Said {
        var glance: EventGlance
        var replica: [UInt8]
    }

    fileprivate var lastLine: EventGlance?
    fileprivate var savePoints: EventGlance?
    fileprivate var trigger: EventGlance?
    fileprivate var lastSave: EventGlance?
    fileprivate var fileInUse: EventGlance?
    fileprivate var copied: (glance: EventGlance, mebibytes: Int)?
    /// The same for the open incident, which keeps the last such line.
    fileprivate var observed: EventGlance?

    init(_ steps: [CalmStep]) { self.steps = steps }

    /// Begins with the server whose process is `owner`.
    mutating func begin(_ number: Int, _ owner: InstanceMap.ProcessKey) {
        (isOn, child) = (true, 0)
        (self.number, self.owner) = (number, owner)
    }

    /// Ends, and tells the tracker which lines it is to remember.
    mutating func end(_ tracker: inout InstanceTracker, _ merge: inout EventMerge) {
        isOn = false
        let input = owner.input
        func take(_ glance: inout EventGlance?) -> Event? {
            guard let seen = glance else { return nil }
            glance = nil
            return merge.event(of: seen, input: input)
        }
        if let started {
            self.started = nil
            tracker.children[started.pid] = InstanceTracker.Child(
                operation: .bgsave, started: merge.event(of: started.glance, input: input),
                writesFile: true, hasSaved: started.hasSaved)
        }
        tellRequests(&tracker, &merge)
        inStep.removeAll(keepingCapacity: true)
        if let event = take(&lastLine) { tracker.life.lastLine = event }
        if let event = take(&savePoints) { tracker.savePoints = event }
        if let event = take(&trigger) { tracker.trigger = event }
        if let event = take(&lastSave) { tracker.lastSave = event }
        if let event = take(&fileInUse) { tracker.life.aof = .on(event) }
        if let (glance, size) = copied {
            copied = nil
            tracker.copyOnWrite.noteLast(merge.event(of: glance, input: input), size)
        }
        if let event = take(&observed) { tracker.draft?.observe(event) }
    }

    /// Tells the tracker which replicas have asked for a synchronisation.
    fileprivate mutating func tellRequests(
        _ tracker: inout InstanceTracker, _ merge: inout EventMerge
    ) {
        for said in requests {
            tracker.noteSyncRequest(merge.event(of: said.glance, input: owner.input))
        }
        requests.removeAll(keepingCapacity: true)
    }

    /// The step of an event of this server that may go the short way.
    @inline(__always)
    func step(_ glance: EventGlance, input: Int) -> CalmStep? {
        let step = steps[glance.pattern]
        guard step.act != .unknown, input == owner.input, glance.stream == owner.stream else {
            return nil
        }
        switch glance.form {
        case .none, .signalHandler, .kernel, .daemon, .bareMessage, .quoted: return nil
        default: break
        }
        let pid = glance.pid
        if pid == owner.pid {
            let role = glance.role
            guard role == .master || role == .replica, step.act != .childSaved else { return nil }
        } else {
            guard pid == child, child != 0, step.act == .childSaved || step.act == .copied,
                glance.role == .child || glance.role == .unknown
            else { return nil }
        }
        return step
    }
}

extension InstanceTracker {
    /// Whether the server's saves work, and nothing waits for a line that puts it in another light.
    var isCalm: Bool {
        (draft?.isCalm(beside: life.aof) ?? true) && held == nil && isCounting && life.pid != 0
            && life.end == nil
            && heldKills.isEmpty && strangersKills.isEmpty && childErrors.isEmpty
            && childCrash.isEmpty && !children.contains(life.pid)
    }

    /// Takes an event of a server that is calm, as `take` would. `false` where it has to go the long
    /// way; then nothing was taken.
    mutating func takeCalmly(
        _ glance: EventGlance, _ step: CalmStep, _ run: inout CalmRun, _ merge: inout EventMerge
    ) -> Bool {
        switch step.act {
        case .unknown: return false
        case .saveTriggered:
            run.savePoints = glance
            run.trigger = glance
            if draft != nil, let changes = credible(merge.number(step.slots.0)) {
                noteChanges(changes)
            }
        case .childStarted:
            guard startCalmly(glance, merge.number(step.slots.0), &run) else { return false }
        case .childSaved:
            if run.started?.pid == glance.pid {
                run.started?.hasSaved = true
            } else {
                children[glance.pid]?.hasSaved = true
            }
        case .saveSucceeded:
            guard children.all.count <= 1 else { return false }
            succeedCalmly(glance, &run)
            draft?.noteSave(at: glance.at)
            run.lastSave = glance
        case .copied: copyCalmly(glance, step, &run, &merge)
        case .syncRequested: requestCalmly(glance, step.slots.0, &run, &merge)
        case .replicaInStep:
            if !run.saysAgain(glance, step.slots.0, &merge) {
                replicaInStep(merge.event(of: glance, input: run.owner.input))
            }
        case .remark: break
        case .fileInUse:
            guard life.aof.state == .on else { return false }
            run.fileInUse = glance
        }
        if let at = glance.at { lastEventAt = max(lastEventAt ?? at, at) }
        if glance.pid == run.owner.pid {
            instance.role = glance.role
            run.lastLine = glance
        }
        return true
    }

    private mutating func startCalmly(
        _ glance: EventGlance, _ pid: Int?, _ run: inout CalmRun
    ) -> Bool {
        guard let pid = pid.flatMap({ Int32(exactly: $0) }), pid > 0, pid != life.pid,
            children.isEmpty, run.started == nil,
            run.trigger != nil || trigger?.kind != .sync_started
        else { return false }
        run.started = (glance, pid, false)
        if trigger != nil { trigger = nil }
        if refusal != nil { refusal = nil }
        run.trigger = nil
        run.child = pid
        return true
    }

    private mutating func succeedCalmly(_ glance: EventGlance, _ run: inout CalmRun) {
        let before = run.started.map { $0.glance.at } ?? endedWriter()?.started.at
        run.started = nil
        life.hasSaved = true
        let duration = before.flatMap { before in
            glance.at.map { max(0, $0.seconds(since: before)) }
        }
        count(saved: true, seconds: duration)
    }

    /// Of the requests of one replica the last one counts, as long as all replicas are remembered.
    private mutating func requestCalmly(
        _ glance: EventGlance, _ slot: Int, _ run: inout CalmRun, _ merge: inout EventMerge
    ) {
        if syncRequests.count + run.requests.count < Self.rememberedRequests,
            run.notesRequest(glance, slot, &merge)
        {
            return
        }
        run.tellRequests(&self, &merge)
        noteSyncRequest(merge.event(of: glance, input: run.owner.input))
    }

    private mutating func copyCalmly(
        _ glance: EventGlance, _ step: CalmStep, _ run: inout CalmRun, _ merge: inout EventMerge
    ) {
        if draft != nil {
            if run.observed != nil || draft?.isFull(.copy_on_write, .bgsave) == true {
                run.observed = glance
            } else {
                draft?.observe(merge.event(of: glance, input: run.owner.input))
            }
        }
        guard
            let size = credible(merge.number(step.slots.0))
                ?? credible(merge.number(step.slots.1))
        else { return }
        if copyOnWrite.noteUsual(size) {
            run.copied = (glance, size)
        } else {
            run.copied = nil
            copyOnWrite.note(merge.event(of: glance, input: run.owner.input))
        }
    }

    /// A number that a machine may have (`Event.int`).
    private func credible(_ number: Int?) -> Int? {
        number.flatMap { SnapshotValue.credible.contains(Int64($0)) ? $0 : nil }
    }
}

extension CalmRun {
    /// Replicas of which is remembered that they were spoken of.
    private static let replicaLimit = 8

    /// Whether the same was said of the same replica before, so that it changes nothing; else it is noted
    /// where it can be.
    @inline(__always)
    fileprivate mutating func saysAgain(
        _ glance: EventGlance, _ slot: Int, _ merge: inout EventMerge
    ) -> Bool {
        guard slot >= 0 else { return false }
        for said in inStep where said.glance.pattern == glance.pattern {
            if merge.capture(slot, is: said.replica) { return true }
        }
        if inStep.count < Self.replicaLimit, let replica = merge.plainCapture(slot) {
            inStep.append(Said(glance: glance, replica: replica))
        }
        return false
    }

    /// Notes that a replica has asked for a synchronisation; `false` where it cannot be noted.
    @inline(__always)
    fileprivate mutating func notesRequest(
        _ glance: EventGlance, _ slot: Int, _ merge: inout EventMerge
    ) -> Bool {
        guard slot >= 0 else { return false }
        for i in requests.indices where merge.capture(slot, is: requests[i].replica) {
            requests[i].glance = glance
            return true
        }
        guard let replica = merge.plainCapture(slot) else { return false }
        requests.append(Said(glance: glance, replica: replica))
        return true
    }
}

extension IncidentDraft {
    /// Whether a server whose saves work leaves the incident as it is, but for what was last.
    fileprivate func isCalm(beside file: AppendOnlyFile) -> Bool {
        stake.aof.state == file.state
            && failing.allSatisfy {
                switch $0 {
                case .operation(.bgsave), .operation(.full_sync), .operation(.unknown),
                    .clientWrites:
                    false
                case .operation, .aofWrites, .server: true
                }
            }
    }

    /// A save to an RDB file has worked, as it did before.
    fileprivate mutating func noteSave(at: Timestamp?) {
        refusal.end(.save, at: at)
        refusal.end(.seen, at: at)
        set { $0.persistence.lastSuccessAt = at }
    }
}
