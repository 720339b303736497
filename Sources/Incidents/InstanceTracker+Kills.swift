// SPDX-License-Identifier: Apache-2.0

internal import Model

// MARK: - Whom the OOM killer took

extension InstanceTracker {
    /// Who a killed process was to this server.
    private enum Victim {
        case server
        case child(Operation)
        /// The server or a child of it: no log of the server tells.
        case process
        /// Nobody this server knows of.
        case stranger
    }

    /// Seconds within which the server tells of a killed child: it looks for ended children ten
    /// times a second, but under memory pressure seconds pass. A whole second of `dmesg -T` and
    /// its drift lie within it, too.
    private static let killReach = 10.0
    /// How far a stamp of `dmesg -T` may lie before a line that came first.
    private static let stampReach = 2.5
    /// How long after its last line a server that left no word may have been killed.
    private static let silenceReach = 3600.0
    private static let heldKillLimit = 256

    /// A kill whose victim is not known yet waits for what the server's log says next: a stamp of
    /// whole seconds stands before the fork of its victim, process ids differ in containers, and
    /// an undated line stands before everything.
    mutating func oomKill(_ event: Event) {
        let pid = event.victim
        if let child = children[pid] {
            kill(event, .child(child.operation))
            return
        }
        let isMine = instance.pids.contains(pid)
        guard event.isServerFamily || isMine else {
            draft?.observe(event)
            return
        }
        if isKnownByKills || instance.pids.isEmpty && life.lastLine == nil {
            isKnownByKills = true
            kill(event, .process)
            return
        }
        if instance.pids.isEmpty || isMine && event.at != nil {
            kill(event, .server)
            return
        }
        heldKills.append(event)
        if heldKills.count > Self.heldKillLimit { strangersKills.append(heldKills.removeFirst()) }
    }

    /// Settles the kills that `event` tells about.
    mutating func settleKills(before event: Event) {
        guard !heldKills.isEmpty else { return }
        var isTold = false
        settleKills { tracker, held in
            if let child = tracker.children[held.victim] {
                guard held.at != nil else {
                    return event.kind == .child_killed && event["signal"] == "9"
                        ? .child(child.operation) : nil
                }
                let lead = child.started.seconds(after: held) ?? 0
                if lead <= Self.stampReach { return .child(child.operation) }
            }
            guard held.at != nil, let delay = event.seconds(after: held) else { return nil }
            if event.kind == .child_killed, event["signal"] == "9", delay <= Self.killReach,
                !isTold, !tracker.isNoChilds(held)
            {
                isTold = true
                return .child(event.operation ?? .unknown)
            }
            let isLater = delay > Self.killReach && event.kind.chapter != .life
            let isAlive = tracker.isFromServer(event) && !tracker.isAnotherProcess(event)
            return isLater && isAlive ? .stranger : nil
        }
    }

    /// A new process begins: the one before it is gone.
    mutating func settleKills(beforeLife event: Event) {
        settleKills { tracker, held in
            if held.victim == tracker.life.pid { return .server }
            if held.at == nil { return nil }
            if tracker.hasVanished(at: held) { return .server }
            return event.isWithin(Self.killReach, after: held) ? nil : .stranger
        }
    }

    /// The data end: what is still open stays so.
    mutating func settleKillsAtEnd() {
        settleKills { tracker, held in
            if tracker.instance.pids.contains(held.victim) { return .server }
            return tracker.hasVanished(at: held) ? .server : .stranger
        }
    }

    private mutating func settleKills(_ victim: (Self, Event) -> Victim?) {
        guard !heldKills.isEmpty else { return }
        let held = heldKills
        heldKills.removeAll()
        for event in held {
            guard let victim = victim(self, event) else {
                heldKills.append(event)
                continue
            }
            if case .stranger = victim { strangersKills.append(event) } else { kill(event, victim) }
        }
    }

    private func isAnotherProcess(_ event: Event) -> Bool {
        event.header.pid != 0 && life.pid != 0 && event.header.pid != life.pid
    }

    /// Whether the server's log broke off without a word at about the time of a kill.
    private func hasVanished(at kill: Event) -> Bool {
        guard life.end == nil, life.shutdownRequested == nil, !isOfAnother(kill),
            let last = life.lastLine, let silence = kill.seconds(after: last)
        else { return false }
        return (-Self.stampReach...Self.silenceReach).contains(silence)
    }

    /// Whether the kernel names a process that this server cannot have been: another product's, or
    /// another number where both are numbered by the host. Containers count from 1.
    private func isOfAnother(_ kill: Event) -> Bool {
        if let name = kill["comm"], let product = instance.product, name != "redis-server",
            name.hasSuffix("-server"), name != product + "-server"
        {
            return true
        }
        return life.pid >= Instance.lowestHostPID && kill.victim >= Instance.lowestHostPID
            && kill.victim != life.pid
    }

    /// Whether a kill cannot have been that of a child: the server has named its children, with the
    /// numbers that the host's kernel gives, and none is the victim's; or all began later.
    private func isNoChilds(_ kill: Event) -> Bool {
        guard !children.all.isEmpty else { return false }
        if kill.at != nil,
            children.all.allSatisfy({
                $0.value.started.seconds(after: kill).map { $0 > Self.stampReach } ?? false
            })
        {
            return true
        }
        return instance.isNumberedByHost && kill.victim >= Instance.lowestHostPID
            && !children.contains(kill.victim)
    }

    private mutating func kill(_ event: Event, _ victim: Victim) {
        var operation: Operation?
        if case .child(let its) = victim { operation = its }
        open(.oom_kill, event)
        draft?.set { $0.failures.oomKills += 1 }
        for (_, child) in children.all.sorted(by: { $0.key < $1.key }) {
            draft?.observe(child.started)
        }
        draft?.consequence("oom_kill")
        draft?.isFollowUpOnly = false
        draft?.add(
            event, severity: .failure, text: TimelineText.oomKill(event, child: operation),
            sources: sources)
        if let operation {
            draft?.fail(.operation(operation), at: event.at)
            return
        }
        draft?.fail(.server, at: event.at)
        if case .process = victim {
            let pid = event.victim
            if pid != 0, !instance.pids.contains(pid) { instance.pids.append(pid) }
            draft?.set { [instance] in $0.instance.pids = instance.pids }
            return
        }
        noteEnd(event, isCrash: true, basis: "the OOM killer ended the process")
    }
}

extension Event {
    /// The process that was killed; 0 where the line does not say.
    fileprivate var victim: Int32 { int("pid").map { Int32(clamping: $0) } ?? 0 }
}
