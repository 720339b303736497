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
