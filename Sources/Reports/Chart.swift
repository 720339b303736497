// SPDX-License-Identifier: Apache-2.0

package import Model

/// What happened over time, to be drawn: memory against its limits, how long things lasted, and
/// when something failed or recovered. Labels are our own words, never text from a log.
package struct Chart: Sendable {
    /// One quantity over time, in bytes.
    package struct Series: Sendable {
        package struct Point: Sendable {
            package var at: Timestamp
            package var bytes: Int64
        }

        package var name: String
        /// Whether the others must stay below it.
        package var isLimit: Bool
        /// In order of time; at least one.
        package var points: [Point]
    }

    /// Something that lasted.
    package struct Span: Sendable {
        package var label: String
        package var tone: Tone
        package var from: Timestamp
        package var to: Timestamp
        /// Whether its end is not in the data, so that `to` is the end of the chart.
        package var isOpen: Bool
    }

    /// Something that happened at one time.
    package struct Mark: Sendable {
        package var at: Timestamp
        package var label: String
        package var tone: Tone
    }

    package var title: String
    package var from: Timestamp
    package var to: Timestamp
    package var series: [Series]
    package var spans: [Span]
    package var marks: [Mark]

    /// How long the time axis is, in seconds; above zero.
    package var seconds: Double { to.seconds(since: from) }

    /// The part of the axis at which an instant stands, from 0 to 1.
    func position(of at: Timestamp) -> Double {
        min(1, max(0, at.seconds(since: from) / seconds))
    }
}
