// SPDX-License-Identifier: Apache-2.0

package import Model

/// The events of one input, each with its instant (`EventLog.place`): what correlation works on.
package struct SourceEvents: Sendable {
    package var facts: InputFacts
    package var log: EventLog

    package init(facts: InputFacts, log: EventLog) {
        self.facts = facts
        self.log = log
    }
}

/// What correlation found.
package struct Correlation: Sendable {
    package var incidents: [Incident] = []
    /// Every instance that was met, with its saves counted over the whole data.
    package var instances: [InstanceSummary] = []
    package var duplicatesFolded = 0

    package init() {}
}

/// One server over the whole data.
package struct InstanceSummary: Sendable {
    package var instance: Instance
    package var saves: SaveTally
    package var rewrites = SaveTally()
    package var lastSuccessAt: Timestamp?
    package var copyOnWritePeak: ByteCount?
    package var lastEventAt: Timestamp?

    package init(instance: Instance, saves: SaveTally) {
        self.instance = instance
        self.saves = saves
    }
}
