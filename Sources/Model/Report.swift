// SPDX-License-Identifier: Apache-2.0

/// Everything a report says, in the shape of `forktopsy.report/1`; renderers only give it form.
package struct Report: Sendable {
    package static let schema = "forktopsy.report/1"

    package var toolVersion: String
    package var summary = Summary()
    /// One sentence for the whole input.
    package var verdict: String = ""
    package var inputs: [InputReport] = []
    package var incidents: [Incident] = []
    package var outlook: [Outlook] = []
    package var losses = Losses()

    package init(toolVersion: String) { self.toolVersion = toolVersion }
}

package struct Summary: Hashable, Sendable {
    package var incidents = 0
    package var forkFailures = 0
    package var reportedFailures = 0
    package var saveFailures = 0
    package var oomKills = 0

    package init() {}
}

package struct InputReport: Sendable {
    package var facts: InputFacts
    package var events = 0
    package var snapshots = 0
    package var firstAt: Timestamp?
    package var lastAt: Timestamp?
    package var clock: [ClockSegment] = []

    package init(facts: InputFacts) { self.facts = facts }
}

/// An input of nothing but kernel lines, and a stretch of time over which its lines reach.
package struct KernelLog: Hashable, Sendable {
    package var path: String
    package var from: Timestamp
    package var to: Timestamp
    /// The host that its lines name, if they name one.
    package var host: String?
    /// The line that says so, where one does.
    package var line: Int

    package init(
        path: String, from: Timestamp, to: Timestamp, host: String? = nil, line: Int = 1
    ) {
        (self.path, self.from, self.to, self.host, self.line) = (path, from, to, host, line)
    }
}

package struct Losses: Hashable, Sendable {
    package var damage = Damage()
    package var linesUndated = 0
    /// Inputs whose zone was assumed to be UTC.
    package var zoneAssumed = 0
    package var messagesCutByServer = 0
    package var duplicatesFolded = 0
    package var patternLimitsHit = 0
    package var suppressedByJournald = 0

    package init() {}
}

/// Whether the next fork of an instance would succeed.
package struct Outlook: Sendable {
    package enum Answer: String, Sendable, CaseIterable { case yes, no, unknown }

    package var instance: Instance
    package var wouldFork: Answer
    package var headroomBytes: Int64?
    package var exhaustedAt: Timestamp?
    package var statement: String
    package var saves: SaveTally
    package var evidence: [Evidence]

    package init(
        instance: Instance, wouldFork: Answer = .unknown, headroomBytes: Int64? = nil,
        exhaustedAt: Timestamp? = nil, statement: String, saves: SaveTally,
        evidence: [Evidence] = []
    ) {
        self.instance = instance
        self.wouldFork = wouldFork
        self.headroomBytes = headroomBytes
        self.exhaustedAt = exhaustedAt
        self.statement = statement
        self.saves = saves
        self.evidence = evidence
    }
}

/// One server over the whole data.
package struct InstanceSummary: Sendable {
    package var instance: Instance
    package var saves: SaveTally
    package var rewrites = SaveTally()
    package var lastSuccessAt: Timestamp?
    package var copyOnWritePeak: ByteCount?
    /// What the first and the last save copied whose lines say so.
    package var copiedFirst: ByteCount?
    package var copiedLast: ByteCount?
    /// Seconds of the save point that triggered last.
    package var savePointSeconds: Int?
    package var lastEventAt: Timestamp?

    package init(instance: Instance, saves: SaveTally) {
        self.instance = instance
        self.saves = saves
    }
}
