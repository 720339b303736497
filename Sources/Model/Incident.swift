// SPDX-License-Identifier: Apache-2.0

/// One outbreak on one instance: from the first thing that failed to the success that ended it.
package struct Incident: Sendable {
    package enum Kind: String, Sendable, CaseIterable {
        case fork_failure, save_failure, oom_kill, write_refusal, server_crash
    }

    package enum Status: String, Sendable, CaseIterable { case ongoing_at_end, recovered, ended }

    package enum Severity: String, Sendable, CaseIterable { case critical, major, minor }

    package var id: String = ""
    package var supersedes: [String] = []
    package var kind: Kind
    package var consequences: [String] = []
    package var related: [String] = []
    package var status: Status = .ongoing_at_end
    package var severity: Severity = .major
    package var instance: Instance
    package var startedAt: Timestamp?
    package var lastFailureAt: Timestamp?
    package var recoveredAt: Timestamp?
    package var failures = FailureCounts()
    package var persistence = Persistence()
    package var trigger: Trigger?
    package var verdict = Verdict()
    package var causes: [Finding] = []
    package var timeline: [TimelineEntry] = []
    package var memory: [MemorySample] = []
    package var facts: [Fact] = []
    /// The events that a diagnosis rests on: the start-up of the process that failed, the first
    /// and last of each kind of failure, what followed. Not printed.
    package var observations: [Event] = []
    /// What memory snapshots show around it. Not printed as such: `memory` and `facts` are.
    package var readings = Readings()
    /// Logs of the kernel, and the times that they cover. Not printed.
    package var kernelLogs: [KernelLog] = []
    /// Starts of children of other servers of the same host that ran when it began. Not printed.
    package var childrenElsewhere: [Event] = []
    /// Lines that show that a process of the server had gone without a word. Not printed.
    package var vanished: [Event] = []
    /// The last line of a server before the first of `vanished`: it went between the two. Not printed.
    package var lastWordAt: Timestamp?
    /// Whether UTC was assumed for the log that tells of the first failure, since nothing names its
    /// zone. Not printed.
    package var zoneIsAssumed = false
    /// Whether the start of the process in which the first failure fell is in the data.
    package var startSeen = false
    /// Whether that start is there with the lines between which a warning would stand. Not printed.
    package var startIsWhole = false
    /// What has not succeeded since it failed, where something else has: `an AOF rewrite`.
    /// Printed within the status.
    package var outstanding: [String] = []
    /// When a save first succeeded again, where what still fails is something else. Printed within
    /// the status.
    package var savedAgainAt: Timestamp?
    /// Whether a fork passed after the last one that was refused, or that failed. Not printed.
    package var forkPassed = false
    /// Whether the server itself went, and not a child of it alone. Not printed.
    package var serverFailed = false
    /// Where the events, the timeline and the trigger are while they are not here.
    package var folded: FoldedEvidence?

    package init(kind: Kind, instance: Instance) {
        self.kind = kind
        self.instance = instance
    }
}

/// A server as the logs name it.
package struct Instance: Hashable, Sendable {
    package var product: String?
    package var version: String?
    package var host: String?
    package var unit: String?
    package var container: String?
    package var port: Int?
    /// In the order in which they first wrote.
    package var pids: [Int32] = []
    package var role: Role = .unknown
    /// The log it was read from, without rotation suffixes: its name where nothing better is known.
    package var log: String = ""

    package init() {}

    /// `redis 7.2.6, port 6379, pid 5976`
    package var spoken: String {
        var parts: [String] = []
        parts.append([product ?? "server", version].compactMap { $0 }.joined(separator: " "))
        if let host { parts.append("host \(host)") }
        if let container { parts.append("container \(container)") }
        if let port { parts.append("port \(port)") }
        if pids.count == 1 { parts.append("pid \(pids[0])") }
        if pids.count > 1 { parts.append("pids " + pids.map(String.init).joined(separator: ", ")) }
        return parts.joined(separator: ", ")
    }
}

package struct FailureCounts: Hashable, Sendable {
    /// Refused forks in a server's own words; `nil` where only INFO tells that there were some.
    package var total: Int? = 0
    package var reported = 0
    package var hiddenAtLeast = 0
    package var byOperation: [Operation: Int] = [:]
    package var byErrno: [Errno: Int] = [:]
    /// Children that failed and the like; counted in the report's summary.
    package var saveFailures = 0
    package var oomKills = 0

    package init() {}
}

package struct Persistence: Sendable {
    package enum Exposure: String, Sendable, CaseIterable {
        case none, aof_covers, replica_covers, exposed, lost, unknown
    }

    package struct Span: Hashable, Sendable {
        package var from: Timestamp?
        package var to: Timestamp?
        /// What the statement rests on.
        package var basis: String

        package init(from: Timestamp?, to: Timestamp?, basis: String) {
            self.from = from
            self.to = to
            self.basis = basis
        }
    }

    package struct Refusal: Hashable, Sendable {
        package var from: Timestamp?
        package var until: Timestamp?
        /// How it is known, where no line says it: servers do not log refused writes.
        package var inferred: String?
        /// Whether it follows from a failed save alone: then only where
        /// stop-writes-on-bgsave-error is on. Not printed.
        package var restsOnStopWrites: Bool

        package init(
            from: Timestamp?, until: Timestamp?, inferred: String?, restsOnStopWrites: Bool = false
        ) {
            self.from = from
            self.until = until
            self.inferred = inferred
            self.restsOnStopWrites = restsOnStopWrites
        }
    }

    package var lastSuccessAt: Timestamp?
    /// Where no line tells of one: what INFO says, which until the first save is when the server
    /// started. Not printed as such.
    package var lastSaveByInfo: Timestamp?
    package var exposure: Exposure = .unknown
    /// When the log told of the append-only file on which `exposure` rests alone; INFO that is newer
    /// may know better, since CONFIG SET turns it off without a word. Not printed.
    package var fileToldAt: Timestamp?
    package var exposedFrom: Timestamp?
    package var exposedUntil: Timestamp?
    package var lost: Span?
    /// At least so many, from the last save trigger line.
    package var changesSinceLastSave: Int?
    package var writesRefused: Refusal?
    /// Saves to an RDB file, over the stretch of the data that belongs to this incident: from the
    /// end of the one before it, and on to the end of the data if none follows.
    package var saves = SaveTally()
    /// AOF rewrites over the same stretch.
    package var rewrites = SaveTally()
    /// Why `exposure` is what it is, in one sentence.
    package var statement: String = ""

    package init() {}
}

/// Save cycles (or rewrites) of an instance, counted exactly. One whose fork was refused failed.
package struct SaveTally: Hashable, Sendable {
    package var succeeded = 0
    package var failed = 0
    /// The longest that succeeded, from the fork to the end.
    package var longestSeconds: Double?

    package init() {}

    package static func += (a: inout SaveTally, b: SaveTally) {
        a.succeeded += b.succeeded
        a.failed += b.failed
        a.longestSeconds = [a.longestSeconds, b.longestSeconds].compactMap(\.self).max()
    }
}

package struct Trigger: Sendable {
    package var statement: String
    package var at: Timestamp?
    package var evidence: [Evidence]

    package init(statement: String, at: Timestamp?, evidence: [Evidence]) {
        self.statement = statement
        self.at = at
        self.evidence = evidence
    }
}

package struct TimelineEntry: Sendable {
    package enum Severity: String, Sendable, CaseIterable { case info, warning, failure, recovery }

    /// The kind of an entry that tells of no event: two readings of a setting that differ, or the
    /// command that changed it.
    package static let settingChanged = "setting_changed"
    /// The kind of an entry that tells what memory was read as.
    package static let memorySnapshot = "memory_snapshot"

    package var at: Timestamp?
    /// The time as the log writes it.
    package var local: String?
    /// How far the time may be off in itself, beside what is unsure of the whole input's clock; `nil`
    /// where the line has none and this is the time of the record above it.
    package var uncertaintySeconds: Double?
    package var kind: String
    package var severity: Severity
    package var text: String
    package var quote: String?
    package var count: Int
    package var lastAt: Timestamp?
    package var source: SourceReference?

    package init(
        at: Timestamp?, local: String? = nil, uncertaintySeconds: Double? = 0, kind: String,
        severity: Severity, text: String, quote: String? = nil, count: Int = 1,
        lastAt: Timestamp? = nil, source: SourceReference? = nil
    ) {
        self.at = at
        self.local = local
        self.uncertaintySeconds = uncertaintySeconds
        self.kind = kind
        self.severity = severity
        self.text = text
        self.quote = quote
        self.count = count
        self.lastAt = lastAt
        self.source = source
    }
}

/// A place in an input, by its name, as reports print it.
package struct SourceReference: Hashable, Sendable {
    package var path: String
    package var line: Int
    package var offset: Int64
    package var cursor: String?

    package init(path: String, line: Int, offset: Int64, cursor: String? = nil) {
        self.path = path
        self.line = line
        self.offset = offset
        self.cursor = cursor
    }

    /// `redis-server.log:12`
    package var spoken: String { "\(path):\(line)" }
}

package struct MemorySample: Sendable {
    package enum Scope: String, Sendable, CaseIterable { case host, cgroup, process, server }

    package var at: Timestamp?
    package var offsetSeconds: Double?
    package var scope: Scope
    /// The path of the control group, or the number of the process; `nil` for the host.
    package var subject: String?
    package var values: [(name: String, value: Int64)]
    package var source: SourceReference?

    package init(
        at: Timestamp?, offsetSeconds: Double?, scope: Scope, subject: String? = nil,
        values: [(name: String, value: Int64)], source: SourceReference?
    ) {
        self.at = at
        self.offsetSeconds = offsetSeconds
        self.scope = scope
        self.subject = subject
        self.values = values
        self.source = source
    }
}

/// Something that holds for a while: the overcommit mode, a limit, a kernel version.
package struct Fact: Sendable {
    package var name: String
    package var value: String
    package var at: Timestamp?
    /// For which time it is known to hold.
    package var reach: String
    package var source: SourceReference?

    package init(
        name: String, value: String, at: Timestamp?, reach: String, source: SourceReference?
    ) {
        self.name = name
        self.value = value
        self.at = at
        self.reach = reach
        self.source = source
    }
}
