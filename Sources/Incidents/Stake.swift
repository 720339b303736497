// SPDX-License-Identifier: Apache-2.0

internal import Model

/// What the data of a server rested on when an incident opened, and what became of that.
struct Stake {
    var lastSave: Timestamp?
    var lastRewrite: Timestamp?
    var role: Role
    /// Replicas that were in step.
    var replicas: Set<String>
    /// When the last of them was lost.
    var replicasLostAt: Timestamp?
    /// A replica became the master.
    var tookOver = false
    /// The process that ran, as far as its start is in the data.
    var startedAt: Timestamp?
    var startIsSeen: Bool
    var aof: AppendOnlyFile
    /// When an append-only file that did not hold the data at first began to.
    var coveredFrom: Timestamp?

    /// Takes in what is learned of the append-only file while the incident is open.
    mutating func learn(_ now: AppendOnlyFile, at: Timestamp?) {
        switch (aof, now) {
        case (.unknown, _), (.perhaps, .on), (.perhaps, .off):
            // Nobody switched it: what holds now held before.
            aof = now
        case (.perhaps, .switchingOn), (.on, .switchingOn):
            // What has to be turned on was off: turning it off leaves no line.
            aof = now
        case (.off, .on), (.switchingOn, .on): coveredFrom = coveredFrom ?? at
        default: break
        }
    }
}

/// The ends of processes within an incident, and what was lost with them.
struct LossRecord {
    /// A process that has ended while the next has not told what it read back.
    struct Pending {
        var lastSave: Timestamp?
        /// The end; where it left no word, the last sign of life.
        var to: Timestamp?
        var endIsKnown: Bool
        /// Why it is thought to have ended without a save.
        var basis: String
        var aof: AppendOnlyFile
        var isReplica: Bool
    }

    var pending: Pending?
    var span: Persistence.Span?
    /// The save with which the last process ended.
    var savedAtEnd: Event?
    var ends = 0
    /// The line that says that the append-only file was read back.
    var readBack: Event?
    /// The line that shows that one was in use before an end, though the next process read back
    /// something else.
    var passedOver: Event?

    mutating func add(from: Timestamp?, to: Timestamp?, basis: String) {
        ends += 1
        let earlier = span
        var from = from
        if let earlier {
            from = earlier.from.flatMap { a in from.map { min(a, $0) } }
        }
        span = Persistence.Span(
            from: from, to: [earlier?.to, to].compactMap(\.self).max(),
            basis: ends > 1 ? "\(basis); the last of \(ends) such ends" : basis)
    }
}

/// Since when and why writes are refused. Servers do not log it.
struct WriteRefusal {
    enum Reason {
        /// Save points, and a save that failed.
        case save
        /// A write to the append-only file that failed.
        case aof
        /// Somebody was refused and said so.
        case seen
    }

    private(set) var from: Timestamp?
    private(set) var until: Timestamp?
    private var current: Set<Reason> = []
    private var ever: Set<Reason> = []
    private var hasEnded = false
    private var hasGaps = false

    mutating func begin(_ reason: Reason, at: Timestamp?) {
        if from == nil { from = at }
        if hasEnded { hasGaps = true }
        current.insert(reason)
        ever.insert(reason)
        until = nil
    }

    mutating func end(_ reason: Reason, at: Timestamp?) {
        guard !current.isEmpty, current.remove(reason) != nil, current.isEmpty else { return }
        until = at
    }

    /// The process is gone; a new one begins with a clean record.
    mutating func endProcess(at: Timestamp?) {
        guard !current.isEmpty else { return }
        current.removeAll()
        until = at
        hasEnded = true
    }

    var result: Persistence.Refusal? {
        guard !ever.isEmpty else { return nil }
        return .init(
            from: from, until: until, inferred: ever.contains(.seen) ? nil : grounds,
            restsOnStopWrites: ever == [.save])
    }

    private var grounds: String {
        var parts: [String] = []
        if ever.contains(.save) {
            parts.append(
                "save points are configured, and stop-writes-on-bgsave-error is on unless it was "
                    + "changed; the server does not log refused writes"
            )
        }
        if ever.contains(.aof) {
            parts.append("a server whose AOF write failed refuses writes until one succeeds")
        }
        if hasGaps {
            parts.append("a process that has just started accepts them until it fails in its turn")
        }
        return parts.joined(separator: "; ")
    }
}
